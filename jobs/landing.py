"""Looking for landings: a job and a clock of its own, because it has a promise of its own (120 seconds)."""

from uuid import UUID

from jobs.context import Context
from jobs.guard import guarded
from travel import tracking
from travel.model import Watch
from travel.records import flights

AT_ONCE = 500


async def check_due_landings(context: Context) -> int:
    """Start a look at every flight in the air whose look is due; returns how many."""
    async with context.db.transaction() as tx:
        due = await flights.due(tx, Watch.LANDING, context.clock.now(), AT_ONCE)
    for flight_id in due:
        if not await context.wakeups.check_landing(flight_id):
            await guarded("check_landing", check_landing(context, flight_id))
    return len(due)


async def check_landing(context: Context, flight_id: UUID) -> None:
    """One look."""
    await tracking.check_flight(
        context.db, context.source, context.wakeups, context.clock, flight_id, dollars=context.dollars
    )
