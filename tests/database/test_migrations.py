"""The schema as it stands after the migrations: idempotent, and of one mind with the code about words and limits."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import available_timezones

import asyncpg
import pytest

from migrations import run as migrations
from tests.conftest import Services
from tests.world import World
from travel import readiness, tenancy, tracking
from travel.clock import VirtualClock
from travel.database import Database, Transaction
from travel.model import (
    Agency,
    AgencyStatus,
    AttemptOutcome,
    Channel,
    EventKind,
    FlightPhase,
    Language,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    OptOutSource,
    Role,
    StatusSource,
    UnknownDeliveryPolicy,
    Watch,
)
from travel.records import inbox

WORDS: dict[tuple[str, str], set[str]] = {
    (table, column): set(words)
    for table, column, words in (
        ("agencies", "status", AgencyStatus),
        ("agencies_settings", "language", Language),
        ("agencies_settings", "on_unknown_delivery", UnknownDeliveryPolicy),
        ("api_keys", "role", Role),
        ("delivery_attempts", "channel", Channel),
        ("delivery_attempts", "outcome", AttemptOutcome),
        ("events", "kind", EventKind),
        ("flight_status_history", "phase", FlightPhase),
        ("flight_status_history", "source", StatusSource),
        ("flights", "phase", FlightPhase),
        ("flights", "watch", Watch),
        ("inbound_messages", "channel", Channel),
        ("message_templates", "language", Language),
        ("message_templates", "notification_type", NotificationType),
        ("notifications_log", "channel", Channel),
        ("notifications_log", "language", Language),
        ("notifications_log", "notification_type", NotificationType),
        ("notifications_log", "reason", NotificationReason),
        ("notifications_log", "status", NotificationStatus),
        ("opt_outs", "source", OptOutSource),
        ("sending_pauses", "channel", Channel),
        ("trips", "language", Language),
        ("trips", "phase", FlightPhase),
        ("webhook_inbox", "provider", (inbox.TWILIO_STATUS, inbox.TWILIO_INBOUND)),
    )
}


async def test_the_database_the_tree_and_the_code_name_one_revision(services: Services, db: Database) -> None:
    async with db.transaction() as tx:
        applied = await tx.all("SELECT version_num FROM alembic_version")
    assert [row["version_num"] for row in applied] == [readiness.HEAD] == [migrations.newest()]


async def test_migrating_twice_changes_nothing(services: Services, owner: Database, world: World) -> None:
    trip = await world.book()
    migrations.upgrade(services.owner_url)
    migrations.admit(services.owner_url, services.app_url)
    async with owner.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alembic_version") == 1
    async with world.db.transaction(world.agency.id) as tx:
        assert await tx.value("SELECT id FROM trips") == trip.id


@pytest.mark.parametrize("url", ["{owner}", "postgresql://127.0.0.1/bauhaus"])
def test_the_owner_is_not_admitted_as_the_application(services: Services, url: str) -> None:
    with pytest.raises(migrations.MigrationError, match="role of its own"):
        migrations.admit(services.owner_url, url.format(owner=services.owner_url))


async def test_words_of_the_database_are_the_words_of_the_model(owner: Database) -> None:
    async with owner.transaction() as tx:
        rows = await tx.all(
            """
            SELECT c.conrelid::regclass::text AS name, a.attname AS column, pg_get_constraintdef(c.oid) AS said
            FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ALL (c.conkey)
            WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace AND cardinality(c.conkey) = 1
              AND pg_get_constraintdef(c.oid) LIKE '%= ANY (ARRAY%'
            """
        )
    assert {(row["name"], row["column"]): set(re.findall(r"'([^']+)'::text", row["said"])) for row in rows} == WORDS


def test_no_word_is_spelt_differently_from_its_name() -> None:
    vocabularies = [each for each in StrEnum.__subclasses__() for each in each.__subclasses__()]
    assert all(member.value == member.name for enum in vocabularies for member in enum)


# ---- settings


@pytest.fixture
async def agency(db: Database, clock: VirtualClock) -> Agency:
    return await tenancy.create_agency(db, clock, name="Norte", email="hola@agency.example", country="AR")


async def accepts(db: Database, agency: Agency, **values: Any) -> bool:
    """Whether the database takes these settings, asked without keeping them."""
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    try:
        async with db.transaction(agency.id) as tx:
            await tx.run(
                f"UPDATE agencies_settings SET {assignments} WHERE agency_id = :agency", agency=agency.id, **values
            )
            raise InterruptedError
    except InterruptedError:
        return True
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.NumericValueOutOfRangeError):
        return False


COMPANIONS: dict[str, dict[str, Any]] = {
    "max_notifications_per_hour": {"max_notifications_per_day": 1_000_000},
    "max_notifications_per_day": {"max_notifications_per_hour": 1},
    "retry_initial_delay_seconds": {"retry_max_delay_seconds": 86_400},
    "retry_max_delay_seconds": {"retry_initial_delay_seconds": 1},
}
"""What must move along so that only the column's own limit is asked."""


@pytest.mark.parametrize("name", tenancy.LIMITS)
async def test_the_limits_of_a_setting_are_the_databases_own(db: Database, agency: Agency, name: str) -> None:
    least, most = tenancy.LIMITS[name]
    step = 0.01 if name in ("retry_backoff_factor", "daily_aeroapi_budget_usd") else 1
    more = COMPANIONS.get(name, {})
    taken = [await accepts(db, agency, **{**more, name: each}) for each in (least - step, least, most, most + step)]
    assert taken == [False, True, True, False]


async def test_every_numeric_setting_has_limits(owner: Database) -> None:
    async with owner.transaction() as tx:
        rows = await tx.all(
            """
            SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'agencies_settings'
              AND data_type IN ('integer', 'numeric') AND column_name NOT IN ('version', 'planned_version')
            """
        )
    assert {row["name"] for row in rows} == tenancy.LIMITS.keys()


WRONG: list[dict[str, Any]] = [
    {"max_notifications_per_hour": 51, "max_notifications_per_day": 50},
    {"retry_initial_delay_seconds": 301, "retry_max_delay_seconds": 300},
    {"timezone_override": "America/Buenos_Airez"},
    {"timezone_override": ""},
    {"timezone_override": "-03:00"},
    {"language": "DE"},
    {"on_unknown_delivery": "SHRUG"},
    {"features": []},
]


@pytest.mark.parametrize("values", WRONG, ids=str)
async def test_settings_that_cannot_be_are_refused(db: Database, agency: Agency, values: dict[str, Any]) -> None:
    assert not await accepts(db, agency, **values)


async def test_no_setting_may_be_unknown(db: Database, agency: Agency) -> None:
    async with db.transaction(agency.id) as tx:
        row = await tx.one("SELECT * FROM agencies_settings")
    assert row is not None
    names = set(row.keys()) - {"agency_id"}
    optional = {name for name in names if await accepts(db, agency, **{name: None})}
    assert optional == {"timezone_override", "daily_aeroapi_budget_usd"}


async def test_every_zone_that_python_knows_is_one_for_the_database(db: Database) -> None:
    """`tenancy` asks Python and the CHECK asks PostgreSQL: a zone that only one of them knows would be an error of ours."""
    async with db.transaction() as tx:
        rows = await tx.all(
            "SELECT zone FROM unnest(CAST(:zones AS text[])) AS z(zone) WHERE NOT is_timezone(zone)",
            zones=sorted(available_timezones() - {"localtime"}),  # a name of the machine, not of IANA
        )
    assert [row["zone"] for row in rows] == []


# ---- history


@pytest.mark.parametrize("deed", ["UPDATE flight_status_history SET raw = NULL", "DELETE FROM flight_status_history"])
async def test_history_cannot_be_rewritten(world: World, deed: str) -> None:
    trip = await world.book()
    await by_hand(world, trip.agency_id, trip.id, "A1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await run(world.db, trip.agency_id, deed)
    assert len(await world.history(trip)) == 1


async def test_not_even_the_owner_changes_a_record(world: World, owner: Database) -> None:
    trip = await world.book()
    await by_hand(world, trip.agency_id, trip.id, "A1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await run(owner, trip.agency_id, "UPDATE flight_status_history SET raw = NULL")


async def run(db: Database, agency_id: Any, statement: str) -> None:
    async with db.transaction(agency_id) as tx:
        await tx.run(statement)


async def by_hand(world: World, agency_id: Any, trip_id: Any, gate: str) -> None:
    await tracking.record_by_hand(world.db, world.house.wakeups, world.clock, agency_id, trip_id, {"gate_origin": gate})


async def latest(tx: Transaction, trip_id: Any) -> Any:
    return await tx.one("SELECT source, gate_origin FROM get_latest_flight_status(:trip)", trip=trip_id)


async def test_the_latest_status_is_the_newest_that_counts_for_the_trip(world: World) -> None:
    departure = datetime.fromisoformat("2026-03-11T08:00:00Z")
    other, _ = await world.another_agency()
    ours = await world.book(departure=departure)
    theirs = await world.book(departure=departure, agency_id=other.id)

    async def seen(as_agency: Any, trip: Any) -> Any:
        async with world.db.transaction(as_agency) as tx:
            row = await latest(tx, trip.id)
        return None if row is None else tuple(row)

    assert await seen(world.agency.id, ours) is None
    world.fly("ARG1303", departure, gate_origin="A1")
    await world.settle()
    assert await seen(world.agency.id, ours) == await seen(other.id, theirs) == ("AEROAPI", "A1")
    await by_hand(world, world.agency.id, ours.id, "B2")
    assert await seen(world.agency.id, ours) == ("MANUAL", "B2")
    assert await seen(other.id, theirs) == ("AEROAPI", "A1"), "another agency's word by hand is hidden"
    assert await seen(other.id, ours) is None
    assert await seen(None, ours) is None


async def test_one_intent_is_one_row(world: World) -> None:
    trip = await world.book()
    with pytest.raises(asyncpg.UniqueViolationError):
        await run(
            world.db,
            trip.agency_id,
            """
            INSERT INTO notifications_log (agency_id, trip_id, flight_id, notification_type, idempotency_hash, status, due_at,
              expires_at, channel, language, recipient, body, created_at, updated_at)
            SELECT agency_id, trip_id, flight_id, notification_type, idempotency_hash, 'PENDING', due_at,
              expires_at, channel, language, recipient, 'again', created_at, updated_at FROM notifications_log LIMIT 1
            """,
        )
