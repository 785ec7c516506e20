"""Records with gaps, odd words and late facts: the traveller hears the same as of a perfect one."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.journeys.stage import HOUR, MINUTE, QUIET_FLIGHT, flight_of, flown, look, sent_at, told
from tests.world import World, text
from travel.model import NotificationStatus

DAY = timedelta(days=1)
PUSH = "/webhooks/aeroapi/push-token-of-the-tests"


@pytest.fixture
def departure(world: World) -> datetime:
    """Noon UTC, 09:00 at Ezeiza, in two days."""
    return world.clock.now() + 2 * DAY


async def test_a_landing_is_told_once_though_progress_says_100_before_and_the_gate_comes_late(
    world: World, departure: datetime
) -> None:
    out, off, on = flown(departure)
    late_gate = (40 * MINUTE + on[0], {"actual_in": departure + 140 * MINUTE})
    world.fly("ARG1303", departure, out, off, (90 * MINUTE, {"progress_percent": 100}), on, late_gate)
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure + 91 * MINUTE)
    assert world.heard() == QUIET_FLIGHT[:3], "progress is no landing"
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT
    assert "2026-03-12T13:50:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T13:52:00Z"


async def test_a_flight_seen_again_only_after_it_landed_welcomes_and_says_nothing_else(
    world: World, departure: datetime
) -> None:
    """Take-off and touchdown show up in one answer, and the touchdown is corrected afterwards."""
    everything = {
        "actual_out": departure + 2 * MINUTE,
        "actual_off": departure + 12 * MINUTE,
        "actual_on": departure + 110 * MINUTE,
        "gate_origin": "Z9",
        "estimated_out": departure + HOUR,
    }
    corrected = (115 * MINUTE, {"actual_on": departure + 108 * MINUTE})
    world.fly("ARG1303", departure, (111 * MINUTE, everything), corrected)
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure + 111 * MINUTE)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT


async def test_estimates_that_disagree_with_what_happened_say_nothing(world: World, departure: datetime) -> None:
    """The estimate of the gate stays behind the actual time, and may lie before the touchdown, as in real records."""
    out, off, on = flown(departure)
    left = {**out[1], "estimated_out": departure - 5 * MINUTE}
    down = {**on[1], "estimated_in": departure + 105 * MINUTE}
    world.fly("ARG1303", departure, (out[0], left), off, (on[0], down))
    await world.book("AR1303", departure=departure)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT


async def test_a_runway_estimate_is_never_told_as_the_departure_from_the_gate(
    world: World, departure: datetime
) -> None:
    out, off, on = flown(departure)
    runway = {"estimated_out": None, "estimated_in": None, "estimated_off": departure + 55 * MINUTE}
    world.fly("ARG1303", departure, (-5 * HOUR, runway), out, off, on)
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure - 5 * HOUR)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT


async def test_a_flight_without_any_gate_time_is_followed_on_the_runway(world: World, departure: datetime) -> None:
    late = departure + 40 * MINUTE
    world.fly(
        "ARG1303",
        departure,
        (-5 * HOUR, {"estimated_off": late, "estimated_on": late + 100 * MINUTE}),
        (40 * MINUTE, {"actual_off": late}),
        (140 * MINUTE, {"actual_on": late + 100 * MINUTE}),
        scheduled_out=None,
        scheduled_in=None,
        scheduled_off=text(departure),
        scheduled_on=text(departure + 100 * MINUTE),
    )
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure - 5 * HOUR)
    await world.play(departure + DAY)
    assert told(world)[2:] == [
        ("DELAYED", "2026-03-12T12:40:00Z"),
        ("BOARDING", "2026-03-12T12:40:00Z"),
        ("LANDING_WELCOME", "KMIA"),
    ]
    assert "2026-03-12T14:20:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T14:22:00Z"


async def test_a_record_with_missing_and_unknown_keys_is_as_good_as_a_whole_one(
    world: World, departure: datetime
) -> None:
    world.sandbox.aeroapi.faults.drop_optional_keys = True
    odd: dict[str, Any] = {"aircraft_type": "E190 ", "a_key_of_next_year": {"deep": [1, None]}, "ident_icao": None}
    nowhere = ((-20 * HOUR, {"origin": None}), (-18 * HOUR, {"origin": "SAEZ"}))
    world.fly("ARG1303", departure, *nowhere, *flown(departure), **odd)
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure - 19 * HOUR)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT


TEXTS = (
    "Delayed",
    "Cancelled",
    "已到達",
    "Arrived / Gate Arrival",
    "unknown",
    "result unknown",
    "Boarding",
    "DIVERTED",
)


@pytest.mark.parametrize("words", TEXTS)
async def test_the_words_of_the_status_are_never_news(world: World, departure: datetime, words: str) -> None:
    steps = ((-26 * HOUR, {"status": words}), *flown(departure))
    world.fly("ARG1303", departure, *steps)
    trip = await world.book("AR1303", departure=departure)
    for at in (-26 * HOUR, -25 * HOUR, 20 * MINUTE):
        await look(world, trip, departure + at)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT


@pytest.mark.parametrize(
    "outage",
    [
        {"rate_limited": 1.0},
        {"server_error": 1.0},
        {"timeout": 1.0, "timeout_s": 0.0},
        {"truncated": 1.0},
        {"html": 1.0},
    ],
    ids=lambda each: next(iter(each)),
)
async def test_news_that_came_in_an_outage_of_hours_is_told_after_it(
    world: World, departure: datetime, outage: dict[str, float]
) -> None:
    late = [(45 * MINUTE + at, change) for at, change in flown(departure + 45 * MINUTE)]
    world.fly("ARG1303", departure, (-10 * HOUR, {"estimated_out": departure + 45 * MINUTE}), *late)
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure - 12 * HOUR)
    for name, value in outage.items():
        setattr(world.sandbox.aeroapi.faults, name, value)
    await look(world, trip, departure - 11 * HOUR)
    await world.play(departure - 8 * HOUR)
    assert world.heard() == QUIET_FLIGHT[:2]
    for name in outage:
        setattr(world.sandbox.aeroapi.faults, name, 0.0)
    await world.play(departure + DAY)
    assert told(world)[2:] == [
        ("DELAYED", "2026-03-12T12:45:00Z"),
        ("BOARDING", "2026-03-12T12:45:00Z"),
        ("LANDING_WELCOME", "KMIA"),
    ]
    assert {each.status for each in await world.decided(trip)} <= {
        NotificationStatus.DELIVERED,
        NotificationStatus.READ,
    }


async def test_a_push_is_taken_whatever_it_says_and_says_nothing_by_itself(world: World, departure: datetime) -> None:
    fa_flight_id = world.fly("ARG1303", departure, *flown(departure))
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure - 10 * HOUR)
    whole = {
        "fa_flight_id": fa_flight_id,
        "cancelled": True,
        "gate_origin": "Z9",
        "estimated_out": text(departure + HOUR),
    }
    pushes: list[dict[str, Any]] = [
        {"flight": {"fa_flight_id": fa_flight_id, "error": "Extended details unavailable"}},
        {"flight": {"fa_flight_id": fa_flight_id}, "event_code": "of_next_year"},
        {"flight": whole, "event_code": "cancelled", "alert_id": 7},
        {"flight": whole, "event_code": "cancelled", "alert_id": 7},
        {"flight": {"fa_flight_id": "ZZZ1-1773000000-airline-0001"}, "event_code": "cancelled"},
    ]
    for minute, push in enumerate(pushes * 2):
        await world.play(departure - 9 * HOUR + minute * 6 * MINUTE)
        assert (await world.http.post(PUSH, json=push)).status_code == 200
        await world.settle()
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT


async def test_what_is_seen_late_is_recorded_with_both_times_and_told_when_seen(
    world: World, departure: datetime
) -> None:
    out, off, on = flown(departure)
    world.fly("ARG1303", departure, out, off, (on[0] + 7 * MINUTE, on[1]))
    trip = await world.book("AR1303", departure=departure)
    await world.play(departure + DAY)
    [seen] = [record for record in await world.history(trip) if record.state.actual_on]
    assert seen.state.actual_on == departure + 110 * MINUTE
    assert departure + 117 * MINUTE <= seen.recorded_at <= departure + 119 * MINUTE
    assert (
        departure + 117 * MINUTE
        <= datetime.fromisoformat(sent_at(world, "LANDING_WELCOME"))
        <= seen.recorded_at + MINUTE
    )


async def test_watching_a_flight_costs_one_page_a_look_and_every_page_is_counted(
    world: World, departure: datetime
) -> None:
    for number in range(40):
        at = departure + (number - 20) * 12 * HOUR
        if at != departure:
            world.fly("ARG1303", at, fa_flight_id=f"ARG1303-17730000{number:02}-airline-0001")
    mine = world.fly("ARG1303", departure, *flown(departure))
    trip = await world.book("AR1303", departure=departure)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT
    assert (await flight_of(world, trip)).fa_flight_id == mine
    source = world.sandbox.aeroapi
    assert source.result_sets["/flights/{ident}"] == source.requests["/flights/{ident}"]
    async with world.db.transaction(trip.agency_id) as tx:
        counted = await tx.value("SELECT sum(result_sets) FROM aeroapi_usage")
    assert counted == source.result_sets["/flights/{ident}"]
