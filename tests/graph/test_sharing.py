"""Who asks the same follows together: executed once, heard by each, and nobody waits for the slowest."""

import asyncio
import socket as sockets
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.asyncio.client import connect

from graph import subscriptions
from graph.context import Place
from graph.sharing import NOTHING, Channel, Channels, Question, Reader
from server import protocols, serving
from server import socket as server_socket
from tests.graph.test_subscriptions import (
    NUMBERS,
    PATIENCE,
    Line,
    Socket,
    calm,
    change,
    cursor_of,
    head,
    id_of,
    line,
    listening,
    no_tails,
    numbers,
    publish,
)
from tests.world import World
from travel import tenancy
from travel.model import EventKind, News, Role, Viewer
from travel.records import feed

assert calm, "fixtures of the streams"
assert line, "fixtures of the streams"

WIDE = f"""subscription {{ events(kinds: [TRIP_UPDATED]) {{ __typename sequence ... on TripUpdated {{ trip {{
{" ".join(f"a{number}: notes" for number in range(25))}
}} }} }} }}"""
"""With notes of 2,000 letters, fifty thousand bytes for each event."""
MANY = 300


def channels(world: World) -> Channels:
    """What the server of the test shares."""
    (route,) = [
        each for each in world.server.routes if getattr(each, "path", "") == "/graphql" and hasattr(each, "app")
    ][:1]
    found: Channels = route.endpoint.channels  # type: ignore[attr-defined]
    return found


async def following(world: World, count: int) -> None:
    """Until so many readers follow in channels."""
    async with asyncio.timeout(PATIENCE):
        while sum(len(each.readers) for each in channels(world)._open.values()) != count:  # noqa: ASYNC110
            await asyncio.sleep(0)


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The event numbers that any stream shaped for an answer."""
    shaped: list[int] = []
    really = subscriptions._shape

    def counted(event: Any) -> Any:
        shaped.append(event.sequence)
        return really(event)

    monkeypatch.setattr(subscriptions, "_shape", counted)
    return shaped


async def test_twenty_who_ask_the_same_are_answered_by_one_execution(
    world: World, line: Line, executed: list[int], calm: None
) -> None:
    async with asyncio.TaskGroup() as group:
        ready, told = asyncio.Event(), []

        async def follow(number: int) -> None:
            async with line.open() as socket:
                # Where each begins is its own affair.
                await socket.subscribe(NUMBERS, str(number), after=cursor_of(world, 0) if number % 2 else None)
                assert (await socket.event(str(number)))["__typename"] == "CaughtUp"
                await ready.wait()
                told.append([(await socket.event(str(number)))["sequence"] for _ in range(3)])

        tasks = [group.create_task(follow(number)) for number in range(20)]
        await following(world, 20)
        assert len(channels(world)._open) == 1
        ready.set()
        await publish(world, world.agency.id, 3)
        await asyncio.gather(*tasks)
    assert told == [[1, 2, 3]] * 20
    assert executed == [1, 2, 3]
    await no_tails(world)
    assert not channels(world)._open


async def test_who_has_other_rights_or_asks_for_something_else_is_answered_apart(world: World, line: Line) -> None:
    lesser = await tenancy.create_key(
        world.db, world.clock, world.agency.id, name="k", role=Role.VIEWER, expires_at=None
    )
    other, theirs = await world.another_agency()
    async with line.open() as one, line.open(lesser.secret) as two, line.open(theirs) as three:
        for socket in (one, two, three):
            await socket.subscribe(NUMBERS)
            await socket.event()
        await one.subscribe(NUMBERS, "kinds", kinds=["TRIP_CREATED"])
        await one.subscribe(NUMBERS + " # the same, and yet another text", "text")
        await following(world, 5)
        assert len(channels(world)._open) == 5
        await publish(world, other.id, 2)
        assert numbers([await three.event(), await three.event()]) == [1, 2]
        await publish(world, world.agency.id)
        assert (await two.event())["sequence"] == 1


@pytest.mark.parametrize(
    ("query", "shares"),
    [
        ("subscription($a: String) { events(after: $a) { cursor } }", True),
        ("subscription($a: String) { tripStatusChanged(after: $a) { cursor } }", True),
        ("subscription($a: String, $t: ID) { events(after: $a, tripId: $t) { cursor } }", True),
        # A cursor that also says something else is part of the question.
        ("subscription($a: String) { events(after: $a, tripId: $a) { cursor } }", False),
        ("subscription($a: String!) { events { cursor @include(if: $a) } }", False),
    ],
)
def test_where_a_subscription_begins_is_no_part_of_its_question(world: World, query: str, shares: bool) -> None:
    viewer = Viewer(agency_id=world.agency.id, key_id=world.agency.id, name="k", role=Role.AGENT, expires_at=None)
    asked = [Question.of(query, {"a": after, "t": None}, None, viewer) for after in ("x", "y")]
    assert None not in asked
    assert (asked[0] == asked[1]) is shares


async def test_a_query_over_a_socket_is_never_shared(world: World) -> None:
    viewer = Viewer(agency_id=world.agency.id, key_id=world.agency.id, name="k", role=Role.AGENT, expires_at=None)
    for query in ("{ viewer { name } }", "mutation { x }", "subscription {", ""):
        assert Question.of(query, {}, None, viewer) is None


async def test_each_event_of_a_channel_is_read_afresh(world: World, line: Line) -> None:
    trip = await world.book()
    await world.settle()
    async with line.open() as one, line.open() as two:
        for socket in (one, two):
            await socket.subscribe(tripId=id_of(trip))
            await socket.event()
        await following(world, 2)
        for lodging in ("Azul", "Rojo"):
            await change(world, trip, lodging=lodging)
            for socket in (one, two):
                assert (await socket.event())["trip"]["lodging"] == lodging


async def test_who_comes_while_events_flow_misses_none_and_hears_none_twice(world: World, line: Line) -> None:
    heard: list[list[int]] = []

    async def follow() -> None:
        async with line.open() as socket:
            await socket.subscribe(NUMBERS, after=cursor_of(world, 0))
            seen: list[int] = []
            while not seen or seen[-1] < 300:
                event = await socket.event()
                if event["__typename"] != "CaughtUp":
                    seen.append(event["sequence"])
            heard.append(seen)

    async with asyncio.TaskGroup() as group:
        for _ in range(30):
            group.create_task(follow())
            await publish(world, world.agency.id, 10)
    assert heard == [list(range(1, 301))] * 30


async def publish_wide(world: World) -> int:
    """MANY events that are more than all buffers hold; the number of the last."""
    trip = await world.book(notes="n" * 2000)
    async with world.db.transaction(world.agency.id) as tx:
        news = [News(kind=EventKind.TRIP_UPDATED, trip_id=trip.id)] * MANY
        await feed.publish(tx, world.agency.id, news, world.clock.now())
    return await head(world)


async def stalled(line: Line) -> Socket:
    """A client that was let in, follows, and reads nothing any more."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", int(line.url.split(":")[2].split("/")[0])))
    connection = await connect(
        line.url,
        sock=raw,
        subprotocols=["graphql-transport-ws"],
        proxy=None,
        compression=None,
        max_queue=1,
        ping_interval=None,
    )  # type: ignore[list-item]
    socket = Socket(connection)
    await socket.say({"type": "connection_init", "payload": {"Authorization": f"Bearer {line.key}"}})
    await socket.hear()
    await socket.subscribe(WIDE)
    await socket.hear()
    return socket


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is long for a test."""
    monkeypatch.setattr(protocols, "STALLED_SECONDS", 1.0)
    monkeypatch.setattr(server_socket, "CLOSE_SECONDS", 0.2)


async def test_a_reader_that_stalls_is_cut_off_and_delays_nobody(
    world: World, line: Line, impatient: None, calm: None
) -> None:
    lazy = await stalled(line)
    async with line.open() as socket:
        await socket.subscribe(WIDE)
        await socket.event()
        await following(world, 2)
        last = await publish_wide(world)
        assert numbers([await socket.event() for _ in range(MANY)]) == list(range(last - MANY + 1, last + 1))
        # Its own operation has ended on the server; what follows concerns one reader only.
        await following(world, 1)
        async with asyncio.timeout(PATIENCE):
            while len(line.server.server_state.connections) > 1:  # noqa: ASYNC110
                await asyncio.sleep(0)
    await lazy.connection.close()


async def test_a_reader_that_was_slow_for_a_moment_gets_everything_in_order(
    world: World, line: Line, calm: None
) -> None:
    lazy = await stalled(line)
    await following(world, 1)
    last = await publish_wide(world)
    await following(world, 0)
    assert numbers([await lazy.event() for _ in range(MANY)]) == list(range(last - MANY + 1, last + 1))
    await following(world, 1)
    await lazy.connection.close()


async def test_a_stop_sends_everybody_away_in_waves_and_waits_for_no_stalled_reader(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "WAVE", 10)
    closed_at: list[float] = []
    async with listening(world.server, world.key) as line:
        lazy = await stalled(line)
        await following(world, 1)
        await publish_wide(world)

        async def follow() -> None:
            async with line.open() as socket:
                await socket.subscribe(NUMBERS)
                await socket.event()
                assert await socket.end() == 1012
                closed_at.append(asyncio.get_running_loop().time())

        tasks = [asyncio.create_task(follow()) for _ in range(60)]
        await following(world, 60)
        began = asyncio.get_running_loop().time()
        line.server.should_exit = True
        await asyncio.gather(*tasks)
        assert max(closed_at) - min(closed_at) > 3 * serving.DRAIN_SECONDS / serving.WAVES
    assert asyncio.get_running_loop().time() - began < 10
    await lazy.connection.close()


async def test_who_stands_beyond_what_was_forgotten_is_spared_the_resync_of_a_channel_that_lags() -> None:
    """A reader may join a channel that is not as far as itself."""
    told: list[bytes] = []

    class Open:
        """Takes whatever comes."""

        def write(self, payload: bytes) -> bool:
            told.append(payload)
            return True

        async def send(self, payload: bytes) -> None:
            raise AssertionError("nobody was slow")

    channel = Channel(SimpleNamespace(place=Place(seen=18, is_live=True, is_over=True)))  # type: ignore[arg-type]
    behind, beyond = Reader(Open(), 18), Reader(Open(), 22)
    channel.readers = {behind: None, beyond: None}
    channel._hand_out(b"resync")
    assert told == [b"resync"]
    assert list(channel.readers) == [behind]
    # It goes on alone, and is not at its stream's end.
    assert await beyond.left == NOTHING
    assert beyond.position == 22


async def test_a_slow_reader_hears_resync_once() -> None:
    """It waits for its socket with the Resync in its hand; to go on after that would bring another one."""

    class Full:
        """Takes nothing for now."""

        def write(self, payload: bytes) -> bool:
            return False

        async def send(self, payload: bytes) -> None:
            raise AssertionError("the reader sends for itself")

    place = Place(seen=18, is_live=True)
    channel, slow = Channel(SimpleNamespace(place=place)), Reader(Full(), 17)  # type: ignore[arg-type]
    channel.readers = {slow: None}
    channel._hand_out(b"event")
    assert (await slow.left, slow.is_over) == (b"event", False)
    last = Reader(Full(), 18)
    channel.readers, place.is_over = {last: None}, True
    channel._hand_out(b"resync")
    assert (await last.left, last.is_over) == (b"resync", True)
    assert not channel.readers
