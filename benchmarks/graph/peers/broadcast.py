"""`python -m benchmarks.graph.peers.broadcast`: one text to all sockets by `websockets.broadcast`, and nothing else."""

import os

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.graph.peers import ground


async def _serve() -> None:
    text, sockets = "x" * int(os.environ["PAYLOAD_BYTES"]), set[ServerConnection]()

    async def keep(socket: ServerConnection) -> None:
        sockets.add(socket)
        try:
            await socket.wait_closed()
        finally:
            sockets.discard(socket)

    async with serve(keep, "127.0.0.1", ground.port(), compression=None):
        async for _ in ground.ticks():
            broadcast(sockets, text)


def main() -> None:
    """Serve until ended."""
    ground.leave_with_parent()
    uvloop.run(_serve())


if __name__ == "__main__":
    main()
