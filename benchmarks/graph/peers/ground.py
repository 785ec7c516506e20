"""What the peers in Python share: the database as the application's role, and events of the product's shape."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

SQL = Path(__file__).parent / "sql"
CURSOR, TRIP, RECORD = "WyIwYTFiMmMzZCIsMTIzXQ==", "VHJpcDo3YjBmNmEyZS01OGMxLTRmMGUtOWQ1Yi0yZjZmM2YxYzlhMTA", "R" * 74
"""As long as the product's own."""


def port() -> int:
    """Where to listen."""
    return int(os.environ["PORT"])


def airports() -> dict[str, dict[str, str]]:
    """Code, city and time zone by ICAO code."""
    known: dict[str, dict[str, str]] = orjson.loads(os.environ["AIRPORTS"])
    return known


def leave_with_parent() -> None:
    """Whoever started us holds the other end of standard input: a line says that events may begin, its end that we go."""

    def wait() -> None:
        sys.stdin.buffer.readline()
        _begun.set()
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


_begun = threading.Event()


class Ground:
    """Statements from `sql/`, each in a transaction of the agency, so that row-level security applies."""

    def __init__(self) -> None:
        self.agency_id = UUID(os.environ["AGENCY_ID"])
        self._texts = {path.stem: path.read_text(encoding="utf-8") for path in SQL.glob("*.sql")}
        self._begin = f"BEGIN; SELECT set_config('app.agency_id', '{self.agency_id}', true)"
        self._pool: Any = None

    async def open(self) -> None:
        """Open the pool."""
        self._pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"], min_size=10, max_size=10, init=_prepare, reset=_keep
        )

    async def read(self, name: str, *values: Any) -> list[asyncpg.Record]:
        """The rows of a statement."""
        async with self._pool.acquire() as connection:
            await connection.execute(self._begin)
            try:
                rows: list[asyncpg.Record] = await connection.fetch(self._texts[name], *values)
            finally:
                await connection.execute("COMMIT")
        return rows


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)


async def _keep(_: asyncpg.Connection) -> None:
    """Nothing outlives a transaction, so giving a connection back costs no round trip."""


async def ticks() -> AsyncIterator[tuple[int, datetime]]:
    """Numbers 1, 2, 3 … with their instants, at the rate that was asked for, once they may begin."""
    await asyncio.to_thread(_begun.wait)
    rate, number = float(os.environ["EVENTS_PER_SECOND"]), 0
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        number, due = number + 1, due + 1 / rate
        await asyncio.sleep(due - loop.time())
        yield number, datetime.now(UTC)
