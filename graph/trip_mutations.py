"""What an agency can order about its trips."""

import re
from typing import Annotated, Any

import strawberry

from graph import inputs as given
from graph.answering import answered, row_of
from graph.context import Info
from graph.flight_types import FlightStatusRecord
from graph.inputs import UserError
from graph.trip_types import Trip
from travel import booking, tracking
from travel.booking import TripChange
from travel.model import RefusedError, Role
from travel.model import UserErrorCode as Code

LARGEST_IMPORT = 1000


async def _create_trip(info: Info, row: given.CreateTripInput) -> given.CreateTripPayload:
    async def act() -> dict[str, Any]:
        house = info.context.house
        agency_id = info.context.asking.agency_id
        trip = await booking.create_trip(house.db, house.wakeups, house.clock, agency_id, row.form())
        return {"trip": Trip.of(trip)}

    return await answered(info, Role.AGENT, given.CreateTripPayload, ("trip",), act)


@strawberry.type
class TripMutations:
    @strawberry.mutation(description="Watch a trip and tell its traveller. Needs the role AGENT.")
    async def create_trip(
        self,
        info: Info,
        input: Annotated[given.CreateTripInput, strawberry.argument(description="The trip.")],  # noqa: A002
    ) -> given.CreateTripPayload:
        return await _create_trip(info, input)

    @strawberry.mutation(
        description="Up to 1,000 trips at once; each row succeeds or fails on its own. Needs the role AGENT."
    )
    async def import_trips(
        self,
        info: Info,
        input: Annotated[given.ImportTripsInput, strawberry.argument(description="The rows.")],  # noqa: A002
    ) -> given.ImportTripsPayload:
        try:
            info.context.require(Role.AGENT)
            if not 1 <= len(input.trips) <= LARGEST_IMPORT:
                raise RefusedError.one(Code.LIMIT_REACHED, f"An import has 1 to {LARGEST_IMPORT} rows.", "trips")
        except RefusedError as refused:
            return given.ImportTripsPayload(results=[], created=0, failed=0, user_errors=UserError.of(refused))
        results = [await _create_trip(info, row) for row in input.trips]
        created = sum(result.trip is not None for result in results)
        return given.ImportTripsPayload(results=results, created=created, failed=len(results) - created, user_errors=[])

    @strawberry.mutation(
        description="Change a trip. Another flight or departure is confirmed to the traveller anew. Needs the role AGENT."
    )
    async def update_trip(
        self,
        info: Info,
        input: Annotated[given.UpdateTripInput, strawberry.argument(description="The change.")],  # noqa: A002
    ) -> given.UpdateTripPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            who = input.traveller
            change = TripChange(
                traveller_name=who.name if who else None,
                phone=who.phone if who else None,
                language=who.language if who else None,
                flight=input.flight,
                departure=input.departure,
                reference=input.reference,
                lodging=input.lodging,
                notes=input.notes,
            )
            trip_id = row_of("Trip", input.trip_id, "tripId")
            agency_id = info.context.asking.agency_id
            trip = await booking.update_trip(house.db, house.wakeups, house.clock, agency_id, trip_id, change)
            return {"trip": Trip.of(trip)}

        return await answered(info, Role.AGENT, given.UpdateTripPayload, ("trip",), act)

    @strawberry.mutation(
        description="Stop watching a trip: nothing more is sent, whatever was queued is withdrawn. Needs the role AGENT."
    )
    async def archive_trip(
        self,
        info: Info,
        input: Annotated[given.ArchiveTripInput, strawberry.argument(description="Which trip.")],  # noqa: A002
    ) -> given.ArchiveTripPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            trip_id = row_of("Trip", input.trip_id, "tripId")
            trip = await booking.archive_trip(house.db, house.clock, info.context.asking.agency_id, trip_id)
            return {"trip": Trip.of(trip)}

        return await answered(info, Role.AGENT, given.ArchiveTripPayload, ("trip",), act)

    @strawberry.mutation(description="Look at the trip's flight now, within the agency's budget. Needs the role AGENT.")
    async def check_trip(
        self,
        info: Info,
        input: Annotated[given.CheckTripInput, strawberry.argument(description="Which trip.")],  # noqa: A002
    ) -> given.CheckTripPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            trip_id = row_of("Trip", input.trip_id, "tripId")
            agency_id = info.context.asking.agency_id
            trip = await tracking.check_trip(house.db, house.wakeups, house.clock, agency_id, trip_id)
            return {"trip": Trip.of(trip)}

        return await answered(info, Role.AGENT, given.CheckTripPayload, ("trip",), act)

    @strawberry.mutation(
        description="Write a status by hand (source MANUAL); it counts for this trip only, field by field, until the source "
        "says something new. Needs the role AGENT."
    )
    async def record_flight_status(
        self,
        info: Info,
        input: Annotated[given.RecordFlightStatusInput, strawberry.argument(description="What is so.")],  # noqa: A002
    ) -> given.RecordFlightStatusPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            trip_id = row_of("Trip", input.trip_id, "tripId")
            named = {field: getattr(input, _snake(path)) for field, path in tracking.BY_HAND.items()}
            said = {field: value for field, value in named.items() if value is not None}
            agency_id = info.context.asking.agency_id
            trip, record = await tracking.record_by_hand(house.db, house.wakeups, house.clock, agency_id, trip_id, said)
            return {"trip": Trip.of(trip), "record": FlightStatusRecord.of(record)}

        return await answered(info, Role.AGENT, given.RecordFlightStatusPayload, ("trip", "record"), act)


def _snake(name: str) -> str:
    return re.sub("(?<!^)([A-Z])", lambda found: f"_{found[1].lower()}", name)
