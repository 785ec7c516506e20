"""Looking at flights: one look for all, nothing that stops the looking, and everything it brings written at once or not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.world import ANA, World, text
from travel import booking, tenancy, tracking
from travel.aeroapi import AeroApi
from travel.database import Database
from travel.model import (
    Flight,
    Notification,
    NotificationStatus,
    NotificationType,
    RefusedError,
    StatusSource,
    Trip,
    UserErrorCode,
    Watch,
)
from travel.records import feed, flights, history
from travel.tracking import Look, Payment

BOB, EVA = "+5491155550202", "+5491155550303"
MINUTE = timedelta(minutes=1)
FLIGHTS = "/flights/{ident}"
NOBODY_PAYS = Payment(payers=[], dollars=0)


@asynccontextmanager
async def answering(handler: Callable[[httpx.Request], Any]) -> AsyncIterator[AeroApi]:
    """The real gateway with a network that answers as `handler` says."""
    source = AeroApi.open(
        url="http://stand-in/aeroapi", key="key", timeout_seconds=5, transport=httpx.MockTransport(handler)
    )
    yield source
    await source.close()


async def look(world: World, trip: Trip, source: AeroApi | None = None) -> bool:
    return await tracking.check_flight(
        replace(world.context.watcher, source=source or world.context.watcher.source), trip.flight_id
    )


async def flight_of(world: World, trip: Trip) -> Flight:
    async with world.db.transaction(trip.agency_id) as tx:
        return await flights.get(tx, trip.flight_id)


async def ask_for_a_look(world: World, trip: Trip) -> None:
    await tracking.check_trip(world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id)


async def by_hand(world: World, trip: Trip, **values: Any) -> None:
    await tracking.record_by_hand(world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id, values)


async def refusal(awaitable: Any) -> UserErrorCode:
    with pytest.raises(RefusedError) as refused:
        await awaitable
    return refused.value.refusals[0].code


def leg(departure: datetime, **fields: Any) -> dict[str, Any]:
    """A flight of AeroAPI's answer, as small as it can be."""
    return {
        "fa_flight_id": "ARG1303-1773300000-airline-0001",
        "ident": "ARG1303",
        "origin": {"code_icao": "SAEZ", "code_iata": "EZE", "code": "SAEZ"},
        "destination": {"code_icao": "KMIA", "code_iata": "MIA", "code": "KMIA"},
        "scheduled_out": text(departure),
        **fields,
    }


def legs(*found: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"flights": list(found), "links": None, "num_pages": 1})


# ---- one look serves all


async def test_one_look_serves_the_trips_of_three_agencies(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure, (-19 * timedelta(hours=1), {"estimated_out": departure + 60 * MINUTE}))
    second, _ = await world.another_agency("Sur")
    third, _ = await world.another_agency("Oeste")
    booked = [
        await world.book(departure=departure),
        await world.book(departure=departure, phone=BOB, agency_id=second.id),
        await world.book(departure=departure, phone=EVA, agency_id=third.id),
    ]
    await world.settle()
    world.clock.move_to(departure - timedelta(hours=18))
    before = world.sandbox.aeroapi.requests[FLIGHTS]
    await ask_for_a_look(world, booked[0])
    await world.settle()
    assert world.sandbox.aeroapi.requests[FLIGHTS] == before + 1
    for trip in booked:
        assert world.heard(trip.phone)[-1] == "DELAYED"
        async with world.db.transaction(trip.agency_id) as tx:
            events = await feed.after(tx, trip.agency_id, 0, 100)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert {event.trip_id for event in events} == {trip.id}


async def test_the_shares_of_a_flights_cost_add_up(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure)
    others = [(await world.another_agency(name))[0] for name in ("Sur", "Oeste")]
    trip = await world.book(departure=departure)
    for agency in others:
        await world.book(departure=departure, agency_id=agency.id)
    for _ in range(4):
        await world.settle()
        world.clock.move_to(world.clock.now() + timedelta(hours=1))
        await ask_for_a_look(world, trip)
    await world.settle()
    sets = world.sandbox.aeroapi.result_sets[FLIGHTS]
    shares, dollars = [], []
    for agency in (world.agency, *others):
        async with world.db.transaction(agency.id) as tx:
            row = await tx.one("SELECT sum(result_sets) AS sets, sum(cost_usd) AS usd FROM aeroapi_usage")
        assert row is not None
        shares.append(row["sets"])
        dollars.append(row["usd"])
    assert sets >= 5
    assert float(sum(shares)) == pytest.approx(sets, abs=0.001 * sets)
    assert float(sum(dollars)) == pytest.approx(sets * 0.005, abs=0.00001 * sets)
    assert max(shares) - min(shares) < Decimal("0.01"), "who shares a flight shares its price"


async def test_a_due_flight_is_looked_at_once_by_ten_workers(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    looked = await asyncio.gather(*(look(world, trip) for _ in range(10)))
    assert sorted(looked) == [False] * 9 + [True]
    assert world.sandbox.aeroapi.requests[FLIGHTS] == 1
    assert (await flight_of(world, trip)).checks == 1


async def test_the_looking_goes_on_if_the_worker_dies_in_the_middle(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)

    def die(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    async with answering(die) as source:
        with pytest.raises(ZeroDivisionError):
            await look(world, trip, source)
    flight = await flight_of(world, trip)
    assert flight.next_check_at is not None
    assert world.clock.now() < flight.next_check_at <= world.clock.now() + MINUTE
    world.clock.move_to(flight.next_check_at)
    await world.settle()
    assert (await flight_of(world, trip)).fa_flight_id is not None


# ---- looks that fail

FAILURES: dict[str, tuple[Callable[[httpx.Request], Any], str]] = {
    "400": (lambda _: httpx.Response(400, json={"title": "Invalid argument"}), "UNKNOWN_IDENT"),
    "401": (lambda _: httpx.Response(401, json={"reason": "INVALID_API_KEY"}), "KEY_REFUSED"),
    "403": (lambda _: httpx.Response(403, json={}), "KEY_REFUSED"),
    "404": (lambda _: httpx.Response(404, json={}), "NOT_FOUND"),
    "429": (lambda _: httpx.Response(429, json={}), "RATE_LIMITED"),
    "500": (lambda _: httpx.Response(500, text="oops"), "UNAVAILABLE"),
    "502": (lambda _: httpx.Response(502, html="<html>Bad gateway</html>"), "UNAVAILABLE"),
    "503": (lambda _: httpx.Response(503), "UNAVAILABLE"),
    "504": (lambda _: httpx.Response(504), "UNAVAILABLE"),
    "html": (lambda _: httpx.Response(200, html="<!DOCTYPE html><html></html>"), "MALFORMED"),
    "half": (lambda _: httpx.Response(200, text='{"flights": [{"ident": "AR'), "MALFORMED"),
    "5 MB": (lambda _: httpx.Response(200, content=b'{"flights": [' + b" " * 5_000_000 + b"]}"), "MALFORMED"),
    "a list": (lambda _: httpx.Response(200, json=[]), "MALFORMED"),
    "no flights": (lambda _: httpx.Response(200, json={"num_pages": 1}), "MALFORMED"),
    "flights null": (lambda _: httpx.Response(200, json={"flights": None}), "MALFORMED"),
    "no objects": (lambda _: httpx.Response(200, json={"flights": ["ARG1303"]}), "MALFORMED"),
    "no ident": (lambda _: legs({"fa_flight_id": "x"}), "MALFORMED"),
    "nothing": (lambda _: legs(), "NO_MATCH"),
}


def failing(error: type[httpx.TransportError]) -> Callable[[httpx.Request], Any]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("on purpose", request=request)

    return fail


for _error in (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadTimeout, httpx.RemoteProtocolError):
    FAILURES[_error.__name__] = (failing(_error), "UNAVAILABLE")


@pytest.mark.parametrize("name", FAILURES)
async def test_a_look_that_fails_leaves_the_flight_watched_and_says_why(world: World, name: str) -> None:
    handler, kind = FAILURES[name]
    trip = await world.book(departure=world.clock.now() + timedelta(hours=20))
    async with answering(handler) as source:
        for number in (1, 2, 3, 4):
            assert await look(world, trip, source) is True
            flight = await flight_of(world, trip)
            assert flight.watch is Watch.DEPARTURE
            assert flight.consecutive_failures == number
            assert (flight.last_failure or "").startswith(kind)
            assert flight.next_check_at is not None
            assert flight.next_check_at > world.clock.now()
            assert flight.last_good_at is None
            world.clock.move_to(flight.next_check_at)
    world.fly("ARG1303", flight.booked_departure_at)
    await world.settle()
    after = await flight_of(world, trip)
    assert (after.consecutive_failures, after.last_failure) == (0, None)
    assert after.last_good_at == world.clock.now()
    assert await world.history(trip) != []


ODD = {
    "a number for a time": {"estimated_out": 1773300000},
    "a time without zone": {"estimated_out": "2026-03-11T08:00:00"},
    "no time": {"estimated_out": "soon"},
    "the end of time": {"estimated_out": "9999-12-31T23:59:59-14:00"},
    "before time": {"estimated_out": "0001-01-01T00:00:00+14:00"},
    "a text for a flag": {"cancelled": "false"},
    "a fraction": {"filed_ete": 1.5},
    "a huge number": {"filed_ete": 2**40},
    "a list for a gate": {"gate_origin": ["A1"]},
    "a text for an airport": {"origin": "SAEZ"},
    "an endless gate": {"gate_origin": "A" * 100_000},
}


@pytest.mark.parametrize("name", ODD)
async def test_a_value_of_a_wrong_type_is_a_failed_look_and_no_news(world: World, name: str) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    async with answering(lambda _: legs(leg(departure, **ODD[name]))) as source:
        assert await look(world, trip, source) is True
    flight = await flight_of(world, trip)
    assert (flight.last_failure or "").startswith("MALFORMED")
    assert flight.consecutive_failures == 1
    assert flight.next_check_at is not None
    assert await world.history(trip) == []


@pytest.mark.parametrize("field", ["gate_origin", "route", "operator"])
async def test_a_text_that_postgresql_cannot_hold_does_not_stop_the_looking(world: World, field: str) -> None:
    """JSON may hold the character NUL; neither text nor jsonb of PostgreSQL may."""
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    async with answering(
        lambda _: legs(leg(departure, **{"estimated_out": text(departure), field: "A\x001"}))
    ) as source:
        assert await look(world, trip, source) is True
    assert len(await world.history(trip)) == 1


async def test_an_answer_with_hardly_any_keys_is_enough(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    async with answering(lambda _: legs(leg(departure))) as source:
        await look(world, trip, source)
    flight = await flight_of(world, trip)
    assert flight.state.scheduled_out == departure
    assert flight.consecutive_failures == 0


async def test_a_leg_of_another_route_writes_nothing(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    other = leg(departure, origin={"code": "KMIA"}, destination={"code": "KJFK"}, gate_origin="D40")
    async with answering(lambda _: legs(other)) as source:
        await look(world, trip, source)
    flight = await flight_of(world, trip)
    assert flight.fa_flight_id is None
    assert (flight.last_failure or "").startswith("NO_MATCH")
    assert await world.history(trip) == []


async def test_a_pinned_id_that_is_gone_is_resolved_anew(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    new = leg(departure, fa_flight_id="ARG1303-1773300000-schedule-0002")

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.params["ident_type"] == "fa_flight_id":
            return legs()
        return legs(new if moved else leg(departure))

    moved = False
    async with answering(handler) as source:
        await look(world, trip, source)
        assert (await flight_of(world, trip)).fa_flight_id == "ARG1303-1773300000-airline-0001"
        moved = True
        await ask_for_a_look(world, trip)
        await look(world, trip, source)
    flight = await flight_of(world, trip)
    assert flight.fa_flight_id == "ARG1303-1773300000-schedule-0002"
    assert NotificationType.CANCELLED not in {each.type for each in await world.decided(trip)}


async def test_hours_of_outage_are_followed_by_the_news(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure, (-8 * timedelta(hours=1), {"estimated_out": departure + 60 * MINUTE}))
    trip = await world.book(departure=departure)
    world.sandbox.aeroapi.faults.server_error = 1.0
    await world.play(departure - timedelta(hours=6))
    assert (await flight_of(world, trip)).consecutive_failures > 10
    world.sandbox.aeroapi.faults.server_error = 0.0
    await world.play(departure - timedelta(hours=5))
    assert world.heard().count("DELAYED") == 1


# ---- all or nothing


@asynccontextmanager
async def broken(owner: Database, table: str) -> AsyncIterator[None]:
    """While this lasts, nothing can be inserted into a table."""
    async with owner.transaction() as tx:
        await tx.run(f"CREATE TRIGGER broken BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    try:
        yield
    finally:
        async with owner.transaction() as tx:
            await tx.run(f"DROP TRIGGER broken ON {table}")


@pytest.mark.parametrize("table", ["flight_status_history", "notifications_log", "events", "aeroapi_usage"])
async def test_what_cannot_be_recorded_is_not_sent_and_is_looked_at_again(
    world: World, owner: Database, table: str
) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure, (-16 * timedelta(hours=1), {"estimated_out": departure + 60 * MINUTE}))
    trip = await world.book(departure=departure)
    await world.play(departure - timedelta(hours=17))
    world.clock.move_to(departure - timedelta(hours=15))
    await ask_for_a_look(world, trip)
    before = (await flight_of(world, trip)).state, await world.history(trip), await world.decided(trip)
    async with broken(owner, table):
        with pytest.raises(asyncpg.PostgresError):
            await look(world, trip)
        flight = await flight_of(world, trip)
        assert (flight.state, await world.history(trip), await world.decided(trip)) == before
        assert flight.next_check_at is not None
        assert world.clock.now() < flight.next_check_at <= world.clock.now() + MINUTE
        await world.settle()
        assert world.heard() == ["RESERVATION_CONFIRMATION"]
    world.clock.move_to(flight.next_check_at)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "DELAYED"]
    assert len(await world.history(trip)) == len(before[1]) + 1


async def test_a_missing_privilege_sends_nothing(world: World, owner: Database) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure, (-19 * timedelta(hours=1), {"estimated_out": departure + 60 * MINUTE}))
    trip = await world.book(departure=departure)
    await world.settle()
    world.clock.move_to(departure - timedelta(hours=18))
    await ask_for_a_look(world, trip)
    async with owner.transaction() as tx:
        await tx.run("REVOKE INSERT ON flight_status_history FROM bauhaus_app")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await look(world, trip)
        await world.settle()
    finally:
        async with owner.transaction() as tx:
            await tx.run("GRANT INSERT ON flight_status_history TO bauhaus_app")
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    await world.play(world.clock.now() + MINUTE)
    assert world.heard() == ["RESERVATION_CONFIRMATION", "DELAYED"]


async def test_one_observation_with_many_differences_is_one_record_and_one_message_a_topic(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    changes = {"estimated_out": departure + 60 * MINUTE, "gate_origin": "B7", "status": "Scheduled / Delayed"}
    world.fly("ARG1303", departure, (-19 * timedelta(hours=1), changes), gate_origin="A1")
    trip = await world.book(departure=departure)
    await world.settle()
    records = len(await world.history(trip))
    world.clock.move_to(departure - timedelta(hours=18))
    await ask_for_a_look(world, trip)
    await world.play(world.clock.now() + 5 * MINUTE)
    assert sorted(world.heard()[1:]) == ["DELAYED", "GATE_CHANGE"]
    assert len(await world.history(trip)) == records + 1


async def test_an_old_answer_that_arrives_late_changes_nothing_but_is_paid(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    release, asked = asyncio.Event(), asyncio.Event()

    async def slow(_: httpx.Request) -> httpx.Response:
        asked.set()
        await release.wait()
        return legs(leg(departure, estimated_out=text(departure), gate_origin="A1"))

    newest = departure + 60 * MINUTE
    async with answering(slow) as late, answering(lambda _: legs(leg(departure, estimated_out=text(newest)))) as quick:
        first = asyncio.create_task(look(world, trip, late))
        await asked.wait()
        world.clock.move_to(world.clock.now() + MINUTE)
        assert await look(world, trip, quick) is True
        before = await flight_of(world, trip)
        release.set()
        await first
    assert await flight_of(world, trip) == before
    assert before.state.estimated_out == newest
    assert len(await world.history(trip)) == 1
    async with world.db.transaction(trip.agency_id) as tx:
        assert await tx.value("SELECT sum(result_sets) FROM aeroapi_usage") == 2


async def test_the_same_answer_twice_is_one_record_and_one_message(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    async with answering(lambda _: legs(leg(departure, estimated_out=text(departure + 60 * MINUTE)))) as source:
        await look(world, trip, source)
        for _ in range(3):
            world.clock.move_to(world.clock.now() + MINUTE)
            await ask_for_a_look(world, trip)
            assert await look(world, trip, source) is True
    await world.settle()
    assert world.heard().count("DELAYED") == 1
    assert len(await world.history(trip)) == 1


async def test_two_answers_at_once_write_one_history(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    async with answering(lambda _: legs(leg(departure, estimated_out=text(departure + 60 * MINUTE)))) as source:
        answer = await source.by_ident("ARG1303", departure - timedelta(hours=1), departure + timedelta(hours=1))
    brought = Look(asked_at=world.clock.now(), snapshot=answer.snapshots[0], failure=None, result_sets=1)
    await asyncio.gather(
        *(tracking.observe(world.context.watcher, trip.flight_id, brought, NOBODY_PAYS) for _ in range(8))
    )
    assert len(await world.history(trip)) == 1
    types = [each.type for each in await world.decided(trip)]
    assert types.count(NotificationType.DELAYED) == 1


# ---- words by hand


async def test_a_word_by_hand_counts_for_its_trip_only(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    other, _ = await world.another_agency()
    trip = await world.book(departure=departure)
    await world.book(departure=departure, phone=BOB)
    foreign = await world.book(departure=departure, phone=EVA, agency_id=other.id)
    await by_hand(world, trip, estimated_out=departure + 60 * MINUTE)
    await world.settle()
    assert world.heard(ANA) == ["RESERVATION_CONFIRMATION", "DELAYED"]
    assert world.heard(BOB) == world.heard(EVA) == ["RESERVATION_CONFIRMATION"]
    (record,) = await world.history(trip)
    assert (record.source, record.trip_id) == (StatusSource.MANUAL, trip.id)
    assert await world.history(foreign) == []


async def test_a_word_by_hand_stands_until_the_source_says_something_new_on_it(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    at = timedelta(hours=1)
    world.fly(
        "ARG1303",
        departure,
        (-15 * at, {"gate_destination": "D1"}),
        (-12 * at, {"estimated_out": departure + 90 * MINUTE}),
        estimated_out=text(departure),
    )
    trip = await world.book(departure=departure)
    await world.settle()
    await by_hand(world, trip, estimated_out=departure + 60 * MINUTE)
    await world.settle()
    world.clock.move_to(departure - 14 * at)
    await ask_for_a_look(world, trip)
    await world.settle()
    assert [line["value"] for line in world.messages if line["type"] in ("DELAYED", "EARLIER")] == [
        text(departure + 60 * MINUTE)
    ], "news about another field leaves the word standing"
    world.clock.move_to(departure - 11 * at)
    await ask_for_a_look(world, trip)
    await world.settle()
    assert [line["value"] for line in world.messages if line["type"] in ("DELAYED", "EARLIER")] == [
        text(departure + 60 * MINUTE),
        text(departure + 90 * MINUTE),
    ]


async def test_what_was_said_by_hand_is_what_later_messages_say(world: World) -> None:
    """The boarding message speaks of the departure and the gate that count for the trip, not of the source's."""
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    await by_hand(world, trip, estimated_out=departure + 60 * MINUTE, gate_origin="B7")
    await world.play(departure - 20 * MINUTE)
    lines = [line for line in world.messages if line["type"] == "BOARDING"]
    assert [line["at"] for line in lines] == [text(departure - 30 * MINUTE)]
    assert "B7" in lines[0]["body"]
    assert "06:00" in lines[0]["body"], "05:00 in Buenos Aires, and an hour later by hand"
    told = [line["value"] for line in world.messages if line["type"] in ("DELAYED", "EARLIER")]
    assert told == [text(departure + 60 * MINUTE)]


async def test_a_message_that_waits_reads_as_it_would_be_sent_now(world: World) -> None:
    """Else the agent's page shows a boarding message with the departure of last week beside the news of a delay."""
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    waiting = await boarding_of(world, trip)
    assert "05:00" in waiting.body, "in Buenos Aires"
    assert "B7" not in waiting.body
    await by_hand(world, trip, gate_origin="B7")
    gated = await boarding_of(world, trip)
    assert "B7" in gated.body
    assert gated.due_at == waiting.due_at
    await by_hand(world, trip, estimated_out=departure + 60 * MINUTE)
    moved = await boarding_of(world, trip)
    assert "06:00" in moved.body
    assert moved.due_at == waiting.due_at + 60 * MINUTE


async def boarding_of(world: World, trip: Trip) -> Notification:
    (found,) = [each for each in await world.decided(trip) if each.type is NotificationType.BOARDING]
    return found


async def test_a_flight_cancelled_by_hand_is_told_at_once(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    await world.settle()
    await by_hand(world, trip, cancelled=True)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "CANCELLED"]
    waiting = [each for each in await world.decided(trip) if each.status is NotificationStatus.PENDING]
    assert waiting == []


async def test_a_second_word_by_hand_keeps_the_first_about_another_field(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)
    await by_hand(world, trip, gate_origin="B7")
    await by_hand(world, trip, estimated_out=departure + 60 * MINUTE)
    async with world.db.transaction(trip.agency_id) as tx:
        row = await tx.one(
            f"SELECT {history.COLUMNS} FROM get_latest_flight_status(:trip)",
            trip=trip.id,
        )
    assert row is not None
    assert (row["gate_origin"], row["estimated_out"]) == ("B7", departure + 60 * MINUTE)


async def test_what_cannot_be_said_by_hand_is_refused(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=2)
    world.fly("ARG1303", departure, (timedelta(hours=2), {"actual_on": departure + timedelta(hours=2)}))
    trip = await world.book(departure=departure)
    foreign = Trip(**{**{name: getattr(trip, name) for name in Trip.__slots__}, "id": uuid4()})
    assert await refusal(by_hand(world, trip)) is UserErrorCode.INVALID
    assert await refusal(by_hand(world, foreign, gate_origin="A1")) is UserErrorCode.NOT_FOUND
    await world.play(departure + timedelta(hours=3))
    assert await refusal(by_hand(world, trip, gate_origin="A1")) is UserErrorCode.TOO_LATE
    assert [record.source for record in await world.history(trip)].count(StatusSource.MANUAL) == 0


# ---- looks that are asked for


async def test_a_look_that_is_asked_for_comes_at_once(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    before = world.sandbox.aeroapi.requests[FLIGHTS]
    await ask_for_a_look(world, trip)
    await world.settle()
    assert world.sandbox.aeroapi.requests[FLIGHTS] == before + 1


async def test_a_look_that_makes_no_sense_is_refused(world: World) -> None:
    now = world.clock.now()
    far = await world.book("AR1303", departure=now + timedelta(days=10))
    assert await refusal(ask_for_a_look(world, far)) is UserErrorCode.TOO_LATE
    archived = await world.book("AR1305", departure=now + timedelta(hours=20))
    await booking.archive_trip(world.db, world.clock, archived.agency_id, archived.id)
    assert await refusal(ask_for_a_look(world, archived)) is UserErrorCode.TOO_LATE
    other, _ = await world.another_agency()
    foreign = await world.book("AR1307", agency_id=other.id)
    hidden = tracking.check_trip(world.db, world.house.wakeups, world.clock, world.agency.id, foreign.id)
    assert await refusal(hidden) is UserErrorCode.NOT_FOUND
    departure = now + timedelta(hours=1)
    world.fly("ARG1309", departure, (timedelta(hours=2), {"actual_on": departure + timedelta(hours=2)}))
    over = await world.book("AR1309", departure=departure)
    await world.play(departure + timedelta(hours=3))
    assert await refusal(ask_for_a_look(world, over)) is UserErrorCode.TOO_LATE


async def test_a_look_beyond_the_days_budget_is_refused_until_tomorrow(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=30)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    await tenancy.change_settings(
        world.db, world.house.wakeups, world.clock, world.agency.id, 1, {"daily_aeroapi_budget_usd": 0.01}
    )
    await ask_for_a_look(world, trip)
    await world.settle()
    assert await refusal(ask_for_a_look(world, trip)) is UserErrorCode.LIMIT_REACHED
    world.clock.move_to(world.clock.now() + timedelta(hours=12))
    await ask_for_a_look(world, trip)


async def test_a_push_hastens_the_look_and_is_recorded_as_its_source(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    at = timedelta(hours=1)
    fa_flight_id = world.fly("ARG1303", departure, (-19 * at, {"gate_destination": "D1"}))
    trip = await world.book(departure=departure)
    await world.settle()
    world.clock.move_to(departure - 18 * at)
    pushed = await world.http.post(
        "/webhooks/aeroapi/push-token-of-the-tests",
        json={"flight": {"fa_flight_id": fa_flight_id, "gate_destination": "Z9"}},
    )
    assert pushed.status_code == 200
    await world.settle()
    record = (await world.history(trip))[-1]
    assert (record.source, record.state.gate_destination) == (StatusSource.WEBHOOK, "D1"), "its words are not believed"
    assert (await flight_of(world, trip)).pushed_at is None


async def test_a_push_about_an_unknown_or_finished_flight_does_nothing(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=1)
    fa = world.fly("ARG1303", departure, (timedelta(hours=2), {"actual_on": departure + timedelta(hours=2)}))
    trip = await world.book(departure=departure)
    await world.play(departure + timedelta(hours=3))
    before = await flight_of(world, trip)
    await tracking.push(world.db, world.house.wakeups, world.clock, fa, b"{}")
    await tracking.push(world.db, world.house.wakeups, world.clock, "nobody", b"{}")
    assert await flight_of(world, trip) == before
    assert before.watch is Watch.DONE
