"""uvicorn, with an end to everything: a peer that reads nothing is cut, and a stop closes sockets in waves."""

import asyncio
import socket
from math import ceil
from random import shuffle
from typing import TypeGuard

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.limits import LARGEST_FRAME

FLUSH_SECONDS = 2.0
"""What was sent last may take so long to be read; what is not read by then is dropped."""
DRAIN_SECONDS = 3.0
WAVE = 50
WAVES = 30
STALLED_SECONDS = 5.0
"""What a peer leaves unread for so long is dropped, and its connection with it."""
WRITE = "bauhaus.write"
"""The extension of the ASGI scope by which a text message is written at once or not at all."""
END = "bauhaus.end"
"""The entry of the ASGI scope by which an answer that goes on and on is ended."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """A websocket whose transport ends soon after its handler has."""

    _is_told_to_go = False
    _is_full = False

    def write(self, head: bytes, body: bytes) -> bool:
        """Send a text message of two parts at once; False where the peer takes no more for now, or is going, and nothing was
        sent. It runs for every subscriber of every event."""
        if self._is_full or self.close_sent or self.disconnected or self.transport.is_closing():
            return False
        self.transport.write(b"".join((_header(len(head) + len(body)), head, body)))
        return True

    def pause_writing(self) -> None:
        """The peer takes no more for now."""
        self._is_full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """It takes more again."""
        self._is_full = False
        super().resume_writing()

    def shutdown(self) -> None:
        """Tell the client to go, once."""
        if not self._is_told_to_go:
            self._is_told_to_go = True
            super().shutdown()

    async def run_asgi(self) -> None:
        """Run the handler. uvicorn alone would keep an unread buffer for as long as the peer likes."""
        self.scope["extensions"][WRITE] = self.write  # type: ignore[assignment]
        await super().run_asgi()
        self.loop.call_later(FLUSH_SECONDS, self.transport.abort)


def _header(size: int) -> bytes:
    """Of an unfragmented text frame from a server, RFC 6455 5.2."""
    if size < 126:
        return bytes((0x81, size))
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big")
    return b"\x81\x7f" + size.to_bytes(8, "big")


NO_HTTP = b"This is no HTTP request."
REFUSED = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(NO_HTTP), NO_HTTP)
)


class HttpProtocol(HttpToolsProtocol):
    """A connection over HTTP whose peer must read, and whose answer ends when it is asked to."""

    _stalled: asyncio.TimerHandle | None = None
    _is_refused = False

    def data_received(self, data: bytes) -> None:
        """Read on; nothing is read in what follows a refusal."""
        if not self._is_refused:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Refuse, and let the peer read that. uvicorn alone would close while more is coming, which resets the connection and
        takes the answer with it."""
        self._is_refused = True
        self.transport.write(REFUSED)
        self.transport.write_eof()
        self.loop.call_later(FLUSH_SECONDS, self.transport.close)

    @property
    def is_streaming(self) -> bool:
        """Whether a subscription is being answered."""
        return self.cycle is not None and not self.cycle.response_complete and END in self.cycle.scope

    def pause_writing(self) -> None:
        """The peer does not read. uvicorn alone would wait for as long as it likes."""
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """It reads again."""
        self._forget()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._forget()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End a stream, so that its client comes back; let any other answer be finished."""
        if self.is_streaming:
            self.cycle.scope[END]()  # type: ignore[literal-required]
        super().shutdown()

    def _forget(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


class Server(uvicorn.Server):
    """A server whose clients do not come back all in one moment when it stops."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, close sockets (with 1012) and streams wave by wave, then stop as uvicorn does."""
        for server in self.servers:
            server.close()
        open_ = [each for each in self.server_state.connections if _is_live(each)]
        shuffle(open_)
        waves = min(WAVES, ceil(len(open_) / WAVE))
        for number in range(waves):
            for connection in open_[number::waves]:
                connection.shutdown()
            if number + 1 < waves and not self.force_exit:
                await asyncio.sleep(DRAIN_SECONDS / WAVES)
        await super().shutdown(sockets)


def _is_live(connection: object) -> TypeGuard[SocketProtocol | HttpProtocol]:
    return isinstance(connection, SocketProtocol) or (isinstance(connection, HttpProtocol) and connection.is_streaming)


def server(app: Starlette, host: str, port: int, *, grace_seconds: int = 5) -> Server:
    """A server for live sockets."""
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            lifespan="on",
            log_config=None,
            access_log=False,
            http=HttpProtocol,
            ws=SocketProtocol,
            # Deflate costs 20 to 30 µs a message and 42 KiB a socket; the edge can compress where it pays.
            ws_per_message_deflate=False,
            ws_max_size=LARGEST_FRAME,
            timeout_graceful_shutdown=grace_seconds,
            timeout_keep_alive=75,
            server_header=False,
        )
    )
