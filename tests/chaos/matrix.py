"""Every labelled instruction between two effects, crossed with every fault of Twilio: a finite matrix.

A cell is one message of an agency of its own. A process dies at the label (`os._exit`), another finds what it left, and at
the end Twilio must have taken the message exactly once, and its row must have ended.
"""

import asyncio
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import connection
from pathlib import Path
from threading import Lock
from uuid import UUID

from sandbox.services import Postgres
from tests.chaos.checker import ENDS
from tests.chaos.storm import prepared
from tests.processes import ACCOUNT, TOKEN, House, processes
from tests.world import approve_templates, make_agency
from travel import delivery, log
from travel.clock import ScaledClock
from travel.database import Database
from travel.delivery import Carrier
from travel.enqueue import Wakeups
from travel.model import Channel, NotificationStatus
from travel.pace import Pace
from travel.records import attempts, notifications, outbox
from travel.twilio import Senders, Twilio

SPEED = 10.0
LEASE_SECONDS, SETTLING_SECONDS, LATE_SECONDS = 3.0, 6.0, 3.0
PATIENCE_SECONDS = 60.0
SIDE_BY_SIDE = 32
LOG = Path(tempfile.gettempdir()) / "bauhaus-chaos-matrix.log"
DIED = 137
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.chaos.matrix"])
ONE_THREAD = Lock()
"""`multiprocessing` asks after all children whenever it starts one; two that read one exit code make it 255."""

SENDING = ("claiming", "claimed", "sending", "answered", "settling", "settled")
RECEIVING = ("receiving", "received")
RECONCILING = ("recovering", "recovered", "looked_up", "reconciling", "reconciled")
PAUSING = ("pausing", "resuming")
LABELS = (*SENDING, *RECEIVING, *RECONCILING, *PAUSING)
"""Every `crash_at` of `travel/delivery`; a test compares."""
FAULTS = ("none", "rate_limited", "error_before", "error_after", "lost_reply", "late_accept", "slow", "account")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Where it dies, and what Twilio does to the first request."""

    label: str
    fault: str
    agency_id: UUID
    notification_id: UUID
    phone: str


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a process of a cell must know."""

    database_url: str
    sandbox_url: str
    public_base: str
    clock: tuple[str, float]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a cell."""

    reached: bool
    taken: int
    status: str

    @property
    def holds(self) -> bool:
        """It died where it should, Twilio took the message once, and the row ended."""
        return self.reached and self.taken == 1 and self.status in ENDS

    @property
    def shown(self) -> str:
        """As the table has it."""
        if self.holds:
            return "1"
        return f"[red]{self.taken} {self.status.lower()}{'' if self.reached else ', not reached'}[/red]"


def pairs(seed: int, cells: int | None) -> list[tuple[str, str]]:
    """The cells of the matrix, or so many of them drawn by chance; a pause is for account faults alone."""
    everything = [(label, fault) for label in LABELS for fault in FAULTS if label not in PAUSING or fault == "account"]
    return everything if cells is None else random.Random(seed).sample(everything, min(cells, len(everything)))


def run(seed: int, cells: int | None) -> dict[tuple[str, str], Result]:
    """Play the cells, some at a time, in two halves: callbacks come, and callbacks are lost so that one must look."""
    results: dict[tuple[str, str], Result] = {}
    chosen = pairs(seed, cells)
    with LOG.open("wb") as words, Postgres.start(durable=True) as postgres:
        urls = prepared(postgres)
        with processes(urls.app, "", speed=SPEED, seed=seed, log=words) as house:
            setup = Setup(
                database_url=urls.app,
                sandbox_url=house.sandbox_url,
                public_base=house.environment["PUBLIC_URL"],
                clock=(house.clock.start.isoformat(), house.clock.origin),
            )
            for silent in (False, True):
                half = [pair for pair in chosen if (pair[0] in RECONCILING) == silent]
                made = asyncio.run(_decide(house, urls.app, urls.owner, half, silent=silent))
                with ThreadPoolExecutor(SIDE_BY_SIDE) as hands:
                    reached = list(hands.map(lambda cell: _play(setup, cell), made))
                statuses = asyncio.run(_statuses(urls.god, made))
                lines = [line["to"] for line in house.messages()]
                for cell, was_reached in zip(made, reached, strict=True):
                    results[cell.label, cell.fault] = Result(
                        reached=was_reached, taken=lines.count(cell.phone), status=statuses[cell.notification_id]
                    )
    return results


async def _decide(
    house: House, app_url: str, owner_url: str, chosen: Sequence[tuple[str, str]], *, silent: bool
) -> list[Cell]:
    cells = []
    async with _database(app_url) as db, _database(owner_url) as owner:
        house.control("PUT", "templates", await approve_templates(owner, house.clock))  # type: ignore[arg-type]
        for number, (label, fault) in enumerate(chosen):
            agency, _ = await make_agency(db, house.clock, f"{label} {fault}")  # type: ignore[arg-type]
            async with db.transaction(agency.id) as tx:
                await tx.run("UPDATE agencies_settings SET max_retry_attempts = 10")
            phone = f"+5491155{number + 1000 * silent:06}"
            note = await delivery.send_test(db, Wakeups(None), house.clock, agency.id, phone, Channel.WHATSAPP)
            cells.append(Cell(label=label, fault=fault, agency_id=agency.id, notification_id=note.id, phone=phone))
    house.control(
        "POST",
        "faults",
        {
            "reset": True,
            "lost_reply_s": 2.0,
            "late_accept_s": LATE_SECONDS * SPEED,
            "slow_s": 0.5,
            "callbacks_lost": 1.0 if silent else 0.0,
            "recipients": [_fault(cell) for cell in cells if cell.fault != "none"],
        },
    )
    return cells


def _fault(cell: Cell) -> dict[str, object]:
    when = "sync" if cell.fault == "account" else cell.fault
    return {"to": cell.phone, "code": 20003, "when": when, "times": 1}


def _play(setup: Setup, cell: Cell) -> bool:
    """One process that dies at the label, after one that leaves something to find; then one that lives. Whether it died."""
    left = cell.label not in RECONCILING or _process(setup, cell, "answered") == DIED
    reached = _process(setup, cell, cell.label) == DIED
    _process(setup, cell, None)
    return left and reached


def _process(setup: Setup, cell: Cell, label: str | None) -> int | None:
    """How it ended: its exit code, negative for a signal."""
    process = FORKS.Process(target=live, args=(setup, cell, label))
    with ONE_THREAD:
        process.start()
    connection.wait([process.sentinel], PATIENCE_SECONDS + 10)
    with ONE_THREAD:
        if process.exitcode is None:
            process.kill()
            process.join()
        return process.exitcode


def live(setup: Setup, cell: Cell, label: str | None) -> None:
    """A process that does for the cell's message whatever is due, until that has ended, or it dies at the label."""

    def die(at: str) -> None:
        if at == label:
            os._exit(DIED)

    # A refused account is said to be an error, and is the point of some cells.
    log.setup(json=True, level="critical")
    asyncio.run(_live(setup, cell, die))


async def _live(setup: Setup, cell: Cell, die: Callable[[str], None]) -> None:
    start, origin = setup.clock
    clock = ScaledClock(start=datetime.fromisoformat(start), origin=origin, speed=SPEED)
    twilio = Twilio.open(
        url=setup.sandbox_url,
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        senders=Senders(whatsapp="+14155550100", sms=None),
        connect_seconds=0.5,
        read_seconds=0.8,
        total_seconds=0.8,
        concurrency=2,
    )
    async with _database(setup.database_url) as db:
        carrier = Carrier(
            db=db,
            twilio=twilio,
            clock=clock,
            public_base=setup.public_base,
            pace=Pace(db=db, throttle=None, rates={}),
            lease=timedelta(seconds=LEASE_SECONDS),
            settling=timedelta(seconds=SETTLING_SECONDS * SPEED),
            receipt=timedelta(seconds=SETTLING_SECONDS * SPEED),
            crash_at=die,
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and not await _ended(db, cell):
            await _do_what_is_due(carrier, cell)
            await asyncio.sleep(0.1)
    await twilio.close()


async def _do_what_is_due(carrier: Carrier, cell: Cell) -> None:
    """What the worker's sweeps do, for this cell alone."""
    await delivery.deliver(carrier, cell.agency_id)
    deeds = {
        NotificationStatus.SENDING: delivery.recover,
        NotificationStatus.UNKNOWN: delivery.settle_unknown,
        NotificationStatus.SENT: delivery.chase,
    }
    async with carrier.db.transaction(cell.agency_id) as tx:
        strays = await outbox.strays(tx, carrier.clock.now(), 1000)
        tries = (await attempts.of(tx, cell.agency_id, [cell.notification_id]))[cell.notification_id]
        waiting = await tx.all(
            "SELECT id FROM webhook_inbox WHERE processed_at IS NULL AND body ->> 'token' = ANY(:tokens) ORDER BY id",
            tokens=[each.token for each in tries],
        )
    for stray in strays:
        if stray.id == cell.notification_id:
            await deeds[stray.status](carrier, stray.agency_id, stray.id)
    for row in waiting:
        await delivery.process_webhooks(carrier, only=row["id"])


async def _ended(db: Database, cell: Cell) -> bool:
    async with db.transaction(cell.agency_id) as tx:
        found = await notifications.get(tx, cell.agency_id, cell.notification_id)
    assert found is not None
    return found.status in ENDS


async def _statuses(god_url: str, cells: Sequence[Cell]) -> dict[UUID, str]:
    async with _database(god_url) as db, db.transaction() as tx:
        rows = await tx.all(
            "SELECT id, status FROM notifications_log WHERE id = ANY(:ids)",
            ids=[cell.notification_id for cell in cells],
        )
    return {row["id"]: row["status"] for row in rows}


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    db = Database(url, pool_size=2)
    await db.connect()
    try:
        yield db
    finally:
        await db.disconnect()
