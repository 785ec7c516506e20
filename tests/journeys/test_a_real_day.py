"""Fifty real departures of New York, played through the real worker code, PostgreSQL, Valkey and the stand-ins.

What is checked is the stand-in's own ledger against what the scenario itself says, message by message.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sandbox import realdays
from sandbox.scenario import Flight, Scenario, Traveller, ends_cancelled, landing, parse_travellers
from tests.world import World, make_agency
from travel.clock import VirtualClock
from travel.model import Language

DAY = date(2013, 9, 12)
HOUR, FLIGHTS = 18, 52
"""An afternoon of thunderstorms: of the departures of this hour (UTC) a quarter was cancelled, and several diverted."""
BEAT = timedelta(seconds=30)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime.fromisoformat("2013-09-09T12:00:00+00:00"))


def _hour_of_the_day() -> list[dict[str, Any]]:
    whole = realdays.day_lines(DAY)
    scenario = Scenario()
    scenario.add(whole)
    in_the_hour = [flight for flight in scenario.originals() if flight.departure_at.hour == HOUR]
    chosen = {flight.fa_flight_id for flight in sorted(in_the_hour, key=lambda each: each.departure_at)[:FLIGHTS]}
    return [line for line in whole if line["fa_flight_id"] in chosen]


async def _book_everybody(world: World, lines: list[dict[str, Any]]) -> list[Traveller]:
    world.sandbox.scenario.add(lines)
    everybody = [each for each in parse_travellers(realdays.traveller_lines(lines)) if isinstance(each, Traveller)]
    # Two on every tenth flight, one on each of the others: what matters happens per flight.
    travellers = [each for number, each in enumerate(everybody) if number % 2 == 0 or number % 20 == 1]
    agencies = {name: (await make_agency(world.db, world.clock, name))[0].id for name in {t.agency for t in travellers}}
    for traveller in sorted(travellers, key=lambda each: each.booked_at):
        await world.play(max(traveller.booked_at, world.clock.now()), beat=BEAT)
        await world.book(
            traveller.ident,
            agency_id=agencies[traveller.agency],
            name=traveller.traveller,
            phone=traveller.phone,
            language=Language((traveller.language or "es").upper()),
            origin=traveller.origin,
            destination=traveller.destination,
            departure=traveller.departure,
        )
    return travellers


def _flight_of(world: World, traveller: Traveller) -> Flight:
    """The original leg that the traveller flies: the ident's only one on that day."""
    own = [
        flight
        for flight in world.sandbox.scenario.originals()
        if traveller.ident in (flight.ident, flight.fields.get("ident_iata"))
    ]
    assert len(own) == 1, f"{traveller.ident} stands on one line of the day"
    return own[0]


async def test_every_traveller_hears_of_the_landing_or_the_cancellation_of_their_own_flight_once(world: World) -> None:
    lines = _hour_of_the_day()
    travellers = await _book_everybody(world, lines)
    last = max(flight.departure_at for flight in world.sandbox.scenario.flights)
    await world.play(last + timedelta(hours=30), beat=BEAT)

    landed = cancelled = 0
    for traveller in travellers:
        flight = _flight_of(world, traveller)
        heard = Counter(world.heard(traveller.phone))
        assert max(heard.values(), default=0) >= 1, f"{traveller.phone} heard nothing"
        # After a diversion, the landing is the one at the other airport.
        legs = [leg for leg in world.sandbox.scenario.flights if leg.fa_flight_id == flight.fa_flight_id]
        touchdown = any(landing(leg) for leg in legs)
        if ends_cancelled(flight):
            cancelled += 1
            assert heard["CANCELLED"] == 1 + heard["REINSTATED"], (flight.ident, heard)
            assert heard["LANDING_WELCOME"] == 0, (flight.ident, heard)
        else:
            assert heard["CANCELLED"] == heard["REINSTATED"], (flight.ident, heard)
            assert heard["LANDING_WELCOME"] == (1 if touchdown else 0), (flight.ident, heard)
            assert (heard["DIVERTED"] > 0) == any(_diverted(leg) for leg in legs), (flight.ident, heard)
            landed += heard["LANDING_WELCOME"]
        for once in ("RESERVATION_CONFIRMATION", "REMINDER_24H", "BOARDING", "LANDING_WELCOME"):
            assert heard[once] <= 1, (flight.ident, once, heard)
    assert len({traveller.ident for traveller in travellers}) >= 50
    assert landed >= 35
    assert cancelled >= 10
    _nobody_heard_what_did_not_happen(world, travellers)


def _diverted(leg: Flight) -> bool:
    return bool(leg.fields.get("diverted")) or any(step.changes.get("diverted") for step in leg.steps)


def _nobody_heard_what_did_not_happen(world: World, travellers: list[Traveller]) -> None:
    """Every message speaks of the recipient's own flight, and every departure told was once the source's own."""
    of = {traveller.phone: _flight_of(world, traveller) for traveller in travellers}
    told = Counter((line["to"], line["type"], line["value"], line["body"]) for line in world.messages)
    assert set(told.values()) == {1}, [each for each, count in told.items() if count > 1]
    for line in world.messages:
        flight = of[line["to"]]
        assert line["ident"] == flight.ident
        if line["type"] in ("DELAYED", "EARLIER", "REINSTATED"):
            assert line["value"] in _departures_shown(flight, line["at"]), line
        if line["type"] == "GATE_CHANGE":
            shown = {step.changes.get("gate_origin") for step in flight.steps}
            assert line["value"] in shown, line


def _departures_shown(flight: Flight, at: str) -> set[object]:
    moments = {flight.fields.get("scheduled_out"), flight.fields.get("estimated_out")}
    for step in flight.steps:
        if f"{step.at:%Y-%m-%dT%H:%M:%SZ}" <= at:
            moments |= {step.changes.get(name) for name in ("scheduled_out", "estimated_out", "actual_out")}
    return {f"{moment:%Y-%m-%dT%H:%M:%SZ}" if isinstance(moment, datetime) else moment for moment in moments}
