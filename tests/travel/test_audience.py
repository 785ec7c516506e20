from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.travel.values import BOOKED, HOUR, MINUTE, Desk, flight, notification, quiet_desk, settings, trip, utc
from travel import audience
from travel.audience import End, KnowGate, Move, Tell
from travel.model import FlightState, Tells
from travel.model import NotificationReason as Reason
from travel.model import NotificationStatus as Status
from travel.model import NotificationType as Type

NOON = utc("07-15 12:00")
"""Nine hours before departure; 09:00 at Ezeiza, the first minute outside the quiet hours."""


def later(minutes):
    return BOOKED + minutes * MINUTE


def told(clock, day="07-15"):
    """A departure as a message tells it."""
    return f"2026-{day}T{clock}:00Z"


# --- delays


def test_a_flight_on_time_says_nothing():
    """Incident 1: the first answer brought two "delayed" messages."""
    desk = quiet_desk(flight=flight(FlightState()))
    assert desk.step(NOON, scheduled_out=BOOKED, estimated_out=BOOKED) == []
    assert desk.step(NOON + HOUR, estimated_out=None) == []


def test_a_delay_is_told_once():
    desk = quiet_desk()
    assert desk.step(NOON, estimated_out=later(60)) == [("DELAYED", told("22:00"))]
    assert [desk.step(NOON + minutes * MINUTE) for minutes in range(1, 120, 5)] == [[]] * 24


@pytest.mark.parametrize(
    ("minutes", "type_"),
    [(14, None), (15, "DELAYED"), (16, "DELAYED"), (-14, None), (-15, "EARLIER"), (-30, "EARLIER"), (0, None)],
)
def test_a_change_counts_from_the_agencys_threshold_on(minutes, type_):
    messages = quiet_desk().step(NOON, estimated_out=later(minutes))
    assert [name for name, _ in messages] == ([type_] if type_ else [])


@pytest.mark.parametrize(("threshold", "messages"), [(60, 0), (59, 1), (5, 1)])
def test_the_threshold_is_the_agencys(threshold, messages):
    desk = quiet_desk(settings=settings(delay_threshold_minutes=threshold))
    assert len(desk.step(NOON, estimated_out=later(59))) == messages


def test_a_delay_that_creeps_is_told_when_the_sum_passes_the_threshold():
    """Incident 9: nine times ten minutes were never told, each compared with the sample before."""
    desk, messages = quiet_desk(), []
    for step in range(1, 10):
        messages += desk.step(NOON + 20 * step * MINUTE, estimated_out=later(10 * step))
    assert messages == [
        ("DELAYED", told("21:20")),
        ("DELAYED", told("21:40")),
        ("DELAYED", told("22:00")),
        ("DELAYED", told("22:20")),
    ]


def test_a_delay_that_shrinks_is_told_at_once_and_first():
    """Incident 10: told two hours late, then only twenty minutes; the traveller missed the flight."""
    desk = quiet_desk()
    desk.step(NOON, estimated_out=later(120))
    assert desk.step(NOON + MINUTE, estimated_out=later(20)) == [("EARLIER", told("21:20"))]


def test_a_flight_that_moves_earlier_is_told_at_once_in_the_middle_of_the_night():
    night = utc("07-15 05:00")
    assert quiet_desk().step(night, estimated_out=later(-30)) == [("EARLIER", told("20:30"))]


def test_a_delay_is_told_in_the_middle_of_the_night():
    assert quiet_desk().step(utc("07-15 05:00"), estimated_out=later(60)) == [("DELAYED", told("22:00"))]


def test_a_departure_that_jitters_is_not_told():
    """Incident 12."""
    desk = quiet_desk()
    wobble = [4, -4, 3, 0, -2, 4, -4, 1, 2, -3] * 2
    assert [
        desk.step(NOON + number * 10 * MINUTE, estimated_out=later(minutes)) for number, minutes in enumerate(wobble)
    ] == [[]] * 20


def test_a_departure_that_jitters_around_what_was_told_is_not_told_again():
    desk = quiet_desk()
    desk.step(NOON, estimated_out=later(60))
    for number, minutes in enumerate([64, 56, 60, 74, 46]):
        assert desk.step(NOON + (15 + number) * MINUTE, estimated_out=later(minutes)) == []


def test_two_genuine_delays_on_one_day_are_two_messages():
    """Incident 24."""
    desk = quiet_desk()
    assert desk.step(NOON, estimated_out=later(60)) == [("DELAYED", told("22:00"))]
    assert desk.step(NOON + 6 * HOUR, estimated_out=later(180)) == [("DELAYED", told("00:00", "07-16"))]


def test_a_further_delay_waits_until_ten_minutes_after_the_last():
    desk = quiet_desk()
    desk.step(NOON, estimated_out=later(60))
    assert desk.step(NOON + 4 * MINUTE, estimated_out=later(90)) == []
    assert desk.waiting(Type.DELAYED).due_at == NOON + 10 * MINUTE
    assert desk.hand_over(NOON + 10 * MINUTE) == [("DELAYED", told("22:30"))]


def test_close_to_the_departure_a_further_delay_does_not_wait():
    desk = quiet_desk()
    desk.step(utc("07-15 20:30"), estimated_out=later(15))
    assert desk.step(utc("07-15 20:32"), estimated_out=later(30)) == [("DELAYED", told("21:30"))]


def test_a_delay_overtaken_before_it_was_sent_gives_way_to_the_newer_one():
    """Incident 19."""
    desk = quiet_desk()
    desk.step(NOON, estimated_out=later(60))
    desk.step(NOON + MINUTE, estimated_out=later(90))
    desk.step(NOON + 2 * MINUTE, estimated_out=later(120))
    assert desk.hand_over(NOON + 20 * MINUTE) == [("DELAYED", told("23:00"))]
    assert desk.of(Type.DELAYED) == [("SENT", None), ("SUPERSEDED", "NEWER_FACTS"), ("SENT", None)]


def test_a_delay_that_settles_back_before_it_was_sent_stays_silent_with_its_reason():
    """Incident 7."""
    desk = quiet_desk()
    desk.step(NOON, estimated_out=later(60))
    desk.step(NOON + MINUTE, estimated_out=later(90))
    assert desk.step(NOON + 2 * MINUTE, estimated_out=later(60)) == []
    assert desk.of(Type.DELAYED) == [("SENT", None), ("SUPPRESSED", "SETTLED_BACK")]
    # And should it come back once more, it is news again.
    desk.step(NOON + 3 * MINUTE, estimated_out=later(90))
    assert desk.hand_over(NOON + 10 * MINUTE) == [("DELAYED", told("22:30"))]


def test_an_estimate_that_vanishes_and_comes_back_is_no_news():
    """Incident 6: null takes nothing back, so the state of the flight never loses the estimate."""
    desk = quiet_desk()
    assert desk.step(NOON, estimated_out=later(60)) == [("DELAYED", told("22:00"))]
    assert desk.step(NOON + 30 * MINUTE) == []
    assert desk.step(NOON + 40 * MINUTE, estimated_out=later(90)) == [("DELAYED", told("22:30"))]


def test_a_flight_of_which_nothing_is_known_says_nothing():
    desk = quiet_desk(flight=flight(FlightState(), booked_departure_at=BOOKED))
    assert desk.step(NOON) == []


def test_a_flight_whose_timetable_changed_is_told_against_what_was_booked():
    assert quiet_desk().step(NOON, scheduled_out=later(-45)) == [("EARLIER", told("20:15"))]


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNDELIVERED, Status.EXPIRED])
def test_a_message_that_failed_is_not_repeated_at_each_look(status):
    desk = quiet_desk()
    desk.look(NOON, estimated_out=later(60))
    desk.hand_over(NOON, status, Reason.INVALID_RECIPIENT)
    for minutes in range(1, 300, 10):
        assert desk.step(NOON + minutes * MINUTE) == []
    assert len(desk.of(Type.DELAYED)) == 1


def test_a_message_that_failed_is_not_repeated_because_the_estimate_jitters():
    """Each minute of jitter would be one more attempt at a number that does not exist."""
    desk = quiet_desk()
    desk.look(NOON, estimated_out=later(60))
    desk.hand_over(NOON, Status.FAILED, Reason.INVALID_RECIPIENT)
    for number, minutes in enumerate([62, 59, 61, 58, 63]):
        assert desk.step(NOON + (15 + 10 * number) * MINUTE, estimated_out=later(minutes)) == []
    assert len(desk.of(Type.DELAYED)) == 1


def test_after_a_failed_message_truly_newer_news_is_told():
    desk = quiet_desk()
    desk.look(NOON, estimated_out=later(60))
    desk.hand_over(NOON, Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    assert desk.step(NOON + HOUR, estimated_out=later(120)) == [("DELAYED", told("23:00"))]


def test_a_delay_whose_answer_was_lost_counts_as_told():
    desk = quiet_desk()
    desk.look(NOON, estimated_out=later(60))
    desk.hand_over(NOON, Status.UNKNOWN)
    assert desk.step(NOON + 30 * MINUTE) == []
    assert desk.step(NOON + 40 * MINUTE, estimated_out=later(20)) == [("EARLIER", told("21:20"))]


def test_a_flight_still_at_its_gate_after_its_departure_can_be_told_of():
    desk = quiet_desk()
    desk.look(utc("07-15 21:20"), estimated_out=later(15))
    waiting = desk.waiting(Type.DELAYED)
    assert waiting.due_at == utc("07-15 21:20")
    assert waiting.expires_at == utc("07-15 21:35")


# --- gates


def gates(*looks):
    """Gate changes told after looks at minutes of noon, each message handed over when its time has come."""
    desk, messages, now = quiet_desk(), [], NOON
    for minute, gate in looks:
        now = NOON + minute * MINUTE
        desk.hand_over(now - MINUTE)
        desk.look(now, **({"gate_origin": gate} if gate else {}))
    desk.hand_over(now + 10 * MINUTE)
    messages += [row.tells.gate for row in desk.rows if row.type is Type.GATE_CHANGE and row.status is Status.SENT]
    return messages, desk


@pytest.mark.parametrize(
    ("looks", "messages"),
    [
        ([(0, None), (5, None)], []),
        ([(0, None), (5, "A13")], []),
        ([(0, None), (5, "A13"), (10, None), (15, "A14")], ["A14"]),
        ([(0, "A13"), (5, "A13"), (10, "A13")], []),
        ([(0, "A13"), (5, "A14"), (20, "A14"), (40, "A14")], ["A14"]),
        ([(0, "A13"), (5, "A14"), (20, "B2")], ["A14", "B2"]),
        ([(0, "A13"), (5, "A14"), (20, "A13")], ["A14", "A13"]),
        ([(0, "A13"), (5, "A14"), (7, "A13")], []),
        ([(0, "A13"), (5, "A14"), (7, "B2")], ["B2"]),
        ([(0, "A13"), (5, "A14"), (7, "A13"), (9, "A14")], ["A14"]),
    ],
    ids=[
        "unknown",
        "first assignment",
        "null, A13, null, A14 (incident 73)",
        "the same",
        "changed",
        "changed twice",
        "changed and back, long after",
        "settled back (incident 74)",
        "overtaken",
        "settled back, then changed for good",
    ],
)
def test_a_gate_is_told_when_a_known_one_was_replaced_for_good(looks, messages):
    assert gates(*looks)[0] == messages


def test_a_gate_that_settles_back_keeps_its_reason():
    _, desk = gates((0, "A13"), (5, "A14"), (7, "A13"))
    assert desk.of(Type.GATE_CHANGE) == [("SUPPRESSED", "SETTLED_BACK")]


def test_a_new_gate_waits_three_minutes_and_one_when_the_departure_is_near():
    desk = quiet_desk(trip=trip(first_gate="A13"))
    desk.look(NOON, gate_origin="A14")
    assert desk.waiting(Type.GATE_CHANGE).due_at == NOON + 3 * MINUTE
    desk.look(utc("07-15 20:30"), gate_origin="B2")
    assert desk.waiting(Type.GATE_CHANGE).due_at == utc("07-15 20:31")


def test_the_gate_of_the_boarding_message_counts_as_told():
    desk = Desk(trip=trip(first_gate="A13"))
    desk.look(utc("07-15 19:25"), gate_origin="B2")
    assert ("BOARDING", "B2") in desk.hand_over(utc("07-15 19:30"))
    assert desk.step(utc("07-15 19:40")) == []


def boarded_through(*gates_before):
    """A trip booked long ago, told of gate changes in the morning, then of its boarding at gate C9 at 19:30."""
    desk = Desk()
    desk.look(utc("07-11 12:00"))
    desk.hand_over(utc("07-11 12:00"))
    for number, gate in enumerate(gates_before):
        desk.look(NOON + number * HOUR, gate_origin=gate)
        desk.hand_over(NOON + number * HOUR + 5 * MINUTE)
    desk.look(utc("07-15 19:29"), gate_origin="C9")
    assert ("BOARDING", "C9") in desk.hand_over(utc("07-15 19:30"))
    return desk


def test_a_gate_read_in_the_boarding_message_is_not_told_again_as_a_change():
    """The boarding message was written down at the booking, long before the gate change it is newer than."""
    desk = boarded_through("A13", "A14")
    assert desk.step(utc("07-15 19:45")) == []


def test_a_gate_that_goes_back_after_the_boarding_message_is_told():
    """Else the traveller stands at C9, as the boarding message said, while the flight boards at A14."""
    desk = boarded_through("A13", "A14")
    desk.look(utc("07-15 19:40"), gate_origin="A14")
    assert desk.hand_over(utc("07-15 19:45")) == [("GATE_CHANGE", "A14")]


def test_a_delay_is_measured_against_the_departure_that_the_boarding_message_said():
    desk = Desk()
    desk.look(utc("07-11 12:00"))
    desk.hand_over(utc("07-11 12:00"))
    desk.step(NOON, estimated_out=later(60))
    desk.look(utc("07-15 20:40"), estimated_out=later(74))
    assert ("BOARDING", told("22:14")) in desk.hand_over(utc("07-15 20:45"))
    assert desk.step(utc("07-15 21:00"), estimated_out=later(59)) == [("EARLIER", told("21:59"))]


# --- several changes in one look


def test_two_changes_in_one_look_are_one_message_per_topic():
    """Incident 8."""
    desk = quiet_desk(trip=trip(first_gate="A13"))
    desk.look(NOON, estimated_out=later(60), scheduled_out=later(5), gate_origin="A14", terminal_origin="2")
    assert desk.hand_over(NOON + 5 * MINUTE) == [("DELAYED", told("22:00")), ("GATE_CHANGE", "A14")]


def test_a_flight_that_is_back_on_at_another_time_is_told_in_one_message():
    """The good news names the new departure already."""
    desk = quiet_desk()
    desk.step(NOON, cancelled=True)
    assert desk.step(NOON + 5 * MINUTE) == [("CANCELLED", None)]
    messages = desk.step(NOON + HOUR, cancelled=False, estimated_out=later(60))
    messages += desk.step(NOON + 2 * HOUR)
    assert messages == [("REINSTATED", told("22:00"))]


# --- cancellations


def test_a_cancellation_read_once_says_nothing():
    desk = quiet_desk()
    assert desk.step(NOON, cancelled=True) == []
    assert desk.step(NOON + 4 * MINUTE, cancelled=True) == []
    assert desk.step(NOON + 6 * MINUTE, cancelled=False) == []
    assert desk.of(Type.CANCELLED) == []


def test_a_cancellation_read_twice_is_told_once():
    """Incident 13: thirteen messages in an hour."""
    desk, messages = quiet_desk(), []
    for number in range(14):
        messages += desk.step(NOON + 5 * number * MINUTE, cancelled=True)
    assert messages == [("CANCELLED", None)]


def test_a_cancellation_read_once_is_not_confirmed_by_looks_that_fail():
    """The flag also means "lost track", which is when looks fail: only a second answer confirms it."""
    desk = quiet_desk()
    desk.step(NOON, cancelled=True)
    for minutes in (5, 6, 20, 60):
        desk.failed_look(NOON + minutes * MINUTE)
    assert desk.of(Type.CANCELLED) == []


def test_a_cancellation_is_told_at_night_too():
    desk = quiet_desk()
    desk.step(utc("07-15 05:00"), cancelled=True)
    assert desk.step(utc("07-15 05:05")) == [("CANCELLED", None)]


def test_a_flight_back_on_after_its_cancellation_was_told_is_told():
    desk = quiet_desk()
    desk.step(NOON, cancelled=True)
    desk.step(NOON + 5 * MINUTE)
    assert desk.step(NOON + HOUR, cancelled=False) == [("REINSTATED", told("21:00"))]
    assert desk.step(NOON + 2 * HOUR) == []
    # Cancelled once more, it is news once more.
    desk.step(NOON + 3 * HOUR, cancelled=True)
    assert desk.step(NOON + 3 * HOUR + 5 * MINUTE) == [("CANCELLED", None)]


def test_a_cancellation_taken_back_before_it_was_sent_is_never_told():
    desk = quiet_desk()
    desk.look(NOON, cancelled=True)
    desk.look(NOON + 5 * MINUTE)
    assert desk.step(NOON + 6 * MINUTE, cancelled=False) == []
    assert desk.of(Type.CANCELLED) == [("SUPPRESSED", "SETTLED_BACK")]
    assert desk.of(Type.REINSTATED) == []


def test_good_news_taken_back_before_it_was_sent_is_never_told():
    desk = quiet_desk()
    desk.step(NOON, cancelled=True)
    desk.step(NOON + 5 * MINUTE)
    desk.look(NOON + HOUR, cancelled=False)
    assert desk.step(NOON + HOUR + MINUTE, cancelled=True) == []
    assert desk.of(Type.REINSTATED) == [("SUPPRESSED", "SETTLED_BACK")]


def test_a_cancelled_flight_is_not_delayed_and_changes_no_gate():
    desk = quiet_desk(trip=trip(first_gate="A13"))
    assert desk.step(NOON, cancelled=True, estimated_out=later(60), gate_origin="B2") == []
    assert desk.step(NOON + 5 * MINUTE) == [("CANCELLED", None)]


def test_what_waited_about_a_cancelled_flight_is_overtaken():
    desk = Desk()
    desk.look(utc("07-11 02:00"))
    desk.look(NOON, cancelled=True)
    desk.look(NOON + 5 * MINUTE)
    for type_ in (Type.RESERVATION_CONFIRMATION, Type.REMINDER_24H, Type.BOARDING):
        assert desk.of(type_) == [("SUPERSEDED", "NEWER_FACTS")]


def test_a_flight_back_on_is_boarded_and_reminded_anew():
    desk = Desk()
    desk.look(utc("07-11 15:00"))
    desk.hand_over(utc("07-11 15:00"))
    desk.look(utc("07-12 15:00"), cancelled=True)
    desk.step(utc("07-12 15:05"))
    desk.step(utc("07-12 18:00"), cancelled=False)
    assert desk.waiting(Type.REMINDER_24H).due_at == utc("07-14 21:00")
    assert desk.waiting(Type.BOARDING).due_at == utc("07-15 19:30")


def test_a_flight_lost_from_sight_in_the_air_is_not_called_cancelled():
    desk = quiet_desk()
    desk.step(utc("07-15 23:00"), actual_out=BOOKED, actual_off=later(15))
    desk.step(utc("07-15 23:30"), cancelled=True)
    assert desk.step(utc("07-15 23:50")) == []


def test_a_flight_back_on_that_left_already_is_not_announced():
    desk = quiet_desk()
    desk.step(NOON, cancelled=True)
    desk.step(NOON + 5 * MINUTE)
    assert desk.step(utc("07-15 21:10"), cancelled=False, actual_out=BOOKED, actual_off=later(10)) == []


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNDELIVERED])
def test_a_cancellation_that_failed_is_not_repeated_at_each_look(status):
    desk = quiet_desk()
    desk.look(NOON, cancelled=True)
    desk.look(NOON + 5 * MINUTE)
    desk.hand_over(NOON + 5 * MINUTE, status)
    assert [desk.step(NOON + minutes * MINUTE) for minutes in (10, 20, 60)] == [[], [], []]


# --- diversions


AIRBORNE = FlightState(scheduled_out=BOOKED, actual_out=BOOKED, actual_off=later(15), scheduled_in=utc("07-16 06:00"))


def test_a_diversion_names_the_new_airport():
    desk = quiet_desk(flight=flight(AIRBORNE))
    assert desk.step(utc("07-16 03:00"), diverted=True, diverted_to="KTPA") == [("DIVERTED", "KTPA")]
    assert desk.step(utc("07-16 03:10")) == []


def test_a_diversion_to_nobody_knows_where_is_told_and_amended_when_it_is_known():
    """Incident 4."""
    desk = quiet_desk(flight=flight(AIRBORNE))
    assert desk.step(utc("07-16 03:00"), diverted=True) == [("DIVERTED", None)]
    assert desk.step(utc("07-16 03:05")) == []
    assert desk.step(utc("07-16 03:20"), diverted_to="KTPA") == [("DIVERTED", "KTPA")]
    assert desk.step(utc("07-16 03:30")) == []


def test_a_diversion_that_changes_is_told_anew_and_the_waiting_word_gives_way():
    desk = quiet_desk(flight=flight(AIRBORNE))
    desk.look(utc("07-16 03:00"), diverted=True, diverted_to="KTPA")
    desk.look(utc("07-16 03:01"), diverted_to="KMCO")
    assert desk.hand_over(utc("07-16 03:02")) == [("DIVERTED", "KMCO")]
    assert desk.of(Type.DIVERTED) == [("SUPERSEDED", "NEWER_FACTS"), ("SENT", None)]


def test_a_diversion_is_useful_until_six_hours_after_the_new_arrival():
    desk = quiet_desk(flight=flight(AIRBORNE))
    desk.look(utc("07-16 03:00"), diverted=True, diverted_to="KTPA", estimated_in=utc("07-16 07:00"))
    assert desk.waiting(Type.DIVERTED).expires_at == utc("07-16 13:00")


def test_a_diversion_that_failed_is_not_repeated_at_each_look():
    desk = quiet_desk(flight=flight(AIRBORNE))
    desk.look(utc("07-16 03:00"), diverted=True, diverted_to="KTPA")
    desk.hand_over(utc("07-16 03:00"), Status.FAILED)
    assert desk.step(utc("07-16 03:05")) == []


# --- boarding


def test_boarding_moves_with_the_departure():
    """Incident 77."""
    desk = Desk()
    desk.look(utc("07-11 15:00"))
    assert desk.waiting(Type.BOARDING).due_at == utc("07-15 19:30")
    desk.look(NOON, estimated_out=later(180))
    assert desk.waiting(Type.BOARDING).due_at == utc("07-15 22:30")
    assert desk.waiting(Type.BOARDING).expires_at == utc("07-16 00:00")
    desk.look(NOON + HOUR, estimated_out=later(-30))
    assert desk.waiting(Type.BOARDING).due_at == utc("07-15 19:00")


def test_boarding_moves_with_the_agencys_offset():
    desk = Desk()
    desk.look(utc("07-11 15:00"))
    desk.settings = settings(boarding_notification_offset_minutes=40)
    desk.plan(utc("07-11 16:00"))
    assert desk.waiting(Type.BOARDING).due_at == utc("07-15 20:20")


def test_boarding_is_told_once_however_often_the_gate_and_the_time_change_afterwards():
    """Incident 76."""
    desk = Desk()
    desk.look(utc("07-15 19:29"))
    assert ("BOARDING", told("21:00")) in desk.hand_over(utc("07-15 19:30"))
    messages = desk.step(utc("07-15 19:36"), gate_origin="A13") + desk.step(utc("07-15 20:00"), estimated_out=later(40))
    assert [name for name, _ in messages] == ["DELAYED"]


def test_who_books_within_the_offset_is_told_of_boarding_at_once():
    desk = Desk(trip=trip(created_at=utc("07-15 20:15")))
    assert "BOARDING" in [name for name, _ in desk.step(utc("07-15 20:15"))]


def test_a_boarding_message_being_retried_keeps_its_time():
    desk = Desk()
    desk.look(utc("07-15 19:29"))
    due = utc("07-15 19:31")
    waiting = desk.waiting(Type.BOARDING)
    desk.rows[desk.rows.index(waiting)] = replace(waiting, due_at=due, reason=Reason.RETRYING)
    desk.look(utc("07-15 19:30"))
    assert desk.waiting(Type.BOARDING).due_at == due


@pytest.mark.parametrize("reason", [Reason.HOURLY_LIMIT, Reason.DAILY_LIMIT])
@pytest.mark.parametrize("type_", [Type.BOARDING, Type.REMINDER_24H])
def test_what_waits_for_a_cap_goes_on_waiting_and_keeps_its_reason(type_, reason):
    now = {Type.BOARDING: utc("07-15 19:35"), Type.REMINDER_24H: utc("07-14 21:05")}[type_]
    desk = Desk()
    desk.look(utc("07-11 15:00"))
    waiting = desk.waiting(type_)
    desk.rows[desk.rows.index(waiting)] = replace(waiting, due_at=now + 30 * MINUTE, reason=reason)
    desk.look(now)
    assert (desk.waiting(type_).due_at, desk.waiting(type_).reason) == (now + 30 * MINUTE, reason)


# --- confirmation and reminder


def test_a_trip_made_by_day_is_confirmed_at_once():
    desk = Desk(trip=trip(created_at=utc("07-11 15:00")))
    assert desk.step(utc("07-11 15:00")) == [("RESERVATION_CONFIRMATION", told("21:00"))]
    assert desk.step(utc("07-11 15:01")) == []


def test_a_trip_made_at_night_is_confirmed_in_the_morning_at_the_origin():
    desk = Desk(trip=trip(created_at=utc("07-11 05:00")))
    assert desk.step(utc("07-11 05:00")) == []
    waiting = desk.waiting(Type.RESERVATION_CONFIRMATION)
    assert (waiting.due_at, waiting.reason, waiting.expires_at) == (utc("07-11 12:00"), Reason.QUIET_HOURS, BOOKED)


def test_the_agencys_zone_wins_over_the_place():
    desk = Desk(settings=settings(timezone_override="Asia/Tokyo"))
    desk.look(utc("07-11 15:00"))
    assert desk.waiting(Type.RESERVATION_CONFIRMATION).due_at == utc("07-12 00:00")


def test_what_waits_for_the_morning_follows_the_quiet_hours_of_today():
    """Incident 91."""
    desk = Desk()
    desk.look(utc("07-11 05:00"))
    desk.settings = settings(quiet_hours_end=time(7))
    desk.plan(utc("07-11 05:10"))
    assert desk.waiting(Type.RESERVATION_CONFIRMATION).due_at == utc("07-11 10:00")
    desk.settings = settings(quiet_hours_end=time(22))
    desk.plan(utc("07-11 05:20"))
    waiting = desk.waiting(Type.RESERVATION_CONFIRMATION)
    assert (waiting.due_at, waiting.reason) == (utc("07-11 05:20"), None)


@pytest.mark.parametrize("hour", range(24))
def test_a_traveller_is_reminded_before_a_departure_at_any_hour(hour):
    """Incidents 82 and 83: 0 and 11 of 24 were."""
    departure = utc("07-15 03:00") + hour * HOUR
    desk = Desk(flight=flight(FlightState(scheduled_out=departure), booked_departure_at=departure))
    desk.look(utc("07-11 15:00"))
    waiting = desk.waiting(Type.REMINDER_24H)
    local_hour = (waiting.due_at - 3 * HOUR).hour
    assert 9 <= local_hour < 22
    assert timedelta(hours=6) <= departure - waiting.due_at <= timedelta(hours=24)
    assert waiting.due_at < waiting.expires_at == departure - 3 * HOUR


def test_who_books_within_a_day_is_not_reminded_and_the_agency_reads_why():
    desk = Desk(trip=trip(created_at=utc("07-14 21:01")))
    desk.look(utc("07-14 21:01"))
    assert desk.of(Type.REMINDER_24H) == [("SUPPRESSED", "BOOKED_LATE")]
    desk.look(utc("07-15 12:00"))
    assert len(desk.of(Type.REMINDER_24H)) == 1


def test_who_books_a_day_ahead_to_the_minute_is_reminded():
    desk = Desk(trip=trip(created_at=utc("07-14 21:00")))
    desk.look(utc("07-14 21:00"))
    assert desk.waiting(Type.REMINDER_24H).due_at == utc("07-14 21:00")


def test_the_reminder_moves_with_the_departure():
    desk = Desk()
    desk.look(utc("07-11 15:00"))
    assert desk.waiting(Type.REMINDER_24H).due_at == utc("07-14 21:00")
    desk.look(utc("07-12 15:00"), estimated_out=later(180))
    waiting = desk.waiting(Type.REMINDER_24H)
    assert (waiting.due_at, waiting.expires_at) == (utc("07-15 00:00"), utc("07-15 21:00"))


def test_the_reminder_moves_with_the_quiet_hours():
    desk = Desk()
    desk.look(utc("07-11 15:00"))
    desk.settings = settings(quiet_hours_start=time(18))
    desk.plan(utc("07-12 15:00"))
    assert desk.waiting(Type.REMINDER_24H).due_at == utc("07-15 12:00")


def test_a_reminder_sent_is_not_sent_again_when_the_departure_moves_a_day():
    desk = Desk()
    desk.step(utc("07-11 15:00"))
    assert desk.hand_over(utc("07-14 21:00")) == [("REMINDER_24H", told("21:00"))]
    desk.look(utc("07-14 22:00"), estimated_out=later(24 * 60))
    assert len(desk.of(Type.REMINDER_24H)) == 1


@pytest.mark.parametrize("type_", [Type.REMINDER_24H, Type.BOARDING, Type.RESERVATION_CONFIRMATION])
def test_what_an_agent_withdrew_is_not_written_again(type_):
    desk = Desk(trip=trip(created_at=utc("07-11 05:00")))
    desk.look(utc("07-11 05:00"))
    desk.withdraw(type_, utc("07-11 05:10"))
    desk.look(utc("07-11 06:00"))
    assert desk.of(type_) == [("WITHDRAWN", "WITHDRAWN_BY_AGENT")]


def test_a_delay_an_agent_withdrew_is_not_written_again():
    desk = quiet_desk()
    desk.look(NOON, estimated_out=later(60))
    desk.withdraw(Type.DELAYED, NOON)
    assert desk.step(NOON + MINUTE) == []


# --- landing


LANDED = {"actual_out": BOOKED, "actual_off": later(15), "actual_on": utc("07-16 15:00")}


def test_a_landing_is_welcomed_once():
    """Incident 64: nine welcomes."""
    desk = quiet_desk(flight=flight(AIRBORNE))
    assert desk.step(utc("07-16 15:01"), **LANDED) == [("LANDING_WELCOME", "KMIA")]
    assert desk.step(utc("07-16 15:03")) == []
    assert desk.step(utc("07-16 15:20"), actual_in=utc("07-16 15:15")) == []


def test_a_flight_whose_gate_is_reported_but_not_its_touchdown_is_welcomed():
    desk = quiet_desk(flight=flight(AIRBORNE))
    assert desk.step(utc("07-16 15:20"), actual_in=utc("07-16 15:15")) == [("LANDING_WELCOME", "KMIA")]


def test_progress_is_no_landing():
    """Incident 71."""
    assert quiet_desk(flight=flight(AIRBORNE)).step(utc("07-16 15:01"), progress_percent=100) == []


def test_a_landing_by_night_is_welcomed_in_the_morning_at_the_destination():
    """Incident 66: 01:00 in Miami; at the origin it is 02:00, and its morning would come an hour too soon."""
    desk = quiet_desk(flight=flight(AIRBORNE))
    assert desk.step(utc("07-16 05:01"), actual_on=utc("07-16 05:00")) == []
    waiting = desk.waiting(Type.LANDING_WELCOME)
    assert (waiting.due_at, waiting.reason) == (utc("07-16 13:00"), Reason.QUIET_HOURS)
    assert waiting.expires_at == utc("07-16 19:00")
    desk.look(utc("07-16 09:00"))
    assert desk.hand_over(utc("07-16 13:00")) == [("LANDING_WELCOME", "KMIA")]
    assert len(desk.of(Type.LANDING_WELCOME)) == 1


def test_a_diverted_traveller_is_welcomed_where_they_are():
    desk = quiet_desk(flight=flight(AIRBORNE))
    desk.step(utc("07-16 12:00"), diverted=True, diverted_to="KDEN")
    # 07:30 in Denver is still night, in Miami it is 09:30.
    assert desk.step(utc("07-16 13:30"), actual_on=utc("07-16 13:29")) == []
    waiting = desk.waiting(Type.LANDING_WELCOME)
    assert (waiting.tells.airport, waiting.due_at) == ("KDEN", utc("07-16 15:00"))


def test_a_place_outside_the_table_counts_as_the_booked_destination():
    desk = quiet_desk(flight=flight(AIRBORNE))
    desk.step(utc("07-16 04:00"), diverted=True, diverted_to="NEAR NOWHERE, XX")
    desk.look(utc("07-16 05:01"), actual_on=utc("07-16 05:00"))
    assert desk.waiting(Type.LANDING_WELCOME).due_at == utc("07-16 13:00")


def test_a_landing_learned_of_long_after_is_no_longer_useful():
    desk = quiet_desk(flight=flight(AIRBORNE))
    desk.look(utc("07-17 15:00"), actual_on=utc("07-16 15:00"))
    assert desk.waiting(Type.LANDING_WELCOME).expires_at == utc("07-17 15:00")


# --- after the flight left


def test_nothing_about_the_departure_is_said_after_the_flight_left():
    """Incident 3."""
    desk = quiet_desk(trip=trip(first_gate="A13"))
    desk.look(utc("07-15 21:05"), actual_out=utc("07-15 21:01"))
    seen = {"estimated_out": later(60), "gate_origin": "B2", "actual_out": later(61)}
    assert desk.step(utc("07-15 22:02"), **seen) == []
    assert desk.step(utc("07-15 22:10"), actual_off=later(70)) == []


def test_what_waited_about_the_departure_ends_when_the_flight_leaves():
    desk = Desk(trip=trip(created_at=utc("07-15 04:00"), first_gate="A13"))
    desk.look(utc("07-15 04:00"))
    desk.look(utc("07-15 05:00"), estimated_out=later(60), gate_origin="B2")
    desk.look(utc("07-15 05:01"), actual_out=utc("07-15 05:00"))
    assert [row.status for row in desk.rows if row.status is Status.PENDING] == []
    assert desk.of(Type.BOARDING) == [("EXPIRED", "NO_LONGER_USEFUL")]
    assert desk.of(Type.DELAYED) == [("EXPIRED", "NO_LONGER_USEFUL")]
    assert desk.of(Type.GATE_CHANGE) == [("EXPIRED", "NO_LONGER_USEFUL")]
    assert desk.of(Type.RESERVATION_CONFIRMATION) == [("EXPIRED", "NO_LONGER_USEFUL")]


def test_a_trip_made_on_a_flight_that_left_is_only_welcomed():
    desk = Desk(flight=flight(AIRBORNE))
    desk.look(utc("07-15 23:00"))
    assert desk.rows == []


# --- archived, moved away


def test_archiving_a_trip_withdraws_all_that_waits_and_nothing_else():
    desk = Desk(trip=trip(first_gate="A13"))
    desk.step(utc("07-11 15:00"))
    desk.look(NOON, estimated_out=later(60), gate_origin="B2", cancelled=True)
    waiting = {row.type for row in desk.rows if row.status is Status.PENDING}
    desk.trip = replace(desk.trip, archived_at=NOON)
    desk.look(NOON + 5 * MINUTE, actual_on=NOON)
    withdrawn = {row.type for row in desk.rows if (row.status, row.reason) == (Status.WITHDRAWN, Reason.TRIP_ARCHIVED)}
    assert withdrawn == waiting
    assert desk.of(Type.RESERVATION_CONFIRMATION) == [("SENT", None)]
    assert desk.plan(NOON + HOUR) == []


def test_what_waits_about_the_flight_a_trip_was_moved_from_is_overtaken():
    waiting = notification(Type.BOARDING, ordinal=1)
    sent = notification(Type.DELAYED, Status.SENT, ordinal=2)
    assert audience.left_behind([waiting, sent]) == [
        End(notification_id=waiting.id, status=Status.SUPERSEDED, reason=Reason.NEWER_FACTS)
    ]


# --- what was told


def spoken(type_, status, ordinal, minute, **tells):
    at = NOON + minute * MINUTE
    accepted = None if status in (Status.SENDING, Status.UNKNOWN, Status.PENDING, Status.FAILED) else at
    return replace(
        notification(type_, status, ordinal=ordinal), tells=Tells(**tells), accepted_at=accepted, updated_at=at
    )


def test_before_any_message_the_traveller_knows_the_booking_and_the_first_gate():
    heard = audience.told(Desk(trip=trip(first_gate="A13")).case(NOON))
    assert (heard.departure_at, heard.gate, heard.airport, heard.cancelled, heard.landed, heard.at) == (
        BOOKED,
        "A13",
        None,
        False,
        False,
        None,
    )


@pytest.mark.parametrize("status", ["SENDING", "UNKNOWN", "SENT", "DELIVERED", "READ"])
def test_what_is_on_its_way_counts_as_told(status):
    row = spoken(Type.GATE_CHANGE, Status(status), 1, 0, gate="B2")
    assert audience.told(Desk(rows=[row]).case(NOON)).gate == "B2"


@pytest.mark.parametrize(
    "status", ["PENDING", "UNDELIVERED", "FAILED", "SUPPRESSED", "SUPERSEDED", "EXPIRED", "WITHDRAWN"]
)
def test_what_never_arrived_does_not_count_as_told(status):
    row = spoken(Type.GATE_CHANGE, Status(status), 1, 0, gate="B2")
    assert audience.told(Desk(rows=[row]).case(NOON)).gate is None


def test_the_last_word_on_each_topic_stands():
    rows = [
        spoken(Type.RESERVATION_CONFIRMATION, Status.READ, 1, 0, departure_at=BOOKED),
        spoken(Type.DELAYED, Status.DELIVERED, 2, 10, departure_at=later(60)),
        spoken(Type.GATE_CHANGE, Status.SENT, 3, 20, gate="B2"),
        spoken(Type.CANCELLED, Status.SENT, 4, 30),
        spoken(Type.REINSTATED, Status.SENT, 5, 40, departure_at=later(90)),
        spoken(Type.DELAYED, Status.FAILED, 6, 50, departure_at=later(200)),
        spoken(Type.DIVERTED, Status.SENT, 7, 60, airport="KTPA"),
        spoken(Type.LANDING_WELCOME, Status.UNKNOWN, 8, 70, airport="KTPA"),
    ]
    heard = audience.told(Desk(rows=rows).case(NOON + 2 * HOUR))
    assert (heard.departure_at, heard.gate, heard.airport) == (later(90), "B2", "KTPA")
    assert (heard.cancelled, heard.landed, heard.at) == (False, True, NOON + 70 * MINUTE)
    assert audience.told(Desk(rows=rows[:4]).case(NOON + HOUR)).cancelled


def test_the_last_word_is_the_one_handed_over_last_not_the_one_written_down_last():
    """A boarding message is written down at the booking and sent after every gate change."""
    rows = [
        spoken(Type.BOARDING, Status.SENT, 1, 60, gate="C9", departure_at=later(30)),
        spoken(Type.GATE_CHANGE, Status.DELIVERED, 2, 10, gate="B2"),
        spoken(Type.DELAYED, Status.READ, 3, 20, departure_at=later(20)),
    ]
    heard = audience.told(Desk(rows=rows).case(NOON + 2 * HOUR))
    assert (heard.gate, heard.departure_at, heard.at) == ("C9", later(30), NOON + HOUR)


# --- identity


def test_a_message_keeps_its_identity_whoever_decides_and_whenever():
    desk = quiet_desk()
    desk.flight = replace(desk.flight, state=replace(desk.flight.state, estimated_out=later(60)))
    first, again = audience.plan(desk.case(NOON)), audience.plan(desk.case(NOON + 3 * MINUTE))
    assert [step.hash for step in first] == [step.hash for step in again]
    assert len(first[0].hash) == 32


def test_the_same_instant_in_another_zone_is_the_same_news():
    """Incident 23: `…Z` and `…-03:00` were two keys."""
    local = datetime(2026, 7, 15, 19, tzinfo=timezone(timedelta(hours=-3)))
    assert local == later(60)
    assert Tells(departure_at=local).value == Tells(departure_at=later(60)).value == told("22:00")
    case = quiet_desk().case(NOON)
    hashes = {audience.idempotency_hash(case, Type.DELAYED, Tells(departure_at=each)) for each in (local, later(60))}
    assert len(hashes) == 1


def test_other_news_other_trips_and_other_flights_have_another_identity():
    case, tells = quiet_desk().case(NOON), Tells(departure_at=later(60))
    cases = [
        (case, Type.DELAYED, tells),
        (case, Type.EARLIER, tells),
        (case, Type.DELAYED, Tells(departure_at=later(61))),
        (replace(case, trip=trip(id=UUID(int=99))), Type.DELAYED, tells),
        (replace(case, flight=flight(id=UUID(int=99))), Type.DELAYED, tells),
        (
            replace(case, notifications=(notification(Type.DELAYED, Status.SENT, ordinal=9),)),
            Type.DELAYED,
            tells,
        ),
    ]
    assert len({audience.idempotency_hash(*each) for each in cases}) == len(cases)


# --- looks that messages want


def moments(case, planned=()):
    """When fresh looks are wanted."""
    return sorted(each.at for each in audience.wanted_looks(case, planned))


def test_a_fresh_look_is_wanted_just_before_boarding_and_before_a_gate_settles():
    desk = Desk(trip=trip(first_gate="A13"))
    desk.look(NOON, gate_origin="B2")
    before_untrue = later(14)
    wanted = [NOON + 160 * timedelta(seconds=1), utc("07-15 19:29"), before_untrue]
    assert moments(desk.case(NOON)) == wanted
    assert [each.at for each in audience.wanted_looks(desk.case(NOON)) if not each.of_gate] == [before_untrue]
    desk.hand_over(utc("07-15 20:00"))
    assert moments(desk.case(utc("07-15 20:00"))) == [before_untrue]


def test_a_fresh_look_is_wanted_before_what_was_told_of_the_departure_is_off_by_the_threshold():
    """A flight whose estimate creeps by less than the threshold may leave when it is more than that."""
    desk = quiet_desk(settings=settings(delay_threshold_minutes=20))

    def wanted(now):
        return moments(desk.case(now))

    assert wanted(NOON) == [later(19)]
    late = replace(desk.flight, state=replace(desk.flight.state, estimated_out=later(60)))
    case = replace(desk.case(NOON), flight=late)
    assert moments(case, audience.plan(case)) == [later(79)], "as soon as it is planned to be told"
    desk.step(NOON, estimated_out=later(60))
    assert wanted(NOON) == [later(79)], "while it waits for its turn"
    desk.look(later(0), estimated_out=later(75))
    assert wanted(later(0)) == [later(79)], "a creep that is not told moves nothing"
    assert (wanted(later(75.9)), wanted(later(76))) == ([later(79)], []), "this look is fresh enough"
    desk.look(later(70), actual_out=later(69))
    assert wanted(later(70)) == [], "it has left"


def test_what_waits_to_be_told_counts_until_it_is_taken_back():
    desk = quiet_desk()
    desk.step(NOON, estimated_out=later(60))
    later_still = NOON + timedelta(minutes=1)
    desk.look(later_still, estimated_out=later(90))
    assert desk.case(later_still).pending(Type.DELAYED), "it waits, since the traveller has just heard of a delay"
    assert moments(desk.case(later_still)) == [later(104)]
    back = replace(desk.flight, state=replace(desk.flight.state, estimated_out=later(62)))
    case = replace(desk.case(later_still), flight=back)
    assert any(isinstance(step, End) for step in audience.plan(case))
    assert moments(case, audience.plan(case)) == [later(74)]


def test_a_silence_tells_nothing():
    desk = quiet_desk()
    late = replace(desk.flight, state=replace(desk.flight.state, estimated_out=later(60)))
    case = replace(desk.case(NOON), flight=late)
    planned = [replace(step, status=Status.SUPPRESSED) for step in audience.plan(case) if isinstance(step, Tell)]
    assert planned
    assert moments(case, planned) == []


def test_what_cannot_be_told_wants_no_look():
    desk = quiet_desk(trip=trip())
    desk.look(NOON, estimated_out=later(180))
    desk.hand_over(NOON, status=Status.FAILED, reason=Reason.OPTED_OUT)
    assert moments(desk.case(NOON)) == []


def test_a_flight_that_will_not_leave_wants_no_look_for_its_departure():
    desk = quiet_desk()
    desk.look(NOON, cancelled=True)
    assert moments(desk.case(NOON)) == []


# --- carried out once, nothing more is planned


STEPS = st.lists(
    st.fixed_dictionaries(
        {"minutes": st.integers(1, 400), "fate": st.sampled_from(["wait", "SENT", "FAILED", "UNKNOWN", "SUPPRESSED"])},
        optional={
            "estimated_out": st.integers(-90, 400),
            "gate_origin": st.sampled_from(["A13", "A14", "B2"]),
            "cancelled": st.booleans(),
            "diverted_to": st.sampled_from(["KTPA", "KMCO", None]),
            "actual_out": st.just(1),
            "actual_off": st.just(1),
            "actual_on": st.just(1),
            "archived": st.just(1),
            "quiet_end": st.sampled_from([6, 9, 12]),
            "offset": st.sampled_from([40, 90]),
            "failed": st.just(1),
        },
    ),
    max_size=12,
)


def seen_in(step, now):
    seen = {name: step[name] for name in ("gate_origin", "cancelled") if name in step}
    if "estimated_out" in step:
        seen["estimated_out"] = later(step["estimated_out"])
    if "diverted_to" in step:
        seen |= {"diverted": True, "diverted_to": step["diverted_to"]}
    return seen | {name: now for name in ("actual_out", "actual_off", "actual_on") if name in step}


@given(start=st.integers(0, 5000), steps=STEPS)
def test_planning_again_after_a_plan_was_carried_out_plans_nothing(start, steps):
    now = utc("07-12 00:00") + start * MINUTE
    desk = Desk(trip=trip(created_at=now))
    for step in [{"minutes": 0, "fate": "wait"}, *steps]:
        now += step["minutes"] * MINUTE
        desk.settings = settings(
            quiet_hours_end=time(step.get("quiet_end", 9)), boarding_notification_offset_minutes=step.get("offset", 90)
        )
        if "archived" in step:
            desk.trip = replace(desk.trip, archived_at=now)
        before = len(desk.rows)
        first = desk.failed_look(now) if "failed" in step else desk.look(now, **seen_in(step, now))
        assert sum(isinstance(each, Tell) for each in first) == len(desk.rows) - before, "a hash came twice"
        assert audience.plan(desk.case(now)) == []
        if step["fate"] != "wait":
            desk.hand_over(now, Status(step["fate"]))
            # What was just handed over makes nothing else due, but the first gate may be learned and words settle back.
            for each in desk.plan(now):
                assert isinstance(each, End | KnowGate | Move) or step["fate"] != "SENT", each
            assert audience.plan(desk.case(now)) == []


@given(start=st.integers(0, 5000), steps=STEPS)
def test_whatever_happens_at_most_one_word_per_topic_waits(start, steps):
    now = utc("07-12 00:00") + start * MINUTE
    desk = Desk(trip=trip(created_at=now))
    topics = ({Type.DELAYED, Type.EARLIER}, {Type.CANCELLED, Type.REINSTATED}, *({each} for each in Type))
    for step in steps:
        now += step["minutes"] * MINUTE
        desk.look(now, **seen_in(step, now))
        waiting = [row.type for row in desk.rows if row.status is Status.PENDING]
        assert all(sum(type_ in topic for type_ in waiting) <= 1 for topic in topics)
        if step["fate"] != "wait":
            desk.hand_over(now, Status(step["fate"]))
    for type_ in (Type.RESERVATION_CONFIRMATION, Type.LANDING_WELCOME):
        assert len(desk.of(type_)) <= 1


@given(start=st.sampled_from(["07-14 12:00", "07-15 15:00", "07-15 19:00"]), steps=STEPS)
def test_once_things_settle_the_last_words_a_traveller_read_are_true(start, steps):
    """With a carrier that takes everything. What was read is kept by the test, in the order in which it came."""
    now = utc(start)
    desk = Desk(trip=trip(created_at=utc("07-10 15:00")))
    for step in steps:
        now += step["minutes"] * MINUTE
        desk.look(now, **seen_in(step, now))
        for _ in range(3):
            desk.hand_over(now)
            now += 10 * MINUTE
            desk.look(now)
        state = desk.flight.state
        if state.actual_out or state.actual_off or state.actual_on or state.cancelled:
            continue
        expected = state.estimated_out or BOOKED
        if now < expected:
            departures_read = [tells.departure_at for _, tells in desk.read if tells.departure_at]
            assert abs([BOOKED, *departures_read][-1] - expected) < 15 * MINUTE
            gates_read = [tells.gate for _, tells in desk.read if tells.gate]
            assert [desk.trip.first_gate, *gates_read][-1] == state.gate_origin
            words = [type_ for type_, _ in desk.read if type_ in (Type.CANCELLED, Type.REINSTATED)]
            assert words[-1:] != [Type.CANCELLED]
