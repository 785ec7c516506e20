"""Who hears what: for one trip, the difference between what the traveller was told and what is true.

Pure and idempotent: planning again after a plan was carried out plans nothing. Every decision compares the newest fact
with what was last *told*; what was decided and never sent keeps a reason.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from travel import airports, status, timing
from travel.model import (
    AgencySettings,
    Flight,
    Notification,
    Tells,
    Told,
    Trip,
)
from travel.model import (
    NotificationReason as Reason,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.model import (
    NotificationType as Type,
)

HEARD = frozenset({Status.SENDING, Status.UNKNOWN, Status.SENT, Status.DELIVERED, Status.READ})
"""On its way or there: what such a message says counts as told."""

TAKEN_BACK = frozenset({Status.SUPERSEDED})

WAITS_FOR_ITS_TURN = frozenset({Reason.RETRYING, Reason.HOURLY_LIMIT, Reason.DAILY_LIMIT, Reason.NEWER_FACTS})
"""What delivery has put off, it will ask about again; a plan only puts it off further."""

DEPARTURE_TIME = frozenset({Type.DELAYED, Type.EARLIER})
CANCELLATION = frozenset({Type.CANCELLED, Type.REINSTATED})
TOPICS = (DEPARTURE_TIME, CANCELLATION)

AT_LEAST_USEFUL = timedelta(minutes=15)
"""A flight whose departure has passed and that still stands at its gate can still be spoken of."""

FIRST_LOOK = timedelta(minutes=1)


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


def plan(case: Case) -> list[Step]:
    """What must change so that the traveller is told the truth, once."""
    if case.trip.archived_at is not None:
        return [_end(each, Status.WITHDRAWN, Reason.TRIP_ARCHIVED) for each in case.pending(*Type)]
    rules: tuple[Callable[[Case], Iterator[Step]], ...] = (
        _overtaken,
        _confirmation,
        _reminder,
        _departure_time,
        _gate,
        _cancellation,
        _diversion,
        _boarding,
        _landing,
    )
    return [step for rule in rules for step in rule(case)]


def left_behind(notifications: Sequence[Notification]) -> list[Step]:
    """What waits about a flight that the trip was moved away from is overtaken."""
    waiting = [each for each in notifications if each.status is Status.PENDING]
    return [_end(each, Status.SUPERSEDED, Reason.NEWER_FACTS) for each in waiting]


def _overtaken(case: Case) -> Iterator[Step]:
    """Pending words about a departure end when the flight has left, has landed, or will not fly."""
    if status.departed(case.flight.state):
        yield from (
            _end(each, Status.EXPIRED, Reason.NO_LONGER_USEFUL) for each in case.pending(*timing.ABOUT_DEPARTURE)
        )
    elif _cancelled(case):
        yield from (_end(each, Status.SUPERSEDED, Reason.NEWER_FACTS) for each in case.pending(*timing.ABOUT_DEPARTURE))


def _confirmation(case: Case) -> Iterator[Step]:
    said = [each for each in case.of(Type.RESERVATION_CONFIRMATION) if each.status not in TAKEN_BACK]
    if _leaves(case) and not said:
        due = timing.allowed_from(case.now, origin_zone(case), case.settings)
        yield _tell(case, Type.RESERVATION_CONFIRMATION, Tells(departure_at=case.departure), due, case.departure)
    yield from _move_held(case, Type.RESERVATION_CONFIRMATION, origin_zone(case))


def _reminder(case: Case) -> Iterator[Step]:
    if not _leaves(case):
        return
    standing = [each for each in case.of(Type.REMINDER_24H) if each.status not in TAKEN_BACK]
    due = timing.reminder_due(case.departure, origin_zone(case), case.settings, case.now)
    expires = case.departure - timedelta(hours=3)
    if not standing and case.departure - case.trip.booked_at < timing.REMINDER_AHEAD:
        silence = _tell(case, Type.REMINDER_24H, Tells(), case.now, expires)
        yield replace(silence, status=Status.SUPPRESSED, reason=Reason.BOOKED_LATE)
    elif not standing:
        yield _tell(case, Type.REMINDER_24H, Tells(departure_at=case.departure), due, expires)
    for each in case.pending(Type.REMINDER_24H):
        if each.due_at > case.now:
            yield from _move(each, due, expires, None)


def _departure_time(case: Case) -> Iterator[Step]:
    state = case.flight.state
    if not _leaves(case) or state.cancelled or state == status.UNKNOWN:
        return
    if told(case).cancelled:
        return  # The word that it is back on names the departure.
    known = told(case).departure_at
    assert known is not None
    moved = case.departure - known
    pending = case.pending(*DEPARTURE_TIME)
    if abs(moved) < timedelta(minutes=case.settings.delay_threshold_minutes):
        yield from (_end(each, Status.SUPPRESSED, Reason.SETTLED_BACK) for each in pending)
        return
    type_ = Type.DELAYED if moved > timedelta() else Type.EARLIER
    tells = Tells(departure_at=case.departure)
    if any(each.type is type_ and each.tells == tells for each in pending) or _tried_near(case):
        return
    yield from (_end(each, Status.SUPERSEDED, Reason.NEWER_FACTS) for each in pending)
    due = (
        case.now
        if type_ is Type.EARLIER
        else timing.delay_due(case.departure, _last_heard(case, DEPARTURE_TIME), case.now)
    )
    yield _tell(case, type_, tells, due, _useful_until_departure(case))


def _gate(case: Case) -> Iterator[Step]:
    gate = case.flight.state.gate_origin
    if gate is None or not _leaves(case) or case.flight.state.cancelled:
        return
    known = told(case).gate
    pending = case.pending(Type.GATE_CHANGE)
    if known is None:
        yield KnowGate(gate=gate)
        return
    if gate == known:
        yield from (_end(each, Status.SUPPRESSED, Reason.SETTLED_BACK) for each in pending)
        return
    tells = Tells(gate=gate)
    topic = frozenset({Type.GATE_CHANGE})
    if any(each.tells == tells for each in pending) or _tried(case, topic, Type.GATE_CHANGE, tells):
        return
    yield from (_end(each, Status.SUPERSEDED, Reason.NEWER_FACTS) for each in pending)
    yield _tell(
        case,
        Type.GATE_CHANGE,
        tells,
        timing.gate_due(case.departure, case.now),
        _useful_until_departure(case),
    )


def _cancellation(case: Case) -> Iterator[Step]:
    """Told when read twice; taken back when the flag falls. A flag read once decides nothing."""
    flag, confirmed, known = case.flight.state.cancelled, _cancelled(case), told(case).cancelled
    wrong = Type.REINSTATED if flag else Type.CANCELLED
    yield from (_end(each, Status.SUPPRESSED, Reason.SETTLED_BACK) for each in case.pending(wrong))
    if flag != confirmed or confirmed == known or (known and status.departed(case.flight.state)):
        return
    type_ = Type.CANCELLED if confirmed else Type.REINSTATED
    tells = Tells() if confirmed else Tells(departure_at=case.departure)
    if case.pending(type_) or _tried(case, CANCELLATION, type_, tells):
        return
    expires = case.departure + timedelta(hours=12) if confirmed else _useful_until_departure(case)
    yield _tell(case, type_, tells, case.now, expires)


def _diversion(case: Case) -> Iterator[Step]:
    state = case.flight.state
    if not state.diverted:
        return
    spoken = [each for each in case.of(Type.DIVERTED) if each.status is not Status.SUPERSEDED]
    if spoken and (state.diverted_to is None or spoken[-1].tells.airport == state.diverted_to):
        return
    yield from (_end(each, Status.SUPERSEDED, Reason.NEWER_FACTS) for each in case.pending(Type.DIVERTED))
    arrival = status.best_arrival(state) or case.now
    yield _tell(
        case,
        Type.DIVERTED,
        Tells(airport=state.diverted_to),
        case.now,
        max(arrival, case.now) + timedelta(hours=6),
    )


def _boarding(case: Case) -> Iterator[Step]:
    if not _leaves(case):
        return
    standing = [each for each in case.of(Type.BOARDING) if each.status not in TAKEN_BACK]
    # A flight that nobody has looked at yet is looked at first: the message shall hold its gate.
    soonest = case.now + FIRST_LOOK if case.flight.state == status.UNKNOWN else case.now
    due = max(timing.boarding_due(case.departure, case.settings), soonest)
    expires = _useful_until_departure(case)
    if not standing:
        yield _tell(case, Type.BOARDING, Tells(), due, expires)
    for each in case.pending(Type.BOARDING):
        if each.due_at > case.now or due > soonest:
            yield from _move(each, due, expires, None)


def _landing(case: Case) -> Iterator[Step]:
    zone = destination_zone(case)
    if status.landed(case.flight.state) and not case.of(Type.LANDING_WELCOME):
        touchdown = case.flight.state.actual_on or case.flight.state.actual_in or case.now
        due = timing.allowed_from(case.now, zone, case.settings)
        tells = Tells(airport=case.destination)
        yield _tell(case, Type.LANDING_WELCOME, tells, due, max(touchdown + timedelta(hours=14), case.now))
    yield from _move_held(case, Type.LANDING_WELCOME, zone)


def _move_held(case: Case, type_: Type, zone: str) -> Iterator[Step]:
    """What waits for the morning waits for the morning of today's settings."""
    for each in case.pending(type_):
        if each.reason is Reason.QUIET_HOURS:
            due = timing.allowed_from(case.now, zone, case.settings)
            yield from _move(each, due, each.expires_at, Reason.QUIET_HOURS if due > case.now else None)


def _move(each: Notification, due: datetime, expires: datetime, reason: Reason | None) -> Iterator[Step]:
    if each.reason in WAITS_FOR_ITS_TURN and due <= each.due_at:
        return
    if (each.due_at, each.expires_at) != (due, expires) and each.reason is not Reason.RETRYING:
        yield Move(notification_id=each.id, due_at=due, expires_at=expires, reason=reason)


def _end(each: Notification, ended: Status, reason: Reason) -> End:
    return End(notification_id=each.id, status=ended, reason=reason)


def _tell(case: Case, type_: Type, tells: Tells, due: datetime, expires: datetime) -> Tell:
    return Tell(
        type=type_,
        tells=tells,
        due_at=due,
        expires_at=expires,
        hash=idempotency_hash(case, type_, tells),
        reason=Reason.QUIET_HOURS
        if type_ in timing.HELD_AT_NIGHT and due > case.now and type_ is not Type.REMINDER_24H
        else None,
    )


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


def _cancelled(case: Case) -> bool:
    flight = case.flight
    read_at = flight.last_good_at or case.now
    return (
        status.cancellation_confirmed(flight.state, flight.cancelled_seen_at, read_at) and not flight.state.actual_off
    )


def _leaves(case: Case) -> bool:
    """Whether the departure is still ahead and nobody has confirmed that it will not happen."""
    return not status.departed(case.flight.state) and not _cancelled(case)


def _tried(case: Case, topic: frozenset[Type], type_: Type, tells: Tells) -> bool:
    """Whether the last word on the topic said just this and came to an end without being heard: it is not said again."""
    spoken = [each for each in case.of(*topic) if each.status is not Status.SUPERSEDED]
    if not spoken or spoken[-1].reason is Reason.SETTLED_BACK:
        return False
    last = spoken[-1]
    return last.type is type_ and last.tells == tells and last.status not in HEARD


def _tried_near(case: Case) -> bool:
    """Whether the last word on the departure failed and said nearly the same: it is not said again at each jitter."""
    spoken = [each for each in case.of(*DEPARTURE_TIME) if each.status is not Status.SUPERSEDED]
    if not spoken or spoken[-1].reason is Reason.SETTLED_BACK or spoken[-1].status in {*HEARD, Status.PENDING}:
        return False
    said = spoken[-1].tells.departure_at
    threshold = timedelta(minutes=case.settings.delay_threshold_minutes)
    return said is not None and abs(case.departure - said) < threshold


def _last_heard(case: Case, topic: frozenset[Type]) -> datetime | None:
    heard = [each.accepted_at or each.updated_at for each in case.of(*topic) if each.status in HEARD]
    return max(heard, default=None)


def _useful_until_departure(case: Case) -> datetime:
    return max(case.departure, case.now + AT_LEAST_USEFUL)


def origin_zone(case: Case) -> str:
    """The zone of quiet hours before departure."""
    return timing.zone_of(case.settings, airports.get(case.flight.origin).timezone)


def destination_zone(case: Case) -> str:
    """The zone of quiet hours after landing; an airport outside the table counts as the booked one."""
    airport = airports.find(case.destination) or airports.get(case.flight.destination)
    return timing.zone_of(case.settings, airport.timezone)


def wanted_looks(case: Case) -> list[datetime]:
    """Moments just before which a fresh look is needed: the gate of a boarding message, the settling of a gate."""
    minute = timedelta(minutes=1)
    boarding = [each.due_at - minute for each in case.pending(Type.BOARDING)]
    gates = [each.due_at - minute / 3 for each in case.pending(Type.GATE_CHANGE)]
    return [*boarding, *gates]
