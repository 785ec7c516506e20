import asyncio
import json
import re
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.aeroapi import AeroApi, record
from sandbox.aeroapi.faults import AeroFaults
from sandbox.scenario import Scenario

DAY = "2026-03-01T"
ID = "ARG1545-1772108115-airline-694p"
# Scheduled as real records are: take-off 10 minutes after the gate, gate 10 minutes after touchdown.
LINE = {
    "fa_flight_id": ID,
    "ident": "ARG1545",
    "ident_icao": "ARG1545",
    "ident_iata": "AR1545",
    "registration": "LV-CHO",
    "codeshares": ["AMX7456", "GLO3234"],
    "codeshares_iata": ["AM7456", "G33234"],
    "origin": "SACO",
    "destination": "EZE",
    "scheduled_out": f"{DAY}22:50:00Z",
    "scheduled_off": f"{DAY}23:00:00Z",
    "scheduled_on": "2026-03-02T00:00:00Z",
    "scheduled_in": "2026-03-02T00:10:00Z",
    "timeline": [],
}
# All keys of the flight object, copied from the provider's list of 53 and not from the code.
KEYS = set(
    re.findall(
        r"\w+",
        """
    ident ident_icao ident_iata actual_runway_off actual_runway_on fa_flight_id operator
    operator_icao operator_iata flight_number registration atc_ident inbound_fa_flight_id codeshares
    codeshares_iata blocked diverted cancelled position_only origin destination departure_delay
    arrival_delay filed_ete progress_percent status aircraft_type route_distance filed_airspeed
    filed_altitude route baggage_claim seats_cabin_business seats_cabin_coach seats_cabin_first
    gate_origin gate_destination terminal_origin terminal_destination type scheduled_out
    estimated_out actual_out scheduled_off estimated_off actual_off scheduled_on estimated_on
    actual_on scheduled_in estimated_in actual_in foresight_predictions_available
    """,
    )
)


def step(clock, gone=None, replace_id=None, **changes):
    whole = clock if clock.startswith("2026") else f"{DAY}{clock}:00Z"
    return {"at": whole, "set": changes, "gone": gone, "replace_id": replace_id}


class World:
    """The stand-in, mounted as the sandbox mounts it, with a clock in the test's hand."""

    def __init__(self, *lines, now="20:00", **options):
        self.scenario = Scenario()
        self.scenario.add(lines)
        self.set(now)
        self.api = AeroApi(self.scenario, lambda: self.now, **options)
        app = Starlette(routes=[Mount("/aeroapi", routes=self.api.routes)])
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://sandbox/aeroapi", headers={"x-apikey": "key"}
        )

    def set(self, now):
        self.now = datetime.fromisoformat(now if now.startswith("2026") else f"{DAY}{now}").replace(tzinfo=UTC)

    async def get(self, path, **query):
        address = httpx.URL(path)
        return await self.client.get(address.copy_merge_params(query) if query else address)

    async def flights(self, ident="ARG1545", **query):
        answer = await self.get(f"/flights/{ident}", **query)
        assert answer.status_code == 200, answer.text
        assert answer.json().keys() == {"links", "num_pages", "flights"}
        return answer.json()["flights"]

    async def flight(self, ident=ID, **query):
        [flight] = await self.flights(ident, **query)
        return flight


def line(*timeline, **fields):
    return LINE | fields | {"timeline": list(timeline)}


async def test_a_flight_has_all_53_fields_and_null_for_what_nobody_said():
    flight = await World(line()).flight()
    assert len(KEYS) == 53
    assert flight.keys() == KEYS
    assert flight["type"] == "Airline"
    assert flight["aircraft_type"] is flight["gate_origin"] is flight["actual_out"] is flight["route"] is None
    for name in ("blocked", "diverted", "cancelled", "position_only", "foresight_predictions_available"):
        assert flight[name] is False


async def test_airports_are_full_objects_whatever_code_the_line_has():
    flight = await World(line()).flight()
    assert flight["destination"] == {
        "code": "SAEZ",
        "code_icao": "SAEZ",
        "code_iata": "EZE",
        "code_lid": None,
        "timezone": "America/Argentina/Buenos_Aires",
        "name": "Ministro Pistarini International Airport",
        "city": "Ezeiza",
        "airport_info_url": "/airports/SAEZ",
    }
    assert flight["origin"]["code_iata"] == "COR"
    assert flight["origin"]["timezone"] == "America/Argentina/Cordoba"


async def test_an_unknown_airport_has_its_code_only_and_a_missing_one_is_null():
    flight = await World(line(origin="XXQ9", destination=None)).flight()
    assert flight["origin"].pop("code") == "XXQ9"
    assert flight["origin"].pop("airport_info_url") == "/airports/XXQ9"
    assert set(flight["origin"].values()) == {None}
    assert flight["destination"] is None


async def test_before_anything_happens_the_estimates_are_the_schedule():
    flight = await World(line()).flight()
    for what in ("out", "off", "on", "in"):
        assert flight[f"estimated_{what}"] == flight[f"scheduled_{what}"] == LINE[f"scheduled_{what}"]
        assert flight[f"actual_{what}"] is None
    assert (flight["departure_delay"], flight["arrival_delay"], flight["filed_ete"]) == (0, 0, 3600)
    assert (flight["status"], flight["progress_percent"]) == ("Scheduled", 0)


async def test_arithmetic_of_an_arrived_flight_that_left_early():
    """After the real ARG1545: out 22:42 for 22:50, in 00:02 for 00:10, expected at the gate before touchdown."""
    flight = await World(
        line(
            step("22:44", actual_out=f"{DAY}22:42:00Z"),
            step("22:53", actual_off=f"{DAY}22:52:00Z"),
            step("23:30", estimated_in=f"{DAY}23:52:00Z", estimated_on=f"{DAY}23:50:00Z"),
            step("23:57", actual_on=f"{DAY}23:56:00Z"),
            step("2026-03-02T00:03:00Z", actual_in="2026-03-02T00:02:00Z"),
        ),
        now="2026-03-02T00:05",
    ).flight()
    assert (flight["departure_delay"], flight["arrival_delay"], flight["filed_ete"]) == (-480, -480, 3600)
    assert (flight["estimated_out"], flight["actual_out"]) == (f"{DAY}22:50:00Z", f"{DAY}22:42:00Z")
    assert flight["estimated_off"] == flight["actual_off"] == f"{DAY}22:52:00Z"
    assert flight["estimated_on"] == flight["actual_on"] == f"{DAY}23:56:00Z"
    assert flight["estimated_in"] == f"{DAY}23:52:00Z"
    assert (flight["status"], flight["progress_percent"]) == ("Arrived / Gate Arrival", 100)


async def test_arithmetic_of_a_landed_flight_that_taxies_and_whose_estimates_disagree():
    """After the real BAW196: out 16 min late, down 30 min after schedule, yet due a minute early at the gate."""
    flight = await World(
        line(
            scheduled_out=f"{DAY}01:30:00Z",
            scheduled_off=f"{DAY}01:40:00Z",
            scheduled_on=f"{DAY}10:00:00Z",
            scheduled_in=f"{DAY}10:40:00Z",
            estimated_out=f"{DAY}01:39:00Z",
            actual_out=f"{DAY}01:46:00Z",
            actual_off=f"{DAY}02:03:09Z",
            actual_on=f"{DAY}10:30:00Z",
            estimated_in=f"{DAY}10:39:00Z",
        )
    ).flight()
    assert (flight["departure_delay"], flight["arrival_delay"], flight["filed_ete"]) == (960, -60, 30000)
    assert flight["estimated_off"] == f"{DAY}02:03:09Z"
    assert (flight["status"], flight["progress_percent"]) == ("Landed / Taxiing", 100)


async def test_arithmetic_without_gate_times():
    """After the real MDA2372: an ad-hoc flight that has runway times only."""
    times = {f"{kind}_off": f"{DAY}06:52:51Z" for kind in ("scheduled", "actual")}
    times |= {f"{kind}_on": f"{DAY}07:24:56Z" for kind in ("scheduled", "actual")}
    flight = await World(line(**times, scheduled_out=None, scheduled_in=None)).flight()
    assert (flight["departure_delay"], flight["arrival_delay"], flight["filed_ete"]) == (0, 0, 1925)
    assert flight["estimated_out"] is flight["estimated_in"] is None
    assert flight["estimated_on"] == f"{DAY}07:24:56Z"


async def test_arithmetic_where_gate_estimates_are_null_but_runway_estimates_are_not():
    """After the real JAL325: scheduled, estimated gate times null."""
    flight = await World(line(estimated_out=None, estimated_in=None)).flight()
    assert flight["estimated_out"] is flight["estimated_in"] is None
    assert flight["estimated_off"] == LINE["scheduled_off"]
    assert (flight["departure_delay"], flight["arrival_delay"]) == (0, 0)


async def test_a_schedule_change_carries_along_the_estimates_nobody_set():
    world = World(line(step("20:00", scheduled_out=f"{DAY}23:20:00Z")))
    flight = await world.flight()
    assert flight["estimated_out"] == flight["scheduled_out"] == f"{DAY}23:20:00Z"
    assert flight["departure_delay"] == 0


async def test_an_estimate_set_after_the_actual_time_stays_as_set():
    flight = await World(
        line(step("18:00", actual_off=f"{DAY}18:00:00Z"), step("19:00", estimated_off=f"{DAY}18:01:00Z"))
    ).flight()
    assert (flight["actual_off"], flight["estimated_off"]) == (f"{DAY}18:00:00Z", f"{DAY}18:01:00Z")


async def test_what_the_timeline_says_wins_over_what_is_derived_until_taken_back():
    world = World(
        line(
            step("20:00", status="result unknown", progress_percent=40, departure_delay=60),
            step("21:00", status=None, progress_percent=None, departure_delay=None),
        )
    )
    flight = await world.flight()
    assert (flight["status"], flight["progress_percent"], flight["departure_delay"]) == (
        "result unknown",
        40,
        60,
    )
    world.set("21:00")
    flight = await world.flight()
    assert (flight["status"], flight["progress_percent"], flight["departure_delay"]) == ("Scheduled", 0, 0)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "Scheduled"),
        ({"departure_delay": 899}, "Scheduled"),
        ({"departure_delay": 900}, "Scheduled / Delayed"),
        ({"actual_out": 1}, "Taxiing / Left Gate"),
        ({"actual_out": 1, "departure_delay": 900}, "Taxiing / Delayed"),
        ({"actual_out": 1, "actual_off": 1, "departure_delay": 900}, "En Route / On Time"),
        ({"actual_off": 1, "arrival_delay": 900}, "En Route / Delayed"),
        ({"actual_off": 1, "actual_on": 1, "arrival_delay": 9000}, "Landed / Taxiing"),
        ({"actual_on": 1, "actual_in": 1, "arrival_delay": 60}, "Arrived / Gate Arrival"),
        ({"actual_on": 1, "actual_in": 1, "arrival_delay": 900}, "Arrived / Delayed"),
        ({"actual_off": 1, "diverted": True}, "Diverted"),
        ({"cancelled": True, "diverted": True}, "Cancelled"),
    ],
)
def test_the_status_text(fields, text):
    assert record.status(fields) == text


async def test_progress_is_the_elapsed_share_of_the_way_in_the_air():
    world = World(
        line(
            step("22:50", actual_out=f"{DAY}22:50:00Z"),
            step("23:00", actual_off=f"{DAY}23:00:00Z", estimated_on="2026-03-02T00:00:00Z"),
            step("2026-03-02T00:20:00Z", actual_on="2026-03-02T00:20:00Z"),
        )
    )
    seen = []
    for now in ("22:59", "23:00", "23:15", "23:30", "23:59", "2026-03-02T00:10", "2026-03-02T00:20"):
        world.set(now)
        seen.append((await world.flight())["progress_percent"])
    assert seen == [0, 0, 25, 50, 98, 100, 100]


async def test_nothing_is_shown_before_its_time():
    world = World(
        line(
            step("21:00", gate_origin="A1", estimated_out=f"{DAY}23:40:00Z"),
            step("21:30", cancelled=True),
            visible_from=f"{DAY}20:30:00Z",
        )
    )
    assert await world.flights() == []
    world.set("20:30")
    before = await world.flight()
    assert (before["gate_origin"], before["departure_delay"], before["status"]) == (None, 0, "Scheduled")
    world.set("2026-03-01T20:59:59")
    assert await world.flight() == before
    world.set("21:00")
    after = await world.flight()
    assert (after["gate_origin"], after["departure_delay"], after["cancelled"]) == ("A1", 3000, False)
    assert after["status"] == "Scheduled / Delayed"
    assert after["estimated_off"] == after["scheduled_off"]


@pytest.mark.parametrize("ident", ["ARG1545", "AR1545", "ar1545", "AMX7456", "G33234", "LV-CHO", ID])
async def test_a_flight_is_found_under_each_of_its_names(ident):
    assert (await World(line()).flight(ident))["fa_flight_id"] == ID


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("designator", {"ARG1545", "AR1545", "AMX7456", "G33234"}),
        ("registration", {"LV-CHO"}),
        ("fa_flight_id", {ID}),
    ],
)
async def test_a_type_narrows_the_names(kind, found):
    world = World(line())
    names = ["ARG1545", "AR1545", "AMX7456", "G33234", "LV-CHO", ID]
    answers = {name: await world.get(f"/flights/{name}", ident_type=kind) for name in names}
    known = {name for name, answer in answers.items() if answer.status_code == 200 and answer.json()["flights"]}
    assert known == found


async def test_an_unknown_ident_or_an_empty_window_is_an_empty_list():
    world = World(line())
    empty = {"links": None, "num_pages": 1, "flights": []}
    assert (await world.get("/flights/ZZZ1")).json() == empty
    answer = await world.get("/flights/ARG1545", start=f"{DAY}22:51:00Z", end="2026-03-02")
    assert answer.json() == empty
    assert world.api.result_sets.total() == 2


async def test_a_name_that_the_flight_bears_only_later_finds_nothing_yet():
    world = World(line(step("21:00", registration="LV-FPS")))
    assert await world.flights("LV-FPS") == []
    world.set("21:00")
    assert len(await world.flights("LV-FPS")) == 1
    assert await world.flights("LV-CHO") == []


async def test_a_replaced_id_is_not_found_and_the_new_one_is():
    new = "ARG1545-1772108999-airline-0001"
    world = World(line(step("21:00", replace_id=new)))
    assert (await world.flight())["fa_flight_id"] == ID
    assert await world.flights(new, ident_type="fa_flight_id") == []
    world.set("21:00")
    assert await world.flights(ID, ident_type="fa_flight_id") == []
    assert (await world.flight(new))["fa_flight_id"] == new
    assert (await world.flight("ARG1545"))["fa_flight_id"] == new


async def test_an_id_of_an_unusual_shape_is_an_id_if_the_scenario_says_so():
    world = World(line(fa_flight_id="F1"))
    assert (await world.flight("F1", ident_type="fa_flight_id"))["fa_flight_id"] == "F1"
    assert (await world.get("/flights/F2", ident_type="fa_flight_id")).status_code == 400


async def test_a_record_that_is_gone_is_found_under_no_name():
    world = World(line(step("20:00", gone=True)))
    assert await world.flights() == await world.flights(ID) == []


async def test_both_legs_of_a_diversion_are_found_by_their_one_id():
    leg = line(destination="SAAR", scheduled_out=f"{DAY}23:00:00Z", visible_from=f"{DAY}23:30:00Z")
    world = World(line(step("23:30", diverted=True)), leg, now="23:29")
    assert (await world.flight(ident_type="fa_flight_id"))["diverted"] is False
    world.set("23:30")
    second, first = await world.flights(ID, ident_type="fa_flight_id")
    assert (first["diverted"], first["status"], first["destination"]["code"]) == (True, "Diverted", "SAEZ")
    assert (second["diverted"], second["destination"]["code"]) == (False, "SAAR")
    assert first["fa_flight_id"] == second["fa_flight_id"] == ID


def daily(count, first="2026-02-20T12:00:00+00:00", every=timedelta(hours=6)):
    starts = [datetime.fromisoformat(first) + number * every for number in range(count)]
    return [
        {
            "fa_flight_id": f"ARG1-{1771000000 + number}-airline-{number:04}",
            "ident": "ARG1",
            "scheduled_out": start.isoformat(),
            "timeline": [],
        }
        for number, start in enumerate(starts)
    ]


async def test_records_come_latest_first_in_pages_of_15_and_the_cursor_leads_on():
    world = World(*daily(38))
    seen, path, sizes = [], "/flights/ARG1?ident_type=designator", []
    while path:
        assert not path.startswith("/aeroapi")
        body = (await world.get(path)).json()
        assert body["num_pages"] == 1
        sizes.append(len(body["flights"]))
        seen += [flight["scheduled_out"] for flight in body["flights"]]
        path = body["links"]["next"] if body["links"] else None
    assert sizes == [15, 15, 8]
    assert seen == sorted(set(seen), reverse=True)
    assert world.api.result_sets["/flights/{ident}"] == 3


async def test_more_pages_at_once_cost_as_many_result_sets():
    world = World(*daily(38))
    body = (await world.get("/flights/ARG1", max_pages=2)).json()
    assert (len(body["flights"]), body["num_pages"]) == (30, 2)
    rest = (await world.get(body["links"]["next"])).json()
    assert (len(rest["flights"]), rest["num_pages"], rest["links"]) == (8, 1, None)
    assert world.api.result_sets["/flights/{ident}"] == 3
    assert world.api.asked["ARG1"] == 3


async def test_the_window_includes_its_start_and_excludes_its_end():
    world = World(*daily(38))
    found = await world.flights("ARG1", start="2026-02-21T12:00:00Z", end="2026-02-22T12:00:00Z")
    assert [flight["scheduled_out"] for flight in found] == [
        "2026-02-22T06:00:00Z",
        "2026-02-22T00:00:00Z",
        "2026-02-21T18:00:00Z",
        "2026-02-21T12:00:00Z",
    ]
    offset = await world.flights("ARG1", start="2026-02-22T03:00:00+03:00", end="2026-02-22T00:00:01")
    assert [flight["scheduled_out"] for flight in offset] == ["2026-02-22T00:00:00Z"]


async def test_without_a_window_a_name_reaches_11_days_back_and_2_days_ahead():
    world = World(*daily(200, first="2026-02-01T12:00:00+00:00"))
    body = (await world.get("/flights/ARG1", max_pages=100)).json()
    dates = [datetime.fromisoformat(flight["scheduled_out"]) for flight in body["flights"]]
    assert dates[0] == datetime(2026, 3, 3, 18, tzinfo=UTC)
    assert dates[-1] == datetime(2026, 2, 19, 0, tzinfo=UTC)


async def test_a_flight_far_ahead_is_found_by_its_id():
    world = World(line(), now="2026-02-20T00:00")
    assert await world.flights("ARG1545") == []
    assert len(await world.flights(ID)) == 1


@pytest.mark.parametrize(
    ("ident", "query"),
    [
        ("ARG1545", {"start": "2026-02-19T19:59:59Z"}),
        ("ARG1545", {"start": "2026-02-19"}),
        ("ARG1545", {"end": "2026-03-03T20:00:00Z"}),
        ("ARG1545", {"end": "2026-03-04"}),
        ("ARG1545", {"start": "2026-03-02", "end": "2026-03-01"}),
        ("ARG1545", {"start": "yesterday"}),
        ("ARG1545", {"max_pages": "0"}),
        ("ARG1545", {"max_pages": "x"}),
        ("ARG1545", {"cursor": "zz"}),
        ("ARG1545", {"ident_type": "tail"}),
        ("ARG1545", {"ident_type": "fa_flight_id"}),
        ("nonsense", {"ident_type": "fa_flight_id"}),
    ],
)
async def test_a_bad_request_is_refused_with_400(ident, query):
    world = World(line())
    answer = await world.get(f"/flights/{ident}", **query)
    assert answer.status_code == 400
    assert answer.json().keys() == {"title", "reason", "detail", "status"}
    assert answer.json()["status"] == 400
    assert world.api.result_sets.total() == 0


@pytest.mark.parametrize("query", [{"start": "2026-02-19T20:00:00Z"}, {"end": "2026-03-03T19:59:59Z"}])
async def test_the_edges_of_the_window_are_allowed(query):
    assert (await World(line()).get("/flights/ARG1545", **query)).status_code == 200


async def test_a_wrong_or_missing_key_is_answered_as_the_real_one_is():
    body = {
        "title": "Invalid API key",
        "reason": "INVALID_API_KEY",
        "detail": "Provided API key is not valid",
        "status": 401,
    }
    world = World(line(), api_keys={"right"})
    for headers in ({"x-apikey": "key"}, {"x-apikey": ""}):
        answer = await world.client.get("/flights/ARG1545", headers=headers)
        assert (answer.status_code, answer.json()) == (401, body)
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert (await world.client.get("/flights/ARG1545", headers={"x-apikey": "right"})).status_code == 200
    assert (await world.client.get("/account/usage", headers={"x-apikey": "key"})).status_code == 401


async def test_canonical_names_the_icao_ident():
    world = World(line(visible_from="2026-03-01T22:00:00Z"))

    async def canonical(ident):
        return (await world.get(f"/flights/{ident}/canonical")).json()

    own = {"idents": [{"ident": "ARG1545", "ident_type": "designator"}]}
    assert await canonical("AR1545") == await canonical("ARG1545") == own
    assert await canonical("G33234") == {"idents": [{"ident": "GLO3234", "ident_type": "designator"}]}
    assert await canonical("LV-CHO") == {"idents": [{"ident": "LV-CHO", "ident_type": "registration"}]}
    assert await canonical("ZZ1") == {"idents": []}


async def test_schedules_show_far_flights_without_an_id_and_without_the_future():
    world = World(
        line(step("20:30", scheduled_out=f"{DAY}23:30:00Z"), visible_from="2026-02-27T22:00:00Z"),
        now="2026-02-01T00:00",
    )
    body = (await world.get("/schedules/2026-03-01/2026-03-02", include_codeshares="false")).json()
    assert (body["links"], body["num_pages"]) == (None, 1)
    [row] = body["scheduled"]
    assert row["scheduled_out"] == LINE["scheduled_out"]
    assert row["fa_flight_id"] is row["actual_ident"] is None
    assert (row["ident"], row["ident_iata"]) == ("ARG1545", "AR1545")
    assert (row["origin"], row["origin_iata"], row["destination"]) == ("SACO", "COR", "SAEZ")
    world.set("2026-02-28T00:00")
    rows = (await world.get("/schedules/2026-03-01/2026-03-02")).json()["scheduled"]
    assert {row["fa_flight_id"] for row in rows} == {ID}
    shared = {row["ident"]: row["actual_ident"] for row in rows}
    assert shared == {"ARG1545": None, "AMX7456": "ARG1545", "GLO3234": "ARG1545"}


@pytest.mark.parametrize(
    ("query", "idents"),
    [
        ({"airline": "ARG"}, ["ARG1545"]),
        ({"airline": "AR", "flight_number": "1545"}, ["ARG1545"]),
        ({"airline": "G3"}, ["GLO3234"]),
        ({"flight_number": "7456"}, ["AMX7456"]),
        ({"origin": "COR", "destination": "SAEZ", "airline": "ARG"}, ["ARG1545"]),
        ({"origin": "EZE"}, []),
        ({"airline": "A"}, []),
    ],
)
async def test_schedules_are_filtered(query, idents):
    answer = await World(line()).get("/schedules/2026-03-01/2026-03-02", **query)
    assert [row["ident"] for row in answer.json()["scheduled"]] == idents


async def test_schedules_are_paged_and_limited_to_a_year():
    world = World(*daily(40, first="2026-04-01T00:00:00+00:00"))
    body = (await world.get("/schedules/2026-04-01/2026-05-01", airline="ARG")).json()
    rest = (await world.get(body["links"]["next"], max_pages=5)).json()
    assert (len(body["scheduled"]), len(rest["scheduled"]), rest["num_pages"], rest["links"]) == (
        15,
        25,
        2,
        None,
    )
    assert (await world.get("/schedules/2026-04-01/2027-05-01")).status_code == 400
    assert (await world.get("/schedules/2025-11-01/2026-04-01")).status_code == 400
    assert (await world.get("/schedules/2026-04-01/2026-04-01")).status_code == 400


async def test_usage_counts_calls_pages_failures_and_dollars():
    world = World(line(), *daily(38))
    await world.get("/flights/ARG1", max_pages=3)
    await world.get("/flights/ARG1545")
    await world.get("/flights/ARG1545", max_pages=0)
    await world.get("/flights/AR1545/canonical")
    body = (await world.get("/account/usage")).json()
    assert (body["total_calls"], body["total_successful_calls"], body["total_failed_calls"]) == (4, 3, 1)
    assert (body["total_pages"], body["total_cost"]) == (5, 0.021)
    flights = next(one for one in body["resource_details"] if one["operation"] == "/flights/{ident}")
    assert flights == {
        "operation": "/flights/{ident}",
        "total_resource_calls": 3,
        "num_pages": 4,
        "resource_cost": 0.02,
        "successful_resource_calls": 2,
        "failed_resource_calls": 1,
    }


async def test_result_sets_are_charged_to_the_flight_that_was_meant():
    today, later = line(), line(fa_flight_id="next", scheduled_out="2026-03-02T22:50:00Z")
    new = "ARG1545-1772108999-airline-0001"
    world = World(today | {"timeline": [step("21:00", replace_id=new)]}, later, now="21:00")
    await world.get("/flights/ARG1545", start="2026-03-01T20:00:00Z", end="2026-03-02T02:00:00Z")
    await world.get(f"/flights/{ID}", ident_type="fa_flight_id")
    await world.get(f"/flights/{new}", ident_type="fa_flight_id")
    await world.get("/flights/AR1545", start="2026-03-02T20:00:00Z", end="2026-03-03T02:00:00Z")
    assert world.api.by_flight == {ID: 3, "next": 1}
    assert world.api.asked == {"ARG1545": 1, ID: 1, new: 1, "AR1545": 1}


async def test_a_personal_key_may_take_ten_result_sets_a_minute_on_the_worlds_clock():
    world = World(line(), *daily(38), faults=AeroFaults(result_sets_per_minute=10))
    await world.get("/flights/ARG1", max_pages=3)
    statuses = [(await world.get("/flights/ARG1545")).status_code for _ in range(9)]
    assert statuses == [200] * 7 + [429] * 2
    answer = await world.get("/flights/ARG1545")
    assert answer.json()["reason"] == "RATE_LIMIT_ERROR"
    assert answer.json()["status"] == 429
    assert "retry-after" not in answer.headers
    world.now += timedelta(minutes=1)
    assert (await world.get("/flights/ARG1545")).status_code == 200
    assert world.api.result_sets.total() == 11


@pytest.mark.parametrize(
    ("faults", "status", "is_json"),
    [
        ({"rate_limited": 1}, 429, True),
        ({"server_error": 1}, 500, True),
        ({"timeout": 1, "timeout_s": 0}, 504, True),
        ({"truncated": 1}, 200, False),
        ({"html": 1}, 200, False),
        ({"slow": 1, "slow_s": 0}, 200, True),
    ],
)
async def test_faults_on_demand(faults, status, is_json):
    world = World(line())
    for name, value in faults.items():
        setattr(world.api.faults, name, value)
    answer = await world.get("/flights/ARG1545")
    assert answer.status_code == status
    try:
        body = json.loads(answer.content)
    except ValueError:
        body = None
    assert (body is not None) == is_json
    if is_json and status >= 400:
        assert body.keys() == {"title", "reason", "detail", "status"}
        assert world.api.result_sets.total() == 0
    world.api.faults = AeroFaults()
    assert len(await world.flights()) == 1


async def test_a_timeout_holds_the_reply():
    world = World(line(), faults=AeroFaults(timeout=1, timeout_s=5))
    started = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(world.get("/flights/ARG1545"), 0.05)
    assert time.monotonic() - started < 1


async def test_rates_hold_on_average_and_the_seed_decides():
    async def statuses(seed):
        faults = AeroFaults(rate_limited=0.1, server_error=0.2)
        world = World(line(), faults=faults, seed=seed)
        return [(await world.get("/flights/ARG1545")).status_code for _ in range(400)]

    once = await statuses(7)
    assert once == await statuses(7) != await statuses(8)
    assert 20 <= once.count(429) <= 60
    assert 55 <= once.count(500) <= 105


async def test_localised_status_and_missing_optional_keys():
    world = World(line(), faults=AeroFaults(localised_status=True, drop_optional_keys=True))
    flight = await world.flight()
    assert flight["status"] == "已排班"
    assert KEYS - flight.keys() == {
        "ident_icao",
        "ident_iata",
        "actual_runway_off",
        "actual_runway_on",
        "operator_icao",
        "codeshares_iata",
        "foresight_predictions_available",
    }
    assert flight["origin"] == {"code": "SACO", "airport_info_url": "/airports/SACO"}


async def test_a_line_added_while_playing_is_found_at_once_and_unknown_fields_are_served():
    world = World()
    assert await world.flights() == []
    world.scenario.add([json.dumps(line(step("19:00", new_field_of_4_31=True)))])
    assert (await world.flight())["new_field_of_4_31"] is True
