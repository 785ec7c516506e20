"""What clients send, and what mutations answer."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

import strawberry

from graph.agency_types import AgencySettings, ApiKey, MessageTemplate
from graph.flight_types import FlightStatusRecord
from graph.scalars import LocalTime, PhoneNumber
from graph.trip_types import Notification, Trip
from travel.booking_form import TripForm
from travel.model import (
    Channel,
    Feature,
    Language,
    NotificationType,
    Refusal,
    RefusedError,
    Role,
    TripStatus,
    UnknownDeliveryPolicy,
    UserErrorCode,
)
from travel.records.trip_pages import Order


@strawberry.type(description="An expected refusal, about one argument.")
class UserError:
    code: UserErrorCode = strawberry.field(description="For programs.")
    message: str = strawberry.field(description="For people, in English.")
    path: list[str] = strawberry.field(description="Leads from the input to the argument.")

    @classmethod
    def all(cls, refusals: Sequence[Refusal]) -> list["UserError"]:
        return [cls(code=each.code, message=each.message, path=list(each.path)) for each in refusals]

    @classmethod
    def of(cls, refused: RefusedError) -> list["UserError"]:
        return cls.all(refused.refusals)


@strawberry.input(description="Which trips; what is left out means any.")
class TripFilter:
    search: str | None = strawberry.field(
        default=None, description="Part of a name, phone, reference or flight number."
    )
    status: list[TripStatus] | None = strawberry.field(default=None, description="In one of these states.")
    flight: str | None = strawberry.field(default=None, description="IATA or ICAO flight number.")
    departure_from: datetime | None = strawberry.field(
        default=None, description="Departing at or after, as now expected."
    )
    departure_until: datetime | None = strawberry.field(default=None, description="Departing before, as now expected.")
    origin: str | None = strawberry.field(default=None, description="IATA or ICAO code.")
    destination: str | None = strawberry.field(default=None, description="IATA or ICAO code.")
    include_archived: bool | None = strawberry.field(default=None, description="Also trips that are no longer watched.")


@strawberry.enum(description="Up or down.")
class OrderDirection(Enum):
    ASC = strawberry.enum_value("ASC", description="The smallest or earliest first.")
    DESC = strawberry.enum_value("DESC", description="The largest or latest first.")


@strawberry.input(description="How trips are ordered.")
class TripOrder:
    field: Order = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(description="Up or down.")


@strawberry.input(description="Who flies.")
class TravellerInput:
    name: str = strawberry.field(description="1 to 120 characters, as in the passport.")
    phone: PhoneNumber = strawberry.field(description="E.164: +5491155550101.")
    language: Language | None = strawberry.field(default=None, description="Else the agency's.")


@strawberry.input(description="A trip to watch.")
class CreateTripInput:
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="The caller's own key: the same key with the same content returns the trip made before, with other "
        "content an error.",
    )
    reference: str | None = strawberry.field(default=None, description="The agency's own reference.")
    traveller: TravellerInput = strawberry.field(description="Who flies.")
    flight: str = strawberry.field(description="IATA or ICAO flight number: AR1303, ARG1303.")
    origin: str = strawberry.field(description="IATA or ICAO code.")
    destination: str = strawberry.field(description="IATA or ICAO code.")
    departure: str = strawberry.field(description="An instant with an offset, or local time at the origin without one.")
    lodging: str | None = strawberry.field(default=None, description="Where the traveller stays; part of the welcome.")
    notes: str | None = strawberry.field(default=None, description="For the agency only; never sent.")

    def form(self) -> TripForm:
        return TripForm(
            traveller_name=self.traveller.name,
            phone=self.traveller.phone,
            language=self.traveller.language,
            flight=self.flight,
            origin=self.origin,
            destination=self.destination,
            departure=self.departure,
            reference=self.reference,
            lodging=self.lodging,
            notes=self.notes,
            idempotency_key=self.idempotency_key,
        )


@strawberry.type(description="The trip, or why there is none.")
class CreateTripPayload:
    trip: Trip | None = strawberry.field(description="The trip.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="Many trips at once.")
class ImportTripsInput:
    trips: list[CreateTripInput] = strawberry.field(description="1 to 1,000.")


@strawberry.type(description="What became of each row.")
class ImportTripsPayload:
    results: list[CreateTripPayload] = strawberry.field(description="One per row, in order.")
    created: int = strawberry.field(description="Rows that gave a trip.")
    failed: int = strawberry.field(description="Rows that were refused.")
    user_errors: list[UserError] = strawberry.field(description="What was refused about the import as a whole.")


@strawberry.input(description="What shall be different; what is left out stays, an empty text takes away.")
class UpdateTripInput:
    trip_id: strawberry.ID = strawberry.field(description="Which trip.")
    reference: str | None = strawberry.field(default=None, description="The agency's own reference.")
    traveller: TravellerInput | None = strawberry.field(default=None, description="Who flies.")
    lodging: str | None = strawberry.field(default=None, description="Where the traveller stays.")
    notes: str | None = strawberry.field(default=None, description="For the agency only.")
    departure: str | None = strawberry.field(default=None, description="Another departure on the same route.")
    flight: str | None = strawberry.field(default=None, description="Another flight on the same route.")


@strawberry.type(description="The trip as it is now, or why it was not changed.")
class UpdateTripPayload:
    trip: Trip | None = strawberry.field(description="The trip.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="A trip to watch no longer.")
class ArchiveTripInput:
    trip_id: strawberry.ID = strawberry.field(description="Which trip.")


@strawberry.type(description="The archived trip, or why it was not.")
class ArchiveTripPayload:
    trip: Trip | None = strawberry.field(description="The trip.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="A trip whose flight shall be looked at now.")
class CheckTripInput:
    trip_id: strawberry.ID = strawberry.field(description="Which trip.")


@strawberry.type(description="The trip whose flight will be looked at, or why not.")
class CheckTripPayload:
    trip: Trip | None = strawberry.field(description="The trip.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="What an agent knows better; what is left out says nothing.")
class RecordFlightStatusInput:
    trip_id: strawberry.ID = strawberry.field(description="Which trip; it counts for no other.")
    departure_estimated_at: datetime | None = strawberry.field(
        default=None, description="Expected departure at the gate."
    )
    arrival_estimated_at: datetime | None = strawberry.field(default=None, description="Expected arrival at the gate.")
    departure_actual_at: datetime | None = strawberry.field(default=None, description="When it left the gate.")
    arrival_actual_at: datetime | None = strawberry.field(default=None, description="When it reached the gate.")
    gate_origin: str | None = strawberry.field(default=None, description="Gate of departure.")
    terminal_origin: str | None = strawberry.field(default=None, description="Terminal of departure.")
    cancelled: bool | None = strawberry.field(default=None, description="Whether it is cancelled.")


@strawberry.type(description="The record that was written, or why none was.")
class RecordFlightStatusPayload:
    record: FlightStatusRecord | None = strawberry.field(description="The record.")
    trip: Trip | None = strawberry.field(description="The trip.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="A switch to set.")
class FeatureFlagInput:
    name: Feature = strawberry.field(description="Which one.")
    enabled: bool = strawberry.field(description="On or off.")


@strawberry.input(description="What shall be different; what is left out stays.")
class UpdateAgencySettingsInput:
    version: int = strawberry.field(description="The version this change was made from.")
    quiet_hours_start: LocalTime | None = strawberry.field(default=strawberry.UNSET, description="HH:MM.")
    quiet_hours_end: LocalTime | None = strawberry.field(default=strawberry.UNSET, description="HH:MM.")
    timezone_override: str | None = strawberry.field(
        default=strawberry.UNSET, description="IANA name; null: where the traveller is."
    )
    boarding_notification_offset_minutes: int | None = strawberry.field(
        default=strawberry.UNSET, description="15 to 360."
    )
    landing_notification_enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Welcome travellers."
    )
    reminder24h_enabled: bool | None = strawberry.field(
        name="reminder24hEnabled", default=strawberry.UNSET, description="Remind travellers."
    )
    delay_threshold_minutes: int | None = strawberry.field(default=strawberry.UNSET, description="5 to 240.")
    max_retry_attempts: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 10.")
    retry_initial_delay_seconds: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 3,600.")
    retry_backoff_factor: float | None = strawberry.field(default=strawberry.UNSET, description="1 to 10.")
    retry_max_delay_seconds: int | None = strawberry.field(
        default=strawberry.UNSET, description="1 to 86,400, and not below the first."
    )
    max_notifications_per_hour: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 100,000.")
    max_notifications_per_day: int | None = strawberry.field(
        default=strawberry.UNSET, description="1 to 1,000,000, and not below the hour's."
    )
    language: Language | None = strawberry.field(default=strawberry.UNSET, description="For new trips without one.")
    on_unknown_delivery: UnknownDeliveryPolicy | None = strawberry.field(
        default=strawberry.UNSET, description="After the settling time."
    )
    daily_aeroapi_budget_usd: float | None = strawberry.field(
        default=strawberry.UNSET, description="Dollars; null is no limit."
    )
    features: list[FeatureFlagInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Switches to set; the others stay."
    )


@strawberry.type(description="The settings as they are now, or why they were not changed.")
class UpdateAgencySettingsPayload:
    settings: AgencySettings | None = strawberry.field(description="The settings.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="How a type shall be worded.")
class SetMessageTemplateInput:
    type: NotificationType = strawberry.field(description="What it is about.")
    language: Language = strawberry.field(description="In which language.")
    content_sid: str | None = strawberry.field(default=None, description="The approved WhatsApp template.")
    body: str | None = strawberry.field(default=None, description="With {{1}}, {{2}} …; null: the standard text.")


@strawberry.type(description="The wording as it is now, or why it was not changed.")
class SetMessageTemplatePayload:
    template: MessageTemplate | None = strawberry.field(description="The wording.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="A notification to send again.")
class ResendNotificationInput:
    notification_id: strawberry.ID = strawberry.field(description="Which one.")


@strawberry.type(description="The notification, pending again, or why not.")
class ResendNotificationPayload:
    notification: Notification | None = strawberry.field(description="The notification.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="A notification to withdraw.")
class CancelNotificationInput:
    notification_id: strawberry.ID = strawberry.field(description="Which one.")


@strawberry.type(description="The withdrawn notification, or why it was not.")
class CancelNotificationPayload:
    notification: Notification | None = strawberry.field(description="The notification.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="A message to try the line with.")
class SendTestMessageInput:
    phone: PhoneNumber = strawberry.field(description="A phone of the agency's own.")
    channel: Channel = strawberry.field(default=Channel.WHATSAPP, description="How it shall go.")


@strawberry.type(description="The test message on its way, or why there is none.")
class SendTestMessagePayload:
    notification: Notification | None = strawberry.field(description="Watch it by its id.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="Whether a phone wants no messages.")
class SetOptOutInput:
    phone: PhoneNumber = strawberry.field(description="E.164.")
    opted_out: bool = strawberry.field(description="True: send nothing more. False: it may be written to again.")


@strawberry.type(description="How the phone stands now, or why it was not changed.")
class SetOptOutPayload:
    phone: PhoneNumber | None = strawberry.field(description="The number as it is kept.")
    opted_out: bool | None = strawberry.field(description="How it stands.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="A new key.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="What the agency calls it.")
    role: Role = strawberry.field(description="What it may do.")
    expires_at: datetime | None = strawberry.field(default=None, description="When it ends by itself; null: never.")


@strawberry.type(description="The new key with its secret, or why there is none.")
class CreateApiKeyPayload:
    api_key: ApiKey | None = strawberry.field(description="The key.")
    secret: str | None = strawberry.field(description="Shown this once, kept nowhere.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")


@strawberry.input(description="A key to end.")
class RevokeApiKeyInput:
    api_key_id: strawberry.ID = strawberry.field(description="Which one.")
    at: datetime | None = strawberry.field(
        default=None, description="When; null: at once. It can only come sooner than the key would end by itself."
    )


@strawberry.type(description="The ended key, or why it was not.")
class RevokeApiKeyPayload:
    api_key: ApiKey | None = strawberry.field(description="The key.")
    user_errors: list[UserError] = strawberry.field(description="What was refused.")
