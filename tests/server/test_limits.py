"""Who may ask how much: exactly so much passes, one more is refused with a word, and there is room again afterwards."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from graph import limits as documents
from graph import paging
from server import app as server_app
from server import limits, protocols
from server.rates import Rates
from tests.graph.test_subscriptions import NUMBERS, Line, Socket, listening
from tests.incidents import ROOT
from tests.server.test_http import messages
from tests.server.test_streams import PATIENCE, event, reading
from tests.world import World
from travel import tenancy
from travel.config import Config
from travel.model import Role

VIEWER = "{ viewer { name } }"


@asynccontextmanager
async def bounded(world: World, **changes: Any) -> AsyncIterator[Line]:
    """A listening server with other limits."""
    async with listening(server_app.build(world.house, world.config.model_copy(update=changes)), world.key) as line:
        yield line


async def another_key(world: World) -> str:
    made = await tenancy.create_key(world.db, world.clock, world.agency.id, name="o", role=Role.ADMIN, expires_at=None)
    return made.secret


async def post(line: Line, document: str, accept: str = "application/json", key: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key or line.key}", "accept": accept}
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        return await http.post(line.url.replace("ws://", "http://"), json={"query": document}, headers=headers)


# How often


def test_a_full_bucket_at_once_and_then_what_drips_into_it() -> None:
    rates = Rates(30)
    assert [rates.take("a", 1000.0) for _ in range(30)] == [0.0] * 30
    assert rates.take("a", 1000.0) == pytest.approx(2)
    assert rates.take("a", 1001.0) == pytest.approx(1)
    assert rates.take("b", 1000.0) == 0
    assert rates.take("a", 1002.0) == 0
    assert rates.take("a", 1002.0) == pytest.approx(2)
    assert [rates.take("a", 2000.0) for _ in range(30)] == [0.0] * 30
    assert rates.take("a", 2000.0) > 0


def test_full_buckets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.rates.MANY", 3)
    rates = Rates(1)
    for number, now in enumerate((0.0, 1.0, 2.0, 61.5)):
        assert rates.take(number, now) == 0
    assert list(rates._spent) == [2, 3]
    assert rates.take(2, 61.5) > 0


async def test_a_key_may_ask_so_often_over_http_and_sockets_together(world: World) -> None:
    async with bounded(world, requests_per_minute=5) as line:
        for _ in range(3):
            assert (await post(line, VIEWER)).json() == {"data": {"viewer": {"name": "test"}}}
        async with line.open() as socket:
            for id_ in ("1", "2"):
                await socket.subscribe(VIEWER, id_)
                assert [(await socket.hear())["type"] for _ in range(2)] == ["next", "complete"]
            await socket.subscribe(VIEWER, "3")
            answer = await socket.hear()
            assert (answer["type"], answer["id"]) == ("error", "3")
            assert "5 times a minute" in answer["payload"][0]["message"]
            await socket.say({"type": "ping"})
            assert await socket.hear() == {"type": "pong"}
        refused = await post(line, VIEWER)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 12
        assert "5 times a minute" in messages(refused)[0]
        assert (await post(line, VIEWER, key=await another_key(world))).status_code == 200


# How many sockets


async def crowded(line: Line, key: str | None = None) -> int | None:
    async with line.raw() as socket:
        await socket.say({"type": "connection_init", "payload": {"Authorization": f"Bearer {key or line.key}"}})
        return await socket.end()


async def test_a_key_has_so_many_sockets_and_streams(world: World) -> None:
    async with bounded(world, sockets_per_key=3) as line, AsyncExitStack() as open_:
        other = await another_key(world)
        for _ in range(2):
            await open_.enter_async_context(line.open())
        async with reading(line) as lines:
            await event(lines)
            assert await crowded(line) == limits.CROWDED == 4430
            refused = await post(line, NUMBERS, "text/event-stream")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
            assert "3 sockets and streams" in messages(refused)[0]
            await open_.enter_async_context(line.open(other))
            assert (await post(line, VIEWER)).status_code == 200
        await room(line, 3)
        await open_.enter_async_context(line.open())
        assert await crowded(line) == 4430


async def room(line: Line, taken: int) -> None:
    """Until no more than so many places are taken: the server notices by and by who is gone."""
    seats = line.server.config.app.routes[0].app.seats  # type: ignore[union-attr]
    async with asyncio.timeout(PATIENCE):
        while len(seats._taken) > taken:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_a_process_has_so_many_sockets_and_streams_known_or_not(world: World) -> None:
    async with bounded(world, sockets_per_process=3) as line:
        async with line.open(), line.raw(), reading(line) as lines:
            await event(lines)
            async with line.raw() as one_more:
                assert await one_more.end() == limits.FULL == 1013
                assert "no room" in (one_more.connection.close_reason or "")
            refused = await post(line, NUMBERS, "text/event-stream")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert (await post(line, VIEWER)).status_code == 200
        await room(line, 0)
        async with line.open(), line.open(), line.open():
            pass
        await room(line, 0)
        for _ in range(10):
            async with reading(line):
                # Gone before the first word.
                pass
        await room(line, 0)


async def test_a_socket_that_is_refused_takes_no_place(world: World) -> None:
    async with bounded(world, sockets_per_key=1, sockets_per_process=2) as line:
        for _ in range(5):
            assert await crowded(line, "bh_nobody_x") == 4403
        await room(line, 0)
        async with line.open():
            for _ in range(5):
                assert await crowded(line) == 4430
                await room(line, 1)


async def test_a_socket_carries_fifty_operations(world: World) -> None:
    async with bounded(world) as line, line.open() as socket:
        for number in range(50):
            await socket.subscribe(NUMBERS, str(number))
            assert (await socket.hear())["type"] == "next"
        await socket.subscribe(NUMBERS, "50")
        answer = await socket.hear()
        assert (answer["type"], answer["id"]) == ("error", "50")
        assert "at most 50 operations" in answer["payload"][0]["message"]
        await socket.say({"type": "complete", "id": "0"})
        await socket.subscribe(NUMBERS, "50")
        assert (await socket.hear())["type"] == "next"


# How large


def ping(size: int) -> str:
    text = json.dumps({"type": "ping", "payload": {"x": ""}})
    return text.replace('""', f'"{"x" * (size - len(text))}"')


async def test_a_message_has_at_most_so_many_bytes(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with bounded(world) as line, line.open() as socket:
        await socket.say(ping(limits.LARGEST_FRAME))
        assert await socket.hear() == {"type": "pong"}
        assert await too_large(socket, [ping(limits.LARGEST_FRAME + 1)]) == 1009
        async with line.open() as pieces:
            piece = limits.LARGEST_FRAME // 8
            assert await too_large(pieces, ["x" * piece] * 9) == 1009
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def too_large(socket: Socket, frames: list[str]) -> int | None:
    """Say it in so many frames; how the socket was closed, and that the reason tells the limit."""
    with suppress(ConnectionClosed):
        await socket.connection.send(frames if len(frames) > 1 else frames[0])
    code = await socket.end()
    assert str(limits.LARGEST_FRAME) in (socket.connection.close_reason or "")
    return code


async def test_a_request_has_at_most_a_million_bytes(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.key}", "content-type": "application/json"}
    body = json.dumps({"query": VIEWER, "padding": ""}).encode()
    for size, status in ((1_000_000, 200), (1_000_001, 413)):
        padded = body.replace(b'""', b'"' + b"x" * (size - len(body)) + b'"')
        assert len(padded) == size
        answer = await world.http.post("/graphql", content=padded, headers=headers)
        assert answer.status_code == status
    assert messages(answer) == ["A request has at most 1000000 bytes."]


def test_what_is_documented_is_what_counts() -> None:
    """Each limit stands in docs/limits.md, and in the example of the environment, as it is."""
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    for name, value in {
        "characters": documents.CHARACTERS,
        "tokens": documents.TOKENS,
        "fields and fragments, as written": documents.SELECTIONS,
        "depth": f"{documents.DEPTH} levels",
        "aliases of an operation": documents.ALIASES,
        "directives of a document": documents.DIRECTIVES,
        "cost of an operation": documents.COST,
        "page": paging.LARGEST,
        "bytes of a request": limits.LARGEST_REQUEST,
        "bytes of a message": limits.LARGEST_FRAME,
        "first word of a socket": f"{limits.INIT_WITHIN.seconds} s",
        "operations of a socket": f"{limits.OPERATIONS_PER_SOCKET} at once",
        "values in an operation's variables": documents.VALUES,
        "bytes of a request's head": limits.LARGEST_HEAD,
        "time of a request's head": f"{limits.HEAD_SECONDS:g} s",
        "time of a request's body": f"{limits.BODY_SECONDS:g} s",
        "time in which nothing is taken of what is sent": f"{protocols.STALLED_SECONDS:g} s",
    }.items():
        assert f"| {name} | {value} |" in page, name
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name in ("sockets_per_key", "sockets_per_process", "requests_per_minute", "operation_seconds"):
        value = f"{Config.model_fields[name].default:g}"
        assert f"`{name.upper()}`, {value}" in page, name
        assert f"#{name.upper()}={value}" in example, name
