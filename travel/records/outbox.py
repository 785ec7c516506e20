"""The same rows on their way out: due, claimed, handed over, settled. Every step says which state it leaves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from travel.database import Transaction
from travel.model import Channel, Language, Notification, NotificationReason, NotificationStatus, Tells
from travel.records.notifications import COLUMNS, from_row


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A notification that wants a worker, and why: to be sent, found again, or settled."""

    agency_id: UUID
    id: UUID
    status: NotificationStatus


async def due(tx: Transaction, now: datetime, most: int) -> list[Due]:
    """What wants a worker, in all agencies."""
    rows = await tx.all("SELECT agency_id, id, status FROM system_due_notifications(:now, :most)", now=now, most=most)
    return [Due(agency_id=row["agency_id"], id=row["id"], status=NotificationStatus(row["status"])) for row in rows]


async def lapsed(tx: Transaction, agency_id: UUID, notification_id: UUID) -> Notification | None:
    """A notification whose lease is over by the database's clock, locked; None where it is not."""
    row = await tx.one(
        f"""
        SELECT {COLUMNS} FROM notifications_log
        WHERE agency_id = :agency AND id = :id AND status = 'SENDING' AND lease_until < clock_timestamp()
        FOR NO KEY UPDATE SKIP LOCKED
        """,  # noqa: S608
        agency=agency_id,
        id=notification_id,
    )
    return None if row is None else from_row(row)


async def claim(
    tx: Transaction,
    notification: Notification,
    *,
    recipient: str,
    language: Language,
    body: str,
    tells: Tells,
    lease: timedelta,
    now: datetime,
) -> int:
    """PENDING → SENDING with a new fence and a lease on the database's clock; the row must be locked."""
    fence: int = await tx.value(
        """
        UPDATE notifications_log SET status = 'SENDING', reason = NULL, fence = fence + 1, lease_until = clock_timestamp() + :lease,
          recipient = :recipient, language = :language, body = :body, told_departure_at = :departure_at, told_gate = :gate, told_airport = :airport, updated_at = :now
        WHERE agency_id = :agency AND id = :id AND status = 'PENDING'
        RETURNING fence
        """,
        agency=notification.agency_id,
        id=notification.id,
        lease=lease,
        recipient=recipient,
        language=language,
        body=body,
        departure_at=tells.departure_at,
        gate=tells.gate,
        airport=tells.airport,
        now=now,
    )
    return fence


async def settle(
    tx: Transaction,
    notification: Notification,
    *,
    fence: int,
    held: NotificationStatus,
    status: NotificationStatus,
    reason: NotificationReason | None,
    now: datetime,
    due_at: datetime | None = None,
    settle_at: datetime | None = None,
    channel: Channel | None = None,
) -> bool:
    """Leave SENDING or UNKNOWN (`held`) with the fence it was claimed with; False where somebody else settled it."""
    return bool(
        await tx.value(
            """
            UPDATE notifications_log SET status = :status, reason = :reason, lease_until = NULL, settle_at = :settle_at,
              due_at = coalesce(:due_at, due_at), channel = coalesce(:channel, channel), updated_at = :now,
              accepted_at = CASE WHEN :status = 'SENT' THEN coalesce(accepted_at, :now) ELSE accepted_at END
            WHERE agency_id = :agency AND id = :id AND fence = :fence AND status = :held
            RETURNING true
            """,
            agency=notification.agency_id,
            id=notification.id,
            fence=fence,
            held=held,
            status=status,
            reason=reason,
            due_at=due_at,
            settle_at=settle_at,
            channel=channel,
            now=now,
        )
    )


async def receive(
    tx: Transaction,
    notification: Notification,
    status: NotificationStatus,
    reason: NotificationReason | None,
    now: datetime,
) -> None:
    """Write what a callback says; the caller has locked the row and ranked the status."""
    await tx.run(
        """
        UPDATE notifications_log SET status = :status, reason = :reason, lease_until = NULL, settle_at = NULL, updated_at = :now,
          accepted_at = coalesce(accepted_at, :now),
          delivered_at = CASE WHEN :status IN ('DELIVERED', 'READ') THEN coalesce(delivered_at, :now) ELSE delivered_at END,
          read_at = CASE WHEN :status = 'READ' THEN coalesce(read_at, :now) ELSE read_at END
        WHERE agency_id = :agency AND id = :id
        """,
        agency=notification.agency_id,
        id=notification.id,
        status=status,
        reason=reason,
        now=now,
    )


async def turn_to_sms(tx: Transaction, notification: Notification, now: datetime) -> None:
    """What WhatsApp took and could not deliver waits to go by SMS; the caller has locked the row."""
    await tx.run(
        """
        UPDATE notifications_log SET status = 'PENDING', reason = 'RETRYING', channel = 'SMS', due_at = :now, updated_at = :now,
          lease_until = NULL, settle_at = NULL, accepted_at = NULL
        WHERE agency_id = :agency AND id = :id AND channel = 'WHATSAPP'
        """,
        agency=notification.agency_id,
        id=notification.id,
        now=now,
    )


async def reopen(tx: Transaction, notification: Notification, *, now: datetime) -> bool:
    """FAILED, or UNKNOWN and held for a person, becomes PENDING again by a person's word."""
    return bool(
        await tx.value(
            """
            UPDATE notifications_log SET status = 'PENDING', reason = NULL, settle_at = NULL, due_at = :now, updated_at = :now
            WHERE agency_id = :agency AND id = :id AND (status = 'FAILED' OR (status = 'UNKNOWN' AND reason = 'HELD_FOR_HUMAN'))
            RETURNING true
            """,
            agency=notification.agency_id,
            id=notification.id,
            now=now,
        )
    )


async def free_capped(tx: Transaction, agency_id: UUID, now: datetime) -> list[UUID]:
    """What waits for a cap is due now: the caps have changed."""
    rows = await tx.all(
        """
        UPDATE notifications_log SET due_at = :now, updated_at = :now
        WHERE agency_id = :agency AND status = 'PENDING' AND reason IN ('HOURLY_LIMIT', 'DAILY_LIMIT') AND due_at > :now
        RETURNING id
        """,
        agency=agency_id,
        now=now,
    )
    return [row["id"] for row in rows]


async def texts_to(tx: Transaction, agency_id: UUID, phone: str) -> set[str]:
    """Every text that the agency has for a phone."""
    rows = await tx.all(
        "SELECT body FROM notifications_log WHERE agency_id = :agency AND recipient = :phone",
        agency=agency_id,
        phone=phone,
    )
    return {row["body"] for row in rows}
