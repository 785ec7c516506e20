"""When a flight that has left will touch down: by the source's own reckoning, or else by the timetable.

Pure. A source that reckons moves its estimate away from the timetable; one that does not leaves it where it was, and then
the time in the air, counted from the take-off, says more than the estimate.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from travel.model import FlightState

PLAUSIBLE = 0.35
"""An estimate that leaves less than this share of the usual time in the air is older than the take-off."""
SAME = timedelta(seconds=30)
OTHER_GATE_TIME = timedelta(minutes=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Touchdown:
    """An expected touchdown."""

    at: datetime
    in_air: timedelta
    """The time from take-off to touchdown."""
    is_reckoned: bool
    """Whether the source itself reckons with the course of this flight."""


def expected(state: FlightState, now: datetime, taxi: timedelta) -> Touchdown | None:
    """When a flight that is off the gate or in the air touches the runway; None where nothing allows to say.

    | known                                            | touchdown                             |
    |--------------------------------------------------|---------------------------------------|
    | take-off, and an estimate that is not the plan   | the estimate: reckoned by the source  |
    | take-off, and the time in the air                | their sum                             |
    | off the gate, and the time in the air            | with `taxi`, and no take-off before now |
    | an arrival only                                  | that, a usual taxi before the gate    |
    """
    in_air = _time_in_air(state)
    if state.actual_off is None:
        off = max((state.actual_out or now) + taxi, now)
        return _at(off + in_air, off, False) if in_air else _by_arrival(state, off)
    off = state.actual_off
    plan = off + in_air if in_air else None
    for estimate, tolerance in ((_moved_on(state), SAME), (_moved_in(state), OTHER_GATE_TIME)):
        if estimate and _is_news(estimate, off, plan, tolerance):
            return _at(estimate, off, True)
    return _at(plan, off, False) if plan else _by_arrival(state, off)


def _at(at: datetime, off: datetime, is_reckoned: bool) -> Touchdown:
    return Touchdown(at=at, in_air=at - off, is_reckoned=is_reckoned)


def _time_in_air(state: FlightState) -> timedelta | None:
    if state.filed_ete_seconds and state.filed_ete_seconds > 0:
        return timedelta(seconds=state.filed_ete_seconds)
    if state.scheduled_off and state.scheduled_on and state.scheduled_on > state.scheduled_off:
        return state.scheduled_on - state.scheduled_off
    return None


def _moved_on(state: FlightState) -> datetime | None:
    return state.estimated_on if state.estimated_on != state.scheduled_on else None


def _moved_in(state: FlightState) -> datetime | None:
    """The touchdown by an estimate of the gate, where the source moves only that one."""
    if (
        not (state.estimated_in and state.scheduled_in and state.scheduled_on)
        or state.estimated_in == state.scheduled_in
    ):
        return None
    return state.estimated_in - (state.scheduled_in - state.scheduled_on)


def _is_news(estimate: datetime, off: datetime, plan: datetime | None, tolerance: timedelta) -> bool:
    if plan is None:
        return estimate > off
    return estimate - off >= (plan - off) * PLAUSIBLE and abs(estimate - plan) > tolerance


def _by_arrival(state: FlightState, off: datetime) -> Touchdown | None:
    at_gate = state.estimated_in or state.scheduled_in
    taxied = at_gate - timedelta(minutes=10) if at_gate else None
    at = next((on for on in (state.estimated_on, state.scheduled_on, taxied) if on and on > off), None)
    return _at(at, off, False) if at else None
