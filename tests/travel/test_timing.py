from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.travel.values import BOOKED, HOUR, MINUTE, flight, settings, utc
from travel import timing
from travel.model import FlightState, Watch

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


# --- the next look


NOW = utc("07-15 12:00")


def look(state, *, seen_at=None, now=NOW, booked=BOOKED, wanted=()):
    return timing.next_look(state, booked, seen_at, now, wanted)


@pytest.mark.parametrize(
    ("left", "at_the_latest_in"),
    [
        ("60:00", "13:00"),
        ("47:00", "24:00"),
        ("25:00", "18:00"),
        ("12:00", "9:00"),
        ("6:00", "3:30"),
        ("3:30", "3:00"),
        ("1:00", "0:30"),
        ("0:35", "0:30"),
        ("0:15", "0:14"),
        ("0:06", "0:10"),
        ("0:00", "0:10"),
        ("-2:00", "0:10"),
        ("-2:01", "0:30"),
        ("-11:59", "0:30"),
    ],
)
def test_looks_grow_dense_towards_the_departure_and_go_on_after_it(left, at_the_latest_in):
    """The steps themselves are tuned by `make bench`; here stands what they must never exceed."""

    def span(text):
        sign = -1 if text.startswith("-") else 1
        hours, minutes = text.lstrip("-").split(":")
        return sign * timedelta(hours=int(hours), minutes=int(minutes))

    departure = NOW + span(left)
    found = look(FlightState(estimated_out=departure), booked=departure)
    assert found.watch is Watch.DEPARTURE
    assert 2 * MINUTE <= found.at - NOW <= span(at_the_latest_in)


def test_a_flight_looked_at_five_hours_before_is_looked_at_again_and_again_before_it_leaves():
    """The steps are clipped at the edges of the phases (incident 49)."""
    moments, now = [], BOOKED - 5 * HOUR
    while now < BOOKED:
        now = look(FlightState(scheduled_out=BOOKED), now=now).at
        moments.append(round((BOOKED - now) / MINUTE))
    assert moments == sorted(moments, reverse=True)
    assert 3 <= len(moments) <= 9
    assert any(0 < moment <= 15 for moment in moments)
    assert any(15 < moment <= 60 for moment in moments)


def test_a_fresh_look_comes_just_before_a_message_that_wants_one():
    wanted = [NOW + 20 * MINUTE, NOW + 9 * MINUTE, NOW - MINUTE, NOW]
    assert look(FlightState(scheduled_out=BOOKED), wanted=wanted).at == NOW + 9 * MINUTE


def test_a_distant_wish_does_not_delay_the_ordinary_look():
    state = FlightState(scheduled_out=BOOKED)
    assert look(state, wanted=[NOW + 100 * HOUR]) == look(state)


@pytest.mark.parametrize("state", [FlightState(actual_on=NOW), FlightState(actual_in=NOW)])
def test_a_flight_that_landed_is_not_looked_at_again(state):
    assert look(state) == timing.NextLook(watch=Watch.DONE, at=None)


@pytest.mark.parametrize(
    ("seen_ago", "departs_in", "next_in"),
    [
        (None, 5 * HOUR, 5 * MINUTE),
        (0 * MINUTE, 5 * HOUR, 5 * MINUTE),
        (3 * MINUTE, 5 * HOUR, 2 * MINUTE),
        (5 * MINUTE, 5 * HOUR, HOUR),
        (9 * HOUR, 5 * HOUR, HOUR),
        (9 * HOUR, -2 * HOUR, HOUR),
        (9 * HOUR, -2 * HOUR - MINUTE, None),
        (1 * MINUTE, -3 * HOUR, 4 * MINUTE),
    ],
)
def test_a_cancelled_flight_is_confirmed_after_five_minutes_then_watched_hourly(seen_ago, departs_in, next_in):
    state = FlightState(cancelled=True, scheduled_out=NOW + departs_in)
    found = look(state, seen_at=None if seen_ago is None else NOW - seen_ago)
    assert found.at == (None if next_in is None else NOW + next_in)
    assert (found.watch is Watch.DONE) == (next_in is None)


def test_a_flight_lost_from_sight_in_the_air_is_still_watched_for_its_landing():
    """AeroAPI's flag also means "lost track": no airline cancels a flight that is flying."""
    state = FlightState(
        cancelled=True,
        scheduled_out=NOW - 8 * HOUR,
        actual_out=NOW - 8 * HOUR,
        actual_off=NOW - 8 * HOUR + 15 * MINUTE,
        estimated_on=NOW + 2 * MINUTE,
    )
    found = look(state, seen_at=NOW - 6 * MINUTE)
    assert found.watch is Watch.LANDING
    assert found.at - NOW <= 110 * timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "next_in"),
    [
        (20 * MINUTE, 5 * MINUTE),
        (16 * MINUTE, MINUTE),
        (15 * MINUTE, 7.5 * MINUTE),
        (8 * MINUTE, 4 * MINUTE),
        (3 * MINUTE, 1.75 * MINUTE),
        (0 * MINUTE, 1.75 * MINUTE),
        (-2 * HOUR, 1.75 * MINUTE),
        (-2 * HOUR - MINUTE, 5 * MINUTE),
        (-6 * HOUR, 5 * MINUTE),
        (-6 * HOUR - MINUTE, None),
    ],
)
def test_looks_grow_dense_towards_the_expected_touchdown_and_thin_out_when_it_is_overdue(left, next_in):
    state = FlightState(actual_out=NOW - 9 * HOUR, actual_off=NOW - 9 * HOUR, estimated_on=NOW + left)
    found = look(state)
    assert found.at == (None if next_in is None else NOW + next_in)
    assert found.watch is (Watch.DONE if next_in is None else Watch.LANDING)


@pytest.mark.parametrize(("ago", "next_in"), [(HOUR, 10 * MINUTE), (24 * HOUR, 10 * MINUTE), (24.1 * HOUR, None)])
def test_a_flight_whose_landing_nobody_knows_is_watched_for_a_day(ago, next_in):
    found = look(FlightState(actual_off=NOW - ago))
    assert found.at == (None if next_in is None else NOW + next_in)


def test_a_flight_that_never_leaves_is_lost_twelve_hours_after_its_departure():
    assert look(FlightState(scheduled_out=NOW - 12 * HOUR)).watch is Watch.DEPARTURE
    assert look(FlightState(scheduled_out=NOW - 12 * HOUR - MINUTE)).watch is Watch.DONE


def looks_in_the_air(*, hours, late):
    """The moments of the looks at a flight, counted from its touchdown, until one finds it; `late` is in minutes.

    What the source expects is off by `late` at take-off and comes the nearer to the truth the nearer the flight comes.
    """
    off, landed = NOW, NOW + hours * HOUR + late * MINUTE
    now, moments = off + MINUTE, []
    while now < landed:
        expected = landed - late * MINUTE * ((landed - now) / (landed - off))
        now = look(FlightState(actual_off=off, estimated_on=expected), now=now).at
        moments.append(now - landed)
    return moments


@pytest.mark.parametrize("late", [-12, -3, 0, 1, 30, 100], ids=lambda late: f"lands {late} min off its estimate")
def test_a_landing_is_found_within_two_minutes(late):
    assert looks_in_the_air(hours=3, late=late)[-1].total_seconds() <= 110


def test_a_night_flight_that_gains_twenty_minutes_is_still_found_within_two_minutes():
    """What was expected at take-off is nine hours old: one look on the way must ask again."""
    assert looks_in_the_air(hours=9, late=-20)[-1].total_seconds() <= 110


@pytest.mark.parametrize("hours", [1, 3, 9, 16])
def test_in_cruise_there_is_almost_no_look(hours):
    """Incident 51: 17 calls in flight."""
    in_cruise = [moment for moment in looks_in_the_air(hours=hours, late=0) if moment < -16 * MINUTE]
    assert len(in_cruise) <= 1
    assert len(looks_in_the_air(hours=hours, late=0)) <= 7


INSTANTS = st.none() | st.integers(-3000, 3000).map(lambda minutes: NOW + minutes * MINUTE)
MOMENTS = [f"{kind}_{what}" for kind in ("scheduled", "estimated", "actual") for what in ("out", "off", "on", "in")]


@given(
    times=st.fixed_dictionaries(dict.fromkeys(MOMENTS, INSTANTS)),
    cancelled=st.booleans(),
    seen_at=INSTANTS,
    ete=st.none() | st.integers(0, 60_000),
    wanted=st.lists(INSTANTS.filter(bool), max_size=3),
)
def test_the_next_look_lies_in_the_future_or_the_flight_is_over(times, cancelled, seen_at, ete, wanted):
    state = FlightState(**times, cancelled=cancelled, filed_ete_seconds=ete)
    found = look(state, seen_at=seen_at, wanted=wanted)
    if found.watch is Watch.DONE:
        assert found.at is None
    else:
        assert found.at > NOW
    if state.actual_on or state.actual_in:
        assert found.watch is Watch.DONE


@given(departs_in=st.integers(-115, 4000), arrives_in=st.integers(-300, 1500), off=st.booleans())
def test_a_flight_that_is_neither_landed_nor_lost_nor_cancelled_is_never_given_up(departs_in, arrives_in, off):
    out = NOW + departs_in * MINUTE
    state = FlightState(scheduled_out=out, estimated_on=NOW + arrives_in * MINUTE, actual_off=out if off else None)
    assert look(state, booked=out).watch is not Watch.DONE


@given(st.integers(-119 * 60, 210))
def test_within_minutes_of_touchdown_looks_are_at_most_110_seconds_apart(seconds_left):
    state = FlightState(actual_off=NOW - 9 * HOUR, estimated_on=NOW + timedelta(seconds=seconds_left))
    assert look(state).at - NOW <= timedelta(seconds=110)


@pytest.mark.parametrize(
    ("booked", "first"),
    [("07-20 12:00", "07-18 13:00"), ("07-17 11:00", "07-15 12:00"), ("07-16 12:00", "07-15 12:00")],
)
def test_a_flight_is_first_looked_at_when_aeroapi_can_know_it(booked, first):
    assert timing.first_look(utc(booked), NOW) == utc(first)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 600), (7, 600), (5000, 600)]
)
def test_failed_looks_come_again_ever_later_but_always(failures, seconds):
    assert timing.look_again(Watch.DEPARTURE, failures, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 30), (2, 60), (3, 105), (50, 105)])
def test_near_touchdown_failed_looks_keep_the_beat_of_the_landing_promise(failures, seconds):
    assert timing.look_again(Watch.LANDING, failures, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("watch", "failures", "overdue", "stale"),
    [
        (Watch.DEPARTURE, 0, -HOUR, False),
        (Watch.DEPARTURE, 0, 10 * MINUTE, False),
        (Watch.DEPARTURE, 0, 11 * MINUTE, True),
        (Watch.LANDING, 0, 4 * MINUTE, False),
        (Watch.LANDING, 0, 5 * MINUTE, True),
        (Watch.DEPARTURE, 1, -HOUR, False),
        (Watch.DEPARTURE, 2, -HOUR, True),
        (Watch.DONE, 9, None, False),
    ],
)
def test_an_answer_is_stale_when_looks_fail_or_are_overdue(watch, failures, overdue, stale):
    next_at = None if overdue is None else NOW - overdue
    watched = flight(watch=watch, consecutive_failures=failures, next_check_at=next_at)
    assert timing.is_stale(watched, NOW) is stale


def test_the_date_line_does_not_disturb_a_morning():
    """Apia is 13 hours ahead: 22:00 there on the 15th is 09:00 UTC of the same day, the morning 20:00 UTC."""
    assert timing.allowed_from(utc("07-15 09:00"), "Pacific/Apia", settings()) == utc("07-15 20:00")
    assert utc("07-15 20:00").astimezone(ZoneInfo("Pacific/Apia")).date() == date(2026, 7, 16)
