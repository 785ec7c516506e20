"""What a look may cost: which looks rest when a day's budget for AeroAPI runs short. Pure.

AeroAPI has no spending cap of its own. The least urgent looks rest first, the promise about landings goes last; nothing is
spent beyond a budget but the one look that crosses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from travel.model import LookStage

RESTS_FROM = {
    LookStage.FAR: 0.6,
    LookStage.DEPARTURE: 0.85,
    LookStage.CRUISE: 0.95,
    LookStage.LANDING: 1.0,
}
"""The share of the day's budget that is spent when looks of a stage begin to rest."""

RESTS_FOR = timedelta(minutes=15)
"""The least time until a look that rests is thought of again; the new day begins with a new budget."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Purse:
    """What one agency, or the whole house (no agency), spent in a day, and may spend. Dollars."""

    agency_id: UUID | None
    spent: float
    budget: float | None


def level(purse: Purse) -> int:
    """How many stages of looks rest, 0 to 4."""
    if purse.budget is None:
        return 0
    return sum(purse.spent >= share * purse.budget for share in RESTS_FROM.values())


def rests(purse: Purse, stage: LookStage) -> bool:
    """Whether a look of this stage is not paid from this purse."""
    return purse.budget is not None and purse.spent >= RESTS_FROM[stage] * purse.budget


def payers(house: Purse, agencies: Sequence[Purse], stage: LookStage) -> list[UUID]:
    """The agencies that share the price of a look; nobody if it has to rest.

    Who has spent its budget pays no more, and still hears what the others pay for.
    """
    if rests(house, stage):
        return []
    return [purse.agency_id for purse in agencies if purse.agency_id and not rests(purse, stage)]


def again_at(planned: datetime, now: datetime) -> datetime:
    """When a look that rests is thought of again: as planned, or at the new day, but not at once."""
    midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
    return min(max(planned, now + RESTS_FOR), max(midnight, now + timedelta(minutes=1)))
