"""What AeroAPI knows far ahead of a flight: its schedule, and the canonical form of its ident."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.aeroapi import record
from sandbox.aeroapi.window import Window
from sandbox.scenario import Scenario
from sandbox.scenario.instance import Raw, raw_at

FILTERS = ("airline", "flight_number", "origin", "destination", "include_codeshares")


def rows(scenario: Scenario, window: Window, query: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """The timetable of the window, earliest first: a row for each flight and one for each of its codeshares.

    A schedule is public long before AeroAPI tracks the flight, so it shows flights that are not yet visible;
    their `fa_flight_id` is null, and nothing of what the timeline brings later is in it.
    """
    found = []
    for flight in scenario.flights:
        raw = raw_at(flight, now, even_if_hidden=True)
        if raw is None or raw.fields.get("diverted"):
            continue
        if not window.holds(raw.fields.get("scheduled_out") or raw.fields.get("scheduled_off")):
            continue
        known = flight.visible_from is None or flight.visible_from <= now
        shared = query.get("include_codeshares", "true") != "false"
        found += [row for row in _rows_of(raw, known=known, shared=shared) if _wanted(row, query)]
    return sorted(found, key=lambda row: (row["scheduled_out"] or "", row["ident"]))


def canonical(scenario: Scenario, asked: str, now: datetime) -> list[dict[str, str]]:
    """The ICAO ident that a name stands for. No flight need be visible: airlines outlive flights."""
    found: dict[tuple[str, str], None] = {}
    for flight in scenario.under(asked):
        raw = raw_at(flight, now, even_if_hidden=True)
        if raw is not None:
            found.update(dict.fromkeys(_canonical(raw.fields, asked)))
    return [{"ident": ident, "ident_type": kind} for ident, kind in found]


def _canonical(fields: Mapping[str, Any], asked: str) -> list[tuple[str, str]]:
    name, icao = asked.upper(), fields.get("ident_icao") or fields["ident"]
    if name in (fields["ident"].upper(), icao.upper(), (fields.get("ident_iata") or "").upper()):
        return [(icao, "designator")]
    if name == (fields.get("registration") or "").upper():
        return [(fields["registration"], "registration")]
    if asked == fields["fa_flight_id"]:
        return [(asked, "fa_flight_id")]
    return [(shared, "designator") for shared, iata in _codeshares(fields) if name in (shared, iata)]


def _codeshares(fields: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """ICAO and IATA form of each; AeroAPI gives them as two lists of one order."""
    shared, iata = fields.get("codeshares") or [], fields.get("codeshares_iata") or []
    return list(zip(shared, iata if len(iata) == len(shared) else [None] * len(shared), strict=True))


def _rows_of(raw: Raw, *, known: bool, shared: bool) -> list[dict[str, Any]]:
    fields = raw.fields
    own = (fields["ident"], fields.get("ident_icao"), fields.get("ident_iata"))
    rest = {
        "aircraft_type": fields.get("aircraft_type"),
        "scheduled_in": record.written(fields.get("scheduled_in")),
        "scheduled_out": record.written(fields.get("scheduled_out")),
        **_place("origin", fields.get("origin")),
        **_place("destination", fields.get("destination")),
        "fa_flight_id": fields["fa_flight_id"] if known else None,
        "meal_service": fields.get("meal_service") or "",
        **{f"seats_cabin_{cabin}": fields.get(f"seats_cabin_{cabin}") for cabin in ("business", "coach", "first")},
    }
    made = [_idents(own, (None, None, None)) | rest]
    for icao, iata in _codeshares(fields) if shared else ():
        made.append(_idents((icao, icao, iata), own) | rest)
    return made


def _idents(ident: tuple[str | None, ...], actual: tuple[str | None, ...]) -> dict[str, str | None]:
    names = ("ident", "ident_icao", "ident_iata")
    return dict(zip(names, ident, strict=True)) | {
        f"actual_{name}": value for name, value in zip(names, actual, strict=True)
    }


def _place(key: str, value: Any) -> dict[str, str | None]:
    place = record.airport(value) if isinstance(value, str) else value or {}
    return {
        key: place.get("code"),
        f"{key}_icao": place.get("code_icao"),
        f"{key}_iata": place.get("code_iata"),
        f"{key}_lid": place.get("code_lid"),
    }


def _wanted(row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    idents = [row[name] for name in ("ident", "ident_icao", "ident_iata") if row[name]]
    if "airline" in query and not any(_airline(ident) == query["airline"].upper() for ident in idents):
        return False
    number = query.get("flight_number")
    if number is not None and not any(ident.removeprefix(_airline(ident)) == number for ident in idents):
        return False
    for key in ("origin", "destination"):
        names = [row[name] for name in (key, f"{key}_icao", f"{key}_iata", f"{key}_lid") if row[name]]
        if key in query and query[key].upper() not in names:
            return False
    return True


def _airline(ident: str) -> str:
    """The code in front of the number: three letters for ICAO, otherwise the two signs of IATA (G3, 5O)."""
    return ident[:3] if ident[:3].isalpha() else ident[:2]
