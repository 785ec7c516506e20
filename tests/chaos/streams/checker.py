"""What a subscriber heard against the rows of its agency: pure comparing, and a complaint for each difference."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from uuid import UUID

COMES_BACK = frozenset({1000, 1001, 1005, 1006, 1012, 1013})
"""Close codes after which the reference client comes back by itself; a client that did no wrong gets no other."""
SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event: as a row holds it, or as a subscriber heard it."""

    sequence: int
    kind: str
    occurred_at: datetime
    trip_id: UUID | None = None

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind} {self.occurred_at:%H:%M:%S.%f}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """A Resync: where the subscriber stood, the oldest event that could be replayed, and where it went on after."""

    stood: int
    oldest: int
    to: int


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a subscription keeps; None keeps all."""

    trip_id: UUID | None = None
    kinds: frozenset[str] | None = None

    def keeps(self, event: Told) -> bool:
        """Whether the subscriber is to hear of it."""
        return self.trip_id in (None, event.trip_id) and (self.kinds is None or event.kind in self.kinds)


@dataclass(kw_only=True)
class Record:
    """All that one subscriber went through."""

    filter: Filter
    heard: list[Told] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What was wrong at the moment it came: an error, a close code that ends clients, a stream that ended."""

    def wanted(self, rows: Sequence[Told]) -> list[Told]:
        """What it is to hold in the end: what the filter keeps, without what a Resync passed over."""
        return [
            row
            for row in rows
            if self.filter.keeps(row) and not any(skip.stood < row.sequence <= skip.to for skip in self.skips)
        ]


def check(record: Record, rows: Sequence[Told], oldest: frozenset[int]) -> list[str]:
    """Everything that is wrong; `rows` are all that the agency's stream ever had, `oldest` the ends of its retention."""
    wanted = record.wanted(rows)
    found = [*record.complaints, *_unwarranted(record, oldest)]
    found += _named("foreign or altered", set(record.heard) - set(rows))
    found += _named("not of its filter", {event for event in record.heard if not record.filter.keeps(event)})
    found += _named("a hole", set(wanted) - set(record.heard))
    found += _named(
        "heard twice", {event for event, next_ in _neighbours(sorted(record.heard, key=_number)) if event == next_}
    )
    found += _named(
        "out of order", {next_ for event, next_ in _neighbours(record.heard) if next_.sequence < event.sequence}
    )
    if not found and record.heard != wanted:
        found.append("a Resync passed over what it was told all the same")
    return found


def _unwarranted(record: Record, oldest: frozenset[int]) -> list[str]:
    return [
        f"a Resync without need: {skip}"
        for skip in record.skips
        if not (skip.oldest in oldest and skip.stood < skip.oldest - 1 and skip.to >= skip.stood)
    ]


def _number(event: Told) -> int:
    return event.sequence


def _neighbours(events: Sequence[Told]) -> list[tuple[Told, Told]]:
    return list(pairwise(events))


def _named(what: str, events: set[Told]) -> list[str]:
    if not events:
        return []
    shown = ", ".join(str(event) for event in sorted(events, key=_number)[:SHOWN])
    return [f"{what}: {len(events)} ({shown}{' …' if len(events) > SHOWN else ''})"]
