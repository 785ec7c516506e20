"""PostgreSQL: one pool per process, and the only way to open a transaction.

`databases` owns the pool, but its own `transaction()` leaks connections when a task is cancelled, so transactions and
statements are asyncpg's. A transaction belongs to an agency, or to none; row-level security shows nothing of agencies in the latter.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg
import databases
import orjson
import structlog

from travel.clock import Clock

log = structlog.get_logger()

_NAME = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    # A session that the server ended in the middle of a statement.
    asyncpg.InternalClientError,
    # Somebody else holds a row for long: a process that is frozen, until the server ends its session.
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    # It has no room, takes no writes for the moment, or ended a session that slept.
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""What is raised while the database cannot do it now: the same may work in a moment."""

BROKEN = (*AWAY, asyncpg.PostgresError)
"""Whatever a database answers instead of rows. A loop that lives as long as its process outlives all of it."""


STARTING_SECONDS = 20.0
"""How long a server or a worker that starts waits for its database."""
TRY_AGAIN_SECONDS = 0.5
READING_SECONDS = 0.2
"""A reading of the database's clock that took longer says too little."""


class NestedTransactionError(RuntimeError):
    """A transaction was opened inside another one of the same task: its agency would leak into the outer one."""


class SchemaError(Exception):
    """The database is not one this process can work with; the message says what is wrong and what mends it."""


@lru_cache(maxsize=1000)
def positional(sql: str) -> tuple[str, tuple[str, ...]]:
    """`:name` as asyncpg's `$1`, and the names in that order. `::` stays a cast."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _NAME.sub(number, sql), tuple(names)


class Statements:
    """Statements on one connection. Parameters are named, `:name` in the text; rows read like mappings."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def all(self, sql: str, **values: Any) -> Sequence[asyncpg.Record]:
        """All rows."""
        text, names = positional(sql)
        rows: Sequence[asyncpg.Record] = await self._connection.fetch(text, *(values[name] for name in names))
        return rows

    async def one(self, sql: str, **values: Any) -> asyncpg.Record | None:
        """The first row, or None."""
        text, names = positional(sql)
        return await self._connection.fetchrow(text, *(values[name] for name in names))

    async def value(self, sql: str, **values: Any) -> Any:
        """The first column of the first row, or None."""
        text, names = positional(sql)
        return await self._connection.fetchval(text, *(values[name] for name in names))

    async def run(self, sql: str, **values: Any) -> None:
        """A statement whose rows nobody reads."""
        text, names = positional(sql)
        await self._connection.execute(text, *(values[name] for name in names))

    async def many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """One statement for many rows, in one round trip."""
        text, names = positional(sql)
        if rows:
            await self._connection.executemany(text, [[row[name] for name in names] for row in rows])


class Transaction(Statements):
    """Statements inside one transaction, of an agency or of nobody."""

    def __init__(self, connection: asyncpg.Connection, agency_id: UUID | None) -> None:
        super().__init__(connection)
        self._agency_id = agency_id

    async def become(self, agency_id: UUID | None) -> None:
        """From here on, this transaction is that agency's."""
        if agency_id != self._agency_id:
            await self.run(_become(agency_id))
            self._agency_id = agency_id

    async def wait_at_most(self, seconds: float) -> None:
        """From here on, a row that somebody else holds is waited for no longer; then asyncpg.LockNotAvailableError."""
        await self.run("SELECT set_config('lock_timeout', :limit, true)", limit=f"{seconds * 1000:.0f}ms")


class Database:
    """The pool."""

    def __init__(self, url: str, *, pool_size: int = 10, acquire_seconds: float = 10) -> None:
        self._url = url
        self._acquire_seconds = acquire_seconds
        self._pool = databases.Database(
            url,
            min_size=1,
            max_size=pool_size,
            init=_prepare,
            reset=_reset,
            command_timeout=30,
            server_settings={
                "application_name": "bauhaus",
                "timezone": "UTC",
                "statement_timeout": "30s",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "5s",
            },
        )

    async def connect(self, patience: float = 0) -> None:
        """Open the pool; raises SchemaError where there is no database at the address.

        One that is away is waited for, `patience` seconds long: it may be starting just as we are.
        """
        deadline = time.monotonic() + patience
        while True:
            try:
                return await self._pool.connect()
            except BROKEN as broken:
                if not isinstance(broken, AWAY) or time.monotonic() >= deadline:
                    said = f"The database cannot be reached or refuses us: {broken or 'no answer'}."
                    raise SchemaError(said) from broken
                log.warning("database_awaited", error=str(broken) or type(broken).__name__)
            await asyncio.sleep(TRY_AGAIN_SECONDS)

    async def disconnect(self) -> None:
        """Close the pool."""
        await self._pool.disconnect()

    def transaction(self, agency_id: UUID | None = None) -> AbstractAsyncContextManager[Transaction]:
        """A transaction as `agency_id`, or as nobody. Commits at the end of the block, rolls back on any exception."""
        return self._begun("BEGIN", agency_id)

    def snapshot(self, agency_id: UUID) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that writes nothing, and sees the database as it was at its first statement."""
        return self._begun("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", agency_id)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Statements]:
        """Statements as nobody, each of which commits by itself: one round trip for one that needs no other beside it."""
        async with self._connected() as raw:
            yield Statements(raw)

    @asynccontextmanager
    async def _begun(self, begin: str, agency_id: UUID | None) -> AsyncIterator[Transaction]:
        async with self._connected() as raw:
            # One round trip for both: most transactions are short, and belong to an agency.
            try:
                await raw.execute(f"{begin}; {_become(agency_id)}" if agency_id else begin)
                yield Transaction(raw, agency_id)
            except BaseException as broken:
                # Who was cancelled in the middle of BEGIN does not know yet whether it is one.
                if not raw.is_closed() and (raw.is_in_transaction() or isinstance(broken, asyncio.CancelledError)):
                    await _to_the_end(raw.execute("ROLLBACK"))
                raise
            await raw.execute("COMMIT")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = self._pool.connection()
        async with asyncio.timeout(self._acquire_seconds):
            await connection.__aenter__()
        try:
            raw = connection.raw_connection
            if raw.is_in_transaction():
                raise NestedTransactionError
            yield raw
        finally:
            await connection.__aexit__(None, None, None)

    async def listen(self) -> asyncpg.Connection:
        """A connection of its own, outside the pool: a LISTEN on a pooled one is lost at its release."""
        return await asyncpg.connect(self._url, timeout=5, command_timeout=10)

    async def correct(self, clock: Clock) -> None:
        """Set a clock by the database's, which all processes share."""
        async with self.single() as tx:
            asked = time.monotonic()
            seconds = await tx.value("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)")
            took = time.monotonic() - asked
            # Who was frozen between question and answer does not know how old the answer is.
            if took < READING_SECONDS:
                clock.correct(seconds + took / 2)


async def _to_the_end(work: Coroutine[Any, Any, Any]) -> None:
    """Wait for it, however often we are cancelled meanwhile: asyncpg calls a connection that comes back halfway an error."""
    task, cancelled = asyncio.ensure_future(work), False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError


def _become(agency_id: UUID | None) -> str:
    return f"SET LOCAL app.agency_id TO '{agency_id or ''}'"


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )


async def _reset(connection: asyncpg.Connection) -> None:
    """Nothing outlives a transaction here, so giving a connection back costs no round trip unless one was left open."""
    if connection.is_in_transaction():
        await connection.reset()
