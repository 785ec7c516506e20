"""Notifications on their way out: due, claimed, handed over, settled. Many rows at a time; every step says which state it leaves.

Whoever locks several rows locks them by `ordinal`, and after the agency's settings and pauses: so nobody waits in a circle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from travel.database import Statements, Transaction
from travel.model import (
    Channel,
    Language,
    Notification,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    Tells,
)
from travel.records.notifications import COLUMNS, from_row

CAPPED = (NotificationReason.HOURLY_LIMIT, NotificationReason.DAILY_LIMIT)
"""Why a message waits that the caps did not let go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """A notification that somebody must see to: its worker is gone, its fate unknown, or its receipt overdue."""

    agency_id: UUID
    id: UUID
    status: NotificationStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Withheld:
    """A due notification that does not go out now: put off until `due_at`, or ended."""

    id: UUID
    status: NotificationStatus
    reason: NotificationReason
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """What a notification says and to whom, as it is at the moment of its claim."""

    id: UUID
    recipient: str
    language: Language
    body: str
    tells: Tells


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """How a claim ended. `due_at`, `settle_at`, `receipt_due_at` and `channel` where the new state has one."""

    id: UUID
    fence: int
    status: NotificationStatus
    reason: NotificationReason | None
    due_at: datetime | None = None
    settle_at: datetime | None = None
    receipt_due_at: datetime | None = None
    channel: Channel | None = None


async def agencies_with_due(tx: Statements, now: datetime) -> list[UUID]:
    """Agencies that have something to hand over."""
    rows = await tx.all("SELECT agency_id FROM system_agencies_with_due(:now)", now=now)
    return [row["agency_id"] for row in rows]


async def strays(tx: Statements, now: datetime, most: int) -> list[Stray]:
    """What must be seen to, in all agencies."""
    rows = await tx.all("SELECT agency_id, id, status FROM system_deliveries_to_mend(:now, :most)", now=now, most=most)
    return [Stray(agency_id=row["agency_id"], id=row["id"], status=NotificationStatus(row["status"])) for row in rows]


async def due(tx: Transaction, agency_id: UUID, now: datetime, most: int) -> list[UUID]:
    """Ids of what is due in an agency, oldest first; nothing is locked."""
    rows = await tx.all(
        """
        SELECT id FROM notifications_log WHERE agency_id = :agency AND status = 'PENDING' AND due_at <= :now
        ORDER BY due_at LIMIT :most
        """,
        agency=agency_id,
        now=now,
        most=most,
    )
    return [row["id"] for row in rows]


async def take(
    tx: Transaction,
    agency_id: UUID,
    now: datetime,
    most: int,
    urgent_first: Sequence[NotificationType],
    only: UUID | None = None,
) -> list[Notification]:
    """Lock what is due and nobody else has, the urgent first."""
    rows = await tx.all(
        f"""
        SELECT {COLUMNS} FROM notifications_log
        WHERE agency_id = :agency AND status = 'PENDING' AND due_at <= :now AND id = coalesce(:only, id)
        ORDER BY array_position(CAST(:urgent_first AS text[]), notification_type), due_at, ordinal
        LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
        """,  # noqa: S608
        agency=agency_id,
        now=now,
        only=only,
        urgent_first=list(urgent_first),
        most=most,
    )
    return [from_row(row) for row in rows]


async def waiting_for_caps(tx: Transaction, agency_id: UUID, now: datetime) -> dict[NotificationType, int]:
    """How many messages wait for their turn under the caps, by type."""
    rows = await tx.all(
        """
        SELECT notification_type, count(*) AS many FROM notifications_log
        WHERE agency_id = :agency AND status = 'PENDING' AND reason IN ('HOURLY_LIMIT', 'DAILY_LIMIT') AND due_at > :now
        GROUP BY notification_type
        """,
        agency=agency_id,
        now=now,
    )
    return {NotificationType(row["notification_type"]): row["many"] for row in rows}


async def withhold(tx: Transaction, agency_id: UUID, withheld: Sequence[Withheld], now: datetime) -> None:
    """Put them off or end them; the rows are locked."""
    await tx.run(
        """
        UPDATE notifications_log n SET status = w.status, reason = w.reason, due_at = w.due_at, updated_at = :now
        FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:reasons AS text[]), CAST(:dues AS timestamptz[]))
          AS w(id, status, reason, due_at)
        WHERE n.agency_id = :agency AND n.id = w.id AND n.status = 'PENDING'
        """,
        agency=agency_id,
        ids=[each.id for each in withheld],
        statuses=[each.status for each in withheld],
        reasons=[each.reason for each in withheld],
        dues=[each.due_at for each in withheld],
        now=now,
    )


async def claim(
    tx: Transaction, agency_id: UUID, claimed: Sequence[Claimed], lease: timedelta, now: datetime
) -> Mapping[UUID, int]:
    """PENDING → SENDING, each with a new fence and a lease on the database's clock; the rows are locked. Id → fence."""
    rows = await tx.all(
        """
        UPDATE notifications_log n SET status = 'SENDING', reason = NULL, fence = n.fence + 1,
          lease_until = clock_timestamp() + :lease, recipient = c.recipient, language = c.language, body = c.body,
          told_departure_at = c.departure_at, told_gate = c.gate, told_airport = c.airport, updated_at = :now
        FROM unnest(CAST(:ids AS uuid[]), CAST(:recipients AS text[]), CAST(:languages AS text[]), CAST(:bodies AS text[]),
                    CAST(:departures AS timestamptz[]), CAST(:gates AS text[]), CAST(:airports AS text[]))
          AS c(id, recipient, language, body, departure_at, gate, airport)
        WHERE n.agency_id = :agency AND n.id = c.id AND n.status = 'PENDING'
        RETURNING n.id, n.fence
        """,
        agency=agency_id,
        lease=lease,
        ids=[each.id for each in claimed],
        recipients=[each.recipient for each in claimed],
        languages=[each.language for each in claimed],
        bodies=[each.body for each in claimed],
        departures=[each.tells.departure_at for each in claimed],
        gates=[each.tells.gate for each in claimed],
        airports=[each.tells.airport for each in claimed],
        now=now,
    )
    return {row["id"]: row["fence"] for row in rows}


async def settle(tx: Transaction, agency_id: UUID, settled: Sequence[Settled], now: datetime) -> list[UUID]:
    """Leave SENDING with the fence it was claimed with; the ids of those that moved, for somebody else may have been faster.

    An acceptance is proof: it also moves what was given up or is to be sent again, as long as no later claim was made.
    """
    ids = [each.id for each in settled]
    await tx.run(
        "SELECT FROM notifications_log WHERE agency_id = :agency AND id = ANY(:ids) ORDER BY ordinal FOR NO KEY UPDATE",
        agency=agency_id,
        ids=ids,
    )
    rows = await tx.all(
        """
        UPDATE notifications_log n SET status = s.status, reason = s.reason, lease_until = NULL, settle_at = s.settle_at,
          receipt_due_at = s.receipt_due_at, due_at = coalesce(s.due_at, n.due_at), channel = coalesce(s.channel, n.channel),
          accepted_at = CASE WHEN s.status = 'SENT' THEN coalesce(n.accepted_at, :now) ELSE n.accepted_at END, updated_at = :now
        FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:statuses AS text[]), CAST(:reasons AS text[]),
                    CAST(:dues AS timestamptz[]), CAST(:settles AS timestamptz[]), CAST(:receipts AS timestamptz[]), CAST(:channels AS text[]))
          AS s(id, fence, status, reason, due_at, settle_at, receipt_due_at, channel)
        WHERE n.agency_id = :agency AND n.id = s.id AND n.fence = s.fence
          AND (n.status = 'SENDING' OR (s.status = 'SENT' AND n.status IN ('UNKNOWN', 'PENDING', 'FAILED')))
        RETURNING n.id
        """,
        agency=agency_id,
        ids=ids,
        fences=[each.fence for each in settled],
        statuses=[each.status for each in settled],
        reasons=[each.reason for each in settled],
        dues=[each.due_at for each in settled],
        settles=[each.settle_at for each in settled],
        receipts=[each.receipt_due_at for each in settled],
        channels=[each.channel for each in settled],
        now=now,
    )
    return [row["id"] for row in rows]


async def free(
    tx: Transaction,
    agency_id: UUID,
    reasons: Sequence[NotificationReason],
    now: datetime,
    channel: Channel | None = None,
) -> int:
    """What waits for one of these reasons is due now; how many there were."""
    freed: int = await tx.value(
        """
        WITH waiting AS (
          SELECT id FROM notifications_log
          WHERE agency_id = :agency AND status = 'PENDING' AND reason = ANY(:reasons) AND due_at > :now
            AND channel = coalesce(:channel, channel)
          ORDER BY ordinal FOR NO KEY UPDATE
        ), freed AS (
          UPDATE notifications_log n SET due_at = :now, updated_at = :now FROM waiting w
          WHERE n.agency_id = :agency AND n.id = w.id RETURNING 1
        )
        SELECT count(*) FROM freed
        """,
        agency=agency_id,
        reasons=list(reasons),
        channel=channel,
        now=now,
    )
    return freed
