"""How the server is run."""

import asyncio
import gc
from contextlib import suppress

from server import serving
from server.app import create
from travel import config, log, readiness
from travel.config import Config
from travel.database import STARTING_SECONDS, Database

GENERATIONS = 5_000, 10, 10
"""Of the garbage collector. A full collection stops everybody, for 0.1 s with a thousand sockets open; as they come, Python's own
numbers bring six of them, these one or two, and none while nothing but events flows (measured)."""


def serve() -> None:
    """Serve until SIGTERM or SIGINT."""
    loaded = config.load()
    log.setup(json=loaded.environment == "production", level=loaded.log_level)
    asyncio.run(_verify(loaded))
    with suppress(KeyboardInterrupt):
        server = serving.server(create(loaded), loaded.host, loaded.port)
        # The schema lives as long as the process: no collection needs to look through it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GENERATIONS)
        server.run()


async def _verify(loaded: Config) -> None:
    """Say what is wrong with the database in one line, before uvicorn says it in forty."""
    db = Database(loaded.database_url.get_secret_value(), pool_size=2)
    await db.connect(patience=STARTING_SECONDS)
    try:
        await readiness.verify(db)
    finally:
        await db.disconnect()
