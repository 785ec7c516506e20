"""Flights: one row per dated operation, shared by all agencies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from travel.database import Statements, Transaction
from travel.model import Flight, FlightPhase, FlightState, Watch

REPEATED_WITHIN = timedelta(minutes=1)
"""How soon after a look the same push again is a repetition."""

STATE = tuple(field.name for field in fields(FlightState))
"""The columns of a state, in `flights` and in `flight_status_history` alike."""

PLAIN = tuple(field.name for field in fields(Flight) if field.name != "state")
COLUMNS = ", ".join((*PLAIN, *STATE))


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What makes two bookings the same flight."""

    ident: str
    origin: str
    destination: str
    booked_departure_at: datetime


def state_of(row: Mapping[str, Any]) -> FlightState:
    """The state that lies in a row's columns."""
    return FlightState(**{name: row[name] for name in STATE})


def columns_of(state: FlightState) -> dict[str, Any]:
    """A state as the columns it lies in."""
    return {name: getattr(state, name) for name in STATE}


def from_row(row: Mapping[str, Any]) -> Flight:
    """The flight that a row holds."""
    plain = {name: row[name] for name in PLAIN}
    return Flight(**{**plain, "state": state_of(row), "phase": FlightPhase(row["phase"]), "watch": Watch(row["watch"])})


async def ensure(tx: Transaction, identity: Identity, next_check_at: datetime, now: datetime) -> Flight:
    """The flight of an identity, made if nobody booked it before; locked until the transaction ends."""
    await tx.run(
        """
        INSERT INTO flights (ident, origin, destination, booked_departure_at, best_departure_at, next_check_at, created_at)
        VALUES (:ident, :origin, :destination, :booked, :booked, :next_check_at, :now)
        ON CONFLICT (ident, origin, destination, booked_departure_at) DO NOTHING
        """,
        ident=identity.ident,
        origin=identity.origin,
        destination=identity.destination,
        booked=identity.booked_departure_at,
        next_check_at=next_check_at,
        now=now,
    )
    row = await tx.one(
        f"""
        SELECT {COLUMNS} FROM flights
        WHERE ident = :ident AND origin = :origin AND destination = :destination AND booked_departure_at = :booked
        FOR NO KEY UPDATE
        """,  # noqa: S608
        ident=identity.ident,
        origin=identity.origin,
        destination=identity.destination,
        booked=identity.booked_departure_at,
    )
    assert row is not None
    return from_row(row)


async def get(tx: Transaction, flight_id: UUID, *, lock: bool = False) -> Flight:
    """A flight; with `lock`, nobody else changes it until the transaction ends."""
    row = await tx.one(
        f"SELECT {COLUMNS} FROM flights WHERE id = :id {'FOR NO KEY UPDATE' if lock else ''}",  # noqa: S608
        id=flight_id,
    )
    if row is None:
        raise LookupError(f"There is no flight {flight_id}.")
    return from_row(row)


async def many(tx: Statements, flight_ids: Sequence[UUID]) -> dict[UUID, Flight]:
    """Flights by id."""
    rows = await tx.all(f"SELECT {COLUMNS} FROM flights WHERE id = ANY(:ids)", ids=list(flight_ids))  # noqa: S608
    return {row["id"]: from_row(row) for row in rows}


async def due(tx: Statements, watch: Watch, now: datetime, most: int) -> list[UUID]:
    """Flights whose next look is due, the most overdue first."""
    rows = await tx.all(
        "SELECT id FROM flights WHERE watch = :watch AND next_check_at <= :now ORDER BY next_check_at LIMIT :most",
        watch=watch,
        now=now,
        most=most,
    )
    return [row["id"] for row in rows]


async def claim(tx: Transaction, flight_id: UUID, now: datetime, again_at: datetime) -> Flight | None:
    """Take a due look: the next one is set in the same statement, so that no failure can stop the looking.

    None where somebody else took it or it is no longer due.
    """
    row = await tx.one(
        f"""
        UPDATE flights SET next_check_at = :again_at, checks = checks + 1
        WHERE id = :id AND next_check_at <= :now
        RETURNING {COLUMNS}
        """,  # noqa: S608
        id=flight_id,
        now=now,
        again_at=again_at,
    )
    return None if row is None else from_row(row)


async def hasten(tx: Transaction, flight_id: UUID, now: datetime) -> None:
    """Make the next look due now, because somebody asked for it; not where the flight is done."""
    await tx.run(
        """
        UPDATE flights SET next_check_at = least(next_check_at, :now), asked_at = :now
        WHERE id = :id AND watch <> 'DONE'
        """,
        id=flight_id,
        now=now,
    )


async def push(tx: Transaction, flight_id: UUID, digest: bytes, now: datetime) -> None:
    """Make the next look due now, because the source pushed something.

    The same body again asks for nothing new within a minute of the look that answered it; later it is news: a push may hold
    nothing but the flight's id.
    """
    await tx.run(
        """
        UPDATE flights SET next_check_at = least(next_check_at, :now), asked_at = :now, pushed_at = :now, push_digest = :digest
        WHERE id = :id AND watch <> 'DONE' AND (push_digest IS DISTINCT FROM :digest OR last_checked_at <= :answered_since)
        """,
        id=flight_id,
        digest=digest,
        now=now,
        answered_since=now - REPEATED_WITHIN,
    )


async def wake(tx: Transaction, flight_id: UUID, at: datetime) -> None:
    """Watch a flight that had ended being watched, for the sake of a new trip."""
    await tx.run(
        "UPDATE flights SET watch = 'DEPARTURE', next_check_at = :at WHERE id = :id AND watch = 'DONE'",
        id=flight_id,
        at=at,
    )


async def put_off(tx: Statements, flight_id: UUID, claimed_until: datetime, at: datetime) -> None:
    """Give a claimed look back: it was not made, and is due at `at` unless somebody asked for one meanwhile."""
    await tx.run(
        """
        UPDATE flights SET checks = checks - 1, next_check_at = CASE WHEN next_check_at = :claimed_until THEN :at ELSE next_check_at END
        WHERE id = :id AND watch <> 'DONE'
        """,
        id=flight_id,
        claimed_until=claimed_until,
        at=at,
    )


async def beside(
    tx: Transaction, flight: Flight, since: datetime, until: datetime, seen_since: datetime
) -> tuple[int, int]:
    """How many others that were seen lately depart from a flight's airport in a span, and how many of them are cancelled."""
    row = await tx.one(
        """
        SELECT count(*) AS many, count(*) FILTER (WHERE cancelled) AS cancelled FROM flights
        WHERE origin = :origin AND id <> :id AND best_departure_at >= :since AND best_departure_at < :until AND last_good_at >= :seen_since
        """,
        origin=flight.origin,
        id=flight.id,
        since=since,
        until=until,
        seen_since=seen_since,
    )
    assert row is not None, "an aggregate has one row"
    return row["many"], row["cancelled"]


async def retire(tx: Transaction, flight_id: UUID) -> None:
    """Look no more: nobody is on it. A new trip wakes it."""
    await tx.run("UPDATE flights SET watch = 'DONE', next_check_at = NULL WHERE id = :id", id=flight_id)


async def look_before(tx: Transaction, flight_id: UUID, at: datetime) -> None:
    """Bring the next look forward to `at` if it would come later."""
    await tx.run("UPDATE flights SET next_check_at = :at WHERE id = :id AND next_check_at > :at", id=flight_id, at=at)


async def save(tx: Transaction, flight: Flight) -> None:
    """Write everything a look can change; what was booked is not among it."""
    assignments = ", ".join(f"{name} = :{name}" for name in STATE)
    await tx.run(
        f"""
        UPDATE flights SET {assignments}, ident_icao = :ident_icao, ident_iata = :ident_iata, fa_flight_id = :fa_flight_id,
          phase = :phase, best_departure_at = :best_departure_at, cancelled_seen_at = :cancelled_seen_at, watch = :watch,
          next_check_at = :next_check_at, last_checked_at = :last_checked_at, last_good_at = :last_good_at,
          consecutive_failures = :consecutive_failures, last_failure = :last_failure, pushed_at = :pushed_at,
          asked_at = :asked_at
        WHERE id = :id
        """,  # noqa: S608
        **columns_of(flight.state),
        id=flight.id,
        ident_icao=flight.ident_icao,
        ident_iata=flight.ident_iata,
        fa_flight_id=flight.fa_flight_id,
        phase=flight.phase,
        best_departure_at=flight.best_departure_at,
        cancelled_seen_at=flight.cancelled_seen_at,
        watch=flight.watch,
        next_check_at=flight.next_check_at,
        last_checked_at=flight.last_checked_at,
        last_good_at=flight.last_good_at,
        consecutive_failures=flight.consecutive_failures,
        last_failure=flight.last_failure,
        pushed_at=flight.pushed_at,
        asked_at=flight.asked_at,
    )


async def pinned(tx: Transaction, fa_flight_id: str) -> list[UUID]:
    """Flights that are pinned to an id of the source."""
    rows = await tx.all("SELECT id FROM flights WHERE fa_flight_id = :fa", fa=fa_flight_id)
    return [row["id"] for row in rows]


async def overdue_seconds(tx: Transaction, now: datetime) -> float:
    """Age of the most overdue look; 0 when none is overdue."""
    age = await tx.value("SELECT extract(epoch FROM :now - min(next_check_at)) FROM flights", now=now)
    return max(0.0, float(age or 0))
