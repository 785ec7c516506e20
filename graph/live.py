"""The live end of the feeds: one reader per agency and process, however many subscribers.

A nudge (PostgreSQL's NOTIFY) only says "read again", and so does every second that passes, so that a lost nudge costs
a second and never an event. Subscribers read rows in order from where they stand: the newest from the tail in memory,
older ones from the table. A slow one falls behind the tail and reads pages; nothing piles up for it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from itertools import takewhile
from uuid import UUID

import structlog

from travel.database import BROKEN, Database
from travel.model import Event
from travel.records import feed

log = structlog.get_logger()

PAGE = 200
REMEMBERED = 1000
REREAD_SECONDS = 1.0


class Tail:
    """The newest events of one agency's feed, as far as this process has read."""

    def __init__(self, db: Database, agency_id: UUID, sequence: int) -> None:
        self._db = db
        self._agency_id = agency_id
        self._recent: deque[Event] = deque(maxlen=REMEMBERED)
        self.sequence = sequence
        self.readers = 0
        self.reader: asyncio.Task[None] | None = None
        self.nudged = asyncio.Event()
        self.grown = asyncio.Event()
        """Set once there is more, and then replaced: take it before looking, and nothing is missed."""
        self.broken: Exception | None = None
        """Why nothing more is read: a row that this release cannot read, or a fault of ours."""

    def grow(self) -> None:
        """Wake whoever waits."""
        self.grown.set()
        self.grown = asyncio.Event()

    async def read(self) -> None:
        """Read what came since, and wake whoever waits for it."""
        while True:
            async with self._db.transaction(self._agency_id) as tx:
                page = await feed.after(tx, self._agency_id, self.sequence, PAGE)
            if page:
                self._recent.extend(page)
                self.sequence = page[-1].sequence
                self.grow()
            if len(page) < PAGE:
                return

    def newer(self, sequence: int) -> list[Event] | None:
        """The remembered events after `sequence`; None where some of them are remembered no more."""
        if sequence >= self.sequence:
            return []
        if not self._recent or self._recent[0].sequence > sequence + 1:
            return None
        newer = list(takewhile(lambda event: event.sequence > sequence, reversed(self._recent)))
        return newer[::-1]


class Hub:
    """All tails of a process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tails: dict[UUID, Tail] = {}

    async def run(self) -> None:
        """Hear nudges for as long as the process lives; a lost connection is opened again."""
        while True:
            try:
                await self._listen()
            except BROKEN as lost:
                log.warning("feed_listener_lost", error=type(lost).__name__)
            await asyncio.sleep(REREAD_SECONDS)

    async def _listen(self) -> None:
        connection = await self._db.listen()
        try:
            closed = asyncio.Event()
            connection.add_termination_listener(lambda _: closed.set())
            await connection.add_listener(feed.CHANNEL, self._hear)
            await closed.wait()
        finally:
            # The connection may be broken; there is nothing to be said to it any more.
            connection.terminate()

    def _hear(self, _: object, __: int, ___: str, payload: str) -> None:
        tail = self._tails.get(UUID(payload))
        if tail is not None:
            tail.nudged.set()

    async def events(self, agency_id: UUID, after: int) -> AsyncGenerator[Event, None]:
        """Every event later than `after`, in order and once, for as long as somebody listens."""
        async with self._tail(agency_id) as tail:
            position = after
            while True:
                grown = tail.grown
                for event in await self._next(tail, agency_id, position):
                    position = event.sequence
                    yield event
                if tail.broken is not None:
                    raise ConnectionError("the feed cannot be read") from tail.broken
                if position >= tail.sequence:
                    await grown.wait()

    async def _next(self, tail: Tail, agency_id: UUID, position: int) -> list[Event]:
        newer = tail.newer(position)
        if newer is not None:
            return newer
        async with self._db.transaction(agency_id) as tx:
            return await feed.after(tx, agency_id, position, PAGE)

    @asynccontextmanager
    async def _tail(self, agency_id: UUID) -> AsyncIterator[Tail]:
        tail = self._tails.get(agency_id)
        if tail is None or tail.broken is not None:
            async with self._db.transaction(agency_id) as tx:
                head = await feed.head(tx, agency_id)
            # Another subscriber may have come while we asked.
            known = self._tails.get(agency_id)
            if known is None or known.broken is not None:
                known = self._tails[agency_id] = Tail(self._db, agency_id, head.sequence)
            tail = known
        tail.readers += 1
        if tail.readers == 1:
            tail.reader = asyncio.create_task(self._keep_reading(tail))
        try:
            yield tail
        finally:
            tail.readers -= 1
            if tail.readers == 0:
                if self._tails.get(agency_id) is tail:
                    del self._tails[agency_id]
                if tail.reader is not None:
                    tail.reader.cancel()

    async def _keep_reading(self, tail: Tail) -> None:
        while True:
            try:
                tail.nudged.clear()
                await tail.read()
            except BROKEN as lost:
                log.warning("feed_read_failed", error=type(lost).__name__)
            except Exception as broken:
                # Silence would look like an agency in which nothing happens: whoever follows comes back, and finds another tail.
                log.exception("feed_read_broke")
                tail.broken = broken
                tail.grow()
                return
            try:
                async with asyncio.timeout(REREAD_SECONDS):
                    await tail.nudged.wait()
            except TimeoutError:
                continue
