"""What an agent does with trips: make, change, archive them, and respect those who want no messages."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from travel import booking_form, cadence, status, telling
from travel.booking_form import TripForm
from travel.clock import Clock
from travel.database import Database, Transaction
from travel.enqueue import Wakeups
from travel.model import (
    Booking,
    EventKind,
    Flight,
    Language,
    News,
    OptOutSource,
    RefusedError,
    Trip,
)
from travel.model import (
    UserErrorCode as Code,
)
from travel.records import feed, flights, travellers, trips
from travel.records.flights import Identity


@dataclass(frozen=True, kw_only=True, slots=True)
class TripChange:
    """What shall be different. `None` leaves a field as it is; an empty text takes an optional one away."""

    traveller_name: str | None = None
    phone: str | None = None
    language: Language | None = None
    flight: str | None = None
    departure: str | None = None
    reference: str | None = None
    lodging: str | None = None
    notes: str | None = None


async def create_trip(db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID, form: TripForm) -> Trip:
    """Make a trip and watch its flight. The same idempotency key with the same content gives the trip made before.

    Raises RefusedError.
    """
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        agency = await telling.agency(tx, agency_id)
        # First of all: a retry is answered as the first time, however long ago that was.
        made_before = await _made_before(tx, agency_id, form)
        if made_before is not None:
            return made_before
        booking = booking_form.check(form, language=agency.settings.language, now=now)
        flight = await _watched_flight(tx, booking, now)
        trip = await trips.add(tx, agency_id, flight.id, booking, request_hash=_hash(form), now=now)
        if trip is None:
            # Somebody was faster: with the same key, then this is their trip, or with the same traveller and flight.
            made_before = await _made_before(tx, agency_id, form)
            if made_before is not None:
                return made_before
            raise RefusedError.one(Code.TAKEN, "This traveller already has a trip on this flight.", "flight")
        carried = await telling.tell(tx, agency, flight, [trip], now)
        await telling.look_in_time(tx, flight, carried, now)
        created = News(kind=EventKind.TRIP_CREATED, trip_id=trip.id)
        await feed.publish(tx, agency_id, [created, *carried.news], now)
    if carried.due:
        await wakeups.deliver(agency_id)
    if flight.next_check_at is not None and flight.next_check_at <= now:
        await wakeups.check_flight(flight.id)
    return trip


async def update_trip(
    db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID, trip_id: UUID, change: TripChange
) -> Trip:
    """Change a trip. Another flight or departure makes it watch another flight, and confirms it anew.

    Raises RefusedError.
    """
    try:
        return await _update_trip(db, wakeups, clock, agency_id, trip_id, change)
    except asyncpg.DeadlockDetectedError:
        # Two trips that swap their flights each hold the flight that the other wants; now one of them is done.
        return await _update_trip(db, wakeups, clock, agency_id, trip_id, change)


async def _update_trip(
    db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID, trip_id: UUID, change: TripChange
) -> Trip:
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        agency = await telling.agency(tx, agency_id)
        before, flight = await _changeable(tx, agency_id, trip_id)
        form = _changed_form(before, flight, change)
        rebooked = change.flight is not None or change.departure is not None
        # What stays as it was need not be bookable today: its departure may have passed.
        booking = booking_form.check(form, language=before.language, now=now if rebooked else before.created_at)
        if rebooked:
            if status.departed(flight.state):
                raise RefusedError.one(Code.TOO_LATE, "The flight has already left.", "flight")
            flight = await _watched_flight(tx, booking, now)
        after = _changed(before, booking, flight, now)
        await _write_change(tx, after)
        carried = await telling.tell(tx, agency, flight, [after], now)
        await telling.look_in_time(tx, flight, carried, now)
        await feed.publish(tx, agency_id, [News(kind=EventKind.TRIP_UPDATED, trip_id=trip_id), *carried.news], now)
    if carried.due:
        await wakeups.deliver(agency_id)
    return after


async def archive_trip(db: Database, clock: Clock, agency_id: UUID, trip_id: UUID) -> Trip:
    """Stop watching: what was queued is withdrawn with the reason TRIP_ARCHIVED. Raises RefusedError."""
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        before, flight = await telling.locked_trip(tx, agency_id, trip_id)
        if before.archived_at is not None:
            return before
        trip = await trips.archive(tx, agency_id, trip_id, now)
        assert trip is not None
        carried = await telling.tell(tx, await telling.agency(tx, agency_id), flight, [trip], now)
        await feed.publish(tx, agency_id, [News(kind=EventKind.TRIP_UPDATED, trip_id=trip_id), *carried.news], now)
    return trip


async def set_opt_out(db: Database, clock: Clock, agency_id: UUID, phone: str, *, opted_out: bool) -> str:
    """Send nothing more to a phone, or write to it again. Returns the number as it is kept. Raises RefusedError."""
    number = booking_form.phone_number(phone)
    if number is None:
        raise RefusedError.one(Code.INVALID, "This is no phone number in E.164 form, such as +5491155550101.", "phone")
    async with db.transaction(agency_id) as tx:
        if opted_out:
            await travellers.opt_out(tx, agency_id, number, OptOutSource.AGENCY, clock.now())
        else:
            await travellers.opt_in(tx, agency_id, number)
    return number


def _hash(form: TripForm) -> bytes:
    return hashlib.sha256(orjson.dumps(asdict(form), option=orjson.OPT_SORT_KEYS)).digest()


async def _made_before(tx: Transaction, agency_id: UUID, form: TripForm) -> Trip | None:
    key = (form.idempotency_key or "").strip()
    if not key or "\x00" in key:
        return None
    keyed = await trips.by_key(tx, agency_id, key)
    if keyed is None:
        return None
    if keyed.request_hash != _hash(form):
        raise RefusedError.one(Code.CONFLICT, "This key was used for a trip with other content.", "idempotencyKey")
    return keyed.trip


async def _watched_flight(tx: Transaction, booking: Booking, now: datetime) -> Flight:
    identity = Identity(
        ident=booking.ident,
        origin=booking.origin,
        destination=booking.destination,
        booked_departure_at=booking.departure_at,
    )
    flight = await flights.ensure(tx, identity, cadence.first_look(booking.departure_at, now), now)
    if flight.next_check_at is None and not status.landed(flight.state):
        await flights.wake(tx, flight.id, now)
        flight = await flights.get(tx, flight.id)
    return flight


async def _changeable(tx: Transaction, agency_id: UUID, trip_id: UUID) -> tuple[Trip, Flight]:
    trip, flight = await telling.locked_trip(tx, agency_id, trip_id)
    if trip.archived_at is not None:
        raise RefusedError.one(Code.TOO_LATE, "An archived trip cannot be changed.", "tripId")
    return trip, flight


def _changed_form(trip: Trip, flight: Flight, change: TripChange) -> TripForm:
    def chosen(new: str | None, old: str | None) -> str | None:
        return old if new is None else new

    return TripForm(
        traveller_name=trip.traveller_name if change.traveller_name is None else change.traveller_name,
        phone=trip.phone if change.phone is None else change.phone,
        language=change.language or trip.language,
        flight=flight.ident if change.flight is None else change.flight,
        origin=flight.origin,
        destination=flight.destination,
        departure=flight.booked_departure_at.isoformat() if change.departure is None else change.departure,
        reference=chosen(change.reference, trip.reference),
        lodging=chosen(change.lodging, trip.lodging),
        notes=chosen(change.notes, trip.notes),
    )


def _changed(trip: Trip, booking: Booking, flight: Flight, now: datetime) -> Trip:
    return replace(
        trip,
        flight_id=flight.id,
        traveller_name=booking.traveller_name,
        phone=booking.phone,
        language=booking.language,
        reference=booking.reference,
        lodging=booking.lodging,
        notes=booking.notes,
        first_gate=trip.first_gate if flight.id == trip.flight_id else None,
        updated_at=now,
        booked_at=trip.booked_at if flight.id == trip.flight_id else now,
    )


async def _write_change(tx: Transaction, trip: Trip) -> None:
    others: Sequence[Trip] = await trips.on_flight(tx, trip.agency_id, trip.flight_id)
    if any(other.phone == trip.phone and other.id != trip.id for other in others):
        raise RefusedError.one(Code.TAKEN, "This traveller already has a trip on this flight.", "flight")
    await trips.change(tx, trip)
