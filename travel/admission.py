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
    used: Used
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
    | the hour's or the day's cap is reached             | held until one falls out           |
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
    return _capped(request)


def _capped(request: Request) -> Hold | None:
    used, settings = request.used, request.settings
    soon = request.now + timedelta(minutes=1)
    if used.last_day >= settings.max_notifications_per_day:
        return Hold(used.day_frees_at or soon, Reason.DAILY_LIMIT)
    if used.last_hour >= settings.max_notifications_per_hour:
        return Hold(used.hour_frees_at or soon, Reason.HOURLY_LIMIT)
    return None
