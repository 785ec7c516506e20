"""The reads of one answer see one moment, however far apart they come, and let go of it when the answer is complete."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest

from graph.loaders import Reading, StoppedError
from tests.conftest import Services
from tests.world import World
from travel.database import Database, Transaction

SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"


async def one(tx: Transaction) -> int:
    return await tx.value("SELECT 1")  # type: ignore[no-any-return]


async def trips(tx: Transaction) -> int:
    return await tx.value("SELECT count(*) FROM trips")  # type: ignore[no-any-return]


async def sleeping(tx: Transaction) -> int:
    return await tx.value(SLEEPING)  # type: ignore[no-any-return]


@contextmanager
def reading(world: World) -> Iterator[Reading]:
    read = Reading(world.db, world.agency.id)
    yield read
    read.stop()


async def test_what_happens_between_two_reads_is_in_neither(world: World) -> None:
    with reading(world) as read, reading(world) as later:
        assert await read(trips) == 0
        await world.book()
        assert await read(trips) == 0
        assert await asyncio.gather(read(trips), read(trips)) == [0, 0]
        assert await later(trips) == 1


async def test_a_reading_writes_nothing(world: World) -> None:
    async def write(tx: Transaction) -> None:
        await tx.run("UPDATE agencies SET name = 'Sur Viajes'")

    with reading(world) as read, pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await read(write)


async def test_an_answer_that_failed_has_no_second_moment(world: World) -> None:
    """A cursor read after the failure would be newer than the page read before it."""

    async def broken(tx: Transaction) -> int:
        return await tx.value("SELECT 1 / 0")  # type: ignore[no-any-return]

    with reading(world) as read:
        async with asyncio.timeout(10):
            found = await asyncio.gather(read(one), read(broken), read(one), return_exceptions=True)
            assert found[0] == 1
            assert [type(each) for each in found[1:]] == [asyncpg.DivisionByZeroError] * 2
            with pytest.raises(asyncpg.DivisionByZeroError):
                await read(one)


async def test_a_complete_answer_holds_no_connection(world: World, services: Services) -> None:
    db = Database(services.app_url, pool_size=1, acquire_seconds=10)
    await db.connect()
    try:
        for _ in range(3):
            read = Reading(db, world.agency.id)
            assert await read(one) == 1
            read.stop()
    finally:
        await db.disconnect()


async def test_what_nobody_waits_for_ends_at_once(world: World) -> None:
    async def slow(tx: Transaction) -> None:
        await tx.run("SELECT pg_sleep(60)")

    read = Reading(world.db, world.agency.id)
    waiting = [asyncio.create_task(read(slow)), asyncio.create_task(read(one))]
    async with asyncio.timeout(10):
        # Within one transaction PostgreSQL shows what sessions did when it was first asked.
        seen = 0
        while not seen:
            with reading(world) as other:
                seen = await other(sleeping)
        read.stop()
        for each in waiting:
            with pytest.raises(StoppedError):
                await each
        with reading(world) as other:
            assert await other(one) == 1, "another answer is not concerned"


async def test_what_is_stopped_before_it_began_leaves_nobody_waiting(world: World) -> None:
    read = Reading(world.db, world.agency.id)
    waiting = asyncio.create_task(read(one))
    while not read._waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    read.stop()
    async with asyncio.timeout(10):
        with pytest.raises(StoppedError):
            await waiting
        with pytest.raises(StoppedError):
            await read(one)
