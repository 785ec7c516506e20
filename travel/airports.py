"""Every airport of the world with its time zone, from the `airportsdata` package (MIT)."""

import re
import unicodedata
from functools import cache, lru_cache
from heapq import nsmallest

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


LONGEST_SEARCH = 100
"""Letters that are worth looking for; answers are remembered with what was asked."""


@lru_cache(maxsize=10_000)
def search(text: str, most: int) -> tuple[Airport, ...]:
    """Airports by code, city, region or name, best first; accents and case do not count.

    | typed                                        | place |
    |----------------------------------------------|-------|
    | a whole IATA or ICAO code                    | 1     |
    | where an IATA code begins                    | 2     |
    | where a city's name begins                   | 3     |
    | every word begins one of city, name, region  | 4     |

    Without an IATA code an airport is found by its whole code only: few of those know an airline.
    """
    wanted = _folded(text)
    if not wanted or most <= 0:
        return ()
    exact = find(text)
    begins = [f" {word}" for word in wanted.split()]
    ranked = []
    for code, city, words, row in _searched():
        if begins[0] not in words:
            continue
        if code.startswith(wanted):
            rank = 2
        elif city.startswith(wanted):
            rank = 3
        elif all(each in words for each in begins):
            rank = 4
        else:
            continue
        # Of airports that fit alike, the international one is more often meant.
        ranked.append((rank, "international" not in words, city, code, row["icao"]))
    best = [get(icao) for *_, icao in nsmallest(most + 1, ranked)]
    return tuple(([exact] if exact else []) + [each for each in best if each != exact])[:most]


@cache
def _searched() -> list[tuple[str, str, str, Row]]:
    by_iata = _tables()[1].items()
    return [
        (iata.lower(), _folded(row["city"]), " " + _folded(f"{iata} {row['city']} {row['name']} {row['subd']}"), row)
        for iata, row in by_iata
        if row["tz"]
    ]


def _folded(text: str) -> str:
    """São Paulo and sao-paulo are one."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return " ".join(re.findall(r"\w+", plain.casefold()))
