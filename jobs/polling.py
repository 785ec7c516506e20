"""Looking at flights before they leave."""

from uuid import UUID

from jobs.context import Context
from jobs.guard import guarded
from travel import tracking
from travel.model import Watch
from travel.records import flights

AT_ONCE = 200
"""Due flights taken up in one beat; the rest are the most overdue of the next."""


async def check_due_flights(context: Context) -> int:
    """Start a look at every flight that is due; returns how many."""
    async with context.db.transaction() as tx:
        due = await flights.due(tx, Watch.DEPARTURE, context.clock.now(), AT_ONCE)
    for flight_id in due:
        if not await context.wakeups.check_flight(flight_id):
            await guarded("check_flight", check_flight(context, flight_id))
    return len(due)


async def check_flight(context: Context, flight_id: UUID) -> None:
    """One look."""
    await tracking.check_flight(
        context.db, context.source, context.wakeups, context.clock, flight_id, dollars=context.dollars
    )
