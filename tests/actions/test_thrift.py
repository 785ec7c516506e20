"""A day's budget for AeroAPI: looks rest by their worth, who has money left pays for all, and everybody sees what it cost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.actions.test_delivery import settings
from tests.actions.test_pausing import news
from tests.actions.test_tracking import BOB, FLIGHTS, ask_for_a_look, flight_of, look, refusal
from tests.graph.test_subscriptions import listening
from tests.world import World, text
from travel.model import Agency, EventKind, Trip, UserErrorCode, Watch
from travel.records import usage

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PRICE = 0.005


async def budget(world: World, dollars: float | None) -> None:
    await settings(world, daily_aeroapi_budget_usd=dollars)


def house_budget(world: World, dollars: float) -> None:
    world.context = replace(world.context, watcher=replace(world.context.watcher, daily_budget=dollars))


async def spend(world: World, trip: Trip, dollars: float) -> None:
    """Looks of today that cost the trip's agency so much."""
    async with world.db.transaction(trip.agency_id) as tx:
        today = world.clock.now().astimezone(UTC).date()
        await usage.charge(tx, trip.agency_id, trip.flight_id, today, dollars / PRICE, dollars)


async def spent(world: World, agency: Agency) -> float:
    async with world.db.transaction(agency.id) as tx:
        return await usage.spent(tx, agency.id, world.clock.now().date())


async def look_now(world: World, trip: Trip) -> bool:
    """A look that nobody asked for is due; whether it was made."""
    async with world.db.transaction() as tx:
        await tx.run("UPDATE flights SET next_check_at = :now WHERE id = :id", now=world.clock.now(), id=trip.flight_id)
    return await look(world, trip)


def requests(world: World) -> int:
    return world.sandbox.aeroapi.requests[FLIGHTS]


async def told_of_budget(world: World) -> int:
    return len(await news(world, EventKind.BUDGET_REACHED))


async def known_trip(world: World, *, hours: float = 10, timeline: Any = (), **given: Any) -> Trip:
    """A trip whose flight AeroAPI has shown, so many hours before it departs."""
    departure = world.clock.now() + hours * HOUR
    world.fly("ARG1303", departure, *timeline)
    trip = await world.book(departure=departure, **given)
    await world.settle()
    return trip


# ---- what rests


@pytest.mark.parametrize(
    ("hours", "share", "made"),
    [(10, 0.55, True), (10, 0.6, False), (2, 0.6, True), (2, 0.84, True), (2, 0.86, False), (10, 0.99, False)],
)
async def test_far_looks_rest_before_those_near_a_departure(
    world: World, hours: float, share: float, made: bool
) -> None:
    trip = await known_trip(world, hours=hours)
    await budget(world, 10)
    await spend(world, trip, share * 10)
    before = requests(world)
    assert await look_now(world, trip) is made
    assert requests(world) - before == int(made)
    flight = await flight_of(world, trip)
    assert flight.watch is Watch.DEPARTURE
    assert flight.next_check_at is not None
    assert flight.next_check_at > world.clock.now()
    assert flight.consecutive_failures == 0


async def in_the_air(world: World) -> tuple[Trip, datetime]:
    """A flight of two hours that was just seen off the runway, and its touchdown: earlier than the timetable has it."""
    departure = world.clock.now() + 3 * HOUR
    lands = departure + 100 * MINUTE
    timeline = (
        (0 * MINUTE, {"actual_out": departure}),
        (10 * MINUTE, {"actual_off": departure + 10 * MINUTE, "estimated_on": lands}),
        (100 * MINUTE, {"actual_on": lands}),
        (110 * MINUTE, {"actual_in": lands + 10 * MINUTE}),
    )
    trip = await known_trip(world, hours=3, timeline=timeline)
    await world.play(departure + 20 * MINUTE)
    assert (await flight_of(world, trip)).watch is Watch.LANDING
    return trip, lands


async def test_a_landing_is_still_found_and_told_when_nine_tenths_are_spent(world: World) -> None:
    trip, lands = await in_the_air(world)
    await budget(world, 1)
    await spend(world, trip, 0.9)
    heard = len(world.heard())
    await world.play(lands + 2 * MINUTE)
    flight = await flight_of(world, trip)
    assert flight.state.actual_on == lands
    assert flight.watch is Watch.DONE
    assert len(world.heard()) == heard + 1, world.heard()
    assert await told_of_budget(world) == 0


async def test_a_landing_that_nobody_can_pay_for_is_found_once_there_is_money_again(world: World) -> None:
    trip, lands = await in_the_air(world)
    await budget(world, 1)
    await spend(world, trip, 1)
    before = requests(world)
    await world.play(lands + HOUR)
    assert requests(world) == before
    flight = await flight_of(world, trip)
    assert flight.watch is Watch.LANDING, "not given up"
    assert await told_of_budget(world) == 1
    await budget(world, 2)
    await world.play(world.clock.now() + 40 * MINUTE)
    assert (await flight_of(world, trip)).state.actual_on == lands


# ---- who pays


async def test_who_is_out_of_budget_hears_what_the_other_agency_pays_for(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    other, _ = await world.another_agency()
    late = (-19 * HOUR, {"estimated_out": departure + 60 * MINUTE})
    ours = await known_trip(world, hours=20, timeline=[late])
    theirs = await world.book(departure=departure, phone=BOB, agency_id=other.id)
    await world.settle()
    await budget(world, 1)
    await spend(world, ours, 1)
    before, paid = requests(world), (await spent(world, world.agency), await spent(world, other))
    world.clock.move_to(departure - 18 * HOUR)
    assert await look_now(world, theirs) is True
    await world.settle()
    made = requests(world) - before
    assert made == 1
    assert await spent(world, world.agency) == pytest.approx(paid[0])
    assert await spent(world, other) == pytest.approx(paid[1] + made * PRICE)
    assert world.heard()[-1] == world.heard(BOB)[-1] == "DELAYED"
    assert await told_of_budget(world) == 0, "nothing rested"


async def test_the_houses_budget_stops_all_agencies(world: World) -> None:
    other, _ = await world.another_agency()
    ours = await known_trip(world)
    theirs = await world.book("AR1305", departure=world.clock.now() + 10 * HOUR, agency_id=other.id)
    await world.settle()
    house_budget(world, 1)
    await spend(world, theirs, 1)
    before = requests(world)
    assert await look_now(world, ours) is False
    assert await look_now(world, theirs) is False
    assert requests(world) == before
    assert await told_of_budget(world) == 1
    house_budget(world, 10)
    assert await look_now(world, ours) is True


# ---- who learns of it


async def test_an_agency_is_told_once_for_each_further_kind_of_looks_that_rests(world: World) -> None:
    trip = await known_trip(world)
    await budget(world, 10)
    told = []
    for more in (6, 0.5, 2.1, 0.1, 0.9, 0.5, 0.5):
        await spend(world, trip, more)
        assert await look_now(world, trip) is False
        assert await look_now(world, trip) is False
        told.append(await told_of_budget(world))
    assert told == [1, 1, 2, 2, 3, 4, 4]


async def test_a_new_day_begins_anew(world: World) -> None:
    trip = await known_trip(world, hours=40)
    await budget(world, 10)
    await spend(world, trip, 7)
    assert await look_now(world, trip) is False
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    before = requests(world)
    await world.play(midnight - MINUTE)
    assert requests(world) == before
    world.clock.move_to(midnight)
    assert await look_now(world, trip) is True
    await spend(world, trip, 7)
    assert await look_now(world, trip) is False
    assert await told_of_budget(world) == 2


# ---- what somebody asks for


async def test_a_look_that_somebody_asked_for_is_made_though_far_looks_rest(world: World) -> None:
    trip = await known_trip(world)
    await budget(world, 10)
    await spend(world, trip, 9.7)
    assert await look_now(world, trip) is False
    before = requests(world)
    await ask_for_a_look(world, trip)
    assert await look(world, trip) is True
    assert requests(world) == before + 1
    assert (await flight_of(world, trip)).asked_at is None
    assert await look_now(world, trip) is False, "it was one look, not a habit"


async def test_nobody_may_ask_for_a_look_beyond_the_budget(world: World) -> None:
    trip = await known_trip(world)
    await budget(world, 10)
    await spend(world, trip, 10)
    assert await refusal(ask_for_a_look(world, trip)) is UserErrorCode.LIMIT_REACHED
    await budget(world, None)
    await ask_for_a_look(world, trip)


# ---- what it cost


async def test_what_an_agency_sees_of_its_cost_is_what_aeroapi_charged(world: World) -> None:
    began = world.clock.now()
    await in_the_air(world)
    departure = began + 20 * HOUR
    world.fly("ARG1305", departure)
    await world.book("AR1305", departure=departure)
    await world.play(began + 26 * HOUR)
    sets = world.sandbox.aeroapi.result_sets[FLIGHTS]
    assert sets > 8
    document = """query($from: DateTime!, $until: DateTime!) { agency { activity(from: $from, until: $until) {
        aeroapiResultSets aeroapiCostUsd
        aeroapiByDay { day resultSets costUsd restedLooks }
        aeroapiByFlight { ident departureAt resultSets costUsd } } } }"""
    seen = (await world.data(document, **{"from": text(began), "until": text(world.clock.now())}))["agency"]["activity"]
    assert seen["aeroapiResultSets"] == sets
    assert seen["aeroapiCostUsd"] == pytest.approx(sets * PRICE)
    days, flown = seen["aeroapiByDay"], seen["aeroapiByFlight"]
    assert [each["day"] for each in days] == ["2026-03-10", "2026-03-11"]
    assert {each["ident"] for each in flown} == {"ARG1303", "ARG1305"}
    for rows in (days, flown):
        assert sum(each["resultSets"] for each in rows) == pytest.approx(sets)
        assert sum(each["costUsd"] for each in rows) == pytest.approx(sets * PRICE)
    assert [each["costUsd"] for each in flown] == sorted((each["costUsd"] for each in flown), reverse=True)
    async with world.db.transaction(world.agency.id) as tx:
        kept = await tx.value("SELECT sum(result_sets) FROM aeroapi_days WHERE agency_id = :id", id=world.agency.id)
    assert float(kept) == pytest.approx(sets)


async def test_the_agencys_stream_says_what_the_day_cost(world: World) -> None:
    trip = await known_trip(world)
    await budget(world, 10)
    await spend(world, trip, 7)
    cost = await spent(world, world.agency)
    cursor = (await world.data("{ agency { eventCursor } }"))["agency"]["eventCursor"]
    assert await look_now(world, trip) is False
    document = """subscription($after: String) { events(after: $after) {
        __typename ... on BudgetReached { day { day costUsd restedLooks } } } }"""
    async with listening(world.server, world.key) as line, line.open() as socket:
        await socket.subscribe(document, after=cursor)
        event = (await socket.until("BudgetReached"))[-1]
    assert event["day"] == {"day": "2026-03-10", "costUsd": pytest.approx(cost), "restedLooks": 1}
