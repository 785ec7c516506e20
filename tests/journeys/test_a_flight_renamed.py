"""AeroAPI renames flights, loses them and refuses their numbers; the traveller hears nothing of that."""

from dataclasses import replace
from datetime import timedelta

import httpx

from tests.journeys.stage import BOB, HOUR, MINUTE, QUIET_FLIGHT, directed, flight_of, flown, look, sent_at, told
from tests.world import ANA, World
from travel.aeroapi import AeroApi

DAY = timedelta(days=1)


async def test_a_flight_that_is_given_new_ids_is_neither_cancelled_nor_reminded_twice_and_lands(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    ids = [f"ARG1303-177320000{number}-airline-000{number}" for number in range(5)]
    times = (-30 * HOUR, -23 * HOUR, -5 * HOUR, -40 * MINUTE, 60 * MINUTE)
    directed(
        world,
        "ARG1303",
        departure,
        *((at, {"replace_id": id_}) for at, id_ in zip(times, ids, strict=True)),
        *((at, {"set": change}) for at, change in flown(departure)),
    )
    trip = await world.book("AR1303", departure=departure)
    for at in times:
        await look(world, trip, departure + at + MINUTE)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT
    assert "2026-03-12T13:50:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T13:52:00Z"
    assert (await flight_of(world, trip)).fa_flight_id == ids[-1]


async def test_a_flight_moved_by_hours_and_given_a_new_id_is_still_the_same_flight(world: World) -> None:
    """The airline moves it by seven hours, and AeroAPI makes a new id of it: the last told departure is known."""
    departure = world.clock.now() + 2 * DAY
    new = departure + 7 * HOUR
    moved = {
        "scheduled_out": new,
        "scheduled_off": new + 10 * MINUTE,
        "scheduled_on": new + 110 * MINUTE,
        "scheduled_in": new + 120 * MINUTE,
    }
    directed(
        world,
        "ARG1303",
        departure,
        (-20 * HOUR, {"set": moved}),
        (-10 * HOUR, {"replace_id": "ARG1303-1773300000-airline-0009"}),
        *((7 * HOUR + at, {"set": change}) for at, change in flown(new)),
    )
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure - 19 * HOUR)
    assert told(world, "DELAYED") == [("DELAYED", "2026-03-12T19:00:00Z")]
    await world.play(departure + 2 * DAY)
    assert told(world)[2:] == [
        ("DELAYED", "2026-03-12T19:00:00Z"),
        ("BOARDING", "2026-03-12T19:00:00Z"),
        ("LANDING_WELCOME", "KMIA"),
    ]


async def test_a_record_that_disappears_and_comes_back_is_no_cancellation_and_lands(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    absences = ((-31 * HOUR, -29 * HOUR), (-6 * HOUR, -4 * HOUR), (30 * MINUTE, 60 * MINUTE))
    directed(
        world,
        "ARG1303",
        departure,
        *((at, {"gone": gone}) for pair in absences for at, gone in zip(pair, (True, False), strict=True)),
        *((at, {"set": change}) for at, change in flown(departure)),
    )
    trip = await world.book("AR1303", departure=departure)
    for gone, back in absences:
        await look(world, trip, departure + gone + MINUTE)
        await look(world, trip, departure + back - MINUTE)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT
    assert "2026-03-12T13:50:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T13:52:00Z"


async def test_a_record_that_disappears_for_good_is_never_called_cancelled_and_shown_as_lost(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    directed(world, "ARG1303", departure, (-6 * HOUR, {"gone": True}))
    await world.book("AR1303", departure=departure)
    await world.play(departure + 2 * DAY)
    assert world.heard() == ["RESERVATION_CONFIRMATION", "REMINDER_24H", "BOARDING"]
    shown = await world.data("{ trips { nodes { status } } }")
    assert shown["trips"]["nodes"] == [{"status": "LOST"}]


async def test_a_flight_whose_result_is_unknown_ends_without_a_word_that_is_not_true(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    world.fly("ARG1303", departure, (HOUR, {"status": "result unknown"}))
    world.fly("ARG1305", departure, *flown(departure)[:2], (HOUR, {"status": "result unknown"}))
    await world.book("AR1303", departure=departure)
    await world.book("AR1305", departure=departure, phone=BOB)
    await world.play(departure + 2 * DAY)
    for phone in (ANA, BOB):
        assert world.heard(phone) == ["RESERVATION_CONFIRMATION", "REMINDER_24H", "BOARDING"]
    shown = await world.data("{ trips { nodes { status } } }")
    assert shown["trips"]["nodes"] == [{"status": "LOST"}, {"status": "LOST"}]
    async with world.db.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM flights WHERE next_check_at IS NOT NULL") == 0


async def test_a_number_that_aeroapi_refuses_for_a_day_is_watched_all_the_same(world: World) -> None:
    """400 is also the answer to an ident it does not know yet; it is no outage, and other flights are told of."""
    departure = world.clock.now() + 2 * DAY
    late = {"estimated_out": departure + 45 * MINUTE}
    for ident in ("ARG1303", "ARG1305"):
        world.fly(ident, departure, (-40 * HOUR, late))
    refuses = True
    stand_in = httpx.ASGITransport(world.sandbox.app)

    class Refusing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if refuses and "1303" in request.url.path:
                return httpx.Response(
                    400, json={"title": "Invalid argument", "status": 400, "detail": "", "reason": ""}
                )
            return await stand_in.handle_async_request(request)

    source = AeroApi.open(url="http://x/aeroapi", key="key-of-the-stand-in", timeout_seconds=5, transport=Refusing())
    world.context = replace(world.context, watcher=replace(world.context.watcher, source=source))
    await world.book("AR1303", departure=departure)
    await world.book("AR1305", departure=departure, phone=BOB)
    await world.play(departure - 23 * HOUR)
    assert told(world, "DELAYED", phone=ANA) == []
    assert told(world, "DELAYED", phone=BOB) == [("DELAYED", "2026-03-12T12:45:00Z")]
    refuses = False
    await world.play(departure)
    await source.close()
    assert world.heard(ANA) == ["RESERVATION_CONFIRMATION", "REMINDER_24H", "DELAYED", "BOARDING"]
    assert told(world, "DELAYED", phone=ANA) == [("DELAYED", "2026-03-12T12:45:00Z")]
