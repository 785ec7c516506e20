"""The root mutation: check who asks, one action of the house, its answer or its refusals."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

import strawberry

from graph import ids
from graph import inputs as given
from graph.agency_types import AgencySettings, ApiKey, MessageTemplate
from graph.context import Info
from graph.inputs import UserError
from graph.types import FlightStatusRecord, Notification, Trip
from travel import booking, delivery, tenancy, tracking
from travel.booking import TripChange
from travel.model import Feature, RefusedError, Role, UserErrorCode

Payload = TypeVar("Payload")
Code = UserErrorCode

LARGEST_IMPORT = 1000


async def _answered(
    info: Info,
    role: Role,
    payload: Callable[..., Payload],
    fields: tuple[str, ...],
    act: Callable[[], Awaitable[dict[str, Any]]],
) -> Payload:
    """The payload of an action, or of its refusals; nothing read before it is believed after it."""
    # The payload of an earlier mutation was read at a moment that is over.
    info.context.forget()
    try:
        info.context.require(role)
        answer = await act()
    except RefusedError as refused:
        return payload(**dict.fromkeys(fields), user_errors=UserError.of(refused))
    info.context.forget()
    return payload(**answer, user_errors=[])


_SPOKEN = {"ApiKey": "API key"}


def _id(type_name: str, global_id: str, field: str) -> UUID:
    id_ = ids.of(type_name, global_id)
    if id_ is None:
        raise RefusedError.one(
            Code.NOT_FOUND, f"The agency has no such {_SPOKEN.get(type_name, type_name.lower())}.", field
        )
    return id_


async def _create_trip(info: Info, row: given.CreateTripInput) -> given.CreateTripPayload:
    async def act() -> dict[str, Any]:
        house = info.context.house
        agency_id = info.context.asking.agency_id
        trip = await booking.create_trip(house.db, house.wakeups, house.clock, agency_id, row.form())
        return {"trip": Trip.of(trip)}

    return await _answered(info, Role.AGENT, given.CreateTripPayload, ("trip",), act)


@strawberry.type(description="What an agency can order. Expected refusals are userErrors; then nothing was done.")
class Mutation:
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
            trip_id = _id("Trip", input.trip_id, "tripId")
            agency_id = info.context.asking.agency_id
            trip = await booking.update_trip(house.db, house.wakeups, house.clock, agency_id, trip_id, change)
            return {"trip": Trip.of(trip)}

        return await _answered(info, Role.AGENT, given.UpdateTripPayload, ("trip",), act)

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
            trip_id = _id("Trip", input.trip_id, "tripId")
            trip = await booking.archive_trip(house.db, house.clock, info.context.asking.agency_id, trip_id)
            return {"trip": Trip.of(trip)}

        return await _answered(info, Role.AGENT, given.ArchiveTripPayload, ("trip",), act)

    @strawberry.mutation(description="Look at the trip's flight now, within the agency's budget. Needs the role AGENT.")
    async def check_trip(
        self,
        info: Info,
        input: Annotated[given.CheckTripInput, strawberry.argument(description="Which trip.")],  # noqa: A002
    ) -> given.CheckTripPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            trip_id = _id("Trip", input.trip_id, "tripId")
            agency_id = info.context.asking.agency_id
            trip = await tracking.check_trip(house.db, house.wakeups, house.clock, agency_id, trip_id)
            return {"trip": Trip.of(trip)}

        return await _answered(info, Role.AGENT, given.CheckTripPayload, ("trip",), act)

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
            trip_id = _id("Trip", input.trip_id, "tripId")
            named = {field: getattr(input, _snake(path)) for field, path in tracking.BY_HAND.items()}
            said = {field: value for field, value in named.items() if value is not None}
            agency_id = info.context.asking.agency_id
            trip, record = await tracking.record_by_hand(house.db, house.wakeups, house.clock, agency_id, trip_id, said)
            return {"trip": Trip.of(trip), "record": FlightStatusRecord.of(record)}

        return await _answered(info, Role.AGENT, given.RecordFlightStatusPayload, ("trip", "record"), act)

    @strawberry.mutation(
        description="Change what the agency chose; refused if somebody else did since `version`. Needs the role ADMIN."
    )
    async def update_agency_settings(
        self,
        info: Info,
        input: Annotated[given.UpdateAgencySettingsInput, strawberry.argument(description="The change.")],  # noqa: A002
    ) -> given.UpdateAgencySettingsPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            agency_id = info.context.asking.agency_id
            changed = await tenancy.change_settings(
                house.db, house.wakeups, house.clock, agency_id, input.version, _settings_values(input)
            )
            return {"settings": AgencySettings.of(changed)}

        return await _answered(info, Role.ADMIN, given.UpdateAgencySettingsPayload, ("settings",), act)

    @strawberry.mutation(description="Word a type of message in the agency's own way. Needs the role ADMIN.")
    async def set_message_template(
        self,
        info: Info,
        input: Annotated[given.SetMessageTemplateInput, strawberry.argument(description="The wording.")],  # noqa: A002
    ) -> given.SetMessageTemplatePayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            template = await tenancy.set_template(
                house.db,
                house.clock,
                info.context.asking.agency_id,
                input.type,
                input.language,
                input.content_sid,
                input.body,
            )
            return {"template": MessageTemplate.of(template)}

        return await _answered(info, Role.ADMIN, given.SetMessageTemplatePayload, ("template",), act)

    @strawberry.mutation(
        description="Send again what FAILED, or what is UNKNOWN and held for a person; never what was accepted. Needs the "
        "role AGENT."
    )
    async def resend_notification(
        self,
        info: Info,
        input: Annotated[given.ResendNotificationInput, strawberry.argument(description="Which one.")],  # noqa: A002
    ) -> given.ResendNotificationPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            id_ = _id("Notification", input.notification_id, "notificationId")
            agency_id = info.context.asking.agency_id
            resent = await delivery.resend(house.db, house.wakeups, house.clock, agency_id, id_)
            return {"notification": Notification.of(resent)}

        return await _answered(info, Role.AGENT, given.ResendNotificationPayload, ("notification",), act)

    @strawberry.mutation(
        description="Withdraw what has not been handed to the carrier yet, or what is UNKNOWN and held for a person. Needs the "
        "role AGENT."
    )
    async def cancel_notification(
        self,
        info: Info,
        input: Annotated[given.CancelNotificationInput, strawberry.argument(description="Which one.")],  # noqa: A002
    ) -> given.CancelNotificationPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            id_ = _id("Notification", input.notification_id, "notificationId")
            withdrawn = await delivery.cancel(house.db, house.clock, info.context.asking.agency_id, id_)
            return {"notification": Notification.of(withdrawn)}

        return await _answered(info, Role.AGENT, given.CancelNotificationPayload, ("notification",), act)

    @strawberry.mutation(
        description="One message to a phone of the agency's own, to see that credentials, sender and template work. Needs "
        "the role ADMIN."
    )
    async def send_test_message(
        self,
        info: Info,
        input: Annotated[given.SendTestMessageInput, strawberry.argument(description="Where to.")],  # noqa: A002
    ) -> given.SendTestMessagePayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            agency_id = info.context.asking.agency_id
            sent = await delivery.send_test(house.db, house.wakeups, house.clock, agency_id, input.phone, input.channel)
            return {"notification": Notification.of(sent)}

        return await _answered(info, Role.ADMIN, given.SendTestMessagePayload, ("notification",), act)

    @strawberry.mutation(
        description="Respect that a phone wants no messages, or write to it again. Needs the role AGENT."
    )
    async def set_opt_out(
        self,
        info: Info,
        input: Annotated[given.SetOptOutInput, strawberry.argument(description="Which phone.")],  # noqa: A002
    ) -> given.SetOptOutPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            phone = await booking.set_opt_out(
                house.db, house.clock, info.context.asking.agency_id, input.phone, opted_out=input.opted_out
            )
            return {"phone": phone, "opted_out": input.opted_out}

        return await _answered(info, Role.AGENT, given.SetOptOutPayload, ("phone", "opted_out"), act)

    @strawberry.mutation(description="Make a key; its secret is shown this once. Needs the role ADMIN.")
    async def create_api_key(
        self,
        info: Info,
        input: Annotated[given.CreateApiKeyInput, strawberry.argument(description="The key.")],  # noqa: A002
    ) -> given.CreateApiKeyPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            made = await tenancy.create_key(
                house.db,
                house.clock,
                info.context.asking.agency_id,
                name=input.name,
                role=input.role,
                expires_at=input.expires_at,
            )
            return {"api_key": ApiKey.of(made.key), "secret": made.secret}

        return await _answered(info, Role.ADMIN, given.CreateApiKeyPayload, ("api_key", "secret"), act)

    @strawberry.mutation(
        description="End a key at once, or soon, so that its successor is in use before. Sockets and streams of it end within "
        "ten seconds of that. Needs the role ADMIN."
    )
    async def revoke_api_key(
        self,
        info: Info,
        input: Annotated[given.RevokeApiKeyInput, strawberry.argument(description="Which key.")],  # noqa: A002
    ) -> given.RevokeApiKeyPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            id_ = _id("ApiKey", input.api_key_id, "apiKeyId")
            key = await tenancy.revoke_key(house.db, house.clock, info.context.asking.agency_id, id_, input.at)
            return {"api_key": ApiKey.of(key)}

        return await _answered(info, Role.ADMIN, given.RevokeApiKeyPayload, ("api_key",), act)


def _snake(name: str) -> str:
    return re.sub("(?<!^)([A-Z])", lambda found: f"_{found[1].lower()}", name)


NULLABLE_SETTINGS = frozenset({"timezone_override", "daily_aeroapi_budget_usd"})


def _settings_values(change: given.UpdateAgencySettingsInput) -> dict[str, Any]:
    """Column → value of what the input names; null is a value only where the column can be null."""
    named = {
        name: value
        for name, value in vars(change).items()
        if name != "version" and value is not strawberry.UNSET and (value is not None or name in NULLABLE_SETTINGS)
    }
    for name, field in (("quiet_hours_start", "quietHoursStart"), ("quiet_hours_end", "quietHoursEnd")):
        if name in named:
            local = tenancy.local_time(named[name])
            if local is None:
                raise RefusedError.one(Code.INVALID, "A time of day is written HH:MM.", field)
            named[name] = local
    if "reminder24h_enabled" in named:
        named["reminder_24h_enabled"] = named.pop("reminder24h_enabled")
    if "features" in named:
        named["features"] = {Feature(flag.name).value: flag.enabled for flag in named["features"]}
    return named
