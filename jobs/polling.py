"""Looking at flights before they leave."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from jobs.context import Context
from jobs.guard import guarded
from travel import tracking
from travel.model import Watch
from travel.records import flights

AT_ONCE = 500
"""Due flights taken up in one beat; the rest are the most overdue of the next."""


async def check_due_flights(context: Context) -> int:
    """Start a look at every flight that is due before its departure; returns how many."""
    return await start_looks(context, Watch.DEPARTURE, context.wakeups.check_flight)


async def start_looks(context: Context, watch: Watch, wake: Callable[[UUID], Awaitable[bool]]) -> int:
    """Wake a job for each due flight; where the queue takes no wake-up, look here and now."""
    async with context.db.single() as tx:
        due = await flights.due(tx, watch, context.clock.now(), AT_ONCE)
    for flight_id in due:
        if not await wake(flight_id):
            await guarded("check_flight", check_flight(context, flight_id))
    return len(due)


async def check_flight(context: Context, flight_id: UUID) -> None:
    """One look."""
    await tracking.check_flight(context.watcher, flight_id)
