"""The feed: 1, 2, 3 … per agency without a hole, whoever writes, fails or reads at the same time."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from tests.conftest import NOON
from tests.world import make_agency
from travel.clock import VirtualClock
from travel.database import Database
from travel.model import Agency, EventKind, News
from travel.records import feed

NEWS = News(kind=EventKind.SETTINGS_UPDATED)


@pytest.fixture
async def agency(db: Database, clock: VirtualClock) -> Agency:
    return (await make_agency(db, clock, "Norte"))[0]


async def write(db: Database, agency: Agency, many: int = 1, *, fails: bool = False) -> None:
    async with db.transaction(agency.id) as tx:
        await feed.publish(tx, agency.id, [NEWS] * many, NOON)
        if fails:
            raise InterruptedError


async def read(db: Database, agency: Agency, after: int = 0, most: int = 10_000) -> list[int]:
    async with db.transaction(agency.id) as tx:
        return [event.sequence for event in await feed.after(tx, agency.id, after, most)]


async def test_sixteen_writers_with_failures_leave_no_hole_and_a_reader_misses_nothing(
    db: Database, agency: Agency
) -> None:
    dice, written, done = Random(7), 0, asyncio.Event()

    async def writer(rounds: list[tuple[int, bool]]) -> None:
        nonlocal written
        for many, fails in rounds:
            try:
                await write(db, agency, many, fails=fails)
            except InterruptedError:
                continue
            written += many

    async def reader() -> list[int]:
        seen: list[int] = []
        while True:
            last = done.is_set()
            page = await read(db, agency, seen[-1] if seen else 0, most=7)
            seen += page
            if last and not page:
                return seen

    plans = [[(dice.randint(1, 3), dice.random() < 0.3) for _ in range(25)] for _ in range(16)]
    readers = [asyncio.create_task(reader()) for _ in range(3)]
    await asyncio.gather(*map(writer, plans))
    done.set()
    for seen in await asyncio.gather(*readers):
        assert seen == list(range(1, written + 1))
    async with db.transaction(agency.id) as tx:
        assert await feed.head(tx, agency.id) == feed.Head(written, 1)


async def test_two_agencies_count_for_themselves(db: Database, clock: VirtualClock, agency: Agency) -> None:
    other, _ = await make_agency(db, clock, "Sur")
    await asyncio.gather(*(write(db, each) for each in [agency, other] * 5), write(db, other, 3))
    assert await read(db, agency) == [1, 2, 3, 4, 5]
    assert await read(db, other) == list(range(1, 9))


async def test_no_news_take_no_number(db: Database, agency: Agency) -> None:
    await write(db, agency, 0)
    assert await read(db, agency) == []


async def test_forgetting_moves_the_oldest_and_the_numbers_go_on(db: Database, agency: Agency) -> None:
    async with db.transaction(agency.id) as tx:
        await feed.publish(tx, agency.id, [NEWS] * 3, NOON - timedelta(days=31))
        await feed.publish(tx, agency.id, [NEWS] * 2, NOON)
    async with db.transaction(agency.id) as tx:
        assert await feed.forget(tx, agency.id, NOON - timedelta(days=30)) == 3
        assert await feed.forget(tx, agency.id, NOON - timedelta(days=30)) == 0
        assert await feed.head(tx, agency.id) == feed.Head(5, 4)
    assert await read(db, agency) == [4, 5]
    async with db.transaction(agency.id) as tx:
        assert await feed.forget(tx, agency.id, NOON + timedelta(days=1)) == 2
        assert await feed.head(tx, agency.id) == feed.Head(5, 6)
    await write(db, agency)
    assert await read(db, agency) == [6]


async def test_an_agency_forgets_its_own_events_only(db: Database, clock: VirtualClock, agency: Agency) -> None:
    other, _ = await make_agency(db, clock, "Sur")
    await write(db, agency)
    await write(db, other)
    async with db.transaction(agency.id) as tx:
        await feed.forget(tx, agency.id, NOON + timedelta(days=1))
    assert await read(db, other) == [1]
