"""One trip before its decision: what is known of it, what was said, and the steps that a decision is made of."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from travel import status
from travel.model import AgencySettings, Flight, Notification, Tells, Told, Trip
from travel.model import NotificationReason as Reason
from travel.model import NotificationStatus as Status
from travel.model import NotificationType as Type

HEARD = frozenset({Status.SENDING, Status.UNKNOWN, Status.SENT, Status.DELIVERED, Status.READ})
"""On its way or there: what such a message says counts as told."""

TAKEN_BACK = frozenset({Status.SUPERSEDED})


DEPARTURE_TIME = frozenset({Type.DELAYED, Type.EARLIER})
CANCELLATION = frozenset({Type.CANCELLED, Type.REINSTATED})
TOPICS = (DEPARTURE_TIME, CANCELLATION)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """All that a decision about one trip reads. `notifications` are the trip's about this flight, oldest first."""

    trip: Trip
    flight: Flight
    settings: AgencySettings
    notifications: Sequence[Notification]
    now: datetime

    @property
    def departure(self) -> datetime:
        """The departure as far as anybody knows."""
        return status.best_departure(self.flight.state, self.flight.booked_departure_at)

    @property
    def destination(self) -> str:
        """Where it really goes."""
        return self.flight.state.diverted_to or self.flight.destination

    def of(self, *types: Type) -> list[Notification]:
        """The trip's notifications of these types, oldest first."""
        return [notification for notification in self.notifications if notification.type in types]

    def pending(self, *types: Type) -> list[Notification]:
        """Those of them that nobody has begun to send."""
        return [notification for notification in self.of(*types) if notification.status is Status.PENDING]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tell:
    """Write down a new notification. With a status other than PENDING it is a silence with its reason."""

    type: Type
    tells: Tells
    due_at: datetime
    expires_at: datetime
    hash: bytes
    status: Status = Status.PENDING
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """Take back a notification that is still pending."""

    notification_id: UUID
    status: Status
    reason: Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """Give a pending notification another time."""

    notification_id: UUID
    due_at: datetime
    expires_at: datetime
    reason: Reason | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnowGate:
    """From now on this gate counts as known to the traveller."""

    gate: str


Step = Tell | End | Move | KnowGate


def told(case: Case) -> Told:
    """What the traveller last heard on each topic; before any message, what was booked and the first gate."""
    return heard(case.notifications, Told(departure_at=case.flight.booked_departure_at, gate=case.trip.first_gate))


def heard(notifications: Sequence[Notification], known: Told | None = None) -> Told:
    """What the messages that were handed over say together, over what was `known` before the first."""
    total = known or Told()
    handed_over = (each for each in notifications if each.status in HEARD)
    # A boarding message is written down at the booking and read after every gate change: what counts is when it left.
    for notification in sorted(handed_over, key=lambda each: (each.accepted_at or each.updated_at, each.ordinal)):
        tells = notification.tells
        total = replace(
            total,
            departure_at=tells.departure_at or total.departure_at,
            gate=tells.gate or total.gate,
            airport=tells.airport or total.airport,
            cancelled=_now_cancelled(notification.type, total.cancelled),
            landed=total.landed or notification.type is Type.LANDING_WELCOME,
            at=notification.accepted_at or notification.updated_at,
        )
    return total


def _now_cancelled(type_: Type, before: bool) -> bool:
    if type_ in CANCELLATION:
        return type_ is Type.CANCELLED
    return before


def idempotency_hash(case: Case, type_: Type, tells: Tells) -> bytes:
    """SHA-256 over the trip, its flight, the type, what it tells, and how many words on the topic came before.

    No clock and no raw text goes in. The count lets the same news be told again after it was taken back, while two
    workers that see the same rows arrive at the same hash.
    """
    topic = next((topic for topic in TOPICS if type_ in topic), frozenset({type_}))
    parts = [case.trip.id, case.flight.id, type_, tells.value or "", len(case.of(*topic))]
    return hashlib.sha256("|".join(str(part) for part in parts).encode()).digest()


def has_newer_word(notification: Notification, others: Sequence[Notification]) -> bool:
    """Whether something later was said, or waits to be said, on the same topic: the older word is not true any more."""
    topic = next((topic for topic in TOPICS if notification.type in topic), frozenset({notification.type}))
    live = {*HEARD, Status.PENDING}
    return any(each.ordinal > notification.ordinal and each.type in topic and each.status in live for each in others)


def will_not_fly(case: Case) -> bool:
    """Whether two good answers, far enough apart, said that it is cancelled, and it is not in the air all the same."""
    flight = case.flight
    read_at = flight.last_good_at or case.now
    return (
        status.cancellation_confirmed(flight.state, flight.cancelled_seen_at, read_at) and not flight.state.actual_off
    )


def leaves(case: Case) -> bool:
    """Whether the departure is still ahead and nobody has confirmed that it will not happen."""
    return not status.departed(case.flight.state) and not will_not_fly(case)
