"""When a flight that has left is expected to touch down, and whose word that is."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.travel.values import utc
from travel import touchdown
from travel.model import FlightState

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OUT = utc("07-15 12:00")
OFF, ON, IN = OUT + 10 * MINUTE, OUT + 3 * HOUR, OUT + 3 * HOUR + 8 * MINUTE
"""A timetable with 2 h 50 in the air and a taxi of eight minutes."""
TAXI = 15 * MINUTE
NOW = OUT + HOUR
TABLE = {"scheduled_out": OUT, "scheduled_off": OFF, "scheduled_on": ON, "scheduled_in": IN}
FLYING = {**TABLE, "actual_out": OUT, "actual_off": OFF}


def expected(now=NOW, **times):
    return touchdown.expected(FlightState(**times), now, TAXI)


def said(now=NOW, **times):
    """The touchdown and whether the source reckoned it."""
    found = expected(now, **times)
    return None if found is None else (found.at, found.is_reckoned)


@pytest.mark.parametrize(
    ("changes", "at", "is_reckoned"),
    [
        pytest.param({}, ON, False, id="only the timetable"),
        pytest.param({"estimated_on": ON}, ON, False, id="an estimate equal to the timetable"),
        pytest.param({"estimated_on": ON - 12 * MINUTE}, ON - 12 * MINUTE, True, id="an estimate that moved"),
        pytest.param({"estimated_on": ON + 40 * MINUTE}, ON + 40 * MINUTE, True, id="an estimate that moved on"),
        pytest.param({"estimated_on": ON + timedelta(seconds=30)}, ON, False, id="moved by no more than rounding"),
        pytest.param({"estimated_on": OFF - HOUR}, ON, False, id="an estimate older than the take-off"),
        pytest.param({"estimated_on": OFF + 59 * MINUTE}, ON, False, id="an estimate that nobody could fly"),
        pytest.param({"estimated_on": OFF + 60 * MINUTE}, OFF + 60 * MINUTE, True, id="short, and possible"),
        pytest.param({"estimated_in": IN}, ON, False, id="the gate as by the timetable"),
        pytest.param({"estimated_in": IN - 20 * MINUTE}, ON - 20 * MINUTE, True, id="only the gate's moved"),
        pytest.param({"estimated_in": IN + 3 * MINUTE}, ON, False, id="a gate time moved by a longer taxi"),
        pytest.param(
            {"estimated_on": ON, "estimated_in": IN - 20 * MINUTE},
            ON - 20 * MINUTE,
            True,
            id="the runway's stood still",
        ),
        pytest.param(
            {"estimated_on": ON + 5 * MINUTE, "estimated_in": IN - 20 * MINUTE},
            ON + 5 * MINUTE,
            True,
            id="the runway's before the gate's",
        ),
        pytest.param({"actual_off": OFF + HOUR}, ON + HOUR, False, id="took off late, and the timetable knows nothing"),
        pytest.param(
            {"actual_off": OFF + HOUR, "estimated_on": ON + HOUR}, ON + HOUR, False, id="the source only adds, as we do"
        ),
        pytest.param(
            {"actual_off": OFF + 4 * HOUR, "estimated_on": ON + MINUTE},
            ON + 4 * HOUR,
            False,
            id="an estimate of before the delay",
        ),
        pytest.param({"filed_ete_seconds": 2 * 3600}, OFF + 2 * HOUR, False, id="the filed time in the air counts"),
        pytest.param({"filed_ete_seconds": 0}, ON, False, id="a filed time of nothing does not"),
    ],
)
def test_in_the_air_the_sources_reckoning_counts_and_else_the_timetable(changes, at, is_reckoned):
    assert said(**{**FLYING, **changes}) == (at, is_reckoned)


@pytest.mark.parametrize(
    ("minutes_since_out", "off_in"),
    [
        pytest.param(0, 15, id="just off the gate"),
        pytest.param(10, 5, id="on its way to the runway"),
        pytest.param(15, 0, id="it should be off"),
        pytest.param(180, 0, id="three hours on the apron: it cannot have taken off yet"),
    ],
)
def test_off_the_gate_it_flies_for_its_time_after_a_taxi_and_from_now_at_the_earliest(minutes_since_out, off_in):
    now = OUT + minutes_since_out * MINUTE
    found = expected(now, **TABLE, actual_out=OUT)
    assert (found.at, found.is_reckoned) == (now + off_in * MINUTE + 170 * MINUTE, False)
    assert found.in_air == 170 * MINUTE


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        pytest.param({"estimated_on": ON}, ON, id="a touchdown"),
        pytest.param({"scheduled_on": ON}, ON, id="by the timetable"),
        pytest.param({"scheduled_in": IN}, IN - 10 * MINUTE, id="a gate"),
        pytest.param(
            {"estimated_in": IN + HOUR, "scheduled_in": IN}, IN + 50 * MINUTE, id="an estimate of the gate first"
        ),
        pytest.param({"estimated_on": OFF - HOUR, "scheduled_on": ON}, ON, id="none before the take-off"),
        pytest.param({"estimated_on": OUT - HOUR, "scheduled_in": IN}, IN - 10 * MINUTE, id="then the gate"),
    ],
)
@pytest.mark.parametrize("left", [{"actual_off": OFF}, {"actual_out": OUT}], ids=["in the air", "off the gate"])
def test_where_only_an_arrival_is_known_it_counts(left, changes, at):
    assert expected(**left, **changes).at == at


@pytest.mark.parametrize(
    "times",
    [
        {"actual_off": OFF},
        {"actual_out": OUT},
        {"actual_off": OFF, "estimated_on": OFF - MINUTE},
        {"actual_off": OFF, "scheduled_on": OFF},
        {"actual_off": OFF, "scheduled_in": OFF + 10 * MINUTE},
        {"actual_off": OFF, "filed_ete_seconds": 0},
        {"actual_out": OUT, "scheduled_on": NOW - MINUTE},
        {},
    ],
)
def test_where_nothing_allows_to_say_nobody_guesses(times):
    assert expected(**times) is None


@pytest.mark.parametrize("ete", [None, 7200])
def test_an_estimate_counts_though_the_source_knows_no_timetable(ete):
    found = said(actual_off=OFF, filed_ete_seconds=ete, estimated_on=ON - 20 * MINUTE)
    assert found == (ON - 20 * MINUTE, True)


INSTANTS = st.none() | st.integers(-3000, 3000).map(lambda minutes: NOW + minutes * MINUTE)
MOMENTS = [f"{kind}_{what}" for kind in ("scheduled", "estimated", "actual") for what in ("out", "off", "on", "in")]


@given(times=st.fixed_dictionaries(dict.fromkeys(MOMENTS, INSTANTS)), ete=st.none() | st.integers(-5, 60_000))
def test_nothing_touches_down_before_it_takes_off(times, ete):
    found = expected(**times, filed_ete_seconds=ete)
    if found is not None:
        assert found.in_air > timedelta()
        assert found.at > (times["actual_off"] or NOW)
