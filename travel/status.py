"""What a flight is doing, and what changed. Pure: values in, values out; texts of the provider decide nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from travel.model import (
    ByHand,
    Flight,
    FlightPhase,
    FlightSnapshot,
    FlightState,
    StatusChange,
    StatusChangeKind,
    TripStatus,
    Watch,
)

CONFIRM_CANCELLATION = timedelta(minutes=5)
"""AeroAPI's flag also means "lost track", so it must be read twice, this far apart, before anybody is told."""

MATCH_WITHIN = timedelta(hours=6)
"""How far a source's departure may lie from the booked one and still be the same flight."""

UNKNOWN = FlightState()

_TEXTS = frozenset(
    [
        "scheduled",
        "delayed",
        "taxiing",
        "left gate",
        "returned to gate",
        "en route",
        "on time",
        "landed",
        "arrived",
        "gate arrival",
        "cancelled",
        "diverted",
        "unknown",
        "result unknown",
        "on the way!",
        "in flight",
        "departed",
        "gate departure",
    ]
)


def phase(state: FlightState) -> FlightPhase:
    """The phase a flight is in; the first line that is true decides.

    | true                                      | phase       |
    |-------------------------------------------|-------------|
    | at the gate of arrival                    | ARRIVED     |
    | on the runway of arrival                  | LANDED      |
    | diverted                                  | DIVERTED    |
    | cancelled (or the source lost track)      | CANCELLED   |
    | off the runway                            | AIRBORNE    |
    | off the gate                              | TAXIING_OUT |
    | any time of it is known                   | SCHEDULED   |
    | nothing is known                          | UNKNOWN     |
    """
    cases = (
        (state.actual_in, FlightPhase.ARRIVED),
        (state.actual_on, FlightPhase.LANDED),
        (state.diverted, FlightPhase.DIVERTED),
        (state.cancelled, FlightPhase.CANCELLED),
        (state.actual_off, FlightPhase.AIRBORNE),
        (state.actual_out, FlightPhase.TAXIING_OUT),
        (state != UNKNOWN, FlightPhase.SCHEDULED),
    )
    return next((phase for is_true, phase in cases if is_true), FlightPhase.UNKNOWN)


def departed(state: FlightState) -> bool:
    """True once it left the gate or the runway: nothing about the departure is news any more."""
    return bool(state.actual_out or state.actual_off or landed(state))


def landed(state: FlightState) -> bool:
    """True once it touched down; the gate may never be reported."""
    return bool(state.actual_on or state.actual_in)


def best_departure(state: FlightState, booked: datetime) -> datetime:
    """The departure to tell a traveller: gate times before runway times, never mixed; else what was booked."""
    gate = (state.actual_out, state.estimated_out, state.scheduled_out)
    runway = (state.actual_off, state.estimated_off, state.scheduled_off)
    return next((instant for instant in (*gate, *runway) if instant), booked)


def best_arrival(state: FlightState) -> datetime | None:
    """The arrival to show: gate times before runway times; None where nobody knows it."""
    gate = (state.actual_in, state.estimated_in, state.scheduled_in)
    runway = (state.actual_on, state.estimated_on, state.scheduled_on)
    return next((instant for instant in (*gate, *runway) if instant), None)


def cancellation_confirmed(state: FlightState, seen_at: datetime | None, now: datetime) -> bool:
    """True when the flag is up now and was first seen at least five minutes ago."""
    return state.cancelled and seen_at is not None and now - seen_at >= CONFIRM_CANCELLATION


def merge(before: FlightState, seen: FlightState) -> FlightState:
    """The state after a look: null means "unknown" and takes nothing back, and what happened stays happened.

    Two things can be undone: leaving the gate before take-off (a return to the gate), and the cancelled flag, which
    falls as it rose, but never over a flight that landed.
    """
    known = {field.name: getattr(seen, field.name) for field in fields(FlightState)}
    kept = {name: getattr(before, name) if value is None else value for name, value in known.items()}
    if kept["diverted_to"] != before.diverted_to or (seen.diverted and not before.diverted):
        # What was known of an arrival was about another airport.
        kept |= {name: getattr(seen, name) for name in _without_arrival()}
    if before.actual_off is None and seen.actual_off is None and not (landed(before) or landed(seen)):
        kept["actual_out"] = seen.actual_out
    kept["diverted"] = seen.diverted or before.diverted
    kept["cancelled"] = seen.cancelled and not (landed(before) or landed(seen))
    return FlightState(**kept)


def compare(before: FlightState, after: FlightState, booked: datetime) -> tuple[StatusChange, ...]:
    """Every difference between two states of one flight that a person would call one, in a fixed order.

    Instants are compared as instants. A value that was never known before is a change in the record (before: null),
    though no news for the traveller: what is news, `audience` decides against what was told.
    """
    changes = [
        _change(StatusChangeKind.PHASE, phase(before), phase(after)),
        _change(StatusChangeKind.DEPARTURE_TIME, best_departure(before, booked), best_departure(after, booked)),
        _change(StatusChangeKind.ARRIVAL_TIME, best_arrival(before), best_arrival(after)),
        _change(StatusChangeKind.GATE_ORIGIN, before.gate_origin, after.gate_origin),
        _change(StatusChangeKind.GATE_DESTINATION, before.gate_destination, after.gate_destination),
        _change(StatusChangeKind.TERMINAL_ORIGIN, before.terminal_origin, after.terminal_origin),
        _change(StatusChangeKind.TERMINAL_DESTINATION, before.terminal_destination, after.terminal_destination),
        _change(StatusChangeKind.BAGGAGE_CLAIM, before.baggage_claim, after.baggage_claim),
        _change(StatusChangeKind.CANCELLED, False, True) if after.cancelled and not before.cancelled else None,
        _change(StatusChangeKind.REINSTATED, True, False) if before.cancelled and not after.cancelled else None,
        _change(StatusChangeKind.DIVERTED, _diversion(before), _diversion(after)),
    ]
    return tuple(change for change in changes if change is not None)


def _diversion(state: FlightState) -> str | None:
    return (state.diverted_to or "UNKNOWN") if state.diverted else None


def _change(kind: StatusChangeKind, before: object, after: object) -> StatusChange | None:
    if before == after:
        return None
    return StatusChange(kind=kind, before=_canonical(before), after=_canonical(after))


def _canonical(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def match(flight: Flight, snapshots: Sequence[FlightSnapshot]) -> FlightSnapshot | None:
    """The snapshot that speaks of this flight, with a diversion already applied; None rather than a guess.

    A pinned id decides; without one, the same route and the departure nearest to the booked one (or to the timetable, once
    that is known), within six hours; two equally near ones are no match.
    """
    legs = [leg for leg in snapshots if leg.fa_flight_id == flight.fa_flight_id] or _nearest(flight, snapshots)
    if not legs:
        return None
    # A hop from the other airport on to the booked one is not the original leg.
    original = min(legs, key=lambda leg: _fitness(flight, leg))
    # What goes elsewhere in the air is diverted, whether or not the source says so.
    elsewhere = original.destination_codes and flight.destination not in original.destination_codes
    if any(leg.state.diverted for leg in legs) or (elsewhere and original.state.actual_off):
        return _diverted(flight, original, legs)
    return original


def _fitness(flight: Flight, leg: FlightSnapshot) -> tuple[bool, bool, bool, datetime, str]:
    """The booked route first, on it the leg that was diverted; else the earlier one, in whatever order they came."""
    return (
        flight.origin not in leg.origin_codes,
        flight.destination not in leg.destination_codes,
        not leg.state.diverted,
        best_scheduled(leg.state, flight.booked_departure_at),
        leg.destination_code or "",
    )


def _nearest(flight: Flight, snapshots: Sequence[FlightSnapshot]) -> list[FlightSnapshot]:
    # The newest timetable that is known of the flight counts: it may have been moved by hours.
    expected = best_scheduled(flight.state, flight.booked_departure_at)
    candidates = {
        leg.fa_flight_id: abs(best_scheduled(leg.state, expected) - expected)
        for leg in snapshots
        if flight.origin in leg.origin_codes and flight.destination in leg.destination_codes
    }
    near = sorted((distance, id_) for id_, distance in candidates.items() if distance <= MATCH_WITHIN)
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return []
    return [leg for leg in snapshots if leg.fa_flight_id == near[0][1]]


def best_scheduled(state: FlightState, booked: datetime) -> datetime:
    """The departure by the timetable, at the gate before the runway."""
    return state.scheduled_out or state.scheduled_off or best_departure(state, booked)


def _diverted(flight: Flight, original: FlightSnapshot, legs: Iterable[FlightSnapshot]) -> FlightSnapshot:
    """The original leg's departure with the arrival of the leg that really happens."""
    others = [leg for leg in legs if leg.destination_code and flight.destination not in leg.destination_codes]
    if not others:
        # Where it goes is not known yet, and what the original leg says of an arrival is about the booked city.
        state = replace(original.state, diverted=True, **_without_arrival())  # type: ignore[arg-type]
        return replace(original, state=state)
    real = max(others, key=lambda leg: best_departure(leg.state, flight.booked_departure_at))
    arrival = {name: getattr(real.state, name) for name in _without_arrival()}
    state = replace(original.state, diverted=True, diverted_to=real.destination_code, **arrival)
    return replace(original, state=state)


def _without_arrival() -> dict[str, None]:
    moments = [f"{kind}_{moment}" for kind in ("estimated", "actual") for moment in ("on", "in")]
    return dict.fromkeys([*moments, "gate_destination", "terminal_destination", "baggage_claim"])


def is_known_text(text: str) -> bool:
    """Whether every part of a status text is one we have met; an unknown one is counted, and decides nothing."""
    return all(part.strip().lower() in _TEXTS for part in text.split("/"))


def corrected(flight: Flight, by_hand: ByHand) -> Flight:
    """The flight as it counts for a trip: an agent's word stands until the source says something new on that field.

    A person who says "cancelled" has looked already, so it counts as confirmed.
    """
    standing = {
        each.field: each.value for each in by_hand.corrections if getattr(flight.state, each.field) == each.over
    }
    if not standing:
        return flight
    state = replace(flight.state, **standing)  # type: ignore[arg-type]
    seen_at = flight.cancelled_seen_at
    if "cancelled" in standing:
        read_at = min(by_hand.at, flight.last_good_at or by_hand.at) if by_hand.at else None
        seen_at = read_at - CONFIRM_CANCELLATION if state.cancelled and read_at else None
    return replace(
        flight,
        state=state,
        phase=phase(state),
        best_departure_at=best_departure(state, flight.booked_departure_at),
        cancelled_seen_at=seen_at,
    )


DEPARTING_WITHIN = timedelta(hours=3)


def trip_status(flight: Flight, *, archived: bool, now: datetime) -> TripStatus:
    """How a trip stands. `records.trip_pages` says the same in SQL, for filters; a test compares the two.

    | true                                           | status    |
    |------------------------------------------------|-----------|
    | archived                                       | ARCHIVED  |
    | landed or arrived                              | LANDED    |
    | cancelled                                      | CANCELLED |
    | diverted                                       | DIVERTED  |
    | no longer watched, and none of the above       | LOST      |
    | in the air                                     | IN_FLIGHT |
    | left the gate, or departs within three hours   | DEPARTING |
    | otherwise                                      | UPCOMING  |
    """
    by_phase = {
        FlightPhase.LANDED: TripStatus.LANDED,
        FlightPhase.ARRIVED: TripStatus.LANDED,
        FlightPhase.CANCELLED: TripStatus.CANCELLED,
        FlightPhase.DIVERTED: TripStatus.DIVERTED,
    }
    if archived:
        return TripStatus.ARCHIVED
    if flight.phase in by_phase:
        return by_phase[flight.phase]
    if flight.watch is Watch.DONE:
        return TripStatus.LOST
    if flight.phase is FlightPhase.AIRBORNE:
        return TripStatus.IN_FLIGHT
    near = flight.best_departure_at <= now + DEPARTING_WITHIN
    return TripStatus.DEPARTING if near or flight.phase is FlightPhase.TAXIING_OUT else TripStatus.UPCOMING
