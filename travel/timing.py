"""When things are told: quiet hours, due and useful-until times, waits between tries.

Pure: `now` comes in as an argument. Instants are aware; spans are timedeltas.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from travel import airports
from travel.model import AgencySettings, Flight
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
    begins = [datetime.combine(day, start.replace(fold=fold), ZoneInfo(zone)).astimezone(at.tzinfo) for fold in (0, 1)]
    minutes = [instant - timedelta(minutes=1) for instant in begins]
    # A beginning that the clocks skip is found too late by one of the two readings.
    return next(
        (each for each in minutes if not is_quiet(each.astimezone(ZoneInfo(zone)).time(), start, end)), minutes[0]
    )


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
