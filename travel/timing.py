"""When things happen: quiet hours, due and useful-until times, waits between tries, and the next look at a flight.

Pure: `now` comes in as an argument. Instants are aware; spans are timedeltas.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from travel import airports, status
from travel.model import AgencySettings, Flight, FlightState, Watch
from travel.model import NotificationType as Type

ABOUT_DEPARTURE = frozenset(
    {Type.RESERVATION_CONFIRMATION, Type.REMINDER_24H, Type.DELAYED, Type.EARLIER, Type.GATE_CHANGE, Type.BOARDING}
)
"""Once the flight has left, nobody needs these."""
HELD_AT_NIGHT = frozenset({Type.RESERVATION_CONFIRMATION, Type.REMINDER_24H, Type.LANDING_WELCOME})
"""What can wait for the morning; everything else is told at any hour."""

REMINDER_AHEAD = timedelta(hours=24)
REMINDER_ROOM = timedelta(hours=6)
"""A reminder moved out of the night must leave the traveller this much; else it goes out before the night."""
DELAY_SPACING = timedelta(minutes=10)
DEPARTURE_IS_NEAR = timedelta(minutes=60)
GATE_SETTLES = timedelta(minutes=3)
GATE_SETTLES_NEAR = timedelta(minutes=1)

VISIBLE_AHEAD = timedelta(hours=47)
"""AeroAPI knows a flight from about 48 hours before it departs, and refuses windows that reach further."""
APPROACH_BEAT = timedelta(seconds=105)
"""Around touchdown: under the 110 s that the landing promise of 120 s leaves for a look."""
APPROACH_BEGINS = timedelta(minutes=15)
TAXI = timedelta(minutes=30)
"""How long a flight may take from the gate to the runway before it is looked at again."""
LOST_AFTER = timedelta(hours=6)
"""A flight that says nothing so long after its expected touchdown is no longer watched, and shown as lost."""

_BEFORE_DEPARTURE = tuple(timedelta(minutes=minutes) for minutes in (47 * 60, 25 * 60, 8 * 60, 210, 45, 10))


@dataclass(frozen=True, kw_only=True, slots=True)
class NextLook:
    """Which job looks next, and when; `at` is None when the flight is done."""

    watch: Watch
    at: datetime | None


def is_quiet(local: time, start: time, end: time) -> bool:
    """Whether a local time lies in [start, end); the band may cross midnight; equal ends mean no quiet hours."""
    if start <= end:
        return start <= local < end
    return local >= start or local < end


def allowed_from(at: datetime, zone: str, settings: AgencySettings) -> datetime:
    """The first instant from `at` on that is outside the quiet hours of `zone`."""
    start, end = settings.quiet_hours_start, settings.quiet_hours_end
    local = at.astimezone(ZoneInfo(zone))
    if not is_quiet(local.time(), start, end):
        return at
    day = local.date() + timedelta(days=1 if local.time() >= end else 0)
    ends = [datetime.combine(day, end.replace(fold=fold), ZoneInfo(zone)).astimezone(at.tzinfo) for fold in (0, 1)]
    return next((instant for instant in ends if instant >= at), ends[1])


def allowed_until(at: datetime, zone: str, settings: AgencySettings) -> datetime:
    """The last minute up to `at` that is outside the quiet hours of `zone`."""
    start, end = settings.quiet_hours_start, settings.quiet_hours_end
    local = at.astimezone(ZoneInfo(zone))
    if not is_quiet(local.time(), start, end):
        return at
    day = local.date() - timedelta(days=0 if local.time() >= start else 1)
    return datetime.combine(day, start, ZoneInfo(zone)).astimezone(at.tzinfo) - timedelta(minutes=1)


def zone_at_origin(flight: Flight, settings: AgencySettings) -> str:
    """The zone of quiet hours before departure: the agency's override, else the origin's."""
    return settings.timezone_override or airports.get(flight.origin).timezone


def zone_at_destination(flight: Flight, settings: AgencySettings) -> str:
    """The zone of quiet hours after landing: the override, else where it really went; an airport outside the table
    counts as the booked one."""
    airport = airports.find(flight.state.diverted_to or flight.destination) or airports.get(flight.destination)
    return settings.timezone_override or airport.timezone


def reminder_due(departure: datetime, zone: str, settings: AgencySettings, now: datetime) -> datetime:
    """24 hours before departure, moved out of the quiet hours: later, or earlier where later would leave under 6 h."""
    wanted = max(departure - REMINDER_AHEAD, now)
    later = allowed_from(wanted, zone, settings)
    if departure - later >= REMINDER_ROOM:
        return later
    earlier = allowed_until(wanted, zone, settings)
    return earlier if earlier >= now else later


def boarding_due(departure: datetime, settings: AgencySettings) -> datetime:
    """The agency's offset before the departure."""
    return departure - timedelta(minutes=settings.boarding_notification_offset_minutes)


def delay_due(departure: datetime, last_told_at: datetime | None, now: datetime) -> datetime:
    """A later departure waits until ten minutes after the last such message, unless the departure is near."""
    if last_told_at is None or departure - now <= DEPARTURE_IS_NEAR:
        return now
    return max(now, last_told_at + DELAY_SPACING)


def gate_due(departure: datetime, now: datetime) -> datetime:
    """A new gate waits a little: it may settle back."""
    return now + (GATE_SETTLES_NEAR if departure - now <= DEPARTURE_IS_NEAR else GATE_SETTLES)


def retry_wait(settings: AgencySettings, failed_attempts: int, chance: float, retry_after: float | None) -> timedelta:
    """The wait after the n-th failed try: full jitter over first x factor^(n-1), capped; Retry-After is the least.

    `chance` is a random number in [0, 1).
    """
    grown = settings.retry_initial_delay_seconds * settings.retry_backoff_factor ** min(failed_attempts - 1, 64)
    wait = chance * min(grown, settings.retry_max_delay_seconds)
    return timedelta(seconds=max(wait, retry_after or 0))


def next_look(
    state: FlightState,
    booked: datetime,
    cancelled_seen_at: datetime | None,
    now: datetime,
    wanted: Iterable[datetime] = (),
) -> NextLook:
    """When to look again after a look that brought `state`. `wanted` are moments before which a fresh look is needed.

    | where the flight is                     | next look                                                         |
    |-----------------------------------------|-------------------------------------------------------------------|
    | landed                                  | never                                                             |
    | cancelled, seen once                    | five minutes after it was first seen                              |
    | cancelled, confirmed                    | each hour until two hours after departure                         |
    | before departure                        | 47, 25, 8, 3.5 h, 45, 10 min before, or a wanted moment           |
    | past its departure, still at the gate   | every 10 minutes, after two hours every 20                        |
    | off the gate, not in the air            | every 30 minutes                                                  |
    | in the air, far from touchdown          | 15 minutes before the expected touchdown                          |
    | close to touchdown                      | half the way to it, but never under 105 s; 105 s after it         |
    | two hours overdue                       | every 5 minutes                                                   |
    | six hours overdue                       | never: it is lost                                                 |
    """
    departure = status.best_departure(state, booked)
    if status.landed(state):
        return NextLook(watch=Watch.DONE, at=None)
    if state.cancelled and not state.actual_off:
        return _while_cancelled(departure, cancelled_seen_at, now)
    if state.actual_off or state.actual_out:
        return _until_touchdown(state, departure, now)
    if now - departure > LOST_AFTER * 2:
        return NextLook(watch=Watch.DONE, at=None)
    return NextLook(
        watch=Watch.DEPARTURE, at=min((_before_departure(departure, now), *(at for at in wanted if at > now)))
    )


def _while_cancelled(departure: datetime, seen_at: datetime | None, now: datetime) -> NextLook:
    confirm_at = (seen_at or now) + status.CONFIRM_CANCELLATION
    if confirm_at > now:
        return NextLook(watch=Watch.DEPARTURE, at=confirm_at)
    if now > departure + timedelta(hours=2):
        return NextLook(watch=Watch.DONE, at=None)
    return NextLook(watch=Watch.DEPARTURE, at=now + timedelta(hours=1))


def _before_departure(departure: datetime, now: datetime) -> datetime:
    soonest = now + timedelta(minutes=2)
    ahead = [departure - distance for distance in _BEFORE_DEPARTURE if departure - distance >= soonest]
    if ahead:
        return min(ahead)
    return now + timedelta(minutes=20 if now - departure > timedelta(hours=2) else 10)


def _until_touchdown(state: FlightState, departure: datetime, now: datetime) -> NextLook:
    touchdown = status.expected_touchdown(state)
    if touchdown is None:
        # Nobody knows when it lands: half an hour is the shortest scheduled flight, a day the longest.
        overdue = now - departure > timedelta(hours=24)
        return NextLook(
            watch=Watch.DONE if overdue else Watch.LANDING,
            at=None if overdue else now + timedelta(minutes=10),
        )
    left = touchdown - now
    if state.actual_off is None and left > TAXI:
        # Off the gate and not in the air: it may still come back.
        return NextLook(watch=Watch.LANDING, at=min(now + TAXI, touchdown - APPROACH_BEGINS))
    if left < -LOST_AFTER:
        return NextLook(watch=Watch.DONE, at=None)
    if left > APPROACH_BEGINS:
        # A long way before, what is expected may still move: one look with a tenth of the way left.
        return NextLook(watch=Watch.LANDING, at=touchdown - max(APPROACH_BEGINS, left / 10))
    late = timedelta(minutes=5) if left < -timedelta(hours=2) else APPROACH_BEAT
    return NextLook(watch=Watch.LANDING, at=now + max(late, left / 2))


def first_look(booked: datetime, now: datetime) -> datetime:
    """The first look at a flight that was just booked: at once where AeroAPI can know it, else when it can."""
    return max(now, booked - VISIBLE_AHEAD)


def look_again(watch: Watch, failures: int, now: datetime) -> datetime:
    """After the n-th failed look in a row: 30 s doubling to 10 minutes, near touchdown never over the approach's beat."""
    wait = timedelta(seconds=min(30 * 2 ** min(failures - 1, 10), 600))
    return now + (min(wait, APPROACH_BEAT) if watch is Watch.LANDING else wait)


STALE_AFTER = timedelta(minutes=10)
STALE_AFTER_ON_APPROACH = timedelta(minutes=4)


def is_stale(flight: Flight, now: datetime) -> bool:
    """Whether the last good answer is older than the phase allows: looks failed, or the next one is overdue."""
    if flight.next_check_at is None:
        return False
    allowed = STALE_AFTER_ON_APPROACH if flight.watch is Watch.LANDING else STALE_AFTER
    return flight.consecutive_failures > 1 or now - flight.next_check_at > allowed
