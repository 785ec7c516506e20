// Made by `python -m tests.portal.typed` from schema.graphql and the documents of the portal.
declare namespace Api {
  interface Operations {
    Board: { data: Board; variables: { first: number; after?: string | null; filter: TripFilter } };
    Clock: { data: Clock; variables: {  } };
    Events: { data: Events; variables: { after?: string | null } };
    Session: { data: Session; variables: {  } };
  }
  type Board = { trips: { totalCount: number; nodes: (BoardTrip)[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } };
  type BoardTrip = { id: string; reference: string | null; status: TripStatus; archivedAt: string | null; traveller: { name: string; phone: string; optedOut: boolean }; flight: { id: string; ident: string; identIata: string | null; phase: FlightPhase; cancelled: boolean; diverted: boolean; departureDelayMinutes: number | null; progressPercent: number | null; lastCheckedAt: string | null; lastFailure: string | null; stale: boolean; departure: BoardEnd; arrival: BoardEnd }; told: { departureAt: string | null; gate: string | null; cancelled: boolean; landed: boolean; at: string | null }; notifications: { nodes: ({ id: string; type: NotificationType; status: NotificationStatus; reason: NotificationReason | null; acceptedAt: string | null; updatedAt: string })[] } };
  type BoardEnd = { airport: { code: string; city: string; timezone: string }; scheduledAt: string | null; estimatedAt: string | null; actualAt: string | null; runwayAt: string | null; gate: string | null; terminal: string | null };
  type Clock = { events: { __typename: "BudgetReached"; occurredAt: string } | { __typename: "CaughtUp"; occurredAt: string } | { __typename: "NotificationUpdated"; occurredAt: string } | { __typename: "Resync"; occurredAt: string } | { __typename: "SendingPaused"; occurredAt: string } | { __typename: "SendingResumed"; occurredAt: string } | { __typename: "SettingsUpdated"; occurredAt: string } | { __typename: "TripCreated"; occurredAt: string } | { __typename: "TripStatusChanged"; occurredAt: string } | { __typename: "TripUpdated"; occurredAt: string } };
  type Events = { events: { __typename: "BudgetReached"; cursor: string; sequence: number; occurredAt: string; day: { day: string; costUsd: number; restedLooks: number } | null } | { __typename: "CaughtUp"; cursor: string; sequence: number; occurredAt: string } | { __typename: "NotificationUpdated"; cursor: string; sequence: number; occurredAt: string; notification: { id: string; type: NotificationType; status: NotificationStatus; reason: NotificationReason | null; trip: BoardTrip | null } } | { __typename: "Resync"; cursor: string; sequence: number; occurredAt: string; oldestReplayable: string } | { __typename: "SendingPaused"; cursor: string; sequence: number; occurredAt: string; pauses: (Pause)[] } | { __typename: "SendingResumed"; cursor: string; sequence: number; occurredAt: string; pauses: (Pause)[] } | { __typename: "SettingsUpdated"; cursor: string; sequence: number; occurredAt: string; settings: { version: number } } | { __typename: "TripCreated"; cursor: string; sequence: number; occurredAt: string; trip: BoardTrip } | { __typename: "TripStatusChanged"; cursor: string; sequence: number; occurredAt: string; trip: BoardTrip; record: { id: string; changes: ({ kind: StatusChangeKind; before: string | null; after: string | null })[] } } | { __typename: "TripUpdated"; cursor: string; sequence: number; occurredAt: string; trip: BoardTrip } };
  type Pause = { channel: Channel; pausedAt: string; nextTryAt: string; errorCode: number | null; errorMessage: string };
  type Session = { viewer: { name: string; role: Role; expiresAt: string | null }; agency: { id: string; name: string; country: string; status: AgencyStatus; eventCursor: string; sendingPauses: (Pause)[] } };
  type TripFilter = { search?: string | null; status?: (TripStatus)[] | null; flight?: string | null; departureFrom?: string | null; departureUntil?: string | null; origin?: string | null; destination?: string | null; includeArchived?: boolean | null };
  type AgencyStatus = "ACTIVE" | "SUSPENDED" | "PENDING";
  type AttemptOutcome = "IN_FLIGHT" | "ACCEPTED" | "REFUSED" | "RETRYABLE" | "UNKNOWN";
  type Channel = "WHATSAPP" | "SMS";
  type EventKind = "TRIP_CREATED" | "TRIP_UPDATED" | "TRIP_STATUS_CHANGED" | "NOTIFICATION_UPDATED" | "SETTINGS_UPDATED" | "SENDING_PAUSED" | "SENDING_RESUMED" | "BUDGET_REACHED";
  type Feature = "SMS_FALLBACK" | "GATE_MESSAGES" | "DIVERSION_MESSAGES" | "BAGGAGE_IN_WELCOME";
  type FlightPhase = "SCHEDULED" | "TAXIING_OUT" | "AIRBORNE" | "LANDED" | "ARRIVED" | "CANCELLED" | "DIVERTED" | "UNKNOWN";
  type Language = "ES" | "EN" | "PT";
  type NotificationReason = "QUIET_HOURS" | "HOURLY_LIMIT" | "DAILY_LIMIT" | "RETRYING" | "HELD_FOR_HUMAN" | "SENDER_PAUSED" | "NO_RECEIPT" | "OPTED_OUT" | "TYPE_DISABLED" | "BOOKED_LATE" | "SETTLED_BACK" | "NEWER_FACTS" | "NO_LONGER_USEFUL" | "INVALID_RECIPIENT" | "PROVIDER_REFUSED" | "ATTEMPTS_EXHAUSTED" | "TRIP_ARCHIVED" | "AGENCY_SUSPENDED" | "WITHDRAWN_BY_AGENT";
  type NotificationStatus = "PENDING" | "SENDING" | "UNKNOWN" | "SENT" | "DELIVERED" | "READ" | "UNDELIVERED" | "FAILED" | "SUPPRESSED" | "SUPERSEDED" | "EXPIRED" | "WITHDRAWN";
  type NotificationType = "RESERVATION_CONFIRMATION" | "REMINDER_24H" | "DELAYED" | "EARLIER" | "GATE_CHANGE" | "CANCELLED" | "REINSTATED" | "DIVERTED" | "BOARDING" | "LANDING_WELCOME" | "TEST";
  type OrderDirection = "ASC" | "DESC";
  type Role = "VIEWER" | "AGENT" | "ADMIN";
  type Stage = "OCCURRED_TO_SEEN" | "SEEN_TO_DECIDED" | "DECIDED_TO_ACCEPTED" | "ACCEPTED_TO_DELIVERED";
  type StatusChangeKind = "PHASE" | "DEPARTURE_TIME" | "ARRIVAL_TIME" | "GATE_ORIGIN" | "GATE_DESTINATION" | "TERMINAL_ORIGIN" | "TERMINAL_DESTINATION" | "BAGGAGE_CLAIM" | "CANCELLED" | "REINSTATED" | "DIVERTED";
  type StatusSource = "AEROAPI" | "WEBHOOK" | "MANUAL";
  type TripOrderField = "DEPARTURE" | "CREATED" | "UPDATED";
  type TripStatus = "UPCOMING" | "DEPARTING" | "IN_FLIGHT" | "LANDED" | "CANCELLED" | "DIVERTED" | "LOST" | "ARCHIVED";
  type UnknownDeliveryPolicy = "RESEND_AFTER_SETTLING" | "HOLD_FOR_HUMAN";
  type UserErrorCode = "INVALID" | "NOT_FOUND" | "TAKEN" | "CONFLICT" | "FORBIDDEN" | "LIMIT_REACHED" | "TOO_LATE" | "UNKNOWN_AIRPORT" | "UNKNOWN_FLIGHT";
}
