"""Carries out what `audience` planned: the rows of notifications, and the news about them, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from travel import audience, metrics, status, wording
from travel.audience import Case, End, KnowGate, Move, Step, Tell
from travel.cadence import Wanted
from travel.database import Transaction
from travel.model import (
    AgencySettings,
    ByHand,
    Channel,
    EventKind,
    Flight,
    Language,
    MessageTemplate,
    News,
    NotificationStatus,
    NotificationType,
    RefusedError,
    Tells,
    Trip,
    UserErrorCode,
)
from travel.records import agencies, flights, history, notifications
from travel.records import trips as trip_records

Templates = dict[tuple[NotificationType, Language], MessageTemplate]


@dataclass(kw_only=True, slots=True)
class Carried:
    """What was carried out: news for the feed, what is due at once, and when fresh looks are wanted."""

    news: list[News] = field(default_factory=list)
    due: list[UUID] = field(default_factory=list)
    wanted_looks: list[Wanted] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Agency:
    """What the decisions of one agency need beside the trips."""

    id: UUID
    settings: AgencySettings
    _templates: Templates | None = None

    async def templates(self, tx: Transaction) -> Templates:
        """Its wording; read once something has to be worded, since most looks at a flight in the air say nothing."""
        if self._templates is None:
            self._templates = await agencies.templates(tx, self.id)
        return self._templates


async def agency(tx: Transaction, agency_id: UUID) -> Agency:
    """Read it, anew for every decision."""
    return Agency(id=agency_id, settings=await agencies.settings(tx, agency_id))


async def tell(
    tx: Transaction,
    agency: Agency,
    flight: Flight,
    trips: Sequence[Trip],
    now: datetime,
    caused_by: UUID | None = None,
) -> Carried:
    """Plan for each of the agency's trips on a flight, and carry it out."""
    carried = Carried()
    if not trips:
        return carried
    ids = [trip.id for trip in trips]
    known = await notifications.of_trips(tx, agency.id, ids, lock=True)
    by_hand = await history.by_hand(tx, agency.id, ids)
    for trip in trips:
        seen = status.corrected(flight, by_hand.get(trip.id, ByHand()))
        if (seen.phase, seen.best_departure_at) != (trip.phase, trip.best_departure_at):
            await trip_records.stand(tx, agency.id, trip.id, seen.phase, seen.best_departure_at)
        # Words about a flight that the trip was moved away from neither count as told nor are sent any more.
        of_flight = [each for each in known[trip.id] if each.flight_id == flight.id]
        moved_away = [each for each in known[trip.id] if each.flight_id != flight.id]
        case = Case(trip=trip, flight=seen, settings=agency.settings, notifications=of_flight, now=now)
        planned = audience.plan(case)
        steps = [*audience.left_behind(moved_away), *planned]
        for step in steps:
            await _carry_out(tx, agency, case, step, carried, caused_by)
        await _reword(tx, agency, case, steps, carried)
        carried.wanted_looks += audience.wanted_looks(case, planned)
    return carried


async def look_in_time(tx: Transaction, flight: Flight, carried: Carried, now: datetime) -> None:
    """Bring the flight's next look forward, if a fresh one is wanted before it."""
    ahead = [each.at for each in carried.wanted_looks if each.at > now]
    if ahead:
        await flights.look_before(tx, flight.id, min(ahead))


async def _carry_out(
    tx: Transaction, agency: Agency, case: Case, step: Step, carried: Carried, caused_by: UUID | None
) -> None:
    trip, now = case.trip, case.now
    match step:
        case Tell():
            await _write(tx, agency, case, step, carried, caused_by)
        case End(notification_id=id_):
            if await notifications.end(tx, agency.id, id_, step.status, step.reason, now):
                carried.news.append(News(kind=EventKind.NOTIFICATION_UPDATED, trip_id=trip.id, notification_id=id_))
        case Move(notification_id=id_):
            await notifications.move(tx, agency.id, id_, step.due_at, step.reason, now, step.expires_at)
            carried.news.append(News(kind=EventKind.NOTIFICATION_UPDATED, trip_id=trip.id, notification_id=id_))
            if step.due_at <= now:
                carried.due.append(id_)
        case KnowGate(gate=gate):
            await trip_records.know_gate(tx, agency.id, trip.id, gate)


async def _write(
    tx: Transaction, agency: Agency, case: Case, step: Tell, carried: Carried, caused_by: UUID | None
) -> None:
    trip = case.trip
    written = await notifications.write(
        tx,
        agency.id,
        notifications.Draft(
            trip_id=trip.id,
            flight_id=case.flight.id,
            type=step.type,
            idempotency_hash=step.hash,
            status=step.status,
            reason=step.reason,
            due_at=step.due_at,
            expires_at=step.expires_at,
            tells=step.tells,
            channel=Channel.WHATSAPP,
            language=trip.language,
            recipient=trip.phone,
            body=await _words(tx, agency, case, step.type, step.tells),
            caused_by_id=caused_by,
        ),
        case.now,
    )
    if written is None:
        return
    metrics.decided.labels(step.type).inc()
    carried.news.append(News(kind=EventKind.NOTIFICATION_UPDATED, trip_id=trip.id, notification_id=written.id))
    if written.status is NotificationStatus.PENDING and written.due_at <= case.now:
        carried.due.append(written.id)


async def _reword(tx: Transaction, agency: Agency, case: Case, steps: Sequence[Step], carried: Carried) -> None:
    """What still waits reads as it would be sent now: a boarding message names the departure and the gate of today."""
    touched = {step.notification_id for step in steps if isinstance(step, Move | End)}
    ended = {step.notification_id for step in steps if isinstance(step, End)}
    for each in case.notifications:
        if each.status is not NotificationStatus.PENDING or each.id in ended:
            continue
        body = await _words(tx, agency, case, each.type, each.tells)
        if body == each.body:
            continue
        await notifications.reword(tx, agency.id, each.id, case.trip.language, body, case.now)
        if each.id not in touched:
            carried.news.append(
                News(kind=EventKind.NOTIFICATION_UPDATED, trip_id=case.trip.id, notification_id=each.id)
            )


async def _words(tx: Transaction, agency: Agency, case: Case, type_: NotificationType, tells: Tells) -> str:
    templates = await agency.templates(tx)
    return wording.message(
        type_,
        tells,
        trip=case.trip,
        flight=case.flight,
        settings=agency.settings,
        template=templates.get((type_, case.trip.language)),
    ).body


async def locked_trip(tx: Transaction, agency_id: UUID, trip_id: UUID) -> tuple[Trip, Flight]:
    """A trip and its flight, both locked: the flight before the trip, as a look does it. Raises RefusedError."""
    trip = await trip_records.get(tx, agency_id, trip_id)
    if trip is None:
        raise RefusedError.one(UserErrorCode.NOT_FOUND, "The agency has no such trip.", "tripId")
    flight = await flights.get(tx, trip.flight_id, lock=True)
    trip = await trip_records.get(tx, agency_id, trip_id, lock=True)
    if trip is None or trip.flight_id != flight.id:
        raise RefusedError.one(UserErrorCode.CONFLICT, "Somebody else is moving this trip at this moment.", "tripId")
    return trip, flight
