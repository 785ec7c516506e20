"""When a flight is looked at again, what a look is for, and that no landing slips through between two looks."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.travel.values import BOOKED, flight, utc
from travel import cadence
from travel.cadence import DONE, PUSHED, Airport, Cadence, NextLook, Wanted
from travel.model import FlightState, LookStage, Watch

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
USUAL = Cadence()
BEAT = 110 * SECOND
NOW = utc("07-15 12:00")

OUT, OFF, ON = BOOKED, BOOKED + 10 * MINUTE, BOOKED + 3 * HOUR
TABLE = {"scheduled_out": OUT, "scheduled_off": OFF, "scheduled_on": ON}
"""Off the gate at 21:00, in the air from 21:10 to midnight: 2 h 50."""
FLYING = {**TABLE, "actual_out": OUT, "actual_off": OFF}


def look(now, *, wanted=(), before=None, used=USUAL, booked=BOOKED, seen_at=None, known=True, **times):
    """The next look at a flight whose state is `times`; without `before`, nothing was known of it until now."""
    after = flight(
        FlightState(**times),
        booked_departure_at=booked,
        cancelled_seen_at=seen_at,
        last_checked_at=now,
        last_good_at=now if known else None,
    )
    return cadence.next_look(used, before or flight(FlightState()), after, now, wanted)


# ---- before the departure


@pytest.mark.parametrize(
    ("now", "next_at"),
    [
        ("07-15 10:00", "07-15 17:00"),
        ("07-15 16:45", "07-15 17:00"),
        ("07-15 16:46", "07-15 20:25"),
        ("07-15 17:00", "07-15 20:25"),
        ("07-15 20:10", "07-15 20:25"),
        ("07-15 20:11", "07-15 21:10"),
        ("07-15 20:25", "07-15 21:10"),
        ("07-15 21:02", "07-15 21:10"),
        ("07-15 21:04", "07-15 21:11"),
        ("07-15 21:10", "07-15 21:17"),
        ("07-15 22:10", "07-15 22:17"),
        ("07-15 23:00", "07-15 23:12"),
        ("07-16 09:00", "07-16 10:12"),
    ],
)
def test_a_flight_is_looked_at_far_and_near_before_it_leaves_and_until_it_has_left(now, next_at):
    assert look(utc(now), scheduled_out=OUT) == NextLook(watch=Watch.DEPARTURE, at=utc(next_at))


def test_a_flight_that_never_leaves_is_lost_twelve_hours_after_its_departure():
    assert look(OUT + 12 * HOUR, scheduled_out=OUT).watch is Watch.DEPARTURE
    assert look(OUT + 12 * HOUR + SECOND, scheduled_out=OUT) == DONE


@pytest.mark.parametrize(
    ("now", "next_at"),
    [
        ("07-14 02:00", "07-14 10:00"),
        ("07-15 10:00", "07-15 17:00"),
        ("07-15 17:00", "07-15 20:25"),
        ("07-15 20:25", "07-15 21:10"),
    ],
)
def test_a_flight_that_aeroapi_does_not_show_yet_is_asked_for_every_eight_hours_at_least(now, next_at):
    assert look(utc(now), known=False).at == utc(next_at)


@pytest.mark.parametrize(
    ("late", "before_departure"),
    [
        pytest.param(59, [35], id="not yet an hour"),
        pytest.param(60, [35], id="an hour: its last quarter is near enough"),
        pytest.param(240, [60, 40, 35], id="four hours"),
        pytest.param(192, [48, 35], id="closer together than fifteen minutes are one: 48 and 35"),
        pytest.param(400, [100, 80, 60, 40, 35], id="almost seven hours"),
    ],
)
def test_a_late_flight_is_looked_at_more_often_since_it_may_come_back(late, before_departure):
    departure = OUT + late * MINUTE
    now, seen = departure - 239 * MINUTE, []
    while (now := look(now, scheduled_out=OUT, estimated_out=departure).at) < departure:
        seen.append((departure - now) / MINUTE)
    # A mark that comes less than fifteen minutes after a look is dropped.
    kept = [
        mark for number, mark in enumerate(before_departure) if not number or before_departure[number - 1] - mark >= 15
    ]
    assert seen == kept
    assert now == departure + 10 * MINUTE


def test_a_fresh_look_comes_just_before_a_message_that_wants_one():
    wanted = [Wanted(at=NOW + minutes * MINUTE) for minutes in (20, 9, -1, 0)]
    assert look(NOW, scheduled_out=OUT, wanted=wanted).at == NOW + 9 * MINUTE


def test_a_distant_wish_does_not_delay_the_ordinary_look():
    assert look(NOW, scheduled_out=OUT, wanted=[Wanted(at=NOW + 100 * HOUR)]) == look(NOW, scheduled_out=OUT)


# ---- cancelled


@pytest.mark.parametrize(
    ("seen_ago", "departs_in", "next_in"),
    [
        (None, 5 * HOUR, 5 * MINUTE),
        (0 * MINUTE, 5 * HOUR, 5 * MINUTE),
        (3 * MINUTE, 5 * HOUR, 2 * MINUTE),
        (MINUTE, -3 * HOUR, 4 * MINUTE),
        (5 * MINUTE, 5 * HOUR, 200 * MINUTE),
        (9 * HOUR, 21 * HOUR, 14 * HOUR),
        (9 * HOUR, 48 * MINUTE, 32 * MINUTE),
        (9 * HOUR, 40 * MINUTE, 30 * MINUTE),
        (9 * HOUR, 30 * MINUTE, HOUR),
        (9 * HOUR, 0 * MINUTE, 30 * MINUTE),
        (9 * HOUR, -29 * MINUTE, MINUTE),
        (9 * HOUR, -30 * MINUTE, None),
    ],
)
def test_a_cancellation_is_confirmed_and_then_doubted_ever_less_until_the_departure_is_past(
    seen_ago, departs_in, next_in
):
    seen_at = None if seen_ago is None else NOW - seen_ago
    found = look(NOW, cancelled=True, scheduled_out=NOW + departs_in, seen_at=seen_at)
    assert found == (DONE if next_in is None else NextLook(watch=Watch.DEPARTURE, at=NOW + next_in))


def test_a_flight_lost_from_sight_in_the_air_is_still_watched_for_its_landing():
    """AeroAPI's flag also means "lost track": no airline cancels a flight that is flying."""
    found = look(ON - 12 * MINUTE, **FLYING, estimated_on=ON - 12 * MINUTE, cancelled=True, seen_at=ON - HOUR)
    assert found == NextLook(watch=Watch.LANDING, at=ON - 12 * MINUTE + BEAT)


# ---- in the air


@pytest.mark.parametrize("state", [{"actual_on": NOW}, {"actual_in": NOW}, {"actual_on": NOW, "cancelled": True}])
def test_a_flight_that_landed_is_not_looked_at_again(state):
    assert look(NOW, **state) == DONE


@pytest.mark.parametrize(
    ("now", "next_at"),
    [
        pytest.param("07-15 21:12", "07-15 23:10", id="when it could land at the earliest"),
        pytest.param("07-15 23:06:59", "07-15 23:10", id="until three minutes before that"),
        pytest.param("07-15 23:10", "07-15 23:22:15", id="half the way to 23:34:30, when it usually does"),
        pytest.param("07-15 23:30", "07-15 23:32:15", id="ever closer"),
        pytest.param("07-15 23:34:30", "07-15 23:36:20", id="then every 110 seconds"),
        pytest.param("07-16 00:00", "07-16 00:01:50", id="due"),
        pytest.param("07-16 00:18", "07-16 00:19:50", id="overdue"),
        pytest.param("07-16 01:00", "07-16 01:06", id="a tenth of the hour that it is overdue"),
        pytest.param("07-16 06:00", "07-16 06:36", id="six hours overdue"),
        pytest.param("07-16 06:00:01", None, id="lost"),
    ],
)
def test_by_the_timetable_alone_looks_begin_when_it_could_land_at_the_earliest(now, next_at):
    found = look(utc(now), **FLYING)
    assert found == (DONE if next_at is None else NextLook(watch=Watch.LANDING, at=utc(next_at)))


@pytest.mark.parametrize(("minutes", "before"), [(60, 33), (80, 44), (100, 50), (200, 50)])
def test_a_short_flight_is_looked_at_later_for_its_timetable_holds_less_padding(minutes, before):
    lands = OFF + minutes * MINUTE
    assert look(OFF, actual_off=OFF, filed_ete_seconds=minutes * 60).at == lands - before * MINUTE


def test_a_night_flight_is_not_left_alone_for_more_than_four_hours():
    assert look(OFF, actual_off=OFF, filed_ete_seconds=12 * 3600).at == OFF + 4 * HOUR


def test_a_flight_off_the_gate_waits_for_its_taxi_and_its_time_in_the_air():
    assert look(OUT + 5 * MINUTE, **TABLE, actual_out=OUT).at == utc("07-15 23:15")


@pytest.mark.parametrize(
    ("now", "known_since", "next_at"),
    [
        pytest.param("07-15 21:15", None, "07-15 23:34", id="in sight of the touchdown"),
        # 1.4 + 8 * 36/160 + 36 * 0.04 = 4.64 minutes of error; the look in sight would come less than that and 30 later.
        pytest.param("07-15 23:14", None, "07-15 23:47:11.6", id="near enough: just before it could land"),
        # 1.4 + 8 * 16/160 + 16 * 0.04 = 2.84 minutes of error.
        pytest.param("07-15 23:34", None, "07-15 23:48:59.6", id="in sight"),
        # 1.4 + 0.6 + 8 * 155/160 + 155 * 0.04 = 15.95 minutes of error.
        pytest.param("07-15 23:34", "07-15 21:15", "07-15 23:35:53", id="an old estimate is as wrong as it was"),
        pytest.param("07-15 23:49", None, "07-15 23:50:50", id="close to touchdown"),
        pytest.param("07-16 00:50", None, "07-16 00:56", id="an hour overdue"),
    ],
)
def test_by_the_sources_reckoning_looks_begin_just_before_it_could_land(now, known_since, next_at):
    state = {**FLYING, "estimated_on": utc("07-15 23:50")}
    # A look that failed since then has not made it any fresher.
    before = (
        flight(FlightState(**state), last_good_at=utc(known_since), last_checked_at=utc(now)) if known_since else None
    )
    found = look(utc(now), before=before, **state)
    assert found.watch is Watch.LANDING
    assert abs(found.at - _instant(next_at)) < timedelta(milliseconds=1)


def _instant(text):
    whole, _, tenth = text.partition(".")
    return utc(whole) + timedelta(milliseconds=100 * int(tenth or 0))


@pytest.mark.parametrize(("ago", "next_in"), [(HOUR, 10 * MINUTE), (3 * HOUR, 18 * MINUTE), (12 * HOUR, 72 * MINUTE)])
@pytest.mark.parametrize("left", ["actual_out", "actual_off"])
def test_a_flight_whose_landing_nobody_knows_is_watched_for_twelve_hours(left, ago, next_in):
    departed = {"scheduled_out": NOW - ago, left: NOW - ago}
    assert look(NOW, **departed) == NextLook(watch=Watch.LANDING, at=NOW + next_in)
    assert look(NOW - ago + 12 * HOUR + SECOND, **departed) == DONE


@pytest.mark.parametrize(
    ("arrival", "most"),
    [({}, 20), ({"scheduled_on": ON}, 20), ({"filed_ete_seconds": 2400}, 12), (TABLE, 3)],
    ids=["nothing known", "an arrival", "a hop of 40 minutes", "a timetable"],
)
def test_a_flight_off_the_gate_for_three_hours_is_not_looked_at_every_two_minutes(arrival, most):
    """A flight without a tail number may never be seen taking off."""
    now, looks = OUT + MINUTE, 0
    while (now := look(now, **{"scheduled_out": OUT, **arrival}, actual_out=OUT).at) < OUT + 3 * HOUR:
        looks += 1
    assert looks <= most


# ---- no landing slips through


def found_after(hours, estimate):
    """Look after look at a flight in the air until one finds it down: how long after the touchdown, and the looks before it.

    `estimate` says what the source expects, by the time left. The timetable is forty minutes behind the truth.
    """
    off, lands = NOW, NOW + hours * HOUR
    table = {"actual_off": off, "scheduled_off": off, "scheduled_on": lands + 40 * MINUTE}
    now, looks, before = off + MINUTE, [], flight(FlightState())
    while now < lands:
        looks.append(lands - now)
        state = FlightState(**table, estimated_on=lands + estimate(lands - now))
        after = flight(state, last_checked_at=now, last_good_at=now)
        found = cadence.next_look(USUAL, before, after, now)
        assert found.watch is Watch.LANDING
        before, now = after, found.at
    return now - lands, looks


def assumed_error(hours, left):
    return MINUTE * (1.4 + 0.04 * (left / MINUTE) + 8 * min(left / (hours * HOUR), 1))


# In between, the assumed error is greater than the 16 minutes of the look in sight, which does not heed it.
@given(hours=st.floats(1, 2.5) | st.floats(5, 15), wrong=st.floats(-1, 1))
def test_a_landing_is_found_within_110_seconds_while_the_source_is_no_more_wrong_than_it_may_be(hours, wrong):
    late, _ = found_after(hours, lambda left: wrong * assumed_error(hours, left))
    assert late <= BEAT + SECOND


@given(hours=st.floats(1, 15), off_by=st.floats(-2.5, 2.5))
def test_an_estimate_that_is_off_by_two_and_a_half_minutes_hides_no_landing(hours, off_by):
    late, _ = found_after(hours, lambda left: off_by * MINUTE)
    assert late <= 120 * SECOND


@pytest.mark.parametrize("hours", [1, 3, 9, 15])
def test_in_cruise_there_is_almost_no_look(hours):
    """Incident 51: 17 calls in flight."""
    _, looks = found_after(hours, lambda left: 0 * MINUTE)
    assert len([left for left in looks[1:] if left > 17 * MINUTE]) <= hours // 4 + 1
    assert len([left for left in looks if left <= 17 * MINUTE]) <= 4


@pytest.mark.parametrize(
    ("now", "state", "next_at"),
    [
        pytest.param("07-15 12:00", {"scheduled_out": OUT}, "07-15 21:14", id="nothing before the departure"),
        pytest.param(
            "07-15 12:00",
            {"scheduled_out": OUT, "estimated_out": OUT + 44 * MINUTE},
            "07-15 21:58",
            id="nor before a small delay",
        ),
        pytest.param(
            "07-15 12:00",
            {"scheduled_out": OUT, "estimated_out": OUT + 45 * MINUTE},
            "07-15 21:30",
            id="but once before a late one, which may come back",
        ),
        pytest.param(
            "07-15 22:27",
            {"scheduled_out": OUT, "estimated_out": OUT + 116 * MINUTE},
            "07-15 22:41",
            id="and for a very late one twice",
        ),
        pytest.param(
            "07-15 21:15", {**FLYING, "estimated_on": OUT + 600 * MINUTE}, "07-16 07:18", id="nothing on a long way"
        ),
        pytest.param("07-15 21:15", FLYING, "07-16 00:15", id="a quarter of an hour after the timetable"),
        pytest.param(
            "07-15 21:15", {**FLYING, "estimated_on": ON - 10 * MINUTE}, "07-16 00:08", id="after the estimate"
        ),
        pytest.param("07-16 00:15", FLYING, "07-16 00:23", id="then every eight minutes"),
        pytest.param(
            "07-15 11:00", {**TABLE, "cancelled": True}, "07-15 20:00", id="a cancelled one, lest its return got lost"
        ),
        pytest.param(
            "07-15 20:00", {**TABLE, "cancelled": True}, "07-15 20:54", id="and shortly before it would leave"
        ),
    ],
)
def test_with_a_push_for_every_flight_looks_are_for_what_it_leaves_out(now, state, next_at):
    seen = flight(FlightState(**state), last_good_at=utc(now), cancelled_seen_at=utc("07-15 08:00"))
    found = cadence.next_look(cadence.PUSHED, flight(FlightState()), seen, utc(now))
    assert found.at == utc(next_at)


@pytest.mark.parametrize(
    ("used", "gate", "of_gate", "minutes", "looks_in"),
    [
        pytest.param(PUSHED, "C72", True, 20, 14 * 60, id="another gate within twenty minutes would be pushed"),
        pytest.param(PUSHED, "C72", True, 21, 21, id="later there is a look"),
        pytest.param(PUSHED, "C72", False, 20, 20, id="a departure that creeps is not pushed"),
        pytest.param(PUSHED, None, True, 20, 20, id="a first gate is not pushed"),
        pytest.param(USUAL, "C72", True, 20, 20, id="without pushes it is looked for"),
    ],
)
def test_a_gate_wants_no_look_where_the_last_one_is_as_good(used, gate, of_gate, minutes, looks_in):
    now = OUT - 13 * 60 * MINUTE - 46 * MINUTE
    seen = look(
        now, wanted=[Wanted(at=now + minutes * MINUTE, of_gate=of_gate)], used=used, scheduled_out=OUT, gate_origin=gate
    )
    assert seen.at - now == looks_in * MINUTE


@given(st.integers(-18 * 60, 0))
def test_once_it_should_be_down_looks_are_at_most_110_seconds_apart(seconds_left):
    now = ON - 20 * MINUTE
    found = look(now, **FLYING, estimated_on=now + timedelta(seconds=seconds_left))
    assert found.at - now <= BEAT


# ---- whatever is known


INSTANTS = st.none() | st.integers(-3000, 3000).map(lambda minutes: NOW + minutes * MINUTE)
MOMENTS = [f"{kind}_{what}" for kind in ("scheduled", "estimated", "actual") for what in ("out", "off", "on", "in")]


@given(
    times=st.fixed_dictionaries(dict.fromkeys(MOMENTS, INSTANTS)),
    cancelled=st.booleans(),
    seen_at=INSTANTS,
    ete=st.none() | st.integers(0, 60_000),
    wanted=st.lists(st.builds(Wanted, at=INSTANTS.filter(bool), of_gate=st.booleans()), max_size=3),
    known=st.booleans(),
    used=st.sampled_from([USUAL, PUSHED]),
)
def test_the_next_look_lies_in_the_future_or_the_flight_is_over(times, cancelled, seen_at, ete, wanted, known, used):
    state = {**times, "cancelled": cancelled, "filed_ete_seconds": ete}
    found = look(NOW, seen_at=seen_at, wanted=wanted, known=known, used=used, **state)
    assert (found.watch is Watch.DONE) == (found.at is None)
    assert found.at is None or found.at > NOW
    if times["actual_on"] or times["actual_in"]:
        assert found == DONE


@given(departs_in=st.integers(-115, 4000), arrives_in=st.integers(-300, 1500), off=st.booleans())
def test_a_flight_that_is_neither_landed_nor_lost_nor_cancelled_is_never_given_up(departs_in, arrives_in, off):
    out = NOW + departs_in * MINUTE
    left = out if off else None
    found = look(NOW, booked=out, scheduled_out=out, estimated_on=NOW + arrives_in * MINUTE, actual_off=left)
    assert found.watch is (Watch.LANDING if off else Watch.DEPARTURE)


@given(
    departs_in=st.integers(-700, 4000),
    wanted=st.lists(st.integers(1, 5000), min_size=1, max_size=4),
    used=st.sampled_from([USUAL, PUSHED]),
    gate=st.none() | st.just("C72"),
)
def test_no_look_before_a_departure_comes_later_than_it_is_wanted(departs_in, wanted, used, gate):
    departs = NOW + departs_in * MINUTE
    wants = [Wanted(at=NOW + each * MINUTE, of_gate=gate is None) for each in wanted]
    found = look(NOW, scheduled_out=departs, wanted=wants, used=used, gate_origin=gate)
    assert found.at <= NOW + min(wanted) * MINUTE


# ---- what a look is for


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        pytest.param({"on_in": 30}, LookStage.LANDING, id="down in half an hour"),
        pytest.param({"on_in": 31}, LookStage.CRUISE, id="down later"),
        pytest.param({"on_in": -60}, LookStage.LANDING, id="overdue"),
        pytest.param({"on_in": None}, LookStage.LANDING, id="nobody knows when"),
        pytest.param({"taxiing": 120}, LookStage.CRUISE, id="off the gate"),
        pytest.param({"out_in": 150}, LookStage.DEPARTURE, id="leaves in two and a half hours"),
        pytest.param({"out_in": 151}, LookStage.FAR, id="leaves later"),
        pytest.param({"out_in": -60}, LookStage.DEPARTURE, id="should have left"),
        pytest.param({"out_in": 600, "cancelled": 0}, LookStage.DEPARTURE, id="cancelled, just seen"),
        pytest.param({"out_in": 600, "cancelled": 4}, LookStage.DEPARTURE, id="cancelled, seen once"),
        pytest.param({"out_in": 600, "cancelled": 5}, LookStage.FAR, id="cancelled, confirmed"),
    ],
)
def test_a_look_is_for_what_the_flight_is_about_to_do(changes, stage):
    assert cadence.stage(USUAL, _shown(**changes), NOW) is stage


def _shown(on_in=None, out_in=None, cancelled=None, taxiing=None):
    """A flight by minutes from now; `cancelled` is how long the last look saw it after the first that did."""
    if out_in is not None:
        out = NOW + out_in * MINUTE
        seen = None if cancelled is None else NOW - 10 * MINUTE
        return flight(
            FlightState(scheduled_out=out, cancelled=cancelled is not None),
            best_departure_at=out,
            cancelled_seen_at=seen,
            last_good_at=None if seen is None else seen + cancelled * MINUTE,
        )
    if taxiing is not None:
        state = FlightState(actual_out=NOW, filed_ete_seconds=taxiing * 60)
    else:
        lands = None if on_in is None else NOW + on_in * MINUTE
        state = FlightState(actual_off=NOW - 3 * HOUR, estimated_on=lands)
    return flight(state, watch=Watch.LANDING)


@pytest.mark.parametrize(
    ("departures", "cancelled", "calm"),
    [(0, 0, False), (4, 0, False), (5, 0, True), (5, 1, False), (7, 1, True), (20, 2, True), (20, 3, False)],
)
def test_an_airport_is_calm_when_enough_flights_are_known_and_hardly_any_is_cancelled(departures, cancelled, calm):
    assert Airport(departures=departures, cancelled=cancelled).is_calm is calm


@pytest.mark.parametrize(
    ("before", "known", "far"), [(4 * HOUR, True, True), (4 * HOUR, False, False), (35 * MINUTE, True, False)]
)
def test_the_far_look_is_the_one_four_hours_before_a_departure_that_is_known(before, known, far):
    due = flight(next_check_at=BOOKED - before, last_good_at=NOW if known else None)
    assert cadence.is_far_look(USUAL, due) is far


def test_the_far_look_moves_with_the_departure_and_a_wanted_look_is_none():
    assert not cadence.is_far_look(USUAL, flight(next_check_at=None, last_good_at=NOW))
    later = flight(best_departure_at=BOOKED + HOUR, next_check_at=BOOKED - 4 * HOUR, last_good_at=NOW)
    assert not cadence.is_far_look(USUAL, later)
    assert cadence.is_far_look(USUAL, replace(later, next_check_at=BOOKED - 3 * HOUR))


# ---- the first look, failed looks, stale answers


@pytest.mark.parametrize(
    ("booked", "first"),
    [
        ("07-20 12:00", "07-19 06:00"),
        ("07-17 11:00:01", "07-16 05:00:01"),
        ("07-17 11:00", "07-15 12:00"),
        ("07-15 13:00", "07-15 12:00"),
        ("07-15 11:00", "07-15 12:00"),
    ],
)
def test_a_flight_is_first_looked_at_when_aeroapi_can_know_it_or_the_day_before(booked, first):
    assert cadence.first_look(utc(booked), NOW) == utc(first)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 600), (5000, 600)]
)
def test_failed_looks_come_again_ever_later_but_always(failures, seconds):
    assert cadence.look_again(USUAL, Watch.DEPARTURE, failures, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 30), (2, 60), (3, 110), (50, 110)])
def test_near_touchdown_failed_looks_keep_the_beat_of_the_landing_promise(failures, seconds):
    assert cadence.look_again(USUAL, Watch.LANDING, failures, NOW) == NOW + timedelta(seconds=seconds)


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
    assert cadence.is_stale(watched, NOW) is stale


# ---- a cadence of one's own


def test_an_operator_may_change_one_distance_and_keeps_the_others():
    changed = USUAL.but({"near": 50, "error_per_minute": 0.1})
    assert (changed.near, changed.error_per_minute, changed.far) == (50, 0.1, 240)
    assert look(NOW, scheduled_out=OUT, used=USUAL.but({"far": 100})).at == OUT - 100 * MINUTE
    assert USUAL.but({}) == USUAL
    assert PUSHED.but({"fresh": 0, "near_from": 0}).fresh == 0, "these two may be none"


@pytest.mark.parametrize("value", ["35", None, True, False, 0, 0.0, -1, -0.5, [35], float("nan"), float("inf"), 1e5])
def test_a_distance_that_is_no_positive_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="near is a positive number of minutes"):
        USUAL.but({"near": value})


@pytest.mark.parametrize("name", ["cancelled", "likely", "padding_share"])
def test_a_share_is_at_most_all_of_it(name):
    assert getattr(USUAL.but({name: 1}), name) == 1
    with pytest.raises(ValueError, match=f"{name} is a share, above 0 and up to 1"):
        USUAL.but({name: 1.01})


@pytest.mark.parametrize("name", ["", "Near", "__class__", "but", "farther"])
def test_an_unknown_distance_is_refused_and_the_known_ones_are_named(name):
    with pytest.raises(ValueError, match=r"is no distance between looks; those are after, apart, at_gate"):
        USUAL.but({name: 5})
