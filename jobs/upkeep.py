"""What keeps the house in order: plans after a change of settings, and forgetting what nobody reads any more."""

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from jobs.context import Context
from jobs.guard import guarded
from travel import metrics, tracking
from travel.model import Channel
from travel.records import agencies, backlog, feed, inbox, pauses

EVENTS_KEPT = timedelta(days=30)
WEBHOOKS_KEPT = timedelta(days=7)


async def replan_agency(context: Context, agency_id: UUID) -> None:
    """Decide anew about all trips of an agency."""
    await tracking.replan_agency(context.db, context.wakeups, context.clock, agency_id)


async def replan_changed_agencies(context: Context) -> int:
    """Plan for agencies whose settings changed and whose wake-up was lost; returns how many."""
    async with context.db.transaction() as tx:
        changed = await agencies.to_replan(tx, 100)
    for agency_id in changed:
        await guarded("replan_agency", replan_agency(context, agency_id))
    return len(changed)


async def forget(context: Context) -> int:
    """Delete old events and webhooks; returns how many events went."""
    now = context.clock.now()
    async with context.db.transaction() as tx:
        await inbox.forget(tx, now - WEBHOOKS_KEPT)
        everyone = await agencies.everyone(tx)
    gone = 0
    for agency_id, _, _ in everyone:
        async with context.db.transaction(agency_id) as tx:
            gone += await feed.forget(tx, agency_id, now - EVENTS_KEPT)
    return gone


async def measure(context: Context) -> int:
    """Set the gauges that tell how far behind we are."""
    async with context.db.transaction() as tx:
        metrics.show_backlog(**asdict(await backlog.read(tx, context.clock.now())))
        paused = await pauses.counted(tx)
    for channel in Channel:
        metrics.paused.labels(channel).set(paused.get(channel, 0))
    return 0


async def keep_time(context: Context) -> int:
    """Correct this process's clock by the database's."""
    await context.db.correct(context.clock)
    return 0
