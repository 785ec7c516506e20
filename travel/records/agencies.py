"""Agencies, their settings, and how they word their messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from travel.database import Transaction
from travel.model import (
    Agency,
    AgencySettings,
    AgencyStatus,
    Feature,
    Language,
    MessageTemplate,
    NotificationType,
    UnknownDeliveryPolicy,
)

_SETTINGS = """agency_id, quiet_hours_start, quiet_hours_end, timezone_override, boarding_notification_offset_minutes,
  landing_notification_enabled, reminder_24h_enabled, delay_threshold_minutes, max_retry_attempts,
  retry_initial_delay_seconds, retry_backoff_factor, retry_max_delay_seconds, max_notifications_per_hour,
  max_notifications_per_day, language, on_unknown_delivery, daily_aeroapi_budget_usd, features, version, updated_at"""

CHANGEABLE = frozenset(name.strip() for name in _SETTINGS.split(",")) - {"agency_id", "version", "updated_at"}
"""Columns an agency may set."""


def _agency(row: Mapping[str, Any]) -> Agency:
    return Agency(**{**row, "status": AgencyStatus(row["status"])})


def _settings(row: Mapping[str, Any]) -> AgencySettings:
    budget = row["daily_aeroapi_budget_usd"]
    return AgencySettings(
        **{
            **row,
            "retry_backoff_factor": float(row["retry_backoff_factor"]),
            "language": Language(row["language"]),
            "on_unknown_delivery": UnknownDeliveryPolicy(row["on_unknown_delivery"]),
            "daily_aeroapi_budget_usd": None if budget is None else float(budget),
            "features": {Feature(name): bool(on) for name, on in row["features"].items()},
        }
    )


def _template(row: Mapping[str, Any]) -> MessageTemplate:
    return MessageTemplate(
        type=NotificationType(row["notification_type"]),
        language=Language(row["language"]),
        content_sid=row["content_sid"],
        body=row["body"],
        updated_at=row["updated_at"],
    )


class AgencyNotFoundError(LookupError):
    """No agency has this id."""


async def add(tx: Transaction, agency: Agency) -> None:
    """A new tenant with its settings and the head of its feed; `tx` must already be that agency's."""
    await tx.run(
        """
        INSERT INTO agencies (id, name, email, phone, country, status, created_at)
        VALUES (:id, :name, :email, :phone, :country, :status, :created_at)
        """,
        id=agency.id,
        name=agency.name,
        email=agency.email,
        phone=agency.phone,
        country=agency.country,
        status=agency.status,
        created_at=agency.created_at,
    )
    await tx.run(
        "INSERT INTO agencies_settings (agency_id, updated_at) VALUES (:id, :at)",
        id=agency.id,
        at=agency.created_at,
    )
    await tx.run("INSERT INTO feed_heads (agency_id) VALUES (:id)", id=agency.id)


async def get(tx: Transaction, agency_id: UUID) -> Agency:
    """The tenant itself."""
    row = await tx.one(
        "SELECT id, name, email, phone, country, status, created_at FROM agencies WHERE id = :id",
        id=agency_id,
    )
    if row is None:
        raise AgencyNotFoundError(f"There is no agency {agency_id}.")
    return _agency(row)


async def everyone(tx: Transaction) -> Sequence[tuple[UUID, str, AgencyStatus]]:
    """Id, name and status of every agency, oldest first."""
    rows = await tx.all("SELECT id, name, status FROM system_agencies()")
    return [(row["id"], row["name"], AgencyStatus(row["status"])) for row in rows]


async def set_status(tx: Transaction, agency_id: UUID, status: AgencyStatus) -> None:
    """Suspend an agency or let it work again."""
    await tx.run("UPDATE agencies SET status = :status WHERE id = :id", id=agency_id, status=status)


async def settings(tx: Transaction, agency_id: UUID, *, lock: bool = False) -> AgencySettings:
    """What the agency chose. With `lock`, nobody else claims or changes until the end of the transaction."""
    row = await tx.one(
        f"SELECT {_SETTINGS} FROM agencies_settings WHERE agency_id = :id {'FOR NO KEY UPDATE' if lock else ''}",  # noqa: S608
        id=agency_id,
    )
    if row is None:
        raise AgencyNotFoundError(f"There is no agency {agency_id}.")
    return _settings(row)


async def change_settings(tx: Transaction, agency_id: UUID, values: Mapping[str, Any], now: datetime) -> AgencySettings:
    """Set the named columns of a row that is locked.

    Raises asyncpg.CheckViolationError where values do not fit together.
    """
    assert values.keys() <= CHANGEABLE
    # Switches that are not named stay as they are.
    assignments = "".join(
        "features = features || :features, " if name == "features" else f"{name} = :{name}, " for name in sorted(values)
    )
    row = await tx.one(
        f"""
        UPDATE agencies_settings SET {assignments} version = version + 1, updated_at = :now
        WHERE agency_id = :agency
        RETURNING {_SETTINGS}
        """,  # noqa: S608
        agency=agency_id,
        now=now,
        **values,
    )
    assert row is not None, "it is locked"
    return _settings(row)


async def to_replan(tx: Transaction, most: int) -> list[UUID]:
    """Agencies whose settings changed since their trips were last planned."""
    return [
        row["agency_id"] for row in await tx.all("SELECT agency_id FROM system_agencies_to_replan(:most)", most=most)
    ]


async def planned(tx: Transaction, agency_id: UUID, version: int) -> None:
    """All trips are planned by this version of the settings."""
    await tx.run(
        "UPDATE agencies_settings SET planned_version = :version WHERE agency_id = :id AND planned_version < :version",
        id=agency_id,
        version=version,
    )


async def templates(tx: Transaction, agency_id: UUID) -> dict[tuple[NotificationType, Language], MessageTemplate]:
    """The agency's wording over the defaults."""
    rows = await tx.all(
        """
        SELECT notification_type, language, content_sid, body, updated_at FROM message_templates
        WHERE agency_id IS NULL OR agency_id = :id
        ORDER BY agency_id NULLS FIRST
        """,
        id=agency_id,
    )
    return {(each.type, each.language): each for each in map(_template, rows)}


async def set_template(tx: Transaction, agency_id: UUID | None, template: MessageTemplate) -> None:
    """Word a type in a language; without an agency, for all (which only the database's owner may)."""
    await tx.run(
        """
        INSERT INTO message_templates (agency_id, notification_type, language, content_sid, body, updated_at)
        VALUES (:agency, :type, :language, :content_sid, :body, :now)
        ON CONFLICT (agency_id, notification_type, language)
        DO UPDATE SET content_sid = excluded.content_sid, body = excluded.body, updated_at = excluded.updated_at
        """,
        agency=agency_id,
        type=template.type,
        language=template.language,
        content_sid=template.content_sid,
        body=template.body,
        now=template.updated_at,
    )


def broken_rule(error: asyncpg.CheckViolationError) -> str:
    """The name of the CHECK that a change of settings broke."""
    return error.constraint_name or "unknown"
