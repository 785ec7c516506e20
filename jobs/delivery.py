"""Handing over what is due, and finding out about what got lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from jobs.context import Context
from jobs.guard import guarded
from travel import delivery
from travel.delivery import Carrier
from travel.model import NotificationStatus
from travel.records import outbox
from travel.records.outbox import Stray

Each = TypeVar("Each")
Deed = Callable[[Carrier, UUID, UUID], Awaitable[None]]

AT_ONCE = 500
SIDE_BY_SIDE = 20


async def deliver_due(context: Context, agency_id: UUID) -> None:
    """Hand over what is due in an agency."""
    await delivery.deliver(context.carrier, agency_id)


async def start_rounds(context: Context) -> int:
    """Begin to hand over whatever is due by now, agency by agency; returns how many agencies were begun with.

    It asks nobody but PostgreSQL, so that sending goes on while Redis is away, and waits for none of the rounds, so that a slow
    agency holds up no other.
    """
    async with context.db.single() as tx:
        due = await outbox.agencies_with_due(tx, context.clock.now())
    begun = [each for each in due if each not in context.rounds]
    for agency_id in begun:
        context.rounds[agency_id] = asyncio.create_task(_round(context, agency_id))
    return len(begun)


async def _round(context: Context, agency_id: UUID) -> None:
    try:
        await guarded("deliver_due", deliver_due(context, agency_id))
    finally:
        del context.rounds[agency_id]


async def end_rounds(context: Context) -> None:
    """Wait for the rounds that are under way."""
    await asyncio.gather(*list(context.rounds.values()))


async def sweep_orphans(context: Context) -> int:
    """Take over messages whose worker is gone; returns how many. A sweep of its own: no look-up may hold it up."""
    return await _sweep(context, NotificationStatus.SENDING, delivery.recover)


async def sweep_unknown(context: Context) -> int:
    """Ask Twilio about messages of unknown fate; returns how many. They wait for it, so no receipt may hold this up."""
    return await _sweep(context, NotificationStatus.UNKNOWN, delivery.settle_unknown)


async def sweep_unconfirmed(context: Context) -> int:
    """Ask Twilio about messages that it took and nobody confirmed; returns how many."""
    return await _sweep(context, NotificationStatus.SENT, delivery.chase)


async def _sweep(context: Context, status: NotificationStatus, deed: Deed) -> int:
    async with context.db.single() as tx:
        found = await outbox.strays(tx, context.clock.now(), AT_ONCE)
    strays = [each for each in found if each.status is status]

    async def mend(stray: Stray) -> None:
        await deed(context.carrier, stray.agency_id, stray.id)

    await _side_by_side("sweep_strays", strays, mend)
    return len(strays)


async def process_webhooks(context: Context) -> None:
    """Work on the webhooks that were stored."""
    await sweep_webhooks(context)


async def sweep_webhooks(context: Context) -> int:
    """Work on all webhooks that nobody has worked on; returns how many."""
    worked = 0
    while taken := await delivery.process_webhooks(context.carrier):
        worked += taken
    return worked


async def _side_by_side(name: str, these: Sequence[Each], deed: Callable[[Each], Awaitable[object]]) -> None:
    """Do it for each, some at a time; one that fails holds up no other."""
    places = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(each: Each) -> None:
        async with places:
            await guarded(name, deed(each))

    async with asyncio.TaskGroup() as group:
        for each in these:
            group.create_task(one(each))
