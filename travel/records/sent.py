"""Notifications of which a try has left: of unknown fate, sent, unconfirmed, given up. One row at a time, which the caller has locked."""

from datetime import datetime
from uuid import UUID

from travel.database import Transaction
from travel.model import Channel, Notification, NotificationReason, NotificationStatus
from travel.records.notifications import COLUMNS, from_row


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


async def look(
    tx: Transaction,
    agency_id: UUID,
    notification_id: UUID,
    status: NotificationStatus,
    now: datetime,
    again_at: datetime,
) -> Notification | None:
    """One that is UNKNOWN or unconfirmed and whose time has come; from now on its time is `again_at`. None where it is not."""
    column = {NotificationStatus.UNKNOWN: "settle_at", NotificationStatus.SENT: "receipt_due_at"}[status]
    row = await tx.one(
        f"""
        UPDATE notifications_log SET {column} = :again_at
        WHERE agency_id = :agency AND id = :id AND status = :status AND {column} <= :now
        RETURNING {COLUMNS}
        """,  # noqa: S608
        agency=agency_id,
        id=notification_id,
        status=status,
        now=now,
        again_at=again_at,
    )
    return None if row is None else from_row(row)


async def stand(
    tx: Transaction,
    notification: Notification,
    status: NotificationStatus,
    reason: NotificationReason | None,
    now: datetime,
    *,
    accepted_at: datetime | None = None,
    due_at: datetime | None = None,
    settle_at: datetime | None = None,
    receipt_due_at: datetime | None = None,
    channel: Channel | None = None,
) -> None:
    """Write how it stands from now on: what a look at Twilio, a callback or the settling time brought."""
    await tx.run(
        """
        UPDATE notifications_log SET status = :status, reason = :reason, lease_until = NULL, settle_at = :settle_at,
          receipt_due_at = :receipt_due_at, due_at = coalesce(:due_at, due_at), channel = coalesce(:channel, channel), updated_at = :now,
          accepted_at = CASE :status WHEN 'PENDING' THEN NULL WHEN 'UNKNOWN' THEN NULL WHEN 'FAILED' THEN NULL
                                     ELSE coalesce(accepted_at, :accepted_at, :now) END,
          delivered_at = CASE WHEN :status IN ('DELIVERED', 'READ') THEN coalesce(delivered_at, :now) ELSE delivered_at END,
          read_at = CASE WHEN :status = 'READ' THEN coalesce(read_at, :now) ELSE read_at END
        WHERE agency_id = :agency AND id = :id
        """,
        agency=notification.agency_id,
        id=notification.id,
        status=status,
        reason=reason,
        accepted_at=accepted_at,
        due_at=due_at,
        settle_at=settle_at,
        receipt_due_at=receipt_due_at,
        channel=channel,
        now=now,
    )


async def reopen(tx: Transaction, notification: Notification, *, now: datetime) -> bool:
    """FAILED, or UNKNOWN and held for a person, becomes PENDING again by a person's word, with all its tries anew."""
    return bool(
        await tx.value(
            """
            WITH reopened AS (
              UPDATE notifications_log SET status = 'PENDING', reason = NULL, settle_at = NULL, due_at = :now, updated_at = :now
              WHERE agency_id = :agency AND id = :id AND (status = 'FAILED' OR (status = 'UNKNOWN' AND reason = 'HELD_FOR_HUMAN'))
              RETURNING id
            ), before AS (
              UPDATE delivery_attempts SET counted = false WHERE agency_id = :agency AND notification_id IN (SELECT id FROM reopened)
            )
            SELECT true FROM reopened
            """,
            agency=notification.agency_id,
            id=notification.id,
            now=now,
        )
    )


async def withdraw(tx: Transaction, notification: Notification, *, now: datetime) -> bool:
    """What waits to be sent, or is UNKNOWN and held for a person, ends by a person's word."""
    return bool(
        await tx.value(
            """
            UPDATE notifications_log SET status = 'WITHDRAWN', reason = 'WITHDRAWN_BY_AGENT', settle_at = NULL, updated_at = :now
            WHERE agency_id = :agency AND id = :id AND (status = 'PENDING' OR (status = 'UNKNOWN' AND reason = 'HELD_FOR_HUMAN'))
            RETURNING true
            """,
            agency=notification.agency_id,
            id=notification.id,
            now=now,
        )
    )


async def texts_to(tx: Transaction, agency_id: UUID, phone: str) -> set[str]:
    """Every text that the agency has for a phone."""
    rows = await tx.all(
        "SELECT body FROM notifications_log WHERE agency_id = :agency AND recipient = :phone",
        agency=agency_id,
        phone=phone,
    )
    return {row["body"] for row in rows}
