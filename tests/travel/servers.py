"""Real sockets on this machine that behave badly, for what a mounted stand-in cannot show."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(behave: Behaviour) -> AsyncIterator[str]:
    """The address of a server that reads the head of each request and then behaves."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


def closed_port() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def answer(*pieces: bytes) -> Behaviour:
    """Writes these bytes and closes."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return behave


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Never answers, until the client goes away."""
    while await reader.read(1024):
        pass


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers one byte at a time, for ever: never so slow that a read times out."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
    gone = asyncio.ensure_future(reader.read())
    while not gone.done():
        writer.write(b" ")
        await writer.drain()
        await asyncio.wait([gone], timeout=0.02)
    gone.exception()
