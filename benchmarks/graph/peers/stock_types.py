"""What the stock server answers with: plain types, plain attributes."""

from datetime import datetime

import strawberry


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Airport:
    code: str
    city: str
    timezone: str


@strawberry.type
class FlightEnd:
    scheduled_at: datetime | None
    estimated_at: datetime | None
    actual_at: datetime | None
    gate: str | None
    terminal: str | None
    airport: Airport


@strawberry.type
class Flight:
    ident: str
    phase: str
    departure: FlightEnd
    arrival: FlightEnd
    cancelled: bool
    diverted: bool
    departure_delay_minutes: int | None
    stale: bool


@strawberry.type
class Traveller:
    name: str
    phone: str
    language: str


@strawberry.type
class Told:
    departure_at: datetime | None = None
    gate: str | None = None
    cancelled: bool = False
    at: datetime | None = None


@strawberry.type
class StatusChange:
    kind: str
    before: str | None
    after: str | None


@strawberry.type
class FlightStatusRecord:
    id: strawberry.ID
    phase: str
    departure_estimated_at: datetime | None
    arrival_estimated_at: datetime | None
    gate_origin: str | None
    cancelled: bool
    source: str
    recorded_at: datetime
    changes: list[StatusChange]


@strawberry.type
class RecordConnection:
    nodes: list[FlightStatusRecord]


@strawberry.type
class Notification:
    id: strawberry.ID
    type: str
    status: str
    reason: str | None
    channel: str
    body: str
    due_at: datetime
    accepted_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None


@strawberry.type
class NotificationConnection:
    nodes: list[Notification]


@strawberry.interface
class Event:
    cursor: str
    sequence: int
    occurred_at: datetime


@strawberry.type
class ChangedTrip:
    id: strawberry.ID
    status: str


@strawberry.type
class ChangedRecord:
    id: strawberry.ID
    phase: str
    changes: list[StatusChange]


@strawberry.type
class TripStatusChanged(Event):
    trip: ChangedTrip
    record: ChangedRecord
