"""What the rules of an earlier system got wrong, in values alone; the journeys tell the rest."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from tests.travel.values import BOOKED, HOUR, MINUTE, Desk, flight, quiet_desk, settings, trip, utc
from travel import airports, audience, catalogue, timing, touchdown, wording
from travel.model import FlightState, Language, Tells
from travel.model import NotificationType as Type


def test_one_piece_of_news_is_the_same_before_and_after_the_hour_strikes():
    """10:59, 11:00 and 11:01 were three messages: the key held the clock's hour."""
    desk = quiet_desk(flight=flight(FlightState(scheduled_out=BOOKED, estimated_out=BOOKED + HOUR)))
    hashes = {
        step.hash
        for moment in ("07-14 23:59", "07-15 10:59", "07-15 11:00", "07-15 11:01")
        for step in audience.plan(desk.case(utc(moment)))
    }
    assert len(hashes) == 1


def test_a_first_estimate_that_equals_the_timetable_is_no_news():
    desk = quiet_desk()
    assert desk.step(utc("07-15 12:00"), estimated_out=None) == []
    assert desk.step(utc("07-15 12:05"), estimated_out=BOOKED) == []


@pytest.mark.parametrize("language", list(Language))
def test_a_reminder_says_nothing_of_a_weather_that_nobody_asked_for(language):
    """Where no forecast was had, a constant "good weather" stood in the message."""
    words = re.compile(
        r"weather|forecast|sunny|clima|tiempo será|buen tiempo|pronóstico|previsão|tempo bom|°", re.IGNORECASE
    )
    for (_, tongue), body in catalogue.TEXTS.items():
        assert tongue is not language or not words.search(body), body
    assert catalogue.VARIABLES[Type.REMINDER_24H] == ("name", "flight", "destination", "departure")
    reminder = wording.message(
        Type.REMINDER_24H,
        Tells(),
        trip=trip(language=language),
        flight=flight(),
        settings=settings(),
        template=None,
    )
    assert not words.search(reminder.body)


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        ("07-16 02:58", "15 July, 23:58 (EZE)"),
        ("07-16 02:59", "15 July, 23:59 (EZE)"),
        ("07-16 03:00", "16 July, 00:00 (EZE)"),
        ("2027-01-01 02:58", "31 December, 23:58 (EZE)"),
    ],
)
def test_a_departure_two_minutes_before_midnight_is_told_as_it_is(instant, shown):
    """Rounded to five minutes by putting 60 into the minutes, 23:58 was an exception."""
    assert wording.local(utc(instant), "SAEZ", Language.EN, long=False) == shown


@pytest.mark.parametrize(
    ("departure", "due"),
    [
        ("07-16 03:30", "07-16 02:00"),
        ("2027-01-01 00:10", "2026-12-31 22:40"),
        ("2028-03-01 00:00", "2028-02-29 22:30"),
    ],
)
def test_boarding_of_a_flight_shortly_after_midnight_is_told_the_day_before(departure, due):
    assert timing.boarding_due(utc(departure), settings()) == utc(due)


def test_every_airport_that_can_be_booked_has_a_clock_of_its_own():
    """Airports missing in a table of thirty were taken for UTC, and Rome was one of them."""
    codes = [
        "FCO",
        "SIN",
        "KTM",
        "EZE",
        "MIA",
        "LHR",
        "APW",
        "PPG",
        "GRU",
        "AEP",
        "SCL",
        "MVD",
        "JFK",
        "MAD",
        "NRT",
        "SYD",
    ]
    zones = {code: airports.get(code).timezone for code in codes}
    assert zones["FCO"] == "Europe/Rome"
    assert zones["SIN"] == "Asia/Singapore"
    assert zones["KTM"] == "Asia/Kathmandu"
    assert not {"UTC", "Etc/UTC", "GMT"} & set(zones.values())
    assert all(ZoneInfo(zone) for zone in zones.values())
    table, _ = airports._tables()
    broken = {code for code, row in table.items() if row["tz"] and not ZoneInfo(row["tz"])}
    assert broken == set()
    assert sum(1 for code, row in table.items() if row["iata"] and airports.find(code) is None) < 20


def test_the_nights_of_a_traveller_are_those_of_the_origin_before_and_of_the_destination_after():
    from_rome = flight(origin="LIRF", destination="KJFK")
    assert timing.zone_at_origin(from_rome, settings()) == "Europe/Rome"
    assert timing.zone_at_destination(from_rome, settings()) == "America/New_York"
    desk = Desk(
        flight=replace(from_rome, state=FlightState(scheduled_out=BOOKED)), trip=trip(created_at=utc("07-10 21:30"))
    )
    desk.look(utc("07-10 21:30"))  # 23:30 in Rome
    assert desk.waiting(Type.RESERVATION_CONFIRMATION).due_at == utc("07-11 07:00")


@pytest.mark.parametrize("minutes", [0, 5, 12, 14])
def test_gates_and_terminals_moving_around_an_unmoved_departure_bring_no_word_of_a_delay(minutes):
    desk = quiet_desk(trip=trip(first_gate="A13"))
    seen = {"terminal_origin": "2", "gate_destination": "D4", "baggage_claim": "7", "filed_ete_seconds": 7 * 3600}
    said = desk.step(utc("07-15 12:00"), estimated_out=BOOKED + minutes * MINUTE, **seen)
    assert said == []


@pytest.mark.parametrize(
    ("known", "at"),
    [
        ({"filed_ete_seconds": 9 * 3600}, BOOKED + 9 * HOUR),
        ({"scheduled_off": BOOKED - HOUR, "scheduled_on": BOOKED + 7 * HOUR}, BOOKED + 8 * HOUR),
        ({"scheduled_in": BOOKED + 7 * HOUR}, BOOKED + 7 * HOUR - 10 * MINUTE),
        ({}, None),
    ],
    ids=["filed time in the air", "timetable", "gate by the timetable", "nothing"],
)
def test_a_landing_without_an_estimate_is_expected_by_what_is_known_or_not_at_all(known, at):
    """Four, eight or twelve hours were guessed from the letters of the airports' codes."""
    expected = touchdown.expected(FlightState(actual_off=BOOKED, **known), BOOKED + HOUR, 15 * MINUTE)
    assert (expected.at if expected else None) == at
