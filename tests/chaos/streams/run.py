"""One run: agencies, servers, writers and subscribers, all faults, and then calm, in which everybody gets the rest."""

import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TypeVar
from uuid import UUID

from sandbox.services import Postgres, Valkey, free_port
from tests.chaos.storm import databases, prepared
from tests.chaos.streams import cast
from tests.chaos.streams.checker import Told, check
from tests.chaos.streams.faults import Faults
from tests.chaos.streams.subscriber import Subscriber
from tests.chaos.streams.writers import Agency, Writing, forget, rows_of, write
from tests.processes import House, processes, wait_for
from travel.database import AWAY, Database

T = TypeVar("T")
LOG = Path(tempfile.gettempdir()) / f"bauhaus-streams-{os.getpid()}.log"
"""What the servers said; full of complaints, as it should be."""
KEPT = timedelta(seconds=2)
"""So much is remembered by the agency that forgets."""
STILL_SECONDS = 15.0
"""After the storm, without any further event, everybody must get the rest: who gets nothing for so long has missed it."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large, and from which chance."""

    seed: int
    subscribers: int
    agencies: int = 4
    writers: int = 6
    servers: int = 3
    seconds: float = 60.0


@dataclass(kw_only=True)
class Outcome:
    """What came of it."""

    events: int = 0
    heard: int = 0
    kept: int = 0
    undone: int = 0
    unknown: int = 0
    seconds: float = 0.0
    settled_seconds: float = 0.0
    slowest_stop: float = 0.0
    done: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


async def run(plan: Plan, say: Callable[[str], None]) -> Outcome:
    """Start everything, let it break, wait until it is calm, and compare."""
    outcome, began = Outcome(), time.monotonic()
    with LOG.open("wb") as log, Postgres.start(durable=True) as postgres, Valkey.start() as valkey:
        urls = prepared(postgres)
        with _served(plan, urls.app, valkey.url, log) as (house, ports):
            async with databases(urls) as (db, _, god):
                agencies = await cast.agencies(plan.agencies, db, house.clock)
                faults = Faults(
                    house=house,
                    servers=ports,
                    postgres=postgres,
                    valkey=valkey,
                    god=god,
                    chance=random.Random(f"{plan.seed} faults"),
                    done=outcome.done,
                )
                subscribers = cast.subscribers(plan.subscribers, agencies, plan.seed, outcome.done)
                addresses = [f"http://127.0.0.1:{port}" for port in ports.values()]
                listening = [asyncio.create_task(each.run(addresses)) for each in subscribers]
                try:
                    story = await _storm(plan, db, agencies, faults, say)
                    await _calm(db, addresses, subscribers, story, outcome, listening)
                finally:
                    for task in listening:
                        task.cancel()
                    await asyncio.gather(*listening, return_exceptions=True)
                outcome.violations += faults.complaints
                outcome.slowest_stop = faults.slowest_stop
                _judge(subscribers, story, outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


@contextmanager
def _served(plan: Plan, database_url: str, redis_url: str, log: IO[bytes]) -> Iterator[tuple[House, dict[str, str]]]:
    """Real servers on one database, each on a port of its own."""
    with processes(database_url, redis_url, speed=1, seed=plan.seed, log=log) as house:
        ports = {"server": house.environment["PORT"]}
        ports |= {f"server-{number}": str(free_port()) for number in range(1, plan.servers)}
        for name in list(ports)[1:]:
            house.start(name, "server", PORT=ports[name])
        for port in ports.values():
            wait_for(f"http://127.0.0.1:{port}/readyz")
        yield house, ports


@dataclass(kw_only=True)
class _Story:
    """What the feeds had in them, from the first event to the last."""

    agencies: list[Agency]
    writing: Writing = field(default_factory=Writing)
    rows: dict[UUID, dict[int, Told]] = field(default_factory=dict)
    oldest: dict[UUID, set[int]] = field(default_factory=dict)

    def told(self, agency: Agency) -> list[Told]:
        """All rows of an agency, in order."""
        return [row for _, row in sorted(self.rows[agency.id].items())]


async def _storm(
    plan: Plan, db: Database, agencies: list[Agency], faults: Faults, say: Callable[[str], None]
) -> _Story:
    story = _Story(agencies=agencies, oldest={agency.id: set() for agency in agencies})
    story.rows = {agency.id: {} for agency in agencies}
    writers = [
        asyncio.create_task(write(db, agencies, story.writing, random.Random(f"{plan.seed} writer {number}")))
        for number in range(plan.writers)
    ]
    forgetting = asyncio.create_task(_forget_now_and_then(db, story))
    breaking = asyncio.create_task(faults.run())
    say(
        f"{plan.seconds:.0f} s of storm: {plan.subscribers} subscribers, {plan.servers} servers, {plan.writers} writers"
    )
    try:
        await asyncio.wait([*writers, forgetting, breaking], timeout=plan.seconds, return_when=asyncio.FIRST_EXCEPTION)
        faults.over.set()
        await breaking
        story.writing.over.set()
        await asyncio.gather(*writers, forgetting)
    finally:
        for task in (*writers, forgetting, breaking):
            task.cancel()
        await asyncio.gather(*writers, forgetting, breaking, return_exceptions=True)
    return story


async def _forget_now_and_then(db: Database, story: _Story) -> None:
    forgetful = [agency for agency in story.agencies if agency.forgets]
    while not story.writing.over.is_set():
        for agency in forgetful:
            try:
                rows, oldest = await forget(db, agency, datetime.now(UTC) - KEPT)
            except AWAY:
                continue
            story.rows[agency.id].update(rows)
            if oldest is not None:
                story.oldest[agency.id].add(oldest)
        await asyncio.sleep(1)


async def _calm(
    db: Database,
    addresses: list[str],
    subscribers: list[Subscriber],
    story: _Story,
    outcome: Outcome,
    listening: list[asyncio.Task[None]],
) -> None:
    """Nobody drops and nothing breaks any more: each gets the rest over the connection that it has, or its next one."""
    for each in subscribers:
        each.is_calm = True
    for address in addresses:
        await asyncio.to_thread(wait_for, f"{address}/readyz")
    for agency in story.agencies:
        story.rows[agency.id].update(await _again(lambda agency=agency: _rows(db, agency)))
    began = moved = time.monotonic()
    last = -1
    while time.monotonic() - moved < STILL_SECONDS:
        lacking = sum(len(each.record.wanted(story.told(each.agency))) - len(each.record.heard) for each in subscribers)
        if lacking <= 0:
            break
        if lacking != last:
            last, moved = lacking, time.monotonic()
        await asyncio.sleep(0.2)
    outcome.settled_seconds = time.monotonic() - began
    outcome.violations += [
        f"a subscriber broke: {task.exception()!r}" for task in listening if task.done() and not task.cancelled()
    ]


async def _rows(db: Database, agency: Agency) -> dict[int, Told]:
    async with db.transaction(agency.id) as tx:
        return await rows_of(tx, agency)


async def _again(deed: Callable[[], Awaitable[T]], seconds: float = 20) -> T:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await deed()
        except AWAY:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


def _judge(subscribers: list[Subscriber], story: _Story, outcome: Outcome) -> None:
    """Every row against what was committed, every subscriber against the rows."""
    writing = story.writing
    for agency in story.agencies:
        rows = story.told(agency)
        outcome.events += len(rows)
        if [row.sequence for row in rows] != list(range(1, len(rows) + 1)):
            outcome.violations.append(f"{agency.name}: the numbers in the table are not dense")
        moments = {row.occurred_at for row in rows}
        lost = [moment for moment, id_ in writing.kept.items() if id_ == agency.id and moment not in moments]
        risen = [moment for moment, id_ in writing.undone.items() if id_ == agency.id and moment in moments]
        if lost or risen:
            outcome.violations.append(f"{agency.name}: committed and not there {lost}, undone and there {risen}")
    for each in subscribers:
        found = check(each.record, story.told(each.agency), frozenset(story.oldest[each.agency.id]))
        outcome.heard += len(each.record.heard)
        if found:
            steps = "\n    ".join(each.steps)
            outcome.violations.append(f"{each.name}: " + "; ".join(found[:10]) + f"\n    {steps}")
    outcome.kept, outcome.undone, outcome.unknown = len(writing.kept), len(writing.undone), len(writing.unknown)
