"""Every text a traveller can read is kept in texts.txt and compared.

After a wanted change of wording: `REWRITE_TEXTS=1 .venv/bin/python -m pytest tests/travel/test_wording.py`, then read the diff.
"""

import os
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.travel.values import BOOKED, HOUR, flight, settings, trip, utc
from travel import catalogue, wording
from travel.model import Feature, FlightState, Language, MessageTemplate, Tells
from travel.model import NotificationType as Type

KEPT = Path(__file__).with_name("texts.txt")
HOTEL = "Hotel Colón, Av. 9 de Julio 1"
NEW = Tells(departure_at=utc("07-15 22:35"))

CASES = {
    "RESERVATION_CONFIRMATION": (Type.RESERVATION_CONFIRMATION, Tells(), {}),
    "REMINDER_24H": (Type.REMINDER_24H, Tells(), {}),
    "DELAYED": (Type.DELAYED, NEW, {}),
    "EARLIER": (Type.EARLIER, Tells(departure_at=utc("07-15 20:05")), {}),
    "GATE_CHANGE": (Type.GATE_CHANGE, Tells(gate="A14"), {}),
    "CANCELLED": (Type.CANCELLED, Tells(), {}),
    "REINSTATED": (Type.REINSTATED, NEW, {}),
    "DIVERTED": (Type.DIVERTED, Tells(airport="KTPA"), {"diverted": True, "diverted_to": "KTPA"}),
    "DIVERTED, nobody knows where": (Type.DIVERTED, Tells(), {"diverted": True}),
    "BOARDING": (Type.BOARDING, Tells(), {"gate_origin": "B2"}),
    "BOARDING, gate unknown": (Type.BOARDING, Tells(), {}),
    "LANDING_WELCOME": (Type.LANDING_WELCOME, Tells(airport="KMIA"), {"lodging": HOTEL}),
    "LANDING_WELCOME, no lodging": (Type.LANDING_WELCOME, Tells(airport="KMIA"), {}),
    "LANDING_WELCOME, belt": (
        Type.LANDING_WELCOME,
        Tells(airport="KMIA"),
        {"lodging": HOTEL, "baggage_claim": "7", "features": {Feature.BAGGAGE_IN_WELCOME: True}},
    ),
    "LANDING_WELCOME, diverted": (
        Type.LANDING_WELCOME,
        Tells(airport="KTPA"),
        {"lodging": HOTEL, "diverted": True, "diverted_to": "KTPA"},
    ),
}


def said(type_, tells=None, language=Language.ES, template=None, **more):
    tells = tells or Tells()
    features = more.pop("features", {})
    person = trip(language=language, lodging=more.pop("lodging", None), traveller_name=more.pop("name", "Ana Pérez"))
    route = {key: more.pop(key) for key in ("ident", "origin", "destination") if key in more}
    state = FlightState(**{"scheduled_out": BOOKED, **more})
    return wording.message(
        type_,
        tells,
        trip=person,
        flight=flight(state, **route),
        settings=settings(features=features),
        template=template,
    )


def every_text():
    lines = []
    for language in Language:
        for name, (type_, tells, more) in CASES.items():
            body = said(type_, tells, language, **more).body
            lines.append(f"[{language}] {name}\n{body}\n")
        test = wording.test_message("Viajes del Sur", language, None).body
        lines.append(f"[{language}] TEST\n{test}\n")
    return "\n".join(lines)


def test_every_text_is_worded_as_it_was_agreed():
    if os.environ.get("REWRITE_TEXTS"):
        KEPT.write_text(every_text(), encoding="utf-8")
    assert every_text() == KEPT.read_text(encoding="utf-8"), __doc__


def test_the_cases_above_hold_every_type():
    assert {type_ for type_, _, _ in CASES.values()} == set(Type) - {Type.TEST}


# --- the catalogue


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("type_", list(Type))
def test_a_text_names_each_of_its_variables_once_and_no_other(type_, language):
    text = catalogue.TEXTS[type_, language]
    found = sorted(re.findall(r"\{\{(\d+)\}\}", text))
    assert found == [str(number) for number in range(1, len(catalogue.VARIABLES[type_]) + 1)]
    assert re.sub(r"\{\{\d\}\}", "", text).count("{") == 0


@pytest.mark.parametrize("text", catalogue.TEXTS.values())
def test_no_text_begins_or_ends_with_a_placeholder_that_whatsapp_would_reject(text):
    assert not text.rstrip().endswith("}}")
    assert text[-1] in ".!"


@pytest.mark.parametrize(("name", "phrases"), catalogue.PHRASES.items())
def test_a_phrase_stands_in_every_language(name, phrases):
    assert set(phrases) == set(Language)
    takes_a_value = name in ("gate", "lodging", "baggage")
    assert all(("{0}" in phrase) == takes_a_value for phrase in phrases.values())


@pytest.mark.parametrize("text", [*catalogue.TEXTS.values()])
def test_a_text_and_its_longest_values_fit_into_one_whatsapp_message(text):
    """Names of 120 characters, a lodging of 300: still below Twilio's 1,600."""
    assert len(text) + 120 + 300 + 200 < 1600


# --- times


@pytest.mark.parametrize(
    ("instant", "airport", "language", "long", "text"),
    [
        ("07-15 17:32", "SAEZ", "ES", False, "15 de julio, 14:32 (EZE)"),
        ("07-15 17:32", "SAEZ", "ES", True, "miércoles 15 de julio, 14:32 (EZE)"),
        ("07-15 17:32", "SAEZ", "EN", True, "Wednesday 15 July, 14:32 (EZE)"),
        ("07-15 17:32", "SAEZ", "PT", True, "quarta-feira 15 de julho, 14:32 (EZE)"),
        ("07-15 17:32", "KMIA", "EN", False, "15 July, 13:32 (MIA)"),
        ("01-15 17:32", "KMIA", "EN", False, "15 January, 12:32 (MIA)"),
        ("07-15 22:05", "EGLL", "EN", False, "15 July, 23:05 (LHR)"),
        ("01-15 22:05", "EGLL", "EN", False, "15 January, 22:05 (LHR)"),
        ("07-15 22:05", "LIRF", "EN", False, "16 July, 00:05 (FCO)"),
        ("07-15 01:00", "WSSS", "EN", False, "15 July, 09:00 (SIN)"),
        ("07-15 20:00", "VNKT", "EN", False, "16 July, 01:45 (KTM)"),
        ("2026-03-08 06:59", "KJFK", "EN", False, "8 March, 01:59 (JFK)"),
        ("2026-03-08 07:00", "KJFK", "EN", False, "8 March, 03:00 (JFK)"),
        ("2026-11-01 05:30", "KJFK", "EN", False, "1 November, 01:30 (JFK)"),
        ("2026-11-01 06:30", "KJFK", "EN", False, "1 November, 01:30 (JFK)"),
        ("2013-09-04 10:05", "KJFK", "ES", True, "miércoles 4 de septiembre, 06:05 (JFK)"),
        # West of the date line and east of it, on the same instant.
        ("07-15 10:30", "NSFA", "EN", False, "15 July, 23:30 (APW)"),
        ("07-15 10:30", "NSTU", "EN", False, "14 July, 23:30 (PPG)"),
    ],
)
def test_a_time_is_local_to_its_airport_and_names_it(instant, airport, language, long, text):
    """Incidents 92, 93, 95, 100."""
    assert wording.local(utc(instant), airport, Language(language), long=long) == text


def test_a_time_at_a_place_outside_the_table_says_that_it_is_utc():
    assert wording.local(utc("07-15 17:32"), "NOWHERE", Language.EN, long=False) == "15 July, 17:32 (UTC)"


@given(
    airport=st.sampled_from(["SAEZ", "KMIA", "EGLL", "WSSS", "VNKT", "NSFA", "YSSY", "KJFK", "SCEL"]),
    minutes=st.integers(0, 525_599),
)
def test_a_time_read_by_the_clocks_of_the_airport_is_the_instant_that_was_meant(airport, minutes):
    zones = {
        "SAEZ": "America/Argentina/Buenos_Aires",
        "KMIA": "America/New_York",
        "EGLL": "Europe/London",
        "WSSS": "Asia/Singapore",
        "VNKT": "Asia/Kathmandu",
        "NSFA": "Pacific/Apia",
        "YSSY": "Australia/Sydney",
        "KJFK": "America/New_York",
        "SCEL": "America/Santiago",
    }
    instant = utc("2026-01-01 00:00") + minutes * HOUR / 60
    text = wording.local(instant, airport, Language.EN, long=False)
    day, clock = text.rsplit(" (", 1)[0].split(", ")
    years = (2025, 2026, 2027)
    readings = [datetime.strptime(f"{day} {year} {clock}", "%d %B %Y %H:%M") for year in years]  # noqa: DTZ007
    meant = [
        each.replace(tzinfo=ZoneInfo(zones[airport]), fold=fold).astimezone(ZoneInfo("UTC"))
        for each in readings
        for fold in (0, 1)
    ]
    assert instant in meant


# --- what a message knows


@pytest.mark.parametrize("type_", [Type.RESERVATION_CONFIRMATION, Type.REMINDER_24H, Type.BOARDING])
def test_a_message_that_waited_tells_the_departure_of_the_moment_it_leaves(type_):
    """Incidents 19 and 77."""
    message = said(type_, Tells(departure_at=BOOKED), Language.EN, estimated_out=BOOKED + HOUR)
    assert "15 July, 19:00 (EZE)" in message.body
    assert message.tells.departure_at == BOOKED + HOUR


def test_a_boarding_message_names_the_gate_of_the_moment_it_leaves():
    """Incident 75."""
    message = said(Type.BOARDING, Tells(), Language.EN, gate_origin="D16")
    assert "Gate D16." in message.body
    assert message.tells == Tells(departure_at=BOOKED, gate="D16")


@pytest.mark.parametrize("type_", [Type.DELAYED, Type.EARLIER, Type.REINSTATED])
def test_news_tells_what_was_decided_not_what_came_since(type_):
    message = said(type_, NEW, Language.EN, estimated_out=BOOKED + 9 * HOUR)
    assert "19:35 (EZE)" in message.body
    assert message.tells == NEW


def test_the_flight_is_named_as_passengers_read_it():
    assert "AR1304" in said(Type.CANCELLED).body
    assert "ZZZ77" in said(Type.CANCELLED, ident="ZZZ77").body


def test_an_airport_without_a_city_or_table_row_is_named_by_what_is_known():
    message = said(Type.DIVERTED, Tells(airport="NEAR NOWHERE"), Language.EN, diverted=True)
    assert "diverted to NEAR NOWHERE." in message.body


def test_a_diverted_traveller_is_not_sent_to_a_hotel_in_another_city():
    body = said(Type.LANDING_WELCOME, lodging=HOTEL, diverted=True, diverted_to="KTPA").body
    assert HOTEL not in body
    assert "Tampa" in body
    assert "Miami" not in body


def test_the_belt_is_told_only_where_the_agency_wants_it():
    assert "7" not in said(Type.LANDING_WELCOME, baggage_claim="7").body


def test_a_message_can_be_worded_in_another_language_than_the_trip():
    message = wording.message(
        Type.CANCELLED,
        Tells(),
        trip=trip(),
        flight=flight(),
        settings=settings(),
        template=None,
        language=Language.PT,
    )
    assert "foi cancelado" in message.body


# --- templates and variables


def template(**changes):
    return MessageTemplate(
        **{"type": Type.GATE_CHANGE, "language": Language.ES, "content_sid": None, "body": None}
        | {"updated_at": BOOKED}
        | changes
    )


def test_an_agencys_own_wording_replaces_the_catalogues():
    own = template(body="¡{{1}}! Puerta {{3}}, {{3}}, {{3}}. Vuelo {{2}}.")
    message = said(Type.GATE_CHANGE, Tells(gate="A14"), template=own)
    assert message.body == "¡Ana Pérez! Puerta A14, A14, A14. Vuelo AR1304."
    assert message.content_sid is None


def test_a_template_of_twilio_goes_out_with_its_variables_in_order_and_the_text_for_the_open_window():
    message = said(Type.GATE_CHANGE, Tells(gate="A14"), template=template(content_sid="HX" + "a" * 32))
    assert message.content_sid == "HX" + "a" * 32
    assert message.variables == ("Ana Pérez", "AR1304", "A14")
    assert message.body.startswith("Ana Pérez, cambió la puerta")


def test_the_test_message_can_be_worded_by_the_agency_too():
    own = template(body="Prueba de {{1}}.", content_sid="HX" + "b" * 32)
    message = wording.test_message("Viajes\ndel   Sur", Language.ES, own)
    assert (message.body, message.content_sid) == ("Prueba de Viajes del Sur.", "HX" + "b" * 32)
    assert (message.variables, message.tells) == (("Viajes del Sur",), Tells())


@pytest.mark.parametrize("type_", [type_ for type_ in Type if type_ is not Type.TEST])
def test_as_many_variables_go_out_as_the_catalogue_names(type_):
    assert len(said(type_, Tells(departure_at=BOOKED, gate="A1")).variables) == len(catalogue.VARIABLES[type_])


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Ana Pérez", "Ana Pérez"),
        ("  Ana   Pérez  ", "Ana Pérez"),
        ("Hotel Colón\r\nAv. 9 de Julio\t1", "Hotel Colón Av. 9 de Julio 1"),
        ("a\u2028b\u00a0c\u3000d\x0be", "a b c d e"),
        ("", ""),
    ],
)
def test_newlines_and_runs_of_spaces_never_reach_a_variable(raw, clean):
    """Twilio refuses them with 63013."""
    assert wording.clean(raw) == clean


@given(name=st.text(max_size=40), lodging=st.text(max_size=40), gate=st.text(min_size=1, max_size=10))
def test_whatever_is_typed_no_variable_holds_a_newline_or_a_run_of_spaces(name, lodging, gate):
    for type_ in (Type.LANDING_WELCOME, Type.GATE_CHANGE, Type.BOARDING):
        message = said(type_, Tells(gate=gate), name=name, lodging=lodging, gate_origin=gate, baggage_claim=gate)
        assert all(not re.search(r"[\r\n\t]| {2}", each) for each in message.variables)


def test_a_name_that_looks_like_a_placeholder_stays_a_name():
    assert wording.fill("{{1}} / {{2}}", ("{{2}}", "x")) == "{{2}} / x"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        ("nothing", set()),
        ("{{1}} {{3}} {{2}}", {1, 2, 3}),
        ("{{12}}", {12}),
        ("{{00}}", {0}),
        ("{{name}} {1}", set()),
    ],
)
def test_every_placeholder_of_a_text_is_found(text, found):
    assert wording.placeholders(text) == found


def test_a_gate_with_braces_does_not_break_a_message():
    assert "Gate {0}." in said(Type.BOARDING, language=Language.EN, gate_origin="{0}").body
