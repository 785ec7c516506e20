"""Looking at flights: claim, ask, and in one transaction record, decide and publish."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import structlog

from travel import metrics, status, telling, timing
from travel.aeroapi import AeroApi, Answer, LookFailedError, LookFailure
from travel.clock import Clock
from travel.database import Database, Transaction
from travel.enqueue import Wakeups
from travel.model import (
    EventKind,
    Flight,
    FlightSnapshot,
    FlightStatusRecord,
    News,
    StatusSource,
)
from travel.records import agencies, feed, flights, history, outbox, trips, usage

log = structlog.get_logger()

PATIENCE = 5
"""How often a flight that AeroAPI knew before is asked for again soon, when it says that it knows it no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What AeroAPI brought: a snapshot of the flight, or why there is none; and what was charged."""

    asked_at: datetime
    snapshot: FlightSnapshot | None
    failure: LookFailedError | None
    result_sets: int


async def check_flight(
    db: Database, source: AeroApi, wakeups: Wakeups, clock: Clock, flight_id: UUID, *, dollars: float
) -> bool:
    """Look at a flight if it is due: claim it, ask AeroAPI outside of any transaction, write down what came.

    False where it was not due any more, or no living trip is on it. `dollars` is the price of a result set.
    """
    now = clock.now()
    async with db.transaction() as tx:
        flight = await flights.get(tx, flight_id)
        claimed = await flights.claim(tx, flight_id, now, timing.look_again(flight.watch, 1, now))
        if claimed is None:
            return False
        if not await trips.agencies_on(tx, flight_id):
            await flights.retire(tx, flight_id)
            return False
    look = await _ask(source, claimed, now)
    await observe(db, wakeups, clock, flight_id, look, dollars=dollars)
    return True


async def _ask(source: AeroApi, flight: Flight, now: datetime) -> Look:
    """The pinned id first; where it is gone, or none is pinned, the ident around the booked departure."""
    charged = 0
    try:
        if flight.fa_flight_id is not None:
            answer = await source.by_id(flight.fa_flight_id)
            charged += answer.result_sets
            snapshot = _match(flight, answer)
            if snapshot is not None:
                return Look(asked_at=now, snapshot=snapshot, failure=None, result_sets=charged)
        answer = await _resolve(source, flight, now)
        charged += answer.result_sets
        snapshot = _match(replace(flight, fa_flight_id=None), answer)
        if snapshot is not None:
            return Look(asked_at=now, snapshot=snapshot, failure=None, result_sets=charged)
        failure = LookFailedError(
            LookFailure.NO_MATCH, "AeroAPI knows no such flight on this route near this departure"
        )
    except LookFailedError as failed:
        failure = failed
    return Look(asked_at=now, snapshot=None, failure=failure, result_sets=charged)


async def _resolve(source: AeroApi, flight: Flight, now: datetime) -> Answer:
    start = flight.booked_departure_at - status.MATCH_WITHIN
    end = min(flight.booked_departure_at + status.MATCH_WITHIN, now + timing.VISIBLE_AHEAD)
    if start >= end:
        raise LookFailedError(LookFailure.NO_MATCH, "too far ahead for AeroAPI")
    return await source.by_ident(flight.ident, start, end)


def _match(flight: Flight, answer: Answer) -> FlightSnapshot | None:
    for leg in answer.snapshots:
        if not status.is_known_text(str(leg.raw.get("status") or "unknown")):
            metrics.odd_statuses.inc()
    return status.match(flight, answer.snapshots)


async def observe(
    db: Database, wakeups: Wakeups, clock: Clock, flight_id: UUID, look: Look, *, dollars: float
) -> list[UUID]:
    """Write down what a look brought, decide for every trip of every agency, and publish: all or nothing.

    Returns the notifications that were due at once.
    """
    now = clock.now()
    metrics.looks.labels(look.failure.kind if look.failure else "SNAPSHOT").inc()
    metrics.result_sets.inc(look.result_sets)
    due: list[tuple[UUID, list[UUID]]] = []
    async with db.transaction() as tx:
        before = await flights.get(tx, flight_id, lock=True)
        if before.last_checked_at is not None and before.last_checked_at > look.asked_at:
            # A later question was answered earlier: this answer is old news, but it was paid for.
            await _charge(tx, flight_id, look, dollars)
            return []
        if look.snapshot is None:
            assert look.failure is not None
            await _note_failure(tx, before, look.failure, look.asked_at, now)
            after, record = before, None
        else:
            after, record = await _record(tx, before, look.snapshot, look.asked_at, now)
        concerned = await trips.agencies_on(tx, flight_id)
        news: dict[UUID, list[News]] = {}
        wanted: list[datetime] = []
        for agency_id in concerned:
            await tx.become(agency_id)
            carried = await _tell_agency(tx, agency_id, after, record, now)
            news[agency_id] = carried.news
            wanted += carried.wanted_looks
            due.append((agency_id, carried.due))
        await _charge(tx, flight_id, look, dollars)
        if look.snapshot is not None:
            await _set_next_look(tx, after, look.asked_at, wanted, now)
        # The heads of the feeds are locked last, and always in the same order.
        for agency_id in concerned:
            await tx.become(agency_id)
            await feed.publish(tx, agency_id, news[agency_id], now)
    for agency_id, notification_ids in due:
        if notification_ids:
            await wakeups.deliver(agency_id)
    return [each for _, ids in due for each in ids]


async def _tell_agency(
    tx: Transaction, agency_id: UUID, flight: Flight, record: FlightStatusRecord | None, now: datetime
) -> telling.Carried:
    on_flight = await trips.on_flight(tx, agency_id, flight.id)
    agency = await telling.agency(tx, agency_id)
    carried = await telling.tell(tx, agency, flight, on_flight, now, record.id if record else None)
    if record is not None:
        changed = [News(kind=EventKind.TRIP_STATUS_CHANGED, trip_id=trip.id, record_id=record.id) for trip in on_flight]
        carried.news[:0] = changed
    return carried


async def _record(
    tx: Transaction, before: Flight, snapshot: FlightSnapshot, asked_at: datetime, now: datetime
) -> tuple[Flight, FlightStatusRecord | None]:
    """The flight after a snapshot, saved, with a record in the history where something changed."""
    state = status.merge(before.state, snapshot.state)
    changes = status.compare(before.state, state, before.booked_departure_at)
    record = None
    if changes:
        record = await history.append(
            tx,
            flight_id=before.id,
            source=StatusSource.AEROAPI
            if before.pushed_at is None or before.pushed_at > asked_at
            else StatusSource.WEBHOOK,
            phase=status.phase(state),
            state=state,
            changes=changes,
            raw=snapshot.raw,
            now=now,
        )
        for change in changes:
            metrics.changes.labels(change.kind).inc()
    seen_at = (before.cancelled_seen_at or now) if state.cancelled else None
    after = replace(
        before,
        ident_icao=snapshot.ident_icao or before.ident_icao,
        ident_iata=snapshot.ident_iata or before.ident_iata,
        fa_flight_id=snapshot.fa_flight_id,
        state=state,
        phase=status.phase(state),
        best_departure_at=status.best_departure(state, before.booked_departure_at),
        cancelled_seen_at=seen_at,
        last_checked_at=asked_at,
        last_good_at=now,
        consecutive_failures=0,
        last_failure=None,
        pushed_at=before.pushed_at if before.pushed_at is not None and before.pushed_at > asked_at else None,
    )
    return after, record


async def _set_next_look(
    tx: Transaction, flight: Flight, asked_at: datetime, wanted: list[datetime], now: datetime
) -> None:
    look = timing.next_look(flight.state, flight.booked_departure_at, flight.cancelled_seen_at, now, wanted)
    at = now if look.at is not None and _hastened(flight, asked_at) else look.at
    await flights.save(tx, replace(flight, watch=look.watch, next_check_at=at))


def _hastened(flight: Flight, asked_at: datetime) -> bool:
    """Whether somebody asked for another look while this one was under way: the claim had put it further off."""
    claimed_until = timing.look_again(flight.watch, 1, asked_at)
    return flight.next_check_at is not None and flight.next_check_at < claimed_until


async def _note_failure(
    tx: Transaction, flight: Flight, failure: LookFailedError, asked_at: datetime, now: datetime
) -> None:
    """A look that brought nothing never ends the looking: it comes again, later each time, and shows its reason."""
    failures = flight.consecutive_failures + 1
    log.warning("look_failed", flight_id=str(flight.id), kind=failure.kind, detail=failure.detail, failures=failures)
    again_at: datetime | None = timing.look_again(flight.watch, failures, now)
    watch = flight.watch
    unknown = failure.kind in (LookFailure.NO_MATCH, LookFailure.UNKNOWN_IDENT, LookFailure.NOT_FOUND)
    if unknown and (flight.last_good_at is None or failures > PATIENCE):
        # No outage, but an answer: it may know the flight later. The ordinary steps are often enough.
        ordinary = timing.next_look(flight.state, flight.booked_departure_at, flight.cancelled_seen_at, now)
        watch, again_at = ordinary.watch, ordinary.at
    await flights.save(
        tx,
        replace(
            flight,
            watch=watch,
            next_check_at=again_at,
            last_checked_at=asked_at,
            consecutive_failures=failures,
            last_failure=f"{failure.kind}: {failure.detail}"[:300],
        ),
    )


async def _charge(tx: Transaction, flight_id: UUID, look: Look, dollars: float) -> None:
    """Share what a look cost among the agencies that have a trip on the flight."""
    concerned = await trips.agencies_on(tx, flight_id) if look.result_sets else []
    for agency_id in concerned:
        await tx.become(agency_id)
        share = look.result_sets / len(concerned)
        day = look.asked_at.astimezone(UTC).date()
        await usage.charge(tx, agency_id, flight_id, day, share, share * dollars)


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


async def _retell(
    db: Database,
    wakeups: Wakeups,
    clock: Clock,
    agency_id: UUID,
    flight_id: UUID,
) -> None:
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        flight = await flights.get(tx, flight_id, lock=True)
        carried = await _tell_agency(tx, agency_id, flight, None, now)
        if carried.wanted_looks:
            await flights.look_before(tx, flight_id, min(carried.wanted_looks))
        await feed.publish(tx, agency_id, carried.news, now)
    if carried.due:
        await wakeups.deliver(agency_id)
