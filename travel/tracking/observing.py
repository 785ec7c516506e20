"""Writing down what a look brought, deciding for every trip of every agency, and publishing: all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import structlog

from travel import cadence, metrics, status, telling, thrift
from travel.aeroapi import LookFailedError, LookFailure
from travel.cadence import NextLook, Wanted
from travel.database import Transaction
from travel.model import EventKind, Flight, FlightSnapshot, FlightStatusRecord, News, StatusSource
from travel.records import feed, flights, history, trips, usage
from travel.tracking.resolving import Look
from travel.tracking.watcher import Watcher

log = structlog.get_logger()

PATIENCE = 5
"""How often a flight that AeroAPI knew before is asked for again soon, when it says that it knows it no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Payment:
    """The agencies that share the price of a look, and what a result set costs in dollars."""

    payers: Sequence[UUID]
    dollars: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """A look that is not made. `at_level`: how many stages of looks rest for each agency, where a budget is why."""

    at_level: Mapping[UUID, int]
    until_budget: bool


async def observe(watcher: Watcher, flight_id: UUID, look: Look, payment: Payment) -> list[UUID]:
    """Write down what a look brought. Returns the notifications that were due at once."""
    now = watcher.clock.now()
    metrics.looks.labels(look.failure.kind if look.failure else "SNAPSHOT").inc()
    metrics.result_sets.inc(look.result_sets)
    async with watcher.db.transaction() as tx:
        before = await flights.get(tx, flight_id, lock=True)
        if before.last_checked_at is not None and before.last_checked_at > look.asked_at:
            # A later question was answered earlier: this answer is old news, but it was paid for.
            await _charge(tx, flight_id, look, payment)
            return []
        record = None
        if look.snapshot is None:
            assert look.failure is not None
            after = _failed(before, look.failure, look.asked_at)
        else:
            after, record = await _record(tx, before, look.snapshot, look.asked_at, now)
        told = await _tell_everybody(tx, after, record, now)
        await _charge(tx, flight_id, look, payment)
        if look.failure is None:
            planned = cadence.next_look(watcher.cadence, before, after, now, told.wanted_looks)
        else:
            planned = _after_failure(watcher, after, look.failure, told.wanted_looks, now)
        claimed_until = cadence.look_again(watcher.cadence, before.watch, 1, look.asked_at)
        await flights.save(tx, _planned(after, planned, claimed_until, now))
        await told.publish(tx, now)
    await told.wake(watcher)
    return [each for carried in told.by_agency.values() for each in carried.due]


async def rest(watcher: Watcher, claimed: Flight, resting: Rest) -> None:
    """Go on without a look: what time alone decides is decided, and the next look is set."""
    now = watcher.clock.now()
    async with watcher.db.transaction() as tx:
        flight = await flights.get(tx, claimed.id, lock=True)
        told = await _tell_everybody(tx, flight, None, now)
        for agency_id, level in resting.at_level.items():
            await tx.become(agency_id)
            if await usage.rested(tx, agency_id, now.astimezone(UTC).date(), level):
                told.by_agency[agency_id].news.append(News(kind=EventKind.BUDGET_REACHED))
        planned = cadence.next_look(watcher.cadence, flight, flight, now, told.wanted_looks)
        if planned.at and resting.until_budget:
            planned = replace(planned, at=thrift.again_at(planned.at, now))
        assert claimed.next_check_at is not None, "a claim sets it"
        await flights.save(tx, _planned(flight, planned, claimed.next_check_at, now))
        await told.publish(tx, now)
    await told.wake(watcher)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What was decided for the agencies on a flight."""

    by_agency: Mapping[UUID, telling.Carried]

    @property
    def wanted_looks(self) -> list[Wanted]:
        """The fresh looks that messages want."""
        return [each for carried in self.by_agency.values() for each in carried.wanted_looks]

    async def publish(self, tx: Transaction, now: datetime) -> None:
        """The heads of the feeds are locked last, and always in the same order."""
        for agency_id, carried in self.by_agency.items():
            if not carried.news:
                continue
            await tx.become(agency_id)
            await feed.publish(tx, agency_id, carried.news, now)

    async def wake(self, watcher: Watcher) -> None:
        """After the commit: what is due is handed over."""
        for agency_id, carried in self.by_agency.items():
            if carried.due:
                await watcher.wakeups.deliver(agency_id)


async def _tell_everybody(tx: Transaction, flight: Flight, record: FlightStatusRecord | None, now: datetime) -> Told:
    by_agency = {}
    for agency_id in await trips.agencies_on(tx, flight.id):
        await tx.become(agency_id)
        by_agency[agency_id] = await tell_agency(tx, agency_id, flight, record, now)
    return Told(by_agency=by_agency)


async def tell_agency(
    tx: Transaction, agency_id: UUID, flight: Flight, record: FlightStatusRecord | None, now: datetime
) -> telling.Carried:
    """Decide for an agency's trips on a flight, in its own transaction."""
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
            source=StatusSource.WEBHOOK if _is_answered(before.pushed_at, asked_at) else StatusSource.AEROAPI,
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
        pushed_at=None if _is_answered(before.pushed_at, asked_at) else before.pushed_at,
        asked_at=None if _is_answered(before.asked_at, asked_at) else before.asked_at,
    )
    return after, record


def _is_answered(wish_at: datetime | None, asked_at: datetime) -> bool:
    """Whether a look at `asked_at` answers what was wished for."""
    return wish_at is not None and wish_at <= asked_at


def _planned(flight: Flight, planned: NextLook, claimed_until: datetime, now: datetime) -> Flight:
    """With its next look set: at once where somebody asked for one since the claim, which had put it further off."""
    hastened = flight.next_check_at is not None and flight.next_check_at < claimed_until
    return replace(flight, watch=planned.watch, next_check_at=now if hastened and planned.at else planned.at)


def _failed(flight: Flight, failure: LookFailedError, asked_at: datetime) -> Flight:
    """A look that brought nothing shows its reason."""
    failures = flight.consecutive_failures + 1
    log.warning("look_failed", flight_id=str(flight.id), kind=failure.kind, detail=failure.detail, failures=failures)
    return replace(
        flight,
        last_checked_at=asked_at,
        consecutive_failures=failures,
        last_failure=f"{failure.kind}: {failure.detail}"[:300],
    )


def _after_failure(
    watcher: Watcher, flight: Flight, failure: LookFailedError, wanted: Sequence[Wanted], now: datetime
) -> NextLook:
    """A look that brought nothing never ends the looking: it comes again, later each time."""
    unknown = failure.kind in (LookFailure.NO_MATCH, LookFailure.UNKNOWN_IDENT, LookFailure.NOT_FOUND)
    if unknown and (flight.last_good_at is None or flight.consecutive_failures > PATIENCE):
        # No outage, but an answer: it may know the flight later. The ordinary steps are often enough.
        return cadence.next_look(watcher.cadence, flight, flight, now, wanted)
    again_at = cadence.look_again(watcher.cadence, flight.watch, flight.consecutive_failures, now)
    return NextLook(watch=flight.watch, at=min((again_at, *(each.at for each in wanted if each.at > now))))


async def _charge(tx: Transaction, flight_id: UUID, look: Look, payment: Payment) -> None:
    """Share what a look cost among those who pay for it."""
    if not look.result_sets:
        return
    share = look.result_sets / max(len(payment.payers), 1)
    for agency_id in payment.payers:
        await tx.become(agency_id)
        day = look.asked_at.astimezone(UTC).date()
        await usage.charge(tx, agency_id, flight_id, day, share, share * payment.dollars)
