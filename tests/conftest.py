"""Real PostgreSQL and Valkey for every test process, the stand-ins for AeroAPI and Twilio, and a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import pytest

from migrations import run as migrations
from sandbox.services import Postgres, Valkey
from tests.world import World, open_world
from travel.clock import VirtualClock
from travel.database import Database

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""A Tuesday: 09:00 in Buenos Aires, 08:00 in New York, 13:00 in Madrid."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Addresses of the real servers."""

    postgres: Postgres
    valkey: Valkey
    app_url: str

    @property
    def owner_url(self) -> str:
        return self.postgres.owner_url

    @property
    def redis_url(self) -> str:
        return self.valkey.url


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """Servers of this test process alone."""
    with Postgres.start() as postgres, Valkey.start() as valkey:
        app_url = postgres.owner_url.replace("//bauhaus_owner:", "//bauhaus_login:")
        migrations.upgrade(postgres.owner_url)
        migrations.admit(postgres.owner_url, app_url)
        yield Services(postgres=postgres, valkey=valkey, app_url=app_url)


@pytest.fixture(scope="session")
async def owner(services: Services) -> AsyncIterator[Database]:
    """The database as its owner sees it; the application never does."""
    database = Database(services.owner_url, pool_size=2)
    await database.connect()
    yield database
    await database.disconnect()


@pytest.fixture(scope="session")
async def pool(services: Services) -> AsyncIterator[Database]:
    """The application's pool."""
    database = Database(services.app_url, pool_size=10)
    await database.connect()
    yield database
    await database.disconnect()


@pytest.fixture
async def db(pool: Database, owner: Database) -> AsyncIterator[Database]:
    """The application's database, empty after the test."""
    yield pool
    for _ in range(500):
        if await _emptied(owner):
            return
        await asyncio.sleep(0.02)
    pytest.fail("For 10 s somebody was always reading a table: which server is still at work?")


async def _emptied(owner: Database) -> bool:
    """Empty every table, or none while a server beside the test reads one.

    Who waits for one table while it holds others can deadlock with a reader; this does not wait.
    """
    try:
        async with owner.transaction() as tx:
            names = await tx.value(
                """
                SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'alembic_version'
                """
            )
            await tx.run(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE NOWAIT")
            await tx.run(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    except asyncpg.LockNotAvailableError:
        return False
    return True


@pytest.fixture
def clock() -> VirtualClock:
    """The world's clock; it moves when a test moves it."""
    return VirtualClock(NOON)


@pytest.fixture
async def world(db: Database, owner: Database, clock: VirtualClock, services: Services) -> AsyncIterator[World]:
    """The whole product over the real servers and the stand-ins."""
    async with open_world(db, owner, clock, services.redis_url) as opened:
        yield opened
