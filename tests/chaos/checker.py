"""What was decided against what Twilio took: pure counting, at Twilio's side of the wire."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

TAKEN = frozenset({"SENT", "DELIVERED", "READ", "UNDELIVERED"})
SILENT = frozenset({"SUPPRESSED", "SUPERSEDED", "EXPIRED", "WITHDRAWN"})
ENDS = (TAKEN - {"SENT"}) | SILENT | {"FAILED"}
EXPLAINED = SILENT | {"FAILED", "UNDELIVERED"}
"""Ends that owe the agency a reason."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of notifications_log."""

    recipient: str
    type: str
    status: str
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The counts that make or break a run."""

    decided: int
    taken: int
    lost: int
    duplicated: int
    unfinished: int
    unexplained: int
    given_up: int
    undecided: int

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing twice, every row ended and explained."""
        return not (self.lost or self.duplicated or self.unfinished or self.unexplained or self.undecided)


def check(
    rows: Sequence[Row], ledger: Sequence[Mapping[str, str]], expected: Mapping[tuple[str, str], int] | None = None
) -> Verdict:
    """Compare, message by message: a message is what one phone is told of one type.

    `expected` says what should have been decided at the least; without it, what was decided is believed.
    """
    lines = Counter((line["to"], line["type"]) for line in ledger)
    decided = Counter((row.recipient, row.type) for row in rows)
    due = Counter((row.recipient, row.type) for row in rows if row.status not in SILENT | {"FAILED"})
    return Verdict(
        decided=len(rows),
        taken=len(ledger),
        lost=sum((due - lines).values()),
        duplicated=sum((lines - decided).values()),
        unfinished=sum(row.status not in ENDS for row in rows),
        unexplained=sum(row.status in EXPLAINED and row.reason is None for row in rows),
        given_up=sum(row.status == "FAILED" for row in rows),
        undecided=sum((Counter(expected or {}) - decided).values()),
    )


@dataclass(frozen=True, kw_only=True)
class Crash:
    """A process that ended in the middle of its work."""

    at: datetime


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A try whose process was gone: when it began, when somebody noticed, and when the next try began, if one did."""

    started_at: datetime
    noticed_at: datetime
    next_at: datetime | None


def recovery(crashes: Sequence[datetime], orphans: Sequence[Orphan], speed: float) -> tuple[float, float]:
    """The longest real seconds from a crash to somebody's noticing, and to the next try."""
    noticed, tried = 0.0, 0.0
    for orphan in orphans:
        after = [crash for crash in crashes if orphan.started_at <= crash <= orphan.noticed_at]
        if not after:
            continue
        noticed = max(noticed, (orphan.noticed_at - after[0]).total_seconds() / speed)
        if orphan.next_at is not None:
            tried = max(tried, (orphan.next_at - after[0]).total_seconds() / speed)
    return noticed, tried
