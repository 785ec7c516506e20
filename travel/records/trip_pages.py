"""Trips as the portal lists them: filtered, ordered, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import TripStatus
from travel.records.pages import Page, Place, Window, page
from travel.records.trips import NAMES, from_row


class Order(StrEnum):
    """What trips are ordered by."""

    DEPARTURE = "DEPARTURE"
    CREATED = "CREATED"
    UPDATED = "UPDATED"


_KEYS = {Order.DEPARTURE: "t.best_departure_at", Order.CREATED: "t.created_at", Order.UPDATED: "t.updated_at"}

# The same table of cases as status.trip_status.
STATUS = """
  CASE WHEN t.archived_at IS NOT NULL THEN 'ARCHIVED'
       WHEN t.phase IN ('LANDED', 'ARRIVED') THEN 'LANDED'
       WHEN t.phase = 'CANCELLED' THEN 'CANCELLED'
       WHEN t.phase = 'DIVERTED' THEN 'DIVERTED'
       WHEN f.watch = 'DONE' THEN 'LOST'
       WHEN t.phase = 'AIRBORNE' THEN 'IN_FLIGHT'
       WHEN t.phase = 'TAXIING_OUT' OR t.best_departure_at <= CAST(:now AS timestamptz) + interval '3 hours' THEN 'DEPARTING'
       ELSE 'UPCOMING' END
"""

_WHERE = f"""
  t.agency_id = :agency
  AND (:archived OR t.archived_at IS NULL)
  AND (CAST(:statuses AS text[]) IS NULL OR {STATUS} = ANY(CAST(:statuses AS text[])))
  AND (CAST(:search AS text) IS NULL OR t.traveller_name ILIKE :search OR t.phone LIKE :search OR t.reference ILIKE :search
       OR f.ident ILIKE :search OR f.ident_iata ILIKE :search OR f.ident = :searched_ident)
  AND (CAST(:ident AS text) IS NULL OR f.ident = :ident)
  AND (CAST(:departure_from AS timestamptz) IS NULL OR t.best_departure_at >= :departure_from)
  AND (CAST(:departure_until AS timestamptz) IS NULL OR t.best_departure_at < :departure_until)
  AND (CAST(:origin AS text) IS NULL OR f.origin = :origin)
  AND (CAST(:destination AS text) IS NULL OR f.destination = :destination)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which trips are wanted; None means any. `origin` and `destination` are ICAO codes, `ident` is canonical."""

    search: str | None = None
    searched_ident: str | None = None
    """The same text as a canonical flight number, if it is one."""
    statuses: tuple[TripStatus, ...] | None = None
    ident: str | None = None
    departure_from: datetime | None = None
    departure_until: datetime | None = None
    origin: str | None = None
    destination: str | None = None
    archived: bool = False


def _values(agency_id: UUID, wanted: Filter, now: datetime) -> dict[str, Any]:
    escaped = (wanted.search or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "agency": agency_id,
        "now": now,
        "archived": wanted.archived or TripStatus.ARCHIVED in (wanted.statuses or ()),
        "statuses": list(wanted.statuses) if wanted.statuses is not None else None,
        "search": f"%{escaped}%" if wanted.search else None,
        "searched_ident": wanted.searched_ident,
        "ident": wanted.ident,
        "departure_from": wanted.departure_from,
        "departure_until": wanted.departure_until,
        "origin": wanted.origin,
        "destination": wanted.destination,
    }


def order_name(order: Order, *, descending: bool) -> str:
    """As cursors say to which order they belong."""
    return f"-{order}" if descending else str(order)


async def read(
    tx: Transaction, agency_id: UUID, wanted: Filter, order: Order, window: Window, now: datetime, *, descending: bool
) -> Page:
    """A page of trips; of each, what makes it from its row, since often nobody looks at it."""
    key = _KEYS[order]
    # Backwards, the same order is read from its other end.
    down = descending != window.backwards
    beyond, within = ("<", ">") if descending else (">", "<")
    named = order_name(order, descending=descending)
    rows = await tx.all(
        f"""
        SELECT {", ".join(f"t.{name}" for name in NAMES)}, {key} AS place
        FROM trips t JOIN flights f ON f.id = t.flight_id
        WHERE {_WHERE}
          AND (CAST(:after_id AS uuid) IS NULL OR ({key}, t.id) {beyond} (:after_key, :after_id))
          AND (CAST(:before_id AS uuid) IS NULL OR ({key}, t.id) {within} (:before_key, :before_id))
        ORDER BY {key} {"DESC" if down else "ASC"}, t.id {"DESC" if down else "ASC"}
        LIMIT :most
        """,  # noqa: S608
        **_values(agency_id, wanted, now),
        after_key=window.after.key if window.after else None,
        after_id=window.after.id if window.after else None,
        before_key=window.before.key if window.before else None,
        before_id=window.before.id if window.before else None,
        most=window.limit + 1,
    )
    return page([(partial(from_row, row), Place(row["place"], str(row["id"]), named)) for row in rows], window)


async def count(tx: Transaction, agency_id: UUID, wanted: Filter, now: datetime) -> int:
    """How many trips there are in all pages together."""
    counted: int = await tx.value(
        f"SELECT count(*) FROM trips t JOIN flights f ON f.id = t.flight_id WHERE {_WHERE}",  # noqa: S608
        **_values(agency_id, wanted, now),
    )
    return counted
