"""The append-only history of what flights did."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import (
    ByHand,
    Correction,
    Flight,
    FlightPhase,
    FlightState,
    FlightStatusRecord,
    StatusChange,
    StatusChangeKind,
    StatusSource,
)
from travel.records import flights
from travel.records.flights import STATE, state_of

COLUMNS = "id, ordinal, flight_id, trip_id, source, phase, changes, recorded_at, " + ", ".join(STATE)


def from_row(row: Mapping[str, Any]) -> FlightStatusRecord:
    """The record that a row holds."""
    return FlightStatusRecord(
        id=row["id"],
        ordinal=row["ordinal"],
        flight_id=row["flight_id"],
        trip_id=row["trip_id"],
        source=StatusSource(row["source"]),
        phase=FlightPhase(row["phase"]),
        state=state_of(row),
        changes=tuple(
            StatusChange(kind=StatusChangeKind(each["kind"]), before=each["before"], after=each["after"])
            for each in row["changes"]
        ),
        recorded_at=row["recorded_at"],
    )


async def append(
    tx: Transaction,
    *,
    flight_id: UUID,
    source: StatusSource,
    phase: FlightPhase,
    state: FlightState,
    changes: Sequence[StatusChange],
    raw: Mapping[str, Any] | None,
    now: datetime,
    agency_id: UUID | None = None,
    trip_id: UUID | None = None,
) -> FlightStatusRecord:
    """Add a record; one written by hand names its agency and trip."""
    columns, values = ", ".join(STATE), ", ".join(f":{name}" for name in STATE)
    row = await tx.one(
        f"""
        INSERT INTO flight_status_history (flight_id, agency_id, trip_id, source, phase, changes, raw, recorded_at, {columns})
        VALUES (:flight_id, :agency_id, :trip_id, :source, :phase, :changes, :raw, :now, {values})
        RETURNING {COLUMNS}
        """,  # noqa: S608
        **flights.columns_of(state),
        flight_id=flight_id,
        agency_id=agency_id,
        trip_id=trip_id,
        source=source,
        phase=phase,
        changes=[{"kind": each.kind, "before": each.before, "after": each.after} for each in changes],
        raw=raw,
        now=now,
    )
    assert row is not None
    return from_row(row)


_INSTANTS = frozenset(field.name for field in fields(FlightState) if "datetime" in str(field.type))


async def by_hand(tx: Transaction, agency_id: UUID, trip_ids: Sequence[UUID]) -> dict[UUID, ByHand]:
    """What agents wrote by hand for these trips, about the flight they are on: per field the newest word."""
    rows = await tx.all(
        """
        SELECT h.trip_id, h.raw, h.recorded_at FROM flight_status_history h
        JOIN trips t ON t.id = h.trip_id AND t.flight_id = h.flight_id
        WHERE h.agency_id = :agency AND h.trip_id = ANY(:trips) AND h.source = 'MANUAL'
        ORDER BY h.ordinal
        """,
        agency=agency_id,
        trips=list(trip_ids),
    )
    words: dict[UUID, list[tuple[Mapping[str, Any], datetime]]] = {}
    for row in rows:
        words.setdefault(row["trip_id"], []).append((row["raw"], row["recorded_at"]))
    return {trip: _newest(each) for trip, each in words.items()}


async def flying(tx: Transaction, agency_id: UUID, trip_ids: Sequence[UUID]) -> dict[UUID, tuple[Flight, ByHand]]:
    """The flights of these trips, and what agents wrote by hand about each."""
    columns = ", ".join(f"f.{name}" for name in flights.COLUMNS.split(", "))
    rows = await tx.all(
        f"""
        SELECT t.id AS trip_id, ARRAY(
          SELECT jsonb_build_array(h.raw, h.recorded_at) FROM flight_status_history h
          WHERE h.trip_id = t.id AND h.flight_id = t.flight_id AND h.source = 'MANUAL' ORDER BY h.ordinal
        ) AS words, {columns}
        FROM trips t JOIN flights f ON f.id = t.flight_id WHERE t.agency_id = :agency AND t.id = ANY(:trips)
        """,  # noqa: S608
        agency=agency_id,
        trips=list(trip_ids),
    )
    found = {}
    for row in rows:
        flight = {name: value for name, value in row.items() if name not in ("trip_id", "words")}
        by_hand = _newest([(raw, datetime.fromisoformat(at)) for raw, at in row["words"]])
        found[row["trip_id"]] = flights.from_row(flight), by_hand
    return found


def _newest(words: Sequence[tuple[Mapping[str, Any], datetime]]) -> ByHand:
    """Per field the last word; they come in order."""
    corrections = {
        name: Correction(field=name, value=_parsed(name, value), over=_parsed(name, over))
        for raw, _ in words
        for name, (value, over) in raw.items()
    }
    return ByHand(corrections=tuple(corrections.values()), at=words[-1][1] if words else None)


def _parsed(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if value is not None and name in _INSTANTS else value


def raw_of(corrections: Sequence[Correction]) -> dict[str, Any]:
    """What `by_hand` reads again: field → [value, over]."""
    return {each.field: [each.value, each.over] for each in corrections}
