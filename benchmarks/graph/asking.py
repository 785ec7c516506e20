"""A client that costs little: a document, again and again, over a few kept connections."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

from benchmarks.graph.running import Running

CONNECTIONS = 8
LAST_SECONDS = 20.0
"""How long the last answers may take."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a server did in a while."""

    per_second: float
    cpu_ms: float | None
    """Of the server's process, for one answer."""


@dataclass(kw_only=True)
class Load:
    """One document for one server, and what came back."""

    request: bytes
    answers: int = 0
    asking: int = 0
    is_over: bool = False
    ended: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def fail(self, why: str) -> None:
        """The load cannot go on."""
        if not self.ended.done():
            self.ended.set_exception(RuntimeError(why))

    def leave(self) -> None:
        """A connection has its last answer."""
        self.asking -= 1
        if not self.asking and not self.ended.done():
            self.ended.set_result(None)


class Asker(asyncio.Protocol):
    """A connection: the next request leaves when the answer is complete. It counts bytes and reads nothing but the head."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._head = b""
        self._missing = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast(asyncio.Transport, transport)
        self._load.asking += 1
        self._ask()

    def _ask(self) -> None:
        assert self._transport is not None
        if self._load.is_over:
            self._load.leave()
        else:
            self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        if not self._missing:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = b""
            self._missing = self._length(head)
        self._missing -= len(data)
        if self._missing <= 0:
            self._missing = 0
            self._load.answers += 1
            self._ask()

    def _length(self, head: bytes) -> int:
        lines = head.split(b"\r\n")
        if b" 200" not in lines[0]:
            self._load.fail(lines[0].decode())
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                return int(value)
        self._load.fail("An answer without a length.")
        return 0

    def connection_lost(self, _: Exception | None) -> None:
        """Nobody closes before the load has ended."""
        self._load.fail("The server closed a connection.")

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()


def request(body: bytes, key: str) -> bytes:
    """The bytes of a POST."""
    return (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def ask(server: Running, request: bytes, seconds: float) -> Figures:
    """Keep all connections asking for so long. Raises RuntimeError for any answer but 200."""
    load, loop = Load(request=request), asyncio.get_running_loop()
    askers: list[Asker] = []
    try:
        for _ in range(CONNECTIONS):
            _, asker = await loop.create_connection(lambda: Asker(load), "127.0.0.1", server.port)
            askers.append(asker)
        began, spent_before, answers_before = time.perf_counter(), server.spent(), load.answers
        await asyncio.wait([load.ended], timeout=seconds)
        took, spent, answers = time.perf_counter() - began, server.spent(), load.answers - answers_before
        load.is_over = True
        async with asyncio.timeout(LAST_SECONDS):
            await load.ended
    finally:
        load.ended.cancel()
        for asker in askers:
            asker.close()
    if not answers:
        raise RuntimeError(f"No answer within {seconds:g} s.")
    cpu = (spent - spent_before) * 1000 / answers if spent is not None and spent_before is not None else None
    return Figures(per_second=answers / took, cpu_ms=cpu)
