"""Every table × SELECT, INSERT, UPDATE, DELETE × its own agency, another one, nobody: raw SQL as the application's role.

No statement has a WHERE or reads what it writes, so what keeps the rows of agencies apart is the policy for just that statement.
The tables are found in the catalogue; one that nobody has thought about fails.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.database.conftest import Tenants
from travel.database import Database, Transaction

OF_AGENCIES = {
    "aeroapi_days": ("SIU", "rested"),
    "aeroapi_usage": ("SIU", "cost_usd"),
    "agencies": ("SIU", "phone"),
    "agencies_settings": ("SIU", "language"),
    "api_keys": ("SIU", "name"),
    "delivery_attempts": ("SIU", "error_message"),
    "events": ("SID", "kind"),
    "feed_heads": ("SIU", "sequence"),
    "flight_status_history": ("SI", "phase"),
    "inbound_messages": ("SI", "body"),
    "message_templates": ("SIUD", "body"),
    "notifications_log": ("SIU", "body"),
    "opt_outs": ("SID", "phone"),
    "sending_pauses": ("SIUD", "error_message"),
    "trips": ("SIU", "notes"),
}
"""Table → what an agency may do with its own rows, and a column to write. With those of others, and for nobody, nothing."""
OF_NOBODY = {
    "alembic_version": ("S", "version_num"),
    "flights": ("SIU", "progress_percent"),
    "sender_paces": ("SIU", "free_at"),
    "webhook_inbox": ("SIUD", "processed_at"),
}
"""Table without agencies → what the application may do, whoever it is for."""

DEEDS = {
    "S": "SELECT * FROM {table}",
    "I": "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::{table}, :row)",
    "U": "UPDATE {table} SET {column} = (jsonb_populate_record(NULL::{table}, :row)).{column}",
    "D": "DELETE FROM {table}",
}
REFUSED = "refused"
STOPPED = "stopped by a constraint"
"""Rights and policies are asked first: it passed them, and met its own key or a row that refers to it."""


class UndoneError(Exception):
    """Takes back what was tried."""


def key_of(table: str) -> str:
    """The column that says whose a row is."""
    return "id" if table == "agencies" else "agency_id"


async def tables(tx: Transaction) -> tuple[set[str], set[str]]:
    """All tables of the catalogue: those with agencies, those without."""
    rows = await tx.all(
        """
        SELECT c.relname AS name, c.relname = 'agencies' OR EXISTS (
          SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'agency_id') AS of_agencies
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        """
    )
    of_agencies = {row["name"] for row in rows if row["of_agencies"]}
    return of_agencies, {row["name"] for row in rows} - of_agencies


async def rows_of(god: Database, table: str, agency_id: UUID | None) -> list[dict[str, Any]]:
    """The rows of an agency, or all where there are no agencies, as nobody hides them."""
    where = f"WHERE {key_of(table)} = :agency" if table in OF_AGENCIES else ""
    named = {"agency": agency_id} if where else {}
    async with god.transaction() as tx:
        rows = await tx.all(f"SELECT to_jsonb(t) AS row FROM {table} t {where} ORDER BY to_jsonb(t)::text", **named)
    return [row["row"] for row in rows]


async def reached(
    app: Database, actor: UUID | None, table: str, column: str, deed: str, row: dict[str, Any]
) -> int | str:
    """How many rows a statement reached, those that belong to all left out; or why it did not. Nothing of it stays."""
    found: int | str = 0
    try:
        async with app.transaction(actor) as tx:
            if deed == "S":
                rows = await tx.all(DEEDS[deed].format(table=table))
                found = len([each for each in rows if table in OF_NOBODY or each[key_of(table)] is not None])
            else:
                # A RETURNING would ask the policy for SELECT too, and hide what another one lets through.
                statement = DEEDS[deed].format(table=table, column=column)
                given = [row] if ":row" in statement else []
                tag = await tx._connection.execute(statement.replace(":row", "$1"), *given)
                found = int(tag.split()[-1])
            raise UndoneError
    except UndoneError:
        return found
    except asyncpg.InsufficientPrivilegeError:
        return REFUSED
    except asyncpg.IntegrityConstraintViolationError:
        return STOPPED


async def faults(tenants: Tenants, table: str) -> dict[tuple[str, str], int | str]:
    """What of a table is not as expected: statement and who tries it on their rows → what it reached."""
    wrong: dict[tuple[str, str], int | str] = {}
    letters, column = {**OF_AGENCIES, **OF_NOBODY}[table]
    theirs = await rows_of(tenants.god, table, tenants.theirs.id)
    assert theirs, f"{table} has no row to hide"
    for who, actor in (("own", tenants.theirs.id), ("other", tenants.ours.id), ("nobody", None)):
        mine = 0 if actor is None and table in OF_AGENCIES else len(await rows_of(tenants.god, table, actor))
        for deed in DEEDS:
            got = await reached(tenants.app, actor, table, column, deed, theirs[0])
            if deed not in letters or (deed == "I" and table in OF_AGENCIES and who != "own"):
                as_expected = got == REFUSED
            elif deed == "I":
                as_expected = got in (1, STOPPED)
            else:
                as_expected = got == mine
            if not as_expected:
                wrong[deed, who] = got
    assert await rows_of(tenants.god, table, tenants.theirs.id) == theirs
    return wrong


async def test_the_catalogue_knows_just_these_tables(owner: Database) -> None:
    async with owner.transaction() as tx:
        assert await tables(tx) == (set(OF_AGENCIES), set(OF_NOBODY))


async def test_a_new_table_is_noticed(owner: Database) -> None:
    with suppress(UndoneError):
        async with owner.transaction() as tx:
            await tx.run("CREATE TABLE careless (id int, agency_id uuid)")
            await tx.run("CREATE TABLE careless_too (id int)")
            of_agencies, of_nobody = await tables(tx)
            raise UndoneError
    assert (of_agencies - set(OF_AGENCIES), of_nobody - set(OF_NOBODY)) == ({"careless"}, {"careless_too"})


async def test_every_statement_reaches_the_rows_of_its_agency_and_no_others(tenants: Tenants) -> None:
    async with tenants.god.transaction() as tx:
        await tx.run("INSERT INTO sender_paces (sender, free_at) VALUES ('+14155550100', now()) ON CONFLICT DO NOTHING")
    wrong = {table: await faults(tenants, table) for table in (*OF_AGENCIES, *OF_NOBODY)}
    assert {table: found for table, found in wrong.items() if found} == {}


EVERYBODY = ("own", "other", "nobody")
HARMS = {
    "ALTER TABLE trips DISABLE ROW LEVEL SECURITY": (
        "ALTER TABLE trips ENABLE ROW LEVEL SECURITY",
        {*((deed, who) for deed in "SU" for who in EVERYBODY), ("I", "other"), ("I", "nobody")},
    ),
    "CREATE POLICY harm ON trips FOR SELECT USING (true)": (
        "DROP POLICY harm ON trips",
        {("S", who) for who in EVERYBODY},
    ),
    "CREATE POLICY harm ON trips FOR UPDATE USING (true)": (
        "DROP POLICY harm ON trips",
        {("U", who) for who in EVERYBODY},
    ),
    "CREATE POLICY harm ON trips FOR INSERT WITH CHECK (true)": (
        "DROP POLICY harm ON trips",
        {("I", "other"), ("I", "nobody")},
    ),
    "GRANT DELETE ON trips TO bauhaus_app": (
        "REVOKE DELETE ON trips FROM bauhaus_app",
        {("D", who) for who in EVERYBODY},
    ),
    "REVOKE UPDATE ON trips FROM bauhaus_app": (
        "GRANT UPDATE ON trips TO bauhaus_app",
        {("U", who) for who in EVERYBODY},
    ),
}


async def test_the_matrix_sees_what_is_let_through(tenants: Tenants, owner: Database) -> None:
    """It would be worth nothing if it could not fail."""
    for harm, (mended, seen) in HARMS.items():
        async with owner.transaction() as tx:
            await tx.run(harm)
        try:
            assert set(await faults(tenants, "trips")) == seen, harm
        finally:
            async with owner.transaction() as tx:
                await tx.run(mended)
    assert await faults(tenants, "trips") == {}


async def test_an_agency_cannot_give_its_rows_to_another(tenants: Tenants) -> None:
    for table in OF_AGENCIES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenants.app.transaction(tenants.ours.id) as tx:
                await tx.run(
                    f"UPDATE {table} SET {key_of(table)} = :theirs WHERE {key_of(table)} = :ours",
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
