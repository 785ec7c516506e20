"""Two ways into a stream, as clients use them: graphql-transport-ws, and server-sent events."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

BROKEN = (OSError, TimeoutError, EOFError, WebSocketException, httpx.HTTPError)
"""What a lost connection looks like from outside."""
CONNECT_SECONDS = 8.0
SMALL_BUFFER = 64 * 1024
"""Bytes that the kernel keeps for a reader, so that a pause is felt by the server and not by the kernel alone."""


class Door(Protocol):
    """An open stream."""

    code: int | None
    """Why it was closed: a close code, or the status of an answer that was no stream."""

    async def hear(self) -> dict[str, Any]:
        """The next message: `type` and `payload`. Raises one of BROKEN at the end."""
        ...

    def abort(self) -> None:
        """Reset the connection."""
        ...

    async def close(self) -> None:
        """Say good-bye."""
        ...


class Socket:
    """A websocket that was let in."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @property
    def code(self) -> int | None:
        return self._connection.close_code

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self._connection.recv())
        if message["type"] == "ping":
            await self._connection.send('{"type":"pong"}')
            return await self.hear()
        return message

    def abort(self) -> None:
        self._connection.transport.abort()

    async def close(self) -> None:
        await self._connection.close()


class Answer:
    """An answer that goes on and on."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._lines = response.aiter_lines()
        self.code = None if response.status_code == 200 else response.status_code

    async def hear(self) -> dict[str, Any]:
        if self.code is not None:
            raise EOFError
        type_ = ""
        async for line in self._lines:
            if line.startswith("event:"):
                type_ = line.removeprefix("event:").strip()
            elif line.startswith("data:") and type_:
                data = line.removeprefix("data:").strip()
                return {"type": type_, "payload": json.loads(data) if data else None}
        raise EOFError

    def abort(self) -> None:
        """The caller leaves its context, which closes the connection."""

    async def close(self) -> None:
        await self._response.aclose()


@asynccontextmanager
async def by_socket(url: str, key: str, document: str, variables: dict[str, Any]) -> AsyncIterator[Door]:
    """Subscribe over a websocket."""
    address = urlsplit(url)
    async with asyncio.timeout(CONNECT_SECONDS):
        plain = await _plain(address.hostname or "", address.port or 80)
        connection = await connect(
            f"ws://{address.netloc}/graphql",
            sock=plain,
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            proxy=None,
            compression=None,
            max_queue=4,
            ping_interval=5,
            ping_timeout=10,
            close_timeout=2,
        )
    try:
        door = Socket(connection)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.send(
                    json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}})
                )
                await door.hear()
                payload = {"query": document, "variables": variables}
                await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        except ConnectionClosed:
            # Its code is of interest all the same; the next word from it raises again.
            pass
        yield door
    finally:
        connection.transport.abort()


async def _plain(host: str, port: int) -> socket.socket:
    plain = socket.socket()
    try:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (host, port))
    except BaseException:
        plain.close()
        raise
    return plain


@asynccontextmanager
async def by_answer(url: str, key: str, document: str, variables: dict[str, Any]) -> AsyncIterator[Door]:
    """Subscribe over server-sent events."""
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
    # The server shows at least every 15 s that it lives.
    timeout = httpx.Timeout(CONNECT_SECONDS, read=20)
    async with (
        httpx.AsyncClient(trust_env=False, timeout=timeout) as client,
        client.stream(
            "POST", f"{url}/graphql", headers=headers, json={"query": document, "variables": variables}
        ) as response,
    ):
        yield Answer(response)
