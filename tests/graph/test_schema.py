"""The schema is the one on paper: committed, described to the last argument, and a superset of what was agreed."""

from enum import Enum
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    validate_schema,
)

from graph import schema
from graph.inputs import OrderDirection
from travel import model
from travel.records.trip_pages import Order

COMMITTED = Path(schema.__file__).parent.parent / "schema.graphql"

ON_PURPOSE = {"Notification.trip": "Trip", "Query.previewMessage": "MessagePreview"}
"""A test message belongs to no trip; of a trip that is not the agency's there is nothing to preview."""

ENUMS: dict[str, str] = {
    "Role": "VIEWER AGENT ADMIN",
    "AgencyStatus": "ACTIVE SUSPENDED PENDING",
    "Language": "ES EN PT",
    "UnknownDeliveryPolicy": "RESEND_AFTER_SETTLING HOLD_FOR_HUMAN",
    "Feature": "SMS_FALLBACK GATE_MESSAGES DIVERSION_MESSAGES BAGGAGE_IN_WELCOME",
    "Stage": "OCCURRED_TO_SEEN SEEN_TO_DECIDED DECIDED_TO_ACCEPTED ACCEPTED_TO_DELIVERED",
    "TripStatus": "UPCOMING DEPARTING IN_FLIGHT LANDED CANCELLED DIVERTED LOST ARCHIVED",
    "FlightPhase": "SCHEDULED TAXIING_OUT AIRBORNE LANDED ARRIVED CANCELLED DIVERTED UNKNOWN",
    "StatusSource": "AEROAPI WEBHOOK MANUAL",
    "StatusChangeKind": "PHASE DEPARTURE_TIME ARRIVAL_TIME GATE_ORIGIN GATE_DESTINATION TERMINAL_ORIGIN TERMINAL_DESTINATION BAGGAGE_CLAIM CANCELLED REINSTATED DIVERTED",
    "NotificationType": "RESERVATION_CONFIRMATION REMINDER_24H DELAYED EARLIER GATE_CHANGE CANCELLED REINSTATED DIVERTED BOARDING LANDING_WELCOME TEST",
    "NotificationStatus": "PENDING SENDING UNKNOWN SENT DELIVERED READ UNDELIVERED FAILED SUPPRESSED SUPERSEDED EXPIRED WITHDRAWN",
    "NotificationReason": "QUIET_HOURS HOURLY_LIMIT DAILY_LIMIT RETRYING HELD_FOR_HUMAN OPTED_OUT TYPE_DISABLED BOOKED_LATE SETTLED_BACK NEWER_FACTS NO_LONGER_USEFUL INVALID_RECIPIENT PROVIDER_REFUSED ATTEMPTS_EXHAUSTED TRIP_ARCHIVED AGENCY_SUSPENDED",
    "Channel": "WHATSAPP SMS",
    "AttemptOutcome": "IN_FLIGHT ACCEPTED REFUSED RETRYABLE UNKNOWN",
    "EventKind": "TRIP_CREATED TRIP_UPDATED TRIP_STATUS_CHANGED NOTIFICATION_UPDATED SETTINGS_UPDATED",
    "TripOrderField": "DEPARTURE CREATED UPDATED",
    "OrderDirection": "ASC DESC",
    "UserErrorCode": "INVALID NOT_FOUND TAKEN CONFLICT FORBIDDEN LIMIT_REACHED TOO_LATE UNKNOWN_AIRPORT UNKNOWN_FLIGHT",
}
FIELDS: dict[str, str] = {
    "Node": "id: ID!",
    "Query": "viewer: Viewer!; agency: Agency!; node(id: ID!): Node; nodes(ids: [ID!]!): [Node]!; trip(id: ID!): Trip; trips(first: Int, after: String, last: Int, before: String, filter: TripFilter, orderBy: TripOrder): TripConnection!; notification(id: ID!): Notification; notifications(first: Int, after: String, last: Int, before: String, filter: NotificationFilter): NotificationConnection!; previewMessage(tripId: ID!, type: NotificationType!, language: Language): MessagePreview!",
    "Mutation": "createTrip(input: CreateTripInput!): CreateTripPayload!; importTrips(input: ImportTripsInput!): ImportTripsPayload!; updateTrip(input: UpdateTripInput!): UpdateTripPayload!; archiveTrip(input: ArchiveTripInput!): ArchiveTripPayload!; checkTrip(input: CheckTripInput!): CheckTripPayload!; recordFlightStatus(input: RecordFlightStatusInput!): RecordFlightStatusPayload!; updateAgencySettings(input: UpdateAgencySettingsInput!): UpdateAgencySettingsPayload!; setMessageTemplate(input: SetMessageTemplateInput!): SetMessageTemplatePayload!; resendNotification(input: ResendNotificationInput!): ResendNotificationPayload!; cancelNotification(input: CancelNotificationInput!): CancelNotificationPayload!; sendTestMessage(input: SendTestMessageInput!): SendTestMessagePayload!; setOptOut(input: SetOptOutInput!): SetOptOutPayload!; createApiKey(input: CreateApiKeyInput!): CreateApiKeyPayload!; revokeApiKey(input: RevokeApiKeyInput!): RevokeApiKeyPayload!",
    "Subscription": "events(after: String, tripId: ID, kinds: [EventKind!]): Event!; tripStatusChanged(tripId: ID, after: String): TripStatusEvent!",
    "Viewer": "name: String!; role: Role!; agency: Agency!; expiresAt: DateTime",
    "Agency": "id: ID!; name: String!; email: String!; phone: String; country: String!; status: AgencyStatus!; settings: AgencySettings!; messageTemplates: [MessageTemplate!]!; apiKeys: [ApiKey!]!; eventCursor: String!; activity(from: DateTime!, until: DateTime!): AgencyActivity!",
    "AgencySettings": "quietHoursStart: LocalTime!; quietHoursEnd: LocalTime!; timezoneOverride: String; boardingNotificationOffsetMinutes: Int!; landingNotificationEnabled: Boolean!; reminder24hEnabled: Boolean!; delayThresholdMinutes: Int!; maxRetryAttempts: Int!; retryInitialDelaySeconds: Int!; retryBackoffFactor: Float!; retryMaxDelaySeconds: Int!; maxNotificationsPerHour: Int!; maxNotificationsPerDay: Int!; language: Language!; onUnknownDelivery: UnknownDeliveryPolicy!; dailyAeroapiBudgetUsd: Float; features: [FeatureFlag!]!; version: Int!; updatedAt: DateTime!",
    "FeatureFlag": "name: Feature!; enabled: Boolean!",
    "MessageTemplate": "type: NotificationType!; language: Language!; contentSid: String; body: String!; updatedAt: DateTime!",
    "ApiKey": "id: ID!; name: String!; role: Role!; prefix: String!; createdAt: DateTime!; lastUsedAt: DateTime; expiresAt: DateTime; revokedAt: DateTime",
    "AgencyActivity": "trips: Int!; notificationsByStatus: [NotificationStatusCount!]!; notificationsByType: [NotificationTypeCount!]!; suppressedByReason: [ReasonCount!]!; latencies: [StageLatency!]!; aeroapiResultSets: Int!; aeroapiCostUsd: Float!",
    "NotificationStatusCount": "status: NotificationStatus!; count: Int!",
    "NotificationTypeCount": "type: NotificationType!; count: Int!",
    "ReasonCount": "reason: NotificationReason!; count: Int!",
    "StageLatency": "stage: Stage!; count: Int!; p50Seconds: Float!; p95Seconds: Float!; maxSeconds: Float!",
    "Trip": "id: ID!; reference: String; traveller: Traveller!; flight: Flight!; status: TripStatus!; lodging: String; notes: String; told: Told!; statusHistory(first: Int, after: String, last: Int, before: String): FlightStatusRecordConnection!; latestStatus: FlightStatusRecord; notifications(first: Int, after: String, last: Int, before: String, filter: NotificationFilter): NotificationConnection!; createdAt: DateTime!; updatedAt: DateTime!; archivedAt: DateTime",
    "Traveller": "name: String!; phone: PhoneNumber!; language: Language!; optedOut: Boolean!",
    "Told": "departureAt: DateTime; gate: String; cancelled: Boolean!; landed: Boolean!; at: DateTime",
    "Flight": "id: ID!; ident: String!; identIata: String; phase: FlightPhase!; departure: FlightEnd!; arrival: FlightEnd!; cancelled: Boolean!; diverted: Boolean!; departureDelayMinutes: Int; progressPercent: Int; lastCheckedAt: DateTime; nextCheckAt: DateTime; stale: Boolean!",
    "FlightEnd": "airport: Airport!; scheduledAt: DateTime; estimatedAt: DateTime; actualAt: DateTime; runwayAt: DateTime; gate: String; terminal: String; baggageClaim: String",
    "Airport": "code: String!; name: String!; city: String!; timezone: String!",
    "FlightStatusRecord": "id: ID!; phase: FlightPhase!; departureEstimatedAt: DateTime; departureActualAt: DateTime; arrivalEstimatedAt: DateTime; arrivalActualAt: DateTime; gateOrigin: String; gateDestination: String; terminalOrigin: String; terminalDestination: String; cancelled: Boolean!; diverted: Boolean!; changes: [StatusChange!]!; source: StatusSource!; recordedAt: DateTime!",
    "StatusChange": "kind: StatusChangeKind!; before: String; after: String",
    "Notification": "id: ID!; trip: Trip!; type: NotificationType!; status: NotificationStatus!; reason: NotificationReason; channel: Channel!; language: Language!; body: String!; dueAt: DateTime!; expiresAt: DateTime!; acceptedAt: DateTime; deliveredAt: DateTime; readAt: DateTime; idempotencyHash: String!; attempts: [DeliveryAttempt!]!; causedBy: FlightStatusRecord; createdAt: DateTime!; updatedAt: DateTime!",
    "DeliveryAttempt": "number: Int!; startedAt: DateTime!; finishedAt: DateTime; outcome: AttemptOutcome!; httpStatus: Int; errorCode: Int; errorMessage: String; twilioSid: String",
    "MessagePreview": "body: String!; contentSid: String; variables: [String!]!",
    "Event": "cursor: String!; sequence: Int!; occurredAt: DateTime!",
    "TripStatusEvent": "cursor: String!; sequence: Int!; occurredAt: DateTime!",
    "TripCreated": "cursor: String!; sequence: Int!; occurredAt: DateTime!; trip: Trip!",
    "TripUpdated": "cursor: String!; sequence: Int!; occurredAt: DateTime!; trip: Trip!",
    "TripStatusChanged": "cursor: String!; sequence: Int!; occurredAt: DateTime!; trip: Trip!; record: FlightStatusRecord!",
    "NotificationUpdated": "cursor: String!; sequence: Int!; occurredAt: DateTime!; notification: Notification!",
    "SettingsUpdated": "cursor: String!; sequence: Int!; occurredAt: DateTime!; settings: AgencySettings!",
    "CaughtUp": "cursor: String!; sequence: Int!; occurredAt: DateTime!",
    "Resync": "cursor: String!; sequence: Int!; occurredAt: DateTime!; oldestReplayable: String!",
    "PageInfo": "hasNextPage: Boolean!; hasPreviousPage: Boolean!; startCursor: String; endCursor: String",
    "TripConnection": "edges: [TripEdge!]!; nodes: [Trip!]!; pageInfo: PageInfo!; totalCount: Int!",
    "TripEdge": "node: Trip!; cursor: String!",
    "TripFilter": "search: String; status: [TripStatus!]; flight: String; departureFrom: DateTime; departureUntil: DateTime; origin: String; destination: String; includeArchived: Boolean",
    "TripOrder": "field: TripOrderField!; direction: OrderDirection!",
    "NotificationFilter": "status: [NotificationStatus!]; type: [NotificationType!]; from: DateTime; until: DateTime",
    "CreateTripInput": "idempotencyKey: String; reference: String; traveller: TravellerInput!; flight: String!; origin: String!; destination: String!; departure: String!; lodging: String; notes: String",
    "TravellerInput": "name: String!; phone: PhoneNumber!; language: Language",
    "CreateTripPayload": "trip: Trip; userErrors: [UserError!]!",
    "ImportTripsInput": "trips: [CreateTripInput!]!",
    "ImportTripsPayload": "results: [CreateTripPayload!]!; created: Int!; failed: Int!",
    "UpdateTripInput": "tripId: ID!; reference: String; traveller: TravellerInput; lodging: String; notes: String; departure: String; flight: String",
    "UpdateTripPayload": "trip: Trip; userErrors: [UserError!]!",
    "RecordFlightStatusInput": "tripId: ID!; departureEstimatedAt: DateTime; arrivalEstimatedAt: DateTime; departureActualAt: DateTime; arrivalActualAt: DateTime; gateOrigin: String; terminalOrigin: String; cancelled: Boolean",
    "RecordFlightStatusPayload": "record: FlightStatusRecord; trip: Trip; userErrors: [UserError!]!",
    "UpdateAgencySettingsInput": "version: Int!; quietHoursStart: LocalTime; quietHoursEnd: LocalTime; timezoneOverride: String; boardingNotificationOffsetMinutes: Int; landingNotificationEnabled: Boolean; reminder24hEnabled: Boolean; delayThresholdMinutes: Int; maxRetryAttempts: Int; retryInitialDelaySeconds: Int; retryBackoffFactor: Float; retryMaxDelaySeconds: Int; maxNotificationsPerHour: Int; maxNotificationsPerDay: Int; language: Language; onUnknownDelivery: UnknownDeliveryPolicy; dailyAeroapiBudgetUsd: Float; features: [FeatureFlagInput!]",
    "FeatureFlagInput": "name: Feature!; enabled: Boolean!",
    "UpdateAgencySettingsPayload": "settings: AgencySettings; userErrors: [UserError!]!",
    "UserError": "code: UserErrorCode!; message: String!; path: [String!]!",
}

PYTHON: dict[str, type[Enum]] = {
    **{each.__name__: each for each in (
        model.Role, model.AgencyStatus, model.Language, model.UnknownDeliveryPolicy, model.Feature, model.FlightPhase,
        model.StatusSource, model.StatusChangeKind, model.TripStatus, model.NotificationType, model.NotificationStatus,
        model.NotificationReason, model.Channel, model.AttemptOutcome, model.EventKind, model.Stage, model.UserErrorCode,
    )},
    "TripOrderField": Order,
    "OrderDirection": OrderDirection,
}  # fmt: skip


@pytest.fixture(scope="module")
def printed() -> GraphQLSchema:
    """What clients are given."""
    return build_schema(COMMITTED.read_text(encoding="utf-8"))


def own(printed: GraphQLSchema) -> list[GraphQLNamedType]:
    """Our types, without GraphQL's."""
    builtin = {"String", "Int", "Float", "Boolean", "ID"}
    return [each for name, each in printed.type_map.items() if not name.startswith("__") and name not in builtin]


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema.printed()


def test_introspection_is_all_that_development_adds() -> None:
    assert schema.build(introspection=True).as_str() == schema.build().as_str()


def test_the_schema_is_valid_and_breaks_nothing_that_is_committed(printed: GraphQLSchema) -> None:
    assert validate_schema(printed) == []
    assert find_breaking_changes(printed, build_schema(schema.printed())) == []


@pytest.mark.parametrize("name", FIELDS)
def test_every_agreed_field_is_there_with_its_type(printed: GraphQLSchema, name: str) -> None:
    type_ = printed.type_map.get(name)
    assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
    for agreed in FIELDS[name].split("; "):
        signature, _, wanted = agreed.rpartition(": ")
        field_name, _, arguments = signature.partition("(")
        assert field_name in type_.fields, f"{name}.{field_name} is missing"
        field = type_.fields[field_name]
        assert str(field.type) == ON_PURPOSE.get(f"{name}.{field_name}", wanted), f"{name}.{field_name}"
        given = {argument: str(each.type) for argument, each in getattr(field, "args", {}).items()}
        for argument in filter(None, arguments.rstrip(")").split(", ")):
            argument_name, _, argument_type = argument.partition(": ")
            assert given.pop(argument_name, None) == argument_type, f"{name}.{field_name}({argument_name}:)"
        assert not [each for each in given.values() if each.endswith("!")], "what was added is optional"


def test_every_agreed_enum_value_is_there(printed: GraphQLSchema) -> None:
    missing = {}
    for name, values in ENUMS.items():
        type_ = printed.type_map.get(name)
        assert isinstance(type_, GraphQLEnumType), name
        missing[name] = set(values.split()) - set(type_.values)
    assert {name: values for name, values in missing.items() if values} == {}


def test_every_mutation_takes_one_input_and_answers_with_errors(printed: GraphQLSchema) -> None:
    assert printed.mutation_type is not None
    for name, field in printed.mutation_type.fields.items():
        pascal = name[0].upper() + name[1:]
        assert {argument: str(each.type) for argument, each in field.args.items()} == {"input": f"{pascal}Input!"}
        assert str(field.type) == f"{pascal}Payload!"
        payload = printed.type_map[f"{pascal}Payload"]
        assert isinstance(payload, GraphQLObjectType)
        assert str(payload.fields["userErrors"].type) == "[UserError!]!"


def test_everything_is_described(printed: GraphQLSchema) -> None:
    silent = []
    for type_ in own(printed):
        if not type_.description:
            silent.append(type_.name)
        if isinstance(type_, GraphQLEnumType):
            silent += [f"{type_.name}.{name}" for name, value in type_.values.items() if not value.description]
        elif not isinstance(type_, GraphQLScalarType):
            for name, field in type_.fields.items():  # type: ignore[attr-defined]
                silent += [f"{type_.name}.{name}"] if not field.description else []
                arguments = getattr(field, "args", {})
                silent += [
                    f"{type_.name}.{name}({each}:)" for each, value in arguments.items() if not value.description
                ]
    assert silent == []


def test_enums_are_those_of_the_house(printed: GraphQLSchema) -> None:
    enums = {each.name: list(each.values) for each in own(printed) if isinstance(each, GraphQLEnumType)}
    assert enums == {name: [member.value for member in each] for name, each in PYTHON.items()}
