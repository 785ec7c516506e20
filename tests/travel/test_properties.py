"""What holds of the rules whatever the source says, and whenever."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.travel.values import BOOKED, HOUR, MINUTE, Desk, flight, quiet_desk, settings, snapshot, utc
from travel import status, timing
from travel.model import FlightPhase, FlightState, NotificationStatus, StatusChangeKind
from travel.model import NotificationType as Type

THRESHOLD = 15 * MINUTE

# --- what was told


def last_read(desk: Desk) -> datetime:
    return [BOOKED, *(tells.departure_at for _, tells in desk.read if tells.departure_at)][-1]


LOOKS = st.lists(st.tuples(st.integers(1, 240), st.integers(-120, 400)), min_size=1, max_size=15)


@given(looks=LOOKS)
@example(looks=[(20, 10 * step) for step in range(1, 10)])
@example(looks=[(10, late) for late in [4, -4] * 7])
@example(looks=[(1, 120), (1, 20), (1, -30)])
@example(looks=[(1, 14), (1, 28), (1, 42), (1, 56)])
def test_after_every_look_the_traveller_knows_the_departure_to_the_quarter_hour(looks):
    """At once, or ten minutes after the last such message where the departure only went further off."""
    desk, now, heard_at = quiet_desk(), utc("07-14 12:00"), None
    for gap, late in looks:
        now += gap * MINUTE
        departure = BOOKED + late * MINUTE
        desk.look(now, estimated_out=departure)
        if desk.hand_over(now):
            heard_at = now
        wrong_by = departure - last_read(desk)
        waiting = [row for row in desk.rows if row.status is NotificationStatus.PENDING]
        if not waiting:
            assert abs(wrong_by) < THRESHOLD
            continue
        [row] = waiting
        assert row.type is Type.DELAYED
        assert wrong_by >= THRESHOLD, "a flight that moves earlier does not wait"
        assert departure - now > HOUR
        assert heard_at is not None
        assert now < row.due_at <= heard_at + 10 * MINUTE
        later = replace(desk, rows=list(desk.rows), read=list(desk.read))
        later.step(row.due_at)
        assert abs(departure - last_read(later)) < THRESHOLD


@given(looks=LOOKS)
def test_no_two_messages_in_a_row_say_the_same_departure_to_the_quarter_hour(looks):
    desk, now = quiet_desk(), utc("07-14 12:00")
    for gap, late in looks:
        now += gap * MINUTE
        desk.step(now, estimated_out=BOOKED + late * MINUTE)
    said = [BOOKED, *(tells.departure_at for _, tells in desk.read)]
    for (before, after), (type_, _) in zip(pairwise(said), desk.read, strict=True):
        assert abs(after - before) >= THRESHOLD
        assert type_ is (Type.DELAYED if after > before else Type.EARLIER)


# --- states

INSTANTS = st.none() | st.integers(-300, 1200).map(lambda minutes: BOOKED + minutes * MINUTE)
PLACES = st.none() | st.sampled_from(["A13", "A14", "B2"])
STATES = st.builds(
    FlightState,
    **{
        f"{kind}_{what}": INSTANTS
        for kind in ("scheduled", "estimated", "actual")
        for what in ("out", "off", "on", "in")
    },
    gate_origin=PLACES,
    gate_destination=PLACES,
    terminal_origin=PLACES,
    terminal_destination=PLACES,
    baggage_claim=PLACES,
    cancelled=st.booleans(),
    diverted=st.booleans(),
    diverted_to=st.none() | st.sampled_from(["KTPA", "KMCO"]),
    filed_ete_seconds=st.none() | st.integers(600, 50_000),
    progress_percent=st.none() | st.integers(0, 100),
)
SPARSE = st.fixed_dictionaries(
    {},
    optional={
        "actual_out": INSTANTS,
        "actual_off": INSTANTS,
        "actual_on": INSTANTS,
        "actual_in": INSTANTS,
        "cancelled": st.booleans(),
        "diverted": st.booleans(),
        "diverted_to": st.none() | st.sampled_from(["KTPA", "KMCO"]),
        "estimated_out": INSTANTS,
    },
).map(lambda said: FlightState(**said))
SEEN = (STATES | SPARSE).map(
    # Where a diversion goes to is known of a diverted flight only.
    lambda state: replace(state, diverted=state.diverted or state.diverted_to is not None)
)


@given(state=SEEN)
def test_a_flight_that_stayed_as_it_was_has_no_changes(state):
    assert status.compare(state, state, BOOKED) == ()


def shown(state: FlightState) -> dict[str, str | None]:
    """What an agent sees of a state, read off its fields."""

    def instant(at: datetime | None) -> str | None:
        return at and at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def first(*values: datetime | None) -> datetime | None:
        return next((value for value in values if value is not None), None)

    departure = first(
        state.actual_out,
        state.estimated_out,
        state.scheduled_out,
        state.actual_off,
        state.estimated_off,
        state.scheduled_off,
        BOOKED,
    )
    arrival = first(
        state.actual_in, state.estimated_in, state.scheduled_in, state.actual_on, state.estimated_on, state.scheduled_on
    )
    return {
        "PHASE": str(status.phase(state)),
        "DEPARTURE_TIME": instant(departure),
        "ARRIVAL_TIME": instant(arrival),
        "GATE_ORIGIN": state.gate_origin,
        "GATE_DESTINATION": state.gate_destination,
        "TERMINAL_ORIGIN": state.terminal_origin,
        "TERMINAL_DESTINATION": state.terminal_destination,
        "BAGGAGE_CLAIM": state.baggage_claim,
        "CANCELLED": "true" if state.cancelled else "false",
        "DIVERTED": (state.diverted_to or "UNKNOWN") if state.diverted else None,
    }


@given(states=st.lists(SEEN, min_size=1, max_size=6))
def test_who_reads_the_history_from_its_beginning_arrives_at_the_present(states):
    seen = shown(status.UNKNOWN)
    for before, after in zip([status.UNKNOWN, *states], states, strict=False):
        for change in status.compare(before, after, BOOKED):
            kind = "CANCELLED" if change.kind is StatusChangeKind.REINSTATED else str(change.kind)
            assert change.before == seen[kind], "a change begins where the one before it ended"
            assert change.after != change.before
            seen[kind] = change.after
    assert seen == shown(states[-1])


ACTUAL = ("actual_out", "actual_off", "actual_on", "actual_in")


@given(before=SEEN, seen=SEEN)
def test_what_happened_stays_happened_but_for_a_return_to_the_gate_and_another_airport(before, seen):
    after = status.merge(before, seen)
    in_the_air_or_down = any(
        getattr(state, name) for state in (before, seen) for name in ("actual_off", "actual_on", "actual_in")
    )
    elsewhere = (seen.diverted and not before.diverted) or (
        seen.diverted_to is not None and seen.diverted_to != before.diverted_to
    )
    for name in ACTUAL:
        if getattr(seen, name) is not None:
            assert getattr(after, name) == getattr(seen, name), "a correction counts"
        elif getattr(before, name) is None:
            assert getattr(after, name) is None, "nothing happens by itself"
        elif name == "actual_out" and not in_the_air_or_down:
            assert after.actual_out is None, "it returned to its gate"
        elif name in ("actual_on", "actual_in") and elsewhere:
            assert getattr(after, name) is None, "that landing was at an airport it did not go to"
        else:
            assert getattr(after, name) == getattr(before, name)
    assert after.diverted == (before.diverted or seen.diverted)
    assert not (after.cancelled and status.landed(after))


@given(before=SEEN, seen=SEEN)
def test_the_same_answer_twice_is_no_news_the_second_time(before, seen):
    # A landing that the source takes back by a diversion, and a flag that rises in the same answer, are two steps.
    assume(not (status.landed(before) and seen.diverted))
    once = status.merge(before, seen)
    assert status.merge(once, seen) == once
    assert status.compare(once, status.merge(once, seen), BOOKED) == ()


@given(state=SEEN)
def test_a_phase_that_is_over_is_decided_by_what_happened_and_by_no_flag(state):
    if state.actual_on or state.actual_in:
        assert status.phase(state) in (FlightPhase.LANDED, FlightPhase.ARRIVED)
    if not (state.actual_on or state.actual_in):
        assert status.phase(state) not in (FlightPhase.LANDED, FlightPhase.ARRIVED)


# --- which leg

ROUTES = st.sampled_from(
    [("SAEZ", "KMIA"), ("SAEZ", "KTPA"), ("KTPA", "KMIA"), ("KMIA", "SAEZ"), ("SAEZ", None), (None, "KMIA")]
)


@st.composite
def leg(draw):
    """One leg of an answer. The flag of a diversion stands on the leg that was to go where it was booked."""
    origin, destination = draw(ROUTES)
    minutes = draw(st.sampled_from([-1440, -361, -360, -60, 0, 60, 360, 361, 1440]))
    diverted = (origin, destination) == ("SAEZ", "KMIA") and draw(st.booleans())
    return snapshot(
        FlightState(scheduled_out=BOOKED + minutes * MINUTE, diverted=diverted),
        fa_flight_id=draw(st.sampled_from(["one", "two"])),
        origin_codes=frozenset({origin} if origin else ()),
        destination_codes=frozenset({destination} if destination else ()),
        destination_code=destination,
    )


LEGS = st.lists(leg(), max_size=5)


def of_the_route(leg):
    return "SAEZ" in leg.origin_codes and "KMIA" in leg.destination_codes


def one(route, minutes=0):
    origin, destination = route
    return snapshot(
        FlightState(scheduled_out=BOOKED + minutes * MINUTE),
        fa_flight_id="one",
        origin_codes=frozenset({origin}),
        destination_codes=frozenset({destination}),
        destination_code=destination,
    )


HOP_LISTED_FIRST = [one(("KTPA", "KMIA"), 360), one(("SAEZ", "KMIA"))]
"""The way on from another airport is known, and the flag of the diversion is not up yet."""


@given(legs=LEGS)
@example(legs=HOP_LISTED_FIRST)
def test_a_leg_of_another_route_is_never_taken_for_the_flight_that_was_booked(legs):
    found = status.match(flight(), legs)
    if found is not None:
        assert of_the_route(found)
        near = [leg for leg in legs if of_the_route(leg) and abs(leg.state.scheduled_out - BOOKED) <= 6 * HOUR]
        assert found.fa_flight_id in {leg.fa_flight_id for leg in near}
        nearest = min(abs(leg.state.scheduled_out - BOOKED) for leg in near)
        own = [abs(leg.state.scheduled_out - BOOKED) for leg in near if leg.fa_flight_id == found.fa_flight_id]
        assert min(own) == nearest


@given(legs=LEGS)
@example(legs=HOP_LISTED_FIRST)
def test_the_order_of_the_list_decides_nothing(legs):
    # Of one id there are two legs of the booked route only where the source contradicts itself.
    route = [leg.fa_flight_id for leg in legs if of_the_route(leg)]
    assume(len(route) == len(set(route)))
    for pinned in (None, "one"):
        first, second = (status.match(flight(fa_flight_id=pinned), each) for each in (legs, legs[::-1]))
        assert (first and first.fa_flight_id) == (second and second.fa_flight_id)
        if first and second and of_the_route(first):
            assert of_the_route(second)


@given(legs=LEGS)
@example(legs=HOP_LISTED_FIRST)
def test_a_pinned_flight_is_never_exchanged_for_another_while_it_is_there(legs):
    found = status.match(flight(fa_flight_id="one"), legs)
    if any(leg.fa_flight_id == "one" for leg in legs):
        assert found is not None
        assert found.fa_flight_id == "one"
        if any(leg.fa_flight_id == "one" and of_the_route(leg) for leg in legs):
            assert of_the_route(found)


# --- the reminder

ZONES = st.sampled_from(
    [
        "America/Argentina/Buenos_Aires",
        "America/New_York",
        "Europe/London",
        "Europe/Madrid",
        "America/Santiago",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
    ]
)
OF_THE_DAY = st.times(time(0), time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))
OF_THE_YEAR = st.integers(0, 525_599).map(lambda minutes: utc("01-01 00:00") + minutes * MINUTE)


def is_night(instant: datetime, zone: str, start: time, end: time) -> bool:
    """By counting minutes of the day, unlike the code."""
    local = instant.astimezone(ZoneInfo(zone))
    minute, first, last = (each.hour * 60 + each.minute for each in (local, start, end))
    return (minute - first) % 1440 < (last - first) % 1440


@given(zone=ZONES, departure=OF_THE_YEAR, start=OF_THE_DAY, end=OF_THE_DAY, ahead=st.integers(24 * 60, 30 * 24 * 60))
@example(zone="America/New_York", departure=utc("03-09 08:00"), start=time(2, 30), end=time(23), ahead=5000)
def test_who_books_more_than_a_day_ahead_is_reminded_by_day_and_before_the_departure(
    zone, departure, start, end, ahead
):
    """Unless the agency allows less than six hours of a day."""
    chosen = settings(quiet_hours_start=start, quiet_hours_end=end)
    due = timing.reminder_due(departure, zone, chosen, departure - ahead * MINUTE)
    assert due >= departure - ahead * MINUTE
    assert not is_night(due, zone, start, end)
    quiet = ((end.hour - start.hour) * 60 + end.minute - start.minute) % 1440
    if quiet <= 17 * 60:
        # The morning comes within 17 hours, or 18 in the night that has one more.
        assert timedelta(hours=6) <= departure - due <= timedelta(hours=24)
    if ahead >= 49 * 60 or quiet <= 17 * 60:
        assert due < departure


@given(zone=ZONES, at=OF_THE_YEAR, start=OF_THE_DAY, end=OF_THE_DAY)
@example(zone="America/New_York", at=utc("03-08 09:00"), start=time(2, 30), end=time(9))
@example(zone="America/New_York", at=utc("11-01 09:00"), start=time(1, 30), end=time(9))
def test_the_last_allowed_minute_lies_behind_and_outside_the_quiet_hours(zone, at, start, end):
    allowed = timing.allowed_until(at, zone, settings(quiet_hours_start=start, quiet_hours_end=end))
    assert allowed <= at
    assert not is_night(allowed, zone, start, end)
    assert at - allowed <= timedelta(hours=25)
