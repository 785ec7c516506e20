"""How far behind we are, over all agencies."""

from dataclasses import dataclass
from datetime import datetime

from travel.database import Transaction
from travel.records import flights


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """Messages that are due, in hands, or of unknown fate, and the age of the most overdue of messages and looks."""

    pending: int
    sending: int
    unknown: int
    overdue_seconds: float
    flights_overdue_seconds: float


async def read(tx: Transaction, now: datetime) -> Backlog:
    """Count it."""
    row = await tx.one("SELECT pending, oldest_due_seconds, sending, unknown FROM system_backlog(:now)", now=now)
    assert row is not None, "a count has a row"
    return Backlog(
        pending=row["pending"],
        sending=row["sending"],
        unknown=row["unknown"],
        overdue_seconds=max(0.0, row["oldest_due_seconds"]),
        flights_overdue_seconds=await flights.overdue_seconds(tx, now),
    )
