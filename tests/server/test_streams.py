"""Subscriptions over server-sent events: alive, ended with the credential, and gone with the client."""

import asyncio
import json
import re
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from graph import subscriptions
from server import protocols, serving, streams
from tests.graph.test_sharing import MANY, WIDE, publish_wide
from tests.graph.test_subscriptions import Line, listening
from tests.world import World
from travel import tenancy
from travel.model import Role

PATIENCE = 60
FEED = "subscription { events { __typename sequence } }"


@pytest.fixture
async def line(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    async with listening(world.server, world.key) as opened:
        yield opened


@asynccontextmanager
async def reading(line: Line, document: str = FEED, key: str | None = None) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of an answer under way."""
    url = line.url.replace("ws://", "http://")
    headers = {"Authorization": f"Bearer {key or line.key}", "accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http,
        http.stream("POST", url, json={"query": document}, headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "no-transform" in response.headers["cache-control"]
        yield response.aiter_lines()


async def event(lines: AsyncIterator[str]) -> tuple[str, Any]:
    """The next one that is more than a sign of life."""
    name = ""
    async for text in lines:
        if text.startswith("event: "):
            name = text.removeprefix("event: ")
        elif text.startswith("data: "):
            return name, json.loads(text.removeprefix("data: ") or "null")
    raise AssertionError("the answer ended")


async def followed(world: World, follows: bool) -> None:
    """Until somebody follows a feed, or nobody any more."""
    async with asyncio.timeout(PATIENCE):
        while bool(world.house.hub._tails) is not follows:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_events_are_heard_and_a_silent_stream_shows_that_it_lives(world: World, line: Line) -> None:
    async with reading(line) as lines:
        assert (await event(lines))[1]["data"]["events"]["__typename"] == "CaughtUp"
        async for text in lines:
            if text == ": ping":
                break
        await world.book()
        name, payload = await event(lines)
        assert (name, payload["data"]["events"]) == ("next", {"__typename": "TripCreated", "sequence": 1})
    await followed(world, False)


async def test_a_query_is_one_event_and_the_end(line: Line) -> None:
    async with reading(line, "{ viewer { role } }") as lines:
        assert await event(lines) == ("next", {"data": {"viewer": {"role": "ADMIN"}}})
        assert await event(lines) == ("complete", None)
        assert [text async for text in lines if text] == []


async def test_a_document_that_is_not_valid_is_one_error_and_the_end(line: Line) -> None:
    for document in ("{", "subscription { nothing }", "query A { __typename } fragment B on Query { __typename }"):
        async with reading(line, document) as lines:
            name, payload = await event(lines)
            assert (name, payload.keys()) == ("next", {"errors"})
            assert await event(lines) == ("complete", None)


async def test_a_stream_ends_with_its_credential_and_is_not_complete(world: World, line: Line) -> None:
    made = await tenancy.create_key(world.db, world.clock, world.agency.id, name="x", role=Role.ADMIN, expires_at=None)
    async with reading(line, key=made.secret) as lines:
        await event(lines)
        await tenancy.revoke_key(world.db, world.clock, world.agency.id, made.key.id)
        rest = [text async for text in lines]
    assert not [text for text in rest if text.startswith("event:")]
    await followed(world, False)


async def test_a_stream_that_breaks_on_our_side_is_not_complete(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaking(*_: Any) -> AsyncIterator[Any]:
        raise ConnectionResetError
        yield

    monkeypatch.setattr(world.house.hub, "events", breaking)
    async with reading(line) as lines:
        text = "\n".join([each async for each in lines])
    assert "complete" not in text
    assert "errors" not in text


async def test_an_event_that_a_lost_database_tore_ends_the_stream_instead(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise ConnectionResetError

    monkeypatch.setattr(subscriptions, "_trip", away)
    async with reading(line, "subscription { events { sequence ... on TripCreated { trip { id } } } }") as lines:
        await event(lines)
        await world.book()
        text = "\n".join([each async for each in lines])
    assert "complete" not in text
    assert "errors" not in text


async def test_a_client_that_goes_away_leaves_nothing_behind(
    world: World, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        async with reading(line) as lines:
            await event(lines)
            await followed(world, True)
        await followed(world, False)
    for _ in range(10):
        async with reading(line):
            # Gone in the middle of what the stream begins with.
            pass
    await followed(world, False)
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []


async def stalled(line: Line) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that asks, and reads no further than the head of its answer."""
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    host, port = line.url.removeprefix("ws://").split("/")[0].split(":")
    await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=raw, limit=1024)
    body = json.dumps({"query": WIDE})
    writer.write(
        f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {line.key}\r\nAccept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    assert b" 200 " in await reader.readline()
    return reader, writer


async def test_a_reader_that_stalls_is_cut_off(world: World, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "STALLED_SECONDS", 0.5)
    _, writer = await stalled(line)
    await followed(world, True)
    await publish_wide(world)
    await followed(world, False)
    async with asyncio.timeout(PATIENCE):
        while line.server.server_state.connections:  # noqa: ASYNC110
            await asyncio.sleep(0)
    writer.transport.abort()


async def test_a_reader_that_was_slow_for_a_moment_hears_everything(world: World, line: Line) -> None:
    reader, writer = await stalled(line)
    await followed(world, True)
    last = await publish_wide(world)
    (connection,) = line.server.server_state.connections
    async with asyncio.timeout(PATIENCE):
        while connection.flow._is_writable_event.is_set():  # type: ignore[union-attr]  # noqa: ASYNC110
            await asyncio.sleep(0)
        heard = bytearray()
        seek, piece = f'"sequence":{last},'.encode(), b""
        while seek not in heard[-len(piece) - len(seek) :]:
            piece = await reader.read(65536)
            heard += piece
    writer.transport.abort()
    told = [int(each) for each in re.findall(rb'"sequence":(\d+),', heard)]
    assert told == list(range(last - MANY + 1, last + 1))


async def test_a_stop_ends_streams_in_waves_and_says_of_none_that_it_is_complete(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "WAVE", 5)
    ended_at: list[float] = []
    loop = asyncio.get_running_loop()
    async with listening(world.server, world.key) as line:

        async def follow() -> None:
            async with reading(line) as lines:
                await event(lines)
                assert [text async for text in lines if text.startswith("event:")] == []
                ended_at.append(loop.time())

        tasks = [asyncio.create_task(follow()) for _ in range(20)]
        async with asyncio.timeout(PATIENCE):
            while not world.house.hub._tails or world.house.hub._tails[world.agency.id].readers < 20:  # noqa: ASYNC110
                await asyncio.sleep(0)
        line.server.should_exit = True
        await asyncio.gather(*tasks)
    assert max(ended_at) - min(ended_at) > serving.DRAIN_SECONDS / serving.WAVES
