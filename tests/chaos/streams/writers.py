"""Writers of several agencies' feeds, in real transactions: kept, undone, slow, or of unknown fate."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.chaos.streams.checker import Told
from travel.database import AWAY, Database, Transaction
from travel.model import EventKind, News
from travel.records import feed

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
"""As finely as the API shows an instant."""
UNDONE, SLOW, HOLDING = 0.15, 0.1, 0.05
"""How many transactions are rolled back, dawdle before they publish, or dawdle with the feed's head in their hands."""


@dataclass(frozen=True, kw_only=True)
class Agency:
    """One that is written for and listened to."""

    name: str
    id: UUID
    key: str
    trips: tuple[UUID, ...]
    notifications: tuple[UUID, ...]
    record_id: UUID
    forgets: bool = False


@dataclass(kw_only=True)
class Writing:
    """What was written, by its instant, which is unique."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    kept: dict[datetime, UUID] = field(default_factory=dict)
    undone: dict[datetime, UUID] = field(default_factory=dict)
    unknown: dict[datetime, UUID] = field(default_factory=dict)
    _last: datetime = LONG_AGO

    def moment(self) -> datetime:
        """An instant that no other transaction has."""
        now = datetime.now(UTC)
        self._last = max(self._last + TICK, now.replace(microsecond=now.microsecond // 1000 * 1000))
        return self._last


class _ChangedMindError(Exception):
    """A transaction that is rolled back on purpose."""


async def write(db: Database, agencies: list[Agency], writing: Writing, chance: random.Random) -> None:
    """Publish again and again until it is over."""
    while not writing.over.is_set():
        await publish(db, chance.choice(agencies), writing, chance)
        await asyncio.sleep(chance.expovariate(1 / 0.12))


async def publish(db: Database, agency: Agency, writing: Writing, chance: random.Random) -> None:
    """One transaction, and what became of it."""
    news = [_news(agency, chance) for _ in range(chance.choice((1, 1, 1, 2, 5)))]
    fate, now, is_done = chance.random(), writing.moment(), False
    try:
        async with db.transaction(agency.id) as tx:
            if UNDONE < fate < UNDONE + SLOW:
                await asyncio.sleep(chance.uniform(0.1, 1.5))
            await feed.publish(tx, agency.id, news, now)
            if UNDONE + SLOW < fate < UNDONE + SLOW + HOLDING:
                await asyncio.sleep(chance.uniform(0.05, 0.5))
            if fate < UNDONE:
                raise _ChangedMindError
            is_done = True
    except _ChangedMindError:
        writing.undone[now] = agency.id
    except AWAY:
        # Whether a commit whose answer got lost was made, nobody knows.
        (writing.unknown if is_done else writing.undone)[now] = agency.id
        await asyncio.sleep(0.2)
    else:
        writing.kept[now] = agency.id


def _news(agency: Agency, chance: random.Random) -> News:
    kind = chance.choice(
        (
            EventKind.TRIP_UPDATED,
            EventKind.TRIP_UPDATED,
            EventKind.TRIP_STATUS_CHANGED,
            EventKind.NOTIFICATION_UPDATED,
            EventKind.SETTINGS_UPDATED,
            EventKind.SENDING_RESUMED,
        )
    )
    place = chance.randrange(len(agency.trips))
    match kind:
        case EventKind.TRIP_UPDATED:
            return News(kind=kind, trip_id=agency.trips[place])
        case EventKind.TRIP_STATUS_CHANGED:
            return News(kind=kind, trip_id=agency.trips[place], record_id=agency.record_id)
        case EventKind.NOTIFICATION_UPDATED:
            return News(kind=kind, trip_id=agency.trips[place], notification_id=agency.notifications[place])
        case _:
            return News(kind=kind)


async def rows_of(tx: Transaction, agency: Agency) -> dict[int, Told]:
    """The agency's rows by their numbers, as finely as the API shows them."""
    rows = await tx.all(
        "SELECT sequence, kind, trip_id, date_trunc('milliseconds', occurred_at) AS occurred_at FROM events WHERE agency_id = :agency",
        agency=agency.id,
    )
    return {row["sequence"]: Told(**row) for row in rows}


async def forget(db: Database, agency: Agency, before: datetime) -> tuple[dict[int, Told], int | None]:
    """Let the agency's feed forget: the rows as they were, and the oldest number that is left, if any went."""
    async with db.transaction(agency.id) as tx:
        # Nobody publishes between our look and what is forgotten.
        await tx.run("SELECT 1 FROM feed_heads WHERE agency_id = :agency FOR UPDATE", agency=agency.id)
        rows = await rows_of(tx, agency)
        gone = await feed.forget(tx, agency.id, before)
        return rows, (await feed.head(tx, agency.id)).oldest if gone else None
