"""Delivery attempts: one row per try, committed before the request leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import AttemptOutcome, Channel, DeliveryAttempt, Used

COLUMNS = (
    "notification_id, number, fence, token, channel, content_sid, started_at, finished_at, outcome, http_status, error_code, "
    "error_message, twilio_sid"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """An attempt found by the token in its callback's address."""

    agency_id: UUID
    notification_id: UUID
    number: int


def from_row(row: Mapping[str, Any]) -> DeliveryAttempt:
    """The attempt that a row holds."""
    return DeliveryAttempt(**{**row, "channel": Channel(row["channel"]), "outcome": AttemptOutcome(row["outcome"])})


async def begin(
    tx: Transaction,
    agency_id: UUID,
    notification_id: UUID,
    *,
    fence: int,
    token: str,
    channel: Channel,
    content_sid: str | None,
    now: datetime,
) -> DeliveryAttempt:
    """The next try, in flight."""
    row = await tx.one(
        f"""
        INSERT INTO delivery_attempts (notification_id, agency_id, number, fence, token, channel, content_sid, started_at)
        SELECT :notification, :agency, coalesce(max(number), 0) + 1, :fence, :token, :channel, :content_sid, :now
        FROM delivery_attempts WHERE notification_id = :notification
        RETURNING {COLUMNS}
        """,  # noqa: S608
        notification=notification_id,
        agency=agency_id,
        fence=fence,
        token=token,
        channel=channel,
        content_sid=content_sid,
        now=now,
    )
    assert row is not None
    return from_row(row)


async def finish(
    tx: Transaction,
    agency_id: UUID,
    notification_id: UUID,
    number: int,
    outcome: AttemptOutcome,
    now: datetime,
    *,
    http_status: int | None = None,
    error_code: int | None = None,
    error_message: str | None = None,
    twilio_sid: str | None = None,
) -> None:
    """How the try ended. An accepted one stays accepted."""
    await tx.run(
        """
        UPDATE delivery_attempts SET outcome = :outcome, finished_at = :now, http_status = coalesce(:http_status, http_status),
          error_code = :error_code, error_message = :error_message, twilio_sid = coalesce(twilio_sid, :sid)
        WHERE agency_id = :agency AND notification_id = :notification AND number = :number AND outcome <> 'ACCEPTED'
        """,
        agency=agency_id,
        notification=notification_id,
        number=number,
        outcome=outcome,
        now=now,
        http_status=http_status,
        error_code=error_code,
        error_message=error_message,
        sid=twilio_sid,
    )


async def note_failure(
    tx: Transaction,
    agency_id: UUID,
    notification_id: UUID,
    number: int,
    error_code: int | None,
    error_message: str | None,
) -> None:
    """What Twilio said later of a message that it had taken."""
    await tx.run(
        """
        UPDATE delivery_attempts SET error_code = :code, error_message = :message
        WHERE agency_id = :agency AND notification_id = :notification AND number = :number
        """,
        agency=agency_id,
        notification=notification_id,
        number=number,
        code=error_code,
        message=error_message,
    )


async def of(tx: Transaction, agency_id: UUID, notification_ids: Sequence[UUID]) -> dict[UUID, list[DeliveryAttempt]]:
    """The tries of these notifications, in order."""
    rows = await tx.all(
        f"""
        SELECT {COLUMNS} FROM delivery_attempts
        WHERE agency_id = :agency AND notification_id = ANY(:ids)
        ORDER BY notification_id, number
        """,  # noqa: S608
        agency=agency_id,
        ids=list(notification_ids),
    )
    found: dict[UUID, list[DeliveryAttempt]] = {id_: [] for id_ in notification_ids}
    for row in rows:
        found[row["notification_id"]].append(from_row(row))
    return found


async def named(tx: Transaction, token: str) -> Named | None:
    """Whose attempt a callback speaks of."""
    row = await tx.one("SELECT agency_id, notification_id, number FROM system_attempt(:token)", token=token)
    return None if row is None else Named(**row)


async def known_sids(tx: Transaction, sids: Sequence[str]) -> set[str]:
    """Those of the SIDs that already belong to an attempt, of whatever agency: two may share a sender and a text."""
    rows = await tx.all("SELECT twilio_sid FROM system_known_sids(:sids)", sids=list(sids))
    return {row["twilio_sid"] for row in rows}


async def used(tx: Transaction, agency_id: UUID, now: datetime) -> Used:
    """What counts against the caps: everything handed over, on its way, or perhaps taken."""
    row = await tx.one(
        """
        SELECT count(*) FILTER (WHERE started_at > :hour_ago) AS last_hour, count(*) AS last_day,
               min(started_at) FILTER (WHERE started_at > :hour_ago) AS hour_oldest, min(started_at) AS day_oldest
        FROM delivery_attempts
        WHERE agency_id = :agency AND started_at > :day_ago AND outcome IN ('IN_FLIGHT', 'ACCEPTED', 'UNKNOWN')
        """,
        agency=agency_id,
        hour_ago=now - timedelta(hours=1),
        day_ago=now - timedelta(days=1),
    )
    assert row is not None
    return Used(
        last_hour=row["last_hour"],
        last_day=row["last_day"],
        hour_frees_at=row["hour_oldest"] + timedelta(hours=1) if row["hour_oldest"] else None,
        day_frees_at=row["day_oldest"] + timedelta(days=1) if row["day_oldest"] else None,
    )
