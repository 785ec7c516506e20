"""Whether a notification may go out now: the last question before it is handed over. Pure.

Everything is judged anew at this moment: quiet hours, caps, switches and facts may have changed since it was decided.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from travel import status, timing
from travel.model import (
    AgencySettings,
    AgencyStatus,
    Feature,
    Flight,
    Notification,
    Trip,
    Used,
)
from travel.model import (
    NotificationReason as Reason,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.model import (
    NotificationType as Type,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A notification that is due, and all that may speak against it. A test message has neither trip nor flight."""

    notification: Notification
    trip: Trip | None
    flight: Flight | None
    settings: AgencySettings
    agency_status: AgencyStatus
    opted_out: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now, but then."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Never:
    """Not any more."""

    status: Status
    reason: Reason


def judge(request: Request) -> Hold | Never | None:
    """None lets it go. The first line that is true decides.

    | true                                               | judgement                          |
    |----------------------------------------------------|------------------------------------|
    | the trip is archived                               | WITHDRAWN, TRIP_ARCHIVED           |
    | the agency is suspended                            | SUPPRESSED, AGENCY_SUSPENDED       |
    | it came too late to be useful                      | EXPIRED, NO_LONGER_USEFUL          |
    | it speaks of a departure that has happened         | EXPIRED, NO_LONGER_USEFUL          |
    | the traveller opted out                            | SUPPRESSED, OPTED_OUT              |
    | the agency switched the type off                   | SUPPRESSED, TYPE_DISABLED          |
    | cancelled was read once, and it speaks of departure| held a minute, NEWER_FACTS         |
    | it is night where the traveller is                 | held till morning, QUIET_HOURS     |

    The caps are another question, of all that may go at one moment: `room`.
    """
    never = _never(request)
    if never is not None:
        return never
    hold = _hold(request)
    if hold is not None and hold.until >= request.notification.expires_at:
        return Never(Status.EXPIRED, Reason.NO_LONGER_USEFUL)
    return hold


def _never(request: Request) -> Never | None:
    notification, flight = request.notification, request.flight
    if request.trip is not None and request.trip.archived_at is not None:
        return Never(Status.WITHDRAWN, Reason.TRIP_ARCHIVED)
    if request.agency_status is AgencyStatus.SUSPENDED:
        return Never(Status.SUPPRESSED, Reason.AGENCY_SUSPENDED)
    gone = flight is not None and status.departed(flight.state) and notification.type in timing.ABOUT_DEPARTURE
    if notification.expires_at <= request.now or gone:
        return Never(Status.EXPIRED, Reason.NO_LONGER_USEFUL)
    if request.opted_out and notification.type is not Type.TEST:
        return Never(Status.SUPPRESSED, Reason.OPTED_OUT)
    if not _switched_on(notification.type, request.settings):
        return Never(Status.SUPPRESSED, Reason.TYPE_DISABLED)
    return None


def _switched_on(type_: Type, settings: AgencySettings) -> bool:
    switches = {
        Type.REMINDER_24H: settings.reminder_24h_enabled,
        Type.LANDING_WELCOME: settings.landing_notification_enabled,
        Type.GATE_CHANGE: settings.enabled(Feature.GATE_MESSAGES),
        Type.DIVERTED: settings.enabled(Feature.DIVERSION_MESSAGES),
    }
    return switches.get(type_, True)


def _hold(request: Request) -> Hold | None:
    notification, now = request.notification, request.now
    if request.flight is not None and request.flight.state.cancelled and notification.type in timing.ABOUT_DEPARTURE:
        return Hold(now + timedelta(minutes=1), Reason.NEWER_FACTS)
    if notification.type in timing.HELD_AT_NIGHT and request.flight is not None:
        landed = notification.type is Type.LANDING_WELCOME
        place = timing.zone_at_destination if landed else timing.zone_at_origin
        allowed = timing.allowed_from(now, place(request.flight, request.settings), request.settings)
        if allowed > now:
            return Hold(allowed, Reason.QUIET_HOURS)
    return None


@dataclass(frozen=True, slots=True)
class Room:
    """How many more messages the caps let go now, and which cap is the nearer one."""

    places: int
    reason: Reason
    span: timedelta
    """A message counts against that cap for so long."""


def room(used: Used, settings: AgencySettings) -> Room:
    """What the hour's and the day's cap leave."""
    hour = settings.max_notifications_per_hour - used.last_hour
    day = settings.max_notifications_per_day - used.last_day
    if day <= hour:
        return Room(max(day, 0), Reason.DAILY_LIMIT, timedelta(days=1))
    return Room(max(hour, 0), Reason.HOURLY_LIMIT, timedelta(hours=1))


URGENT_FIRST = (
    Type.EARLIER,
    Type.TEST,
    Type.CANCELLED,
    Type.DIVERTED,
    Type.REINSTATED,
    Type.GATE_CHANGE,
    Type.BOARDING,
    Type.DELAYED,
    Type.LANDING_WELCOME,
    Type.REMINDER_24H,
    Type.RESERVATION_CONFIRMATION,
)
"""Who goes first where not all can: what a traveller misses a flight for, before what can wait."""
