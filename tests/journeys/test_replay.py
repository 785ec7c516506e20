"""`bauhaus replay`: any scenario through the whole system, the same at every run."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.replay import command
from cli.replay.command import Rules, Wish
from cli.replay.play import ReplayError, columns
from cli.replay.truth import flight_of, truth_of
from sandbox.scenario import Scenario

NOON = datetime(2026, 3, 12, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def line(number: int, departs: datetime, *steps: tuple[float, dict[str, Any]]) -> dict[str, Any]:
    """A flight of two hours; steps are minutes after its departure."""
    times = {"out": 0, "off": 10, "on": 110, "in": 120}
    return {
        "fa_flight_id": f"AAL{number}-1-airline-0001",
        "ident": f"AAL{number}",
        "ident_iata": f"AA{number}",
        "origin": "KJFK",
        "destination": "KMIA",
        **{f"scheduled_{name}": text(departs + after * MINUTE) for name, after in times.items()},
        "timeline": [
            {
                "at": text(departs + at * MINUTE),
                "set": {
                    name: text(departs + value * MINUTE)
                    if isinstance(value, int | float) and not isinstance(value, bool)
                    else value
                    for name, value in changes.items()
                },
            }
            for at, changes in steps
        ],
    }


FLOWN = ((1, {"actual_out": 0}), (11, {"actual_off": 10, "estimated_on": 108}), (107, {"actual_on": 106}))
DAY = [
    line(1, NOON, *FLOWN),
    line(
        2,
        NOON + 60 * MINUTE,
        (-120, {"estimated_out": 40, "estimated_off": 50, "estimated_on": 150, "estimated_in": 160}),
        (41, {"actual_out": 40}),
        (51, {"actual_off": 50, "estimated_on": 149}),
        (149, {"actual_on": 148}),
    ),
    line(3, NOON + 30 * MINUTE, (-300, {"cancelled": True})),
]


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Three flights: one on time, one delayed by 40 minutes, one cancelled five hours ahead."""
    file = tmp_path / "flights.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in DAY), encoding="utf-8")
    return file


def played(flights: Path, folder: Path, rules: Rules | None = None, travellers: Path | None = None, **wish: Any) -> Any:
    """The report and the ledger."""
    asked = {"since": None, "until": None, "owner_url": None, "pushes": False, **wish}
    report, ledger = folder / "report.json", folder / "ledger.jsonl"
    command.run(Wish(flights=flights, travellers=travellers, **asked), rules, report, ledger)
    return json.loads(report.read_text()), [json.loads(each) for each in ledger.read_text().splitlines()]


def test_a_day_is_told_as_the_scenario_says_it(day: Path, tmp_path: Path) -> None:
    report, ledger = played(day, tmp_path)
    assert (report["flights"], report["travellers"]) == (3, 3)
    assert {name: report["landings"][name] for name in ("true", "detected", "within_120_s")} == {
        "true": 2,
        "detected": 2,
        "within_120_s": 2,
    }
    assert report["changes"]["DELAYED"]["true"] == report["changes"]["DELAYED"]["told"] == 1
    assert report["changes"]["CANCELLED"]["true"] == report["changes"]["CANCELLED"]["told"] == 1
    assert report["departures"] == {"true": 2, "within_threshold": 2, "not_shown": 0, "missed": 0}
    assert report["messages"] == {
        "BOARDING": 2,
        "CANCELLED": 1,
        "DELAYED": 1,
        "LANDING_WELCOME": 2,
        "REMINDER_24H": 3,
        "RESERVATION_CONFIRMATION": 3,
    }
    assert (report["duplicates"], report["unsettled"], report["refused"]) == (0, 0, 0)
    assert report["aeroapi"]["cost_usd"] == round(report["aeroapi"]["result_sets"] * 0.005, 2)
    delayed = next(each for each in ledger if each["type"] == "DELAYED")
    assert (delayed["ident"], delayed["value"]) == ("AAL2", text(NOON + 100 * MINUTE))
    assert list(delayed) == ["at", "agency", "to", "type", "ident", "value", "body", "sid"]


def test_two_runs_tell_the_same_at_the_same_moments(day: Path, tmp_path: Path) -> None:
    (first, told), (second, told_again) = (played(day, tmp_path) for _ in range(2))
    differ = {"wall_s"}
    assert {name: value for name, value in first.items() if name not in differ} == {
        name: value for name, value in second.items() if name not in differ
    }
    known = ("at", "to", "type", "ident", "value", "body")
    assert [[each[name] for name in known] for each in told] == [[each[name] for name in known] for each in told_again]


def test_a_higher_threshold_is_compared_side_by_side_before_anybody_lives_with_it(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Console(record=True, width=120)
    monkeypatch.setattr(command, "Console", lambda: shown)
    rules = Rules(settings={"delayThresholdMinutes": 60, "quietHoursStart": "23:00"}, timing={"near": 50})
    report, _ = played(day, tmp_path, rules)
    assert "DELAYED" not in report["messages"]
    assert report["as_it_is"]["messages"]["DELAYED"] == 1
    assert report["departures"]["missed"] == 0, "what a setting keeps silent was not missed"
    assert "DELAYED" not in report["changes"]
    printed = shown.export_text()
    assert "as it is" in printed
    assert "with the change" in printed


def test_travellers_with_settings_of_their_agency_are_booked_when_they_book(day: Path, tmp_path: Path) -> None:
    travellers = tmp_path / "travellers.jsonl"
    ana = {"agency": "north", "traveller": "Ana Pérez", "phone": "+5491155550101", "language": "es"}
    flight = {"ident": "AA2", "origin": "JFK", "destination": "MIA", "departure": "2026-03-12T12:00"}
    lines = [
        {**ana, **flight, "booked_at": text(NOON - timedelta(hours=30))},
        {**ana, **flight, "phone": "no phone", "booked_at": text(NOON - timedelta(hours=20))},
        {"agency": "north", "settings": {"reminder24hEnabled": False}},
    ]
    travellers.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    report, ledger = played(day, tmp_path, travellers=travellers)
    assert (report["flights"], report["travellers"], report["refused"]) == (1, 1, 1)
    assert [each["type"] for each in ledger] == ["RESERVATION_CONFIRMATION", "DELAYED", "BOARDING", "LANDING_WELCOME"]
    assert report["suppressed"].get("TYPE_DISABLED") == 1


def test_a_flight_that_a_line_and_a_traveller_write_in_two_ways_is_one(tmp_path: Path) -> None:
    flights, travellers = tmp_path / "flights.jsonl", tmp_path / "travellers.jsonl"
    bare = {name: value for name, value in line(1, NOON, *FLOWN).items() if name not in ("ident_icao", "ident_iata")}
    flights.write_text(json.dumps(bare), encoding="utf-8")
    ana = {"agency": "north", "traveller": "Ana Pérez", "phone": "+5491155550101", "language": "es"}
    booked = {"ident": "AA1", "origin": "JFK", "destination": "MIA", "departure": text(NOON)}
    travellers.write_text(json.dumps({**ana, **booked, "booked_at": text(NOON - timedelta(hours=30))}))
    report, _ = played(flights, tmp_path, travellers=travellers)
    assert (report["flights"], report["landings"]["within_120_s"]) == (1, 1)
    assert report["departures"]["within_threshold"] == 1


def test_who_believes_a_flight_cancelled_that_leaves_was_told_nothing_true(tmp_path: Path) -> None:
    flights = tmp_path / "flights.jsonl"
    back = line(1, NOON, (-300, {"cancelled": True}), (-3, {"cancelled": False}), *FLOWN)
    flights.write_text(json.dumps(back), encoding="utf-8")
    report, ledger = played(flights, tmp_path)
    assert "CANCELLED" in [each["type"] for each in ledger]
    assert report["departures"] == {"true": 1, "within_threshold": 0, "not_shown": 0, "missed": 1}


def test_a_cancellation_that_is_taken_back_is_counted_where_it_had_been_told(tmp_path: Path) -> None:
    flights = tmp_path / "flights.jsonl"
    told = line(1, NOON, (-300, {"cancelled": True}), (-150, {"cancelled": False}), *FLOWN)
    silent = line(2, NOON + 600 * MINUTE, (-700, {"cancelled": True}), (-694, {"cancelled": False}), *FLOWN)
    flights.write_text("".join(json.dumps(each) + "\n" for each in (told, silent)), encoding="utf-8")
    report, ledger = played(flights, tmp_path)
    assert [each["ident"] for each in ledger if each["type"] == "REINSTATED"] == ["AAL1"]
    back = report["changes"]["REINSTATED"]
    assert (back["true"], back["told"]) == (1, 1)
    assert report["changes"]["CANCELLED"]["true"] == 2
    assert report["cancellations"] == {"true": 0, "told": 0, "false_uncorrected": 0}


def test_a_field_that_aeroapi_does_not_have_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flights = tmp_path / "flights.jsonl"
    misspelt = line(1, NOON, (-60, {"estimatedout": 20}), (-50, {"estimatedout": 30, "canceled": None}), *FLOWN)
    misspelt["timeline"].append({"at": text(NOON), "sett": {"gate_origin": "7"}})
    flights.write_text(json.dumps(misspelt), encoding="utf-8")
    played(flights, tmp_path)
    said = [each for each in capsys.readouterr().out.splitlines() if "no field of AeroAPI" in each]
    assert [each.split(": ")[1] for each in said] == ["estimatedout (2 ×)", "canceled (1 ×)", "timeline[].sett (1 ×)"]


def test_pushes_save_more_than_a_third_of_the_looks_even_where_much_is_pushed(day: Path, tmp_path: Path) -> None:
    alone, _ = played(day, tmp_path)
    pushed, _ = played(day, tmp_path, pushes=True)
    assert pushed["aeroapi"]["pushes"] > 0
    assert pushed["aeroapi"]["result_sets"] < 2 / 3 * alone["aeroapi"]["result_sets"]
    assert pushed["landings"]["within_120_s"] == 2


def test_a_departure_that_creeps_after_a_gate_was_pushed_is_told_all_the_same(tmp_path: Path) -> None:
    """The look for the gate shows ten minutes; twelve more are no push, and the flight leaves within them."""
    flights = tmp_path / "flights.jsonl"
    creeps = line(
        1,
        NOON,
        (-240, {"gate_origin": "C72"}),
        (-5, {"gate_origin": "D4", "estimated_out": 10}),
        (5, {"estimated_out": 22}),
        (23, {"actual_out": 22}),
        (33, {"actual_off": 32, "estimated_on": 130}),
        (131, {"actual_on": 130}),
    )
    flights.write_text(json.dumps(creeps), encoding="utf-8")
    report, ledger = played(flights, tmp_path, pushes=True)
    assert report["departures"] == {"true": 1, "within_threshold": 1, "not_shown": 0, "missed": 0}
    delayed = [each["at"] for each in ledger if each["type"] == "DELAYED"]
    assert delayed == [text(NOON + 14 * MINUTE)]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("", "no flight"), ("{", "flights.jsonl:1"), ('{"ident": "X"}', "missing"), ("[]", "JSON object")],
)
def test_a_scenario_that_cannot_be_played_says_which_line_and_why(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "flights.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ReplayError, match=complaint):
        played(file, tmp_path)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"colour": "red"}, "colour"),
        ({"quietHoursStart": "25:00"}, "HH:MM"),
        ({"delayThresholdMinutes": "x"}, "delayThresholdMinutes: .*integer"),
        ({"language": "XX"}, "language: .*ES"),
        ({"delayThresholdMinutes": 300}, "delayThresholdMinutes: Between 5 and 240"),
        ({"features": {"NOPE": True}}, "features are"),
        ({"features": 5}, "features are"),
        ({"features": [{}]}, "features are"),
        ({"features": {"SMS_FALLBACK": "no"}}, "features: each is true or false"),
    ],
)
def test_settings_that_no_agency_has_are_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ReplayError, match=complaint):
        columns(settings)


def test_settings_that_no_agency_may_have_are_refused_by_name(day: Path, tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="delayThresholdMinutes: Between 5 and 240"):
        played(day, tmp_path, Rules(settings={"delayThresholdMinutes": 1}, timing={}))


@pytest.mark.parametrize("which", ["report", "ledger"])
def test_a_file_that_cannot_be_written_is_named_before_anything_is_played(
    day: Path, tmp_path: Path, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_played", lambda *_: pytest.fail("played"))
    files = {"report": None, "ledger": None, which: tmp_path / "nowhere" / "x"}
    wish = Wish(flights=day, travellers=None, since=None, until=None, owner_url=None, pushes=False)
    with pytest.raises(ReplayError, match="nowhere"):
        command.run(wish, None, files["report"], files["ledger"])


@pytest.mark.parametrize(
    ("report", "ledger"), [("flights", None), (None, "flights"), (None, "people"), ("people", None), ("new", "new")]
)
def test_a_file_that_is_read_or_written_is_not_written_over(
    day: Path, tmp_path: Path, report: str | None, ledger: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_played", lambda *_: pytest.fail("played"))
    files = {"flights": day.parent / "." / day.name, "people": tmp_path / "people.jsonl", "new": tmp_path / "new"}
    files["people"].write_text("", encoding="utf-8")
    before = day.read_bytes()
    wish = Wish(flights=day, travellers=files["people"], since=None, until=None, owner_url=None, pushes=False)
    with pytest.raises(ReplayError, match="stands for two files"):
        command.run(wish, None, files[report] if report else None, files[ledger] if ledger else None)
    assert (day.read_bytes(), files["new"].exists()) == (before, False)


PERSON = {
    "agency": "north",
    "traveller": "Ana",
    "phone": "+5491155550101",
    "ident": "AA1",
    "origin": "JFK",
    "destination": "MIA",
    "departure": text(NOON),
    "booked_at": text(NOON - timedelta(days=1)),
}


@pytest.mark.parametrize(
    ("people", "complaint"),
    [
        (PERSON | {"language": "fr"}, "Ana: no texts in 'fr'; the languages are"),
        ({"agency": "north", "settings": {"delayThresholdMinutes": 300}}, "settings of north: delayThresholdMinutes"),
    ],
)
def test_what_would_stop_the_day_is_said_before_it_begins(
    day: Path, tmp_path: Path, people: dict[str, Any], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_played", lambda *_: pytest.fail("played"))
    file = tmp_path / "people.jsonl"
    file.write_text(json.dumps(people), encoding="utf-8")
    with pytest.raises(ReplayError, match=complaint):
        command.run(
            Wish(flights=day, travellers=file, since=None, until=None, owner_url=None, pushes=False), None, None, None
        )


def test_who_flies_on_what_the_scenario_does_not_hold_is_named(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_played", lambda *_: None)
    monkeypatch.setattr(command, "show", lambda *_: None)
    people = [
        PERSON | {"language": ""},
        PERSON | {"traveller": "Bea", "ident": "AA9"},
        PERSON | {"traveller": "Cid", "origin": "LAX"},
    ]
    file = tmp_path / "people.jsonl"
    file.write_text("\n".join(map(json.dumps, people)), encoding="utf-8")
    command.run(
        Wish(flights=day, travellers=file, since=None, until=None, owner_url=None, pushes=False), None, None, None
    )
    said = capsys.readouterr().out
    assert [line.split()[4] for line in said.splitlines() if line.startswith("not in the scenario")] == ["Bea", "Cid"]


def test_a_distance_between_looks_that_nobody_knows_is_refused(day: Path, tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="nearly"):
        played(day, tmp_path, Rules(settings={}, timing={"nearly": 3}))


def test_what_is_true_of_a_flight_is_read_from_its_timeline() -> None:
    scenario = Scenario()
    scenario.add(DAY)
    truths = [truth_of(scenario, flight, 15 * MINUTE, NOON + timedelta(days=1)) for flight in scenario.flights]
    assert [[(news.type, news.at) for news in truth.news] for truth in truths] == [
        [],
        [("DELAYED", NOON - 60 * MINUTE)],
        [("CANCELLED", NOON - 270 * MINUTE)],
    ]
    assert [truth.landing and truth.landing.shown_at for truth in truths] == [
        NOON + 107 * MINUTE,
        NOON + 209 * MINUTE,
        None,
    ]


def test_of_two_legs_under_one_number_the_travellers_own_airport_decides() -> None:
    """The later leg begins nearer to what was booked, at another airport."""
    onward = {
        **line(1, NOON + 60 * MINUTE),
        "fa_flight_id": "AAL1-1-airline-0002",
        "origin": "KMIA",
        "destination": "KTPA",
    }
    scenario = Scenario()
    first, second = scenario.add([DAY[0], onward])
    for origin, flight in (("JFK", first), ("KJFK", first), ("MIA", second)):
        assert flight_of(scenario, "AA1", origin, NOON + 50 * MINUTE) is flight
    assert flight_of(scenario, "AA1", "EZE", NOON) is None


def test_the_examples_of_the_page_on_scenarios_play(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/scenarios.md").read_text(encoding="utf-8")
    flight, people = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    flights, travellers = tmp_path / "flights.jsonl", tmp_path / "travellers.jsonl"
    flights.write_text(json.dumps(json.loads(flight)), encoding="utf-8")
    travellers.write_text(people, encoding="utf-8")
    report, ledger = played(flights, tmp_path, travellers=travellers)
    assert (report["flights"], report["travellers"], report["refused"], report["unsettled"]) == (1, 1, 0, 0)
    assert report["departures"]["within_threshold"] == report["landings"]["within_120_s"] == 1
    assert [each["type"] for each in ledger][-3:] == ["DELAYED", "BOARDING", "LANDING_WELCOME"]
