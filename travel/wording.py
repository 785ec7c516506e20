"""Turns a notification into words: variables in order, and the text they make. Pure.

Every time is local to the airport it speaks of, and names that airport.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from travel import airlines, airports, catalogue, status
from travel.model import (
    AgencySettings,
    Feature,
    Flight,
    Language,
    MessageTemplate,
    Tells,
    Trip,
)
from travel.model import (
    NotificationType as Type,
)

_LONG = {
    Language.ES: "EEEE d 'de' MMMM, HH:mm",
    Language.EN: "EEEE d MMMM, HH:mm",
    Language.PT: "EEEE d 'de' MMMM, HH:mm",
}
_SHORT = {Language.ES: "d 'de' MMMM, HH:mm", Language.EN: "d MMMM, HH:mm", Language.PT: "d 'de' MMMM, HH:mm"}
_PLACEHOLDER = re.compile(r"\{\{([0-9]+)\}\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is said: the text, and the ContentSid with its variables for those outside WhatsApp's window."""

    body: str
    content_sid: str | None
    variables: tuple[str, ...]
    tells: Tells


def local(instant: datetime, airport_code: str, language: Language, *, long: bool) -> str:
    """An instant as the clocks of an airport show it: "monday 4 september, 06:05 (JFK)"."""
    airport = airports.find(airport_code)
    zone = ZoneInfo(airport.timezone) if airport else ZoneInfo("UTC")
    shown = airport.shown if airport else "UTC"
    pattern = (_LONG if long else _SHORT)[language]
    return f"{format_datetime(instant.astimezone(zone), pattern, locale=language.lower())} ({shown})"


def current(type_: Type, tells: Tells, flight: Flight) -> Tells:
    """What a message of this type tells if it is sent now: those with a due time of their own take the newest facts."""
    departure = status.best_departure(flight.state, flight.booked_departure_at)
    if type_ in (Type.RESERVATION_CONFIRMATION, Type.REMINDER_24H):
        return Tells(departure_at=departure)
    if type_ is Type.BOARDING:
        return Tells(departure_at=departure, gate=flight.state.gate_origin)
    return tells


def message(
    type_: Type,
    tells: Tells,
    *,
    trip: Trip,
    flight: Flight,
    settings: AgencySettings,
    template: MessageTemplate | None,
    language: Language | None = None,
) -> Message:
    """The words for one traveller. `template` is the agency's own wording, or its ContentSid, where there is one."""
    tongue = language or trip.language
    told = current(type_, tells, flight)
    known = {
        "name": clean(trip.traveller_name),
        "flight": airlines.iata(flight.ident) or flight.ident,
        "origin": _city(flight.origin),
        "destination": _city(
            flight.state.diverted_to or flight.destination if type_ is Type.LANDING_WELCOME else flight.destination
        ),
        "departure": _departure(type_, told, flight, tongue),
        "gate": _gate(type_, told, tongue),
        "airport": _city(told.airport) if told.airport else catalogue.PHRASES["no_airport"][tongue],
        "lodging": _lodging(trip, flight, settings, tongue),
    }
    variables = tuple(known[name] for name in catalogue.VARIABLES[type_])
    text = (template.body if template else None) or catalogue.TEXTS[type_, tongue]
    return Message(
        body=fill(text, variables),
        content_sid=template.content_sid if template else None,
        variables=variables,
        tells=told,
    )


def test_message(agency_name: str, language: Language, template: MessageTemplate | None) -> Message:
    """The one message without a trip."""
    variables = (clean(agency_name),)
    text = (template.body if template else None) or catalogue.TEXTS[Type.TEST, language]
    return Message(
        body=fill(text, variables),
        content_sid=template.content_sid if template else None,
        variables=variables,
        tells=Tells(),
    )


def fill(text: str, variables: tuple[str, ...]) -> str:
    """{{n}} replaced by the n-th variable."""
    return _PLACEHOLDER.sub(lambda found: variables[int(found[1]) - 1], text)


def placeholders(text: str) -> set[int]:
    """Every n of the {{n}} in a text."""
    return {int(number) for number in _PLACEHOLDER.findall(text)}


def clean(text: str) -> str:
    """Fit for a template's variable: Twilio refuses newlines and runs of spaces in one (63013)."""
    return " ".join(text.split())


def _city(code: str) -> str:
    airport = airports.find(code)
    return f"{airport.city} ({airport.shown})" if airport else code


def _departure(type_: Type, told: Tells, flight: Flight, language: Language) -> str:
    instant = told.departure_at or status.best_departure(flight.state, flight.booked_departure_at)
    return local(instant, flight.origin, language, long=type_ is Type.RESERVATION_CONFIRMATION)


def _gate(type_: Type, told: Tells, language: Language) -> str:
    if type_ is Type.GATE_CHANGE:
        return clean(told.gate or "–")
    if told.gate is None:
        return catalogue.PHRASES["no_gate"][language]
    return catalogue.PHRASES["gate"][language].format(clean(told.gate))


def _lodging(trip: Trip, flight: Flight, settings: AgencySettings, language: Language) -> str:
    """The lodging stays out where the traveller did not arrive where it is."""
    phrases, belt = catalogue.PHRASES, flight.state.baggage_claim
    stay = clean(trip.lodging or "") if not flight.state.diverted else ""
    said = [phrases["lodging"][language].format(stay) if stay else phrases["no_lodging"][language]]
    if belt and settings.enabled(Feature.BAGGAGE_IN_WELCOME):
        said.insert(0, phrases["baggage"][language].format(clean(belt)))
    return " ".join(said)
