"""Flight numbers: IATA and ICAO designators of airlines, so that AA1141 and AAL1141 are one flight."""

import csv
import re
from functools import cache
from importlib.resources import files

_SHAPE = re.compile(r"^(?P<airline>[A-Z]{3}|[A-Z][A-Z0-9]|[0-9][A-Z])(?P<number>[0-9]{1,4})(?P<suffix>[A-Z]?)$")


@cache
def _icao_of() -> dict[str, str]:
    with files("travel").joinpath("airlines.csv").open(encoding="utf-8") as table:
        return {row["iata"]: row["icao"] for row in csv.DictReader(table)}


@cache
def _iata_of() -> dict[str, str]:
    return {icao: iata for iata, icao in _icao_of().items()}


def canonical(flight_number: str) -> str | None:
    """The ident under which we keep a flight: ICAO designator, number without leading zeros; None if impossible.

    An airline that is not in the table keeps the designator it came with: AeroAPI resolves either form.
    """
    shape = _SHAPE.match(re.sub(r"[\s-]", "", flight_number).upper())
    if shape is None or int(shape["number"]) == 0:
        return None
    return f"{_icao_of().get(shape['airline'], shape['airline'])}{int(shape['number'])}{shape['suffix']}"


def iata(ident: str) -> str | None:
    """The same flight number as passengers read it, where the airline has an IATA designator."""
    shape = _SHAPE.match(ident)
    if shape is None:
        return None
    if len(shape["airline"]) == 2:
        return ident
    designator = _iata_of().get(shape["airline"])
    return f"{designator}{shape['number']}{shape['suffix']}" if designator else None
