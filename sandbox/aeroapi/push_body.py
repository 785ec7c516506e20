"""The JSON of a push, as it differs from the flight object: flat airports, another name for the speed, no status."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.aeroapi import record
from sandbox.scenario.instance import TIMES, Raw

# What is taken from the flight object under its own name.
SAME = (
    "fa_flight_id",
    "ident",
    "ident_icao",
    "ident_iata",
    "registration",
    "atc_ident",
    "aircraft_type",
    "route",
    "position_only",
    "blocked",
    "cancelled",
    "diverted",
    "route_distance",
    "filed_ete",
    "filed_altitude",
    *TIMES,
    "baggage_claim",
    "gate_origin",
    "gate_destination",
    "terminal_origin",
    "terminal_destination",
)
SAID = {
    "filed": "filed a flight plan",
    "out": "left the gate",
    "off": "took off",
    "departure": "departed",
    "on": "landed",
    "arrival": "arrived",
    "in": "reached the gate",
    "cancelled": "was cancelled",
    "uncancelled": "is back on",
    "diverted": "was diverted",
    "change": "changed its departure",
}
UNKNOWN_CODE = "surface_hold_review"
UNKNOWN_FLIGHT = "ZZZ9999-1700000000-airline-0000"


def of(code: str, raw: Raw, shown_at: datetime) -> dict[str, Any]:
    """The push about what the record shows at `shown_at`: nothing of it is newer than that."""
    fields = record.of(raw, shown_at)
    flight = {name: fields[name] for name in SAME}
    for name in ("origin", "destination"):
        flight |= _flat(name, fields[name])
    flight["filed_airspeed_kts"] = fields["filed_airspeed"]
    flight["error"] = None
    way = f"{flight['origin'] or 'unknown'} to {flight['destination'] or 'unknown'}"
    short = f"{flight['ident']} {SAID[code]}"
    return {
        "long_description": f"{short} on its way from {way} at {record.written(shown_at)}",
        "short_description": short,
        "summary": f"{short} ({way})",
        "event_code": code,
        # One alert is set up for each ident.
        "alert_id": zlib.crc32(flight["ident"].encode()) & 0x7FFFFFFF,
        "flight": flight,
    }


def bare(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same push where AeroAPI could not look up what it is about."""
    known = {"fa_flight_id": body["flight"]["fa_flight_id"], "error": "Extended details unavailable"}
    return {**body, "flight": known}


def with_unknown_code(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same push under a code of tomorrow."""
    return {**body, "event_code": UNKNOWN_CODE}


def about_unknown_flight(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same push about a flight that nobody asked for."""
    return {**body, "flight": {**body["flight"], "fa_flight_id": UNKNOWN_FLIGHT}}


def _flat(name: str, airport: Mapping[str, Any] | None) -> dict[str, str | None]:
    codes = airport or {}
    kinds = {f"{name}_{kind}": codes.get(f"code_{kind}") for kind in ("icao", "iata", "lid")}
    return {name: codes.get("code"), **kinds}
