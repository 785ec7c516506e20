"""The closed vocabularies. A test holds each against the CHECK of the database and the enum of the schema."""

from enum import StrEnum, auto


class _Name(StrEnum):
    """A member's value is its own name, as the database and GraphQL spell it."""

    @staticmethod
    def _generate_next_value_(name: str, *_: object) -> str:
        return name


class Role(_Name):
    VIEWER = auto()
    AGENT = auto()
    ADMIN = auto()

    @property
    def rank(self) -> int:
        """How much the role may do: VIEWER 0, AGENT 1, ADMIN 2."""
        return list(Role).index(self)


class AgencyStatus(_Name):
    ACTIVE = auto()
    SUSPENDED = auto()
    PENDING = auto()


class Language(_Name):
    ES = auto()
    EN = auto()
    PT = auto()


class UnknownDeliveryPolicy(_Name):
    RESEND_AFTER_SETTLING = auto()
    HOLD_FOR_HUMAN = auto()


class Feature(_Name):
    SMS_FALLBACK = auto()
    GATE_MESSAGES = auto()
    DIVERSION_MESSAGES = auto()
    BAGGAGE_IN_WELCOME = auto()


class FlightPhase(_Name):
    SCHEDULED = auto()
    TAXIING_OUT = auto()
    AIRBORNE = auto()
    LANDED = auto()
    ARRIVED = auto()
    CANCELLED = auto()
    DIVERTED = auto()
    UNKNOWN = auto()


class LookStage(_Name):
    """What a look is for, the least urgent first."""

    FAR = auto()
    CRUISE = auto()
    DEPARTURE = auto()
    LANDING = auto()


class Watch(_Name):
    """Which job looks at a flight: the one around departure, the one around landing, or none any more."""

    DEPARTURE = auto()
    LANDING = auto()
    DONE = auto()


class StatusSource(_Name):
    AEROAPI = auto()
    WEBHOOK = auto()
    MANUAL = auto()


class StatusChangeKind(_Name):
    PHASE = auto()
    DEPARTURE_TIME = auto()
    ARRIVAL_TIME = auto()
    GATE_ORIGIN = auto()
    GATE_DESTINATION = auto()
    TERMINAL_ORIGIN = auto()
    TERMINAL_DESTINATION = auto()
    BAGGAGE_CLAIM = auto()
    CANCELLED = auto()
    REINSTATED = auto()
    DIVERTED = auto()


class TripStatus(_Name):
    UPCOMING = auto()
    DEPARTING = auto()
    IN_FLIGHT = auto()
    LANDED = auto()
    CANCELLED = auto()
    DIVERTED = auto()
    LOST = auto()
    ARCHIVED = auto()


class NotificationType(_Name):
    RESERVATION_CONFIRMATION = auto()
    REMINDER_24H = "REMINDER_24H"
    DELAYED = auto()
    EARLIER = auto()
    GATE_CHANGE = auto()
    CANCELLED = auto()
    REINSTATED = auto()
    DIVERTED = auto()
    BOARDING = auto()
    LANDING_WELCOME = auto()
    TEST = auto()


class NotificationStatus(_Name):
    PENDING = auto()
    SENDING = auto()
    UNKNOWN = auto()
    SENT = auto()
    DELIVERED = auto()
    READ = auto()
    UNDELIVERED = auto()
    FAILED = auto()
    SUPPRESSED = auto()
    SUPERSEDED = auto()
    EXPIRED = auto()
    WITHDRAWN = auto()


class NotificationReason(_Name):
    QUIET_HOURS = auto()
    HOURLY_LIMIT = auto()
    DAILY_LIMIT = auto()
    RETRYING = auto()
    HELD_FOR_HUMAN = auto()
    SENDER_PAUSED = auto()
    NO_RECEIPT = auto()
    OPTED_OUT = auto()
    TYPE_DISABLED = auto()
    BOOKED_LATE = auto()
    SETTLED_BACK = auto()
    NEWER_FACTS = auto()
    NO_LONGER_USEFUL = auto()
    INVALID_RECIPIENT = auto()
    PROVIDER_REFUSED = auto()
    ATTEMPTS_EXHAUSTED = auto()
    TRIP_ARCHIVED = auto()
    AGENCY_SUSPENDED = auto()
    WITHDRAWN_BY_AGENT = auto()


class Channel(_Name):
    WHATSAPP = auto()
    SMS = auto()


class AttemptOutcome(_Name):
    IN_FLIGHT = auto()
    ACCEPTED = auto()
    REFUSED = auto()
    RETRYABLE = auto()
    UNKNOWN = auto()


class EventKind(_Name):
    TRIP_CREATED = auto()
    TRIP_UPDATED = auto()
    TRIP_STATUS_CHANGED = auto()
    NOTIFICATION_UPDATED = auto()
    SETTINGS_UPDATED = auto()
    SENDING_PAUSED = auto()
    SENDING_RESUMED = auto()
    BUDGET_REACHED = auto()


class OptOutSource(_Name):
    TRAVELLER = auto()
    AGENCY = auto()
    CARRIER = auto()


class UserErrorCode(_Name):
    INVALID = auto()
    NOT_FOUND = auto()
    TAKEN = auto()
    CONFLICT = auto()
    FORBIDDEN = auto()
    LIMIT_REACHED = auto()
    TOO_LATE = auto()
    UNKNOWN_AIRPORT = auto()
    UNKNOWN_FLIGHT = auto()


class Stage(_Name):
    OCCURRED_TO_SEEN = auto()
    SEEN_TO_DECIDED = auto()
    DECIDED_TO_ACCEPTED = auto()
    ACCEPTED_TO_DELIVERED = auto()
