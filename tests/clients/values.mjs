// The types without an id: what happened, and the parts that only their owner can name. A new type without an id is
// written down here on purpose, or gets an id; clients that keep a normalised cache embed these in their owners.
export const EVENTS = [
  "BudgetReached",
  "CaughtUp",
  "NotificationUpdated",
  "Resync",
  "SendingPaused",
  "SendingResumed",
  "SettingsUpdated",
  "TripCreated",
  "TripStatusChanged",
  "TripUpdated",
];

export const PARTS = [
  "AeroApiDay",
  "AeroApiFlight",
  "AgencyActivity",
  "AgencySettings",
  "Airport",
  "DeliveryAttempt",
  "FeatureFlag",
  "FlightEnd",
  "MessagePreview",
  "MessageTemplate",
  "NotificationStatusCount",
  "NotificationTypeCount",
  "ReasonCount",
  "SendingPause",
  "StageLatency",
  "StatusChange",
  "Told",
  "Traveller",
  "Viewer",
];
