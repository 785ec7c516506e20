"""The look four hours before a departure is for airports that cancel flights, and for those of which nobody knows."""

from datetime import datetime, timedelta

from tests.actions.test_tracking import flight_of, look
from tests.world import World
from travel.model import Trip

HOUR = timedelta(hours=1)
IDENTS = [f"AR130{number}" for number in range(1, 8)]


async def bank(world: World, departure: datetime, cancelled: int = 0) -> list[Trip]:
    """Flights that leave in one hour, known since they were booked; so many of them are cancelled five hours before."""
    trips = []
    for number, ident in enumerate(IDENTS):
        at = departure + number * timedelta(minutes=1)
        news = [(-5 * HOUR, {"cancelled": True})] if number < cancelled else []
        world.fly(ident.replace("AR", "ARG"), at, *news)
        trips.append(await world.book(ident, departure=at, phone=f"+54911555501{number:02}"))
    await world.settle()
    return trips


async def looked_far(world: World, trips: list[Trip]) -> list[bool]:
    """Which of the flights were looked at four hours before they leave."""
    made = []
    for trip in trips:
        due = (await flight_of(world, trip)).next_check_at
        assert due is not None
        world.clock.move_to(due)
        made.append(await look(world, trip))
    return made


async def test_once_five_departures_were_seen_to_fare_well_the_others_need_no_look_of_their_own(world: World) -> None:
    departure = world.clock.now() + 12 * HOUR
    trips = await bank(world, departure)
    assert await looked_far(world, trips) == [True] * 5 + [False] * 2
    assert world.clock.now() == departure + timedelta(minutes=6) - 4 * HOUR, "the last of the looks, or rests"
    rested = await flight_of(world, trips[-1])
    assert rested.next_check_at is not None
    assert rested.best_departure_at - rested.next_check_at < 2 * HOUR


async def test_what_was_seen_long_ago_says_nothing_of_now(world: World) -> None:
    # Four hours before they leave, all seven were seen when they were booked. A flight says nothing about itself.
    lately = await bank(world, world.clock.now() + 4.9 * HOUR)
    assert await looked_far(world, lately) == [False] * 7
    long_ago = await bank(world, world.clock.now() + 5.1 * HOUR)
    assert await looked_far(world, long_ago) == [True] * 5 + [False] * 2


async def test_an_airport_that_cancels_is_looked_at_flight_by_flight(world: World) -> None:
    trips = await bank(world, world.clock.now() + 12 * HOUR, cancelled=1)
    assert await looked_far(world, trips) == [True] * 7
