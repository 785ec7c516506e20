from dataclasses import replace

import pytest

from tests.travel.values import BOOKED, HOUR, MINUTE, flight, notification, settings, trip, utc
from travel import admission
from travel.admission import Hold, Never
from travel.model import AgencyStatus, Feature, FlightState, Used
from travel.model import NotificationReason as Reason
from travel.model import NotificationStatus as Status
from travel.model import NotificationType as Type

NOON, NIGHT = utc("07-15 12:00"), utc("07-15 05:00")
"""09:00 and 02:00 at Ezeiza; 08:00, which is quiet still, and 01:00 in Miami."""
EVERY_TYPE = [type_ for type_ in Type if type_ is not Type.TEST]


def ask(type_, now=NOON, **changes):
    expires_at = changes.pop("expires_at", now + 12 * HOUR)
    request = admission.Request(
        notification=notification(type_, expires_at=expires_at),
        trip=trip(),
        flight=flight(),
        settings=settings(),
        agency_status=AgencyStatus.ACTIVE,
        opted_out=False,
        now=now,
    )
    return admission.judge(replace(request, **changes))


AFTER_DEPARTURE = {Type.CANCELLED, Type.REINSTATED, Type.DIVERTED, Type.LANDING_WELCOME}
HELD_AT_NIGHT = {Type.RESERVATION_CONFIRMATION, Type.REMINDER_24H, Type.LANDING_WELCOME}


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_by_day_everything_goes_out(type_):
    assert ask(type_, utc("07-15 15:00")) is None


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_at_night_only_what_can_wait_waits_for_the_morning_of_the_place(type_):
    morning = {Type.LANDING_WELCOME: utc("07-15 13:00")}.get(type_, utc("07-15 12:00"))
    assert ask(type_, NIGHT) == (Hold(morning, Reason.QUIET_HOURS) if type_ in HELD_AT_NIGHT else None)


def test_the_agencys_zone_wins_over_the_place_at_night():
    assert ask(Type.REMINDER_24H, NIGHT, settings=settings(timezone_override="Asia/Tokyo")) is None


def test_a_diverted_traveller_sleeps_by_the_clock_of_the_other_airport():
    denver = flight(FlightState(diverted=True, diverted_to="KDEN", actual_on=NOON))
    assert ask(Type.LANDING_WELCOME, utc("07-15 13:30"), flight=denver) == Hold(utc("07-15 15:00"), Reason.QUIET_HOURS)
    nowhere = flight(FlightState(diverted=True, diverted_to="NOWHERE", actual_on=NOON))
    assert ask(Type.LANDING_WELCOME, utc("07-15 13:30"), flight=nowhere) is None


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_nothing_goes_out_for_an_archived_trip(type_):
    assert ask(type_, trip=trip(archived_at=NOON)) == Never(Status.WITHDRAWN, Reason.TRIP_ARCHIVED)


@pytest.mark.parametrize("type_", list(Type))
def test_nothing_goes_out_for_a_suspended_agency(type_):
    assert ask(type_, agency_status=AgencyStatus.SUSPENDED) == Never(Status.SUPPRESSED, Reason.AGENCY_SUSPENDED)


def test_an_agency_not_yet_active_may_send():
    assert ask(Type.DELAYED, agency_status=AgencyStatus.PENDING) is None


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_what_came_too_late_is_not_sent(type_):
    assert ask(type_, expires_at=NOON) == Never(Status.EXPIRED, Reason.NO_LONGER_USEFUL)
    assert ask(type_, utc("07-15 15:00"), expires_at=utc("07-15 15:00:01")) is None


@pytest.mark.parametrize("type_", EVERY_TYPE)
@pytest.mark.parametrize("what", ["actual_out", "actual_off", "actual_on"])
def test_nothing_about_a_departure_is_sent_after_it(type_, what):
    left = flight(FlightState(**{what: NOON}))
    judged = ask(type_, utc("07-15 15:00"), flight=left)
    assert judged == (None if type_ in AFTER_DEPARTURE else Never(Status.EXPIRED, Reason.NO_LONGER_USEFUL))


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_who_opted_out_gets_nothing(type_):
    assert ask(type_, opted_out=True) == Never(Status.SUPPRESSED, Reason.OPTED_OUT)


@pytest.mark.parametrize(
    ("off", "types"),
    [
        ({"reminder_24h_enabled": False}, {Type.REMINDER_24H}),
        ({"landing_notification_enabled": False}, {Type.LANDING_WELCOME}),
        ({"features": {Feature.GATE_MESSAGES: False}}, {Type.GATE_CHANGE}),
        ({"features": {Feature.DIVERSION_MESSAGES: False}}, {Type.DIVERTED}),
        ({"features": {Feature.GATE_MESSAGES: True, Feature.SMS_FALLBACK: True}}, set()),
    ],
)
def test_a_type_the_agency_switched_off_is_not_sent(off, types):
    disabled = Never(Status.SUPPRESSED, Reason.TYPE_DISABLED)
    judged = {type_: ask(type_, utc("07-15 15:00"), settings=settings(**off)) for type_ in EVERY_TYPE}
    assert {type_ for type_, each in judged.items() if each == disabled} == types
    assert all(each is None for type_, each in judged.items() if type_ not in types)


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_while_a_cancellation_is_unsure_words_about_the_departure_wait_a_minute(type_):
    now = utc("07-15 15:00")
    judged = ask(type_, now, flight=flight(FlightState(scheduled_out=BOOKED, cancelled=True)))
    assert judged == (None if type_ in AFTER_DEPARTURE else Hold(now + MINUTE, Reason.NEWER_FACTS))


@pytest.mark.parametrize(
    ("hour", "day", "places", "reason"),
    [
        (0, 0, 50, Reason.HOURLY_LIMIT),
        (49, 199, 1, Reason.DAILY_LIMIT),
        (50, 60, 0, Reason.HOURLY_LIMIT),
        (51, 60, 0, Reason.HOURLY_LIMIT),
        (3, 200, 0, Reason.DAILY_LIMIT),
        (50, 200, 0, Reason.DAILY_LIMIT),
        (10, 170, 30, Reason.DAILY_LIMIT),
    ],
)
def test_the_caps_of_the_agency_leave_so_much_room_and_name_the_nearer_one(hour, day, places, reason):
    room = admission.room(Used(last_hour=hour, last_day=day), settings())
    assert (room.places, room.reason) == (places, reason)
    assert room.span == (24 if reason is Reason.DAILY_LIMIT else 1) * HOUR


def test_every_type_has_its_place_among_the_urgent():
    assert sorted(admission.URGENT_FIRST) == sorted(Type)
    rank = admission.URGENT_FIRST.index
    assert rank(Type.EARLIER) < rank(Type.DELAYED) < rank(Type.REMINDER_24H) < rank(Type.RESERVATION_CONFIRMATION)


@pytest.mark.parametrize(
    ("type_", "now", "more"),
    [
        (Type.REMINDER_24H, NIGHT, {}),
        (Type.BOARDING, utc("07-15 20:59:30"), {"flight": flight(FlightState(cancelled=True))}),
    ],
    ids=["night", "cancelled once"],
)
def test_what_would_be_held_beyond_its_use_expires_instead(type_, now, more):
    assert ask(type_, now, expires_at=now + 30 * MINUTE / 60, **more) == Never(Status.EXPIRED, Reason.NO_LONGER_USEFUL)


@pytest.mark.parametrize("now", [NOON, NIGHT])
def test_a_test_message_needs_no_trip_and_knows_no_night(now):
    assert ask(Type.TEST, now, trip=None, flight=None) is None
    assert ask(Type.TEST, now, trip=None, flight=None, opted_out=True) is None
