from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.travel.values import BOOKED, HOUR, MINUTE, flight, settings, utc
from travel import timing

BUENOS_AIRES, NEW_YORK, MADRID = "America/Argentina/Buenos_Aires", "America/New_York", "Europe/Madrid"


def band(start, end, **more):
    return settings(quiet_hours_start=time.fromisoformat(start), quiet_hours_end=time.fromisoformat(end), **more)


# --- quiet hours


@pytest.mark.parametrize(
    ("start", "end", "quiet", "loud"),
    [
        ("22:00", "09:00", ["22:00", "23:59", "00:00", "08:59"], ["09:00", "12:00", "21:59"]),
        ("08:00", "22:00", ["08:00", "12:00", "21:59"], ["07:59", "22:00", "00:00"]),
        ("00:00", "07:00", ["00:00", "06:59"], ["07:00", "23:59"]),
        ("09:00", "09:00", [], ["09:00", "03:00", "08:59"]),
    ],
)
def test_quiet_hours_begin_with_their_first_minute_and_end_before_their_last(start, end, quiet, loud):
    start, end = time.fromisoformat(start), time.fromisoformat(end)
    assert all(timing.is_quiet(time.fromisoformat(each), start, end) for each in quiet)
    assert not any(timing.is_quiet(time.fromisoformat(each), start, end) for each in loud)


@pytest.mark.parametrize(
    ("zone", "at", "from_", "until"),
    [
        (BUENOS_AIRES, "07-15 15:00", "07-15 15:00", "07-15 15:00"),
        (BUENOS_AIRES, "07-15 12:00", "07-15 12:00", "07-15 12:00"),
        (BUENOS_AIRES, "07-15 11:59", "07-15 12:00", "07-15 00:59"),
        (BUENOS_AIRES, "07-16 01:00", "07-16 12:00", "07-16 00:59"),
        (BUENOS_AIRES, "07-16 00:59", "07-16 00:59", "07-16 00:59"),
        (BUENOS_AIRES, "07-16 02:30", "07-16 12:00", "07-16 00:59"),
        # The clocks of New York go forward on 8 March and back on 1 November.
        (NEW_YORK, "03-08 04:00", "03-08 13:00", "03-08 02:59"),
        (NEW_YORK, "03-08 09:00", "03-08 13:00", "03-08 02:59"),
        (NEW_YORK, "11-01 03:00", "11-01 14:00", "11-01 01:59"),
        (NEW_YORK, "11-01 05:30", "11-01 14:00", "11-01 01:59"),
        (NEW_YORK, "11-01 06:30", "11-01 14:00", "11-01 01:59"),
        ("Asia/Tokyo", "07-15 14:00", "07-16 00:00", "07-15 12:59"),
        ("Asia/Kathmandu", "07-15 20:00", "07-16 03:15", "07-15 16:14"),
    ],
)
def test_what_falls_into_the_night_waits_for_the_morning_of_the_place(zone, at, from_, until):
    assert timing.allowed_from(utc(at), zone, settings()) == utc(from_)
    assert timing.allowed_until(utc(at), zone, settings()) == utc(until)


@pytest.mark.parametrize(
    ("at", "from_", "until"),
    [("07-15 12:00", "07-16 01:00", "07-15 10:59"), ("07-15 10:59", "07-15 10:59", "07-15 10:59")],
)
def test_quiet_hours_may_lie_within_one_day(at, from_, until):
    assert timing.allowed_from(utc(at), BUENOS_AIRES, band("08:00", "22:00")) == utc(from_)
    assert timing.allowed_until(utc(at), BUENOS_AIRES, band("08:00", "22:00")) == utc(until)


def loud(instant, zone, start, end):
    """By counting minutes of the day, unlike the code."""
    local = instant.astimezone(ZoneInfo(zone))
    minute, first, last = local.hour * 60 + local.minute, start.hour * 60 + start.minute, end.hour * 60 + end.minute
    length = (last - first) % 1440
    return (minute - first) % 1440 >= length


MINUTES = st.times(time(0), time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))


@given(
    zone=st.sampled_from([BUENOS_AIRES, NEW_YORK, MADRID, "Asia/Kathmandu", "Pacific/Apia", "America/Santiago"]),
    at=st.integers(0, 525_599).map(lambda minutes: utc("01-01 00:00") + minutes * MINUTE),
    start=MINUTES,
    end=MINUTES,
)
@example(zone=NEW_YORK, at=utc("11-01 06:15"), start=time(22), end=time(1, 30))
@example(zone=NEW_YORK, at=utc("03-08 06:15"), start=time(22), end=time(2, 30))
def test_the_allowed_instant_lies_ahead_and_outside_the_quiet_hours(zone, at, start, end):
    chosen = band(start.isoformat(), end.isoformat())
    allowed = timing.allowed_from(at, zone, chosen)
    assert allowed >= at
    assert loud(allowed, zone, start, end)
    assert allowed - at <= timedelta(hours=25)


def test_an_override_of_the_agency_wins_over_the_place():
    from_ezeiza = flight(origin="SAEZ", destination="KMIA")
    assert timing.zone_at_origin(from_ezeiza, settings()) == "America/Argentina/Buenos_Aires"
    assert timing.zone_at_destination(from_ezeiza, settings()) == "America/New_York"
    for zone in (timing.zone_at_origin, timing.zone_at_destination):
        assert zone(from_ezeiza, settings(timezone_override=MADRID)) == MADRID


# --- the reminder


def departures(day, first, last):
    """Every full hour of a UTC span, as local departures are listed in the tables below."""
    start = utc(f"{day} {first:02}:00") if first < 24 else utc(f"{day} 00:00") + first * HOUR
    return [start + number * HOUR for number in range(last - first + 1)]


EZEIZA = [
    # Local departures of 15 July: 00 to 08 are reminded at 09:00 of the 14th, 22 and 23 at 09:00 of the 15th.
    *[(at, "07-14 12:00") for at in departures("07-15", 3, 11)],
    *[(at, f"07-14 {at:%H:%M}") for at in departures("07-15", 12, 23)],
    (utc("07-16 00:00"), "07-15 00:00"),
    (utc("07-16 01:00"), "07-15 12:00"),
    (utc("07-16 02:00"), "07-15 12:00"),
]
# 8 March 2026 in New York has 23 hours: 00:00 is 05:00 UTC, 03:00 is 07:00 UTC, 23:00 is 03:00 UTC of the 9th.
SPRING = [
    *[(at, "03-07 14:00") for at in departures("03-08", 5, 13)],
    *[(at, f"03-07 {at:%H:%M}") for at in departures("03-08", 14, 23)],
    *[(at, f"03-08 {at:%H:%M}") for at in departures("03-09", 0, 2)],
    (utc("03-09 03:00"), "03-08 13:00"),
]
# 1 November 2026 has 25: 00:00 is 04:00 UTC, 01:00 comes twice, 23:00 is 04:00 UTC of the 2nd.
AUTUMN = [
    *[(at, "10-31 13:00") for at in departures("11-01", 4, 12)],
    *[(at, f"10-31 {at:%H:%M}") for at in departures("11-01", 13, 23)],
    *[(at, f"11-01 {at:%H:%M}") for at in departures("11-02", 0, 1)],
    *[(at, "11-01 14:00") for at in departures("11-02", 2, 4)],
]


@pytest.mark.parametrize(
    ("zone", "departure", "due"),
    [
        *[pytest.param(BUENOS_AIRES, at, due, id=f"Ezeiza {at:%d. %H} UTC") for at, due in EZEIZA],
        *[pytest.param(NEW_YORK, at, due, id=f"spring {at:%d. %H} UTC") for at, due in SPRING],
        *[pytest.param(NEW_YORK, at, due, id=f"autumn {at:%d. %H} UTC") for at, due in AUTUMN],
    ],
)
def test_a_departure_at_any_hour_is_reminded_a_day_ahead_in_daylight(zone, departure, due):
    assert timing.reminder_due(departure, zone, settings(), departure - 9 * 24 * HOUR) == utc(due)


def test_the_tables_above_hold_every_hour_of_their_days():
    assert [len(table) for table in (EZEIZA, SPRING, AUTUMN)] == [24, 23, 25]


@pytest.mark.parametrize(
    ("quiet", "departure", "now", "due"),
    [
        # Quiet from 10:00 to 09:00: the morning of the departure would leave three hours, so the day before it is.
        (("10:00", "09:00"), "07-15 15:00", "07-10 00:00", "07-14 12:59"),
        (("10:00", "09:00"), "07-15 18:00", "07-10 00:00", "07-15 12:00"),
        # The morning before has passed already: then late rather than never.
        (("10:00", "09:00"), "07-15 15:00", "07-14 14:00", "07-15 12:00"),
        # Planned late, in daylight: at once.
        (("22:00", "09:00"), "07-15 21:00", "07-15 13:00", "07-15 13:00"),
        (("22:00", "09:00"), "07-15 21:00", "07-15 17:00", "07-15 17:00"),
        (("22:00", "09:00"), "07-15 21:00", "07-15 05:00", "07-15 12:00"),
    ],
)
def test_a_reminder_moves_later_or_earlier_where_later_would_leave_under_six_hours(quiet, departure, now, due):
    assert timing.reminder_due(utc(departure), BUENOS_AIRES, band(*quiet), utc(now)) == utc(due)


# --- the others


@pytest.mark.parametrize(("minutes", "due"), [(90, "07-15 19:30"), (40, "07-15 20:20"), (180, "07-15 18:00")])
def test_boarding_comes_the_agencys_offset_before_the_departure(minutes, due):
    assert timing.boarding_due(BOOKED, settings(boarding_notification_offset_minutes=minutes)) == utc(due)


@pytest.mark.parametrize(
    ("departure", "last_told", "due"),
    [
        ("07-15 21:00", None, "07-15 12:00"),
        ("07-15 21:00", "07-15 11:55", "07-15 12:05"),
        ("07-15 21:00", "07-15 11:50", "07-15 12:00"),
        ("07-15 21:00", "07-15 08:00", "07-15 12:00"),
        ("07-15 13:00", "07-15 11:55", "07-15 12:00"),
        ("07-15 13:01", "07-15 11:55", "07-15 12:05"),
        ("07-15 11:30", "07-15 11:55", "07-15 12:00"),
    ],
)
def test_a_further_delay_waits_ten_minutes_unless_the_departure_is_within_the_hour(departure, last_told, due):
    told = utc(last_told) if last_told else None
    assert timing.delay_due(utc(departure), told, utc("07-15 12:00")) == utc(due)


@pytest.mark.parametrize(
    ("departure", "due"),
    [("07-15 21:00", "12:03"), ("07-15 13:01", "12:03"), ("07-15 13:00", "12:01"), ("07-15 11:00", "12:01")],
)
def test_a_new_gate_settles_for_three_minutes_or_one_within_the_hour(departure, due):
    assert timing.gate_due(utc(departure), utc("07-15 12:00")) == utc(f"07-15 {due}")


@pytest.mark.parametrize(
    ("failed", "chance", "retry_after", "seconds"),
    [
        (1, 0.0, None, 0),
        (1, 0.5, None, 2.5),
        (2, 0.5, None, 5),
        (3, 0.5, None, 10),
        (3, 0.99, None, 19.8),
        (7, 0.5, None, 150),
        (40, 0.5, None, 150),
        (1, 0.5, 30, 30),
        (7, 0.5, 30, 150),
        (1, 0.0, 0.0, 0),
    ],
)
def test_a_retry_waits_by_chance_up_to_a_doubling_cap_and_never_less_than_twilio_asked(
    failed, chance, retry_after, seconds
):
    assert timing.retry_wait(settings(), failed, chance, retry_after).total_seconds() == pytest.approx(seconds)


def test_the_agencys_own_waits_are_used():
    own = settings(retry_initial_delay_seconds=60, retry_backoff_factor=3.0, retry_max_delay_seconds=400)
    waits = [timing.retry_wait(own, failed, 0.5, None).total_seconds() for failed in (1, 2, 3, 4)]
    assert waits == [30, 90, 200, 200]
