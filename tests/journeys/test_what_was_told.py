"""What a traveller was last told is true: changes are counted from there, and told once, at the right hour."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.journeys.stage import HOUR, MINUTE, QUIET_FLIGHT, flown, look, sent_at, told
from tests.world import World, text
from travel.model import NotificationReason, NotificationStatus, NotificationType

DAY = timedelta(days=1)


@pytest.fixture
def departure(world: World) -> datetime:
    """Noon UTC, 09:00 at Ezeiza, in two days."""
    return world.clock.now() + 2 * DAY


async def looked(world: World, departure: datetime, *steps: tuple[timedelta, dict[str, Any]], **fields: Any) -> Any:
    """A trip whose flight is looked at as soon as the source shows each of the steps."""
    world.fly("ARG1303", departure, *steps, **fields)
    trip = await world.book("AR1303", departure=departure)
    for at, _ in steps:
        await look(world, trip, departure + at)
    return trip


async def test_a_delay_that_creeps_by_ten_minutes_is_told_whenever_the_sum_passes_the_threshold(
    world: World, departure: datetime
) -> None:
    steps = [(-10 * HOUR + 20 * n * MINUTE, {"estimated_out": departure + 10 * n * MINUTE}) for n in range(1, 10)]
    await looked(world, departure, *steps)
    assert told(world, "DELAYED", "EARLIER") == [
        ("DELAYED", "2026-03-12T12:20:00Z"),
        ("DELAYED", "2026-03-12T12:40:00Z"),
        ("DELAYED", "2026-03-12T13:00:00Z"),
        ("DELAYED", "2026-03-12T13:20:00Z"),
    ]
    await world.play(departure + 90 * MINUTE)
    [boarding] = [line for line in world.messages if line["type"] == "BOARDING"]
    assert boarding["at"] == "2026-03-12T12:00:00Z", "90 minutes before the departure of 13:30"
    assert "10:30 (EZE)" in boarding["body"]


async def test_a_delay_that_shrinks_at_three_in_the_morning_is_told_in_that_minute(
    world: World, departure: datetime
) -> None:
    steps = [
        (-7 * HOUR, {"estimated_out": departure + 120 * MINUTE}),
        (-6 * HOUR, {"estimated_out": departure + 20 * MINUTE}),
    ]
    await looked(world, departure, *steps)
    assert [(line["at"], line["type"], line["value"]) for line in world.messages[2:]] == [
        ("2026-03-12T05:00:00Z", "DELAYED", "2026-03-12T14:00:00Z"),
        ("2026-03-12T06:00:00Z", "EARLIER", "2026-03-12T12:20:00Z"),
    ]
    assert "09:20 (EZE)" in world.messages[-1]["body"]


async def test_a_delay_that_shrinks_a_minute_after_it_was_told_does_not_wait_its_turn(
    world: World, departure: datetime
) -> None:
    steps = [
        (-5 * HOUR, {"estimated_out": departure + 120 * MINUTE}),
        (-5 * HOUR + MINUTE, {"estimated_out": departure + 20 * MINUTE}),
        (-5 * HOUR + 2 * MINUTE, {"estimated_out": departure - 30 * MINUTE}),
    ]
    await looked(world, departure, *steps)
    assert [(line["at"], line["type"], line["value"]) for line in world.messages[2:]] == [
        ("2026-03-12T07:00:00Z", "DELAYED", "2026-03-12T14:00:00Z"),
        ("2026-03-12T07:01:00Z", "EARLIER", "2026-03-12T12:20:00Z"),
        ("2026-03-12T07:02:00Z", "EARLIER", "2026-03-12T11:30:00Z"),
    ]


async def test_delays_that_grow_within_ten_minutes_are_told_as_the_last_of_them(
    world: World, departure: datetime
) -> None:
    minutes = (30, 60, 90, 120)
    steps = [(-5 * HOUR + n * MINUTE, {"estimated_out": departure + late * MINUTE}) for n, late in enumerate(minutes)]
    await looked(world, departure, *steps)
    await world.play(departure - 4 * HOUR)
    assert [(line["at"], line["value"]) for line in world.messages[2:]] == [
        ("2026-03-12T07:00:00Z", "2026-03-12T12:30:00Z"),
        ("2026-03-12T07:10:00Z", "2026-03-12T14:00:00Z"),
    ]


async def test_a_departure_that_jitters_by_four_minutes_is_never_spoken_of(world: World, departure: datetime) -> None:
    wobble = [4, -4, 3, 0, -2, 4, -4, 1, 2, -3] * 2
    steps = [
        (-10 * HOUR + 20 * n * MINUTE, {"estimated_out": departure + off * MINUTE}) for n, off in enumerate(wobble)
    ]
    await looked(world, departure, *steps)
    await world.play(departure)
    assert world.heard() == QUIET_FLIGHT[:3]


async def test_a_gate_that_goes_there_and_back_within_minutes_is_silent_with_a_reason(
    world: World, departure: datetime
) -> None:
    trip = await looked(
        world,
        departure,
        (-20 * HOUR, {"gate_origin": "A13"}),
        (-5 * HOUR, {"gate_origin": "B2"}),
        (-5 * HOUR + 2 * MINUTE, {"gate_origin": "A13"}),
    )
    await world.play(departure)
    assert world.heard() == QUIET_FLIGHT[:3]
    [change] = [each for each in await world.decided(trip) if each.type is NotificationType.GATE_CHANGE]
    assert (change.status, change.reason) == (NotificationStatus.SUPPRESSED, NotificationReason.SETTLED_BACK)
    assert change.tells.gate == "B2"


async def test_a_gate_that_goes_back_while_nobody_asks_is_looked_at_before_it_is_told(
    world: World, departure: datetime
) -> None:
    gates = ((-20 * HOUR, "A13"), (-5 * HOUR, "B2"), (-5 * HOUR + MINUTE, "A13"))
    world.fly("ARG1303", departure, *((at, {"gate_origin": gate}) for at, gate in gates))
    trip = await world.book("AR1303", departure=departure)
    for at, _ in gates[:2]:
        await look(world, trip, departure + at)
    await world.play(departure)
    assert world.heard() == QUIET_FLIGHT[:3]


async def test_an_unknown_gate_is_no_news_and_the_first_is_no_change(world: World, departure: datetime) -> None:
    await looked(
        world,
        departure,
        (-20 * HOUR, {"gate_origin": None}),
        (-10 * HOUR, {"gate_origin": "A13"}),
        (-8 * HOUR, {"gate_origin": None}),
        (-6 * HOUR, {"gate_origin": "A14"}),
        (-5 * HOUR, {"gate_origin": None}),
    )
    await world.play(departure)
    assert told(world)[2:] == [("GATE_CHANGE", "A14"), ("BOARDING", "A14")]


async def test_a_delay_and_a_gate_in_one_look_are_two_messages(world: World, departure: datetime) -> None:
    both = {
        "scheduled_out": departure + 5 * MINUTE,
        "estimated_out": departure + 60 * MINUTE,
        "estimated_off": departure + 75 * MINUTE,
        "gate_origin": "B2",
        "terminal_origin": "C",
        "status": "Scheduled / Delayed",
    }
    await looked(world, departure, (-5 * HOUR, both), gate_origin="A13")
    await world.play(departure - HOUR)
    assert told(world)[2:] == [("DELAYED", "2026-03-12T13:00:00Z"), ("GATE_CHANGE", "B2")]


# ---- cancellations and diversions


async def test_a_flag_that_falls_before_the_second_look_says_nothing(world: World, departure: datetime) -> None:
    steps = ((-10 * HOUR, {"cancelled": True}), (-10 * HOUR + 4 * MINUTE, {"cancelled": False}))
    await looked(world, departure, *steps)
    await world.play(departure)
    assert world.heard() == QUIET_FLIGHT[:3]


async def test_a_cancellation_is_told_at_the_second_look_and_taken_back_when_it_flies_after_all(
    world: World, departure: datetime
) -> None:
    back = {"cancelled": False, "estimated_out": departure + 60 * MINUTE}
    left = [(60 * MINUTE + at, change) for at, change in flown(departure + HOUR)]
    world.fly("ARG1303", departure, (-10 * HOUR, {"cancelled": True}), (-8 * HOUR, back), *left)
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure - 10 * HOUR)
    assert world.heard() == QUIET_FLIGHT[:2], "read once, it decides nothing"
    await look(world, trip, departure - 10 * HOUR + 5 * MINUTE)
    assert sent_at(world, "CANCELLED") == "2026-03-12T02:05:00Z"
    await look(world, trip, departure - 8 * HOUR)
    await world.play(departure + DAY)
    assert told(world)[2:] == [
        ("CANCELLED", None),
        ("REINSTATED", "2026-03-12T13:00:00Z"),
        ("BOARDING", "2026-03-12T13:00:00Z"),
        ("LANDING_WELCOME", "KMIA"),
    ]
    assert sent_at(world, "BOARDING") == "2026-03-12T11:30:00Z"


async def test_a_cancelled_flight_is_neither_reminded_nor_boarded_nor_welcomed(
    world: World, departure: datetime
) -> None:
    steps = ((-30 * HOUR, {"cancelled": True}), (-30 * HOUR + 10 * MINUTE, {"status": "Cancelled"}))
    trip = await looked(world, departure, *steps)
    await world.play(departure + DAY)
    assert world.heard() == ["RESERVATION_CONFIRMATION", "CANCELLED"]
    waiting = [each for each in await world.decided(trip) if each.status is NotificationStatus.PENDING]
    assert waiting == []


async def test_a_diversion_that_names_its_airport_later_is_amended_and_the_landing_there_is_the_landing(
    world: World, departure: datetime
) -> None:
    fa_flight_id = world.fly("ARG1303", departure, *flown(departure)[:2], (50 * MINUTE, {"diverted": True}))
    world.fly(
        "ARG1303",
        departure,
        (125 * MINUTE, {"actual_on": departure + 125 * MINUTE}),
        fa_flight_id=fa_flight_id,
        destination="KTPA",
        visible_from=text(departure + 70 * MINUTE),
        estimated_on=text(departure + 125 * MINUTE),
    )
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure + 51 * MINUTE)
    await look(world, trip, departure + 71 * MINUTE)
    await world.play(departure + DAY)
    assert told(world)[3:] == [("DIVERTED", None), ("DIVERTED", "KTPA"), ("LANDING_WELCOME", "KTPA")]
    assert "Tampa (TPA)" in world.messages[-2]["body"]
    assert "2026-03-12T14:05:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T14:07:00Z"


# ---- boarding, and after it


@pytest.mark.parametrize(
    ("moves", "boarding_at", "said"),
    [
        ([(-10 * HOUR, 180)], "2026-03-12T13:30:00Z", "12:00"),
        ([(-10 * HOUR, 180), (-9 * HOUR, -30)], "2026-03-12T10:00:00Z", "08:30"),
        ([(-10 * HOUR, -60), (-9 * HOUR, 5)], "2026-03-12T10:35:00Z", "09:05"),
        ([(-100 * MINUTE, 60)], "2026-03-12T11:30:00Z", "10:00"),
        # It leaves in forty minutes, all of a sudden: at once.
        ([(-2 * HOUR, -80)], "2026-03-12T10:00:00Z", "07:40"),
    ],
    ids=["later", "later, then earlier", "earlier, then back", "just before boarding", "sooner than boarding takes"],
)
async def test_boarding_moves_with_the_departure(
    world: World, departure: datetime, moves: list[tuple[timedelta, int]], boarding_at: str, said: str
) -> None:
    await looked(world, departure, *((at, {"estimated_out": departure + off * MINUTE}) for at, off in moves))
    await world.play(departure + 6 * HOUR)
    assert sent_at(world, "BOARDING") == boarding_at
    [body] = [line["body"] for line in world.messages if line["type"] == "BOARDING"]
    assert f"{said} (EZE)" in body


async def test_nothing_is_said_of_the_departure_once_the_flight_has_left(world: World, departure: datetime) -> None:
    out, off, on = flown(departure)
    steps = (
        out,
        (5 * MINUTE, {"estimated_out": departure + HOUR, "gate_origin": "B2"}),
        off,
        (20 * MINUTE, {"scheduled_out": departure + 3 * HOUR, "gate_origin": "C3", "cancelled": True}),
        (30 * MINUTE, {"actual_out": departure - HOUR, "gate_origin": "D4", "cancelled": True}),
    )
    world.fly("ARG1303", departure, *steps, on, gate_origin="A13")
    trip = await world.book("AR1303", departure=departure)
    for at, _ in steps:
        await look(world, trip, departure + at)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT


async def test_a_flight_that_returns_to_its_gate_is_spoken_of_again(world: World, departure: datetime) -> None:
    steps = (
        (2 * MINUTE, {"actual_out": departure + 2 * MINUTE}),
        (20 * MINUTE, {"actual_out": None, "estimated_out": departure + 120 * MINUTE, "status": "Returned to Gate"}),
    )
    await looked(world, departure, *steps)
    await world.play(departure + HOUR)
    assert told(world)[3:] == [("DELAYED", "2026-03-12T14:00:00Z")]


async def test_a_flight_that_stands_at_its_gate_past_its_time_is_still_spoken_of(
    world: World, departure: datetime
) -> None:
    await looked(world, departure, (10 * MINUTE, {"estimated_out": departure + 90 * MINUTE}))
    assert told(world)[3:] == [("DELAYED", "2026-03-12T13:30:00Z")]
