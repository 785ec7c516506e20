"""A scenario: the ground truth of a day of flights, and the travellers on them, read from JSON Lines."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sandbox.scenario.instance import (
    NAME_LISTS,
    NAMES,
    Flight,
    ScenarioError,
    flight_of,
    instant_of,
    parse,
    read,
)


class Scenario:
    """All flight instances, found under every name that they ever bear. Lines may be added while it plays."""

    def __init__(self) -> None:
        self.flights: list[Flight] = []
        self._by_name: dict[str, list[Flight]] = {}

    @classmethod
    def load(cls, path: Path | str) -> Self:
        scenario = cls()
        scenario._keep([flight_of(line, place) for place, line in read(Path(path))])
        return scenario

    def add(self, lines: Iterable[str | Mapping[str, Any]], *, source: str = "lines") -> list[Flight]:
        """Adds all lines, or none of them: a bad one raises ScenarioError."""
        new = [flight_of(line, place) for place, line in parse(lines, source)]
        self._keep(new)
        return new

    def under(self, name: str) -> list[Flight]:
        """The instances that bear `name` at any time; whether they do so now is for the caller to see."""
        return self._by_name.get(name.upper(), [])

    def originals(self) -> Iterator[Flight]:
        """One instance for each flight that can have been booked: no leg that a diversion brought about."""
        first: dict[str, Flight] = {}
        for flight in self.flights:
            known = first.get(flight.fa_flight_id)
            if known is None or _newness(flight) < _newness(known):
                first[flight.fa_flight_id] = flight
        yield from (flight for flight in self.flights if first[flight.fa_flight_id] is flight)

    def _keep(self, flights: list[Flight]) -> None:
        for flight in flights:
            self.flights.append(flight)
            for name in _names(flight):
                self._by_name.setdefault(name, []).append(flight)


def _newness(flight: Flight) -> tuple[bool, datetime, datetime]:
    diverted = bool(flight.fields.get("diverted")) or any(step.changes.get("diverted") for step in flight.steps)
    return not diverted, flight.visible_from or datetime.min.replace(tzinfo=UTC), flight.departure_at


def _names(flight: Flight) -> set[str]:
    found = {step.replace_id.upper() for step in flight.steps if step.replace_id}
    for fields in (flight.fields, *(step.changes for step in flight.steps)):
        for key in (*NAMES, *NAME_LISTS):
            value = fields.get(key)
            found.update(name.upper() for name in ([value] if isinstance(value, str) else value or ()))
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Traveller:
    """A traveller line. `departure` is as written: an instant with offset, or local time at the origin."""

    agency: str
    traveller: str
    phone: str
    language: str | None
    ident: str
    origin: str
    destination: str
    departure: str
    booked_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AgencySettings:
    """A settings line: fields named as in UpdateAgencySettingsInput."""

    agency: str
    settings: dict[str, Any]


def load_travellers(path: Path | str) -> list[Traveller | AgencySettings]:
    return [_traveller(line, place) for place, line in read(Path(path))]


def parse_travellers(
    lines: Iterable[str | Mapping[str, Any]], *, source: str = "travellers"
) -> list[Traveller | AgencySettings]:
    return [_traveller(line, place) for place, line in parse(lines, source)]


def _traveller(line: dict[str, Any], place: str) -> Traveller | AgencySettings:
    if "settings" in line:
        agency, settings = line.get("agency"), line["settings"]
        if not isinstance(agency, str) or not agency or not isinstance(settings, dict):
            raise ScenarioError(f"{place}: a settings line has an agency and an object of settings")
        return AgencySettings(agency=agency, settings=settings)
    texts = ("agency", "traveller", "phone", "ident", "origin", "destination", "departure")
    wrong = [key for key in texts if not isinstance(line.get(key), str) or not line[key]]
    if wrong:
        raise ScenarioError(f"{place}: {', '.join(wrong)} must be a text that is not empty")
    try:
        datetime.fromisoformat(line["departure"])
    except ValueError as error:
        raise ScenarioError(f"{place}: departure: {line['departure']!r} is no ISO 8601 time") from error
    language = line.get("language")
    if language is not None and not isinstance(language, str):
        raise ScenarioError(f"{place}: language must be a text")
    booked_at = instant_of(line.get("booked_at"), f"{place}: booked_at")
    return Traveller(language=language, booked_at=booked_at, **{key: line[key] for key in texts})


def one_each(scenario: Scenario) -> list[Traveller]:
    """One traveller of the agency "demo" for each flight that can be booked, the same ones at every call."""
    bookable = [flight for flight in scenario.originals() if airports_of(flight)]
    return [_passenger(flight, number) for number, flight in enumerate(bookable)]


def airports_of(flight: Flight) -> tuple[str, str] | None:
    """Origin and destination codes as published first, or None where one of them is not known."""
    codes = []
    for key in ("origin", "destination"):
        value = flight.fields.get(key)
        code = value.get("code") if isinstance(value, Mapping) else value
        if not isinstance(code, str) or not code:
            return None
        codes.append(code)
    return codes[0], codes[1]


def _passenger(flight: Flight, number: int) -> Traveller:
    origin, destination = airports_of(flight) or ("", "")
    departs = flight.departure_at
    # Booked once the source can know the flight, yet early enough for the reminder a day before.
    booked_at = max(flight.visible_from or departs - timedelta(days=3), departs - timedelta(days=3))
    return Traveller(
        agency="demo",
        traveller=f"Traveller {number + 1}",
        phone=phone(number),
        language=("es", "en", "pt")[number % 3],
        ident=flight.fields.get("ident_iata") or flight.ident,
        origin=origin,
        destination=destination,
        departure=departs.strftime("%Y-%m-%dT%H:%M:%SZ"),
        booked_at=min(booked_at, departs - timedelta(hours=25)),
    )


AREAS_AR = ("11555", "351555", "341555", "261555", "221555", "223555", "381555", "387555", "299555", "294555")
AREAS_US = (
    201,
    202,
    203,
    205,
    206,
    207,
    208,
    209,
    210,
    212,
    213,
    214,
    215,
    216,
    217,
    218,
    219,
    303,
    305,
    312,
)


def phone(number: int) -> str:
    """One of 100,000 distinct numbers that are valid by the rules of Argentina or the United States.

    The American ones end in 555-01xx, which is kept for fiction and rings nowhere.
    """
    turn, abroad = divmod(number, 2)
    if abroad and turn < 100 * len(AREAS_US):
        return f"+1{AREAS_US[turn // 100]}55501{turn % 100:02}"
    area = AREAS_AR[number // 10_000 % len(AREAS_AR)]
    return f"+549{area}{number % 10_000:0{10 - len(area)}}"
