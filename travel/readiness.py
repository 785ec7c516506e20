"""Whether the database is one this process can work with: its revision, our role, and what the role may write."""

from travel.database import BROKEN, Database, SchemaError, Transaction

HEAD = "0004"
"""The migration revision this code is written for; a test compares it with the newest revision."""

_UPDATED = (
    "flights",
    "trips",
    "notifications_log",
    "delivery_attempts",
    "sending_pauses",
    "sender_paces",
    "feed_heads",
    "webhook_inbox",
    "aeroapi_usage",
)
WRITTEN = (
    *((table, privilege) for table in _UPDATED for privilege in ("INSERT", "UPDATE")),
    *((table, "INSERT") for table in ("flight_status_history", "events", "inbound_messages", "opt_outs")),
)
"""What a process must be allowed to write before it starts: without its row, nothing is sent."""


async def verify(db: Database) -> None:
    """Check schema version, role and write permission; raises SchemaError with one clear line."""
    try:
        async with db.transaction() as tx:
            await _verify_version(tx)
            await _verify_role(tx)
    except (*BROKEN, AssertionError) as broken:
        # `databases` says by an AssertionError that its pool is closed.
        raise SchemaError(f"The database cannot be reached or refuses us: {broken or 'no answer'}.") from broken


async def _verify_version(tx: Transaction) -> None:
    if await tx.value("SELECT to_regclass('public.alembic_version') IS NULL"):
        raise SchemaError("The database is empty: run `bauhaus migrate` first.")
    if not await tx.value("SELECT has_table_privilege('alembic_version', 'SELECT')"):
        raise SchemaError("The role in DATABASE_URL is not a member of bauhaus_app: run `bauhaus migrate`.")
    version = await tx.value("SELECT version_num FROM alembic_version")
    if version != HEAD:
        raise SchemaError(
            f"The database is at revision {version}, this program needs {HEAD}: run `bauhaus migrate` with its release."
        )


async def _verify_role(tx: Transaction) -> None:
    role = await tx.one(
        "SELECT rolname, rolsuper OR rolbypassrls AS unbound FROM pg_roles WHERE rolname = current_user"
    )
    if role is None or role["unbound"]:
        raise SchemaError("The role in DATABASE_URL can bypass row-level security: use the application's role.")
    if await tx.value("SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'notifications_log'"):
        raise SchemaError("The role in DATABASE_URL owns the tables: use the application's role, not the owner's.")
    lacking = await tx.all(
        """
        SELECT t || ' (' || p || ')' AS name
        FROM unnest(CAST(:tables AS text[]), CAST(:privileges AS text[])) AS needed(t, p)
        WHERE NOT has_table_privilege(t, p)
        """,
        tables=[table for table, _ in WRITTEN],
        privileges=[privilege for _, privilege in WRITTEN],
    )
    if lacking:
        names = ", ".join(row["name"] for row in lacking)
        raise SchemaError(f"The role in DATABASE_URL may not write {names}: grant it bauhaus_app.")
    if await tx.value("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"):
        raise SchemaError("The database is read-only.")
