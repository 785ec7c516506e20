"""What an earlier system took for news and what it overlooked: each told rightly, from AeroAPI's answer to the phone."""

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest

from sandbox.twilio.faults import RecipientFault
from tests.actions.test_tracking import ask_for_a_look, broken, flight_of, leg
from tests.journeys.wire import wire
from tests.world import ANA, World, text
from travel import metrics
from travel.database import Database
from travel.model import FlightState
from travel.records import flights

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DEPARTURE_NEWS = ("DELAYED", "EARLIER")


def departures_told(world: World) -> list[str]:
    return [line["value"] for line in world.messages if line["type"] in DEPARTURE_NEWS]


def gates_told(world: World) -> list[str]:
    return [line["value"] for line in world.messages if line["type"] == "GATE_CHANGE"]


async def test_a_flight_on_time_is_never_called_delayed_however_often_it_is_looked_at(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    on_time = leg(departure, status="Scheduled", estimated_out=text(departure))
    async with wire(world) as aeroapi:
        for _ in range(12):
            await aeroapi.shows(trip, on_time, after=5 * MINUTE)
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


@pytest.mark.parametrize("words", ["Demorado por niebla", "已排班 / 延誤", "DELAYED!", "Scheduled / Delayed"])
async def test_a_status_text_alone_tells_the_traveller_nothing_and_an_unknown_one_is_counted(
    world: World, words: str
) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    counted = metrics.odd_statuses._value.get()
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, leg(departure, status="Scheduled"))
        assert metrics.odd_statuses._value.get() == counted
        await aeroapi.shows(trip, leg(departure, status=words))
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    assert metrics.odd_statuses._value.get() == counted + (words != "Scheduled / Delayed")


@pytest.mark.parametrize(
    ("in_the_air", "on_the_ground"),
    [
        ("En Route / Delayed", "Landed / Taxiing"),
        ("En Route / On Time", "Arrived / Gate Arrival"),
        ("Departed / Delayed", "Arrived / Delayed"),
        ("飛行中", "已到達"),
    ],
)
async def test_after_the_flight_left_its_text_is_no_delay_and_its_landing_is_told_whatever_it_is_called(
    world: World, in_the_air: str, on_the_ground: str
) -> None:
    departure = world.clock.now() + 3 * HOUR
    trip = await world.book(departure=departure)
    left = {"actual_out": text(departure + 2 * MINUTE), "actual_off": text(departure + 12 * MINUTE)}
    expected = {"scheduled_on": text(departure + 2 * HOUR), "estimated_on": text(departure + 4 * HOUR)}
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, leg(departure))
        flying = leg(departure, **left, **expected, status=in_the_air)
        await aeroapi.shows(trip, flying, after=departure + 15 * MINUTE - world.clock.now())
        late = leg(departure, **left, **expected, status=in_the_air, estimated_out=text(departure + HOUR))
        await aeroapi.shows(trip, late, after=HOUR)
        landed = {"actual_on": text(departure + 2 * HOUR)}
        await aeroapi.shows(trip, leg(departure, **left, **expected, **landed, status=on_the_ground), after=45 * MINUTE)
        await world.play(departure + 10 * HOUR)
    assert departures_told(world) == []
    assert world.heard().count("LANDING_WELCOME") == 1


async def test_a_diverted_traveller_hears_where_the_flight_goes_and_is_not_welcomed_where_it_does_not(
    world: World,
) -> None:
    departure = world.clock.now() + 3 * HOUR
    trip = await world.book(departure=departure)
    left = {"actual_out": text(departure), "actual_off": text(departure + 10 * MINUTE)}
    booked = leg(departure, **left, scheduled_on=text(departure + 3 * HOUR))
    tampa = {"destination": {"code_icao": "KTPA", "code_iata": "TPA", "code": "KTPA"}}
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, leg(departure))
        await aeroapi.shows(trip, booked, after=departure + 15 * MINUTE - world.clock.now())
        diverted = {**booked, "diverted": True, "status": "Diverted"}
        await aeroapi.shows(trip, diverted, after=HOUR)
        there = {**booked, **tampa, "estimated_on": text(departure + 4 * HOUR)}
        await aeroapi.shows(trip, diverted, there, after=10 * MINUTE)
        landed = {**there, "actual_on": text(departure + 4 * HOUR)}
        await aeroapi.shows(trip, diverted, landed, after=departure + 4 * HOUR + MINUTE - world.clock.now())
        await world.play(departure + 10 * HOUR)
    after_boarding = [line for line in world.messages if line["type"] in ("DIVERTED", "LANDING_WELCOME")]
    assert [line["type"] for line in after_boarding] == ["DIVERTED", "DIVERTED", "LANDING_WELCOME"]
    unknown, known, welcome = (line["body"] for line in after_boarding)
    assert "otro aeropuerto" in unknown
    assert "Tampa" in known
    assert "Tampa" in welcome
    assert "Miami" not in known + welcome


@pytest.mark.parametrize(
    ("minutes", "told"),
    [([0, None, 0], []), ([0, None, 0, 30, 30], [30]), ([None, 0, None, 30, None, 30], [30])],
    ids=["there and gone and there", "then truly later", "never there at first"],
)
async def test_an_estimate_that_vanishes_and_comes_back_is_silence_until_it_says_something_else(
    world: World, minutes: list[int | None], told: list[int]
) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    async with wire(world) as aeroapi:
        for each in minutes:
            estimate = None if each is None else text(departure + each * MINUTE)
            await aeroapi.shows(trip, leg(departure, estimated_out=estimate), after=12 * MINUTE)
        await world.play(world.clock.now() + HOUR)
    assert departures_told(world) == [text(departure + each * MINUTE) for each in told]


async def test_a_delay_that_shrinks_in_the_night_is_told_in_that_very_minute(world: World) -> None:
    departure = datetime.fromisoformat("2026-03-11T13:00:00Z")
    night = datetime.fromisoformat("2026-03-11T06:00:00Z")  # 03:00 in Buenos Aires
    trip = await world.book(departure=departure)
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, leg(departure, estimated_out=text(departure + 120 * MINUTE)), after=HOUR)
        sooner = leg(departure, estimated_out=text(departure + 20 * MINUTE))
        await aeroapi.shows(trip, sooner, after=night - world.clock.now())
    told = [(line["type"], line["value"], line["at"]) for line in world.messages if line["type"] in DEPARTURE_NEWS]
    assert told == [
        ("DELAYED", "2026-03-11T15:00:00Z", "2026-03-10T13:00:00Z"),
        ("EARLIER", "2026-03-11T13:20:00Z", "2026-03-11T06:00:00Z"),
    ]


async def test_a_flight_that_stays_cancelled_for_an_hour_of_looks_is_cancelled_once(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, leg(departure))
        for _ in range(13):
            await aeroapi.shows(trip, leg(departure, cancelled=True, status="Cancelled"), after=5 * MINUTE)
    assert world.heard() == ["RESERVATION_CONFIRMATION", "CANCELLED"]


async def test_a_flight_lost_from_sight_is_not_called_cancelled_and_one_that_was_is_called_back_once(
    world: World,
) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    flies, cancelled = leg(departure), leg(departure, cancelled=True)
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, flies)
        await aeroapi.shows(trip, cancelled)
        await aeroapi.shows(trip, flies, after=2 * MINUTE)
        await world.play(world.clock.now() + HOUR)
        assert world.heard() == ["RESERVATION_CONFIRMATION"]
        await aeroapi.shows(trip, cancelled)
        await aeroapi.shows(trip, cancelled, after=6 * MINUTE)
        await aeroapi.shows(trip, flies, after=HOUR)
        await world.play(world.clock.now() + HOUR)
    assert world.heard() == ["RESERVATION_CONFIRMATION", "CANCELLED", "REINSTATED"]


async def test_every_field_that_a_decision_reads_is_there_at_the_next_look(world: World) -> None:
    trip = await world.book()
    at = world.clock.now()
    values: dict[str, object] = {}
    for number, field in enumerate(fields(FlightState)):
        kinds = {"cancelled": True, "diverted": True, "filed_ete_seconds": 3600, "progress_percent": 7}
        is_text = "gate" in field.name or "terminal" in field.name or field.name in ("baggage_claim", "diverted_to")
        values[field.name] = kinds.get(field.name, f"V{number}" if is_text else at + number * MINUTE)
    seen = FlightState(**values)  # type: ignore[arg-type]
    async with world.db.transaction() as tx:
        before = await flights.get(tx, trip.flight_id, lock=True)
        await flights.save(tx, replace(before, state=seen, cancelled_seen_at=at))
    after = await flight_of(world, trip)
    assert after.state == seen
    assert after.cancelled_seen_at == at


async def test_what_the_airline_says_never_overwrites_what_was_booked(world: World) -> None:
    departure = world.clock.now() + 5 * HOUR
    trip = await world.book(departure=departure)
    async with wire(world) as aeroapi:
        moved = {"estimated_out": text(departure + 60 * MINUTE)}
        for _ in range(3):
            await aeroapi.shows(trip, leg(departure - 20 * MINUTE, **moved), after=5 * MINUTE)
        left = {**moved, "actual_out": text(departure + 63 * MINUTE)}
        to_come = departure + 65 * MINUTE - world.clock.now()
        await aeroapi.shows(trip, leg(departure - 20 * MINUTE, **left), after=to_come)
    flight = await flight_of(world, trip)
    assert flight.booked_departure_at == departure
    assert flight.state.scheduled_out == departure - 20 * MINUTE
    assert flight.state.estimated_out == departure + 60 * MINUTE
    assert flight.state.actual_out == departure + 63 * MINUTE
    assert departures_told(world) == [text(departure + 60 * MINUTE)]


async def test_two_changes_of_one_night_overtaken_before_they_went_out_are_told_once_each_as_they_are(
    world: World,
) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    await world.settle()
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, leg(departure, gate_origin="A1"))
        world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=20003, when="sync")
        for minutes, gate in ((60, "B2"), (75, "B5"), (90, "B7")):
            late = text(departure + minutes * MINUTE)
            await aeroapi.shows(trip, leg(departure, estimated_out=late, gate_origin=gate), after=15 * MINUTE)
        await world.play(world.clock.now() + 15 * MINUTE)
        assert world.heard() == ["RESERVATION_CONFIRMATION"]
        world.sandbox.twilio.faults.recipients.clear()
        await world.play(world.clock.now() + HOUR)
    assert departures_told(world) == [text(departure + 90 * MINUTE)]
    assert gates_told(world) == ["B7"]
    ended = {(str(each.status), each.reason) for each in await world.decided(trip) if each.type == "DELAYED"}
    assert ("SUPERSEDED", "NEWER_FACTS") in ended


async def test_a_look_that_cannot_be_recorded_tells_nobody_anything_and_rings_the_alarm(
    world: World, owner: Database
) -> None:
    departure = world.clock.now() + 20 * HOUR
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    failed = metrics.job_failures.labels("check_flight")
    before = failed._value.get()
    async with wire(world) as aeroapi:
        aeroapi.says = [leg(departure, estimated_out=text(departure + HOUR))]
        async with broken(owner, "flight_status_history"):
            for _ in range(4):
                await ask_for_a_look(world, trip)
                await world.settle()
                world.clock.move_to(world.clock.now() + 5 * MINUTE)
        assert world.heard() == ["RESERVATION_CONFIRMATION"]
        assert failed._value.get() >= before + 4
        await ask_for_a_look(world, trip)
        await world.settle()
    assert departures_told(world) == [text(departure + HOUR)]
    shown = (await world.http.get("/metrics")).text
    assert 'bauhaus_job_failures_total{job="check_flight"}' in shown
