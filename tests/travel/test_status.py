from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from tests.travel.values import BOOKED, HOUR, MINUTE, flight, snapshot, utc
from travel import status
from travel.model import ByHand, Correction, FlightPhase, FlightState, StatusChangeKind, TripStatus, Watch

OUT, OFF, ON, IN = utc("07-15 21:05"), utc("07-15 21:20"), utc("07-16 06:00"), utc("07-16 06:15")


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        (FlightState(), "UNKNOWN"),
        (FlightState(scheduled_out=OUT), "SCHEDULED"),
        (FlightState(gate_origin="A1"), "SCHEDULED"),
        (FlightState(estimated_out=OUT + 3 * HOUR, scheduled_out=OUT), "SCHEDULED"),
        (FlightState(actual_out=OUT), "TAXIING_OUT"),
        (FlightState(actual_out=OUT, actual_off=OFF), "AIRBORNE"),
        (FlightState(actual_off=OFF, progress_percent=100), "AIRBORNE"),
        (FlightState(actual_off=OFF, actual_on=ON), "LANDED"),
        (FlightState(actual_on=ON), "LANDED"),
        (FlightState(actual_on=ON, actual_in=IN), "ARRIVED"),
        (FlightState(actual_in=IN), "ARRIVED"),
        (FlightState(cancelled=True), "CANCELLED"),
        (FlightState(diverted=True, actual_off=OFF), "DIVERTED"),
        (FlightState(diverted=True, cancelled=True), "DIVERTED"),
        (FlightState(diverted=True, actual_on=ON), "LANDED"),
        (FlightState(cancelled=True, actual_on=ON), "LANDED"),
    ],
)
def test_the_phase_follows_the_fields(state, phase):
    assert status.phase(state) == phase


@pytest.mark.parametrize(
    ("state", "departed", "landed"),
    [
        (FlightState(scheduled_out=OUT), False, False),
        (FlightState(actual_out=OUT), True, False),
        (FlightState(actual_off=OFF), True, False),
        (FlightState(actual_on=ON), True, True),
        (FlightState(actual_in=IN), True, True),
        (FlightState(progress_percent=100), False, False),
    ],
)
def test_a_flight_has_left_at_the_gate_or_the_runway_and_landed_at_touchdown(state, departed, landed):
    assert (status.departed(state), status.landed(state)) == (departed, landed)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (FlightState(), "07-15 21:00"),
        (FlightState(scheduled_out=utc("07-15 21:10")), "07-15 21:10"),
        (FlightState(scheduled_out=utc("07-15 21:10"), estimated_out=utc("07-15 22:00")), "07-15 22:00"),
        (FlightState(estimated_out=utc("07-15 22:00"), actual_out=utc("07-15 22:04")), "07-15 22:04"),
        # The runway only where the gate says nothing, even if the runway is newer.
        (FlightState(scheduled_out=utc("07-15 21:00"), estimated_off=utc("07-15 23:00")), "07-15 21:00"),
        (FlightState(scheduled_off=utc("07-15 21:10"), estimated_off=utc("07-15 23:00")), "07-15 23:00"),
        (FlightState(estimated_off=utc("07-15 23:00"), actual_off=utc("07-15 23:03")), "07-15 23:03"),
    ],
)
def test_the_departure_told_is_the_newest_at_the_gate_else_on_the_runway_else_the_booked(state, expected):
    assert status.best_departure(state, BOOKED) == utc(expected)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (FlightState(), None),
        (FlightState(scheduled_in=utc("07-16 06:00")), "07-16 06:00"),
        (FlightState(scheduled_in=utc("07-16 06:00"), estimated_in=utc("07-16 06:30")), "07-16 06:30"),
        (FlightState(estimated_in=utc("07-16 06:30"), actual_in=utc("07-16 06:31")), "07-16 06:31"),
        (FlightState(scheduled_on=utc("07-16 05:50")), "07-16 05:50"),
        (FlightState(scheduled_on=utc("07-16 05:50"), estimated_on=utc("07-16 05:55")), "07-16 05:55"),
        (FlightState(scheduled_in=utc("07-16 06:00"), actual_on=utc("07-16 05:40")), "07-16 06:00"),
    ],
)
def test_the_arrival_shown_is_the_newest_at_the_gate_else_on_the_runway_else_unknown(state, expected):
    assert status.best_arrival(state) == (utc(expected) if expected else None)


@pytest.mark.parametrize(
    ("cancelled", "seen_at", "confirmed"),
    [
        (True, None, False),
        (True, "07-15 12:00", False),
        (True, "07-15 11:55:01", False),
        (True, "07-15 11:55", True),
        (True, "07-15 09:00", True),
        (False, "07-15 09:00", False),
    ],
)
def test_a_cancellation_counts_five_minutes_after_it_was_first_seen(cancelled, seen_at, confirmed):
    seen = utc(seen_at) if seen_at else None
    assert status.cancellation_confirmed(FlightState(cancelled=cancelled), seen, utc("07-15 12:00")) is confirmed


# --- merge


def test_null_is_unknown_and_takes_nothing_back():
    before = FlightState(
        scheduled_out=OUT, estimated_out=OUT + HOUR, gate_origin="A13", terminal_origin="1", filed_ete_seconds=7
    )
    assert status.merge(before, FlightState(scheduled_out=OUT)) == before


def test_what_the_source_says_anew_replaces_what_it_said():
    before = FlightState(estimated_out=OUT, gate_origin="A13", progress_percent=3)
    after = status.merge(before, FlightState(estimated_out=OUT + HOUR, gate_origin="A14", progress_percent=4))
    assert (after.estimated_out, after.gate_origin, after.progress_percent) == (OUT + HOUR, "A14", 4)


@pytest.mark.parametrize(
    ("before", "seen", "actual_out"),
    [
        (FlightState(actual_out=OUT), FlightState(scheduled_out=OUT), None),
        (FlightState(actual_out=OUT), FlightState(actual_out=OUT + HOUR), OUT + HOUR),
        (FlightState(actual_out=OUT, actual_off=OFF), FlightState(), OUT),
        (FlightState(actual_out=OUT), FlightState(actual_off=OFF), OUT),
        (FlightState(actual_out=OUT), FlightState(actual_on=ON), OUT),
        (FlightState(actual_out=OUT, actual_on=ON), FlightState(), OUT),
    ],
    ids=["returned to its gate", "left again", "in the air", "took off", "landed now", "had landed"],
)
def test_a_flight_may_return_to_its_gate_but_only_before_it_took_off(before, seen, actual_out):
    assert status.merge(before, seen).actual_out == actual_out


@pytest.mark.parametrize("name", ["actual_off", "actual_on", "actual_in"])
def test_what_happened_on_the_runway_stays_happened(name):
    before = FlightState(actual_off=OFF, **({name: ON} if name != "actual_off" else {}))
    assert getattr(status.merge(before, FlightState(scheduled_out=OUT)), name) == getattr(before, name)


@pytest.mark.parametrize(
    ("before", "seen", "cancelled"),
    [
        (False, True, True),
        (True, False, False),
        (True, True, True),
    ],
)
def test_the_cancelled_flag_falls_as_it_rose(before, seen, cancelled):
    assert status.merge(FlightState(cancelled=before), FlightState(cancelled=seen)).cancelled is cancelled


def test_a_flight_that_landed_is_never_cancelled():
    assert not status.merge(FlightState(actual_on=ON), FlightState(cancelled=True)).cancelled
    assert not status.merge(FlightState(), FlightState(cancelled=True, actual_on=ON)).cancelled


def test_a_diversion_stays():
    after = status.merge(FlightState(diverted=True, diverted_to="KTPA"), FlightState())
    assert (after.diverted, after.diverted_to) == (True, "KTPA")


def test_the_belt_and_gate_of_the_booked_city_do_not_follow_a_diverted_flight():
    """Else the welcome at the other airport sends the traveller to a belt of the booked one."""
    before = FlightState(
        actual_off=OFF, estimated_in=IN, gate_destination="D40", terminal_destination="N", baggage_claim="7"
    )
    original = snapshot(replace(before, diverted=True), fa_flight_id="one")
    leg = snapshot(
        FlightState(estimated_on=ON + 2 * HOUR),
        fa_flight_id="one",
        destination_codes=frozenset({"KTPA"}),
        destination_code="KTPA",
    )
    seen = status.match(flight(fa_flight_id="one"), [original, leg])
    after = status.merge(before, seen.state)
    assert (after.diverted_to, after.estimated_on) == ("KTPA", ON + 2 * HOUR)
    assert (after.gate_destination, after.terminal_destination, after.baggage_claim) == (None, None, None)
    assert after.estimated_in is None


# --- compare


def kinds(before, after):
    return [str(change.kind) for change in status.compare(before, after, BOOKED)]


SCHED = FlightState(scheduled_out=BOOKED)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (FlightState(), FlightState(), []),
        (SCHED, SCHED, []),
        (FlightState(), SCHED, ["PHASE"]),
        # A first estimate equal to the schedule is no change (incident 5).
        (SCHED, replace(SCHED, estimated_out=BOOKED), []),
        (SCHED, replace(SCHED, estimated_out=BOOKED + HOUR), ["DEPARTURE_TIME"]),
        (SCHED, replace(SCHED, scheduled_in=IN), ["ARRIVAL_TIME"]),
        (SCHED, replace(SCHED, gate_origin="A13"), ["GATE_ORIGIN"]),
        (SCHED, replace(SCHED, gate_destination="D40"), ["GATE_DESTINATION"]),
        (SCHED, replace(SCHED, terminal_origin="2"), ["TERMINAL_ORIGIN"]),
        (SCHED, replace(SCHED, terminal_destination="N"), ["TERMINAL_DESTINATION"]),
        (SCHED, replace(SCHED, baggage_claim="7"), ["BAGGAGE_CLAIM"]),
        (SCHED, replace(SCHED, cancelled=True), ["PHASE", "CANCELLED"]),
        (replace(SCHED, cancelled=True), SCHED, ["PHASE", "REINSTATED"]),
        (SCHED, replace(SCHED, diverted=True), ["PHASE", "DIVERTED"]),
        (replace(SCHED, diverted=True), replace(SCHED, diverted=True, diverted_to="KTPA"), ["DIVERTED"]),
        (SCHED, replace(SCHED, progress_percent=7), []),
        (SCHED, replace(SCHED, filed_ete_seconds=7), []),
        (
            SCHED,
            replace(SCHED, estimated_out=BOOKED + HOUR, gate_origin="B2", terminal_origin="1"),
            ["DEPARTURE_TIME", "GATE_ORIGIN", "TERMINAL_ORIGIN"],
        ),
    ],
)
def test_every_difference_a_person_would_call_one_is_recorded(before, after, expected):
    assert kinds(before, after) == expected


def test_the_same_instant_in_another_zone_is_no_change():
    buenos_aires = timezone(timedelta(hours=-3))
    local = replace(SCHED, scheduled_out=datetime(2026, 7, 15, 18, tzinfo=buenos_aires))
    assert kinds(SCHED, local) == []


def test_a_change_says_before_and_after_in_canonical_words():
    buenos_aires = timezone(timedelta(hours=-3))
    after = replace(
        SCHED,
        estimated_out=datetime(2026, 7, 15, 19, 30, tzinfo=buenos_aires),
        gate_origin="A13",
        cancelled=True,
        diverted=True,
    )
    said = {change.kind: (change.before, change.after) for change in status.compare(SCHED, after, BOOKED)}
    assert said == {
        StatusChangeKind.PHASE: ("SCHEDULED", "DIVERTED"),
        StatusChangeKind.DEPARTURE_TIME: ("2026-07-15T21:00:00Z", "2026-07-15T22:30:00Z"),
        StatusChangeKind.GATE_ORIGIN: (None, "A13"),
        StatusChangeKind.CANCELLED: ("false", "true"),
        StatusChangeKind.DIVERTED: (None, "UNKNOWN"),
    }


# --- match


def leg(id_, departs=None, route=("SAEZ", "KMIA"), **state):
    origin, destination = route
    out = {"scheduled_out": utc(departs)} if departs else {}
    return snapshot(
        FlightState(**out, **state),
        fa_flight_id=id_,
        origin_codes=frozenset({origin}),
        destination_codes=frozenset({destination} if destination else ()),
        destination_code=destination,
    )


@pytest.mark.parametrize(
    ("legs", "matched"),
    [
        ([], None),
        ([leg("today", "07-15 21:00")], "today"),
        ([leg("tomorrow", "07-16 21:00"), leg("today", "07-15 21:30"), leg("yesterday", "07-14 21:00")], "today"),
        ([leg("other leg", "07-16 07:00", ("KMIA", "KJFK")), leg("today", "07-15 21:00")], "today"),
        ([leg("other leg", "07-15 21:00", ("KMIA", "KJFK"))], None),
        ([leg("other end", "07-15 21:00", ("SAEZ", "KJFK"))], None),
        ([leg("nowhere", "07-15 21:00", ("SAEZ", None))], None),
        ([leg("six hours", "07-16 03:00")], "six hours"),
        ([leg("over six hours", "07-16 03:01")], None),
        ([leg("early", "07-15 20:00"), leg("late", "07-15 22:00")], None),
        ([leg("early", "07-15 20:01"), leg("late", "07-15 22:00")], "early"),
        ([leg("runway only", None, scheduled_off=utc("07-15 21:10"))], "runway only"),
        ([leg("ad hoc", None, actual_off=utc("07-14 21:10")), leg("today", "07-15 21:20")], "today"),
    ],
    ids=[
        "nothing",
        "one",
        "three days of one number",
        "two legs of one number, the other first (incident 43)",
        "another route",
        "another destination",
        "destination unknown",
        "within six hours",
        "too far",
        "equally near",
        "nearest",
        "no gate times",
        "yesterday's without a schedule",
    ],
)
def test_the_flight_that_was_booked_is_found_among_those_of_its_number(legs, matched):
    found = status.match(flight(), legs)
    assert (found.fa_flight_id if found else None) == matched


def test_a_pinned_flight_stays_itself_however_far_it_moves():
    pinned = flight(fa_flight_id="mine")
    found = status.match(pinned, [leg("nearer", "07-15 21:00"), leg("mine", "07-16 09:00")])
    assert found.fa_flight_id == "mine"


def test_a_pinned_flight_that_vanished_is_found_again_by_route_and_time():
    assert status.match(flight(fa_flight_id="gone"), [leg("new id", "07-15 21:00")]).fa_flight_id == "new id"


ORIGINAL = leg("one", "07-15 21:00", actual_off=OFF, diverted=True, estimated_on=ON, gate_destination="D40")
REAL = leg("one", "07-15 21:00", ("SAEZ", "KTPA"), estimated_on=ON + HOUR, actual_on=ON + HOUR, gate_destination="7")


@pytest.mark.parametrize("legs", [[ORIGINAL, REAL], [REAL, ORIGINAL]], ids=["original first", "new leg first"])
@pytest.mark.parametrize("pinned", [None, "one"])
def test_a_diverted_flight_keeps_its_departure_and_arrives_where_it_really_goes(legs, pinned):
    state = status.match(flight(fa_flight_id=pinned), legs).state
    assert (state.diverted, state.diverted_to) == (True, "KTPA")
    assert (state.scheduled_out, state.actual_off) == (BOOKED, OFF)
    assert (state.actual_on, state.estimated_on, state.gate_destination) == (ON + HOUR, ON + HOUR, "7")


def test_of_two_other_legs_the_one_that_leaves_last_is_where_the_aircraft_goes():
    first = leg("one", "07-15 23:00", ("SAEZ", "KTPA"), actual_on=ON)
    last = leg("one", "07-16 08:00", ("KTPA", "KMCO"))
    state = status.match(flight(), [ORIGINAL, last, first]).state
    assert (state.diverted_to, state.actual_on) == ("KMCO", None)


def test_a_hop_from_the_other_airport_to_the_booked_one_is_not_the_original_leg():
    hop = leg("one", "07-16 12:00", ("KTPA", "KMIA"))
    state = status.match(flight(fa_flight_id="one"), [hop, REAL, ORIGINAL]).state
    assert (state.scheduled_out, state.actual_off, state.diverted_to) == (BOOKED, OFF, "KTPA")


def test_a_diversion_to_nobody_knows_where_says_nothing_of_an_arrival():
    state = status.match(flight(), [ORIGINAL]).state
    assert (state.diverted, state.diverted_to) == (True, None)
    assert (state.estimated_on, state.gate_destination) == (None, None)


# --- texts


@pytest.mark.parametrize(
    "text",
    [
        "Scheduled",
        "Scheduled / Delayed",
        "Delayed",
        "Taxiing / Left Gate",
        "Taxiing / Delayed",
        "Left Gate",
        "Returned to Gate",
        "En Route\n    ",
        "En Route / On Time",
        "En Route / Delayed",
        "Landed / Taxiing",
        "Arrived",
        "Arrived / Gate Arrival",
        "Arrived / Delayed",
        "Cancelled\n    ",
        "Diverted",
        "Unknown",
        "result unknown",
        "On The Way!",
        "On The Way! / On Time",
        "On The Way! / Delayed",
        "In Flight / Delayed\n    ",
        "Departed / Delayed",
        "Taxiing / Gate Departure",
        "EN ROUTE / on time",
    ],
)
def test_a_text_met_in_the_wild_is_known(text):
    assert status.is_known_text(text.strip())


@pytest.mark.parametrize("text", ["已到達", "已排班 / Delayed", "Boarding", "", "Delayed /", "Scheduled-Delayed"])
def test_a_new_or_localised_text_is_counted_as_unknown(text):
    assert not status.is_known_text(text)


# --- by hand


def by_hand(at="07-15 12:00", **said):
    corrections = tuple(Correction(field=name, value=value, over=over) for name, (value, over) in said.items())
    return ByHand(corrections=corrections, at=utc(at))


def test_what_an_agent_wrote_stands_while_the_source_says_the_same_as_then():
    seen = flight(FlightState(scheduled_out=BOOKED))
    after = status.corrected(seen, by_hand(estimated_out=(BOOKED + HOUR, None), gate_origin=("B2", None)))
    assert (after.state.estimated_out, after.state.gate_origin) == (BOOKED + HOUR, "B2")
    assert after.best_departure_at == BOOKED + HOUR
    assert after.booked_departure_at == BOOKED


def test_an_agents_word_ends_field_by_field_when_the_source_says_something_new():
    seen = flight(FlightState(scheduled_out=BOOKED, gate_origin="C3"))
    after = status.corrected(seen, by_hand(estimated_out=(BOOKED + HOUR, None), gate_origin=("B2", None)))
    assert (after.state.estimated_out, after.state.gate_origin) == (BOOKED + HOUR, "C3")


def test_without_a_standing_word_the_flight_is_as_the_source_says():
    seen = flight(FlightState(gate_origin="C3"))
    assert status.corrected(seen, ByHand()) is seen
    assert status.corrected(seen, by_hand(gate_origin=("B2", None))) is seen


def test_a_cancellation_an_agent_wrote_counts_as_confirmed_at_once():
    after = status.corrected(flight(), by_hand(cancelled=(True, False)))
    assert after.phase is FlightPhase.CANCELLED
    assert status.cancellation_confirmed(after.state, after.cancelled_seen_at, utc("07-15 12:00"))


def test_an_agent_can_say_that_a_flight_the_source_lost_is_not_cancelled():
    seen = flight(FlightState(scheduled_out=BOOKED, cancelled=True), cancelled_seen_at=utc("07-15 11:00"))
    after = status.corrected(seen, by_hand(cancelled=(False, True)))
    assert (after.phase, after.cancelled_seen_at) == (FlightPhase.SCHEDULED, None)


# --- how a trip stands


@pytest.mark.parametrize(
    ("phase", "watch", "departs_in", "archived", "expected"),
    [
        ("SCHEDULED", "DEPARTURE", 181 * MINUTE, False, "UPCOMING"),
        ("UNKNOWN", "DEPARTURE", 10 * HOUR, False, "UPCOMING"),
        ("SCHEDULED", "DEPARTURE", 180 * MINUTE, False, "DEPARTING"),
        ("SCHEDULED", "DEPARTURE", -10 * MINUTE, False, "DEPARTING"),
        ("TAXIING_OUT", "LANDING", 9 * HOUR, False, "DEPARTING"),
        ("AIRBORNE", "LANDING", -HOUR, False, "IN_FLIGHT"),
        ("AIRBORNE", "DONE", -HOUR, False, "LOST"),
        ("SCHEDULED", "DONE", -20 * HOUR, False, "LOST"),
        ("LANDED", "DONE", -HOUR, False, "LANDED"),
        ("ARRIVED", "DONE", -HOUR, False, "LANDED"),
        ("CANCELLED", "DONE", -HOUR, False, "CANCELLED"),
        ("DIVERTED", "LANDING", -HOUR, False, "DIVERTED"),
        ("LANDED", "DONE", -HOUR, True, "ARCHIVED"),
    ],
)
def test_a_trip_stands_as_the_agency_would_say(phase, watch, departs_in, archived, expected):
    now = utc("07-15 12:00")
    watched = flight(phase=FlightPhase(phase), watch=Watch(watch), best_departure_at=now + departs_in)
    assert status.trip_status(watched, archived=archived, now=now) is TripStatus(expected)
