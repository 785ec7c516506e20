"""uvicorn, which closes its sockets in waves when it stops."""

import asyncio
import socket
from math import ceil
from random import shuffle
from typing import TypeGuard

import uvicorn
from starlette.applications import Starlette

from server.limits import LARGEST_FRAME
from server.protocols import HttpProtocol, SocketProtocol

DRAIN_SECONDS = 3.0
WAVE = 50
WAVES = 30


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
