"""Trips: one traveller on one flight, made by an agency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import Booking, FlightPhase, Language, Trip

COLUMNS = (
    "id, agency_id, flight_id, traveller_name, phone, language, reference, lodging, notes, first_gate, phase, "
    "best_departure_at, booked_at, created_at, updated_at, archived_at"
)

NAMES = tuple(name.strip() for name in COLUMNS.split(","))


@dataclass(frozen=True, kw_only=True, slots=True)
class Keyed:
    """A trip that was made under an idempotency key, and the hash of what was asked then."""

    trip: Trip
    request_hash: bytes


def from_row(row: Mapping[str, Any]) -> Trip:
    """The trip that a row holds."""
    given = {name: row[name] for name in NAMES}
    given["language"], given["phase"] = Language(row["language"]), FlightPhase(row["phase"])
    return Trip(**given)


async def add(
    tx: Transaction, agency_id: UUID, flight_id: UUID, booking: Booking, *, request_hash: bytes, now: datetime
) -> Trip | None:
    """A new trip; None where the traveller already has one on this flight, or the key was used a moment ago."""
    row = await tx.one(
        f"""
        INSERT INTO trips (agency_id, flight_id, traveller_name, phone, language, reference, lodging, notes,
                           idempotency_key, request_hash, best_departure_at, booked_at, created_at, updated_at)
        VALUES (:agency, :flight, :name, :phone, :language, :reference, :lodging, :notes, :key, :hash, :departure, :now, :now, :now)
        ON CONFLICT DO NOTHING
        RETURNING {COLUMNS}
        """,  # noqa: S608
        agency=agency_id,
        flight=flight_id,
        name=booking.traveller_name,
        phone=booking.phone,
        language=booking.language,
        reference=booking.reference,
        lodging=booking.lodging,
        notes=booking.notes,
        key=booking.idempotency_key,
        departure=booking.departure_at,
        hash=request_hash if booking.idempotency_key else None,
        now=now,
    )
    return None if row is None else from_row(row)


async def by_key(tx: Transaction, agency_id: UUID, key: str) -> Keyed | None:
    """The trip that was made under an idempotency key."""
    row = await tx.one(
        f"SELECT {COLUMNS}, request_hash FROM trips WHERE agency_id = :agency AND idempotency_key = :key",  # noqa: S608
        agency=agency_id,
        key=key,
    )
    if row is None:
        return None
    plain = {name: value for name, value in row.items() if name != "request_hash"}
    return Keyed(trip=from_row(plain), request_hash=row["request_hash"])


async def get(tx: Transaction, agency_id: UUID, trip_id: UUID, *, lock: bool = False) -> Trip | None:
    """A trip of the agency."""
    row = await tx.one(
        f"SELECT {COLUMNS} FROM trips WHERE agency_id = :agency AND id = :id {'FOR NO KEY UPDATE' if lock else ''}",  # noqa: S608
        agency=agency_id,
        id=trip_id,
    )
    return None if row is None else from_row(row)


async def many(tx: Transaction, agency_id: UUID, trip_ids: Sequence[UUID]) -> dict[UUID, Trip]:
    """Trips of the agency by id."""
    rows = await tx.all(
        f"SELECT {COLUMNS} FROM trips WHERE agency_id = :agency AND id = ANY(:ids)",  # noqa: S608
        agency=agency_id,
        ids=list(trip_ids),
    )
    return {row["id"]: from_row(row) for row in rows}


async def on_flight(tx: Transaction, agency_id: UUID, flight_id: UUID) -> Sequence[Trip]:
    """The agency's trips on a flight that are not archived."""
    rows = await tx.all(
        f"""
        SELECT {COLUMNS} FROM trips
        WHERE agency_id = :agency AND flight_id = :flight AND archived_at IS NULL
        ORDER BY created_at, id
        """,  # noqa: S608
        agency=agency_id,
        flight=flight_id,
    )
    return [from_row(row) for row in rows]


async def watched(tx: Transaction, agency_id: UUID) -> Sequence[Trip]:
    """The agency's trips that may still bring news: their flight is watched, or a message of theirs waits."""
    rows = await tx.all(
        f"""
        SELECT {COLUMNS} FROM trips t
        WHERE agency_id = :agency AND archived_at IS NULL
          AND (EXISTS (SELECT FROM flights f WHERE f.id = t.flight_id AND f.watch <> 'DONE')
               OR EXISTS (SELECT FROM notifications_log n WHERE n.trip_id = t.id AND n.status = 'PENDING'))
        ORDER BY flight_id, created_at, id
        """,  # noqa: S608
        agency=agency_id,
    )
    return [from_row(row) for row in rows]


async def change(tx: Transaction, trip: Trip) -> None:
    """Write what an agent may change, and the flight."""
    await tx.run(
        """
        UPDATE trips SET flight_id = :flight, traveller_name = :name, phone = :phone, language = :language,
          reference = :reference, lodging = :lodging, notes = :notes, first_gate = :first_gate, booked_at = :booked_at, updated_at = :now
        WHERE agency_id = :agency AND id = :id
        """,
        agency=trip.agency_id,
        id=trip.id,
        flight=trip.flight_id,
        name=trip.traveller_name,
        phone=trip.phone,
        language=trip.language,
        reference=trip.reference,
        lodging=trip.lodging,
        notes=trip.notes,
        first_gate=trip.first_gate,
        booked_at=trip.booked_at,
        now=trip.updated_at,
    )


async def know_gate(tx: Transaction, agency_id: UUID, trip_id: UUID, gate: str) -> None:
    """The gate that counts as known before the first message about one."""
    await tx.run(
        "UPDATE trips SET first_gate = :gate WHERE agency_id = :agency AND id = :id",
        agency=agency_id,
        id=trip_id,
        gate=gate,
    )


async def stand(
    tx: Transaction, agency_id: UUID, trip_id: UUID, phase: FlightPhase, best_departure_at: datetime
) -> None:
    """How the flight counts for the trip now."""
    await tx.run(
        "UPDATE trips SET phase = :phase, best_departure_at = :at WHERE agency_id = :agency AND id = :id",
        agency=agency_id,
        id=trip_id,
        phase=phase,
        at=best_departure_at,
    )


async def archive(tx: Transaction, agency_id: UUID, trip_id: UUID, now: datetime) -> Trip | None:
    """Stop watching a trip; archiving twice keeps the first moment."""
    row = await tx.one(
        f"""
        UPDATE trips SET archived_at = coalesce(archived_at, :now), updated_at = CASE WHEN archived_at IS NULL THEN :now ELSE updated_at END
        WHERE agency_id = :agency AND id = :id
        RETURNING {COLUMNS}
        """,  # noqa: S608
        agency=agency_id,
        id=trip_id,
        now=now,
    )
    return None if row is None else from_row(row)


async def agencies_on(tx: Transaction, flight_id: UUID) -> list[UUID]:
    """The agencies that have a trip on a flight, in the order in which their feeds are to be locked."""
    return [
        row["agency_id"] for row in await tx.all("SELECT agency_id FROM system_agencies_on_flight(:id)", id=flight_id)
    ]


async def agencies_of_phone(tx: Transaction, phone: str) -> list[UUID]:
    """The agencies that have a trip of a phone number."""
    return [row["agency_id"] for row in await tx.all("SELECT agency_id FROM system_agencies_of_phone(:p)", p=phone)]
