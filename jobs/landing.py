"""Looking for landings: a job and a clock of its own, because it has a promise of its own (120 seconds)."""

from uuid import UUID

from jobs import polling
from jobs.context import Context
from travel.model import Watch


async def check_due_landings(context: Context) -> int:
    """Start a look at every flight in the air whose look is due; returns how many."""
    return await polling.start_looks(context, Watch.LANDING, context.wakeups.check_landing)


async def check_landing(context: Context, flight_id: UUID) -> None:
    """One look."""
    await polling.check_flight(context, flight_id)
