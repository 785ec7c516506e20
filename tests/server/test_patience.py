"""Who takes nothing, or never comes to the point, is cut; who is only slow is not. Nobody needs a credential to try."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import httpx
import orjson
import pytest
import structlog
from websockets.frames import CloseCode

from graph import subscriptions
from server import bodies, protocols
from tests.graph.test_mutations import id_of
from tests.graph.test_subscriptions import Line, listening, publish
from tests.world import World
from travel.records import feed

NUMBERS = "subscription { events { __typename sequence } }"
IDLE = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
PING = b"\x89\xfd\0\0\0\0" + b"x" * 125
MANY = 100_000


@pytest.fixture
async def line(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    """A server whose kernel holds little back, as over a slow line, and whose patience is short."""
    monkeypatch.setattr(protocols, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(protocols, "FLUSH_SECONDS", 0.2)
    monkeypatch.setattr(protocols, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.5)
    async with listening(world.server, world.key) as opened:
        opened.server.servers[0].sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        yield opened


def port(line: Line) -> int:
    return int(line.url.split(":")[2].split("/")[0])


async def plug(line: Line) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection that takes little at once."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port(line)))
    return await asyncio.open_connection(sock=plain, limit=4096)


async def gone(line: Line) -> None:
    """The server has no connection any more."""
    async with asyncio.timeout(20):
        while line.server.server_state.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_socket_that_pings_and_reads_nothing_is_cut_before_it_shows_a_credential(line: Line) -> None:
    reader, writer = await plug(line)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    (connection,) = line.server.server_state.connections
    for _ in range(100):
        # Pongs that nobody reads pile up nowhere, so the server goes on reading.
        writer.write(PING * 500)
        await asyncio.sleep(0)
    async with asyncio.timeout(20):
        while connection in line.server.server_state.connections:
            assert connection.transport.get_write_buffer_size() < 1_000_000
            await asyncio.sleep(0.01)
    writer.transport.abort()


async def test_who_says_too_much_hears_so_however_much_is_still_coming(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "FLUSH_SECONDS", 2)
    reader, writer = await plug(line)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(20):
        # A fragmented message, of which the first quarter is more than a message may be.
        for opcode in (b"\x01", *[b"\x00"] * 15):
            writer.write(opcode + b"\xff" + (65_536).to_bytes(8, "big") + bytes(4) + b"x" * 65_536)
            await writer.drain()
        close = await reader.readexactly(4)
    assert close[0] == 0x88
    assert int.from_bytes(close[2:4], "big") == CloseCode.MESSAGE_TOO_BIG
    writer.close()
    await gone(line)


@pytest.mark.parametrize("said", [b"", b"POST /graphql HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_is_not_waited_for(line: Line, said: bytes) -> None:
    reader, writer = await plug(line)
    writer.write(said)
    async with asyncio.timeout(20):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    await gone(line)
    writer.transport.abort()


async def test_a_head_without_an_end_is_refused(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "HEAD_SECONDS", 60)
    reader, writer = await plug(line)
    writer.write(b"POST /graphql HTTP/1.1\r\n")
    async with asyncio.timeout(20):
        for number in range(protocols.LARGEST_HEAD // 1000 + 2):
            writer.write(b"x-%d: " % number + b"y" * 1000 + b"\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.transport.abort()


async def test_a_body_that_does_not_come_is_answered_in_time(world: World, line: Line) -> None:
    reader, writer = await plug(line)
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.key}\r\nContent-Type: application/json\r\n"
    )
    writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    async with asyncio.timeout(20):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
    writer.transport.abort()


async def test_a_page_that_is_read_slowly_comes_whole(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocols, "STALLED_SECONDS", 1.5)
    trip = await world.book(notes="x" * 1000)
    document = (
        "query($i: [ID!]!) {" + " ".join(f"a{n}: nodes(ids: $i) {{ ... on Trip {{ notes }} }}" for n in range(8)) + "}"
    )
    body = orjson.dumps({"query": document, "variables": {"i": [id_of(trip)] * 100}})
    reader, writer = await plug(line)
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.key}\r\nContent-Type: application/json\r\n"
    )
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert length > 800_000
    got, began = 0, asyncio.get_running_loop().time()
    async with asyncio.timeout(60):
        while got < length:
            piece = await reader.read(4096)
            assert piece, f"cut after {got} of {length}"
            got += len(piece)
            # Slower than any buffer hides, for as long as several times the patience.
            if asyncio.get_running_loop().time() - began < 5 * protocols.STALLED_SECONDS:
                await asyncio.sleep(0.01)
    writer.transport.abort()


@pytest.mark.parametrize(
    "request_", [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /graphql HTTP/1.1\r\nHost: x\r\n\r\n"]
)
async def test_noise_behind_a_good_request_is_no_fault(
    line: Line, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    with structlog.testing.capture_logs() as lines:
        reader, writer = await plug(line)
        writer.write(request_ + b"\x00noise\r\n\r\n")
        async with asyncio.timeout(20):
            await reader.read()
        writer.transport.abort()
        await gone(line)
    assert [each for each in lines if each["log_level"] in ("error", "critical")] == []
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


async def test_a_field_that_fails_at_once_leaves_no_transaction_open(world: World, line: Line) -> None:
    """Twenty of them would stop the process for every agency."""
    document = '{ agency { name } airports(search: "a", first: 1000) { code } }'
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(3):
            answer = await http.post(
                f"http://127.0.0.1:{port(line)}/graphql",
                json={"query": document},
                headers={"Authorization": f"Bearer {world.key}"},
            )
            assert answer.json()["errors"][0]["message"] == "A page has 0 to 100 items."
    await settled(world)


async def test_a_subscription_that_is_ended_while_it_begins_leaves_no_transaction_open(
    world: World, line: Line
) -> None:
    trip = await world.book()
    document = "subscription($id: ID) { events(tripId: $id) { sequence } }"
    async with line.open() as socket_:
        for number in range(15):
            payload = {"query": document, "variables": {"id": id_of(trip)}}
            await socket_.say({"id": str(number), "type": "subscribe", "payload": payload})
            await asyncio.sleep(0.001 * number)
            await socket_.say({"id": str(number), "type": "complete"})
    await settled(world)


async def settled(world: World) -> None:
    """Well before PostgreSQL itself would end what is idle; asked as the server's own role, which no other's sessions shows."""
    async with asyncio.timeout(3):
        while True:
            async with world.db.transaction() as tx:
                if not await tx.value(IDLE):
                    return
            await asyncio.sleep(0.05)


def breaks(*_: object) -> None:
    raise ValueError("a kind that this release does not know")


@pytest.mark.parametrize(
    "breaking",
    [lambda patch: patch.setattr(feed, "after", breaks), lambda patch: patch.setattr(subscriptions, "_shape", breaks)],
    ids=["the feed", "an event"],
)
async def test_a_stream_that_breaks_sends_its_followers_back(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch, breaking: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Silence, or `complete`, would look as if nothing happened any more."""
    with structlog.testing.capture_logs() as lines:
        async with line.open() as socket_:
            await socket_.subscribe(NUMBERS)
            assert (await socket_.event())["__typename"] == "CaughtUp"
            with monkeypatch.context() as patch:
                breaking(patch)
                await publish(world, world.agency.id)
                async with asyncio.timeout(10):
                    await socket_.connection.wait_closed()
            assert socket_.connection.close_code == CloseCode.TRY_AGAIN_LATER
    said = [each["event"] for each in lines if each["log_level"] == "error"]
    assert said[0] in ("feed_read_broke", "stream_source_broke")
    assert len(said) <= 2, "once, and not for each follower"
