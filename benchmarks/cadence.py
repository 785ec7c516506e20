"""The price of knowing: result sets against lateness, for other distances between looks, over real days.

`python -m benchmarks.cadence PICTURE.svg` plays the rule `travel.cadence.next_look` alone (no database, no messages), which takes a
second a day; `bauhaus replay` plays the whole system and agrees with it. Every look is taken to be made in the moment it is due,
every far look where the airport is calm to be left out.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import mean
from uuid import UUID

from sandbox import realdays
from sandbox.aeroapi import record
from sandbox.scenario import Scenario, Traveller, parse_travellers, raw_at
from travel import cadence, status
from travel.aeroapi import parse_flight
from travel.audience.wanted import BEFORE_BOARDING, BEFORE_UNTRUE, FRESH
from travel.cadence import Cadence, Wanted
from travel.model import Flight, FlightPhase, FlightState, Watch

DAYS = (date(2013, 10, 2), date(2013, 7, 1), date(2013, 2, 8), date(2013, 9, 17), date(2013, 6, 25), date(2013, 12, 10))
THRESHOLD, CONFIRMED = timedelta(minutes=15), timedelta(minutes=5)
BOARDING = timedelta(minutes=90) + BEFORE_BOARDING


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """What the source shows of one flight, moment by moment, as the product reads it."""

    booked: Flight
    booked_at: datetime
    states: Sequence[tuple[datetime, FlightState]]

    def at(self, now: datetime) -> FlightState:
        """What a look would bring."""
        return next((state for at, state in reversed(self.states) if at <= now), status.UNKNOWN)

    @property
    def landed_at(self) -> datetime | None:
        """When the source shows the touchdown."""
        return next((at for at, state in self.states if state.actual_on), None)

    @property
    def late_at(self) -> datetime | None:
        """When it first shows a delay that is worth a message."""
        for at, state in self.states:
            departs = status.best_departure(state, self.booked.booked_departure_at)
            if not status.departed(state) and abs(departs - self.booked.booked_departure_at) >= THRESHOLD:
                return at
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One cadence over some days."""

    looks: float
    landings_in_time: float
    delay_minutes: float


def courses(day: date) -> list[Course]:
    """All flights of a day that somebody is on."""
    lines = realdays.day_lines(day)
    scenario = Scenario()
    scenario.add(lines)
    booked: dict[str, datetime] = {}
    for each in parse_travellers(realdays.traveller_lines(lines)):
        if isinstance(each, Traveller):
            booked[each.ident] = min(each.booked_at, booked.get(each.ident, each.booked_at))
    return [_course(scenario, flight, booked[flight.fields["ident_iata"]]) for flight in scenario.originals()]


def _course(scenario: Scenario, flight: realdays.Flight, booked_at: datetime) -> Course:
    origin, destination = flight.fields["origin"], flight.fields["destination"]
    blank = Flight(
        id=UUID(int=0),
        ident=flight.ident,
        origin=origin,
        destination=destination,
        booked_departure_at=flight.departure_at,
        ident_icao=None,
        ident_iata=None,
        fa_flight_id=flight.fa_flight_id,
        state=status.UNKNOWN,
        phase=FlightPhase.UNKNOWN,
        best_departure_at=flight.departure_at,
        cancelled_seen_at=None,
        watch=Watch.DEPARTURE,
        next_check_at=None,
        last_checked_at=None,
        last_good_at=None,
        checks=0,
        consecutive_failures=0,
        last_failure=None,
        pushed_at=None,
        asked_at=None,
    )
    legs = [leg for leg in scenario.flights if leg.fa_flight_id == flight.fa_flight_id]
    states, state = [], status.UNKNOWN
    for moment in sorted({moment for leg in legs for moment in leg.moments}):
        shown = [parse_flight(record.of(raw, moment)) for leg in legs if (raw := raw_at(leg, moment)) is not None]
        snapshot = status.match(blank, shown)
        if snapshot is not None:
            state = status.merge(state, snapshot.state)
            states.append((moment, state))
    return Course(booked=blank, booked_at=booked_at, states=states)


def looks(course: Course, rule: Cadence, *, calm: bool) -> Iterator[tuple[datetime, FlightState]]:
    """The looks at one flight, and what each brought; a traveller hears what differs by the threshold, and at boarding."""
    flight, at = course.booked, cadence.first_look(course.booked.booked_departure_at, course.booked_at)
    told, boarded = flight.booked_departure_at, False
    while at is not None:
        state = course.at(at)
        yield at, state
        seen_at = (flight.cancelled_seen_at or at) if state.cancelled else None
        after = replace(
            flight,
            state=state,
            best_departure_at=status.best_departure(state, flight.booked_departure_at),
            cancelled_seen_at=seen_at,
            last_checked_at=at,
            last_good_at=at,
        )
        boarding = after.best_departure_at - BOARDING
        boards_now = not boarded and at >= boarding and not state.cancelled
        boarded = boarded or boards_now
        if boards_now or abs(after.best_departure_at - told) >= THRESHOLD:
            told = after.best_departure_at
        untrue_at = told + THRESHOLD - BEFORE_UNTRUE
        wanted = [Wanted(at=untrue_at)] if untrue_at - at > FRESH else []
        wanted += [] if boarded else [Wanted(at=boarding, of_gate=True)]
        planned = cadence.next_look(rule, flight, after, at, wanted)
        if calm and planned.at and cadence.is_far_look(rule, replace(after, next_check_at=planned.at)):
            planned = cadence.next_look(rule, after, after, planned.at, wanted)
        flight, at = after, planned.at


def measure(days: Iterable[Sequence[Course]], rule: Cadence) -> Measured:
    """A cadence over days; a day on which a tenth of the flights is cancelled is no calm one."""
    counts, in_time, delays = [], [], []
    for day in days:
        cancelled = sum(course.states[-1][1].cancelled for course in day)
        for course in day:
            seen = list(looks(course, rule, calm=cancelled < len(day) / 10))
            counts.append(len(seen))
            if course.landed_at:
                found = next((at for at, state in seen if state.actual_on), None)
                in_time.append(found is not None and found - course.landed_at <= timedelta(seconds=120))
            if course.late_at:
                told = next((at for at, state in seen if at >= course.late_at and not status.departed(state)), None)
                delays.append((told - course.late_at) / timedelta(minutes=1) if told else 180.0)
    return Measured(looks=mean(counts), landings_in_time=mean(in_time), delay_minutes=mean(delays))


CHOSEN = Cadence()
LANDING = [(f"{error:g}", replace(CHOSEN, error=error)) for error in (0.1, 0.5, 0.8, 1.1, 1.4, 2.0, 3.0, 4.5)]
DEPARTURE = [
    (f"{near:g}/{after:g}", replace(CHOSEN, near=near, after=after, at_gate=gap, far=far))
    for near, after, gap, far in (
        (12, 25, 30, 240),
        (20, 15, 15, 240),
        (25, 12, 10, 240),
        (35, 10, 7, 240),
        (50, 7, 6, 240),
        (65, 5, 4, 300),
    )
]


def main() -> None:
    """Measure both families, print them, and draw them."""
    days = [courses(day) for day in DAYS]
    panels = []
    for title, family, value in (
        ("Landings later than 120 s, %", LANDING, lambda found: 100 * (1 - found.landings_in_time)),
        ("First word of a delay, minutes late", DEPARTURE, lambda found: found.delay_minutes),
    ):
        points = []
        for name, rule in family:
            found = measure(days, rule)
            points.append((found.looks, value(found), name, rule == CHOSEN))
            sys.stdout.write(f"{title:40} {name:8} {found.looks:6.2f} result sets  {value(found):6.2f}\n")
        panels.append((title, points))
    Path(sys.argv[1]).write_text(picture(panels), encoding="utf-8")


Panel = tuple[str, Sequence[tuple[float, float, str, bool]]]
WIDTH, HEIGHT, EDGE = 380, 300, 48


def picture(panels: Sequence[Panel]) -> str:
    """Two panels side by side, result sets per flight to the right."""
    drawn = "".join(_panel(number * (WIDTH + EDGE), *panel) for number, panel in enumerate(panels))
    size = f"{len(panels) * (WIDTH + EDGE) + EDGE} {HEIGHT + 2 * EDGE}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{drawn}</svg>\n'
    )


def _panel(left: float, title: str, points: Sequence[tuple[float, float, str, bool]]) -> str:
    low, high = min(x for x, *_ in points) - 0.2, max(x for x, *_ in points) + 0.2
    top = max(y for _, y, *_ in points) * 1.1

    def place(x: float, y: float) -> tuple[float, float]:
        return left + EDGE + (x - low) / (high - low) * (WIDTH - EDGE), EDGE + HEIGHT - y / top * HEIGHT

    line = " ".join(f"{x:.0f},{y:.0f}" for x, y in (place(x, y) for x, y, *_ in points))
    marks = []
    for x, y, _, is_chosen in points:
        at = place(x, y)
        marks.append(
            f'<circle cx="{at[0]:.0f}" cy="{at[1]:.0f}" r="{6 if is_chosen else 3}" fill="{"#c22" if is_chosen else "#444"}"/>'
            f'<text x="{at[0] + 8:.0f}" y="{at[1] - 6:.0f}">{x:.2f} → {y:.2f}</text>'
        )
    return (
        f'<text x="{left + EDGE}" y="24" font-weight="bold">{title}</text>'
        f'<text x="{left + EDGE}" y="{HEIGHT + EDGE + 30}">result sets per flight →</text>'
        f'<polyline points="{line}" fill="none" stroke="#888"/>{"".join(marks)}'
        f'<path d="M{left + EDGE},{EDGE} V{EDGE + HEIGHT} H{left + WIDTH}" fill="none" stroke="black"/>'
    )


if __name__ == "__main__":
    main()
