"""The reads of one answer share a transaction, and neither a gap nor a neighbour's failure takes one away."""

import asyncio

import asyncpg
import pytest

from graph.loaders import PATIENCE_TICKS, Reading
from tests.world import World
from travel.database import Transaction

SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"


async def one(tx: Transaction) -> int:
    return await tx.value("SELECT txid_current()")  # type: ignore[no-any-return]


async def sleeping(tx: Transaction) -> int:
    return await tx.value(SLEEPING)  # type: ignore[no-any-return]


async def test_reads_that_follow_each_other_share_a_transaction(world: World) -> None:
    read = Reading(world.db, world.agency.id)
    first = await read(one)
    assert [await read(one), *await asyncio.gather(read(one), read(one))] == [first] * 3


@pytest.mark.parametrize("turns", range(PATIENCE_TICKS + 4))
async def test_a_read_is_served_however_late_it_comes(world: World, turns: int) -> None:
    read = Reading(world.db, world.agency.id)
    async with asyncio.timeout(10):
        for _ in range(3):
            assert await read(one) > 0
            for _ in range(turns):
                await asyncio.sleep(0)


async def test_a_read_that_fails_is_its_own_affair(world: World) -> None:
    async def broken(tx: Transaction) -> int:
        return await tx.value("SELECT 1 / 0")  # type: ignore[no-any-return]

    read = Reading(world.db, world.agency.id)
    async with asyncio.timeout(10):
        found = await asyncio.gather(read(one), read(broken), read(one), return_exceptions=True)
    assert isinstance(found[1], asyncpg.DivisionByZeroError)
    assert all(isinstance(each, int) for each in (found[0], found[2]))


async def test_what_nobody_waits_for_ends_at_once(world: World) -> None:
    async def slow(tx: Transaction) -> None:
        await tx.run("SELECT pg_sleep(60)")

    read = Reading(world.db, world.agency.id)
    waiting = [asyncio.create_task(read(slow)), asyncio.create_task(read(one))]
    async with asyncio.timeout(10):
        # Within one transaction PostgreSQL shows what sessions did when it was first asked.
        while not await Reading(world.db, world.agency.id)(sleeping):  # noqa: ASYNC110
            await asyncio.sleep(0)
        read.stop()
        for each in waiting:
            with pytest.raises(asyncio.CancelledError):
                await each
        # Another answer is not concerned.
        assert await Reading(world.db, world.agency.id)(one) > 0


async def test_what_is_stopped_before_it_began_leaves_nobody_waiting(world: World) -> None:
    read = Reading(world.db, world.agency.id)
    waiting = asyncio.create_task(read(one))
    while not read._waiting:  # noqa: ASYNC110
        await asyncio.sleep(0)
    read.stop()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await read(one) > 0
