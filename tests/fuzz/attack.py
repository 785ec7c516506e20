"""The attack: inputs over raw connections and sockets at a real server, and what became of each."""

import asyncio
import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.fuzz.inputs import Frame, Inputs

PATIENCE = 20.0
"""Seconds after which an answer counts as never given."""
LANES = 4
ENOUGH = 10
"""So many inputs without an answer, and the server is taken for dead."""


@dataclass(kw_only=True)
class Outcome:
    """What was seen from outside."""

    inputs: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    closes: Counter[int | None] = field(default_factory=Counter)
    silences: list[str] = field(default_factory=list)
    """Inputs that were never answered, or whose answer was none."""
    faults: list[str] = field(default_factory=list)
    """Inputs after which the server admitted a fault of its own."""
    slowest: float = 0.0
    slowest_input: str = ""

    def took(self, seconds: float, what: object) -> None:
        """One more input."""
        self.inputs += 1
        if seconds > self.slowest:
            self.slowest, self.slowest_input = seconds, repr(what)[:2000]


async def attack(port: int, key: str, *, seed: int, inputs: int) -> Outcome:
    """So many inputs, in lanes beside each other, each with a chance of its own."""
    outcome = Outcome()

    async def lane(number: int) -> None:
        source = Inputs(seed * LANES + number, key)
        share = inputs // LANES + (number < inputs % LANES)
        said = 0
        while said < share and len(outcome.silences) < ENOUGH:
            if number % 2:
                said += await _converse(port, source.conversation()[: share - said], outcome)
            else:
                said += await _request(port, [source.request() for _ in range(min(50, share - said))], outcome)

    async with asyncio.TaskGroup() as group:
        for number in range(LANES):
            group.create_task(lane(number))
    return outcome


async def _request(port: int, requests: list[bytes], outcome: Outcome) -> int:
    """Requests one after the other on one connection; a new one where the server closes it."""
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    for request in requests:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = connection or await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                await writer.drain()
                status, goes_on, body = await _answer(reader, is_head=request.startswith(b"HEAD"))
            outcome.statuses[status] += 1
            if status >= 500 or b"on our side" in body:
                outcome.faults.append(repr(request)[:2000])
        except (TimeoutError, OSError, EOFError, ValueError, IndexError) as silent:
            outcome.silences.append(f"{type(silent).__name__}: {request!r}"[:2000])
            goes_on = False
        connection = (reader, writer) if goes_on else None
        if not goes_on:
            writer.transport.abort()
        outcome.took(time.perf_counter() - began, request)
    if connection is not None:
        connection[1].transport.abort()
    return len(requests)


async def _answer(reader: asyncio.StreamReader, *, is_head: bool) -> tuple[int, bool, bytes]:
    """Status, whether the connection can be used again, and the body, of which a stream shows its beginning only."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split()[1])
    goes_on = "connection: close" not in head
    if is_head:
        return status, goes_on, b""
    if "text/event-stream" in head:
        return status, False, await reader.read(65536)
    if "transfer-encoding: chunked" in head:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return status, goes_on, body
    lengths = [line.split(":")[1] for line in head.split("\r\n") if line.startswith("content-length:")]
    return status, goes_on, await reader.readexactly(int(lengths[0])) if lengths else b""


async def _converse(port: int, frames: list[Frame], outcome: Outcome) -> int:
    """Say it all on one socket, hear all that comes, and see that the server closes it, at the latest after one hello too many."""
    began, said = time.perf_counter(), 0
    url = f"ws://127.0.0.1:{port}/graphql"
    try:
        async with (
            asyncio.timeout(PATIENCE),
            connect(url, subprotocols=["graphql-transport-ws"], proxy=None, compression=None) as socket,  # type: ignore[list-item]
        ):
            hearing = asyncio.create_task(_hear(socket, outcome))
            with suppress(ConnectionClosed):
                for frame in frames:
                    said += 1
                    await socket.send(frame)
                await socket.send('{"type":"connection_init"}')
            await hearing
            outcome.closes[socket.close_code] += 1
            if socket.close_code in (1006, 1011, 1013):
                outcome.faults.append(f"{socket.close_code}: {frames!r}"[:2000])
    except (TimeoutError, OSError, EOFError, WebSocketException) as silent:
        outcome.silences.append(f"{type(silent).__name__}: {frames!r}"[:2000])
    for _ in range(max(said, 1)):
        outcome.took((time.perf_counter() - began) / max(said, 1), frames)
    return max(said, 1)


async def _hear(socket: ClientConnection, outcome: Outcome) -> None:
    with suppress(ConnectionClosed):
        async for text in socket:
            assert isinstance(text, str), "clients read no binary frames"
            json.loads(text)
            if "on our side" in text:
                outcome.faults.append(f"over a socket: {text!r}"[:2000])
