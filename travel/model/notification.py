"""A notification: what one traveller shall be told of one thing, and the tries to hand it over."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from travel.model.enums import (
    AttemptOutcome,
    Channel,
    Language,
    NotificationReason,
    NotificationStatus,
    NotificationType,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tells:
    """What the traveller knows after reading a message. None: the message does not speak of it."""

    departure_at: datetime | None = None
    gate: str | None = None
    airport: str | None = None
    """ICAO code."""

    @property
    def value(self) -> str | None:
        """The news itself as a canonical text: a gate, an airport, or the departure in UTC."""
        if self.gate is not None or self.airport is not None:
            return self.gate or self.airport
        return f"{self.departure_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if self.departure_at else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """A row of notifications_log."""

    id: UUID
    ordinal: int
    agency_id: UUID
    trip_id: UUID | None
    flight_id: UUID | None
    type: NotificationType
    status: NotificationStatus
    reason: NotificationReason | None
    idempotency_hash: bytes
    due_at: datetime
    expires_at: datetime
    tells: Tells
    channel: Channel
    language: Language
    recipient: str
    body: str
    caused_by_id: UUID | None
    fence: int
    accepted_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryAttempt:
    """One try to hand a notification to Twilio, committed before the request leaves."""

    notification_id: UUID
    number: int
    fence: int
    token: str
    channel: Channel
    content_sid: str | None
    """The approved template it went by; then Twilio's text may differ from ours."""
    started_at: datetime
    finished_at: datetime | None
    outcome: AttemptOutcome
    counted: bool
    """Whether it is one of the tries that the agency allows: a fault of the account or a pause is no try."""
    http_status: int | None
    error_code: int | None
    error_message: str | None
    twilio_sid: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a traveller last heard on each topic: the sum of all messages that were handed over."""

    departure_at: datetime | None = None
    gate: str | None = None
    airport: str | None = None
    cancelled: bool = False
    landed: bool = False
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """How many messages an agency handed over in the last hour and day."""

    last_hour: int
    last_day: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SendingPause:
    """A channel of an agency on which nothing is sent: Twilio refuses the account or the sender.

    One message tries at `probe_at` whether it works again.
    """

    channel: Channel
    error_code: int | None
    error_message: str
    paused_at: datetime
    probe_at: datetime
    probes: int
    awaits_receipt: bool
    """The refusal came after Twilio's 201: only a receipt shows that it works again."""
