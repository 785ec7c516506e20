"""Who takes part: agencies with trips to speak of, and subscribers of every habit."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.streams.checker import Filter, Record
from tests.chaos.streams.doors import by_answer, by_socket
from tests.chaos.streams.subscriber import Subscriber, document
from tests.chaos.streams.writers import Agency
from tests.world import make_agency
from travel import booking
from travel.booking_form import TripForm
from travel.database import Database
from travel.enqueue import Wakeups
from travel.model import FlightPhase, Language, StatusSource
from travel.records import flights, history

TRIPS = 3
NOTES = "n" * 2000
"""As long as notes may be: what a heavy subscription asks for many times."""
HABITS = ("all", "all", "all", "trip", "kinds", "changes", "all by answer", "heavy", "trip and kinds", "all, slowly")
"""The first few are identical, so that those of one agency share an execution."""


def now() -> datetime:
    """The instant of a change."""
    return datetime.now(UTC)


async def agencies(count: int, db: Database, clock: Any) -> list[Agency]:
    """Agencies; the last one's feed forgets."""
    return [
        await _agency(f"Agency {number}", db, clock, forgets=number == count - 1 and number > 0)
        for number in range(count)
    ]


async def _agency(name: str, db: Database, clock: Any, *, forgets: bool) -> Agency:
    agency, key = await make_agency(db, clock, name)
    trips, notifications = [], []
    for number in range(TRIPS):
        form = TripForm(
            traveller_name="Ana Pérez",
            phone=f"+54911555501{number:02}",
            language=Language.ES,
            flight=f"AR130{number}",
            origin="EZE",
            destination="MIA",
            departure=(clock.now() + timedelta(days=2)).isoformat(),
            notes=NOTES,
        )
        trip = await booking.create_trip(db, Wakeups(None), clock, agency.id, form)
        trips.append(trip)
        async with db.transaction(agency.id) as tx:
            notifications.append(
                await tx.value("SELECT id FROM notifications_log WHERE trip_id = :trip LIMIT 1", trip=trip.id)
            )
    async with db.transaction(agency.id) as tx:
        flight = await flights.get(tx, trips[0].flight_id)
        record = await history.append(
            tx,
            flight_id=trips[0].flight_id,
            source=StatusSource.MANUAL,
            phase=FlightPhase.SCHEDULED,
            state=flight.state,
            changes=[],
            raw=None,
            now=clock.now(),
            agency_id=agency.id,
            trip_id=trips[0].id,
        )
    return Agency(
        name=name,
        id=agency.id,
        key=key,
        trips=tuple(trip.id for trip in trips),
        notifications=tuple(notifications),
        record_id=record.id,
        forgets=forgets,
    )


def subscribers(count: int, agencies: list[Agency], seed: int, done: Counter[str]) -> list[Subscriber]:
    """So many, over all agencies and habits alike."""
    return [
        _subscriber(number, agencies[number % len(agencies)], HABITS[number // len(agencies) % len(HABITS)], seed, done)
        for number in range(count)
    ]


def _subscriber(number: int, agency: Agency, habit: str, seed: int, done: Counter[str]) -> Subscriber:
    chance = random.Random(f"{seed} subscriber {number}")
    kinds = frozenset({"NOTIFICATION_UPDATED", "TRIP_UPDATED"}) if "kinds" in habit else None
    if habit == "changes":
        kinds = frozenset({"TRIP_STATUS_CHANGED"})
    trip_id = chance.choice(agency.trips) if habit.startswith("trip") else None
    return Subscriber(
        name=f"subscriber {number} of {agency.name} ({habit})",
        agency=agency,
        enter=by_answer if "answer" in habit else by_socket,
        document=document(habit, heavy=habit == "heavy"),
        record=Record(filter=Filter(trip_id=trip_id, kinds=kinds)),
        chance=chance,
        is_slow=habit == "heavy" or "slowly" in habit,
        done=done,
    )
