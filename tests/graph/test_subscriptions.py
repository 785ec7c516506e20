"""The live streams over a real server and a real socket: complete, in order, resumable, and deaf to nonsense."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import structlog
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from graph.context import House
from graph.live import Hub
from server import app as server_app
from server import serving
from tests.world import World
from travel import booking, tenancy, tracking
from travel.booking import TripChange
from travel.database import Database, Transaction
from travel.model import EventKind, News, Role, Trip
from travel.records import feed

PATIENCE = 15
"""Seconds of the machine after which a test gives up; nothing waits for it to pass."""

EVENTS = """
subscription($after: String, $tripId: ID, $kinds: [EventKind!]) {
  events(after: $after, tripId: $tripId, kinds: $kinds) {
    __typename cursor sequence occurredAt
    ... on Resync { oldestReplayable }
    ... on TripCreated { trip { id lodging } }
    ... on TripUpdated { trip { id lodging archivedAt } }
    ... on TripStatusChanged { trip { id } record { id } }
    ... on NotificationUpdated { notification { id type status } }
    ... on SettingsUpdated { settings { version } }
  }
}
"""
STATUSES = """
subscription($tripId: ID, $after: String) {
  tripStatusChanged(tripId: $tripId, after: $after) {
    __typename cursor sequence
    ... on TripStatusChanged { trip { id flight { departure { gate } } } record { source gateOrigin changes { kind after } } }
    ... on Resync { oldestReplayable }
  }
}
"""
NUMBERS = "subscription($after: String) { events(after: $after) { __typename sequence } }"


class Socket:
    """A client that speaks graphql-transport-ws, and no better than it must."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, message: Any) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            message: dict[str, Any] = json.loads(await self.connection.recv(decode=True))
        return message

    async def subscribe(self, document: str = EVENTS, id_: str = "1", **variables: Any) -> None:
        payload = {"query": document, "variables": variables}
        await self.say({"id": id_, "type": "subscribe", "payload": payload})

    async def event(self, id_: str = "1") -> dict[str, Any]:
        """The next event of a stream."""
        message = await self.hear()
        assert (message["type"], message["id"]) == ("next", id_), message
        assert "errors" not in message["payload"], message
        (event,) = message["payload"]["data"].values()
        return event  # type: ignore[no-any-return]

    async def until(self, last: str, id_: str = "1") -> list[dict[str, Any]]:
        """The next events up to the first of this type."""
        events = [await self.event(id_)]
        while events[-1]["__typename"] != last:
            events.append(await self.event(id_))
        return events

    async def end(self) -> int | None:
        """Read until the server closes; its code."""
        with suppress(ConnectionClosed):
            async with asyncio.timeout(PATIENCE):
                async for _ in self.connection:
                    pass
        return self.connection.close_code


class Line:
    """A server that listens, and the sockets to it."""

    def __init__(self, server: uvicorn.Server, key: str) -> None:
        self.server = server
        port = server.servers[0].sockets[0].getsockname()[1]
        self.url, self.key = f"ws://127.0.0.1:{port}/graphql", key

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[Socket]:
        """A socket on which nothing was said yet."""
        async with connect(self.url, subprotocols=["graphql-transport-ws"], proxy=None, compression=None) as connection:  # type: ignore[list-item]
            yield Socket(connection)

    @asynccontextmanager
    async def open(self, key: str | None = None) -> AsyncIterator[Socket]:
        """A socket that was let in."""
        async with self.raw() as socket:
            await socket.say({"type": "connection_init", "payload": {"Authorization": f"Bearer {key or self.key}"}})
            assert await socket.hear() == {"type": "connection_ack"}
            yield socket


@asynccontextmanager
async def listening(app: Starlette, key: str) -> AsyncIterator[Line]:
    """uvicorn as in production, on a port of its own."""
    server = serving.server(app, "127.0.0.1", 0)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the server did not start"
        await asyncio.sleep(0)
    try:
        yield Line(server, key)
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def line(world: World) -> AsyncIterator[Line]:
    async with listening(world.server, world.key) as opened:
        yield opened


@pytest.fixture
def calm(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing in the test may leave an error or a traceback in any log."""
    caplog.set_level(logging.INFO)
    with structlog.testing.capture_logs() as lines:
        yield
    # The machine may be slow, and asyncio says so when a debugger looks on.
    loud = [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert [(record.name, record.getMessage()) for record in loud] == []
    assert [entry for entry in lines if entry["log_level"] in ("error", "critical") or "exc_info" in entry] == []


def id_of(trip: Trip) -> str:
    return base64.urlsafe_b64encode(f"Trip:{trip.id}".encode()).decode().rstrip("=")


async def change(world: World, trip: Trip, **fields: Any) -> None:
    house = world.house
    await booking.update_trip(house.db, house.wakeups, house.clock, trip.agency_id, trip.id, TripChange(**fields))


async def set_gate(world: World, trip: Trip, gate: str) -> None:
    house = world.house
    await tracking.record_by_hand(house.db, house.wakeups, house.clock, trip.agency_id, trip.id, {"gate_origin": gate})


async def publish(world: World, agency_id: UUID, count: int = 1) -> None:
    """Events that need no trip."""
    async with world.db.transaction(agency_id) as tx:
        await feed.publish(tx, agency_id, [News(kind=EventKind.SETTINGS_UPDATED)] * count, world.clock.now())


async def head(world: World, agency_id: UUID | None = None) -> int:
    async with world.db.transaction(agency_id or world.agency.id) as tx:
        return (await feed.head(tx, agency_id or world.agency.id)).sequence


async def forget_all(world: World) -> None:
    async with world.db.transaction(world.agency.id) as tx:
        await feed.forget(tx, world.agency.id, world.clock.now() + timedelta(seconds=1))


async def no_tails(world: World) -> None:
    """Wait until nobody follows any feed in this process."""
    async with asyncio.timeout(PATIENCE):
        while world.house.hub._tails:  # noqa: ASYNC110
            await asyncio.sleep(0)


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [each["sequence"] for each in events]


# Events


async def test_a_stream_begins_with_caught_up_and_tells_everything_in_order(
    world: World, line: Line, calm: None
) -> None:
    async with line.open() as socket:
        await socket.subscribe()
        first = await socket.event()
        assert (first["__typename"], first["sequence"]) == ("CaughtUp", 0)
        trip = await world.book()
        await change(world, trip, lodging="Hotel Azul")
        await set_gate(world, trip, "A13")
        await world.settle()
        last = await head(world)
        events = [await socket.event() for _ in range(last)]
    assert numbers(events) == list(range(1, last + 1))
    assert events[0]["__typename"] == "TripCreated"
    assert events[0]["trip"]["id"] == id_of(trip)
    assert [each["__typename"] for each in events].count("TripUpdated") == 1
    assert [each["__typename"] for each in events].count("TripStatusChanged") == 1
    said = {each["notification"]["type"] for each in events if each["__typename"] == "NotificationUpdated"}
    assert said == {"RESERVATION_CONFIRMATION", "REMINDER_24H", "BOARDING"}
    assert len({each["cursor"] for each in events}) == last


async def test_a_client_that_comes_back_misses_nothing_and_hears_nothing_twice(world: World, line: Line) -> None:
    trip = await world.book()
    async with line.open() as socket:
        cursor = (await world.data("{ agency { eventCursor } }"))["agency"]["eventCursor"]
        await socket.subscribe(after=cursor)
        assert [each["__typename"] for each in await socket.until("CaughtUp")] == ["CaughtUp"]
        await change(world, trip, lodging="Hotel Azul")
        seen = await socket.event()
    await change(world, trip, lodging="Hotel Rojo")
    await change(world, trip, lodging="Hotel Verde")
    async with line.open() as socket:
        await socket.subscribe(after=seen["cursor"])
        replayed = await socket.until("CaughtUp")
        assert [each["__typename"] for each in replayed] == ["TripUpdated", "TripUpdated", "CaughtUp"]
        assert numbers(replayed) == [seen["sequence"] + 1, seen["sequence"] + 2, seen["sequence"] + 2]
        await change(world, trip, lodging="Hotel Negro")
        assert (await socket.event())["sequence"] == seen["sequence"] + 3


async def test_a_cursor_outlives_the_server(world: World) -> None:
    trip = await world.book()
    async with listening(world.server, world.key) as line, line.open() as socket:
        await socket.subscribe(after=(await world.data("{ agency { eventCursor } }"))["agency"]["eventCursor"])
        caught_up = await socket.event()
    await change(world, trip, lodging="Hotel Azul")
    house = House(db=world.db, wakeups=world.house.wakeups, clock=world.clock, hub=Hub(world.db))
    async with listening(server_app.build(house, world.config), world.key) as line, line.open() as socket:
        await socket.subscribe(after=caught_up["cursor"])
        replayed = await socket.until("CaughtUp")
        assert numbers(replayed) == [caught_up["sequence"] + 1] * 2
        await change(world, trip, lodging="Hotel Rojo")
        assert (await socket.event())["trip"]["lodging"] == "Hotel Rojo"


async def test_a_server_that_stops_says_come_back(world: World) -> None:
    async with listening(world.server, world.key) as line, line.open() as socket:
        await socket.subscribe()
        await socket.event()
        line.server.should_exit = True
        assert await socket.end() == 1012
    await no_tails(world)


async def test_filters_leave_out_events_and_never_renumber_them(world: World, line: Line) -> None:
    trip, other = await world.book(), await world.book("AR1305")
    async with line.open() as socket:
        await socket.subscribe(tripId=id_of(trip), kinds=["TRIP_UPDATED", "TRIP_STATUS_CHANGED"])
        start = (await socket.event())["sequence"]
        await change(world, other, lodging="Hotel Azul")
        await set_gate(world, other, "A1")
        await publish(world, world.agency.id)
        await change(world, trip, lodging="Hotel Azul")
        last = await head(world)
        event = await socket.event()
        assert (event["__typename"], event["trip"]["id"], event["sequence"]) == ("TripUpdated", id_of(trip), last)
        assert last > start + 3
    # A replay obeys the same filters and ends where the feed ends.
    nothing_seen = cursor_of(world, 0)
    async with line.open() as socket:
        await socket.subscribe(after=nothing_seen, tripId=id_of(trip), kinds=["TRIP_CREATED"])
        assert [(each["__typename"], each["sequence"]) for each in await socket.until("CaughtUp")] == [
            ("TripCreated", 1),
            ("CaughtUp", last),
        ]
        await socket.subscribe(id_="2", after=nothing_seen, kinds=[])
        assert [each["__typename"] for each in await socket.until("CaughtUp", "2")] == ["CaughtUp"]
        await socket.subscribe(id_="3", after=nothing_seen, kinds=["SETTINGS_UPDATED"])
        assert [each["__typename"] for each in await socket.until("CaughtUp", "3")] == ["SettingsUpdated", "CaughtUp"]


def cursor_of(world: World, sequence: int, agency_id: UUID | None = None) -> str:
    stamp = (agency_id or world.agency.id).hex[:8]
    return base64.urlsafe_b64encode(json.dumps([stamp, sequence], separators=(",", ":")).encode()).decode()


async def test_a_trip_of_nobody_cannot_be_followed(world: World, line: Line, calm: None) -> None:
    other, _ = await world.another_agency()
    theirs = await world.book(agency_id=other.id)
    async with line.open() as socket:
        for number, trip_id in enumerate((id_of(theirs), "garbage", "", "VHJpcDo", "x" * 10_000)):
            for document in (EVENTS, STATUSES):
                await socket.subscribe(document, str(number), tripId=trip_id)
                answer = await socket.hear()
                errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
                assert errors[0]["message"] == "The agency has no such trip."
                if answer["type"] == "next":
                    assert (await socket.hear())["type"] == "complete"
    await no_tails(world)


async def test_a_forgotten_cursor_is_answered_with_a_place_to_go_on_from(world: World, line: Line) -> None:
    trip = await world.book()
    old, last = cursor_of(world, 0), await head(world)
    await forget_all(world)
    async with line.open() as socket:
        await socket.subscribe(after=old)
        resync = await socket.event()
        assert (resync["__typename"], resync["sequence"]) == ("Resync", last)
        assert await socket.hear() == {"id": "1", "type": "complete"}
        await change(world, trip, lodging="Hotel Azul")
        for number, cursor in enumerate((resync["cursor"], resync["oldestReplayable"])):
            await socket.subscribe(id_=f"again-{number}", after=cursor)
            replayed = await socket.until("CaughtUp", f"again-{number}")
            assert [each["__typename"] for each in replayed] == ["TripUpdated", "CaughtUp"]
            assert replayed[0]["sequence"] == last + 1
            await socket.say({"id": f"again-{number}", "type": "complete"})


async def test_the_oldest_cursor_that_is_still_kept_replays(world: World, line: Line) -> None:
    await publish(world, world.agency.id, 5)
    world.clock.move_to(world.clock.now() + timedelta(hours=1))
    await publish(world, world.agency.id, 5)
    async with world.db.transaction(world.agency.id) as tx:
        assert await feed.forget(tx, world.agency.id, world.clock.now()) == 5
    async with line.open() as socket:
        await socket.subscribe(id_="kept", after=cursor_of(world, 5))
        assert numbers(await socket.until("CaughtUp", "kept")) == [6, 7, 8, 9, 10, 10]
        await socket.subscribe(id_="gone", after=cursor_of(world, 4))
        resync = await socket.event("gone")
        assert (resync["__typename"], resync["oldestReplayable"]) == ("Resync", cursor_of(world, 5))


async def test_a_cursor_that_names_no_place_of_this_stream_asks_for_a_fresh_start(
    world: World, line: Line, calm: None
) -> None:
    other, _ = await world.another_agency()
    await publish(world, world.agency.id, 3)
    shapes = [b"5", b"null", b"[]", b"[1,2,3]", b'{"a":1,"b":2}', b'["x",1]', b"[" * 5000, b"\xff\xfe"]
    odd = [
        f'["{world.agency.id.hex[:8]}",{number}]'.encode() for number in ("-1", "true", "1.5", "null", '"1"', "9" * 400)
    ]
    garbage = [
        "",
        "x",
        "é😀",
        "====",
        "x" * 100_000,
        "\x00",
        *(base64.urlsafe_b64encode(each).decode() for each in shapes + odd),
    ]
    foreign, future = cursor_of(world, 1, other.id), [cursor_of(world, 4), cursor_of(world, 2**62)]
    async with line.open() as socket:
        for number, cursor in enumerate([*garbage, foreign, *future]):
            for kind, document in (("e", EVENTS), ("s", STATUSES)):
                await socket.subscribe(document, f"{kind}{number}", after=cursor)
                event = await socket.event(f"{kind}{number}")
                assert (event["__typename"], event["sequence"], event["cursor"]) == (
                    "Resync",
                    3,
                    cursor_of(world, 3),
                ), cursor
                assert await socket.hear() == {"id": f"{kind}{number}", "type": "complete"}


async def test_status_changes_come_alone_with_their_record(world: World, line: Line) -> None:
    trip, other = await world.book(), await world.book("AR1305")
    async with line.open() as socket:
        await socket.subscribe(STATUSES, "one", tripId=id_of(trip))
        await socket.subscribe(STATUSES, "all")
        start = await head(world)
        assert {(each["id"], each["payload"]["data"]["tripStatusChanged"]["__typename"]) for each in [await socket.hear(), await socket.hear()]} == {("one", "CaughtUp"), ("all", "CaughtUp")}  # fmt: skip
        await change(world, trip, lodging="Hotel Azul")
        await set_gate(world, other, "B2")
        assert (await socket.event("all"))["trip"]["id"] == id_of(other)
        await set_gate(world, trip, "A13")
        both = [await socket.hear(), await socket.hear()]
        assert {each["id"] for each in both} == {"one", "all"}
        event = both[0]["payload"]["data"]["tripStatusChanged"]
        assert event["trip"] == {"id": id_of(trip), "flight": {"departure": {"gate": "A13"}}}
        assert event["record"]["source"] == "MANUAL"
        assert {"kind": "GATE_ORIGIN", "after": "A13"} in event["record"]["changes"]
    async with line.open() as socket:
        await socket.subscribe(STATUSES, after=cursor_of(world, start))
        replayed = await socket.until("CaughtUp")
        assert [each["__typename"] for each in replayed] == ["TripStatusChanged", "TripStatusChanged", "CaughtUp"]


async def test_another_agencys_events_never_arrive(world: World, line: Line) -> None:
    other, key = await world.another_agency()
    async with line.open() as ours, line.open(key) as theirs:
        await ours.subscribe()
        await theirs.subscribe()
        assert (await ours.event())["sequence"] == (await theirs.event())["sequence"] == 0
        foreign = await world.book(agency_id=other.id)
        own = await world.book(phone="+5491155550102")
        for socket, trip, agency_id in ((ours, own, world.agency.id), (theirs, foreign, other.id)):
            events = [await socket.event() for _ in range(await head(world, agency_id))]
            assert {each["trip"]["id"] for each in events if "trip" in each} == {id_of(trip)}
        # One flight, two agencies: what one writes by hand is no news for the other.
        await set_gate(world, foreign, "A13")
        await change(world, own, lodging="Hotel Azul")
        assert (await ours.event())["__typename"] == "TripUpdated"


async def test_every_event_is_read_afresh(world: World, line: Line) -> None:
    trip = await world.book()
    async with line.open() as socket:
        await socket.subscribe(kinds=["TRIP_UPDATED", "TRIP_STATUS_CHANGED", "SETTINGS_UPDATED"])
        await socket.subscribe(STATUSES, "status")
        assert {(await socket.hear())["id"], (await socket.hear())["id"]} == {"1", "status"}
        for lodging in ("Hotel Azul", "Hotel Rojo", None):
            await change(world, trip, lodging=lodging or "")
            assert (await socket.event())["trip"]["lodging"] == lodging
        for gate in ("A1", "A2"):
            await set_gate(world, trip, gate)
            seen = {message["id"]: message["payload"]["data"] for message in (await socket.hear(), await socket.hear())}
            assert seen["status"]["tripStatusChanged"]["trip"]["flight"]["departure"]["gate"] == gate
        await booking.archive_trip(world.db, world.clock, world.agency.id, trip.id)
        assert (await socket.event())["trip"]["archivedAt"] is not None
        house = world.house
        for version in (1, 2):
            values = {"delay_threshold_minutes": 20 + version}
            await tenancy.change_settings(house.db, house.wakeups, house.clock, world.agency.id, version, values)
            assert (await socket.event())["settings"]["version"] == version + 1


# The door


async def test_nobody_enters_without_a_credential(world: World, line: Line, calm: None) -> None:
    revoked = await tenancy.create_key(
        world.db, world.clock, world.agency.id, name="r", role=Role.ADMIN, expires_at=None
    )
    await tenancy.revoke_key(world.db, world.clock, world.agency.id, revoked.key.id)
    soon = world.clock.now() + timedelta(minutes=1)
    expired = await tenancy.create_key(
        world.db, world.clock, world.agency.id, name="e", role=Role.ADMIN, expires_at=soon
    )
    world.clock.move_to(soon)
    wrong: list[Any] = [
        *(
            {},
            None,
            {"authorization": None},
            {"Authorization": 5},
            {"Authorization": ["Bearer x"]},
            {"Authorization": {"a": 1}},
        ),
        *(
            {"Authorization": text}
            for text in ("", "Bearer", "Bearer ", world.key, f"Basic {world.key}", f"Bearer {world.key}x")
        ),
        {"Authorization": f"Bearer {world.key[:-1]}"},
        {"Authorization": "Bearer bh__"},
        {"Authorization": "Bearer bh_é_😀"},
        {"Authorization": f"Bearer {'x' * 100_000}"},
        {"Authorization": f"Bearer {revoked.secret}"},
        {"Authorization": f"Bearer {expired.secret}"},
    ]
    for payload in wrong:
        async with line.raw() as socket:
            await socket.say({"type": "connection_init", "payload": payload})
            assert await socket.end() == 4403, payload
    async with line.raw() as socket:
        await socket.say({"type": "connection_init"})
        assert await socket.end() == 4403


async def test_a_credential_that_no_database_can_read_is_a_wrong_one(line: Line, calm: None) -> None:
    async with line.raw() as socket:
        await socket.say({"type": "connection_init", "payload": {"Authorization": "Bearer bh_\x00_x"}})
        assert await socket.end() == 4403


async def test_nothing_is_answered_before_the_door_is_passed(line: Line, calm: None) -> None:
    for document in (EVENTS, "{ viewer { name } }"):
        async with line.raw() as socket:
            await socket.subscribe(document)
            assert await socket.end() == 4401
    async with line.raw() as socket:
        await socket.say({"type": "ping"})
        assert await socket.hear() == {"type": "pong"}


async def test_a_null_payload_is_an_empty_one_and_the_name_of_the_header_is_spelled_as_one_likes(
    world: World, line: Line
) -> None:
    async with line.raw() as socket:
        await socket.say({"type": "connection_init", "payload": None})
        assert await socket.end() == 4403  # not 4400: the protocol allows null, only nobody is known by it
    async with line.raw() as socket:
        await socket.say({"type": "connection_init", "payload": {"authorization": f"bearer {world.key}"}})
        assert await socket.hear() == {"type": "connection_ack"}


async def test_another_subprotocol_is_not_spoken(line: Line) -> None:
    async with connect(line.url, subprotocols=["graphql-ws"], proxy=None) as connection:  # type: ignore[list-item]
        socket = Socket(connection)
        assert await socket.end() == 4406


NONSENSE: dict[str, Any] = {
    "a list": [],
    "a text": '"x"',
    "a number": "5",
    "null": "null",
    "true": "true",
    "an empty object": {},
    "a type that is a list": {"type": ["subscribe"]},
    "a type that is null": {"type": None},
    "an unknown type": {"type": "start", "id": "1"},
    "a type without end": {"type": "x" * 3000},
    "the legacy protocol": {"type": "start", "id": "1", "payload": {"query": "{ viewer { name } }"}},
    "no JSON": "{",
    "an empty text": "",
    "deep nesting": "[" * 100_000,
    "a deep payload": '{"type":"ping","payload":' + "[" * 5000 + "]" * 5000 + "}",
    "binary": b'{"type":"ping"}',
    "a lone surrogate": '{"type":"\\ud800"}',
    "an id that is a list": {"type": "subscribe", "id": ["1"], "payload": {"query": NUMBERS}},
    "an id that is a number": {"type": "subscribe", "id": 1, "payload": {"query": NUMBERS}},
    "no id": {"type": "subscribe", "payload": {"query": NUMBERS}},
    "no payload": {"type": "subscribe", "id": "1"},
    "a payload that is a text": {"type": "subscribe", "id": "1", "payload": "x"},
    "a query that is a number": {"type": "subscribe", "id": "1", "payload": {"query": 5}},
    "no query": {"type": "subscribe", "id": "1", "payload": {}},
    "variables that are a list": {"type": "subscribe", "id": "1", "payload": {"query": NUMBERS, "variables": [1]}},
    "variables that are a text": {"type": "subscribe", "id": "1", "payload": {"query": NUMBERS, "variables": "x"}},
    "an operation name that is a number": {"type": "subscribe", "id": "1", "payload": {"query": NUMBERS, "operationName": 5}},
    "a complete without an id": {"type": "complete"},
    "a complete with a list": {"type": "complete", "id": ["1"]},
}  # fmt: skip


@pytest.mark.parametrize("acknowledged", [False, True], ids=["before the door", "inside"])
async def test_nonsense_closes_with_4400_and_leaves_no_traceback(
    world: World, line: Line, calm: None, acknowledged: bool
) -> None:
    for name, message in NONSENSE.items():
        async with line.open() if acknowledged else line.raw() as socket:
            await socket.say(message)
            assert await socket.end() == 4400, name
    assert world.house.hub._tails == {}


async def test_a_payload_of_connection_init_that_is_no_object_closes_with_4400(line: Line, calm: None) -> None:
    for payload in ("x", 5, [], True):
        async with line.raw() as socket:
            await socket.say({"type": "connection_init", "payload": payload})
            assert await socket.end() == 4400


async def test_nonsense_upon_nonsense_leaves_no_traceback(line: Line, calm: None) -> None:
    async with line.open() as socket:
        for message in ("[]", "5", "{", b"x", "null"):
            with suppress(ConnectionClosed):
                await socket.say(message)
        assert await socket.end() == 4400


async def test_the_door_is_knocked_at_once_and_an_id_is_used_once(world: World, line: Line, calm: None) -> None:
    async with line.open() as socket:
        await socket.say({"type": "connection_init", "payload": {"Authorization": f"Bearer {world.key}"}})
        assert await socket.end() == 4429
    async with line.open() as socket:
        await socket.subscribe()
        await socket.event()
        await socket.subscribe()
        assert await socket.end() == 4409
    async with line.open() as socket:
        # Longer, in the reason, than a close frame may be.
        await socket.subscribe(id_="é" * 300)
        await socket.event("é" * 300)
        await socket.subscribe(id_="é" * 300)
        assert await socket.end() == 4409


async def test_pings_are_answered_and_pongs_are_not(line: Line, calm: None) -> None:
    async with line.open() as socket:
        for message in ({"type": "pong"}, {"type": "pong", "payload": {"a": 1}}, {"type": "ping", "payload": {"a": 1}}):
            await socket.say(message)
        assert (await socket.hear())["type"] == "pong"
        await socket.subscribe("{ viewer { name } }")
        assert (await socket.hear())["type"] == "next"


async def test_queries_and_mutations_go_over_the_socket_too(world: World, line: Line) -> None:
    trip = await world.book()
    async with line.open() as socket:
        document = "mutation($id: ID!) { archiveTrip(input: { tripId: $id }) { trip { status } userErrors { code } } }"
        await socket.subscribe(document, id=id_of(trip))
        assert (await socket.hear())["payload"]["data"]["archiveTrip"] == {
            "trip": {"status": "ARCHIVED"},
            "userErrors": [],
        }
        assert await socket.hear() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    "document",
    ["{", "", "subscription {"],
)
async def test_a_document_that_cannot_be_read_ends_its_own_operation_only(
    line: Line, calm: None, document: str
) -> None:
    async with line.open() as socket:
        await socket.subscribe(NUMBERS, "good")
        await socket.event("good")
        await socket.subscribe(document, "bad")
        answer = await socket.hear()
        assert answer["id"] == "bad"
        assert answer["type"] == "error" or (
            answer["payload"]["errors"] and (await socket.hear())["type"] == "complete"
        )
        await socket.subscribe("{ viewer { name } }", "after")
        assert (await socket.hear())["id"] == "after"


async def test_a_document_that_is_not_valid_ends_its_own_operation_only(line: Line, calm: None) -> None:
    documents = (
        "subscription { events { unheardOf } }",
        "subscription { events { sequence } tripStatusChanged { sequence } }",
        "{ __schema { types { name } } }",
        "{ ...missing }",
        "subscription { events(after: 5) { sequence } }",
    )
    async with line.open() as socket:
        for number, document in enumerate(documents):
            await socket.subscribe(document, str(number))
            answer = await socket.hear()
            assert (answer["type"], answer["id"]) == ("error", str(number)), document
        await socket.subscribe("{ viewer { name } }", "after")
        assert (await socket.hear())["type"] == "next"


async def test_a_socket_has_at_most_fifty_operations(line: Line) -> None:
    async with line.open() as socket:
        for number in range(50):
            await socket.subscribe(NUMBERS, str(number))
        for _ in range(50):
            assert (await socket.hear())["type"] == "next"
        await socket.subscribe(NUMBERS, "one more")
        answer = await socket.hear()
        assert (answer["type"], answer["id"]) == ("error", "one more")


# The end of a stream


async def test_complete_ends_a_stream_and_frees_its_tail(world: World, line: Line, calm: None) -> None:
    async with line.open() as socket:
        await socket.subscribe(id_="a")
        await socket.subscribe(id_="b")
        assert {(await socket.hear())["id"], (await socket.hear())["id"]} == {"a", "b"}
        await publish(world, world.agency.id)
        assert {(await socket.hear())["id"], (await socket.hear())["id"]} == {"a", "b"}
        # Both follow the same, so one follows the feed for them.
        assert [tail.readers for tail in world.house.hub._tails.values()] == [1]
        await socket.say({"id": "a", "type": "complete"})
        await socket.say({"id": "unheard of", "type": "complete"})
        await publish(world, world.agency.id)
        assert (await socket.event("b"))["sequence"] == 2
        await socket.say({"id": "b", "type": "complete"})
        await no_tails(world)
        await publish(world, world.agency.id)
        await socket.subscribe("{ viewer { name } }", "after")
        assert [(await socket.hear())["id"], (await socket.hear())["type"]] == ["after", "complete"]
        await socket.subscribe(id_="a")  # an ended id may be used again
        assert (await socket.event("a"))["sequence"] == 3


async def test_a_socket_that_goes_away_frees_its_tails(world: World, line: Line, calm: None) -> None:
    async with line.open() as socket:
        for id_ in ("a", "b", "c"):
            await socket.subscribe(id_=id_)
            await socket.event(id_)
        socket.connection.transport.abort()
    await no_tails(world)


async def test_a_stream_that_breaks_on_our_side_closes_the_socket_so_that_the_client_comes_back(
    world: World, line: Line, owner: Database
) -> None:
    async with line.open() as socket:
        async with owner.transaction() as tx:
            await tx.run("REVOKE SELECT ON feed_heads FROM bauhaus_app")
        try:
            await socket.subscribe()
            assert await socket.end() == 1013
        finally:
            async with owner.transaction() as tx:
                await tx.run("GRANT SELECT ON feed_heads TO bauhaus_app")


async def test_the_socket_of_a_revoked_key_is_closed_within_ten_seconds(world: World, line: Line) -> None:
    made = await tenancy.create_key(world.db, world.clock, world.agency.id, name="k", role=Role.VIEWER, expires_at=None)
    async with line.open(made.secret) as socket:
        await socket.subscribe(NUMBERS)
        await socket.event()
        await tenancy.revoke_key(world.db, world.clock, world.agency.id, made.key.id)
        async with asyncio.timeout(10):
            with suppress(ConnectionClosed):
                while True:
                    await socket.hear()
        assert socket.connection.close_code == 4403


# Many at once


async def test_fifty_subscribers_each_hear_every_event_once_while_eight_writers_write(world: World, line: Line) -> None:
    writers, each_writes = 8, 25
    last = writers * each_writes

    async def follow(opened: asyncio.Semaphore, after: str | None) -> list[int]:
        async with line.open() as socket:
            await socket.subscribe(NUMBERS, after=after)
            heard: list[int] = []
            while not heard or heard[-1] < last:
                event = await socket.event()
                if event["__typename"] == "CaughtUp":
                    opened.release()
                else:
                    heard.append(event["sequence"])
            return heard

    async def write() -> None:
        for _ in range(each_writes):
            await publish(world, world.agency.id)

    opened = asyncio.Semaphore(0)
    followers = [asyncio.create_task(follow(opened, None if n % 2 else cursor_of(world, 0))) for n in range(50)]
    async with asyncio.timeout(60):
        for _ in followers:
            await opened.acquire()
        await asyncio.gather(*(write() for _ in range(writers)))
        heard = await asyncio.gather(*followers)
    assert heard == [list(range(1, last + 1))] * 50
    await no_tails(world)


async def test_those_who_come_in_the_middle_of_the_writing_hear_the_rest_without_a_hole(
    world: World, line: Line
) -> None:
    last = 400

    async def write() -> None:
        for _ in range(last // 10):
            await publish(world, world.agency.id, 10)

    async def follow() -> list[int]:
        async with line.open() as socket:
            await socket.subscribe(NUMBERS, after=cursor_of(world, 0))
            heard: list[int] = []
            while not heard or heard[-1] < last:
                event = await socket.event()
                if event["__typename"] != "CaughtUp":
                    heard.append(event["sequence"])
            return heard

    async with asyncio.timeout(60):
        writing = asyncio.create_task(write())
        heard = await asyncio.gather(*(follow() for _ in range(10)))
        await writing
    assert heard == [list(range(1, last + 1))] * 10


class Held:
    """The real database, whose answers the test holds back for a moment."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.gate: asyncio.Future[None] | None = None
        self.holds = asyncio.Event()

    @asynccontextmanager
    async def transaction(self, agency_id: UUID | None = None) -> AsyncIterator[Transaction]:
        async with self._db.transaction(agency_id) as tx:
            yield tx
        if self.gate is not None:
            self.holds.set()
            await self.gate


async def test_an_event_that_is_read_at_the_moment_of_subscribing_is_heard(world: World) -> None:
    """The new subscriber looks at the tail in the very turn of the loop in which the tail's reader brings an event."""
    db, agency_id = Held(world.db), world.agency.id
    hub = Hub(db)  # type: ignore[arg-type]
    first, second = hub.events(agency_id, 0), hub.events(agency_id, 0)
    waiting = asyncio.create_task(anext(first))
    try:
        async with asyncio.timeout(PATIENCE):
            while not hub._tails:  # noqa: ASYNC110
                await asyncio.sleep(0)
            await publish(world, agency_id)
            db.gate = asyncio.get_running_loop().create_future()
            hub._tails[agency_id].nudged.set()
            await db.holds.wait()
        late = asyncio.create_task(anext(second))
        gate, db.gate = db.gate, None
        gate.set_result(None)
        async with asyncio.timeout(4):
            assert ((await waiting).sequence, (await late).sequence) == (1, 1)
    finally:
        for stream, task in ((first, waiting), (second, late)):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await stream.aclose()


async def test_a_lost_nudge_costs_a_moment_and_no_event(world: World) -> None:
    """Nobody listens for NOTIFY here: the tail reads again by itself."""
    hub, agency_id = Hub(world.db), world.agency.id
    stream = hub.events(agency_id, 0)
    waiting = asyncio.create_task(anext(stream))
    async with asyncio.timeout(PATIENCE):
        while not hub._tails:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await publish(world, agency_id)
        assert (await waiting).sequence == 1
    await stream.aclose()
    assert hub._tails == {}
