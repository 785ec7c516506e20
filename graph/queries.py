"""The root query."""

import asyncio
from datetime import datetime
from typing import Annotated

import strawberry

from graph import ids
from graph.agency_types import Agency, ApiKey
from graph.context import Context, Info
from graph.flight_types import Airport, Flight, FlightStatusRecord
from graph.ids import Node
from graph.inputs import OrderDirection, TripFilter, TripOrder
from graph.paging import LARGEST, After, Before, Connection, First, Last, PagingError, window
from graph.trip_types import Notification, NotificationFilter, Trip, flight_of
from travel import airlines, airports, model, wording
from travel.model import Language, NotificationType, Role, Tells
from travel.records import keys, log_pages, trip_pages

Id = Annotated[strawberry.ID, strawberry.argument(description="A global id.")]


@strawberry.type(description="Who is asking.")
class Viewer:
    name: str = strawberry.field(description="The name of the key, or the subject of the token.")
    role: Role = strawberry.field(description="What it may do.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself.")

    @strawberry.field(description="For whom it speaks.")
    async def agency(self, info: Info) -> Agency:
        return Agency.of(await info.context.loaders.agency.load(info.context.asking.agency_id))


@strawberry.type(description="What a message would say.")
class MessagePreview:
    body: str = strawberry.field(description="The text.")
    content_sid: str | None = strawberry.field(description="The approved template, if there is one.")
    variables: list[str] = strawberry.field(description="{{1}}, {{2}} … in order.")


async def _node(info: Info, global_id: str) -> Node | None:
    context = info.context
    named = ids.decode(global_id)
    if named is None:
        return None
    name, id_ = named
    loaders = context.loaders
    match name:
        case "Trip":
            trip = await loaders.trip.load(id_)
            return Trip.of(trip) if trip else None
        case "Flight":
            trip = await loaders.trip.load(id_)
            return Flight.of(await flight_of(trip, info), trip) if trip else None
        case "Notification":
            notification = await loaders.notification.load(id_)
            return Notification.of(notification) if notification else None
        case "FlightStatusRecord":
            record = await loaders.record.load(id_)
            return FlightStatusRecord.of(record) if record else None
        case "Agency" if id_ == context.asking.agency_id:
            return Agency.of(await loaders.agency.load(id_))
        case "ApiKey" if context.asking.role is Role.ADMIN:
            found = await loaders.read(lambda tx: keys.of_agency(tx, context.asking.agency_id))
            return next((ApiKey.of(each) for each in found if each.id == id_), None)
    return None


def _trip_filter(wanted: TripFilter | None) -> trip_pages.Filter:
    if wanted is None:
        return trip_pages.Filter()
    return trip_pages.Filter(
        search=_searched(wanted.search),
        searched_ident=airlines.canonical(wanted.search) if wanted.search is not None else None,
        statuses=tuple(wanted.status) if wanted.status is not None else None,
        # What is no flight number or airport is found nowhere.
        ident=(airlines.canonical(wanted.flight) or "-") if wanted.flight is not None else None,
        departure_from=wanted.departure_from,
        departure_until=wanted.departure_until,
        origin=_airport(wanted.origin),
        destination=_airport(wanted.destination),
        archived=bool(wanted.include_archived),
    )


def _searched(text: str | None) -> str | None:
    # No text that the database keeps holds a NUL.
    return text.replace("\x00", "\ufffd") if text else None


def _airport(code: str | None) -> str | None:
    if code is None:
        return None
    airport = airports.find(code)
    return airport.code if airport else "-"


@strawberry.type(
    description="What an agency can ask. Every answer holds its own data only. The role VIEWER is enough, unless a field "
    "says otherwise."
)
class Query:
    @strawberry.field(description="Who is asking: the key or token, its role and its agency.")
    def viewer(self, info: Info) -> Viewer:
        asking = info.context.asking
        return Viewer(name=asking.name, role=asking.role, expires_at=asking.expires_at)

    @strawberry.field(description="The agency of the viewer.")
    async def agency(self, info: Info) -> Agency:
        return Agency.of(await info.context.loaders.agency.load(info.context.asking.agency_id))

    @strawberry.field(
        description="Anything by its global id; null where the agency has no such thing. A key is shown to the role ADMIN only."
    )
    async def node(self, info: Info, id: Id) -> Node | None:  # noqa: A002
        return await _node(info, id)

    @strawberry.field(
        description="Many things by their global ids, in order; at most 100. A key is shown to the role ADMIN only."
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Global ids.")],
    ) -> list[Node | None]:
        if len(ids) > LARGEST:
            raise PagingError(f"At most {LARGEST} ids at once.")
        return list(await asyncio.gather(*(_node(info, each) for each in ids)))

    @strawberry.field(description="A trip; null where the agency has no such trip.")
    async def trip(self, info: Info, id: Id) -> Trip | None:  # noqa: A002
        id_ = ids.of("Trip", id)
        trip = await info.context.loaders.trip.load(id_) if id_ else None
        return Trip.of(trip) if trip else None

    @strawberry.field(description="The agency's trips; by departure, soonest first, unless ordered otherwise.")
    async def trips(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[TripFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
        order_by: Annotated[TripOrder | None, strawberry.argument(description="In which order.")] = None,
    ) -> Connection[Trip]:
        context = info.context
        agency_id, now, wanted = context.asking.agency_id, context.house.clock.now(), _trip_filter(filter)
        order = order_by.field if order_by else trip_pages.Order.DEPARTURE
        descending = order_by is not None and order_by.direction is OrderDirection.DESC
        asked = window(first, after, last, before, trip_pages.order_name(order, descending=descending))
        read = context.loaders.read
        page = await read(lambda tx: trip_pages.read(tx, agency_id, wanted, order, asked, now, descending=descending))

        async def count() -> int:
            return await read(lambda tx: trip_pages.count(tx, agency_id, wanted, now))

        return Connection(page=page, shape=lambda unread: Trip.of(unread()), counter=count)

    @strawberry.field(description="A notification; null where the agency has no such notification.")
    async def notification(self, info: Info, id: Id) -> Notification | None:  # noqa: A002
        id_ = ids.of("Notification", id)
        notification = await info.context.loaders.notification.load(id_) if id_ else None
        return Notification.of(notification) if notification else None

    @strawberry.field(description="All notifications of the agency, newest first: sent, waiting, and not sent.")
    async def notifications(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[NotificationFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Connection[Notification]:
        context, asked = info.context, window(first, after, last, before)
        agency_id, wanted = context.asking.agency_id, filter.value() if filter else log_pages.Filter()
        read = context.loaders.read
        page = await read(lambda tx: log_pages.notifications_of_agency(tx, agency_id, wanted, asked))

        async def count() -> int:
            return (await read(lambda tx: log_pages.count_notifications(tx, agency_id, wanted)))[None]

        return Connection(page=page, shape=Notification.of, counter=count)

    @strawberry.field(description="What a message would say, without sending it; null where there is no such trip.")
    async def preview_message(
        self,
        info: Info,
        trip_id: Annotated[strawberry.ID, strawberry.argument(description="For which trip.")],
        type: Annotated[NotificationType, strawberry.argument(description="About what.")],  # noqa: A002
        language: Annotated[Language | None, strawberry.argument(description="Else the traveller's.")] = None,
    ) -> MessagePreview | None:
        id_ = ids.of("Trip", trip_id)
        trip = await info.context.loaders.trip.load(id_) if id_ else None
        flight = await flight_of(trip, info) if trip else None
        if trip is None or flight is None:
            return None
        message = await _preview(info.context, trip, flight, type, language or trip.language)
        return MessagePreview(body=message.body, content_sid=message.content_sid, variables=list(message.variables))

    @strawberry.field(
        description="Airports by IATA or ICAO code, city, region or name, best first; a whole code comes before all else."
    )
    def airports(
        self,
        search: Annotated[
            str, strawberry.argument(description="What was typed so far; accents and case do not count.")
        ],
        first: Annotated[int, strawberry.argument(description="How many; at most 100.")] = 10,
    ) -> list[Airport]:
        if not 0 <= first <= LARGEST:
            raise PagingError(f"A page has 0 to {LARGEST} items.")
        return [Airport.shown(each) for each in airports.search(search[: airports.LONGEST_SEARCH], first)]


async def _preview(
    context: Context, trip: model.Trip, flight: model.Flight, type_: NotificationType, language: Language
) -> wording.Message:
    agency_id, loaders = context.asking.agency_id, context.loaders
    settings = await loaders.settings.load(agency_id)
    template = (await loaders.templates.load(agency_id)).get((type_, language))
    agency = await loaders.agency.load(agency_id)
    if type_ is NotificationType.TEST:
        return wording.test_message(agency.name, language, template)
    tells = Tells(
        departure_at=flight.best_departure_at,
        gate=flight.state.gate_origin,
        airport=flight.state.diverted_to or flight.destination,
    )
    return wording.message(
        type_, tells, trip=trip, flight=flight, settings=settings, template=template, language=language
    )
