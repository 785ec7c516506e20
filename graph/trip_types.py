"""The object types of trips and of the messages about them. One module, because each leads to the other."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph import ids
from graph.context import Info
from graph.flight_types import Flight, FlightStatusRecord
from graph.ids import Node
from graph.paging import After, Before, Connection, First, Last, window
from graph.scalars import PhoneNumber
from travel import audience, model, status
from travel.model import (
    AttemptOutcome,
    Channel,
    Language,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    TripStatus,
)
from travel.records import log_pages


@strawberry.type(description="Who flies, and how they are reached.")
class Traveller:
    name: str = strawberry.field(description="As it stands in messages.")
    phone: PhoneNumber = strawberry.field(description="Where messages go.")
    language: Language = strawberry.field(description="The language of messages.")

    @strawberry.field(description="True if nothing is sent to this phone in the agency's name.")
    async def opted_out(self, info: Info) -> bool:
        return await info.context.loaders.opted_out.load(self.phone)


@strawberry.type(description="What the traveller last heard; null where nothing was said yet.")
class Told:
    departure_at: datetime | None = strawberry.field(description="The departure.")
    gate: str | None = strawberry.field(description="The gate.")
    cancelled: bool = strawberry.field(description="True if the last word was that it does not fly.")
    landed: bool = strawberry.field(description="True once welcomed.")
    at: datetime | None = strawberry.field(description="When the last message was handed over.")


@strawberry.input(description="Which notifications; what is left out means any.")
class NotificationFilter:
    status: list[NotificationStatus] | None = strawberry.field(default=None, description="In one of these states.")
    type: list[NotificationType] | None = strawberry.field(default=None, description="Of one of these types.")
    from_: datetime | None = strawberry.field(name="from", default=None, description="Made at or after.")
    until: datetime | None = strawberry.field(default=None, description="Made before.")

    def value(self) -> log_pages.Filter:
        return log_pages.Filter(
            statuses=tuple(self.status) if self.status is not None else None,
            types=tuple(self.type) if self.type is not None else None,
            since=self.from_,
            until=self.until,
        )


async def flight_of(trip: model.Trip, info: Info) -> model.Flight:
    """The flight as it counts for a trip: with what was written by hand for it."""
    flying = await info.context.loaders.flying.load(trip.id)
    assert flying is not None, "a trip has a flight"
    return status.corrected(*flying)


@strawberry.type(description="One traveller on one flight, made by the agency.")
class Trip(Node):
    value: strawberry.Private[model.Trip]

    @classmethod
    def of(cls, value: model.Trip) -> "Trip":
        return cls(id=strawberry.ID(ids.encode("Trip", value.id)), value=value)

    @strawberry.field(description="The agency's own reference.")
    def reference(self) -> str | None:
        return self.value.reference

    @strawberry.field(description="Who flies.")
    def traveller(self) -> Traveller:
        trip = self.value
        return Traveller(name=trip.traveller_name, phone=PhoneNumber(trip.phone), language=trip.language)

    @strawberry.field(description="The flight, with what was written by hand for this trip.")
    async def flight(self, info: Info) -> Flight:
        return Flight.of(await flight_of(self.value, info), self.value)

    @strawberry.field(description="How the trip stands.")
    async def status(self, info: Info) -> TripStatus:
        now = info.context.house.clock.now()
        return status.trip_status(
            await flight_of(self.value, info), archived=self.value.archived_at is not None, now=now
        )

    @strawberry.field(description="Where the traveller stays; it is part of the welcome.")
    def lodging(self) -> str | None:
        return self.value.lodging

    @strawberry.field(description="For the agency only; never sent.")
    def notes(self) -> str | None:
        return self.value.notes

    @strawberry.field(description="What the traveller was last told, and when; null where nothing was said yet.")
    async def told(self, info: Info) -> Told:
        heard = await info.context.loaders.told.load(self.value.id)
        told = audience.heard([each for each in heard or [] if each.flight_id == self.value.flight_id])
        return Told(
            departure_at=told.departure_at, gate=told.gate, cancelled=told.cancelled, landed=told.landed, at=told.at
        )

    @strawberry.field(description="The flight's history, newest first.")
    async def status_history(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[FlightStatusRecord]:
        wanted, loaders = window(first, after, last, before), info.context.loaders
        page = await loaders.history_page.load((self.value.id, wanted))
        return Connection(
            page=page, shape=FlightStatusRecord.of, counter=lambda: loaders.history_count.load(self.value.id)
        )

    @strawberry.field(description="The newest record; null before the first look.")
    async def latest_status(self, info: Info) -> FlightStatusRecord | None:
        page = await info.context.loaders.history_page.load((self.value.id, window(1, None, None, None)))
        return FlightStatusRecord.of(page.items[0][0]) if page.items else None

    @strawberry.field(description="What was decided for this traveller, sent or not, newest first.")
    async def notifications(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[NotificationFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Connection["Notification"]:
        wanted, loaders = filter.value() if filter else log_pages.Filter(), info.context.loaders
        page = await loaders.notification_page.load((self.value.id, wanted, window(first, after, last, before)))
        return Connection(
            page=page, shape=Notification.of, counter=lambda: loaders.notification_count.load((self.value.id, wanted))
        )

    @strawberry.field(description="When the trip was made.")
    def created_at(self) -> datetime:
        return self.value.created_at

    @strawberry.field(description="When the agency last changed it.")
    def updated_at(self) -> datetime:
        return self.value.updated_at

    @strawberry.field(description="Since when it is no longer watched.")
    def archived_at(self) -> datetime | None:
        return self.value.archived_at


@strawberry.type(description="One try to hand a notification to Twilio.")
class DeliveryAttempt:
    number: int = strawberry.field(description="1, 2, 3 …")
    started_at: datetime = strawberry.field(description="Committed before the request left.")
    finished_at: datetime | None = strawberry.field(description="When the outcome was known.")
    outcome: AttemptOutcome = strawberry.field(description="How it ended.")
    counted: bool = strawberry.field(
        description="Whether it is one of the tries that the agency allows; a fault of the account or a pause is none."
    )
    http_status: int | None = strawberry.field(description="Twilio's HTTP status, if it answered.")
    error_code: int | None = strawberry.field(description="Twilio's error code, at once or later.")
    error_message: str | None = strawberry.field(description="Twilio's words, or what broke.")
    twilio_sid: str | None = strawberry.field(description="The message's id at Twilio.")

    @classmethod
    def of(cls, value: model.DeliveryAttempt) -> "DeliveryAttempt":
        return cls(
            number=value.number,
            started_at=value.started_at,
            finished_at=value.finished_at,
            outcome=value.outcome,
            counted=value.counted,
            http_status=value.http_status,
            error_code=value.error_code,
            error_message=value.error_message,
            twilio_sid=value.twilio_sid,
        )


@strawberry.type(description="What one traveller shall be told of one thing, and what became of it.")
class Notification(Node):
    value: strawberry.Private[model.Notification]

    @classmethod
    def of(cls, value: model.Notification) -> "Notification":
        return cls(id=strawberry.ID(ids.encode("Notification", value.id)), value=value)

    @strawberry.field(description="The trip; null for a test message, which belongs to none.")
    async def trip(self, info: Info) -> Trip | None:
        if self.value.trip_id is None:
            return None
        trip = await info.context.loaders.trip.load(self.value.trip_id)
        return Trip.of(trip) if trip else None

    @strawberry.field(description="What it is about.")
    def type(self) -> NotificationType:
        return self.value.type

    @strawberry.field(description="How far it came.")
    def status(self) -> NotificationStatus:
        return self.value.status

    @strawberry.field(description="Why it waits, or why it was never sent.")
    def reason(self) -> NotificationReason | None:
        return self.value.reason

    @strawberry.field(description="How it goes, or went.")
    def channel(self) -> Channel:
        return self.value.channel

    @strawberry.field(description="The language of its text.")
    def language(self) -> Language:
        return self.value.language

    @strawberry.field(description="The text; while it waits, as it would be sent now or was decided.")
    def body(self) -> str:
        return self.value.body

    @strawberry.field(description="When it shall be sent.")
    def due_at(self) -> datetime:
        return self.value.due_at

    @strawberry.field(description="Until when it is useful; it is not sent later.")
    def expires_at(self) -> datetime:
        return self.value.expires_at

    @strawberry.field(description="When Twilio took it.")
    def accepted_at(self) -> datetime | None:
        return self.value.accepted_at

    @strawberry.field(description="When it reached the phone.")
    def delivered_at(self) -> datetime | None:
        return self.value.delivered_at

    @strawberry.field(description="When it was read; WhatsApp only.")
    def read_at(self) -> datetime | None:
        return self.value.read_at

    @strawberry.field(description="SHA-256 over trip, type and what it tells; unique per trip and type.")
    def idempotency_hash(self) -> str:
        return self.value.idempotency_hash.hex()

    @strawberry.field(description="The tries, in order.")
    async def attempts(self, info: Info) -> list[DeliveryAttempt]:
        tries = await info.context.loaders.attempts.load(self.value.id)
        return [DeliveryAttempt.of(each) for each in tries or []]

    @strawberry.field(description="The status record that caused it, where one did.")
    async def caused_by(self, info: Info) -> FlightStatusRecord | None:
        if self.value.caused_by_id is None:
            return None
        record = await info.context.loaders.record.load(self.value.caused_by_id)
        return FlightStatusRecord.of(record) if record else None

    @strawberry.field(description="When it was decided.")
    def created_at(self) -> datetime:
        return self.value.created_at

    @strawberry.field(description="When it last changed.")
    def updated_at(self) -> datetime:
        return self.value.updated_at
