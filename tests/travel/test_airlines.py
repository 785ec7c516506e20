import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import travel
from travel import airlines, airports

TABLE = list(csv.DictReader(Path(travel.__path__[0], "airlines.csv").read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize(
    ("typed", "ident", "shown"),
    [
        ("AA1141", "AAL1141", "AA1141"),
        ("AAL1141", "AAL1141", "AA1141"),
        ("AR1304", "ARG1304", "AR1304"),
        ("BA820", "BAW820", "BA820"),
        ("SQ321", "SIA321", "SQ321"),
        ("DL790", "DAL790", "DL790"),
        ("AV112", "AVA112", "AV112"),
        # Designators with a digit (aeroapi.md, quirk 6).
        ("G33234", "GLO3234", "G33234"),
        ("B61234", "JBU1234", "B61234"),
        ("U28001", "EZY8001", "U28001"),
        ("5O123", "FPO123", "5O123"),
        ("3K501", "JSA501", "3K501"),
        # Leading zeros are decoration, letters behind the number are not.
        ("AR0012", "ARG12", "AR12"),
        ("BA0001A", "BAW1A", "BA1A"),
        # Outside the table it stays what it was.
        ("ZZZ77", "ZZZ77", None),
        ("ZX77", "ZX77", "ZX77"),
        (" aa\t1141\n", "AAL1141", "AA1141"),
        ("Aa-1141", "AAL1141", "AA1141"),
    ],
)
def test_one_flight_has_one_ident_and_is_shown_as_passengers_read_it(typed, ident, shown):
    assert airlines.canonical(typed) == ident
    assert airlines.iata(ident) == shown


@pytest.mark.parametrize(
    "typed",
    ["", " ", "AA", "1141", "AA0", "AA0000", "AA12345", "AAAA1", "A1", "11411", "AA1141AB", "AA-", "ÀA11", "AA١١"],
)
def test_what_is_no_flight_number_has_no_ident(typed):
    assert airlines.canonical(typed) is None


@pytest.mark.parametrize("ident", ["", "?", "AAAA1", "AA12345"])
def test_what_is_no_ident_is_not_shown(ident):
    assert airlines.iata(ident) is None


def test_every_airline_of_the_table_is_found_by_either_designator():
    assert len(TABLE) > 500
    for row in TABLE:
        assert airlines.canonical(f"{row['iata']}7") == f"{row['icao']}7", row
        assert airlines.canonical(f"{row['icao']}7") == f"{row['icao']}7", row
        assert airlines.iata(f"{row['icao']}7") == f"{row['iata']}7", row


@given(st.text(max_size=12) | st.from_regex(r"[A-Za-z0-9 -]{2,9}", fullmatch=True))
def test_an_ident_made_canonical_twice_is_the_same(typed):
    ident = airlines.canonical(typed)
    if ident is not None:
        assert airlines.canonical(ident) == ident
        shown = airlines.iata(ident)
        assert shown is None or airlines.canonical(shown) == ident


# --- airports


@pytest.mark.parametrize(
    ("code", "icao", "shown", "city", "zone"),
    [
        ("EZE", "SAEZ", "EZE", "Ezeiza", "America/Argentina/Buenos_Aires"),
        ("saez", "SAEZ", "EZE", "Ezeiza", "America/Argentina/Buenos_Aires"),
        (" mia ", "KMIA", "MIA", "Miami", "America/New_York"),
        ("SIN", "WSSS", "SIN", "Singapore", "Asia/Singapore"),
        ("FCO", "LIRF", "FCO", "Rome", "Europe/Rome"),
        ("LHR", "EGLL", "LHR", "London", "Europe/London"),
        ("KTM", "VNKT", "KTM", "Kathmandu", "Asia/Kathmandu"),
    ],
)
def test_an_airport_is_found_by_either_code_in_any_case(code, icao, shown, city, zone):
    airport = airports.find(code)
    assert (airport.code, airport.shown, airport.city, airport.timezone) == (icao, shown, city, zone)


def test_an_airport_without_an_iata_code_is_shown_by_its_icao_code():
    airport = airports.find("KEDW")
    assert airport is not None
    assert airport.shown == (airport.iata or "KEDW")
    without = airports.find("SA05") or airports.find("00AK")
    assert without.iata is None
    assert without.shown == without.code


@pytest.mark.parametrize("code", ["", " ", "XXX", "QQQQ", "E", "EZEIZA", "É", "EZ\x00"])
def test_an_unknown_code_is_no_airport(code):
    assert airports.find(code) is None
    with pytest.raises(LookupError, match="No airport"):
        airports.get(code)


def test_a_known_code_is_got():
    assert airports.get("EZE").code == "SAEZ"
