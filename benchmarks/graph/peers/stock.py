"""`python -m benchmarks.graph.peers.stock`: Strawberry as its documentation shows it, with the caches of documents on.

Plain attributes, one DataLoader a level, the ASGI view unchanged, and a queue of its own for each subscriber.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.types import Info

from benchmarks.graph.peers import ground
from benchmarks.graph.peers.stock_types import (
    Airport,
    ChangedRecord,
    ChangedTrip,
    Event,
    Flight,
    FlightEnd,
    FlightStatusRecord,
    Notification,
    NotificationConnection,
    PageInfo,
    RecordConnection,
    StatusChange,
    Told,
    Traveller,
    TripStatusChanged,
)


class Loaders:
    """One set for one answer."""

    def __init__(self, house: ground.Ground, airports: dict[str, Airport]) -> None:
        self._house, self._airports = house, airports
        self.flight: DataLoader[UUID, Flight] = DataLoader(self._flights)
        self.told: DataLoader[UUID, Told] = DataLoader(self._told)
        self.history: DataLoader[tuple[UUID, int], RecordConnection] = DataLoader(self._history)
        self.notifications: DataLoader[tuple[UUID, int], NotificationConnection] = DataLoader(self._notifications)

    async def _flights(self, ids: list[UUID]) -> list[Flight]:
        found = {row["id"]: self._flight(row) for row in await self._house.read("flights", ids)}
        return [found[id_] for id_ in ids]

    def _flight(self, row: Any) -> Flight:
        return Flight(
            ident=row["ident"],
            phase=row["phase"],
            departure=self._end(row, "departure", row["origin"]),
            arrival=self._end(row, "arrival", row["destination"]),
            cancelled=row["cancelled"],
            diverted=row["diverted"],
            departure_delay_minutes=row["departure_delay_minutes"],
            stale=row["stale"],
        )

    def _end(self, row: Any, side: str, airport: str) -> FlightEnd:
        return FlightEnd(
            scheduled_at=row[f"{side}_scheduled_at"],
            estimated_at=row[f"{side}_estimated_at"],
            actual_at=row[f"{side}_actual_at"],
            gate=row[f"{side}_gate"],
            terminal=row[f"{side}_terminal"],
            airport=self._airports[airport],
        )

    async def _told(self, ids: list[UUID]) -> list[Told]:
        found = {row["trip_id"]: Told(**_without_trip(row)) for row in await self._house.read("told", ids)}
        return [found.get(id_) or Told() for id_ in ids]

    async def _history(self, keys: list[tuple[UUID, int]]) -> list[RecordConnection]:
        found: dict[UUID, list[FlightStatusRecord]] = {}
        for row in await self._house.read("history", [id_ for id_, _ in keys], keys[0][1]):
            values = _without_trip(row)
            values["changes"] = [StatusChange(**each) for each in values["changes"]]
            found.setdefault(row["trip_id"], []).append(FlightStatusRecord(**values))
        return [RecordConnection(nodes=found.get(id_, [])) for id_, _ in keys]

    async def _notifications(self, keys: list[tuple[UUID, int]]) -> list[NotificationConnection]:
        found: dict[UUID, list[Notification]] = {}
        for row in await self._house.read("notifications", [id_ for id_, _ in keys], keys[0][1]):
            found.setdefault(row["trip_id"], []).append(Notification(**_without_trip(row)))
        return [NotificationConnection(nodes=found.get(id_, [])) for id_, _ in keys]


def _without_trip(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "trip_id"}


@strawberry.type
class Trip:
    id: strawberry.ID
    reference: str | None
    status: str
    traveller: Traveller
    key: strawberry.Private[UUID]
    flight_id: strawberry.Private[UUID]

    @strawberry.field
    async def flight(self, info: Info) -> Flight:
        return await _loaders(info).flight.load(self.flight_id)

    @strawberry.field
    async def told(self, info: Info) -> Told:
        return await _loaders(info).told.load(self.key)

    @strawberry.field
    async def status_history(self, info: Info, first: int) -> RecordConnection:
        return await _loaders(info).history.load((self.key, first))

    @strawberry.field
    async def notifications(self, info: Info, first: int) -> NotificationConnection:
        return await _loaders(info).notifications.load((self.key, first))


def _loaders(info: Info) -> Loaders:
    loaders: Loaders = info.context["loaders"]
    return loaders


@strawberry.type
class TripConnection:
    nodes: list[Trip]
    page_info: PageInfo


def _trip(row: Any) -> Trip:
    return Trip(
        id=strawberry.ID(str(row["id"])),
        reference=row["reference"],
        status=row["status"],
        traveller=Traveller(name=row["name"], phone=row["phone"], language=row["language"]),
        key=row["id"],
        flight_id=row["flight_id"],
    )


@strawberry.type
class Query:
    @strawberry.field
    async def trips(self, info: Info, first: int) -> TripConnection:
        house: ground.Ground = info.context["house"]
        rows = await house.read("trips", house.agency_id, first + 1)
        nodes = [_trip(row) for row in rows[:first]]
        return TripConnection(
            nodes=nodes,
            page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=nodes[-1].id if nodes else None),
        )


Subscribers = set[asyncio.Queue[TripStatusChanged]]


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def events(self, info: Info) -> AsyncIterator[Event]:
        subscribers: Subscribers = info.context["subscribers"]
        queue: asyncio.Queue[TripStatusChanged] = asyncio.Queue()
        subscribers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            subscribers.discard(queue)


async def _publish(subscribers: Subscribers) -> None:
    async for number, now in ground.ticks():
        event = TripStatusChanged(
            cursor=ground.CURSOR,
            sequence=number,
            occurred_at=now,
            trip=ChangedTrip(id=strawberry.ID(ground.TRIP), status="UPCOMING"),
            record=ChangedRecord(
                id=strawberry.ID(ground.RECORD),
                phase="SCHEDULED",
                changes=[StatusChange(kind="GATE_ORIGIN", before="11", after="12")],
            ),
        )
        for queue in subscribers:
            queue.put_nowait(event)


class View(GraphQL[dict[str, Any], None]):
    """The view with a context."""

    def __init__(self, schema: strawberry.Schema, house: ground.Ground, subscribers: Subscribers) -> None:
        super().__init__(schema)
        self._house, self._subscribers = house, subscribers
        self._airports = {icao: Airport(**known) for icao, known in ground.airports().items()}

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> dict[str, Any]:
        """Loaders per request, or per socket."""
        loaders = Loaders(self._house, self._airports)
        return {"house": self._house, "loaders": loaders, "subscribers": self._subscribers}


def main() -> None:
    """Serve until ended."""
    ground.leave_with_parent()
    house, subscribers = ground.Ground(), Subscribers()
    extensions: Sequence[Any] = [ParserCache, ValidationCache]
    schema = strawberry.Schema(Query, subscription=Subscription, types=[TripStatusChanged], extensions=extensions)
    view = View(schema, house, subscribers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await house.open()
        publishing = asyncio.create_task(_publish(subscribers))
        yield
        publishing.cancel()

    app = Starlette(routes=[Route("/graphql", view, methods=None), WebSocketRoute("/graphql", view)], lifespan=lifespan)
    uvicorn.run(app, port=ground.port(), log_level="error", access_log=False, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
