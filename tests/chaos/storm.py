"""An afternoon of flights, told by several worker processes while everything around them breaks.

Every traveller is to hear four things: the confirmation, a delay, the boarding, the welcome. What Twilio took is read from
the stand-in's own ledger at the end.
"""

import asyncio
import os
import random
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from redis.exceptions import RedisError

from sandbox.services import Postgres, Valkey
from tests.chaos.checker import Orphan, Row, Verdict, check, recovery
from tests.processes import House, processes
from tests.world import approve_templates, make_agency, text
from travel import booking, enqueue
from travel.booking_form import TripForm
from travel.database import Database
from travel.enqueue import Wakeups
from travel.model import Language

T = TypeVar("T")
MINUTE = timedelta(minutes=1)

SPEED = 60.0
SETTLING_SECONDS = 10.0
"""Real seconds: over the 3 s after which the stand-in takes what it takes late, and the 1.5 s of a request."""
TYPES = ("RESERVATION_CONFIRMATION", "BOARDING", "DELAYED", "LANDING_WELCOME")
ALWAYS = ("RESERVATION_CONFIRMATION", "LANDING_WELCOME")
"""Decided whatever happens; the others need a look before the departure, which a storm may prevent."""
REST_SECONDS = 120.0
LOG = Path(tempfile.gettempdir()) / "bauhaus-chaos.log"
"""What the processes said; full of complaints, as it should be."""
FAULTS = {
    "rate_limited": 0.08,
    "error_before": 0.08,
    "error_after": 0.06,
    "lost_reply": 0.08,
    "late_accept": 0.05,
    "slow": 0.05,
    "lost_reply_s": 2.0,
    "late_accept_s": 3.0 * SPEED,
    "slow_s": 0.5,
    "callbacks_lost": 0.1,
    "callbacks_duplicated": 0.1,
    "callbacks_reordered": 0.1,
}
"""Two requests of five meet one of the first six."""
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(kw_only=True)
class Storm:
    """What one run is made of, and what it did."""

    trips: int
    workers: int
    seed: int
    worker_module: str = "tests.chaos.worker"
    faults: dict[str, float] = field(default_factory=lambda: dict(FAULTS))
    disturb: bool = True
    short: bool = False
    """Over as soon as nothing is due: without delays and landings, and whatever became of the messages."""
    done: dict[str, int] = field(default_factory=dict)
    crashes: list[datetime] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it."""

    verdict: Verdict
    seconds: float
    done: dict[str, int]
    orphans: int
    noticed_seconds: float
    retried_seconds: float
    attempts: int
    unknown: int


async def run(storm: Storm, say: Callable[[str], None]) -> Outcome:
    """Start everything, let it storm, wait until all is at rest, and count."""
    began = time.monotonic()
    with LOG.open("wb") as log, Postgres.start(durable=True) as postgres, Valkey.start() as valkey:
        urls = prepared(postgres)
        settings = {
            "SETTLING_SECONDS": str(SETTLING_SECONDS * SPEED),
            "RECEIPT_SECONDS": str(SETTLING_SECONDS * SPEED),
            "TWILIO_TOTAL_TIMEOUT_SECONDS": "1.5",
            "TWILIO_WHATSAPP_PER_SECOND": "10000",
            "DELIVERY_LEASE_SECONDS": "6",
            "LOG_LEVEL": "error",
            "CHAOS_SEED": str(storm.seed),
            "CHAOS_CRASHES": "1500" if storm.disturb else "0",
        }
        with processes(urls.app, valkey.url, speed=SPEED, seed=storm.seed, log=log, **settings) as house:
            async with databases(urls) as (db, owner, god):
                agencies = [await _agency(house, db, owner, number) for number in range(5)]
                house.control("POST", "faults", storm.faults)
                for number in range(storm.workers):
                    house.start(f"worker-{number}", module=storm.worker_module)
                stormy = asyncio.create_task(_disturb(storm, house, postgres, valkey))
                flights = _flights(house)
                say(f"booking {storm.trips} trips of {len(agencies)} agencies on {len(flights)} flights")
                phones = await _book(storm, house, db, agencies, flights)
                if storm.short:
                    await _rest(house, god, storm)
                else:
                    await _until_landed(house, flights, say)
                storm.disturb = False
                await stormy
                house.control("POST", "faults", {"reset": True})
                say("the storm is over; waiting for rest")
                await _rest(house, god, storm)
                rows = await _again(lambda: _rows(god))
                expected = {(phone, type_): 1 for phone in phones for type_ in ALWAYS}
                verdict = check(rows, house.messages(), expected)
                orphans = await _again(lambda: _orphans(god))
                noticed, retried = recovery(storm.crashes, orphans, SPEED)
                attempts, unknown = await _again(lambda: _attempts(god))
    return Outcome(
        verdict=verdict,
        seconds=time.monotonic() - began,
        done=storm.done,
        orphans=len(orphans),
        noticed_seconds=noticed,
        retried_seconds=retried,
        attempts=attempts,
        unknown=unknown,
    )


@dataclass(frozen=True, kw_only=True)
class Urls:
    """One database, as its owner, the application and somebody who sees all see it."""

    owner: str
    app: str
    god: str
    """Sees the rows of all agencies."""


def prepared(postgres: Postgres) -> Urls:
    """Migrate it and let the application in."""
    from migrations import run as migrations

    app = postgres.owner_url.replace("//bauhaus_owner:", "//bauhaus_login:")
    migrations.upgrade(postgres.owner_url)
    migrations.admit(postgres.owner_url, app)
    god = postgres.superuser_url.rsplit("/", 1)[0] + "/bauhaus"
    return Urls(owner=postgres.owner_url, app=app, god=god)


@asynccontextmanager
async def databases(urls: Urls) -> AsyncIterator[tuple[Database, Database, Database]]:
    """Three pools, as the application, the owner and somebody who sees all."""
    opened = Database(urls.app, pool_size=8), Database(urls.owner, pool_size=2), Database(urls.god, pool_size=2)
    for each in opened:
        await each.connect()
    try:
        yield opened
    finally:
        for each in opened:
            await each.disconnect()


async def _agency(house: House, db: Database, owner: Database, number: int) -> UUID:
    agency, _ = await make_agency(db, house.clock, f"Agency {number}")  # type: ignore[arg-type]
    async with db.transaction(agency.id) as tx:
        await tx.run(
            """
            UPDATE agencies_settings SET quiet_hours_start = '00:00', quiet_hours_end = '00:00', max_retry_attempts = 10,
              max_notifications_per_hour = 100000, max_notifications_per_day = 100000
            """
        )
    if number == 0:
        house.control("PUT", "templates", await approve_templates(owner, house.clock))  # type: ignore[arg-type]
    return agency.id


@dataclass(frozen=True, kw_only=True)
class _Flight:
    ident: str
    departure: datetime
    landing: datetime


def _flights(house: House) -> list[_Flight]:
    """Twenty-five flights that board at once, leave half an hour late and land twenty minutes after that."""
    now = house.clock.now().replace(second=0, microsecond=0)
    flights, lines = [], []
    for number in range(25):
        departure = now + (80 + number / 2) * MINUTE
        late = departure + 30 * MINUTE
        landing = late + 20 * MINUTE
        lines.append(
            {
                "fa_flight_id": f"ARG2{number:03}-1-airline-0001",
                "ident": f"ARG2{number:03}",
                "origin": "SAEZ",
                "destination": "KMIA",
                "scheduled_out": text(departure),
                "scheduled_on": text(departure + 20 * MINUTE),
                "timeline": [
                    {
                        "at": text(now + 50 * MINUTE),
                        "set": {"estimated_out": text(late), "estimated_on": text(landing)},
                    },
                    {"at": text(late), "set": {"actual_out": text(late), "actual_off": text(late)}},
                    {"at": text(landing), "set": {"actual_on": text(landing)}},
                ],
            }
        )
        flights.append(_Flight(ident=f"AR2{number:03}", departure=departure, landing=landing))
    house.control("POST", "flights", lines)
    return flights


async def _book(storm: Storm, house: House, db: Database, agencies: list[UUID], flights: list[_Flight]) -> list[str]:
    places = asyncio.Semaphore(6)

    async def book(number: int) -> str:
        flight = flights[number % len(flights)]
        form = TripForm(
            traveller_name="Ana Pérez",
            phone=f"+549115{number:07}",
            language=Language.ES,
            flight=flight.ident,
            origin="EZE",
            destination="MIA",
            departure=flight.departure.isoformat(),
            idempotency_key=f"storm-{number}",
        )
        agency_id = agencies[number % len(agencies)]
        async with places:
            # A commit whose answer got lost is found again by the key.
            trip = await _again(lambda: booking.create_trip(db, Wakeups(None), house.clock, agency_id, form))
        return trip.phone

    return list(await asyncio.gather(*(book(number) for number in range(storm.trips))))


async def _again(deed: Callable[[], Awaitable[T]], seconds: float = 20) -> T:
    """Do it, once more after each failure of a database that is being restarted."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await deed()
        except AWAY:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


async def _until_landed(house: House, flights: list[_Flight], say: Callable[[str], None]) -> None:
    last = max(flight.landing for flight in flights) + 4 * MINUTE
    while house.clock.now() < last:
        say(f"{(last - house.clock.now()).total_seconds() / SPEED:.0f} s until the last landing")
        await asyncio.sleep(min(15.0, (last - house.clock.now()).total_seconds() / SPEED + 0.1))


# ---- the disturbances


async def _disturb(storm: Storm, house: House, postgres: Postgres, valkey: Valkey) -> None:
    chance = random.Random(storm.seed)
    deeds: list[tuple[int, str, Callable[[], Awaitable[None]]]] = [
        (5, "kill -9 of a worker", lambda: _kill(storm, house, chance)),
        (3, "worker frozen up to 8 s", lambda: _meanwhile(_freeze(house, chance))),
        (3, "clock of a worker stepped by 2 min", lambda: _step(house, chance)),
        (3, "FLUSHALL", lambda: _flush(valkey)),
        (2, "queue restarted", lambda: asyncio.to_thread(valkey.restart)),
        (2, "queue frozen for 2 s", lambda: _freeze_queue(valkey)),
        (2, "database restarted as by a crash", lambda: asyncio.to_thread(postgres.restart, immediate=True)),
        (1, "kill -9 of the server", lambda: _kill_server(house)),
    ]
    weights = [weight for weight, _, _ in deeds]
    # Each once at the least, then by chance.
    order = list(range(len(deeds)))
    chance.shuffle(order)
    meanwhile: set[asyncio.Task[None]] = set()

    async def _meanwhile(deed: Coroutine[None, None, None]) -> None:
        meanwhile.add(asyncio.create_task(deed))

    while storm.disturb:
        await asyncio.sleep(chance.uniform(0.8, 2.5))
        _revive(storm, house)
        if not storm.disturb:
            break
        which = order.pop() if order else chance.choices(range(len(deeds)), weights)[0]
        _, name, deed = deeds[which]
        storm.done[name] = storm.done.get(name, 0) + 1
        await deed()
    await asyncio.gather(*meanwhile)
    _revive(storm, house)


def _revive(storm: Storm, house: House) -> None:
    """Start anew what ended by itself: at a labelled instruction, or because it could not reach anything any more."""
    for name in [name for name in house.running if name.startswith("worker-")]:
        process = house.running[name]
        if process.poll() is not None:
            storm.crashes.append(house.clock.now())
            label = "crash at a label" if process.returncode == 137 else "worker that ended by itself"
            storm.done[label] = storm.done.get(label, 0) + 1
            house.start(name, module=storm.worker_module)


def _worker(house: House, chance: random.Random) -> str:
    return chance.choice([name for name in house.running if name.startswith("worker-")])


async def _kill(storm: Storm, house: House, chance: random.Random) -> None:
    name = _worker(house, chance)
    storm.crashes.append(house.clock.now())
    await asyncio.to_thread(house.kill, name)
    house.start(name, module=storm.worker_module)


async def _freeze(house: House, chance: random.Random) -> None:
    process = house.running[_worker(house, chance)]
    if process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(chance.uniform(1, 8))
        finally:
            process.send_signal(signal.SIGCONT)


async def _step(house: House, chance: random.Random) -> None:
    process = house.running[_worker(house, chance)]
    if process.poll() is None:
        process.send_signal(chance.choice([signal.SIGUSR1, signal.SIGUSR2]))


async def _flush(valkey: Valkey) -> None:
    # On the port of the server that this run started, and of no other.
    redis = enqueue.connect(valkey.url)
    try:
        await redis.flushall()
    except (RedisError, OSError):
        return
    finally:
        await redis.aclose(close_connection_pool=True)


async def _freeze_queue(valkey: Valkey) -> None:
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(2)
    finally:
        os.kill(valkey.pid, signal.SIGCONT)


async def _kill_server(house: House) -> None:
    await asyncio.to_thread(house.kill, "server")
    house.start("server", "server")


# ---- rest, and what is counted then


async def _rest(house: House, god: Database, storm: Storm) -> None:
    """Poll until no message is on its way any more."""
    deadline = time.monotonic() + REST_SECONDS
    while time.monotonic() < deadline:
        _revive(storm, house)
        waiting = await _again(lambda: _waiting(god, house.clock.now() if storm.short else None))
        if not waiting:
            return
        await asyncio.sleep(0.5)


async def _waiting(god: Database, now: datetime | None) -> int:
    """Messages on their way, or with `now` only those that are due."""
    async with god.transaction() as tx:
        count: int = await tx.value(
            """
            SELECT count(*) FROM notifications_log
            WHERE status IN ('PENDING', 'SENDING') AND due_at <= :now OR status IN ('PENDING', 'SENDING', 'UNKNOWN', 'SENT') AND CAST(:now AS timestamptz) IS NULL
            """,
            now=now,
        )
        return count


async def _rows(god: Database) -> list[Row]:
    async with god.transaction() as tx:
        rows = await tx.all("SELECT recipient, notification_type AS type, status, reason FROM notifications_log")
    return [Row(**row) for row in rows]


async def _orphans(god: Database) -> list[Orphan]:
    async with god.transaction() as tx:
        rows = await tx.all(
            """
            SELECT d.started_at, d.finished_at AS noticed_at,
              (SELECT min(n.started_at) FROM delivery_attempts n WHERE n.notification_id = d.notification_id AND n.number > d.number) AS next_at
            FROM delivery_attempts d WHERE d.error_message = 'the worker that sent it is gone' AND d.finished_at IS NOT NULL
            """
        )
    return [Orphan(**row) for row in rows]


async def _attempts(god: Database) -> tuple[int, int]:
    async with god.transaction() as tx:
        row = await tx.one(
            "SELECT count(*) AS made, count(*) FILTER (WHERE outcome = 'UNKNOWN') AS unknown FROM delivery_attempts"
        )
    assert row is not None
    made: dict[str, Any] = dict(row)
    return made["made"], made["unknown"]
