"""Many-by-key reads: one statement per level of a query."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from travel.database import Database, Transaction
from travel.model import (
    Agency,
    AgencySettings,
    ByHand,
    DeliveryAttempt,
    Flight,
    FlightStatusRecord,
    MessageTemplate,
    Notification,
    Trip,
)
from travel.records import agencies, attempts, history, log_pages, notifications, travellers, trips
from travel.records.log_pages import Filter
from travel.records.pages import Page, Window

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Read = Callable[[Transaction], Awaitable[Any]]

PageKey = tuple[UUID, Filter, Window]
HistoryKey = tuple[UUID, Window]
Flying = tuple[Flight, ByHand]
"""A trip's flight, and what was written by hand about it."""
Templates = dict[tuple[Any, Any], MessageTemplate]


class StoppedError(Exception):
    """A read for an answer that is complete, or that nobody waits for."""


class Reading:
    """The reads of one answer: one after the other in one transaction, which sees the database as it was at the first.

    Resolvers run in tasks of their own, so none of them could hold a transaction for the others; a task of its own can.
    What it holds, it holds until it is stopped. An answer of which one read failed has no second moment to go on with.
    """

    def __init__(self, db: Database, agency_id: UUID) -> None:
        self._db = db
        self._agency_id = agency_id
        self._waiting: deque[tuple[Read, asyncio.Future[Any]]] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._broken: Exception | None = None
        self._is_stopped = False

    async def __call__(self, read: Callable[[Transaction], Awaitable[V]]) -> V:
        """What `read` brings; raises what it or an earlier one raised, and StoppedError once it was stopped."""
        if self._is_stopped:
            raise StoppedError
        if self._broken is not None:
            raise self._broken
        brings: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting.append((read, brings))
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await brings

    def stop(self) -> None:
        """The answer is complete, or nobody waits for it any more: what is still being read is cancelled."""
        self._is_stopped = True
        self._wake.set()
        if self._waiting and self._task is not None:
            self._task.cancel()
        self._fail(StoppedError())

    async def _work(self) -> None:
        try:
            async with self._db.snapshot(self._agency_id) as tx:
                while not self._is_stopped:
                    await self._read_all(tx)
                    await self._wake.wait()
        except Exception as broken:  # noqa: BLE001 - all who wait are told.
            self._broken = broken
            self._fail(broken)

    def _fail(self, broken: Exception) -> None:
        for _, brings in self._waiting:
            if not brings.done():
                brings.set_exception(broken)

    async def _read_all(self, tx: Transaction) -> None:
        self._wake.clear()
        while self._waiting:
            read, brings = self._waiting[0]
            found = await read(tx)
            self._waiting.popleft()
            if not brings.done():
                brings.set_result(found)


class Loader(DataLoader[K, V]):
    """A DataLoader whose waiters do not depend on each other.

    All who ask for the same key wait for the same future. When one field fails, graphql-core cancels its siblings, and
    a cancelled waiter would take that future from all the others.
    """

    def load(self, key: K) -> Awaitable[V]:
        """The value, as soon as its batch was read."""
        found = asyncio.ensure_future(super().load(key))
        found.add_done_callback(_hear)
        return asyncio.shield(found)


def _hear(found: "asyncio.Future[Any]") -> None:
    """A failure that all waiters have turned away from is no news."""
    if not found.cancelled():
        found.exception()


class Loaders:
    """One set for one answer."""

    def __init__(self, db: Database, agency_id: UUID) -> None:
        self._agency_id = agency_id
        self.read = Reading(db, agency_id)
        self.trip: DataLoader[UUID, Trip | None] = self._loader(self._trips)
        self.flying: DataLoader[UUID, Flying | None] = self._loader(self._flying)
        self.told: DataLoader[UUID, list[Notification] | None] = self._loader(self._of_trips)
        self.opted_out: DataLoader[str, bool] = self._loader(self._opted_out)
        self.notification: DataLoader[UUID, Notification | None] = self._loader(self._notifications)
        self.record: DataLoader[UUID, FlightStatusRecord | None] = self._loader(self._records)
        self.attempts: DataLoader[UUID, list[DeliveryAttempt] | None] = self._loader(self._attempts)
        self.agency: DataLoader[UUID, Agency] = self._loader(self._agencies)
        self.settings: DataLoader[UUID, AgencySettings] = self._loader(self._settings)
        self.templates: DataLoader[UUID, Templates] = self._loader(self._templates)
        self.notification_page: DataLoader[PageKey, Page] = self._loader(self._notification_pages)
        self.notification_count: DataLoader[tuple[UUID, Filter], int] = self._loader(self._notification_counts)
        self.history_page: DataLoader[HistoryKey, Page] = self._loader(self._history_pages)
        self.history_count: DataLoader[UUID, int] = self._loader(self._history_counts)

    def _loader(self, read: Callable[[Transaction, list[Any]], Awaitable[Sequence[Any]]]) -> DataLoader[Any, Any]:
        async def load(keys: list[Any]) -> list[Any]:
            return list(await self.read(lambda tx: read(tx, keys)))

        return Loader(load_fn=load, max_batch_size=1000)

    async def _trips(self, tx: Transaction, ids: list[UUID]) -> list[Trip | None]:
        found = await trips.many(tx, self._agency_id, ids)
        return [found.get(id_) for id_ in ids]

    async def _flying(self, tx: Transaction, ids: list[UUID]) -> list[Flying | None]:
        found = await history.flying(tx, self._agency_id, ids)
        return [found.get(id_) for id_ in ids]

    async def _of_trips(self, tx: Transaction, ids: list[UUID]) -> list[list[Notification] | None]:
        found = await notifications.of_trips(tx, self._agency_id, ids)
        return [found.get(id_) for id_ in ids]

    async def _opted_out(self, tx: Transaction, phones: list[str]) -> list[bool]:
        found = await travellers.opted_out(tx, self._agency_id, phones)
        return [phone in found for phone in phones]

    async def _notifications(self, tx: Transaction, ids: list[UUID]) -> list[Notification | None]:
        found = await notifications.many(tx, self._agency_id, ids)
        return [found.get(id_) for id_ in ids]

    async def _records(self, tx: Transaction, ids: list[UUID]) -> list[FlightStatusRecord | None]:
        found = await log_pages.records(tx, self._agency_id, ids)
        return [found.get(id_) for id_ in ids]

    async def _attempts(self, tx: Transaction, ids: list[UUID]) -> list[list[DeliveryAttempt] | None]:
        found = await attempts.of(tx, self._agency_id, ids)
        return [found.get(id_) for id_ in ids]

    async def _agencies(self, tx: Transaction, ids: list[UUID]) -> list[Agency]:
        return [await agencies.get(tx, id_) for id_ in ids]

    async def _settings(self, tx: Transaction, ids: list[UUID]) -> list[AgencySettings]:
        return [await agencies.settings(tx, id_) for id_ in ids]

    async def _templates(self, tx: Transaction, ids: list[UUID]) -> list[Templates]:
        return [await agencies.templates(tx, id_) for id_ in ids]

    async def _notification_pages(self, tx: Transaction, keys: list[PageKey]) -> list[Page]:
        found: dict[PageKey, Page] = {}
        for (wanted, window), ids in _grouped([(id_, (wanted, window)) for id_, wanted, window in keys]).items():
            pages = await log_pages.notifications_of_trips(tx, self._agency_id, ids, wanted, window)
            found |= {(id_, wanted, window): page for id_, page in pages.items()}
        return [found[key] for key in keys]

    async def _notification_counts(self, tx: Transaction, keys: list[tuple[UUID, Filter]]) -> list[int]:
        found: dict[tuple[UUID, Filter], int] = {}
        for wanted, ids in _grouped(keys).items():
            counts = await log_pages.count_notifications(tx, self._agency_id, wanted, ids)
            found |= {(id_, wanted): counts.get(id_, 0) for id_ in ids}
        return [found[key] for key in keys]

    async def _history_pages(self, tx: Transaction, keys: list[HistoryKey]) -> list[Page]:
        found: dict[HistoryKey, Page] = {}
        for window, ids in _grouped(keys).items():
            pages = await log_pages.history_of_trips(tx, self._agency_id, ids, window)
            found |= {(id_, window): page for id_, page in pages.items()}
        return [found[key] for key in keys]

    async def _history_counts(self, tx: Transaction, ids: list[UUID]) -> list[int]:
        found = await log_pages.count_history(tx, self._agency_id, ids)
        return [found.get(id_, 0) for id_ in ids]


def _grouped(keys: Sequence[tuple[UUID, K]]) -> dict[K, list[UUID]]:
    """Ids by what is asked of them, so that each different question is one statement."""
    groups: dict[K, list[UUID]] = {}
    for id_, question in keys:
        groups.setdefault(question, []).append(id_)
    return groups
