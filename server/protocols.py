"""uvicorn's protocols, with an end to everything: a peer that reads nothing, or does not come to its point, is cut."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from server.limits import HEAD_SECONDS, LARGEST_HEAD

log = structlog.get_logger()

FLUSH_SECONDS = 2.0
"""What was sent last may take so long to be read; what is not read by then is dropped."""
STALLED_SECONDS = 5.0
"""A peer that reads nothing of what lies ready for it, for so long, is cut."""
WRITE = "bauhaus.write"
"""The extension of the ASGI scope by which a text message is written at once or not at all."""
END = "bauhaus.end"
"""The entry of the ASGI scope by which an answer that goes on and on is ended."""


class Patience:
    """Has an eye on a peer for which something lies ready: one that takes it slowly is left its time, one that takes nothing is not."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: Any, cut: Callable[[], None]) -> None:
        self._loop, self._transport, self._cut = loop, transport, cut
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """From now on something lies ready."""
        self.end()
        self._timer = self._loop.call_later(STALLED_SECONDS, self._look, self._transport.get_write_buffer_size())

    def end(self) -> None:
        """The peer took enough, or is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, before: int) -> None:
        if self._transport.get_write_buffer_size() < before:
            self.begin()
        else:
            log.info("stalled_reader_cut_off", unread=before)
            self._cut()


class SocketProtocol(WebSocketsSansIOProtocol):
    """A websocket whose transport ends soon after its handler has."""

    _is_told_to_go = False
    _is_full = False
    _is_failed = False
    _patience: Patience | None = None

    def data_received(self, data: bytes) -> None:
        """Read on, but nothing behind what broke the protocol."""
        if not self._is_failed:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Say what broke the protocol, and let the peer read that. uvicorn alone would close while more is coming, which resets
        the connection and takes the reason with it. Nor is it half closed: asyncio's own transports stumble over that."""
        assert self.conn.close_sent is not None, "the parser fails the connection"
        self._is_failed = self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": self.conn.close_sent.code})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_timer = self.loop.call_later(FLUSH_SECONDS, self.transport.close)

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
        self._patience = self._patience or Patience(self.loop, self.transport, self._cut)
        self._patience.begin()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It takes more again."""
        self._is_full = False
        self._stop_watching()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop_watching()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        """Answer; but who reads no answers is given none, else they would pile up here."""
        if self._is_full:
            self.conn.data_to_send()
        else:
            super().handle_ping()

    def _stop_watching(self) -> None:
        if self._patience is not None:
            self._patience.end()

    def _cut(self) -> None:
        """With a code after which clients come back, for one that wakes up soon."""
        if self.conn.state is State.OPEN:
            self.conn.send_close(1013, "Try again")
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1013})
        self.loop.call_later(FLUSH_SECONDS, self.transport.abort)

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
    """A connection over HTTP whose peer must come to its point and read, and whose answer ends when it is asked to."""

    _patience: Patience | None = None
    _coming: asyncio.TimerHandle | None = None
    _head = 0
    """Bytes of the head that is coming."""
    _is_in_head = True
    _is_refused = False

    def connection_made(self, transport: Any) -> None:
        """Who connects asks soon."""
        super().connection_made(transport)
        self._patience = Patience(self.loop, transport, transport.abort)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Read on, but nothing in what follows a refusal, and no head without an end."""
        if self._is_refused:
            return
        if self._is_in_head:
            self._head += len(data)
            if self._coming is None:
                self._await_head()
        super().data_received(data)
        if self._is_in_head and self._head > LARGEST_HEAD and not self._is_refused:
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._is_in_head, self._head = False, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What follows is another head."""
        self._is_in_head = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse, and let the peer read that. uvicorn alone would close while more is coming, which resets the connection and
        takes the answer with it. An answer that is under way is no place for another one."""
        self._is_refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.transport.close()
            return
        self.transport.write(REFUSED)
        self.transport.write_eof()
        self.loop.call_later(FLUSH_SECONDS, self.transport.close)

    @property
    def is_streaming(self) -> bool:
        """Whether a subscription is being answered."""
        return self.cycle is not None and not self.cycle.response_complete and END in self.cycle.scope

    def pause_writing(self) -> None:
        """The peer takes no more for now. uvicorn alone would wait for as long as it likes."""
        if self._patience is not None:
            self._patience.begin()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It takes more again."""
        if self._patience is not None:
            self._patience.end()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop_waiting()
        if self._patience is not None:
            self._patience.end()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End a stream, so that its client comes back; let any other answer be finished."""
        if self.is_streaming:
            self.cycle.scope[END]()  # type: ignore[literal-required]
        super().shutdown()

    def _await_head(self) -> None:
        self._coming = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None
