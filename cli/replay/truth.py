"""What the scenario itself says of each flight that somebody is on: landings, departures, and the news on each topic."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.scenario import Flight, Landing, Scenario, Traveller, ends_cancelled, landing, raw_at
from travel import airlines, airports

WITHIN = timedelta(hours=6)
LONG_ENOUGH = timedelta(minutes=5)
"""A flag of cancellation that falls sooner is no cancellation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """The first moment at which the source showed something worth a message of this type, and what."""

    type: str
    at: datetime
    value: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """One flight."""

    flight: Flight
    landing: Landing | None
    out_at: datetime | None
    cancelled: bool
    news: Sequence[News]
    shown_before_leaving: datetime | None
    """The departure that the source showed three minutes before the flight left."""


def their_flight(scenario: Scenario, traveller: Traveller) -> Flight | None:
    """The flight of the scenario that a traveller booked."""
    at = departs_at(traveller)
    return flight_of(scenario, traveller.ident, traveller.origin, at) if at else None


def departs_at(traveller: Traveller) -> datetime | None:
    """The instant that a traveller booked; None where nobody knows the airport."""
    given = datetime.fromisoformat(traveller.departure)
    if given.tzinfo is not None:
        return given
    airport = airports.find(traveller.origin.upper())
    return given.replace(tzinfo=ZoneInfo(airport.timezone)) if airport else None


def flight_of(scenario: Scenario, ident: str, origin: str, departs_at: datetime) -> Flight | None:
    """The original leg that a traveller booked: under the ident, from the airport, the nearest departure."""
    found = scenario.under(ident) or scenario.under(named(ident))
    near = [flight for flight in found if abs(flight.departure_at - departs_at) <= WITHIN]
    at_origin = [flight for flight in near if _airport(flight.fields.get("origin")) in (None, _airport(origin))]
    # A leg that a diversion brought about is shown later than the one that was booked.
    return min(at_origin, key=lambda flight: (abs(flight.departure_at - departs_at), _shown_from(flight)), default=None)


def named(ident: str) -> str:
    """One ident for a flight, however a line writes it: AR1303 is ARG1303."""
    return airlines.canonical(ident) or ident


def _shown_from(flight: Flight) -> datetime:
    return flight.visible_from or datetime.min.replace(tzinfo=UTC)


def _airport(place: Any) -> str | None:
    """One code for an airport, however the scenario writes it."""
    code = place.get("code") if isinstance(place, dict) else place
    known = airports.find(code.upper()) if code else None
    return known.code if known else code


def truth_of(scenario: Scenario, flight: Flight, threshold: timedelta, until: datetime) -> Truth:
    """What is true of a flight by `until`."""
    ids = sorted(flight.ids)
    legs = {id(leg): leg for name in ids for leg in scenario.under(name) if leg.ids & flight.ids}.values()
    landings = [found for leg in legs if (found := landing(leg)) is not None and found.shown_at <= until]
    shown = [(moment, raw.fields) for moment in flight.moments if (raw := raw_at(flight, moment)) is not None]
    first = flight.fields
    states = [(_shown_from(flight), first), *shown]
    out_at = next((fields["actual_out"] for _, fields in reversed(states) if fields.get("actual_out")), None)
    left_at = next((at for at, fields in states if fields.get("actual_out") or fields.get("actual_off")), None)
    before = [(at, fields) for at, fields in states if left_at is None or at < left_at]
    known = [fields for at, fields in before if out_at is None or at <= out_at - timedelta(minutes=3)]
    return Truth(
        flight=flight,
        landing=max(landings, key=lambda each: each.shown_at, default=None),
        out_at=out_at,
        cancelled=ends_cancelled(flight),
        news=[
            *_departure(flight, before, threshold),
            *_gates(before),
            *_cancelled(states, left_at),
            *_diverted(states),
        ],
        shown_before_leaving=_departs(known[-1]) if known else None,
    )


States = Iterable[tuple[datetime, Any]]


def _departs(fields: Any) -> datetime | None:
    names = ("estimated_out", "scheduled_out", "estimated_off", "scheduled_off")
    return next((fields[name] for name in names if fields.get(name)), None)


def _departure(flight: Flight, before: States, threshold: timedelta) -> Iterable[News]:
    """The first delay, and the first departure that is earlier than what somebody who saw everything would have been told."""
    told, said = flight.departure_at, set()
    for at, fields in before:
        departs = _departs(fields)
        if departs is None or fields.get("cancelled") or abs(departs - told) < threshold:
            continue
        type_ = "DELAYED" if departs > told else "EARLIER"
        told = departs
        if type_ not in said:
            said.add(type_)
            yield News(type=type_, at=at, value=None)


def _gates(before: States) -> Iterable[News]:
    gate = None
    for at, fields in before:
        shown = fields.get("gate_origin")
        if shown and gate and shown != gate:
            yield News(type="GATE_CHANGE", at=at, value=shown)
        gate = shown or gate


def _cancelled(states: States, left_at: datetime | None) -> Iterable[News]:
    """Each cancellation that lasts, and that it was taken back for good before the flight left."""
    is_cancelled = False
    for flag, since, until in _spans(states):
        if flag is is_cancelled or (until is not None and until - since < LONG_ENOUGH):
            continue
        is_cancelled = flag
        if flag or left_at is None or since < left_at:
            yield News(type="CANCELLED" if flag else "REINSTATED", at=since, value=None)


def _spans(states: States) -> Iterable[tuple[bool, datetime, datetime | None]]:
    """How the flag of cancellation stood, from when to when; the last span has no end."""
    turns: list[tuple[bool, datetime]] = []
    for at, fields in states:
        if not turns or bool(fields.get("cancelled")) is not turns[-1][0]:
            turns.append((bool(fields.get("cancelled")), at))
    for number, (flag, since) in enumerate(turns):
        yield flag, since, turns[number + 1][1] if number + 1 < len(turns) else None


def _diverted(states: States) -> Iterable[News]:
    for at, fields in states:
        if fields.get("diverted"):
            yield News(type="DIVERTED", at=at, value=None)
            return
