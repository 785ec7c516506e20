"""A thousand subscribers in one process, so cheap that they do not matter: they count frames and read no JSON."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import orjson

from benchmarks.graph.running import Running

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
OPENING_AT_ONCE = 50
READY_SECONDS, LEAVING_SECONDS = 60.0, 3.0
GOODBYE = (1000).to_bytes(2, "big")


@dataclass(frozen=True, kw_only=True)
class Hello:
    """What a subscriber says: over a bare socket nothing, else its key and its document."""

    document: str | None
    keys: Sequence[str] = ("",)

    def upgrade(self) -> bytes:
        """The bytes of the handshake."""
        protocol = "Sec-WebSocket-Protocol: graphql-transport-ws\r\n" if self.document else ""
        return (
            "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n"
        ).encode()

    def init(self, number: int) -> bytes:
        """The first message of a subscriber."""
        payload = {"Authorization": f"Bearer {self.keys[number % len(self.keys)]}"}
        return frame(TEXT, orjson.dumps({"type": "connection_init", "payload": payload}))

    def subscribe(self) -> bytes:
        """The second one."""
        return frame(TEXT, orjson.dumps({"id": "1", "type": "subscribe", "payload": {"query": self.document}}))


def frame(opcode: int, payload: bytes) -> bytes:
    """A frame as clients send it, masked with zeros, which leave it as it is."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


@dataclass(kw_only=True)
class Crowd:
    """All subscribers of one server."""

    hello: Hello
    many: int
    heard: int = 0
    """Events, by all together."""
    lengths: Counter[int] = field(default_factory=Counter)
    subscribed: int = 0
    started: int = 0
    """How many have heard something."""
    lost: int = 0
    """Sockets that closed."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when one of these three has become `many`, or the arrivals are as many as expected."""
    is_leaving: bool = False
    refusal: str | None = None
    last: bytes = b""
    """The text of some event."""
    arrivals: list[tuple[int, float]] | None = None
    """Where it is a list: the number of each event at its subscriber, counted from `listen`, and its instant."""
    expected: int = 0
    members: list["Listener"] = field(default_factory=list)

    def listen(self, events: int) -> list[tuple[int, float]]:
        """Write arrivals down from here on, by `time.perf_counter`; `moved` is set once all have heard so many."""
        for member in self.members:
            member.heard = 0
        self.arrivals, self.expected = [], events * self.many
        self.moved.clear()
        return self.arrivals

    async def all_have(self, what: str, seconds: float = READY_SECONDS) -> None:
        """Wait until a count is complete. Raises TimeoutError, and RuntimeError where a server turned one away."""
        async with asyncio.timeout(seconds):
            while getattr(self, what) < self.many:
                if self.refusal is not None:
                    raise RuntimeError(self.refusal)
                self.moved.clear()
                await self.moved.wait()

    def fail(self, why: str) -> None:
        """A server turned a subscriber away."""
        self.refusal = self.refusal or why
        self.moved.set()


class Listener(asyncio.Protocol):
    """One subscriber."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.heard = 0
        self._crowd = crowd
        self._number = number
        self._rest = b""
        self._is_open = False
        self._is_subscribed = crowd.hello.document is None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._crowd.hello.upgrade())

    def connection_lost(self, _: Exception | None) -> None:
        """Nobody closes before we do."""
        self._crowd.lost += 1
        if self._crowd.lost == self._crowd.many:
            self._crowd.moved.set()

    def data_received(self, data: bytes) -> None:
        """Frames, in any pieces."""
        if self._rest:
            data = self._rest + data
        at = 0 if self._is_open else self._opened(data)
        end = len(data)
        while end - at >= 2:
            length, head = data[at + 1], 2
            if length == 126:
                length, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            if end - at < head + length:
                break
            if data[at] & 15 == TEXT and self._is_subscribed:
                self._hear(data, at + head, length)
            else:
                self._answer(data[at] & 15, data[at + head : at + head + length])
            at += head + length
        self._rest = data[at:]

    def _opened(self, data: bytes) -> int:
        head, end, _ = data.partition(b"\r\n\r\n")
        if not end:
            return 0
        if not head.startswith(b"HTTP/1.1 101"):
            self._crowd.fail(head.decode())
        self._is_open = True
        if self._is_subscribed:
            self._count()
        else:
            self._write(self._crowd.hello.init(self._number))
        return len(head) + len(end)

    def _hear(self, data: bytes, at: int, length: int) -> None:
        crowd = self._crowd
        if not self.heard and crowd.arrivals is None:
            crowd.started += 1
            if crowd.started == crowd.many:
                crowd.moved.set()
        self.heard += 1
        crowd.heard += 1
        crowd.lengths[length] += 1
        if crowd.arrivals is not None:
            crowd.arrivals.append((self.heard, time.perf_counter()))
            if len(crowd.arrivals) == crowd.expected:
                crowd.moved.set()
        if not self._number:
            crowd.last = data[at : at + length]

    def _answer(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._write(frame(PONG, payload))
        elif opcode == CLOSE and not self._crowd.is_leaving:
            self._crowd.fail(f"The server closed a socket: {payload!r}")
        elif b'"connection_ack"' in payload:
            self._is_subscribed = True
            self._write(self._crowd.hello.subscribe())
            self._count()

    def _count(self) -> None:
        self._crowd.subscribed += 1
        if self._crowd.subscribed == self._crowd.many:
            self._crowd.moved.set()

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def leave(self) -> None:
        """Say goodbye."""
        self._write(frame(CLOSE, GOODBYE))

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()


@asynccontextmanager
async def crowd(server: Running, hello: Hello, many: int) -> AsyncIterator[Crowd]:
    """So many subscribers, each of which has heard something."""
    everybody, loop = Crowd(hello=hello, many=many), asyncio.get_running_loop()
    try:
        for number in range(many):
            listener = partial(Listener, everybody, number)
            _, member = await loop.create_connection(listener, "127.0.0.1", server.port)
            everybody.members.append(member)
            if number % OPENING_AT_ONCE == OPENING_AT_ONCE - 1:
                await asyncio.sleep(0.05)
        await everybody.all_have("subscribed")
        server.begin()
        await everybody.all_have("started")
        yield everybody
        if everybody.lost or everybody.refusal is not None:
            raise RuntimeError(everybody.refusal or f"The server closed {everybody.lost} sockets.")
        everybody.is_leaving = True
        for member in everybody.members:
            member.leave()
        with contextlib.suppress(TimeoutError):
            await everybody.all_have("lost", LEAVING_SECONDS)
    finally:
        for member in everybody.members:
            member.close()
