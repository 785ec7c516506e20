"""The rules: for one trip, what must change so that the traveller is told the truth, once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from travel import status, timing
from travel.audience.case import (
    CANCELLATION,
    DEPARTURE_TIME,
    HEARD,
    TAKEN_BACK,
    Case,
    End,
    KnowGate,
    Move,
    Step,
    Tell,
    idempotency_hash,
    leaves,
    told,
    will_not_fly,
)
from travel.model import Notification, Tells
from travel.model import NotificationReason as Reason
from travel.model import NotificationStatus as Status
from travel.model import NotificationType as Type

WAITS_FOR_ITS_TURN = frozenset(
    {Reason.RETRYING, Reason.HOURLY_LIMIT, Reason.DAILY_LIMIT, Reason.SENDER_PAUSED, Reason.NEWER_FACTS}
)
"""What delivery has put off, it will ask about again; a plan only puts it off further."""

AT_LEAST_USEFUL = timedelta(minutes=15)
"""A flight whose departure has passed and that still stands at its gate can still be spoken of."""

FIRST_LOOK = timedelta(minutes=1)


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
    elif will_not_fly(case):
        yield from (_end(each, Status.SUPERSEDED, Reason.NEWER_FACTS) for each in case.pending(*timing.ABOUT_DEPARTURE))


def _confirmation(case: Case) -> Iterator[Step]:
    said = [each for each in case.of(Type.RESERVATION_CONFIRMATION) if each.status not in TAKEN_BACK]
    if leaves(case) and not said:
        due = timing.allowed_from(case.now, timing.zone_at_origin(case.flight, case.settings), case.settings)
        yield _tell(case, Type.RESERVATION_CONFIRMATION, Tells(departure_at=case.departure), due, case.departure)
    yield from _move_held(case, Type.RESERVATION_CONFIRMATION, timing.zone_at_origin(case.flight, case.settings))


def _reminder(case: Case) -> Iterator[Step]:
    if not leaves(case):
        return
    standing = [each for each in case.of(Type.REMINDER_24H) if each.status not in TAKEN_BACK]
    due = timing.reminder_due(
        case.departure, timing.zone_at_origin(case.flight, case.settings), case.settings, case.now
    )
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
    if not leaves(case) or state.cancelled or state == status.UNKNOWN:
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
    if gate is None or not leaves(case) or case.flight.state.cancelled:
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
    flag, confirmed, known = case.flight.state.cancelled, will_not_fly(case), told(case).cancelled
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
    if not leaves(case):
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
    zone = timing.zone_at_destination(case.flight, case.settings)
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
