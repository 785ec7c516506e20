"""Handing over what is due, and finding out about what got lost."""

import asyncio
from uuid import UUID

from jobs.context import Context
from jobs.guard import guarded
from travel import delivery
from travel.model import NotificationStatus
from travel.records import inbox, outbox
from travel.records.outbox import Due

AT_ONCE = 500
SIDE_BY_SIDE = 20


async def deliver_notification(context: Context, agency_id: UUID, notification_id: UUID) -> None:
    """Hand one notification over."""
    await delivery.deliver(context.carrier, agency_id, notification_id)


async def sweep_notifications(context: Context) -> int:
    """Do whatever is due by now, whoever should have been woken for it; returns how much there was.

    It asks nobody but PostgreSQL, so that sending goes on while Redis is away.
    """
    async with context.db.transaction() as tx:
        due = await outbox.due(tx, context.clock.now(), AT_ONCE)
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    async with asyncio.TaskGroup() as group:
        for each in due:
            group.create_task(guarded("sweep_notifications", _sweep(context, each, places)))
    return len(due)


async def _sweep(context: Context, due: Due, places: asyncio.Semaphore) -> None:
    async with places:
        match due.status:
            case NotificationStatus.PENDING:
                await delivery.deliver(context.carrier, due.agency_id, due.id)
            case NotificationStatus.SENDING:
                await delivery.recover(context.carrier, due.agency_id, due.id)
            case _:
                await delivery.settle_unknown(context.carrier, due.agency_id, due.id)


async def process_webhook(context: Context, inbox_id: int) -> None:
    """Work on one stored webhook."""
    await delivery.process_webhook(context.carrier, inbox_id)


async def sweep_webhooks(context: Context) -> int:
    """Work on the webhooks whose wake-up was lost; returns how many."""
    async with context.db.transaction() as tx:
        waiting = await inbox.waiting(tx, AT_ONCE)
    for inbox_id in waiting:
        await guarded("process_webhook", process_webhook(context, inbox_id))
    return len(waiting)
