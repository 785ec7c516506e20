"""The house's vocabularies as GraphQL enums, with a description for each and for each of their values.

Importing this module registers them; `graph.schema` does so first.
"""

from enum import Enum

import strawberry

from travel import model
from travel.records.trip_pages import Order

_DESCRIBED: dict[type[Enum], tuple[str, str, dict[str, str]]] = {
    model.Role: ("Role", "What a key or a token may do; each role may also do what the one before it may.", {
        "VIEWER": "Read and subscribe.",
        "AGENT": "Make, change and archive trips, and act on messages.",
        "ADMIN": "Change settings, wording and keys.",
    }),
    model.AgencyStatus: ("AgencyStatus", "Whether an agency works.", {
        "ACTIVE": "It works.",
        "SUSPENDED": "Nothing is sent in its name, and no token speaks for it; keys open as before.",
        "PENDING": "Not yet set up; it works all the same, but no token speaks for it.",
    }),
    model.Language: ("Language", "A language of messages.", {"ES": "Spanish.", "EN": "English.", "PT": "Portuguese."}),
    model.UnknownDeliveryPolicy: ("UnknownDeliveryPolicy", "When nobody knows whether Twilio took a message.", {
        "RESEND_AFTER_SETTLING": "Send it again once the settling time is over and Twilio lists nothing.",
        "HOLD_FOR_HUMAN": "Never send it again by itself: a person decides.",
    }),
    model.Feature: ("Feature", "What an agency can switch.", {
        "SMS_FALLBACK": "Try SMS where WhatsApp does not reach the traveller.",
        "GATE_MESSAGES": "Tell gate changes.",
        "DIVERSION_MESSAGES": "Tell diversions.",
        "BAGGAGE_IN_WELCOME": "Name the baggage belt in the welcome, where known.",
    }),
    model.FlightPhase: ("FlightPhase", "What a flight is doing.", {
        "SCHEDULED": "It has not left the gate.",
        "TAXIING_OUT": "It left the gate.",
        "AIRBORNE": "It left the runway.",
        "LANDED": "It touched down.",
        "ARRIVED": "It reached the gate.",
        "CANCELLED": "It will not fly, or the source lost track.",
        "DIVERTED": "It goes somewhere else.",
        "UNKNOWN": "The source lost track, or has not answered yet.",
    }),
    model.StatusSource: ("StatusSource", "Who said how a flight stands.", {
        "AEROAPI": "A look at AeroAPI.",
        "WEBHOOK": "A look that AeroAPI's push made us take.",
        "MANUAL": "An agent, for one trip.",
    }),
    model.StatusChangeKind: ("StatusChangeKind", "What can change about a flight.", {
        "PHASE": "What it is doing.",
        "DEPARTURE_TIME": "The departure as best known.",
        "ARRIVAL_TIME": "The arrival as best known.",
        "GATE_ORIGIN": "Gate of departure.",
        "GATE_DESTINATION": "Gate of arrival.",
        "TERMINAL_ORIGIN": "Terminal of departure.",
        "TERMINAL_DESTINATION": "Terminal of arrival.",
        "BAGGAGE_CLAIM": "Baggage belt.",
        "CANCELLED": "It was cancelled.",
        "REINSTATED": "It flies after all.",
        "DIVERTED": "It goes somewhere else.",
    }),
    model.TripStatus: ("TripStatus", "How a trip stands.", {
        "UPCOMING": "Its departure is more than three hours away.",
        "DEPARTING": "It departs within three hours, or has left the gate.",
        "IN_FLIGHT": "It is in the air.",
        "LANDED": "It landed.",
        "CANCELLED": "It will not fly.",
        "DIVERTED": "It goes somewhere else.",
        "LOST": "The source never said how it ended, and it is no longer watched.",
        "ARCHIVED": "The agency archived it.",
    }),
    model.NotificationType: ("NotificationType", "What a message is about.", {
        "RESERVATION_CONFIRMATION": "The trip was made.",
        "REMINDER_24H": "The departure comes closer.",
        "DELAYED": "It departs later than last told.",
        "EARLIER": "It departs earlier than last told.",
        "GATE_CHANGE": "Another gate than last told.",
        "CANCELLED": "It will not fly.",
        "REINSTATED": "It flies after all.",
        "DIVERTED": "It goes somewhere else.",
        "BOARDING": "Boarding comes closer, with the gate.",
        "LANDING_WELCOME": "It landed.",
        "TEST": "A try of the line.",
    }),
    model.NotificationStatus: ("NotificationStatus", "How far a message came. PENDING, SENDING, UNKNOWN are on their way; SENT was accepted by Twilio; the rest are ends.", {
        "PENDING": "It waits; the reason says for what.",
        "SENDING": "It is being handed to Twilio.",
        "UNKNOWN": "Nobody knows whether Twilio took it; it is being found out.",
        "SENT": "Twilio took it.",
        "DELIVERED": "It reached the phone.",
        "READ": "It was read.",
        "UNDELIVERED": "Twilio took it, but it did not reach the phone.",
        "FAILED": "Twilio never took it.",
        "SUPPRESSED": "It was not to be sent; the reason says why.",
        "SUPERSEDED": "Newer facts overtook it.",
        "EXPIRED": "It came too late to be useful.",
        "WITHDRAWN": "Somebody took it back.",
    }),
    model.NotificationReason: ("NotificationReason", "Why a message waits, or was never sent.", {
        "QUIET_HOURS": "It is night where the traveller is.",
        "HOURLY_LIMIT": "The agency's cap of an hour is reached.",
        "DAILY_LIMIT": "The agency's cap of a day is reached.",
        "RETRYING": "A try failed; the next comes.",
        "HELD_FOR_HUMAN": "Nobody knows whether it was taken, and a person shall decide.",
        "SENDER_PAUSED": "Twilio refuses the agency's account or sender; it goes once that works again.",
        "NO_RECEIPT": "Twilio took it, and nobody confirmed that it arrived.",
        "OPTED_OUT": "The traveller wants no messages.",
        "TYPE_DISABLED": "The agency switched this type off.",
        "BOOKED_LATE": "The trip was made less than 24 hours before departure.",
        "SETTLED_BACK": "What had changed changed back.",
        "NEWER_FACTS": "Something newer is true.",
        "NO_LONGER_USEFUL": "It came too late.",
        "INVALID_RECIPIENT": "The number cannot be reached.",
        "PROVIDER_REFUSED": "Twilio refused it; the attempt says why.",
        "ATTEMPTS_EXHAUSTED": "Every try failed.",
        "TRIP_ARCHIVED": "The trip is watched no longer.",
        "AGENCY_SUSPENDED": "The agency sends nothing.",
        "WITHDRAWN_BY_AGENT": "An agent took it back.",
    }),
    model.Channel: ("Channel", "How a message goes.", {"WHATSAPP": "WhatsApp.", "SMS": "SMS."}),
    model.AttemptOutcome: ("AttemptOutcome", "How one try ended.", {
        "IN_FLIGHT": "It is under way.",
        "ACCEPTED": "Twilio took the message.",
        "REFUSED": "Twilio said no, for good.",
        "RETRYABLE": "Twilio said no, for now.",
        "UNKNOWN": "Nobody knows.",
    }),
    model.EventKind: ("EventKind", "What an event says.", {
        "TRIP_CREATED": "A trip was made.",
        "TRIP_UPDATED": "A trip was changed or archived.",
        "TRIP_STATUS_CHANGED": "A trip's flight changed.",
        "NOTIFICATION_UPDATED": "A message was decided, or came further.",
        "SETTINGS_UPDATED": "The agency's settings changed.",
        "SENDING_PAUSED": "Twilio refuses the agency's account or sender.",
        "SENDING_RESUMED": "The agency's messages go out again.",
        "BUDGET_REACHED": "The day's budget for AeroAPI makes looks at flights rest.",
    }),
    model.Stage: ("Stage", "From which moment to which.", {
        "OCCURRED_TO_SEEN": "From the touchdown to our seeing it.",
        "SEEN_TO_DECIDED": "From our seeing it to the decision.",
        "DECIDED_TO_ACCEPTED": "From being due to Twilio's taking it.",
        "ACCEPTED_TO_DELIVERED": "From Twilio's taking it to the phone.",
    }),
    model.UserErrorCode: ("UserErrorCode", "Why an argument was refused.", {
        "INVALID": "It is not what it should be.",
        "NOT_FOUND": "The agency has no such thing.",
        "TAKEN": "There is one already.",
        "CONFLICT": "Something else happened meanwhile, or before.",
        "FORBIDDEN": "The viewer may not.",
        "LIMIT_REACHED": "A limit is reached.",
        "TOO_LATE": "The moment has passed.",
        "UNKNOWN_AIRPORT": "No airport has this code.",
        "UNKNOWN_FLIGHT": "No airline can have such a flight number.",
    }),
    Order: ("TripOrderField", "What trips are ordered by.", {
        "DEPARTURE": "The departure as now expected.",
        "CREATED": "When they were made.",
        "UPDATED": "When the agency last changed them.",
    }),
}  # fmt: skip


def _register() -> None:
    for vocabulary, (name, description, values) in _DESCRIBED.items():
        strawberry.enum(vocabulary, name=name, description=description)
        definition = vocabulary.__strawberry_definition__  # type: ignore[attr-defined]
        for value in definition.values:
            value.description = values[value.name]


_register()
