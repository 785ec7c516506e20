"""How the server is run: uvicorn with what live sockets need."""

import asyncio

import uvicorn

from server.app import create
from travel import config, log
from travel.config import Config
from travel.database import Database


def serve() -> None:
    """Serve until SIGTERM or SIGINT."""
    loaded = config.load()
    log.setup(json=loaded.environment == "production", level=loaded.log_level)
    asyncio.run(_verify(loaded))
    uvicorn.run(
        create(loaded),
        host=loaded.host,
        port=loaded.port,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        # Deflate costs 20 to 30 µs a message and 42 KiB a socket; the edge can compress where it pays.
        ws_per_message_deflate=False,
        ws_max_size=256 * 1024,
        timeout_graceful_shutdown=8,
        timeout_keep_alive=75,
        server_header=False,
    )


async def _verify(loaded: Config) -> None:
    """Say what is wrong with the database in one line, before uvicorn says it in forty."""
    db = Database(loaded.database_url.get_secret_value(), pool_size=2)
    await db.connect()
    try:
        await db.verify()
    finally:
        await db.disconnect()
