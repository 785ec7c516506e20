"""Looking at a flight that is due: claim it, see who pays, take a place, ask AeroAPI, and have it written down."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import uniform
from uuid import UUID

import structlog

from travel import cadence, metrics, thrift
from travel.aeroapi import LookFailure
from travel.cadence import Airport
from travel.database import Transaction
from travel.model import Flight, LookStage
from travel.records import flights, usage
from travel.thrift import Purse
from travel.tracking.observing import Payment, Rest, observe, rest
from travel.tracking.resolving import ask
from travel.tracking.watcher import AEROAPI, Watcher

log = structlog.get_logger()

PATIENCE = {LookStage.FAR: -1.0, LookStage.CRUISE: 1.0, LookStage.DEPARTURE: 2.0, LookStage.LANDING: 15.0}
"""How many seconds a look waits for its place in AeroAPI's rate; a far one leaves the last free place to others."""
AROUND, LATELY = timedelta(hours=5), timedelta(hours=1)
"""Other departures of an airport so near to now, seen so lately, say how it fares."""


async def check_flight(watcher: Watcher, flight_id: UUID) -> bool:
    """Look at a flight if it is due. AeroAPI is asked outside of any transaction.

    False where it was not due any more, no living trip is on it, or the look has to wait or to rest.
    """
    now = watcher.clock.now()
    async with watcher.db.transaction() as tx:
        before = await flights.get(tx, flight_id)
        claimed = await flights.claim(tx, flight_id, now, cadence.look_again(watcher.cadence, before.watch, 1, now))
        if claimed is None:
            return False
        # Somebody may have asked for a look between the two.
        due = replace(claimed, next_check_at=before.next_check_at)
        spent = await usage.of_flight(tx, flight_id, now.astimezone(UTC).date())
        if len(spent) == 1:
            await flights.retire(tx, flight_id)
            return False
        stage = cadence.stage(watcher.cadence, due, now)
        resting, payment = _judged(watcher, due, spent, stage)
        if resting is None and await _is_calm(tx, watcher, due, now):
            resting = Rest(at_level={}, until_budget=False)
    if resting is not None:
        metrics.looks_rested.labels("budget" if resting.until_budget else "calm").inc()
        await rest(watcher, claimed, resting)
        return False
    if not await _has_place(watcher, claimed, stage, now):
        return False
    look = await ask(watcher.source, claimed, now)
    if look.failure is not None and look.failure.kind is LookFailure.RATE_LIMITED:
        # It comes with no Retry-After; who is refused at a minute's end must not come back all at once.
        await watcher.pace.rest(AEROAPI, uniform(2, 20))  # noqa: S311 - it spreads, it hides nothing.
    await observe(watcher, flight_id, look, payment)
    return True


def _judged(watcher: Watcher, due: Flight, spent: list[usage.Spent], stage: LookStage) -> tuple[Rest | None, Payment]:
    """Who pays for the look, or how it rests."""
    purses = [Purse(agency_id=each.agency_id, spent=each.dollars, budget=each.budget) for each in spent]
    agencies, house = purses[:-1], replace(purses[-1], budget=watcher.daily_budget)
    # What somebody asked for was allowed when it was asked for; what nobody can pay any more it is not.
    paid_as = LookStage.LANDING if due.asked_at is not None else stage
    payers = thrift.payers(house, agencies, paid_as)
    if payers:
        return None, Payment(payers=payers, dollars=watcher.dollars)
    levels = {each.agency_id: max(thrift.level(each), thrift.level(house)) for each in agencies if each.agency_id}
    log.warning("look_rests", flight_id=str(due.id), stage=stage, house_spent=house.spent)
    return Rest(at_level=levels, until_budget=True), Payment(payers=[], dollars=0)


async def _is_calm(tx: Transaction, watcher: Watcher, due: Flight, now: datetime) -> bool:
    """Whether this look is the one far before the departure, and the airport gives no reason for it."""
    if due.asked_at is not None or not cadence.is_far_look(watcher.cadence, due):
        return False
    departures, cancelled = await flights.beside(tx, due, now - AROUND, now + AROUND, now - LATELY)
    return Airport(departures=departures, cancelled=cancelled).is_calm


async def _has_place(watcher: Watcher, claimed: Flight, stage: LookStage, now: datetime) -> bool:
    """A place in AeroAPI's rate; without one the claim is given back until there is."""
    patience = PATIENCE[stage]
    wait = (await watcher.pace.places(AEROAPI, 1, patience))[0]
    if wait <= max(patience, 0.0):
        await asyncio.sleep(wait)
        return True
    metrics.looks_rested.labels("rate").inc()
    later = now + timedelta(seconds=wait * uniform(1, 1.5))  # noqa: S311 - it spreads, it hides nothing.
    assert claimed.next_check_at is not None, "a claim sets it"
    async with watcher.db.single() as tx:
        await flights.put_off(tx, claimed.id, claimed.next_check_at, later)
    return False
