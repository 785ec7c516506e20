"""What somebody outside may ask of the watching: an agent wants a look now or knows better, the source pushes."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from travel import cadence, status, telling
from travel.aeroapi import LookFailure
from travel.clock import Clock
from travel.database import Database, Transaction
from travel.enqueue import Wakeups
from travel.model import (
    Correction,
    EventKind,
    Flight,
    FlightState,
    FlightStatusRecord,
    News,
    Refusal,
    RefusedError,
    StatusSource,
    Trip,
    Watch,
)
from travel.model import (
    UserErrorCode as Code,
)
from travel.records import agencies, feed, flights, history, usage


async def check_trip(db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID, trip_id: UUID) -> Trip:
    """Make the next look at a trip's flight due now, within the agency's budget. Raises RefusedError."""
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        trip, flight = await _live_trip(tx, agency_id, trip_id)
        if flight.watch is Watch.DONE:
            raise RefusedError.one(Code.TOO_LATE, "The flight is over and no longer watched.", "tripId")
        if now < flight.booked_departure_at - cadence.VISIBLE_AHEAD:
            raise RefusedError.one(
                Code.TOO_LATE, "AeroAPI knows a flight from 48 hours before its departure.", "tripId"
            )
        budget = (await agencies.settings(tx, agency_id)).daily_aeroapi_budget_usd
        if budget is not None and await usage.spent(tx, agency_id, now.date()) >= budget:
            raise RefusedError.one(Code.LIMIT_REACHED, "Today's AeroAPI budget of the agency is used up.", "tripId")
        if _was_unknown(flight, now):
            return trip
        await flights.hasten(tx, flight.id, now)
    if flight.watch is Watch.LANDING:
        await wakeups.check_landing(flight.id)
    else:
        await wakeups.check_flight(flight.id)
    return trip


UNKNOWN_FOR = timedelta(minutes=1)
"""How long AeroAPI's word that it knows no such flight is not asked for again."""


def _was_unknown(flight: Flight, now: datetime) -> bool:
    said = flight.last_failure or ""
    unknown = said.startswith((LookFailure.NO_MATCH, LookFailure.UNKNOWN_IDENT, LookFailure.NOT_FOUND))
    return unknown and flight.last_checked_at is not None and now - flight.last_checked_at < UNKNOWN_FOR


BY_HAND = {
    "estimated_out": "departureEstimatedAt",
    "estimated_in": "arrivalEstimatedAt",
    "actual_out": "departureActualAt",
    "actual_in": "arrivalActualAt",
    "gate_origin": "gateOrigin",
    "terminal_origin": "terminalOrigin",
    "cancelled": "cancelled",
}
"""What can be written by hand: the field of FlightState, and what callers know it as."""


async def record_by_hand(
    db: Database,
    wakeups: Wakeups,
    clock: Clock,
    agency_id: UUID,
    trip_id: UUID,
    values: Mapping[str, datetime | str | bool],
) -> tuple[Trip, FlightStatusRecord]:
    """Write a status by hand: fields of FlightState that count for this trip until the source says something new.

    Raises RefusedError.
    """
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        trip, flight = await _live_trip(tx, agency_id, trip_id)
        _refuse_impossible(flight, values, now)
        if status.landed(flight.state):
            raise RefusedError.one(Code.TOO_LATE, "The flight has landed.", "tripId")
        record = await _append_by_hand(tx, agency_id, trip, flight, values, now)
        carried = await telling.tell(tx, await telling.agency(tx, agency_id), flight, [trip], now, record.id)
        await telling.look_in_time(tx, flight, carried, now)
        changed = News(kind=EventKind.TRIP_STATUS_CHANGED, trip_id=trip.id, record_id=record.id)
        await feed.publish(tx, agency_id, [changed, *carried.news], now)
    if carried.due:
        await wakeups.deliver(agency_id)
    return trip, record


SAID_WITHIN = timedelta(days=3)
"""How far from the booked departure a time written by hand may lie."""


def _refuse_impossible(flight: Flight, values: Mapping[str, datetime | str | bool], now: datetime) -> None:
    """Raises RefusedError with every value that no flight can have."""
    wrong = []
    for field, value in values.items():
        path = BY_HAND[field]
        if isinstance(value, str) and not (1 <= len(value) <= 20 and value.isprintable() and value.strip() == value):
            wrong.append(Refusal(Code.INVALID, "1 to 20 printable characters.", (path,)))
        elif isinstance(value, datetime) and abs(value - flight.booked_departure_at) > SAID_WITHIN:
            wrong.append(Refusal(Code.INVALID, "This lies more than three days from the booked departure.", (path,)))
        elif isinstance(value, datetime) and field.startswith("actual") and value > now:
            wrong.append(Refusal(Code.INVALID, "This has not happened yet.", (path,)))
    if not values:
        wrong.append(Refusal(Code.INVALID, "Nothing was said about the flight.", ("tripId",)))
    if wrong:
        raise RefusedError(wrong)


async def _append_by_hand(
    tx: Transaction,
    agency_id: UUID,
    trip: Trip,
    flight: Flight,
    values: Mapping[str, datetime | str | bool],
    now: datetime,
) -> FlightStatusRecord:
    known = (await history.by_hand(tx, agency_id, [trip.id])).get(trip.id)
    before = status.corrected(flight, known).state if known else flight.state
    state = FlightState(**{**{name: getattr(before, name) for name in flights.STATE}, **values})
    corrections = [
        Correction(field=name, value=value, over=getattr(flight.state, name)) for name, value in values.items()
    ]
    return await history.append(
        tx,
        flight_id=flight.id,
        agency_id=agency_id,
        trip_id=trip.id,
        source=StatusSource.MANUAL,
        phase=status.phase(state),
        state=state,
        changes=status.compare(before, state, flight.booked_departure_at),
        raw=history.raw_of(corrections),
        now=now,
    )


async def push(db: Database, wakeups: Wakeups, clock: Clock, fa_flight_id: str, body: bytes) -> None:
    """AeroAPI pushed something about a flight: look at once, believe nothing of it. The same body again is no news."""
    now = clock.now()
    async with db.transaction() as tx:
        pinned = await flights.pinned(tx, fa_flight_id)
        for flight_id in pinned:
            await flights.push(tx, flight_id, hashlib.sha256(body).digest(), now)
    for flight_id in pinned:
        await wakeups.check_flight(flight_id)


async def _live_trip(tx: Transaction, agency_id: UUID, trip_id: UUID) -> tuple[Trip, Flight]:
    trip, flight = await telling.locked_trip(tx, agency_id, trip_id)
    if trip.archived_at is not None:
        raise RefusedError.one(Code.TOO_LATE, "The trip is archived.", "tripId")
    return trip, flight
