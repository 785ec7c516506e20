"""The root subscription: the agency's feed, and the part of it that is about flights."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
import structlog
from graphql import GraphQLError

from graph import ids
from graph.agency_types import AgencySettings, SendingPause, pauses_of
from graph.context import Context, Info, Place
from graph.feed_cursor import FeedCursor
from graph.flight_types import FlightStatusRecord
from graph.spending import AeroApiDay, by_day
from graph.trip_types import Notification, Trip
from travel import model
from travel.database import BROKEN
from travel.model import EventKind
from travel.records import feed

log = structlog.get_logger()


@strawberry.interface(
    description="Something that happened in the agency. `sequence` counts 1, 2, 3 … per agency without a hole, so a client "
    "can prove that it missed nothing."
)
class Event:
    cursor: str = strawberry.field(description="Where the stream stands after this; opaque.")
    sequence: int = strawberry.field(description="The event's number in the agency's stream.")
    occurred_at: datetime = strawberry.field(description="When it happened.")


@strawberry.interface(description="What the stream of status changes can bring.")
class TripStatusEvent:
    cursor: str = strawberry.field(description="Where the stream stands after this; opaque.")
    sequence: int = strawberry.field(description="The event's number in the agency's stream.")
    occurred_at: datetime = strawberry.field(description="When it happened.")


@strawberry.type(description="A trip was made.")
class TripCreated(Event):
    trip_id: strawberry.Private[UUID]

    @strawberry.field(description="As it is now.")
    async def trip(self, info: Info) -> Trip:
        return await _trip(info, self.trip_id)


@strawberry.type(description="A trip was changed or archived.")
class TripUpdated(Event):
    trip_id: strawberry.Private[UUID]

    @strawberry.field(description="As it is now.")
    async def trip(self, info: Info) -> Trip:
        return await _trip(info, self.trip_id)


@strawberry.type(description="The flight of a trip changed.")
class TripStatusChanged(Event, TripStatusEvent):
    trip_id: strawberry.Private[UUID]
    record_id: strawberry.Private[UUID]

    @strawberry.field(description="As it is now.")
    async def trip(self, info: Info) -> Trip:
        return await _trip(info, self.trip_id)

    @strawberry.field(description="What changed.")
    async def record(self, info: Info) -> FlightStatusRecord:
        record = await info.context.loaders.record.load(self.record_id)
        assert record is not None, "history is append-only"
        return FlightStatusRecord.of(record)


@strawberry.type(description="A message was decided, or came further.")
class NotificationUpdated(Event):
    notification_id: strawberry.Private[UUID]

    @strawberry.field(description="As it is now.")
    async def notification(self, info: Info) -> Notification:
        notification = await info.context.loaders.notification.load(self.notification_id)
        assert notification is not None, "notifications are never deleted"
        return Notification.of(notification)


@strawberry.type(description="The agency's settings changed.")
class SettingsUpdated(Event):
    @strawberry.field(description="As they are now.")
    async def settings(self, info: Info) -> AgencySettings:
        return AgencySettings.of(await info.context.loaders.settings.load(info.context.asking.agency_id))


@strawberry.type(
    description="Twilio refuses the agency's account or sender: its messages wait until one of them goes through."
)
class SendingPaused(Event):
    @strawberry.field(description="What is paused now, and why.")
    async def pauses(self, info: Info) -> list[SendingPause]:
        return await pauses_of(info)


@strawberry.type(description="The agency's messages go out again.")
class SendingResumed(Event):
    @strawberry.field(description="What is still paused.")
    async def pauses(self, info: Info) -> list[SendingPause]:
        return await pauses_of(info)


@strawberry.type(
    description="The day's budget for AeroAPI makes looks at flights rest: those far before a departure first, those for landings "
    "last. It is said once for each further kind of looks that rests; the new day (UTC) begins with a new budget."
)
class BudgetReached(Event):
    @strawberry.field(description="What that day cost so far.")
    async def day(self, info: Info) -> AeroApiDay | None:
        days = await by_day(info, self.occurred_at, self.occurred_at)
        return days[0] if days else None


@strawberry.type(description="The replay is over; what follows is live.")
class CaughtUp(Event, TripStatusEvent):
    pass


@strawberry.type(
    description="The given cursor can no longer be replayed: read the state afresh and go on from this one."
)
class Resync(Event, TripStatusEvent):
    oldest_replayable: str = strawberry.field(description="The oldest cursor that can still be replayed.")


async def _trip(info: Info, trip_id: UUID) -> Trip:
    trip = await info.context.loaders.trip.load(trip_id)
    assert trip is not None, "trips are never deleted"
    return Trip.of(trip)


def _shape(event: model.Event) -> Event:
    """The GraphQL object of a row."""
    common: dict[str, Any] = {
        "cursor": FeedCursor(event.agency_id, event.sequence).text(),
        "sequence": event.sequence,
        "occurred_at": event.occurred_at,
    }
    match event.kind:
        case EventKind.TRIP_CREATED:
            return TripCreated(**common, trip_id=_known(event.trip_id))
        case EventKind.TRIP_UPDATED:
            return TripUpdated(**common, trip_id=_known(event.trip_id))
        case EventKind.TRIP_STATUS_CHANGED:
            return TripStatusChanged(**common, trip_id=_known(event.trip_id), record_id=_known(event.record_id))
        case EventKind.NOTIFICATION_UPDATED:
            return NotificationUpdated(**common, notification_id=_known(event.notification_id))
        case EventKind.SETTINGS_UPDATED:
            return SettingsUpdated(**common)
        case EventKind.SENDING_PAUSED:
            return SendingPaused(**common)
        case EventKind.SENDING_RESUMED:
            return SendingResumed(**common)
        case EventKind.BUDGET_REACHED:
            return BudgetReached(**common)


def _known(id_: UUID | None) -> UUID:
    assert id_ is not None, "an event of this kind names what it is about"
    return id_


@strawberry.type(
    description="What an agency can follow. Streams resume from a cursor and have no gaps. The role VIEWER is enough."
)
class Subscription:
    @strawberry.subscription(
        description="Everything that happens in the viewer's agency, in order and without gaps. With `after` the stream "
        "first replays what came later than that cursor; then it says CaughtUp and goes on live. A cursor too old to "
        "replay is answered with Resync: read the state afresh and start from the cursor it gives."
    )
    async def events(
        self,
        info: Info,
        after: Annotated[
            str | None, strawberry.argument(description="Begin after this cursor; else with what comes.")
        ] = None,
        trip_id: Annotated[strawberry.ID | None, strawberry.argument(description="Of this trip only.")] = None,
        kinds: Annotated[list[EventKind] | None, strawberry.argument(description="Of these kinds only.")] = None,
    ) -> AsyncIterator[Event]:
        wanted = frozenset(kinds) if kinds is not None else frozenset(EventKind)
        async with aclosing(_unbroken(info.context, _follow(info.context, after, trip_id, wanted))) as events:
            async for event in events:
                yield event

    @strawberry.subscription(
        description="The status changes of one trip, or of all trips of the agency; the same order, cursors and replay as "
        "`events`."
    )
    async def trip_status_changed(
        self,
        info: Info,
        trip_id: Annotated[strawberry.ID | None, strawberry.argument(description="Of this trip only.")] = None,
        after: Annotated[
            str | None, strawberry.argument(description="Begin after this cursor; else with what comes.")
        ] = None,
    ) -> AsyncIterator[TripStatusEvent]:
        changes = _follow(info.context, after, trip_id, frozenset({EventKind.TRIP_STATUS_CHANGED}))
        async with aclosing(_unbroken(info.context, changes)) as events:
            async for event in events:
                assert isinstance(event, TripStatusEvent)
                yield event


async def _unbroken(context: Context, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The stream; where it breaks on our side, the socket closes, since to a client an error is the stream's end."""
    try:
        async with aclosing(events):
            async for event in events:
                yield event
    except GraphQLError:
        raise
    except Exception as broken:
        if not isinstance(broken, BROKEN):
            log.exception("stream_source_broke")
        context.place.is_torn = True
        if context.give_up is not None:
            await context.give_up()
        raise


async def _follow(
    context: Context, after: str | None, trip_id: str | None, kinds: frozenset[EventKind]
) -> AsyncGenerator[Event, None]:
    """The feed after a cursor, filtered; filters leave holes in what is sent, never in the numbers."""
    house, agency_id, place = context.house, context.asking.agency_id, context.place
    wanted_trip = await _checked_trip(context, trip_id)
    async with house.db.transaction(agency_id) as tx:
        head = await feed.head(tx, agency_id)
    place.seen = _beginning(context, head, after)
    if not head.oldest - 1 <= place.seen <= head.sequence:
        yield _resync(place, agency_id, head, house.clock.now())
        return
    if not place.is_live and place.seen >= head.sequence:
        yield _caught_up(place, agency_id, house.clock.now())
    async with aclosing(house.hub.events(agency_id, place.seen)) as events:
        async for event in events:
            if event.sequence != place.seen + 1:
                # So slow that what it had not read yet was forgotten.
                async with house.db.transaction(agency_id) as tx:
                    head = await feed.head(tx, agency_id)
                yield _resync(place, agency_id, head, house.clock.now())
                return
            place.seen = event.sequence
            if event.kind in kinds and wanted_trip in (None, event.trip_id):
                # A subscription lives for hours: what was read for one event is not believed at the next.
                context.forget()
                place.is_answering = True
                yield _shape(event)
                place.is_answering = False
            if not place.is_live and event.sequence >= head.sequence:
                yield _caught_up(place, agency_id, house.clock.now())


def _beginning(context: Context, head: feed.Head, after: str | None) -> int:
    """After which event to begin; -1 where nobody can say."""
    if context.resume is not None:
        return context.resume
    if after is None:
        return head.sequence
    cursor = FeedCursor.read(after, context.asking.agency_id)
    return cursor.sequence if cursor is not None else -1


def _resync(place: Place, agency_id: UUID, head: feed.Head, now: datetime) -> Resync:
    place.is_over = True
    return Resync(
        cursor=FeedCursor(agency_id, head.sequence).text(),
        sequence=head.sequence,
        occurred_at=now,
        oldest_replayable=FeedCursor(agency_id, head.oldest - 1).text(),
    )


def _caught_up(place: Place, agency_id: UUID, now: datetime) -> CaughtUp:
    place.is_live = True
    return CaughtUp(cursor=FeedCursor(agency_id, place.seen).text(), sequence=place.seen, occurred_at=now)


async def _checked_trip(context: Context, trip_id: str | None) -> UUID | None:
    if trip_id is None:
        return None
    id_ = ids.of("Trip", trip_id)
    try:
        trip = await context.loaders.trip.load(id_) if id_ else None
    finally:
        context.forget()
    if trip is None:
        raise GraphQLError("The agency has no such trip.")
    return trip.id
