"""When to look at a flight again, by the distances that a `Cadence` holds. Pure: `now` comes in as an argument."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from travel import status, touchdown
from travel.cadence.distances import Cadence, Minutes
from travel.model import Flight, FlightState, LookStage, Watch
from travel.touchdown import Touchdown

VISIBLE_AHEAD = timedelta(hours=47)
"""AeroAPI knows a flight from about 48 hours before it departs, and refuses windows that reach further."""
FIRST_AHEAD = timedelta(hours=30)
"""A flight that was booked earlier is first looked at so long before: the reminder of the day before is fresh then."""
UNSEEN_AT_MOST = timedelta(hours=8)
"""A flight that AeroAPI has not shown yet is asked for again at least so often."""
LOST_AFTER = timedelta(hours=6)
"""A flight that says nothing so long after its expected touchdown is no longer watched, and shown as lost."""
SOONEST = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A fresh look that a message wants: just before it names a gate, or before the departure it named is untrue."""

    at: datetime
    of_gate: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class NextLook:
    """Which job looks next, and when; `at` is None when the flight is done."""

    watch: Watch
    at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Airport:
    """How departures of an airport fare that are watched, around this moment."""

    departures: int
    cancelled: int

    @property
    def is_calm(self) -> bool:
        """Enough is known to say that hardly anything is cancelled."""
        return self.departures >= 5 and self.cancelled < 0.15 * self.departures


DONE = NextLook(watch=Watch.DONE, at=None)


def next_look(
    cadence: Cadence, before: Flight, flight: Flight, now: datetime, wanted: Iterable[Wanted] = ()
) -> NextLook:
    """When to look again after a look that turned `before` into `flight`.

    `wanted` is what messages want beside it.

    | where the flight is                     | next look                                                            |
    |-----------------------------------------|----------------------------------------------------------------------|
    | landed                                  | never                                                                |
    | cancelled, seen once                    | five minutes after it was first seen                                 |
    | cancelled, confirmed                    | two thirds of the way to its departure, the last one 30 min after it |
    | before departure                        | 4 h and 35 min before, just before a wanted moment                   |
    | late, and may come back                 | also every 20 min in the last quarter of its delay, up to `near`     |
    | past its departure, still at the gate   | 10 min after it, then every 7 min                                    |
    | off the gate, or in the air             | when it could land at the earliest, by the timetable                 |
    | its landing estimated by the source     | 16 min before it, then just before it could land                     |
    | close to touchdown                      | every 110 s; overdue, a tenth of what it is overdue                  |
    | six hours overdue                       | never: it is lost                                                    |
    """
    state, booked = flight.state, flight.booked_departure_at
    departure = status.best_departure(state, booked)
    if status.landed(state):
        return DONE
    if state.cancelled and not state.actual_off:
        return _while_cancelled(cadence, departure, flight.cancelled_seen_at, now)
    if state.actual_off or state.actual_out:
        return _until_touchdown(cadence, before, flight, departure, now)
    if now - departure > LOST_AFTER * 2:
        return DONE
    moments = _before_departure(cadence, flight, departure, now)
    return NextLook(watch=Watch.DEPARTURE, at=min((*moments, *_wanted(cadence, flight, now, wanted))))


def _wanted(cadence: Cadence, flight: Flight, now: datetime, wanted: Iterable[Wanted]) -> Iterator[datetime]:
    """What is wanted and ahead; a gate only where the one that was seen last is not as good as a new one."""
    # A first gate is not pushed.
    seen_at = flight.last_good_at if flight.state.gate_origin else None
    fresh_until = seen_at + _minutes(cadence.fresh) if seen_at else now
    for each in wanted:
        if each.at > now and not (each.of_gate and each.at <= fresh_until):
            yield each.at


def _while_cancelled(cadence: Cadence, departure: datetime, seen_at: datetime | None, now: datetime) -> NextLook:
    confirm_at = (seen_at or now) + status.CONFIRM_CANCELLATION
    if confirm_at > now:
        return NextLook(watch=Watch.DEPARTURE, at=confirm_at)
    half_an_hour, left = timedelta(minutes=30), departure - now
    if left <= -half_an_hour:
        return DONE
    last_at = departure + half_an_hour
    again_at = now + max(left * cadence.cancelled, half_an_hour) if left > half_an_hour else last_at
    return NextLook(watch=Watch.DEPARTURE, at=min(again_at, last_at))


def _before_departure(cadence: Cadence, flight: Flight, departure: datetime, now: datetime) -> Iterator[datetime]:
    """The moments that the cadence knows; at least one, all of them ahead."""
    soonest = now + max(SOONEST, _minutes(cadence.apart))
    marks = [departure - _minutes(distance) for distance in _distances(cadence, flight, departure)]
    ahead = [mark for mark in marks if mark >= soonest]
    yield from ahead
    if flight.last_good_at is None:
        yield now + UNSEEN_AT_MOST
    if not ahead:
        gap = max(cadence.at_gate, (now - departure) / _minutes(10))
        yield max(departure + _minutes(cadence.after), now + _minutes(gap))


def _distances(cadence: Cadence, flight: Flight, departure: datetime) -> Iterator[Minutes]:
    yield cadence.far
    scheduled = flight.state.scheduled_out or flight.state.scheduled_off or flight.booked_departure_at
    delay = (departure - scheduled) / _minutes(1)
    if delay >= cadence.near_from:
        yield cadence.near
    distance = delay / 4
    while distance > cadence.near:
        yield distance
        distance -= cadence.comeback


def _until_touchdown(cadence: Cadence, before: Flight, flight: Flight, departure: datetime, now: datetime) -> NextLook:
    landing = touchdown.expected(flight.state, now, _minutes(cadence.taxi))
    if landing is None:
        # Nobody knows when it lands: twelve hours are long for any flight of which so little is known.
        elapsed = now - departure
        if elapsed > LOST_AFTER * 2:
            return DONE
        return NextLook(watch=Watch.LANDING, at=now + max(timedelta(minutes=10), elapsed / 10))
    if now - landing.at > LOST_AFTER:
        return DONE
    at = (
        _by_the_source(cadence, before, flight.state, landing, now)
        if landing.is_reckoned
        else _by_timetable(cadence, landing, now)
    )
    soonest = now + max(_minutes(cadence.beat), (now - landing.at) / 10)
    return NextLook(watch=Watch.LANDING, at=max(min(at, now + _minutes(cadence.cruise)), soonest))


def _by_the_source(cadence: Cadence, before: Flight, state: FlightState, landing: Touchdown, now: datetime) -> datetime:
    """Once more in sight of the touchdown, then just before it could land at the earliest."""
    # An estimate that did not move since the last look is at least as old as that look, and as wrong.
    unmoved = (state.estimated_on, state.estimated_in) == (before.state.estimated_on, before.state.estimated_in)
    known_since = (before.last_good_at or now) if unmoved else now
    ahead = max(landing.at - known_since, timedelta())
    share = min(ahead / max(landing.in_air, timedelta(minutes=30)), 1.0)
    least = cadence.error + (cadence.error_unmoved if unmoved else 0)
    error = _minutes(least + cadence.error_per_share * share) + ahead * cadence.error_per_minute
    first = landing.at - error + _minutes(cadence.beat)
    sight = landing.at - _minutes(cadence.sight)
    saves = sight - now > error + _minutes(cadence.sight_saves)
    return min(sight, first) if saves else first


def _by_timetable(cadence: Cadence, landing: Touchdown, now: datetime) -> datetime:
    """Timetables are padded: look when it could land at the earliest, then ever closer to when it usually does."""
    earliest = landing.at - min(_minutes(cadence.padding), landing.in_air * cadence.padding_share)
    if earliest > now + timedelta(minutes=3):
        return earliest
    return now + (landing.at - landing.in_air * cadence.likely - now) / 2


def stage(cadence: Cadence, flight: Flight, now: datetime) -> LookStage:
    """What a look now is for: it decides who waits when AeroAPI's rate or a budget runs out.

    | the flight                                                    | stage     |
    |---------------------------------------------------------------|-----------|
    | left, its touchdown within half an hour or not known          | LANDING   |
    | left, else                                                    | CRUISE    |
    | departs within two and a half hours, or cancelled, seen once  | DEPARTURE |
    | else                                                          | FAR       |
    """
    if flight.watch is Watch.LANDING:
        landing = touchdown.expected(flight.state, now, _minutes(cadence.taxi))
        near = landing is None or landing.at - now <= timedelta(minutes=30)
        return LookStage.LANDING if near else LookStage.CRUISE
    doubtful = flight.state.cancelled and not status.cancellation_confirmed(
        flight.state, flight.cancelled_seen_at, flight.last_good_at or now
    )
    near = flight.best_departure_at - now <= timedelta(minutes=150)
    return LookStage.DEPARTURE if near or doubtful else LookStage.FAR


def is_far_look(cadence: Cadence, flight: Flight) -> bool:
    """Whether the look that is due is the one far before the departure, which a calm airport does not need."""
    planned = flight.best_departure_at - _minutes(cadence.far)
    due = flight.next_check_at
    is_known = flight.last_good_at is not None and not flight.state.cancelled
    return is_known and due is not None and abs(due - planned) < timedelta(seconds=1)


def first_look(booked: datetime, now: datetime) -> datetime:
    """The first look at a flight that was just booked: at once where AeroAPI can know it, else the day before."""
    return now if booked - now <= VISIBLE_AHEAD else booked - FIRST_AHEAD


def look_again(cadence: Cadence, watch: Watch, failures: int, now: datetime) -> datetime:
    """After the n-th failed look in a row: 30 s doubling to 10 minutes, near touchdown never over the beat."""
    wait = timedelta(seconds=min(30 * 2 ** min(failures - 1, 10), 600))
    return now + (min(wait, _minutes(cadence.beat)) if watch is Watch.LANDING else wait)


STALE_AFTER = timedelta(minutes=10)
STALE_AFTER_ON_APPROACH = timedelta(minutes=4)


def is_stale(flight: Flight, now: datetime) -> bool:
    """Whether the last good answer is older than the phase allows: looks failed, or the next one is overdue."""
    if flight.next_check_at is None:
        return False
    allowed = STALE_AFTER_ON_APPROACH if flight.watch is Watch.LANDING else STALE_AFTER
    return flight.consecutive_failures > 1 or now - flight.next_check_at > allowed


def _minutes(count: Minutes) -> timedelta:
    return timedelta(minutes=count)
