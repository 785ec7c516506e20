"""Every airport of the world with its time zone, from the `airportsdata` package (MIT)."""

from functools import cache, lru_cache

import airportsdata
from airportsdata import Airport as Row

from travel.model import Airport


@cache
def _tables() -> tuple[dict[str, Row], dict[str, Row]]:
    by_icao = airportsdata.load("ICAO")
    return by_icao, {row["iata"]: row for row in by_icao.values() if row["iata"]}


@lru_cache(maxsize=10_000)
def find(code: str) -> Airport | None:
    """The airport of an IATA or ICAO code in any case, or None."""
    by_icao, by_iata = _tables()
    wanted = code.strip().upper()
    row = by_iata.get(wanted) if len(wanted) == 3 else by_icao.get(wanted)
    if row is None or not row["tz"]:
        return None
    return Airport(
        code=row["icao"],
        iata=row["iata"] or None,
        name=row["name"],
        city=row["city"] or row["name"],
        timezone=row["tz"],
    )


def get(code: str) -> Airport:
    """The airport of a code that was checked when it came in."""
    airport = find(code)
    if airport is None:
        raise LookupError(f"No airport has the code {code!r}.")
    return airport
