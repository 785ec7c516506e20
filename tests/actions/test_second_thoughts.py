"""What happens between two moments: a try is out, a look is under way, a trip moves on, and something else comes true."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from graph import ids
from server.auth import Door
from server.sessions import Sessions
from tests.actions.test_tracking import answering, ask_for_a_look, flight_of, legs, look
from tests.world import World
from travel import booking, tracking
from travel.aeroapi import AeroApi
from travel.booking import TripChange
from travel.model import NotificationReason, NotificationStatus, NotificationType
from travel.records import flights
from travel.tracking.observing import Rest, rest

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def test_old_news_whose_answer_was_lost_is_not_sent_after_newer_news(world: World) -> None:
    departure = world.clock.now() + 5 * HOUR
    world.fly(
        "ARG1303",
        departure,
        (-3.5 * HOUR, {"estimated_out": departure + 30 * MINUTE}),
        (-2.5 * HOUR, {"estimated_out": departure - 40 * MINUTE}),
    )
    trip = await world.book("AR1303", departure=departure)
    await world.play(departure - 3.5 * HOUR)
    world.sandbox.twilio.faults.error_before = 1.0
    await tracking.check_trip(world.db, world.house.wakeups, world.clock, world.agency.id, trip.id)
    await world.settle()
    delayed = next(each for each in await world.decided(trip) if each.type is NotificationType.DELAYED)
    assert delayed.status is NotificationStatus.UNKNOWN
    world.sandbox.twilio.faults.error_before = 0.0
    # The newer news goes out before anybody may ask what became of the older.
    async with world.db.transaction(world.agency.id) as tx:
        await tx.run("UPDATE notifications_log SET settle_at = :at WHERE id = :id", at=departure, id=delayed.id)
    await world.play(departure - 2.5 * HOUR)
    await tracking.check_trip(world.db, world.house.wakeups, world.clock, world.agency.id, trip.id)
    await world.settle()
    assert world.heard()[-1] == "EARLIER"
    async with world.db.transaction(world.agency.id) as tx:
        await tx.run("UPDATE notifications_log SET settle_at = :at WHERE id = :id", at=world.clock.now(), id=delayed.id)
    await world.settle()

    assert "DELAYED" not in world.heard()
    after = next(each for each in await world.decided(trip) if each.id == delayed.id)
    assert (after.status, after.reason) == (NotificationStatus.SUPERSEDED, NotificationReason.NEWER_FACTS)


async def test_a_lost_message_that_twilio_words_otherwise_waits_for_a_person(world: World) -> None:
    """The approved template need not read as our catalogue does; what may be ours is not sent again."""
    sid, approved = next(iter(world.sandbox.twilio.templates.items()))
    assert "está reservado" in approved
    world.sandbox.twilio.templates[sid] = approved.replace("está reservado", "quedó reservado")
    world.sandbox.twilio.faults.lost_reply = 1.0
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    await world.settle()
    world.sandbox.twilio.faults.lost_reply = 0.0
    await world.play(world.clock.now() + HOUR)

    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    held = next(each for each in await world.decided(trip) if each.type is NotificationType.RESERVATION_CONFIRMATION)
    assert (held.status, held.reason) == (NotificationStatus.UNKNOWN, NotificationReason.HELD_FOR_HUMAN)


async def test_a_message_is_found_again_though_the_clocks_disagree(world: World) -> None:
    world.sandbox.twilio.faults.lost_reply = 1.0
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    await world.book()
    await world.settle()
    world.sandbox.twilio.faults.lost_reply = 0.0
    for message in world.sandbox.twilio.carrier.messages.values():
        message.created_at -= timedelta(seconds=30)
    await world.play(world.clock.now() + HOUR)
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_the_stream_of_a_trip_that_moved_on_can_be_replayed_whole(world: World) -> None:
    departure = world.clock.now() + 5 * HOUR
    world.fly("ARG1303", departure, gate_origin="A1")
    trip = await world.book("AR1303", departure=departure)
    await world.settle()
    moved = TripChange(flight="AR1305")
    await booking.update_trip(world.db, world.house.wakeups, world.clock, world.agency.id, trip.id, moved)
    document = """
      query($ids: [ID!]!) { nodes(ids: $ids) { ... on FlightStatusRecord { gateOrigin } } }
    """
    async with world.db.transaction(world.agency.id) as tx:
        record = await tx.value("SELECT record_id FROM events WHERE kind = 'TRIP_STATUS_CHANGED'")
    found = await world.data(document, ids=[ids.encode("FlightStatusRecord", record)])
    assert found["nodes"] == [{"gateOrigin": "A1"}]


@dataclass(eq=False)
class Socket:
    """A session that notes when it is shown the door."""

    broken: bool = False
    out: list[bool] = field(default_factory=list)

    async def turn_out(self) -> None:
        self.out.append(True)
        if self.broken:
            raise RuntimeError("Cannot call send once a close message has been sent")


async def test_one_socket_that_cannot_be_closed_does_not_keep_the_others_open(world: World) -> None:
    sessions = Sessions(Door(world.house))
    sockets = [Socket(broken=True), Socket(), Socket()]
    for socket in sockets:
        sessions.open(socket, world.key)
    await sessions.check()
    assert [socket.out for socket in sockets] == [[], [], []]
    async with world.db.transaction(world.agency.id) as tx:
        await tx.run("UPDATE api_keys SET revoked_at = :now", now=world.clock.now())
    await sessions.check()
    assert [socket.out for socket in sockets] == [[True], [True], [True]]


async def test_a_push_that_comes_during_a_look_is_followed_by_another_look(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    fa_flight_id = world.fly("ARG1303", departure)
    trip = await world.book("AR1303", departure=departure)
    await world.settle()
    stand_in = httpx.ASGITransport(world.sandbox.app)

    class PushedMeanwhile(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await tracking.push(world.db, world.house.wakeups, world.clock, fa_flight_id, b"{}")
            return await stand_in.handle_async_request(request)

    source = AeroApi.open(
        url="http://stand-in/aeroapi", key="key-of-the-stand-in", timeout_seconds=5, transport=PushedMeanwhile()
    )
    world.clock.move_to(world.clock.now() + MINUTE)
    async with world.db.transaction() as tx:
        await flights.hasten(tx, trip.flight_id, world.clock.now())
    await tracking.check_flight(replace(world.context.watcher, source=source), trip.flight_id)
    await source.close()
    async with world.db.transaction() as tx:
        flight = await flights.get(tx, trip.flight_id)
    assert flight.next_check_at == world.clock.now()


async def test_a_flight_that_vanishes_once_is_looked_for_again_soon(world: World) -> None:
    departure = world.clock.now() + 30 * HOUR
    world.fly("ARG1303", departure)
    trip = await world.book("AR1303", departure=departure)
    await world.settle()
    world.sandbox.scenario.flights.clear()
    world.sandbox.scenario._by_name.clear()
    await tracking.check_trip(world.db, world.house.wakeups, world.clock, world.agency.id, trip.id)
    await world.settle()
    async with world.db.transaction() as tx:
        flight = await flights.get(tx, trip.flight_id)
    assert flight.last_failure is not None
    assert flight.next_check_at is not None
    assert flight.next_check_at - world.clock.now() <= MINUTE
    shown = await world.data("{ trips { nodes { flight { lastFailure } } } }")
    assert shown["trips"]["nodes"][0]["flight"]["lastFailure"].startswith("NO_MATCH")


@pytest.mark.parametrize("answer", [lambda: httpx.Response(503), lambda: legs()], ids=["an outage", "no such flight"])
async def test_a_look_that_is_asked_for_while_one_fails_comes_at_once(world: World, answer: Any) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    trip = await world.book(departure=departure)

    async def asked_meanwhile(_: httpx.Request) -> httpx.Response:
        await ask_for_a_look(world, trip)
        return answer()

    async with answering(asked_meanwhile) as source:
        assert await look(world, trip, source) is True
    assert (await flight_of(world, trip)).next_check_at == world.clock.now()


async def test_a_look_that_is_asked_for_while_another_rests_comes_at_once(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    watcher = world.context.watcher
    async with world.db.transaction() as tx:
        await flights.look_before(tx, trip.flight_id, world.clock.now())
        claimed = await flights.claim(tx, trip.flight_id, world.clock.now(), world.clock.now() + timedelta(seconds=30))
    assert claimed is not None
    await ask_for_a_look(world, trip)
    await rest(watcher, claimed, Rest(at_level={}, until_budget=False))
    assert (await flight_of(world, trip)).next_check_at == world.clock.now()
    await rest(watcher, claimed, Rest(at_level={}, until_budget=False))
    next_at = (await flight_of(world, trip)).next_check_at
    assert next_at == world.clock.now(), "as long as nobody has looked"


async def test_a_flight_that_aeroapi_does_not_show_is_looked_for_just_before_boarding(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=10)
    trip = await world.book(departure=departure)
    seen = []
    async with answering(lambda _: legs()) as source:
        while world.clock.now() < departure + timedelta(minutes=15):
            assert await look(world, trip, source) is True
            next_at = (await flight_of(world, trip)).next_check_at
            assert next_at is not None
            seen.append((next_at - departure) / timedelta(minutes=1))
            world.clock.move_to(next_at)
    assert {-91, 14} <= set(seen)


async def test_a_departure_written_by_hand_brings_the_look_before_boarding_forward(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=5)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    sooner = departure - timedelta(hours=2)
    await tracking.record_by_hand(
        world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id, {"estimated_out": sooner}
    )
    next_at = (await flight_of(world, trip)).next_check_at
    assert next_at is not None
    assert next_at <= sooner - timedelta(minutes=91)
