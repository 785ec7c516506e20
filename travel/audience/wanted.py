"""The looks that messages want: each just before something could be said that is not true any more."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from travel.audience.case import DEPARTURE_TIME, Case, End, Move, Step, Tell, leaves, told
from travel.cadence import Wanted
from travel.model import NotificationStatus as Status
from travel.model import NotificationType as Type

BEFORE_BOARDING = timedelta(minutes=1)
BEFORE_GATE = timedelta(seconds=20)
BEFORE_UNTRUE = timedelta(minutes=1)
FRESH = timedelta(minutes=3)
"""A look that would come sooner after this one is none: agencies on one flight have thresholds of their own."""


def wanted_looks(case: Case, planned: Sequence[Step] = ()) -> list[Wanted]:
    """The fresh looks that are needed once a plan is carried out.

    For the gate of a boarding message; for a gate that may settle back; and for a flight that has not left, before the departure
    that was told is off by the threshold.
    """
    due = {each.id: (each.type, each.due_at) for each in case.pending(Type.BOARDING, Type.GATE_CHANGE)}
    new = []
    for step in planned:
        match step:
            case End(notification_id=id_):
                due.pop(id_, None)
            case Move(notification_id=id_) if id_ in due:
                due[id_] = (due[id_][0], step.due_at)
            case Tell(status=Status.PENDING):
                new.append((step.type, step.due_at))
            case _:
                pass
    ahead = {Type.BOARDING: BEFORE_BOARDING, Type.GATE_CHANGE: BEFORE_GATE}
    wanted = [Wanted(at=at - ahead[type_], of_gate=True) for type_, at in (*due.values(), *new) if type_ in ahead]
    said, threshold = _said_of_departure(case, planned), timedelta(minutes=case.settings.delay_threshold_minutes)
    untrue_at = said + threshold
    # What is untrue already could not be told, and a look would not change that.
    can_be_kept = leaves(case) and not case.flight.state.cancelled and abs(case.departure - said) < threshold
    if can_be_kept and untrue_at - case.now > FRESH + BEFORE_UNTRUE:
        wanted.append(Wanted(at=untrue_at - BEFORE_UNTRUE))
    return wanted


def _said_of_departure(case: Case, planned: Sequence[Step]) -> datetime:
    """When it departs by what the traveller has heard, or will hear next."""
    ended = {step.notification_id for step in planned if isinstance(step, End)}
    waiting = [each.tells for each in case.pending(*DEPARTURE_TIME) if each.id not in ended]
    told_next = [step for step in planned if isinstance(step, Tell) and step.status is Status.PENDING]
    new = [step.tells for step in told_next if step.type in DEPARTURE_TIME]
    known = [told(case).departure_at, *(each.departure_at for each in (*waiting, *new))][-1]
    assert known is not None, "what was booked is known"
    return known
