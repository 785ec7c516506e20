"""A departure means the date and the clock at its airport, also near midnight and where the clocks are changed."""

from datetime import datetime, timedelta

import pytest

from tests.journeys.stage import HOUR, MINUTE, QUIET_FLIGHT, flight_of, flown, sent_at
from tests.world import World, text

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("origin", "local", "instant", "said"),
    [
        ("EZE", "2026-03-12T23:30", "2026-03-13T02:30:00Z", "jueves 12 de marzo, 23:30 (EZE)"),
        ("EZE", "2026-03-13T00:30", "2026-03-13T03:30:00Z", "viernes 13 de marzo, 00:30 (EZE)"),
        ("JFK", "2026-03-12T20:30", "2026-03-13T00:30:00Z", "jueves 12 de marzo, 20:30 (JFK)"),
        ("SYD", "2026-03-13T07:00", "2026-03-12T20:00:00Z", "viernes 13 de marzo, 07:00 (SYD)"),
    ],
)
async def test_a_flight_near_midnight_is_the_one_of_the_travellers_own_date(
    world: World, origin: str, local: str, instant: str, said: str
) -> None:
    departure = datetime.fromisoformat(instant)
    as_if_utc = datetime.fromisoformat(f"{local}:00Z")
    others = {departure - DAY, departure + DAY, as_if_utc} - {departure}
    mine = world.fly("ARG1303", departure, *flown(departure), origin=origin)
    for number, other in enumerate(sorted(others)):
        wrong = {"estimated_out": other + 5 * HOUR, "gate_origin": "WRONG"}
        world.fly(
            "ARG1303",
            other,
            (-20 * HOUR, wrong),
            origin=origin,
            fa_flight_id=f"ARG1303-177300000{number}-x-0001",
            visible_from=text(departure - 40 * HOUR),
        )
    trip = await world.book("AR1303", departure=local, origin=origin)
    await world.play(departure + 30 * HOUR)
    assert world.heard() == QUIET_FLIGHT
    assert (await flight_of(world, trip)).fa_flight_id == mine
    [confirmation] = [line["body"] for line in world.messages if line["type"] == "RESERVATION_CONFIRMATION"]
    assert said in confirmation


CLOCKS_CHANGE = [
    # New York: 01:59 is followed by 03:00, and in autumn by 01:00 again; of two half past ones the first counts.
    ("JFK", "2027-03-14T01:30", "2027-03-14T06:30:00Z"),
    ("JFK", "2027-03-14T03:30", "2027-03-14T07:30:00Z"),
    ("JFK", "2027-03-14T23:30", "2027-03-15T03:30:00Z"),
    ("JFK", "2026-11-01T00:30", "2026-11-01T04:30:00Z"),
    ("JFK", "2026-11-01T01:30", "2026-11-01T05:30:00Z"),
    ("JFK", "2026-11-01T02:30", "2026-11-01T07:30:00Z"),
    ("LHR", "2026-03-29T00:30", "2026-03-29T00:30:00Z"),
    ("LHR", "2026-03-29T02:30", "2026-03-29T01:30:00Z"),
    ("LHR", "2026-10-25T00:30", "2026-10-24T23:30:00Z"),
    ("LHR", "2026-10-25T02:30", "2026-10-25T02:30:00Z"),
    # Santiago changes at midnight: 23:00 to 24:00 comes twice in autumn, 00:00 to 01:00 never in spring.
    ("SCL", "2026-04-04T23:30", "2026-04-05T02:30:00Z"),
    ("SCL", "2026-04-05T00:30", "2026-04-05T04:30:00Z"),
    ("SCL", "2026-09-05T23:30", "2026-09-06T03:30:00Z"),
    ("SCL", "2026-09-06T01:30", "2026-09-06T04:30:00Z"),
    ("SYD", "2026-04-05T03:30", "2026-04-04T17:30:00Z"),
    ("SYD", "2026-10-04T03:30", "2026-10-03T16:30:00Z"),
]


@pytest.mark.parametrize(("origin", "local", "instant"), CLOCKS_CHANGE, ids=[f"{c[0]} {c[1]}" for c in CLOCKS_CHANGE])
async def test_a_flight_on_the_day_the_clocks_change_is_found_and_boarded_on_time(
    world: World, origin: str, local: str, instant: str
) -> None:
    departure = datetime.fromisoformat(instant)
    world.clock.move_to(departure - 3 * DAY)
    mine = world.fly("ARG1303", departure, *flown(departure), origin=origin)
    for number, off in enumerate((-DAY, -HOUR, HOUR, DAY)):
        world.fly(
            "ARG1303",
            departure + off,
            origin=origin,
            fa_flight_id=f"ARG1303-177300000{number}-x-0001",
            visible_from=text(departure - 40 * HOUR),
        )
    trip = await world.book("AR1303", departure=local, origin=origin)
    await world.play(departure + 30 * HOUR)
    assert world.heard() == QUIET_FLIGHT
    assert (await flight_of(world, trip)).fa_flight_id == mine
    assert sent_at(world, "BOARDING") == text(departure - 90 * MINUTE)
    [boarding] = [line["body"] for line in world.messages if line["type"] == "BOARDING"]
    assert f"{local[11:]} ({origin})" in boarding
