"""An agency, what it chose, and who may speak for it."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from travel.model.enums import AgencyStatus, Feature, Language, NotificationType, Role, UnknownDeliveryPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class Agency:
    """A tenant."""

    id: UUID
    name: str
    email: str
    phone: str | None
    country: str
    status: AgencyStatus
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AgencySettings:
    """What an agency chose. Every decision reads the row anew, so a change is obeyed by the very next one."""

    agency_id: UUID
    quiet_hours_start: time
    quiet_hours_end: time
    timezone_override: str | None
    boarding_notification_offset_minutes: int
    landing_notification_enabled: bool
    reminder_24h_enabled: bool
    delay_threshold_minutes: int
    max_retry_attempts: int
    retry_initial_delay_seconds: int
    retry_backoff_factor: float
    retry_max_delay_seconds: int
    max_notifications_per_hour: int
    max_notifications_per_day: int
    language: Language
    on_unknown_delivery: UnknownDeliveryPolicy
    daily_aeroapi_budget_usd: float | None
    features: dict[Feature, bool]
    version: int
    updated_at: datetime

    def enabled(self, feature: Feature) -> bool:
        """Gate and diversion messages are on until switched off; the rest is off until switched on."""
        return self.features.get(feature, feature in (Feature.GATE_MESSAGES, Feature.DIVERSION_MESSAGES))


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A credential of an agency. The secret itself is shown once and kept nowhere."""

    id: UUID
    agency_id: UUID
    name: str
    role: Role
    prefix: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """Who is asking: a key or a token, its role and its agency."""

    key_id: UUID
    """Of a token: an id of its issuer and subject, the same for each token of theirs."""
    agency_id: UUID
    name: str
    role: Role
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageTemplate:
    """How a type is worded in a language; `body` None means the catalogue's wording."""

    type: NotificationType
    language: Language
    content_sid: str | None
    body: str | None
    updated_at: datetime
