from datetime import UTC, datetime, timedelta, timezone

import phonenumbers
import pytest

from sandbox import demo, scenario
from sandbox.aeroapi.record import known_airport
from sandbox.scenario import AgencySettings, Scenario

START = datetime(2026, 9, 20, 22, 3, 20, tzinfo=timezone(timedelta(hours=-3)))


@pytest.fixture
def played():
    made = Scenario()
    made.add(demo.demo_lines(START))
    return made


@pytest.fixture
def people():
    return scenario.parse_travellers(demo.demo_travellers(START))


def test_many_things_happen_in_the_first_hour_and_more_in_the_second(played):
    in_hour = dict.fromkeys(range(2), 0)
    for flight in played.flights:
        for moment in flight.moments:
            hour = (moment - START) // timedelta(hours=1)
            if hour in in_hour:
                in_hour[hour] += 1
    landings = [landing.shown_at for flight in played.flights if (landing := scenario.landing(flight))]
    assert in_hour[0] >= 20
    assert in_hour[1] >= 10
    assert sum(START < shown_at < START + timedelta(hours=1) for shown_at in landings) >= 5
    assert sum(START < shown_at < START + timedelta(minutes=90) for shown_at in landings) >= 9


def test_every_kind_of_event_is_there(played):
    changes = [(flight, step.changes) for flight in played.flights for step in flight.steps]
    early = [f.ident for f, c in changes if c.get("estimated_out", f.departure_at) < f.departure_at]
    assert early == ["LPE2025"]
    grown = [c["estimated_out"] for f, c in changes if f.ident == "ARG1688" and "estimated_out" in c]
    assert len(grown) == 3
    assert grown == sorted(grown)
    assert sum("gate_origin" in c for _, c in changes) >= 3
    assert [f.ident for f in played.flights if scenario.ends_cancelled(f)] == ["ARG1640"]
    assert [f.ident for f, c in changes if c.get("cancelled") is False] == ["LAN1402"]
    assert [f.ident for f, c in changes if c.get("diverted")] == ["ARG1474"]


def test_the_diversion_is_a_pair_with_one_id_and_one_departure(played):
    first, second = played.under("AR1474")
    assert first.fa_flight_id == second.fa_flight_id
    assert (first.fields["destination"], second.fields["destination"]) == ("SANT", "SACO")
    turned_at = next(step.at for step in first.steps if step.changes.get("diverted"))
    assert second.visible_from == turned_at
    later = turned_at + timedelta(seconds=1)
    off = [scenario.raw_at(leg, later).fields["actual_off"] for leg in (first, second)]
    assert off[0] == off[1] < turned_at
    assert scenario.landing(first) is None
    assert scenario.landing(second).touchdown_at > turned_at


def test_every_flight_is_consistent(played):
    for flight in played.flights:
        fields = flight.fields
        order = [fields[f"scheduled_{what}"] for what in ("out", "off", "on", "in")]
        assert order == sorted(set(order)), flight.ident
        assert known_airport(fields["origin"]), flight.ident
        assert known_airport(fields["destination"]), flight.ident
        ends = scenario.raw_at(flight, START + timedelta(days=5)).fields
        actual = [ends[key] for key in ("actual_out", "actual_off", "actual_on", "actual_in") if key in ends]
        assert actual == sorted(set(actual)), flight.ident
        for step in flight.steps:
            assert all(v <= step.at for k, v in step.changes.items() if k.startswith("actual_")), flight.ident
            assert all(v > step.at for k, v in step.changes.items() if k == "estimated_out"), flight.ident


def test_every_traveller_can_still_be_booked_on_the_flight_named(played, people):
    settings, *travellers = people
    assert isinstance(settings, AgencySettings)
    assert len(travellers) >= 36
    assert {one.language for one in travellers} == {"es", "en", "pt"}
    assert {one.agency for one in people} == {"Norte Viajes"}
    assert len({one.phone for one in travellers}) == len(travellers)
    for one in travellers:
        departure = datetime.fromisoformat(one.departure)
        assert departure >= START + timedelta(minutes=5)
        assert phonenumbers.is_valid_number(phonenumbers.parse(one.phone))
        assert one.phone[-7:-2] == "55501"
        flights = [f for f in played.under(one.ident) if f.departure_at == departure]
        assert len(flights) == 1
        assert known_airport(flights[0].fields["origin"])["iata"] == one.origin
        assert known_airport(flights[0].fields["destination"])["iata"] == one.destination


def test_several_booked_flights_leave_and_land_soon(played, people):
    booked = {one.ident for one in people[1:]}
    soon = [
        flight
        for flight in played.originals()
        if flight.fields["ident_iata"] in booked
        and timedelta(minutes=5) <= flight.departure_at - START <= timedelta(minutes=21)
        and (landing := scenario.landing(flight))
        and landing.shown_at - START <= timedelta(minutes=90)
    ]
    assert len(soon) >= 6


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_the_demo_never_begins_in_quiet_hours(hour):
    start = datetime(2026, 9, 20, hour, 30, tzinfo=UTC)
    settings = demo.demo_travellers(start)[0]["settings"]
    begins, ends = (int(settings[key][:2]) for key in ("quietHoursStart", "quietHoursEnd"))
    local = start.astimezone(demo.HOME).hour
    assert (local - begins) % 24 >= (ends - begins) % 24 == 6
    assert (begins - local) % 24 >= 8
