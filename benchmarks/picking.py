"""Picking the due flights among a million watched ones, beside a thousand: it must be flat."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from benchmarks.measured import Measured, percentile
from migrations import run as migrations
from sandbox.services import Postgres
from travel.database import Database
from travel.model import Watch
from travel.records import flights

FEW, MANY = 1_000, 1_000_000
DUE, TIMES = 50, 300
TARGET_MS = 5.0
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

WATCH = """
INSERT INTO flights (ident, origin, destination, booked_departure_at, best_departure_at, watch, next_check_at, created_at)
SELECT 'AAL' || number % 9999, 'KJFK', 'KMIA', CAST(:now AS timestamptz) + make_interval(secs => number * 3), CAST(:now AS timestamptz) + make_interval(secs => number * 3),
       CASE WHEN number % 10 = 0 THEN 'LANDING' ELSE 'DEPARTURE' END,
       CASE WHEN number <= CAST(:due AS integer) * 2 THEN CAST(:now AS timestamptz) - make_interval(secs => number) ELSE CAST(:now AS timestamptz) + make_interval(secs => number) END, :now
FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) number
"""


async def measure() -> list[Measured]:
    """Both sizes in one database, one after the other."""
    with Postgres.start() as postgres:
        app_url = postgres.owner_url.replace("//bauhaus_owner:", "//bauhaus_login:")
        await asyncio.to_thread(migrations.upgrade, postgres.owner_url)
        await asyncio.to_thread(migrations.admit, postgres.owner_url, app_url)
        db, owner = Database(app_url, pool_size=2), Database(postgres.owner_url, pool_size=2)
        await db.connect()
        await owner.connect()
        try:
            few = await _picked(db, owner, 1, FEW)
            many = await _picked(db, owner, FEW + 1, MANY)
        finally:
            await db.disconnect()
            await owner.disconnect()
    p95 = percentile(many, 0.95)
    return [
        Measured(
            what=f"picking {DUE} due flights among {MANY:,} (p50, p95)",
            ours=f"{percentile(many, 0.5):.2f}, {p95:.2f} ms",
            beside=f"among {FEW:,}: {percentile(few, 0.5):.2f}, {percentile(few, 0.95):.2f} ms",
            target=f"≤ {TARGET_MS:g} ms, flat",
            holds=p95 <= TARGET_MS,
        )
    ]


async def _picked(db: Database, owner: Database, first: int, last: int) -> list[float]:
    """Milliseconds of a pick, its transaction included."""
    async with owner.transaction() as tx:
        await tx.run(WATCH, now=NOW, due=DUE, first=first, last=last)
    async with owner.transaction() as tx:
        await tx.run("ANALYZE flights")
    spans = []
    for number in range(TIMES):
        watch = (Watch.DEPARTURE, Watch.LANDING)[number % 2]
        began = time.perf_counter()
        async with db.transaction() as tx:
            due = await flights.due(tx, watch, NOW + timedelta(seconds=number % 3), DUE)
        spans.append((time.perf_counter() - began) * 1000)
        assert due, "some are due"
    return spans
