"""AeroAPI's rate is kept by all processes together; who has no place comes back, and a 429 switches no flight off."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.context import TIERS
from tests.actions.test_pacing import KEPT_IN, LONG_SECONDS, let_one_more_go
from tests.actions.test_tracking import FLIGHTS, flight_of, look
from tests.world import World
from travel import cadence
from travel.model import Trip, Watch
from travel.pace import Pace, Rate
from travel.throttle import Throttle
from travel.tracking.watcher import AEROAPI

HOUR = timedelta(hours=1)
FAR, LANDING = -1.0, 15.0
"""The patience of looks far before a departure, and of those for landings."""


def pace(world: World, rate: Rate, kept_in: str = "redis") -> Pace:
    throttle = Throttle(world.redis, seconds=LONG_SECONDS) if kept_in == "redis" else None
    return Pace(db=world.db, throttle=throttle, rates={AEROAPI: rate})


def slow_down(world: World, rate: Rate) -> None:
    """The jobs look at this rate."""
    world.context = replace(world.context, watcher=replace(world.context.watcher, pace=pace(world, rate)))


async def wait(pace: Pace, patience: float) -> float:
    (found,) = await pace.places(AEROAPI, 1, patience)
    return found


async def fly(world: World, number: int) -> list[Trip]:
    """Flights that leave in twenty hours, one trip on each; a look at each is due."""
    departure = world.clock.now() + 20 * HOUR
    for each in range(number):
        world.fly(f"ARG13{each:02}", departure)
    return [await world.book(f"AR13{each:02}", departure=departure) for each in range(number)]


def most_within(at: list[float], seconds: float) -> int:
    return max(sum(first <= other < first + seconds for other in at) for first in at)


# ---- the rate


@KEPT_IN
@pytest.mark.parametrize(("calls", "seconds"), [(10, 60), (5, 1), (100, 1), (2, 10)])
async def test_no_window_holds_more_calls_than_the_tier_allows(
    world: World, kept_in: str, calls: int, seconds: int
) -> None:
    kept = pace(world, Rate.within(calls, seconds), kept_in)
    at = await kept.places(AEROAPI, 3 * calls, 1e4)
    # Both keep whole microseconds.
    assert most_within(at, seconds - 0.001) == calls, "and so many they are, after a quiet moment"
    assert at[-1] == pytest.approx((3 * calls - 2) * seconds / (calls - 1), abs=0.1)


@KEPT_IN
async def test_who_asks_one_by_one_gets_no_more_than_who_asks_at_once(world: World, kept_in: str) -> None:
    one, other = (pace(world, Rate.within(10, 60), kept_in) for _ in range(2))
    began, at = time.monotonic(), []
    for number in range(30):
        asked = time.monotonic() - began
        at.append(asked + await wait((one, other)[number % 2], 1e4))
    assert most_within(at, 60 - 0.5) == 10


def test_the_tiers_are_those_of_the_price_page() -> None:
    assert TIERS["personal"] == {AEROAPI: Rate.within(10, 60)}
    assert TIERS["standard"] == {AEROAPI: Rate.within(5, 1)}
    assert TIERS["premium"] == {AEROAPI: Rate.within(100, 1)}
    assert TIERS["unlimited"] == {}


@KEPT_IN
@pytest.mark.parametrize("tier", ["personal", "standard"])
async def test_looks_far_before_a_departure_leave_the_last_free_place_to_a_landing(
    world: World, kept_in: str, tier: str
) -> None:
    # Ten times slower than the tier, so that nothing becomes free while we ask.
    rate = Rate(step=10 * TIERS[tier][AEROAPI].step, burst=10 * TIERS[tier][AEROAPI].burst)
    kept = pace(world, rate, kept_in)
    assert await wait(kept, FAR) == 0
    assert await wait(kept, FAR) > 0, "one place is left, and it is not for this look"
    assert await wait(kept, FAR) > 0
    assert await wait(kept, LANDING) == 0


@KEPT_IN
async def test_a_look_that_will_not_wait_takes_no_place_away(world: World, kept_in: str) -> None:
    kept = pace(world, Rate.within(2, 100), kept_in)
    assert [await wait(kept, 2) for _ in range(2)] == [0, 0]
    waits = [await wait(kept, 2) for _ in range(20)]
    assert all(90 < each <= 102 for each in waits)


# ---- what it does to looks


async def test_a_look_without_a_place_is_given_back_and_made_later(world: World) -> None:
    slow_down(world, Rate.within(2, 1000))
    (trip,) = await fly(world, 1)
    await world.context.watcher.pace.places(AEROAPI, 2, 1)
    assert await look(world, trip) is False
    flight = await flight_of(world, trip)
    assert (flight.checks, flight.consecutive_failures, flight.watch) == (0, 0, Watch.DEPARTURE)
    assert flight.last_checked_at is None
    assert flight.next_check_at is not None
    assert timedelta(seconds=900) < flight.next_check_at - world.clock.now() <= timedelta(seconds=1600)
    assert world.sandbox.aeroapi.requests[FLIGHTS] == 0
    await let_one_more_go(world, AEROAPI)
    world.clock.move_to(flight.next_check_at)
    assert await look(world, trip) is True
    flight = await flight_of(world, trip)
    assert (flight.checks, flight.last_good_at) == (1, world.clock.now())


async def test_who_gets_no_place_together_does_not_come_back_together(world: World) -> None:
    slow_down(world, Rate.within(2, 1000))
    trips = await fly(world, 8)
    await world.context.watcher.pace.places(AEROAPI, 2, 1)
    assert [await look(world, trip) for trip in trips] == [False] * 8
    dues = [(await flight_of(world, trip)).next_check_at for trip in trips]
    assert len(set(dues)) == 8
    assert max(dues) - min(dues) > timedelta(seconds=20)  # type: ignore[type-var, operator]


async def test_after_a_429_all_flights_rest_together_and_come_back(world: World) -> None:
    slow_down(world, Rate.per_second(1000))
    trips = await fly(world, 6)
    world.sandbox.aeroapi.faults.rate_limited = 1.0
    assert [await look(world, trip) for trip in trips] == [True] + [False] * 5
    assert world.sandbox.aeroapi.requests[FLIGHTS] == 1, "one was refused for all"
    assert await wait(world.context.watcher.pace, LANDING * 2) > 1, "landings rest too"
    flights = [await flight_of(world, trip) for trip in trips]
    assert [(each.checks, each.consecutive_failures) for each in flights] == [(1, 1)] + [(0, 0)] * 5
    assert {each.watch for each in flights} == {Watch.DEPARTURE}
    again = [each.next_check_at for each in flights if each.next_check_at is not None]
    assert len(again) == 6
    assert all(world.clock.now() < each <= world.clock.now() + timedelta(seconds=60) for each in again)
    world.sandbox.aeroapi.faults.rate_limited = 0.0
    await let_one_more_go(world, AEROAPI)
    world.clock.move_to(max(again))
    await world.settle()
    flights = [await flight_of(world, trip) for trip in trips]
    assert {each.last_good_at for each in flights} == {world.clock.now()}
    assert {each.last_failure for each in flights} == {None}


async def test_an_hour_of_429_switches_no_flight_off(world: World) -> None:
    trips = await fly(world, 3)
    world.sandbox.aeroapi.faults.rate_limited = 1.0
    await world.play(world.clock.now() + HOUR)
    flights = [await flight_of(world, trip) for trip in trips]
    assert {each.watch for each in flights} == {Watch.DEPARTURE}
    assert all(cadence.is_stale(each, world.clock.now()) for each in flights)
    assert all((each.last_failure or "").startswith("RATE_LIMITED") for each in flights)
    world.sandbox.aeroapi.faults.rate_limited = 0.0
    await world.play(world.clock.now() + timedelta(minutes=11))
    assert None not in [(await flight_of(world, trip)).last_good_at for trip in trips]
