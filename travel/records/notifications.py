"""Notifications: one row per intent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import (
    Channel,
    Language,
    Notification,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    Tells,
)

COLUMNS = (
    "id, ordinal, agency_id, trip_id, flight_id, notification_type, status, reason, idempotency_hash, due_at, expires_at, "
    "told_departure_at, told_gate, told_airport, channel, language, recipient, body, caused_by_id, fence, accepted_at, "
    "delivered_at, read_at, created_at, updated_at"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A notification about to be written down."""

    trip_id: UUID | None
    flight_id: UUID | None
    type: NotificationType
    idempotency_hash: bytes
    status: NotificationStatus
    reason: NotificationReason | None
    due_at: datetime
    expires_at: datetime
    tells: Tells
    channel: Channel
    language: Language
    recipient: str
    body: str
    caused_by_id: UUID | None


def from_row(row: Mapping[str, Any]) -> Notification:
    """The notification that a row holds."""
    return Notification(
        id=row["id"],
        ordinal=row["ordinal"],
        agency_id=row["agency_id"],
        trip_id=row["trip_id"],
        flight_id=row["flight_id"],
        type=NotificationType(row["notification_type"]),
        status=NotificationStatus(row["status"]),
        reason=NotificationReason(row["reason"]) if row["reason"] else None,
        idempotency_hash=row["idempotency_hash"],
        due_at=row["due_at"],
        expires_at=row["expires_at"],
        tells=Tells(departure_at=row["told_departure_at"], gate=row["told_gate"], airport=row["told_airport"]),
        channel=Channel(row["channel"]),
        language=Language(row["language"]),
        recipient=row["recipient"],
        body=row["body"],
        caused_by_id=row["caused_by_id"],
        fence=row["fence"],
        accepted_at=row["accepted_at"],
        delivered_at=row["delivered_at"],
        read_at=row["read_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


async def write(tx: Transaction, agency_id: UUID, draft: Draft, now: datetime) -> Notification | None:
    """Write an intent down; None where the very same one is already there (trip, type, hash)."""
    row = await tx.one(
        f"""
        INSERT INTO notifications_log (agency_id, trip_id, flight_id, notification_type, idempotency_hash, status, reason, due_at, expires_at,
          told_departure_at, told_gate, told_airport, channel, language, recipient, body, caused_by_id, created_at, updated_at)
        VALUES (:agency, :trip, :flight, :type, :hash, :status, :reason, :due_at, :expires_at,
          :departure_at, :gate, :airport, :channel, :language, :recipient, :body, :caused_by, :now, :now)
        ON CONFLICT (trip_id, notification_type, idempotency_hash) DO NOTHING
        RETURNING {COLUMNS}
        """,  # noqa: S608
        agency=agency_id,
        trip=draft.trip_id,
        flight=draft.flight_id,
        type=draft.type,
        hash=draft.idempotency_hash,
        status=draft.status,
        reason=draft.reason,
        due_at=draft.due_at,
        expires_at=draft.expires_at,
        departure_at=draft.tells.departure_at,
        gate=draft.tells.gate,
        airport=draft.tells.airport,
        channel=draft.channel,
        language=draft.language,
        recipient=draft.recipient,
        body=draft.body,
        caused_by=draft.caused_by_id,
        now=now,
    )
    return None if row is None else from_row(row)


async def of_trips(
    tx: Transaction, agency_id: UUID, trip_ids: Sequence[UUID], *, lock: bool = False
) -> dict[UUID, list[Notification]]:
    """All notifications of these trips, oldest first; with `lock`, nobody claims the pending ones meanwhile."""
    if lock:
        await tx.run(
            """
            SELECT FROM notifications_log WHERE agency_id = :agency AND trip_id = ANY(:trips) AND status = 'PENDING'
            ORDER BY ordinal FOR NO KEY UPDATE
            """,
            agency=agency_id,
            trips=list(trip_ids),
        )
    rows = await tx.all(
        f"SELECT {COLUMNS} FROM notifications_log WHERE agency_id = :agency AND trip_id = ANY(:trips) ORDER BY ordinal",  # noqa: S608
        agency=agency_id,
        trips=list(trip_ids),
    )
    found: dict[UUID, list[Notification]] = {trip_id: [] for trip_id in trip_ids}
    for row in rows:
        found[row["trip_id"]].append(from_row(row))
    return found


async def get(tx: Transaction, agency_id: UUID, notification_id: UUID) -> Notification | None:
    """A notification of the agency."""
    row = await tx.one(
        f"SELECT {COLUMNS} FROM notifications_log WHERE agency_id = :agency AND id = :id",  # noqa: S608
        agency=agency_id,
        id=notification_id,
    )
    return None if row is None else from_row(row)


async def many(tx: Transaction, agency_id: UUID, notification_ids: Sequence[UUID]) -> dict[UUID, Notification]:
    """Notifications of the agency by id."""
    rows = await tx.all(
        f"SELECT {COLUMNS} FROM notifications_log WHERE agency_id = :agency AND id = ANY(:ids)",  # noqa: S608
        agency=agency_id,
        ids=list(notification_ids),
    )
    return {row["id"]: from_row(row) for row in rows}


async def lock_all(tx: Transaction, agency_id: UUID, notification_ids: Sequence[UUID]) -> dict[UUID, Notification]:
    """Notifications of the agency, locked in the order that all who lock several keep; waits for others."""
    rows = await tx.all(
        f"""
        SELECT {COLUMNS} FROM notifications_log WHERE agency_id = :agency AND id = ANY(:ids)
        ORDER BY ordinal FOR NO KEY UPDATE
        """,  # noqa: S608
        agency=agency_id,
        ids=list(notification_ids),
    )
    return {row["id"]: from_row(row) for row in rows}


async def lock(
    tx: Transaction,
    agency_id: UUID,
    notification_id: UUID,
    status: NotificationStatus | None = None,
    *,
    wait: bool = False,
) -> Notification | None:
    """A notification in `status` (or any), locked; None where it is not, or where another worker holds it and we don't wait."""
    row = await tx.one(
        f"""
        SELECT {COLUMNS} FROM notifications_log
        WHERE agency_id = :agency AND id = :id AND status = coalesce(:status, status)
        FOR NO KEY UPDATE {"" if wait else "SKIP LOCKED"}
        """,  # noqa: S608
        agency=agency_id,
        id=notification_id,
        status=status,
    )
    return None if row is None else from_row(row)


async def move(
    tx: Transaction,
    agency_id: UUID,
    notification_id: UUID,
    due_at: datetime,
    reason: NotificationReason | None,
    now: datetime,
    expires_at: datetime | None = None,
) -> None:
    """Give a pending notification another time."""
    await tx.run(
        """
        UPDATE notifications_log SET due_at = :due_at, expires_at = coalesce(:expires_at, expires_at), reason = :reason, updated_at = :now
        WHERE agency_id = :agency AND id = :id AND status = 'PENDING'
        """,
        agency=agency_id,
        id=notification_id,
        due_at=due_at,
        expires_at=expires_at,
        reason=reason,
        now=now,
    )


async def reword(
    tx: Transaction, agency_id: UUID, notification_id: UUID, language: Language, body: str, now: datetime
) -> None:
    """Give a pending notification other words."""
    await tx.run(
        """
        UPDATE notifications_log SET language = :language, body = :body, updated_at = :now
        WHERE agency_id = :agency AND id = :id AND status = 'PENDING'
        """,
        agency=agency_id,
        id=notification_id,
        language=language,
        body=body,
        now=now,
    )


async def end(
    tx: Transaction,
    agency_id: UUID,
    notification_id: UUID,
    status: NotificationStatus,
    reason: NotificationReason,
    now: datetime,
) -> bool:
    """End a pending notification unsent; False where it is no longer pending."""
    return bool(
        await tx.value(
            """
            UPDATE notifications_log SET status = :status, reason = :reason, updated_at = :now
            WHERE agency_id = :agency AND id = :id AND status = 'PENDING'
            RETURNING true
            """,
            agency=agency_id,
            id=notification_id,
            status=status,
            reason=reason,
            now=now,
        )
    )
