"""The flight object of AeroAPI 4.28: all 53 fields of one instance, as they are at an instant."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import airportsdata

from sandbox.scenario.instance import TIMES, Raw

# AeroAPI publishes no threshold for "/ Delayed"; 15 minutes is what the trade calls a delay.
LATE = timedelta(minutes=15).total_seconds()
OPTIONAL = (
    "ident_icao",
    "ident_iata",
    "actual_runway_off",
    "actual_runway_on",
    "operator_icao",
    "codeshares_iata",
    "foresight_predictions_available",
)
AIRPORT_OPTIONAL = ("code_icao", "code_iata", "code_lid", "timezone", "name", "city")
FIELDS = (
    "ident",
    "ident_icao",
    "ident_iata",
    "actual_runway_off",
    "actual_runway_on",
    "fa_flight_id",
    "operator",
    "operator_icao",
    "operator_iata",
    "flight_number",
    "registration",
    "atc_ident",
    "inbound_fa_flight_id",
    "codeshares",
    "codeshares_iata",
    "blocked",
    "diverted",
    "cancelled",
    "position_only",
    "origin",
    "destination",
    "departure_delay",
    "arrival_delay",
    "filed_ete",
    "foresight_predictions_available",
    "scheduled_out",
    "estimated_out",
    "actual_out",
    "scheduled_off",
    "estimated_off",
    "actual_off",
    "scheduled_on",
    "estimated_on",
    "actual_on",
    "scheduled_in",
    "estimated_in",
    "actual_in",
    "progress_percent",
    "status",
    "aircraft_type",
    "route_distance",
    "filed_airspeed",
    "filed_altitude",
    "route",
    "baggage_claim",
    "seats_cabin_business",
    "seats_cabin_coach",
    "seats_cabin_first",
    "gate_origin",
    "gate_destination",
    "terminal_origin",
    "terminal_destination",
    "type",
)
NEVER_NULL = {
    "blocked": False,
    "diverted": False,
    "cancelled": False,
    "position_only": False,
    "foresight_predictions_available": False,
    "type": "Airline",
}
LOCALISED = {
    "Scheduled": "已排班",
    "Scheduled / Delayed": "已排班 / 延誤",
    "Arrived / Gate Arrival": "已到達",
    "Arrived / Delayed": "已到達 / 延誤",
    "Cancelled": "已取消",
    "Diverted": "已轉降",
    "Landed / Taxiing": "已降落 / 滑行中",
}


def of(raw: Raw, now: datetime) -> dict[str, Any]:
    """The record as served at `now`: what the scenario set, what follows from it, null for the rest."""
    fields: dict[str, Any] = {**raw.fields, **estimates(raw)}
    for name, value in NEVER_NULL.items():
        if fields.get(name) is None:
            fields[name] = value
    for name, derived in (
        ("departure_delay", _delay(fields, "out", "off")),
        ("arrival_delay", _delay(fields, "in", "on")),
        ("filed_ete", _seconds(fields.get("scheduled_off"), fields.get("scheduled_on"))),
        ("progress_percent", _progress(fields, now)),
    ):
        if fields.get(name) is None:
            fields[name] = derived
    fields["status"] = fields.get("status") or status(fields)
    for name in TIMES:
        fields[name] = written(fields.get(name))
    for name in ("origin", "destination"):
        value = fields.get(name)
        fields[name] = airport(value) if isinstance(value, str) else value
    extra = {name: value for name, value in fields.items() if name not in FIELDS}
    return {name: fields.get(name) for name in FIELDS} | extra


def status(fields: Mapping[str, Any]) -> str:
    """The text for humans.

    | first of          | text                                              |
    |-------------------|---------------------------------------------------|
    | cancelled         | Cancelled                                         |
    | diverted          | Diverted                                          |
    | actual_in         | Arrived / Gate Arrival, Arrived / Delayed         |
    | actual_on         | Landed / Taxiing (never with a delay)             |
    | actual_off        | En Route / On Time, En Route / Delayed            |
    | actual_out        | Taxiing / Left Gate, Taxiing / Delayed            |
    | none              | Scheduled, Scheduled / Delayed                    |

    Before take-off the delay of the departure counts, afterwards that of the arrival; 15 minutes are late.
    """
    starts_late = (fields.get("departure_delay") or 0) >= LATE
    ends_late = (fields.get("arrival_delay") or 0) >= LATE
    for fact, text in (
        ("cancelled", "Cancelled"),
        ("diverted", "Diverted"),
        ("actual_in", "Arrived / Delayed" if ends_late else "Arrived / Gate Arrival"),
        ("actual_on", "Landed / Taxiing"),
        ("actual_off", "En Route / Delayed" if ends_late else "En Route / On Time"),
        ("actual_out", "Taxiing / Delayed" if starts_late else "Taxiing / Left Gate"),
    ):
        if fields.get(fact):
            return text
    return "Scheduled / Delayed" if starts_late else "Scheduled"


def without_optional_keys(record: Mapping[str, Any]) -> dict[str, Any]:
    """As four of five real records are: the keys that AeroAPI may leave out are left out."""
    kept = {name: value for name, value in record.items() if name not in OPTIONAL}
    for name in ("origin", "destination"):
        if isinstance(kept[name], Mapping):
            kept[name] = {key: value for key, value in kept[name].items() if key not in AIRPORT_OPTIONAL}
    return kept


def written(instant: datetime | None) -> str | None:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ") if instant else None


@cache
def airport(code: str) -> dict[str, str | None]:
    """The airport object of a code, ICAO or IATA; one that nobody knows has nothing but its code."""
    row = known_airport(code)
    if row is None:
        return dict.fromkeys(("code", *AIRPORT_OPTIONAL)) | {
            "code": code,
            "airport_info_url": f"/airports/{code}",
        }
    shown = row["icao"] or row["iata"] or code
    return {
        "code": shown,
        "code_icao": row["icao"] or None,
        "code_iata": row["iata"] or None,
        "code_lid": row["lid"] or None,
        "timezone": row["tz"] or None,
        "name": row["name"] or None,
        "city": row["city"] or None,
        "airport_info_url": f"/airports/{shown}",
    }


def known_airport(code: str) -> Mapping[str, Any] | None:
    icao, iata = _airports()
    row: Mapping[str, Any] | None = icao.get(code.upper()) or iata.get(code.upper())
    return row


@cache
def _airports() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return airportsdata.load("ICAO"), airportsdata.load("IATA")


def estimates(raw: Raw) -> dict[str, datetime | None]:
    """An estimate never set is the schedule; a runway estimate becomes the actual time once that is known.

    One that the timeline set in the same step as the actual time, or later, stays as it was set.
    """
    fields, set_by, found = raw.fields, raw.set_by, {}
    for what in ("out", "off", "on", "in"):
        estimated, actual = f"estimated_{what}", f"actual_{what}"
        found[estimated] = fields.get(estimated if estimated in fields else f"scheduled_{what}")
        overtaken = set_by.get(estimated, -2) < set_by.get(actual, -2)
        if what in ("off", "on") and fields.get(actual) and overtaken:
            found[estimated] = fields[actual]
    return found


def _delay(fields: Mapping[str, Any], gate: str, runway: str) -> int | None:
    """Gate against gate, or runway against runway where gate times are missing; the two are never mixed."""
    for what in (gate, runway):
        latest = fields.get(f"actual_{what}") or fields.get(f"estimated_{what}")
        delay = _seconds(fields.get(f"scheduled_{what}"), latest)
        if delay is not None:
            return delay
    return None


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return int((end - start).total_seconds()) if start and end else None


def _progress(fields: Mapping[str, Any], now: datetime) -> int | None:
    """0 before take-off, the elapsed share of the way in the air, 100 from touchdown on."""
    if fields.get("actual_on"):
        return 100
    off, on = fields.get("actual_off"), fields.get("estimated_on")
    if not off:
        return 0
    if fields["position_only"] or not on:
        return None
    share = (now - off) / (on - off) if on > off else 1.0
    return max(0, min(100, int(100 * share)))
