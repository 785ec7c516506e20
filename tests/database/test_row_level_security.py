"""An agency sees its own and only its own: every tenant table, every statement, two agencies and nobody, from the catalogue."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.conftest import Services
from tests.world import ANA, World, make_agency
from travel import booking, tenancy, tracking
from travel.clock import VirtualClock
from travel.database import Database, Transaction
from travel.model import Agency, Channel, Language, NotificationType, SendingPause, Trip
from travel.records import pauses

TENANT_TABLES = {
    "agencies": "id",
    "agencies_settings": "agency_id",
    "aeroapi_days": "agency_id",
    "aeroapi_usage": "agency_id",
    "api_keys": "agency_id",
    "delivery_attempts": "agency_id",
    "events": "agency_id",
    "feed_heads": "agency_id",
    "flight_status_history": "agency_id",
    "inbound_messages": "agency_id",
    "message_templates": "agency_id",
    "notifications_log": "agency_id",
    "opt_outs": "agency_id",
    "sending_pauses": "agency_id",
    "trips": "agency_id",
}
"""The tenant tables of the design and the column that says whose a row is; the catalogue must know exactly these."""


@dataclass(frozen=True, kw_only=True)
class Tenants:
    """Two agencies with at least one row in every tenant table, and eyes that no policy binds."""

    ours: Agency
    theirs: Agency
    app: Database
    god: Database


@pytest.fixture(scope="session")
async def god(services: Services) -> AsyncIterator[Database]:
    """The same database as a superuser sees it: nothing is hidden."""
    database = Database(services.postgres.superuser_url.removesuffix("/postgres") + "/bauhaus", pool_size=2)
    await database.connect()
    yield database
    await database.disconnect()


@pytest.fixture
async def tenants(world: World, god: Database) -> Tenants:
    """Each row is made by the product's own actions, so that the matrix runs over what really is written."""
    departure = world.clock.now() + timedelta(hours=30)
    world.fly("ARG1303", departure)
    theirs, _ = await world.another_agency()
    for agency in (world.agency, theirs):
        trip = await world.book(departure=departure, agency_id=agency.id, phone=ANA)
        await fill(world, agency, trip)
    await world.settle()
    await world.sandbox.twilio.inbound(f"whatsapp:{ANA}", "BAJA")
    await world.settle()
    return Tenants(ours=world.agency, theirs=theirs, app=world.db, god=god)


async def fill(world: World, agency: Agency, trip: Trip) -> None:
    db, clock = world.db, world.clock
    sid = "HX" + "a" * 32
    await tenancy.set_template(db, clock, agency.id, NotificationType.DELAYED, Language.EN, sid, None)
    await tracking.record_by_hand(db, world.house.wakeups, clock, agency.id, trip.id, {"terminal_origin": "A"})
    await booking.set_opt_out(db, clock, agency.id, "+5491155550199", opted_out=True)
    async with db.transaction(agency.id) as tx:
        pause = SendingPause(
            channel=Channel.SMS,
            error_code=21703,
            error_message="no sender",
            paused_at=clock.now(),
            probe_at=clock.now() + timedelta(days=9),
            probes=0,
            awaits_receipt=False,
        )
        await pauses.begin(tx, agency.id, pause)


async def unprotected(tx: Transaction) -> list[str]:
    """Tables with a column agency_id (and agencies) whose row-level security is not both on and forced by a policy."""
    rows = await tx.all(
        """
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND (c.relname = 'agencies' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'agency_id'))
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                   AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*'))
        ORDER BY 1
        """
    )
    return [row["relname"] for row in rows]


async def test_the_catalogue_knows_just_these_tenant_tables(owner: Database) -> None:
    async with owner.transaction() as tx:
        rows = await tx.all(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'agency_id'"
        )
    assert {row["table_name"] for row in rows} | {"agencies"} == TENANT_TABLES.keys()


async def test_every_tenant_table_forces_row_level_security(owner: Database) -> None:
    async with owner.transaction() as tx:
        assert await unprotected(tx) == []


@pytest.mark.parametrize(
    "safety",
    [
        "COMMENT ON TABLE careless IS 'nothing at all'",
        "ALTER TABLE careless ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE careless ENABLE ROW LEVEL SECURITY; ALTER TABLE careless FORCE ROW LEVEL SECURITY",
    ],
)
async def test_a_new_tenant_table_without_a_forced_policy_is_noticed(owner: Database, safety: str) -> None:
    with suppress(ZeroDivisionError):
        async with owner.transaction() as tx:
            await tx.run("CREATE TABLE careless (id int, agency_id uuid)")
            await tx.run(safety)
            found = await unprotected(tx)
            raise ZeroDivisionError  # it must not stay
    assert found == ["careless"]


async def test_no_view_leads_around_the_policies(owner: Database) -> None:
    async with owner.transaction() as tx:
        kinds = await tx.all(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')"
        )
    assert kinds == []


async def whose(db: Database, table: str, as_agency: UUID | None) -> list[UUID | None]:
    async with db.transaction(as_agency) as tx:
        rows = await tx.all(f"SELECT {TENANT_TABLES[table]} AS whose FROM {table}")
    return [row["whose"] for row in rows]


async def test_an_agency_sees_its_own_rows_only(tenants: Tenants) -> None:
    for table, agency in product(TENANT_TABLES, (tenants.ours, tenants.theirs)):
        everything = await whose(tenants.god, table, None)
        seen = await whose(tenants.app, table, agency.id)
        assert seen.count(agency.id) == everything.count(agency.id) > 0, f"{table} has no row to hide"
        assert set(seen) <= {agency.id, None}, f"{table}: only a row without an agency is everybody's"


async def test_nobody_sees_no_rows_of_agencies(tenants: Tenants) -> None:
    for table in TENANT_TABLES:
        assert set(await whose(tenants.app, table, None)) <= {None}, table


async def rows_of(db: Database, table: str, agency_id: UUID) -> list[dict[str, Any]]:
    async with db.transaction() as tx:
        rows = await tx.all(
            f"SELECT to_jsonb(t) AS row FROM {table} t WHERE {TENANT_TABLES[table]} = :agency", agency=agency_id
        )
    return [row["row"] for row in rows]


@pytest.mark.parametrize("as_agency", ["other", "nobody"])
async def test_nobody_writes_a_row_in_the_name_of_another(tenants: Tenants, as_agency: str) -> None:
    actor = tenants.ours.id if as_agency == "other" else None
    for table in TENANT_TABLES:
        before = await rows_of(tenants.god, table, tenants.theirs.id)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenants.app.transaction(actor) as tx:
                await tx.run(
                    f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::{table}, :row)",
                    row=before[0],
                )
        assert await rows_of(tenants.god, table, tenants.theirs.id) == before, table


@pytest.mark.parametrize("as_agency", ["other", "nobody"])
@pytest.mark.parametrize(
    "deed", ["UPDATE {t} SET {k} = {k} WHERE {k} = :theirs", "DELETE FROM {t} WHERE {k} = :theirs"]
)
async def test_nobody_touches_rows_of_another(tenants: Tenants, as_agency: str, deed: str) -> None:
    actor = tenants.ours.id if as_agency == "other" else None
    for table, key in TENANT_TABLES.items():
        before = await rows_of(tenants.god, table, tenants.theirs.id)
        # Either the statement finds no rows, or it is not even granted.
        with suppress(asyncpg.InsufficientPrivilegeError):
            async with tenants.app.transaction(actor) as tx:
                touched = await tx.all(f"{deed.format(t=table, k=key)} RETURNING 1", theirs=tenants.theirs.id)
                assert touched == [], table
        assert await rows_of(tenants.god, table, tenants.theirs.id) == before, table


async def test_an_agency_cannot_give_its_rows_to_another(tenants: Tenants) -> None:
    for table, key in TENANT_TABLES.items():
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenants.app.transaction(tenants.ours.id) as tx:
                await tx.run(
                    f"UPDATE {table} SET {key} = :theirs WHERE {key} = :ours",
                    theirs=tenants.theirs.id,
                    ours=tenants.ours.id,
                )


@pytest.mark.parametrize("deed", ["UPDATE message_templates SET body = 'Mine'", "DELETE FROM message_templates"])
async def test_the_default_wording_is_read_by_all_and_written_by_none(tenants: Tenants, deed: str) -> None:
    count = "SELECT count(*) FROM message_templates WHERE agency_id IS NULL AND body IS NULL"
    async with tenants.god.transaction() as tx:
        before = await tx.value(count)
    async with tenants.app.transaction(tenants.ours.id) as tx:
        await tx.run(f"{deed} WHERE agency_id IS NULL")
        assert await tx.value(count) == before > 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenants.app.transaction(tenants.ours.id) as tx:
            await tx.run(
                "INSERT INTO message_templates (notification_type, language, body, updated_at) VALUES ('TEST', 'ES', 'Mine', now())"
            )


async def test_an_agency_id_that_is_none_shows_nothing(db: Database, clock: VirtualClock) -> None:
    await make_agency(db, clock, "Norte")
    async with db.transaction() as tx:
        await tx.run("SELECT set_config('app.agency_id', '', true)")
        assert await tx.value("SELECT count(*) FROM agencies") == 0
    async with db.transaction() as tx:
        await tx.run("SELECT set_config('app.agency_id', 'everybody', true)")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await tx.value("SELECT count(*) FROM agencies")


# ---- the roles


async def test_the_application_is_bound(db: Database) -> None:
    async with db.transaction() as tx:
        role = await tx.one(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = current_user"
        )
        owned = await tx.value(
            """
            SELECT count(*) FROM (
              SELECT relowner AS o FROM pg_class UNION ALL SELECT proowner FROM pg_proc UNION ALL SELECT nspowner FROM pg_namespace
              UNION ALL SELECT datdba FROM pg_database UNION ALL SELECT typowner FROM pg_type
            ) AS things WHERE o IN (SELECT oid FROM pg_roles WHERE rolname IN (current_user, 'bauhaus_app'))
            """
        )
    assert role is not None
    assert not any(role.values())
    assert owned == 0


@pytest.mark.parametrize("role", ["bauhaus_system", "bauhaus_owner", "postgres"])
async def test_the_application_cannot_become_somebody_else(db: Database, role: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.transaction() as tx:
            await tx.run(f"SET LOCAL ROLE {role}")


@pytest.mark.parametrize(
    "deed",
    [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE trips DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_agency ON trips",
        "TRUNCATE trips CASCADE",
        "UPDATE flight_status_history SET phase = 'LANDED'",
        "DELETE FROM flight_status_history",
        "DELETE FROM notifications_log",
        "UPDATE events SET sequence = 1",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
async def test_the_application_changes_neither_schema_nor_history(db: Database, deed: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.transaction() as tx:
            await tx.run(deed)


# ---- the looks across agencies

ANSWERS = {
    "system_agencies": {"id", "name", "status"},
    "system_key": {"id", "agency_id", "name", "role", "secret_hash", "expires_at", "revoked_at"},
    "system_agencies_on_flight": {"agency_id"},
    "system_agencies_of_phone": {"agency_id"},
    "system_agencies_to_replan": {"agency_id"},
    "system_agencies_with_due": {"agency_id"},
    "system_deliveries_to_mend": {"agency_id", "id", "status"},
    "system_rivals": {"all_of_them", "earlier", "fresh"},
    "system_paused_senders": {"channel", "agencies"},
    "system_attempts": {"token", "agency_id", "notification_id", "number"},
    "system_purses": {"agency_id", "spent_usd", "budget_usd"},
    "system_next_delivery": {"due_at"},
    "system_known_sids": {"twilio_sid"},
    "system_backlog": {"pending", "oldest_due_seconds", "sending", "unknown"},
}
"""What each may tell: ids, states and counts; of travellers nothing. A new function is to be thought about here."""


async def test_the_looks_across_agencies_tell_ids_only(owner: Database) -> None:
    async with owner.transaction() as tx:
        rows = await tx.all(
            """
            SELECT p.proname, p.prosecdef, pg_get_userbyid(p.proowner) AS owner, p.proconfig,
              (SELECT array_agg(name) FROM unnest(p.proargnames, p.proargmodes) AS a(name, mode) WHERE mode = 't') AS told,
              has_function_privilege('bauhaus_login', p.oid, 'EXECUTE') AS app,
              EXISTS (SELECT FROM aclexplode(p.proacl) WHERE grantee = 0) OR p.proacl IS NULL AS everybody
            FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND (p.prosecdef OR p.proname LIKE 'system%')
            """
        )
    assert {row["proname"]: set(row["told"]) for row in rows} == ANSWERS
    for row in rows:
        assert row["prosecdef"]
        assert row["owner"] == "bauhaus_system"
        assert any(setting.startswith("search_path=pg_catalog") for setting in row["proconfig"])
        assert row["app"], f"the application may ask {row['proname']}"
        assert not row["everybody"], f"PUBLIC may not ask {row['proname']}"


async def test_who_looks_across_agencies_can_neither_log_in_nor_write(owner: Database) -> None:
    async with owner.transaction() as tx:
        role = await tx.one("SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'bauhaus_system'")
        writes = await tx.all(
            """
            SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
              AND has_table_privilege('bauhaus_system', oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
            """
        )
        creates = await tx.value("SELECT has_schema_privilege('bauhaus_system', 'public', 'CREATE')")
    assert role is not None
    assert not any(role.values())
    assert writes == []
    assert not creates


async def test_a_stranger_to_the_database_may_do_nothing(services: Services, db: Database, god: Database) -> None:
    async with god.transaction() as tx:
        await tx.run("DROP ROLE IF EXISTS stranger")
        await tx.run("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    at = services.app_url.partition("@")[2]
    stranger = await asyncpg.connect(f"postgresql://stranger:stranger@{at}")
    try:
        for statement in ("SELECT * FROM system_agencies()", "SELECT * FROM trips", "SELECT * FROM flights"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await stranger.fetch(statement)
    finally:
        await stranger.close()
        async with god.transaction() as tx:
            await tx.run("DROP ROLE stranger")
