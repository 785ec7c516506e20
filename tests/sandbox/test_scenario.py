import json
from datetime import UTC, datetime, timedelta

import phonenumbers
import pytest

from sandbox import scenario
from sandbox.scenario import AgencySettings, Scenario, ScenarioError, Traveller

LINE = {
    "fa_flight_id": "ARG1303-1700000000-airline-0001",
    "ident": "ARG1303",
    "ident_icao": "ARG1303",
    "ident_iata": "AR1303",
    "origin": "AEP",
    "destination": "SACO",
    "scheduled_out": "2026-03-01T12:00:00Z",
    "scheduled_off": "2026-03-01T12:10:00Z",
    "visible_from": "2026-02-27T12:00:00Z",
    "timeline": [],
}


def at(text):
    return datetime.fromisoformat(f"2026-03-01T{text}:00+00:00")


def play(*timeline, **fields):
    return Scenario().add([LINE | fields | {"timeline": list(timeline)}])[0]


def gate(flight, instant):
    return scenario.raw_at(flight, instant).fields.get("gate_origin")


def test_the_later_step_wins_in_whatever_order_the_steps_are_written():
    flight = play(
        {"at": "2026-03-01T11:00:00Z", "set": {"gate_origin": "A2"}},
        {"at": "2026-03-01T10:00:00Z", "set": {"gate_origin": "A1"}},
        {"at": "2026-03-01T11:30:00Z", "set": {"gate_origin": None}},
    )
    seen = [gate(flight, at(time)) for time in ("09:59", "10:00", "10:59", "11:00", "11:29", "11:30")]
    assert seen == [None, "A1", "A1", "A2", "A2", None]


def test_of_two_steps_at_one_instant_the_one_written_later_wins():
    step = {"at": "2026-03-01T10:00:00Z"}
    flight = play(step | {"set": {"gate_origin": "A1"}}, step | {"set": {"gate_origin": "A2"}})
    assert gate(flight, at("10:00")) == "A2"


def test_a_step_may_set_nothing():
    flight = play({"at": "2026-03-01T10:00:00Z"}, {"at": "2026-03-01T10:01:00Z", "set": {}})
    assert scenario.raw_at(flight, at("10:02")).fields == scenario.raw_at(flight, at("09:00")).fields


def test_a_flight_is_unknown_before_it_is_visible_and_after_it_is_gone():
    flight = play({"at": "2026-03-01T13:00:00+02:00", "gone": True}, {"at": "2026-03-01T11:30:00Z", "gone": False})
    first = datetime(2026, 2, 27, 12, tzinfo=UTC)
    assert scenario.raw_at(flight, first - timedelta(seconds=1)) is None
    assert scenario.raw_at(flight, first) is not None
    assert scenario.raw_at(flight, at("10:59")) is not None
    assert scenario.raw_at(flight, at("11:00")) is None
    assert scenario.raw_at(flight, at("11:30")) is not None
    assert flight.moments == (first, at("11:00"), at("11:30"))


def test_without_visible_from_a_flight_was_always_known():
    assert scenario.raw_at(play(visible_from=None), datetime(1970, 1, 1, tzinfo=UTC)) is not None


def test_a_replaced_id_holds_from_its_instant_on():
    flight = play({"at": "2026-03-01T10:00:00Z", "replace_id": "ARG1303-1700000001-airline-0002"})
    assert scenario.raw_at(flight, at("09:59")).fields["fa_flight_id"] == LINE["fa_flight_id"]
    assert scenario.raw_at(flight, at("10:00")).fields["fa_flight_id"] == "ARG1303-1700000001-airline-0002"


def test_an_instance_is_kept_under_every_name_it_ever_bears():
    played = Scenario()
    steps = [
        {"at": "2026-03-01T10:00:00Z", "set": {"registration": "LV-CHO", "codeshares": ["AFR3985"]}},
        {"at": "2026-03-01T11:00:00Z", "replace_id": "ARG1303-1700000001-airline-694p"},
    ]
    [flight] = played.add([LINE | {"timeline": steps}])
    names = (
        "ar1303",
        "ARG1303",
        "LV-CHO",
        "AFR3985",
        LINE["fa_flight_id"],
        "ARG1303-1700000001-airline-694p",
    )
    assert [played.under(name) for name in names] == [[flight]] * 6
    assert played.under("AR1304") == []


def test_lines_are_added_all_or_none():
    played = Scenario()
    with pytest.raises(ScenarioError, match=r"^lines:2: timeline missing$"):
        played.add([LINE, {key: value for key, value in LINE.items() if key != "timeline"}])
    assert played.flights == []
    played.add([json.dumps(LINE), "", LINE])
    assert len(played.flights) == 2


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "one JSON object"),
        (LINE | {"ident": ""}, "ident must be a text"),
        (LINE | {"registration": 7}, "registration must be a text or null"),
        (LINE | {"gate_origin": 7}, "gate_origin must be a text or null"),
        (LINE | {"cancelled": "yes"}, "cancelled must be true, false or null"),
        (
            LINE | {"timeline": [{"at": "2026-03-01T12:00:00Z", "set": {"terminal_origin": 4}}]},
            r"timeline\[0\]: terminal_origin must be a text",
        ),
        (LINE | {"codeshares": "AFR1"}, "codeshares must be a list of texts or null"),
        (LINE | {"origin": 7}, "origin must be the code of an airport or null"),
        (LINE | {"timeline": {}}, "timeline must be a list"),
        (LINE | {"scheduled_out": "2026-03-01T12:00:00"}, "scheduled_out.*needs an offset"),
        (LINE | {"scheduled_out": 1}, "scheduled_out: 1 is no ISO 8601 instant"),
        (LINE | {"scheduled_out": None, "scheduled_off": None}, "scheduled_out may be null only where"),
        (LINE | {"visible_from": "soon"}, "visible_from: 'soon'"),
        (LINE | {"timeline": [{"set": {}}]}, r"timeline\[0\] must be an object with `at`"),
        (LINE | {"timeline": [{"at": "2026-03-01T12:00:00Z", "set": []}, 7]}, r"timeline\[1\] must be"),
        (LINE | {"timeline": [{"at": "2026-03-01T12:00:00Z", "set": [1]}]}, r"timeline\[0\]: set must be"),
        (LINE | {"timeline": [{"at": "2026-03-01T12:00:00Z", "gone": 1}]}, "gone must be true or false"),
        (
            LINE | {"timeline": [{"at": "2026-03-01T12:00:00Z", "set": {"actual_on": "?"}}]},
            "actual_on: '\\?'",
        ),
    ],
)
def test_a_bad_line_is_refused_with_file_and_line_number(tmp_path, line, complaint):
    path = tmp_path / "flights.jsonl"
    path.write_text(f"{json.dumps(LINE)}\n\n{line if isinstance(line, str) else json.dumps(line)}\n")
    with pytest.raises(ScenarioError, match=rf"flights\.jsonl:3: .*{complaint}"):
        Scenario.load(path)


def test_a_file_that_is_no_utf_8_is_refused_by_name(tmp_path):
    path = tmp_path / "flights.jsonl"
    path.write_bytes(b'{"ident": "\xff"}')
    with pytest.raises(ScenarioError, match=r"flights\.jsonl: not UTF-8"):
        Scenario.load(path)


def test_a_file_with_a_byte_order_mark_and_letters_beyond_ascii_is_read(tmp_path):
    path = tmp_path / "flights.jsonl"
    path.write_text(json.dumps(LINE | {"route": "ÑANDÚ"}, ensure_ascii=False), encoding="utf-8-sig")
    assert Scenario.load(path).flights[0].fields["route"] == "ÑANDÚ"


def test_the_truth_of_a_landing_is_the_touchdown_and_when_it_was_shown():
    flight = play(
        {"at": "2026-03-01T13:12:00Z", "set": {"actual_on": "2026-03-01T13:10:00Z"}},
        {"at": "2026-03-01T13:20:00Z", "set": {"actual_on": "2026-03-01T13:11:00Z"}},
    )
    landing = scenario.landing(flight)
    assert (landing.touchdown_at, landing.shown_at) == (at("13:11"), at("13:12"))
    assert scenario.landing(play()) is None


def test_only_a_cancellation_that_was_not_taken_back_counts():
    cancelled = {"at": "2026-03-01T10:00:00Z", "set": {"cancelled": True}}
    assert scenario.ends_cancelled(play(cancelled))
    assert not scenario.ends_cancelled(play(cancelled, {"at": "2026-03-01T11:00:00Z", "set": {"cancelled": False}}))


def test_travellers_and_settings_stand_in_one_file_in_any_order(tmp_path):
    ana = {
        "agency": "north",
        "traveller": "Ana Pérez",
        "phone": "+5491155550101",
        "language": "es",
        "ident": "AA1141",
        "origin": "JFK",
        "destination": "MIA",
        "departure": "2013-09-04T05:40",
        "booked_at": "2013-09-02T15:00:00Z",
    }
    settings = {"agency": "north", "settings": {"quietHoursStart": "21:00"}}
    path = tmp_path / "travellers.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in (ana, settings)))
    assert scenario.load_travellers(path) == [
        Traveller(**ana | {"booked_at": datetime(2013, 9, 2, 15, tzinfo=UTC)}),
        AgencySettings(agency="north", settings={"quietHoursStart": "21:00"}),
    ]
    path.write_text(json.dumps(ana | {"phone": 5, "origin": ""}))
    with pytest.raises(ScenarioError, match=r"travellers\.jsonl:1: phone, origin must be a text"):
        scenario.load_travellers(path)


def test_without_a_file_each_flight_has_one_traveller_and_a_diversion_leg_none():
    other = LINE | {"fa_flight_id": "other", "ident_iata": None, "visible_from": None}
    turned = {"at": "2026-03-01T12:40:00Z", "set": {"diverted": True}}
    leg = LINE | {"destination": "SAAR", "visible_from": "2026-03-01T12:40:00Z"}
    nowhere = LINE | {"fa_flight_id": "nowhere", "origin": None}
    played = Scenario()
    played.add([leg, LINE | {"timeline": [turned]}, nowhere, other])
    booked, second = scenario.one_each(played)
    assert (booked.agency, booked.ident, booked.origin, booked.destination) == (
        "demo",
        "AR1303",
        "AEP",
        "SACO",
    )
    assert booked.departure == "2026-03-01T12:00:00Z"
    assert booked.booked_at == datetime(2026, 2, 27, 12, tzinfo=UTC)
    assert (second.ident, second.booked_at) == ("ARG1303", datetime(2026, 2, 26, 12, tzinfo=UTC))
    assert scenario.one_each(played) == [booked, second]


def test_phones_are_distinct_and_valid():
    numbers = [scenario.phone(number) for number in [*range(5000), *range(9_990, 10_010), *range(99_990, 100_000)]]
    assert len(set(numbers)) == len(numbers)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)
