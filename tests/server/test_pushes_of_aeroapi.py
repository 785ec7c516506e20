"""Whatever arrives at the door for AeroAPI's pushes hastens one look at one flight, and tells nobody anything by itself."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from sandbox.aeroapi.alerts import CODES
from tests.world import PUBLIC, World
from travel import booking
from travel.model import Trip

DOOR = "/webhooks/aeroapi/push-token-of-the-tests"
ID, OTHER = "ARG1303-1-airline-0001", "ARG1305-1-airline-0001"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEN = "+5491155550102"


@dataclass(frozen=True, kw_only=True)
class Watching:
    """What the house knows and has done about a flight, as far as a push could change it."""

    watch: str
    next_look: datetime | None
    looks: int


async def watching(world: World, trip: Trip) -> Watching:
    async with world.db.transaction() as tx:
        row = await tx.one("SELECT watch, next_check_at, checks FROM flights WHERE id = :id", id=trip.flight_id)
    assert row is not None
    return Watching(watch=row["watch"], next_look=row["next_check_at"], looks=row["checks"])


async def two_watched(world: World) -> tuple[Trip, Trip]:
    """Two flights that were looked at, and shall be looked at again much later."""
    departure = world.clock.now() + 20 * HOUR
    trips = []
    for ident, fa_flight_id, phone in (("AR1303", ID, "+5491155550101"), ("AR1305", OTHER, BEN)):
        world.fly(ident.replace("AR", "ARG"), departure, fa_flight_id=fa_flight_id)
        trips.append(await world.book(ident, departure=departure, phone=phone))
    await world.settle()
    world.clock.move_to(world.clock.now() + 5 * MINUTE)
    await world.settle()
    return trips[0], trips[1]


def push(**changes: Any) -> dict[str, Any]:
    """A push that says more than the source shows: none of it may be believed."""
    flight = {"fa_flight_id": ID, "ident": "ARG1303", "cancelled": True, "actual_on": "2026-03-10T12:00:00Z"}
    whole = {"long_description": "x", "short_description": "x", "summary": "x", "event_code": "cancelled"}
    return {**whole, "alert_id": 7, "flight": {**flight, **changes.pop("flight", {})}, **changes}


BARE = {"fa_flight_id": ID, "error": "Extended details unavailable"}


# Taken: the look is due at once


@pytest.mark.parametrize(
    "body",
    [
        *(push(event_code=code) for code in sorted(CODES)),
        push(event_code="surface_hold_review"),
        push(event_code=None),
        push(event_code=["out"]),
        push(alert_id="7"),
        {**push(), "flight": BARE},
        {"flight": BARE},
        push(flight={"origin": {"code": "SAEZ"}, "scheduled_out": "yesterday", "cancelled": "yes"}),
        push(of_tomorrow={"a": [1]}, flight={"of_tomorrow": 1}),
    ],
    ids=lambda body: f"{body.get('event_code')}-{len(body)}-{len(body['flight'])}",
)
async def test_a_push_makes_the_next_look_due_at_that_flight_alone(world: World, body: dict[str, Any]) -> None:
    trip, other = await two_watched(world)
    before, beside, messages = await watching(world, trip), await watching(world, other), len(world.messages)
    answer = await world.http.post(DOOR, json=body)
    assert (answer.status_code, answer.content) == (200, b"")
    after = await watching(world, trip)
    assert (after.next_look, after.looks) == (world.clock.now(), before.looks)
    await world.settle()
    looked = await watching(world, trip)
    assert (looked.looks, looked.next_look) == (before.looks + 1, before.next_look)
    assert await watching(world, other) == beside
    assert len(world.messages) == messages
    assert world.heard() == world.heard(BEN) == ["RESERVATION_CONFIRMATION"]


async def test_a_push_that_comes_twice_is_one_look(world: World) -> None:
    trip, other = await two_watched(world)
    before, beside = await watching(world, trip), await watching(world, other)
    for _ in range(2):
        assert (await world.http.post(DOOR, json=push())).status_code == 200
    await world.settle()
    assert (await watching(world, trip)).looks == before.looks + 1
    assert await watching(world, other) == beside


async def test_a_hundred_pushes_at_once_are_one_look(world: World) -> None:
    trip, _ = await two_watched(world)
    before = await watching(world, trip)
    answers = await asyncio.gather(*(world.http.post(DOOR, json=push()) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    await world.settle()
    assert (await watching(world, trip)).looks == before.looks + 1


async def test_a_push_that_comes_again_after_the_look_is_not_a_second_look(world: World) -> None:
    """A doubled push comes again seconds later, word for word, when the first one has been looked into."""
    trip, _ = await two_watched(world)
    before = await watching(world, trip)
    await world.http.post(DOOR, json=push())
    await world.settle()
    world.clock.move_to(world.clock.now() + timedelta(seconds=3))
    await world.http.post(DOOR, json=push())
    await world.settle()
    assert (await watching(world, trip)).looks == before.looks + 1


async def test_a_bare_push_is_looked_into_again_when_the_same_words_come_much_later(world: World) -> None:
    """AeroAPI may say nothing but the id, at the departure as at the landing."""
    trip, _ = await two_watched(world)
    before = await watching(world, trip)
    bare = {"flight": {"fa_flight_id": push()["flight"]["fa_flight_id"], "error": "Extended details unavailable"}}
    for _ in range(2):
        world.clock.move_to(world.clock.now() + 20 * MINUTE)
        assert (await world.http.post(DOOR, json=bare)).status_code == 200
        await world.settle()
    assert (await watching(world, trip)).looks == before.looks + 2


async def test_a_push_while_the_source_is_away_is_one_failed_look(world: World) -> None:
    trip, _ = await two_watched(world)
    before = await watching(world, trip)
    world.sandbox.aeroapi.faults.server_error = 1
    assert (await world.http.post(DOOR, json=push())).status_code == 200
    await world.settle()
    after = await watching(world, trip)
    assert after.looks == before.looks + 1
    assert after.next_look is not None
    assert after.next_look > world.clock.now()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


# Taken, and nothing follows


@pytest.mark.parametrize(
    "body",
    [
        push(flight={"fa_flight_id": "ZZZ9999-1700000000-airline-0000"}),
        push(flight={"fa_flight_id": ID.lower()}),
        push(flight={"fa_flight_id": ID + "%"}),
        push(flight={"fa_flight_id": "%"}),
        push(flight={"fa_flight_id": "' OR 1=1 --"}),
        push(flight={"fa_flight_id": "\x00"}),
        push(flight={"fa_flight_id": "\x00" * 1000}),
        push(flight={"fa_flight_id": ""}),
        push(flight={"fa_flight_id": " " + ID}),
        push(flight={"fa_flight_id": "é😀"}),
        push(flight={"fa_flight_id": "x" * 200_000}),
        push(flight={"fa_flight_id": None}),
        push(flight={"fa_flight_id": 1303}),
        push(flight={"fa_flight_id": True}),
        push(flight={"fa_flight_id": [ID]}),
        push(flight={"fa_flight_id": {"id": ID}}),
        {**push(), "flight": None},
        {**push(), "flight": {}},
        # Not nested in a flight, as AeroAPI would never send it.
        BARE,
        {"error": "Extended details unavailable"},
        {},
    ],
    ids=lambda body: (
        str((body.get("flight") or {}).get("fa_flight_id", "no id"))[:12].encode("unicode_escape").decode()
    ),
)
async def test_a_push_about_no_flight_of_ours_is_taken_and_changes_nothing(world: World, body: dict[str, Any]) -> None:
    await nothing_follows(world, lambda: world.http.post(DOOR, json=body), {200})


async def test_a_nul_in_the_id_of_a_flight_reaches_no_other(world: World) -> None:
    trip, other = await two_watched(world)
    before, beside = await watching(world, trip), await watching(world, other)
    answer = await world.http.post(DOOR, json=push(flight={"fa_flight_id": "ARG1303\x00-1-airline-0001\x00"}))
    assert answer.status_code == 200
    await world.settle()
    assert (await watching(world, trip)).looks <= before.looks + 1
    assert await watching(world, other) == beside


async def test_a_push_about_a_flight_that_is_done_wakes_nobody(world: World) -> None:
    departure = world.clock.now() + 2 * HOUR
    world.fly(
        "ARG1303",
        departure,
        (timedelta(0), {"actual_out": departure}),
        (10 * MINUTE, {"actual_off": departure + 10 * MINUTE}),
        (110 * MINUTE, {"actual_on": departure + 110 * MINUTE}),
        fa_flight_id=ID,
    )
    trip = await world.book(departure=departure)
    await world.play(departure + 4 * HOUR)
    before, heard = await watching(world, trip), world.heard()
    assert (before.watch, before.next_look) == ("DONE", None)
    assert "LANDING_WELCOME" in heard
    for code in ("on", "cancelled", "diverted"):
        assert (await world.http.post(DOOR, json=push(event_code=code))).status_code == 200
    await world.play(world.clock.now() + HOUR)
    assert await watching(world, trip) == before
    assert world.heard() == heard


async def test_a_push_about_a_flight_that_nobody_takes_any_more_costs_nothing(world: World) -> None:
    trip, _ = await two_watched(world)
    await booking.archive_trip(world.db, world.clock, world.agency.id, trip.id)
    await world.settle()
    asked = world.sandbox.aeroapi.result_sets.total()
    assert (await world.http.post(DOOR, json=push())).status_code == 200
    await world.settle()
    assert world.sandbox.aeroapi.result_sets.total() == asked


# Refused, and nothing follows


async def nothing_follows(world: World, request: Callable[[], Any], statuses: set[int]) -> None:
    trips = await two_watched(world)
    before, heard = [await watching(world, trip) for trip in trips], len(world.messages)
    asked = world.sandbox.aeroapi.result_sets.total()
    answer = await request()
    assert answer.status_code in statuses, answer.text
    assert [await watching(world, trip) for trip in trips] == before
    await world.settle()
    assert [await watching(world, trip) for trip in trips] == before
    assert (len(world.messages), world.sandbox.aeroapi.result_sets.total()) == (heard, asked)


@pytest.mark.parametrize(
    "token",
    ["push-token-of-the-test", "push-token-of-the-tests2", "PUSH-TOKEN-OF-THE-TESTS", "", "%00", "%ff", "None", "x" * 5000,
     "push-token-of-the-tests%00", "%20push-token-of-the-tests", "é😀"],
    ids=lambda token: token[:30].encode("unicode_escape").decode(),
)  # fmt: skip
async def test_a_forged_token_is_not_found_and_changes_nothing(world: World, token: str) -> None:
    await nothing_follows(world, lambda: world.http.post(f"/webhooks/aeroapi/{token}", json=push()), {404})


async def test_a_slash_too_many_tells_nothing_about_the_token(world: World) -> None:
    for token in ("push-token-of-the-tests", "forged"):
        await nothing_follows(world, lambda: world.http.post(f"/webhooks/aeroapi/{token}/", json=push()), {307})  # noqa: B023


async def test_a_door_is_for_posts(world: World) -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        assert (await world.http.request(method, DOOR)).status_code == 405


GARBAGE = {
    "empty": b"",
    "cut off": json.dumps(push()).encode()[:-20],
    "not UTF-8": b'{"flight": {"fa_flight_id": "\xff"}}',
    "half a surrogate": b'{"flight": {"fa_flight_id": "\\ud800"}}',
    "not a number": b'{"flight": {"fa_flight_id": "ARG1303-1-airline-0001"}, "alert_id": NaN}',
    "two documents": json.dumps(push()).encode() * 2,
    "a form": b"fa_flight_id=ARG1303-1-airline-0001",
    "a list": json.dumps([push()]).encode(),
    "a number": b"5",
    "a fraction": b"1e999",
    "a text": b'"ARG1303-1-airline-0001"',
    "null": b"null",
    "true": b"true",
    "flight is a number": b'{"flight": 5}',
    "flight is a text": b'{"flight": "ARG1303-1-airline-0001"}',
    "flight is a list": json.dumps({"flight": [BARE]}).encode(),
    "flight is true": b'{"flight": true}',
    "too deep": b'{"flight":' * 5000 + b"1" + b"}" * 5000,
    "too large": json.dumps(push(summary="x" * 300_000)).encode(),
    "far too large": json.dumps(push(summary="x" * 20_000_000)).encode(),
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
async def test_what_is_no_push_is_refused_and_changes_nothing(world: World, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    await nothing_follows(world, lambda: world.http.post(DOOR, content=content, headers=headers), {400})


async def test_a_push_need_not_say_that_it_is_json(world: World) -> None:
    trip, _ = await two_watched(world)
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "nonsense"):
        world.clock.move_to(world.clock.now() + MINUTE)
        content, headers = json.dumps({**push(), "summary": content_type}).encode(), {"Content-Type": content_type}
        assert (await world.http.post(DOOR, content=content, headers=headers)).status_code == 200
        assert (await watching(world, trip)).next_look == world.clock.now()
        await world.settle()


# The whole way, from the stand-in through the door


def flight_with_news(world: World, departure: datetime) -> None:
    world.fly(
        "ARG1303",
        departure,
        (-5 * HOUR, {"estimated_out": departure + 50 * MINUTE}),
        (52 * MINUTE, {"actual_out": departure + 52 * MINUTE}),
        (62 * MINUTE, {"actual_off": departure + 62 * MINUTE}),
        (150 * MINUTE, {"actual_on": departure + 150 * MINUTE}),
        fa_flight_id=ID,
    )


async def flown(world: World, url: str | None, **faults: float) -> Trip:
    """A flight with a delay, watched from its booking to its landing; pushes go to `url`."""
    departure = world.clock.now() + 30 * HOUR
    world.sandbox.aeroapi.pushes.point_at(url)
    for name, value in faults.items():
        setattr(world.sandbox.aeroapi.pushes.faults, name, value)
    flight_with_news(world, departure)
    trip = await world.book(departure=departure)
    await world.play(departure + 4 * HOUR)
    return trip


HEARD = ["RESERVATION_CONFIRMATION", "REMINDER_24H", "DELAYED", "BOARDING", "LANDING_WELCOME"]


async def test_what_is_pushed_is_told_within_a_minute_of_its_appearance(world: World) -> None:
    departure = world.clock.now() + 30 * HOUR
    trip = await flown(world, PUBLIC + DOOR)
    assert world.heard() == HEARD
    pushes = world.sandbox.aeroapi.pushes
    assert (pushes.pushed, pushes.lost) == ({"change": 1, "out": 1, "off": 1, "on": 1}, 0)
    told = {line["type"]: datetime.fromisoformat(line["at"]) for line in world.messages}
    for type_, shown_at in (("DELAYED", departure - 5 * HOUR), ("LANDING_WELCOME", departure + 150 * MINUTE)):
        assert shown_at < told[type_] <= shown_at + MINUTE
    assert [record.source for record in await world.history(trip)].count("WEBHOOK") == 4


@pytest.mark.parametrize(
    "faults",
    [
        {"lost": 1},
        {"duplicated": 1},
        {"late": 1, "late_s": 600},
        {"late": 1, "late_s": 86_400},
        {"bare": 1},
        {"unknown_code": 1},
        {"unknown_flight": 1},
        {"lost": 0.3, "duplicated": 0.5, "late": 0.5, "bare": 0.5, "unknown_code": 0.5, "unknown_flight": 0.3},
    ],
    ids=lambda faults: "-".join(faults),
)
async def test_whatever_befalls_the_pushes_the_traveller_hears_the_same(world: World, faults: dict[str, float]) -> None:
    await flown(world, PUBLIC + DOOR, **faults)
    assert world.heard() == HEARD
    assert (world.sandbox.aeroapi.pushes.lost > 0) == ("lost" in faults)


async def test_pushes_to_a_forged_address_are_lost_and_polling_tells_all(world: World) -> None:
    trip = await flown(world, f"{PUBLIC}/webhooks/aeroapi/forged")
    assert world.heard() == HEARD
    assert world.sandbox.aeroapi.pushes.lost == 4
    assert "WEBHOOK" not in [record.source for record in await world.history(trip)]
