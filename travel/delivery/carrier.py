"""What delivering needs of its process, and how its news reach the feed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from travel.clock import Clock
from travel.database import Database, Transaction
from travel.model import EventKind, News, Notification
from travel.pace import Pace
from travel.records import feed
from travel.twilio import Twilio


class Places:
    """How many messages may be in this process's hands at once."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._closed = False

    def close(self) -> None:
        """Give out no more: the process is about to end."""
        self._closed = True

    async def take(self, most: int) -> int:
        """At least one place, and as many more as are free, up to `most`; none once it is closed."""
        if self._closed:
            return 0
        await self._free.acquire()
        if self._closed:
            self._free.release()
            return 0
        taken = 1
        while taken < most and not self._free.locked():
            await self._free.acquire()
            taken += 1
        return taken

    def give_back(self, number: int = 1) -> None:
        """So many are free again."""
        for _ in range(number):
            self._free.release()


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """The process's means of delivering. `lease` runs on the database's clock, `settling` and `receipt` on the world's."""

    db: Database
    twilio: Twilio
    clock: Clock
    public_base: str
    pace: Pace
    lease: timedelta
    settling: timedelta
    receipt: timedelta = timedelta(minutes=10)
    """How long a message that was sent may stay without a callback before Twilio is asked about it."""
    places: Places = field(default_factory=lambda: Places(100))
    crash_at: Callable[[str], None] = lambda _: None
    """A test's way to die at a named instruction."""


async def publish(tx: Transaction, notifications: Sequence[Notification], now: datetime) -> None:
    """Say that notifications of one agency changed; last before the commit."""
    if notifications:
        news = [
            News(kind=EventKind.NOTIFICATION_UPDATED, trip_id=each.trip_id, notification_id=each.id)
            for each in notifications
        ]
        await feed.publish(tx, notifications[0].agency_id, news, now)
