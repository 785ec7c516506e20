"""What delivering needs of its process, and how its news reach the feed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from travel.clock import Clock
from travel.database import Database, Transaction
from travel.model import EventKind, News, Notification
from travel.records import feed
from travel.twilio import Twilio


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """The process's means of delivering. `lease` runs on the database's clock, `settling` on the world's."""

    db: Database
    twilio: Twilio
    clock: Clock
    public_base: str
    lease: timedelta
    settling: timedelta
    crash_at: Callable[[str], None] = lambda _: None
    """A test's way to die at a named instruction."""


async def publish(tx: Transaction, notification: Notification, now: datetime) -> None:
    """Say that a notification changed; last before the commit."""
    news = News(kind=EventKind.NOTIFICATION_UPDATED, trip_id=notification.trip_id, notification_id=notification.id)
    await feed.publish(tx, notification.agency_id, [news], now)
