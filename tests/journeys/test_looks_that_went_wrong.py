"""Which flight is looked at, how long, and who notices when looking fails."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from jobs import landing, polling
from tests.actions.test_tracking import ask_for_a_look, flight_of
from tests.world import World, text
from travel import metrics
from travel.model import Watch
from travel.records import flights

BEA = "+5491155550202"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FLIGHTS = "/flights/{ident}"


async def shown(world: World, name: str) -> float:
    """The sum of a metric over its labels, as an operator's scraper reads it."""
    lines = (await world.http.get("/metrics")).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(rf"{name}(\{{|\s)", line))


# ---- the right flight


async def test_a_gate_of_yesterdays_operation_is_no_gate_of_the_travellers_flight(world: World) -> None:
    departure = world.clock.now() + 26 * HOUR
    minute_before = -25 * HOUR
    world.fly("ARG1303", departure - DAY, (-90 * MINUTE, {"gate_origin": "D16"}), gate_origin="C1")
    world.fly("ARG1303", departure, (minute_before, {"estimated_out": departure + 5 * MINUTE}), gate_origin="A13")
    trip = await world.book(departure=departure)
    await world.play(departure - 2 * HOUR)
    flight = await flight_of(world, trip)
    assert flight.fa_flight_id is not None
    assert str(int(departure.timestamp())) in flight.fa_flight_id
    assert flight.state.gate_origin == "A13"
    assert "GATE_CHANGE" not in world.heard()


@pytest.mark.parametrize("local_hour", [0, 12, 22, 23])
async def test_a_departure_late_in_the_evening_is_found_though_it_is_tomorrow_in_utc(
    world: World, local_hour: int
) -> None:
    departure = datetime.fromisoformat(f"2026-03-11T{local_hour:02}:30:00-03:00").astimezone(UTC)
    for days, late in ((-1, 200), (0, 60), (1, 200)):
        at = departure + days * DAY
        world.fly("ARG1303", at, estimated_out=text(at + late * MINUTE))
    trip = await world.book(departure=departure)
    await world.play(world.clock.now() + HOUR)
    flight = await flight_of(world, trip)
    assert flight.state.scheduled_out == departure
    told = [line["value"] for line in world.messages if line["type"] == "DELAYED"]
    assert told == [text(departure + HOUR)]


# ---- as long as it matters, and no longer


async def test_a_flight_booked_five_hours_ahead_is_looked_at_before_it_leaves(world: World) -> None:
    departure = world.clock.now() + 5 * HOUR
    world.fly("ARG1303", departure, (-3 * HOUR, {"estimated_out": departure + 45 * MINUTE}))
    await world.book(departure=departure)
    await world.play(departure)
    (told,) = [line for line in world.messages if line["type"] == "DELAYED"]
    assert told["value"] == text(departure + 45 * MINUTE)


async def test_a_flight_of_twelve_hours_is_almost_left_alone_while_it_cruises(world: World) -> None:
    departure = world.clock.now() + 14 * HOUR
    off, on = departure + 12 * MINUTE, departure + 12 * HOUR
    world.fly(
        "ARG1303",
        departure,
        (timedelta(), {"actual_out": departure}),
        (12 * MINUTE, {"actual_off": off, "estimated_on": on}),
        (12 * HOUR, {"actual_on": on}),
        hours=12,
    )
    await world.book(departure=departure)
    await world.play(off + HOUR)
    before = world.sandbox.aeroapi.requests[FLIGHTS]
    await world.play(on - HOUR)
    assert world.sandbox.aeroapi.requests[FLIGHTS] - before <= 4
    await world.play(on + 5 * MINUTE)
    assert world.heard().count("LANDING_WELCOME") == 1


async def test_the_job_for_landings_leaves_departures_alone(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    world.clock.move_to(world.clock.now() + HOUR)
    assert await landing.check_due_landings(world.context) == 0
    assert world.sandbox.aeroapi.requests[FLIGHTS] == 0
    assert await polling.check_due_flights(world.context) == 1
    assert (await flight_of(world, trip)).watch is Watch.DEPARTURE


async def test_of_2500_flights_that_are_due_every_one_is_looked_at(world: World) -> None:
    async with world.db.transaction() as tx:
        await tx.run(
            """
            INSERT INTO flights (ident, origin, destination, booked_departure_at, best_departure_at, next_check_at, created_at)
            SELECT 'ARG' || number, 'SAEZ', 'KMIA', CAST(:departure AS timestamptz), CAST(:departure AS timestamptz),
              CAST(:now AS timestamptz) - number * interval '1 second', CAST(:now AS timestamptz)
            FROM generate_series(1, 2500) AS number
            """,
            departure=world.clock.now() + DAY,
            now=world.clock.now(),
        )
    started: list[UUID] = []

    async def start(flight_id: UUID) -> bool:
        started.append(flight_id)
        async with world.db.transaction() as tx:
            await flights.claim(tx, flight_id, world.clock.now(), world.clock.now() + HOUR)
        return True

    for _ in range(20):
        if not await polling.start_looks(world.context, Watch.DEPARTURE, start):
            break
    assert len(started) == len(set(started)) == 2500


# ---- when looking fails


async def test_a_cancellation_after_failures_of_every_kind_is_told_and_meanwhile_the_agent_sees_that_nothing_is_known(
    world: World,
) -> None:
    departure = world.clock.now() + 20 * HOUR
    world.fly("ARG1303", departure, (-12 * HOUR, {"cancelled": True}))
    trip = await world.book(departure=departure)
    await world.settle()
    faults = world.sandbox.aeroapi.faults
    document = "{ trips { nodes { flight { stale lastFailure phase } } } }"
    assert (await world.data(document))["trips"]["nodes"][0]["flight"]["stale"] is False
    for fault, kind in (("rate_limited", "RATE_LIMITED"), ("server_error", "UNAVAILABLE"), ("html", "MALFORMED")):
        setattr(faults, fault, 1.0)
        for _ in range(3):
            await ask_for_a_look(world, trip)
            await world.settle()
            world.clock.move_to(world.clock.now() + MINUTE)
        seen = (await world.data(document))["trips"]["nodes"][0]["flight"]
        assert seen["stale"] is True
        assert seen["lastFailure"].startswith(kind)
        assert seen["phase"] == "SCHEDULED"
        setattr(faults, fault, 0.0)
    await world.play(departure - 3 * HOUR)
    assert world.heard() == ["RESERVATION_CONFIRMATION", "CANCELLED"]
    assert (await world.data(document))["trips"]["nodes"][0]["flight"]["stale"] is False


async def test_a_round_in_which_every_look_fails_is_no_success_in_what_the_operator_sees(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    for number in range(3, 8):
        await world.book(f"AR130{number}", departure=departure, phone=f"+54911555502{number:02}")
    world.sandbox.aeroapi.faults.server_error = 1.0
    failed = metrics.looks.labels("UNAVAILABLE")
    good = metrics.looks.labels("SNAPSHOT")
    before = failed._value.get(), good._value.get()
    await world.settle()
    assert (failed._value.get(), good._value.get()) == (before[0] + 5, before[1])
    assert 'bauhaus_aeroapi_looks_total{answer="UNAVAILABLE"}' in (await world.http.get("/metrics")).text


async def test_looks_that_are_overdue_are_seen_by_the_operator_and_by_the_agent(world: World) -> None:
    world.fly("ARG1303", world.clock.now() + 20 * HOUR)
    trip = await world.book(departure=world.clock.now() + 20 * HOUR)
    await world.settle()
    assert await shown(world, "bauhaus_flights_overdue_seconds") == 0
    due = (await flight_of(world, trip)).next_check_at
    assert due is not None
    world.clock.move_to(due + 30 * MINUTE)  # and no worker works
    assert await shown(world, "bauhaus_flights_overdue_seconds") == 1800
    seen = (await world.data("{ trips { nodes { flight { stale } } } }"))["trips"]["nodes"][0]
    assert seen == {"flight": {"stale": True}}


async def test_what_the_metrics_count_is_what_aeroapi_charged(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    stranger = await world.book("ZZ9999", departure=departure, phone=BEA)
    counted = await shown(world, "bauhaus_aeroapi_result_sets_total")
    await world.settle()
    for _ in range(4):
        world.clock.move_to(world.clock.now() + 15 * timedelta(seconds=1))
        await ask_for_a_look(world, stranger)
        await ask_for_a_look(world, trip)
        await world.settle()
    charged = world.sandbox.aeroapi.result_sets[FLIGHTS]
    assert charged >= 6
    assert await shown(world, "bauhaus_aeroapi_result_sets_total") - counted == charged


async def test_a_flight_that_nobody_knows_is_not_paid_for_at_each_impatient_question(world: World) -> None:
    """Four questions within a minute: AeroAPI has just said that it knows no such flight."""
    stranger = await world.book("ZZ9999", departure=world.clock.now() + 20 * HOUR)
    await world.settle()
    before = world.sandbox.aeroapi.requests[FLIGHTS]
    assert before == 1
    for _ in range(4):
        world.clock.move_to(world.clock.now() + timedelta(seconds=5))
        await ask_for_a_look(world, stranger)
        await world.settle()
    assert world.sandbox.aeroapi.requests[FLIGHTS] - before <= 1
