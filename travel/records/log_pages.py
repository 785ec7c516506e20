"""Pages of notifications and of status records, for one trip, for many at once, or for the whole agency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import NotificationStatus, NotificationType
from travel.records import history, notifications
from travel.records.pages import Page, Place, Window, page


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which notifications are wanted; None means any. The span is of their creation."""

    statuses: tuple[NotificationStatus, ...] | None = None
    types: tuple[NotificationType, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


_WANTED = """
  (CAST(:statuses AS text[]) IS NULL OR n.status = ANY(CAST(:statuses AS text[])))
  AND (CAST(:types AS text[]) IS NULL OR n.notification_type = ANY(CAST(:types AS text[])))
  AND (CAST(:since AS timestamptz) IS NULL OR n.created_at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR n.created_at < :until)
"""

_NOTIFICATION = ", ".join(f"n.{name.strip()}" for name in notifications.COLUMNS.split(","))
_RECORD = ", ".join(f"h.{name.strip()}" for name in history.COLUMNS.split(","))


def _wanted(wanted: Filter) -> dict[str, Any]:
    return {
        "statuses": list(wanted.statuses) if wanted.statuses is not None else None,
        "types": list(wanted.types) if wanted.types is not None else None,
        "since": wanted.since,
        "until": wanted.until,
    }


def _bounds(window: Window) -> dict[str, Any]:
    return {
        "after": window.after.key if window.after else None,
        "before": window.before.key if window.before else None,
        "most": window.limit + 1,
    }


def _within(column: str) -> str:
    # The newest comes first, so "after" a place means with a smaller number.
    return f"""
      (CAST(:after AS bigint) IS NULL OR {column} < CAST(:after AS bigint))
      AND (CAST(:before AS bigint) IS NULL OR {column} > CAST(:before AS bigint))
    """


async def notifications_of_agency(tx: Transaction, agency_id: UUID, wanted: Filter, window: Window) -> Page:
    """A page of all notifications of the agency, newest first."""
    rows = await tx.all(
        f"""
        SELECT {_NOTIFICATION} FROM notifications_log n
        WHERE n.agency_id = :agency AND {_WANTED} AND {_within("n.ordinal")}
        ORDER BY n.ordinal {"ASC" if window.backwards else "DESC"} LIMIT :most
        """,  # noqa: S608
        agency=agency_id,
        **_wanted(wanted),
        **_bounds(window),
    )
    return page([(notifications.from_row(row), Place(row["ordinal"], str(row["id"]))) for row in rows], window)


async def count_notifications(
    tx: Transaction, agency_id: UUID, wanted: Filter, trip_ids: Sequence[UUID] | None = None
) -> dict[UUID | None, int]:
    """How many notifications there are: by trip, or under None for the whole agency."""
    if trip_ids is None:
        whole = await tx.value(
            f"SELECT count(*) FROM notifications_log n WHERE n.agency_id = :agency AND {_WANTED}",  # noqa: S608
            agency=agency_id,
            **_wanted(wanted),
        )
        return {None: whole}
    rows = await tx.all(
        f"""
        SELECT n.trip_id, count(*) AS many FROM notifications_log n
        WHERE n.agency_id = :agency AND n.trip_id = ANY(:trips) AND {_WANTED} GROUP BY n.trip_id
        """,  # noqa: S608
        agency=agency_id,
        trips=list(trip_ids),
        **_wanted(wanted),
    )
    return {row["trip_id"]: row["many"] for row in rows}


async def notifications_of_trips(
    tx: Transaction, agency_id: UUID, trip_ids: Sequence[UUID], wanted: Filter, window: Window
) -> dict[UUID, Page]:
    """A page for each of the trips, newest first, in one statement."""
    rows = await tx.all(
        f"""
        SELECT asked.trip AS asked, {_NOTIFICATION}
        FROM unnest(CAST(:trips AS uuid[])) AS asked(trip)
        CROSS JOIN LATERAL (
          SELECT * FROM notifications_log n
          WHERE n.agency_id = :agency AND n.trip_id = asked.trip AND {_WANTED} AND {_within("n.ordinal")}
          ORDER BY n.ordinal {"ASC" if window.backwards else "DESC"} LIMIT :most
        ) n
        """,  # noqa: S608
        agency=agency_id,
        trips=list(trip_ids),
        **_wanted(wanted),
        **_bounds(window),
    )
    return _by_trip(trip_ids, [(row["asked"], notifications.from_row(row)) for row in rows], window)


async def history_of_trips(
    tx: Transaction, agency_id: UUID, trip_ids: Sequence[UUID], window: Window
) -> dict[UUID, Page]:
    """A page of the records that count for each of the trips, newest first, in one statement."""
    rows = await tx.all(
        f"""
        SELECT t.id AS asked, {_RECORD}
        FROM trips t
        CROSS JOIN LATERAL (
          SELECT * FROM flight_status_history h
          WHERE h.flight_id = t.flight_id AND (h.trip_id IS NULL OR h.trip_id = t.id) AND {_within("h.ordinal")}
          ORDER BY h.ordinal {"ASC" if window.backwards else "DESC"} LIMIT :most
        ) h
        WHERE t.agency_id = :agency AND t.id = ANY(:trips)
        """,  # noqa: S608
        agency=agency_id,
        trips=list(trip_ids),
        **_bounds(window),
    )
    return _by_trip(trip_ids, [(row["asked"], history.from_row(row)) for row in rows], window)


async def count_history(tx: Transaction, agency_id: UUID, trip_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many records count for each of the trips."""
    rows = await tx.all(
        """
        SELECT t.id, count(*) AS many FROM trips t
        JOIN flight_status_history h ON h.flight_id = t.flight_id AND (h.trip_id IS NULL OR h.trip_id = t.id)
        WHERE t.agency_id = :agency AND t.id = ANY(:trips) GROUP BY t.id
        """,
        agency=agency_id,
        trips=list(trip_ids),
    )
    return {row["id"]: row["many"] for row in rows}


async def records(tx: Transaction, agency_id: UUID, record_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Status records by id, where a trip of the agency is on their flight, or was when the agency heard of it."""
    rows = await tx.all(
        f"""
        SELECT {_RECORD} FROM flight_status_history h
        WHERE h.id = ANY(:ids)
          AND (EXISTS (SELECT FROM trips t WHERE t.flight_id = h.flight_id AND t.agency_id = :agency)
               OR EXISTS (SELECT FROM events e WHERE e.record_id = h.id AND e.agency_id = :agency))
        """,  # noqa: S608
        agency=agency_id,
        ids=list(record_ids),
    )
    return {row["id"]: history.from_row(row) for row in rows}


def _by_trip(trip_ids: Sequence[UUID], rows: list[tuple[UUID, Any]], window: Window) -> dict[UUID, Page]:
    found: dict[UUID, list[tuple[Any, Place]]] = {trip_id: [] for trip_id in trip_ids}
    for trip_id, value in sorted(rows, key=lambda row: row[1].ordinal, reverse=not window.backwards):
        found[trip_id].append((value, Place(value.ordinal, str(value.id))))
    return {trip_id: page(each, window) for trip_id, each in found.items()}
