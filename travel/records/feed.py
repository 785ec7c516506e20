"""The agency's stream: a dense number per agency, given in the transaction of the change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import Event, EventKind, News

CHANNEL = "bauhaus_feed"
"""NOTIFY says whose feed moved and carries nothing else; whoever hears it reads the rows."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream stands: its newest number, and the oldest that can still be read."""

    sequence: int
    oldest: int


def _event(row: Mapping[str, Any]) -> Event:
    return Event(**{**row, "kind": EventKind(row["kind"])})


async def publish(tx: Transaction, agency_id: UUID, news: Sequence[News], now: datetime) -> None:
    """Give news their numbers. It locks the agency's head, so it comes last before the commit."""
    if not news:
        return
    await tx.run(
        """
        WITH head AS (
          UPDATE feed_heads SET sequence = sequence + :count WHERE agency_id = :agency RETURNING sequence - :count AS before
        ), published AS (
          INSERT INTO events (agency_id, sequence, kind, trip_id, record_id, notification_id, occurred_at)
          SELECT :agency, head.before + n.place, n.kind, n.trip_id, n.record_id, n.notification_id, :now
          FROM head, unnest(CAST(:kinds AS text[]), CAST(:trips AS uuid[]), CAST(:records AS uuid[]), CAST(:notifications AS uuid[]))
            WITH ORDINALITY AS n(kind, trip_id, record_id, notification_id, place)
          RETURNING 1
        )
        SELECT pg_notify(:channel, :agency_name) FROM (SELECT count(*) FROM published) AS done
        """,
        agency=agency_id,
        agency_name=str(agency_id),
        count=len(news),
        kinds=[each.kind for each in news],
        trips=[each.trip_id for each in news],
        records=[each.record_id for each in news],
        notifications=[each.notification_id for each in news],
        channel=CHANNEL,
        now=now,
    )


async def head(tx: Transaction, agency_id: UUID) -> Head:
    """Where the agency's stream stands."""
    row = await tx.one("SELECT sequence, oldest FROM feed_heads WHERE agency_id = :agency", agency=agency_id)
    assert row is not None, "an agency is made with the head of its feed"
    return Head(row["sequence"], row["oldest"])


async def after(tx: Transaction, agency_id: UUID, sequence: int, most: int) -> list[Event]:
    """The events later than `sequence`, in order."""
    rows = await tx.all(
        """
        SELECT agency_id, sequence, kind, trip_id, record_id, notification_id, occurred_at FROM events
        WHERE agency_id = :agency AND sequence > :sequence ORDER BY sequence LIMIT :most
        """,
        agency=agency_id,
        sequence=sequence,
        most=most,
    )
    return [_event(row) for row in rows]


async def forget(tx: Transaction, agency_id: UUID, before: datetime) -> int:
    """Delete what happened before an instant and move the oldest number accordingly; how many went."""
    gone = await tx.all(
        "DELETE FROM events WHERE agency_id = :agency AND occurred_at < :before RETURNING sequence",
        agency=agency_id,
        before=before,
    )
    if gone:
        oldest = max(row["sequence"] for row in gone) + 1
        await tx.run(
            "UPDATE feed_heads SET oldest = greatest(oldest, :oldest) WHERE agency_id = :agency",
            agency=agency_id,
            oldest=oldest,
        )
    return len(gone)
