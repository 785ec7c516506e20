"""A row of the agency's stream."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from travel.model.enums import EventKind


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """Something that happened, before the feed gave it a number."""

    kind: EventKind
    trip_id: UUID | None = None
    record_id: UUID | None = None
    notification_id: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """News with its place in the agency's stream: 1, 2, 3 … without a hole."""

    agency_id: UUID
    sequence: int
    kind: EventKind
    trip_id: UUID | None
    record_id: UUID | None
    notification_id: UUID | None
    occurred_at: datetime
