"""The append-only history of what flights did."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import (
    ByHand,
    Correction,
    FlightPhase,
    FlightState,
    FlightStatusRecord,
    StatusChange,
    StatusChangeKind,
    StatusSource,
)
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
        **asdict(state),
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
    words: dict[UUID, dict[str, Correction]] = {}
    at: dict[UUID, datetime] = {}
    for row in rows:
        for name, (value, over) in row["raw"].items():
            correction = Correction(field=name, value=_parsed(name, value), over=_parsed(name, over))
            words.setdefault(row["trip_id"], {})[name] = correction
        at[row["trip_id"]] = row["recorded_at"]
    return {trip: ByHand(corrections=tuple(each.values()), at=at[trip]) for trip, each in words.items()}


def _parsed(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if value is not None and name in _INSTANTS else value


def raw_of(corrections: Sequence[Correction]) -> dict[str, Any]:
    """What `by_hand` reads again: field → [value, over]."""
    return {each.field: [each.value, each.over] for each in corrections}
