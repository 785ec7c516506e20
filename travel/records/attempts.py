"""Delivery attempts: one row per try, committed before the request leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import AttemptOutcome, Channel, DeliveryAttempt, Notification, Used

COLUMNS = (
    "notification_id, number, fence, token, channel, content_sid, started_at, finished_at, outcome, counted, http_status, "
    "error_code, error_message, twilio_sid"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """An attempt found by the token in its callback's address."""

    agency_id: UUID
    notification_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rivals:
    """How many there are, how many of them began earlier, and of how many an answer or a callback may still come."""

    all_of_them: int
    earlier: int
    fresh: int


def from_row(row: Mapping[str, Any]) -> DeliveryAttempt:
    """The attempt that a row holds."""
    return DeliveryAttempt(**{**row, "channel": Channel(row["channel"]), "outcome": AttemptOutcome(row["outcome"])})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """The tries of a notification so far: how many there were, how many count, and whether one asked for a template."""

    number: int = 0
    counted: int = 0
    wants_template: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """How a try ended."""

    notification_id: UUID
    number: int
    outcome: AttemptOutcome
    counted: bool = True
    http_status: int | None = None
    error_code: int | None = None
    error_message: str | None = None
    twilio_sid: str | None = None
    finished_at: datetime | None = None
    """When Twilio answered, where that was before now."""


async def tried(tx: Transaction, agency_id: UUID, notification_ids: Sequence[UUID]) -> dict[UUID, Tried]:
    """What was tried for those of the notifications for which something was."""
    rows = await tx.all(
        """
        SELECT notification_id, max(number) AS number, count(*) FILTER (WHERE counted) AS counted, bool_or(error_code = 63016) AS refused
        FROM delivery_attempts WHERE agency_id = :agency AND notification_id = ANY(:ids)
        GROUP BY notification_id
        """,
        agency=agency_id,
        ids=list(notification_ids),
    )
    return {
        row["notification_id"]: Tried(number=row["number"], counted=row["counted"], wants_template=bool(row["refused"]))
        for row in rows
    }


async def begin(tx: Transaction, agency_id: UUID, begun: Sequence[DeliveryAttempt]) -> None:
    """Tries that are in flight from now on."""
    await tx.run(
        """
        INSERT INTO delivery_attempts (notification_id, agency_id, number, fence, token, channel, content_sid, started_at)
        SELECT b.notification_id, :agency, b.number, b.fence, b.token, b.channel, b.content_sid, b.started_at
        FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS integer[]), CAST(:fences AS bigint[]), CAST(:tokens AS text[]),
                    CAST(:channels AS text[]), CAST(:sids AS text[]), CAST(:starts AS timestamptz[]))
          AS b(notification_id, number, fence, token, channel, content_sid, started_at)
        """,
        agency=agency_id,
        ids=[each.notification_id for each in begun],
        numbers=[each.number for each in begun],
        fences=[each.fence for each in begun],
        tokens=[each.token for each in begun],
        channels=[each.channel for each in begun],
        sids=[each.content_sid for each in begun],
        starts=[each.started_at for each in begun],
    )


async def finish(tx: Transaction, agency_id: UUID, finished: Sequence[Finished], now: datetime) -> None:
    """How tries ended. An accepted one stays accepted."""
    await tx.run(
        """
        UPDATE delivery_attempts d SET outcome = f.outcome, counted = f.counted, finished_at = coalesce(f.finished_at, :now),
          http_status = coalesce(f.http_status, d.http_status), error_code = f.error_code, error_message = f.error_message,
          twilio_sid = coalesce(d.twilio_sid, f.twilio_sid)
        FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS integer[]), CAST(:outcomes AS text[]), CAST(:counts AS boolean[]),
                    CAST(:statuses AS integer[]), CAST(:codes AS integer[]), CAST(:messages AS text[]), CAST(:sids AS text[]), CAST(:ends AS timestamptz[]))
          AS f(notification_id, number, outcome, counted, http_status, error_code, error_message, twilio_sid, finished_at)
        WHERE d.agency_id = :agency AND d.notification_id = f.notification_id AND d.number = f.number AND d.outcome <> 'ACCEPTED'
        """,
        agency=agency_id,
        now=now,
        ids=[each.notification_id for each in finished],
        numbers=[each.number for each in finished],
        outcomes=[each.outcome for each in finished],
        counts=[each.counted for each in finished],
        statuses=[each.http_status for each in finished],
        codes=[each.error_code for each in finished],
        messages=[each.error_message for each in finished],
        sids=[each.twilio_sid for each in finished],
        ends=[each.finished_at for each in finished],
    )


async def note_failure(
    tx: Transaction,
    agency_id: UUID,
    notification_id: UUID,
    number: int,
    error_code: int | None,
    error_message: str | None,
    *,
    counted: bool = True,
) -> None:
    """What Twilio said later of a message that it had taken."""
    await tx.run(
        """
        UPDATE delivery_attempts SET error_code = :code, error_message = :message, counted = :counted
        WHERE agency_id = :agency AND notification_id = :notification AND number = :number
        """,
        agency=agency_id,
        notification=notification_id,
        number=number,
        code=error_code,
        message=error_message,
        counted=counted,
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


async def named(tx: Transaction, tokens: Sequence[str]) -> dict[str, Named]:
    """Whose attempts callbacks speak of, by token."""
    rows = await tx.all(
        "SELECT token, agency_id, notification_id, number FROM system_attempts(:tokens)", tokens=list(tokens)
    )
    return {
        row["token"]: Named(agency_id=row["agency_id"], notification_id=row["notification_id"], number=row["number"])
        for row in rows
    }


async def known_sids(tx: Transaction, sids: Sequence[str]) -> set[str]:
    """Those of the SIDs that already belong to an attempt, of whatever agency: two may share a sender and a text."""
    rows = await tx.all("SELECT twilio_sid FROM system_known_sids(:sids)", sids=list(sids))
    return {row["twilio_sid"] for row in rows}


async def rivals(tx: Transaction, notification: Notification, began: datetime, fresh_since: datetime) -> Rivals:
    """Other unresolved tries, of whatever agency, that said the same words to the same phone."""
    row = await tx.one(
        "SELECT all_of_them, earlier, fresh FROM system_rivals(:phone, :words, :id, :began, :fresh_since)",
        phone=notification.recipient,
        words=notification.body,
        id=notification.id,
        began=began,
        fresh_since=fresh_since,
    )
    assert row is not None, "a count has a row"
    return Rivals(all_of_them=row["all_of_them"], earlier=row["earlier"], fresh=row["fresh"])


HANDED_OVER = "outcome IN ('IN_FLIGHT', 'ACCEPTED', 'UNKNOWN')"
"""What counts against the caps: what was taken, is on its way, or was perhaps taken."""


async def used(tx: Transaction, agency_id: UUID, now: datetime) -> Used:
    """What counts against the caps now."""
    row = await tx.one(
        f"""
        SELECT count(*) FILTER (WHERE started_at > :hour_ago) AS last_hour, count(*) AS last_day
        FROM delivery_attempts WHERE agency_id = :agency AND started_at > :day_ago AND {HANDED_OVER}
        """,  # noqa: S608
        agency=agency_id,
        hour_ago=now - timedelta(hours=1),
        day_ago=now - timedelta(days=1),
    )
    assert row is not None
    return Used(last_hour=row["last_hour"], last_day=row["last_day"])


async def ageing(tx: Transaction, agency_id: UUID, since: datetime, skip: int, most: int) -> list[datetime]:
    """When the tries that count since then began, oldest first, without the first `skip`."""
    rows = await tx.all(
        f"""
        SELECT started_at FROM delivery_attempts
        WHERE agency_id = :agency AND started_at > :since AND {HANDED_OVER}
        ORDER BY started_at OFFSET :skip LIMIT :most
        """,  # noqa: S608
        agency=agency_id,
        since=since,
        skip=skip,
        most=most,
    )
    return [row["started_at"] for row in rows]
