"""Deciding anew when not the flights changed, but an agency's settings."""

from uuid import UUID

from travel.clock import Clock
from travel.database import Database
from travel.enqueue import Wakeups
from travel.records import agencies, feed, flights, outbox, trips
from travel.tracking.observing import tell_agency


async def replan_agency(db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID) -> None:
    """Decide anew about every live trip of an agency whose settings changed."""
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        version = (await agencies.settings(tx, agency_id)).version
        freed = await outbox.free(tx, agency_id, outbox.CAPPED, now)
        watched = await trips.watched(tx, agency_id)
    if freed:
        await wakeups.deliver(agency_id)
    for flight_id in dict.fromkeys(trip.flight_id for trip in watched):
        await _retell(db, wakeups, clock, agency_id, flight_id)
    async with db.transaction(agency_id) as tx:
        await agencies.planned(tx, agency_id, version)


async def _retell(db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID, flight_id: UUID) -> None:
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        flight = await flights.get(tx, flight_id, lock=True)
        carried = await tell_agency(tx, agency_id, flight, None, now)
        if carried.wanted_looks:
            await flights.look_before(tx, flight_id, min(each.at for each in carried.wanted_looks))
        await feed.publish(tx, agency_id, carried.news, now)
    if carried.due:
        await wakeups.deliver(agency_id)
