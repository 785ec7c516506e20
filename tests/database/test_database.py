"""Transactions that commit, roll back, keep their agency to themselves and survive cancellation; and a check that speaks plainly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from migrations import run as migrations
from sandbox.services import free_port
from tests.conftest import Services
from tests.world import make_agency
from travel import readiness
from travel.clock import VirtualClock
from travel.database import Database, NestedTransactionError, SchemaError

ONE_AT_A_TIME = 1


@pytest.fixture
async def small(services: Services, db: Database) -> AsyncIterator[Database]:
    """A pool of a single connection, so that every transaction follows the last one on it."""
    database = Database(services.app_url, pool_size=ONE_AT_A_TIME, acquire_seconds=2)
    await database.connect()
    yield database
    await database.disconnect()


NOTED = (
    "INSERT INTO webhook_inbox (provider, dedupe_key, body, received_at) VALUES ('TWILIO_STATUS', :key, '{}', now())"
)


async def note(database: Database, key: str) -> None:
    async with database.transaction() as tx:
        await tx.run(NOTED, key=key)
        if key == "bad":
            raise InterruptedError


async def noted(database: Database) -> set[str]:
    async with database.transaction() as tx:
        return {row["dedupe_key"] for row in await tx.all("SELECT dedupe_key FROM webhook_inbox")}


async def test_the_end_of_the_block_commits_and_an_exception_rolls_back(db: Database) -> None:
    await note(db, "good")
    with pytest.raises(InterruptedError):
        await note(db, "bad")
    assert await noted(db) == {"good"}


async def test_a_transaction_inside_another_is_refused_and_harms_nothing(small: Database) -> None:
    async with small.transaction() as tx:
        with pytest.raises(NestedTransactionError):
            await note(small, "inner")
        assert await tx.value("SELECT 1") == 1
    await note(small, "after")
    assert await noted(small) == {"after"}


async def test_a_single_statement_commits_by_itself_and_belongs_to_no_agency(small: Database) -> None:
    async with small.transaction(uuid4()) as tx:
        assert await tx.value("SELECT current_agency_id() IS NOT NULL")
        with pytest.raises(NestedTransactionError):
            async with small.single():
                raise AssertionError("never reached")

    async def written_and_broken() -> None:
        async with small.single() as tx:
            assert await tx.value("SELECT current_agency_id() IS NULL")
            await tx.run(NOTED, key="k")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await written_and_broken()
    assert await noted(small) == {"k"}


async def test_another_task_has_its_own_transaction(db: Database) -> None:
    async with db.transaction():
        await asyncio.create_task(note(db, "other"))
    assert await noted(db) == {"other"}


async def whose(database: Database, agency_id: UUID | None = None) -> str | None:
    async with database.transaction(agency_id) as tx:
        value: str | None = await tx.value("SELECT nullif(current_setting('app.agency_id', true), '')")
        return value


async def test_an_agency_does_not_leak_into_the_next_transaction(small: Database, clock: VirtualClock) -> None:
    agency, _ = await make_agency(small, clock, "Norte")
    assert await whose(small, agency.id) == str(agency.id)
    assert await whose(small) is None
    with pytest.raises(InterruptedError):
        async with small.transaction(agency.id):
            raise InterruptedError
    assert await whose(small) is None
    async with small.transaction() as tx:
        await tx.become(agency.id)
        assert await tx.value("SELECT count(*) FROM agencies") == 1
        await tx.become(None)
        assert await tx.value("SELECT count(*) FROM agencies") == 0
    assert await whose(small) is None


async def test_a_full_pool_makes_wait_and_then_says_so(small: Database) -> None:
    async def second() -> None:
        async with small.transaction():
            pass

    async with small.transaction():
        with pytest.raises(TimeoutError):
            await asyncio.create_task(second())
    assert await whose(small) is None


async def test_a_storm_of_cancellations_loses_no_connection(services: Services, db: Database) -> None:
    pool = Database(services.app_url, pool_size=5, acquire_seconds=5)
    await pool.connect()
    dice = Random(11)

    async def work(number: int) -> None:
        begun = pool.single() if number % 3 == 0 else pool.transaction(uuid4() if number % 2 else None)
        async with begun as tx:
            await tx.value("SELECT count(*) FROM trips")
            await tx.value("SELECT pg_sleep(0.002)")
            await tx.value("SELECT count(*) FROM flights")

    try:
        tasks = [asyncio.create_task(work(number)) for number in range(200)]
        while pending := [task for task in tasks if not task.done()]:
            for _ in range(dice.randint(0, 30)):
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, int))
            dice.choice(pending).cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} <= {asyncio.CancelledError, type(None)}
        assert any(isinstance(result, asyncio.CancelledError) for result in results)
        # All five can be had at once again, and none remembers an agency.
        together = asyncio.Barrier(5)

        async def hold() -> str | None:
            async with pool.transaction() as tx:
                await together.wait()
                value: str | None = await tx.value("SELECT nullif(current_setting('app.agency_id', true), '')")
                return value

        async with asyncio.timeout(10):
            assert await asyncio.gather(*(hold() for _ in range(5))) == [None] * 5
    finally:
        await pool.disconnect()
    async with db.transaction() as tx:
        left = await tx.value("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
    assert left == 0


async def test_a_task_cancelled_twice_gives_its_connection_back(small: Database) -> None:
    async def work() -> None:
        async with small.transaction() as tx:
            started.set()
            await tx.value("SELECT pg_sleep(5)")

    for _ in range(10):
        started = asyncio.Event()
        task = asyncio.create_task(work())
        await started.wait()
        task.cancel()
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, int))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert await whose(small) is None


# ---- verify


@asynccontextmanager
async def scratch(services: Services, *statements: str, migrated: bool = True) -> AsyncIterator[str]:
    """The name of a database of its own, migrated if wanted, after `statements` of the superuser inside it."""
    name = f"scratch_{uuid4().hex[:8]}"
    postgres = await asyncpg.connect(services.postgres.superuser_url)
    try:
        await postgres.execute(f"CREATE DATABASE {name} OWNER bauhaus_owner")
        if migrated:
            migrations.upgrade(at(services.owner_url, name))
        inside = await asyncpg.connect(at(services.postgres.superuser_url, name))
        for statement in statements:
            await inside.execute(statement.format(name=name))
        await inside.close()
        yield name
    finally:
        await postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await postgres.close()


async def verdict(url: str) -> str:
    """What verify says of a database; empty if it has nothing to say."""
    database = Database(url, pool_size=2, acquire_seconds=2)
    try:
        await database.connect()
        await readiness.verify(database)
    except SchemaError as wrong:
        return str(wrong)
    finally:
        with suppress(Exception):
            await database.disconnect()
    return ""


def at(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


async def test_a_database_in_order_is_accepted(services: Services, db: Database) -> None:
    await readiness.verify(db)
    async with scratch(services) as name:
        assert await verdict(at(services.app_url, name)) == ""


async def test_an_empty_database_is_named_so(services: Services) -> None:
    async with scratch(services, migrated=False) as name:
        assert "empty" in await verdict(at(services.app_url, name))


WRONG = {
    "UPDATE alembic_version SET version_num = '0000'": "revision 0000",
    "REVOKE SELECT ON alembic_version FROM bauhaus_app": "bauhaus_app",
    "REVOKE INSERT ON trips FROM bauhaus_app": "trips",
    "REVOKE INSERT ON flight_status_history FROM bauhaus_app": "flight_status_history",
    "REVOKE UPDATE ON notifications_log FROM bauhaus_app": "notifications_log",
    "REVOKE UPDATE ON flights FROM bauhaus_app": "flights",
    "REVOKE INSERT ON webhook_inbox FROM bauhaus_app": "webhook_inbox",
    "ALTER DATABASE {name} SET default_transaction_read_only = on": "read-only",
}


@pytest.mark.parametrize("statement", WRONG)
async def test_what_is_wrong_is_said_plainly(services: Services, statement: str) -> None:
    async with scratch(services, statement) as name:
        said = await verdict(at(services.app_url, name))
    assert WRONG[statement] in said
    assert "\n" not in said


async def test_a_superuser_is_refused(services: Services) -> None:
    async with scratch(services) as name:
        assert "row-level security" in await verdict(at(services.postgres.superuser_url, name))


async def test_the_owner_is_refused(services: Services) -> None:
    """It can switch the policies off, so it is not what a process should be."""
    async with scratch(services) as name:
        assert await verdict(at(services.owner_url, name)) != ""


async def test_a_database_that_cannot_be_reached_is_named_so(services: Services) -> None:
    assert "cannot be reached" in await verdict(f"postgresql://nobody:x@127.0.0.1:{free_port()}/bauhaus")
    assert "cannot be reached" in await verdict(at(services.app_url, "nowhere"))


async def test_a_database_that_starts_just_now_is_waited_for(services: Services) -> None:
    real, port, came = urlsplit(services.app_url), free_port(), 0

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        if came < TRIES:
            writer.close()
            return
        there, back = await asyncio.open_connection(real.hostname, real.port)
        await asyncio.gather(_pipe(reader, back), _pipe(there, writer))

    url = urlunsplit(real._replace(netloc=f"{real.username}:{real.password}@127.0.0.1:{port}"))
    hasty, patient = Database(url, pool_size=1), Database(url, pool_size=1)
    with pytest.raises(SchemaError, match="cannot be reached"):
        await hasty.connect()
    async with await asyncio.start_server(carry, "127.0.0.1", port):
        await patient.connect(patience=20)
        async with patient.transaction() as tx:
            assert await tx.value("SELECT 1") == 1
        await patient.disconnect()
    assert came >= TRIES


TRIES = 6


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


async def test_a_database_that_goes_away_is_named_so(services: Services) -> None:
    async with scratch(services) as name:
        database = Database(at(services.app_url, name), pool_size=2, acquire_seconds=2)
        await database.connect()
        await readiness.verify(database)
        god = await asyncpg.connect(services.postgres.superuser_url)
        await god.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await god.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        await god.close()
        for _ in range(3):
            with pytest.raises(SchemaError):
                await readiness.verify(database)
        await database.disconnect()


async def test_who_is_cancelled_in_the_middle_leaves_neither_a_transaction_nor_an_error(
    pool: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with pool.transaction() as tx:
            await tx.value("SELECT 1")

    for moment in range(120):
        task = asyncio.create_task(work())
        async with asyncio.timeout(5):
            for _ in range(moment % 40):
                await asyncio.sleep(0)
            task.cancel()
            # And once more, while it rolls back.
            for _ in range(moment // 40):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        await asyncio.gather(*(work() for _ in range(20)))
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []
