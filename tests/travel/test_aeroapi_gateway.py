import asyncio
from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.aeroapi import AeroApi as StandIn
from sandbox.aeroapi.faults import AeroFaults
from sandbox.scenario import Scenario
from tests.travel import servers
from tests.travel.values import HOUR, STATE_FIELDS, flight, utc
from travel import aeroapi, status
from travel.aeroapi import AeroApi, LookFailedError, LookFailure
from travel.model import FlightState

ID = "ARG1545-1772108115-airline-694p"
RAW = {
    "fa_flight_id": ID,
    "ident": "arg1545",
    "ident_icao": "ARG1545",
    "ident_iata": "AR1545",
    "codeshares": ["AMX7456", "glo3234"],
    "codeshares_iata": ["AM7456", "G33234"],
    "origin": {"code": "SACO", "code_icao": "SACO", "code_iata": "COR", "code_lid": None, "timezone": "x"},
    "destination": {"code": "SAEZ", "code_icao": "SAEZ", "code_iata": "EZE"},
    "scheduled_out": "2026-03-01T22:50:00Z",
    "estimated_out": "2026-03-01T20:20:00-03:00",
    "actual_out": None,
    "scheduled_off": "2026-03-01T23:00:00Z",
    "scheduled_on": "2026-03-02T00:00:00Z",
    "scheduled_in": "2026-03-02T00:10:00Z",
    "gate_origin": " 12 ",
    "terminal_origin": "DA",
    "gate_destination": "",
    "baggage_claim": None,
    "cancelled": False,
    "diverted": False,
    "filed_ete": 3600,
    "progress_percent": 0,
    "status": "已排班",
    "aircraft_type": "E190 ",
    "a_field_of_next_year": {"nested": [1, 2]},
}


def malformed(raw):
    with pytest.raises(LookFailedError) as failed:
        aeroapi.parse_flight(raw)
    assert failed.value.kind is LookFailure.MALFORMED
    return failed.value.detail


# --- one flight


def test_a_flight_object_becomes_a_snapshot():
    found = aeroapi.parse_flight(RAW)
    assert (found.fa_flight_id, found.ident, found.ident_icao, found.ident_iata) == (ID, "ARG1545", "ARG1545", "AR1545")
    assert (found.origin_codes, found.destination_codes) == ({"SACO", "COR"}, {"SAEZ", "EZE"})
    assert found.destination_code == "SAEZ"
    assert found.raw == RAW
    assert found.state == FlightState(
        scheduled_out=utc("2026-03-01 22:50"),
        estimated_out=utc("2026-03-01 23:20"),
        scheduled_off=utc("2026-03-01 23:00"),
        scheduled_on=utc("2026-03-02 00:00"),
        scheduled_in=utc("2026-03-02 00:10"),
        gate_origin="12",
        terminal_origin="DA",
        filed_ete_seconds=3600,
        progress_percent=0,
    )
    assert {found.state.scheduled_out.tzinfo, found.state.estimated_out.tzinfo} == {utc("01-01 00:00").tzinfo}


INSTANT_FIELDS = [
    f"{kind}_{what}" for kind in ("scheduled", "estimated", "actual") for what in ("out", "off", "on", "in")
]
SAME_NAME = [
    *INSTANT_FIELDS,
    "gate_origin",
    "gate_destination",
    "terminal_origin",
    "terminal_destination",
    "baggage_claim",
]


@pytest.mark.parametrize("name", SAME_NAME)
def test_each_field_of_the_source_arrives_under_its_own_name(name):
    """Incidents 18, 55 and 57: fields that were never parsed, stored under another name, or do not exist."""
    value = "2026-03-01T22:50:00Z" if name in INSTANT_FIELDS else "7B"
    state = aeroapi.parse_flight({"fa_flight_id": ID, "ident": "ARG1", name: value}).state
    assert state == FlightState(**{name: utc("2026-03-01 22:50") if name in INSTANT_FIELDS else "7B"})


def test_all_that_a_decision_reads_comes_from_the_source_or_from_a_diversion():
    derived = {"diverted_to"}
    renamed = {"cancelled", "diverted", "filed_ete_seconds", "progress_percent"}
    assert set(STATE_FIELDS) == set(SAME_NAME) | derived | renamed


@pytest.mark.parametrize("name", sorted(set(RAW) - {"fa_flight_id", "ident"}))
@pytest.mark.parametrize("how", ["absent", "null"])
def test_any_other_key_may_be_absent_or_null(name, how):
    raw = {key: value for key, value in RAW.items() if key != name} | ({name: None} if how == "null" else {})
    aeroapi.parse_flight(raw)


def test_nothing_but_two_names_is_needed():
    found = aeroapi.parse_flight({"fa_flight_id": ID, "ident": "ARG1545"})
    assert found.state == FlightState()
    assert (found.origin_codes, found.destination_codes, found.destination_code) == (set(), set(), None)


@pytest.mark.parametrize(
    ("airport", "codes", "code"),
    [
        ({"code": "KMIA", "code_icao": "KMIA", "code_iata": "MIA"}, {"KMIA", "MIA"}, "KMIA"),
        ({"code": "KMIA"}, {"KMIA"}, "KMIA"),
        ({"code": "kmia"}, {"KMIA"}, "KMIA"),
        ({"code": None, "code_icao": None, "code_iata": None}, set(), None),
        ({}, set(), None),
        ({"code": "L 33.94000 -118.40"}, {"L 33.94000 -118.40"}, "L 33.94000 -118.40"),
    ],
)
def test_an_airport_is_known_by_every_code_it_has(airport, codes, code):
    found = aeroapi.parse_flight({"fa_flight_id": ID, "ident": "X", "destination": airport})
    assert found.destination_codes >= codes
    assert found.destination_code == code


@pytest.mark.parametrize(
    ("origin", "destination"),
    [
        ({"code": "EZE", "code_iata": "EZE", "code_icao": None}, {"code": "MIA", "code_iata": "MIA"}),
        ({"code": "SAEZ"}, {"code": "KMIA"}),
        ({"code": "EZE"}, {"code": "KMIA", "code_icao": "KMIA", "code_iata": None}),
    ],
)
def test_a_flight_is_recognised_whichever_code_its_airports_bear(origin, destination):
    """code_icao is nullable and optional; what was booked is kept by ICAO code."""
    raw = {"fa_flight_id": ID, "ident": "ARG1304", "scheduled_out": "2026-07-15T21:00:00Z"}
    found = aeroapi.parse_flight(raw | {"origin": origin, "destination": destination})
    assert status.match(flight(), [found]) is found


WRONG = [
    ({"fa_flight_id": None}, "without fa_flight_id or ident"),
    ({"fa_flight_id": "  "}, "without fa_flight_id or ident"),
    ({"fa_flight_id": 7}, "fa_flight_id is int"),
    ({"ident": None}, "without fa_flight_id or ident"),
    ({"ident": ["ARG1545"]}, "ident is list"),
    ({"ident_iata": 1545}, "ident_iata is int"),
    ({"gate_origin": 12}, "gate_origin is int"),
    ({"gate_origin": "x" * 501}, "gate_origin"),
    ({"scheduled_out": "soon"}, "scheduled_out"),
    ({"scheduled_out": ""}, "scheduled_out"),
    ({"scheduled_out": 1772108115}, "scheduled_out is int"),
    ({"scheduled_out": "2026-03-01T22:50:00"}, "scheduled_out"),
    ({"scheduled_out": "2026-03-01"}, "scheduled_out"),
    ({"scheduled_out": "2026-02-30T22:50:00Z"}, "scheduled_out"),
    ({"scheduled_out": "0001-01-01T00:00:00+14:00"}, "scheduled_out"),
    ({"scheduled_out": "9999-12-31T23:59:59-14:00"}, "scheduled_out"),
    ({"cancelled": "false"}, "cancelled is str"),
    ({"cancelled": 0}, "cancelled is int"),
    ({"diverted": "yes"}, "diverted is str"),
    ({"filed_ete": "3600"}, "filed_ete is str"),
    ({"filed_ete": True}, "filed_ete is bool"),
    ({"filed_ete": 1.5}, "filed_ete is float"),
    ({"progress_percent": 2**31}, "progress_percent"),
    ({"origin": "SACO"}, "origin is str"),
    ({"origin": {"code": 7}}, "code is int"),
]


@pytest.mark.parametrize(("change", "detail"), WRONG, ids=lambda each: str(each)[:40])
def test_a_value_of_a_wrong_kind_is_an_answer_nobody_can_use(change, detail):
    assert detail in malformed(RAW | change)


@pytest.mark.parametrize("raw", [None, [], "flight", 7, True])
def test_what_is_no_object_is_no_flight(raw):
    assert malformed(raw)


def test_a_zero_byte_never_reaches_the_database():
    assert aeroapi.parse_flight(RAW | {"gate_origin": "A\x0013"}).state.gate_origin == "A13"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TIMES = st.builds(
    "{:04}-{:02}-{:02}T{:02}:{:02}:00{}".format,
    st.sampled_from([0, 1, 2026, 9999]) | st.integers(1, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 24),
    st.integers(0, 60),
    st.sampled_from(["Z", "+14:00", "-14:00", "+00:00", "", "+24:00"]),
)


@given(st.dictionaries(st.sampled_from(sorted(RAW)), JSON | TIMES, max_size=6))
def test_whatever_the_source_sends_is_a_snapshot_or_malformed_and_never_an_error(change):
    try:
        found = aeroapi.parse_flight(RAW | change)
    except LookFailedError as failed:
        kind = failed.kind
    else:
        kind = LookFailure.MALFORMED
        instants = [getattr(found.state, name) for name in INSTANT_FIELDS]
        assert all(each is None or each.utcoffset() == timedelta() for each in instants)
    assert kind is LookFailure.MALFORMED


# --- one answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html><html></html>",
        b'{"flights": [',
        b"null",
        b"[]",
        b"7",
        b"{}",
        b'{"flights": null}',
        b'{"flights": {}}',
        b'{"flights": [null]}',
        b'{"flights": [{}]}',
        b'{"title": "x", "status": 200}',
        b"\xff\xfe",
        b'{"flights": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
    ids=lambda body: ascii(body)[:30],
)
def test_a_body_that_is_no_answer_is_malformed(body):
    with pytest.raises(LookFailedError) as failed:
        aeroapi.parse_answer(body)
    assert failed.value.kind is LookFailure.MALFORMED


@pytest.mark.parametrize(("pages", "result_sets"), [(1, 1), (3, 3), (0, 1), (-2, 1), (None, 1), ("2", 1), (1.5, 1)])
def test_an_answer_costs_the_pages_it_has_and_never_nothing(pages, result_sets):
    answer = aeroapi.parse_answer(orjson.dumps({"links": None, "num_pages": pages, "flights": [RAW]}))
    assert answer.result_sets == result_sets
    assert [each.fa_flight_id for each in answer.snapshots] == [ID]


def test_an_empty_list_is_an_answer():
    answer = aeroapi.parse_answer(b'{"links": null, "num_pages": 1, "flights": []}')
    assert (answer.snapshots, answer.result_sets) == ((), 1)


# --- against the stand-in


def line(**changes):
    return {
        "fa_flight_id": ID,
        "ident": "ARG1545",
        "ident_icao": "ARG1545",
        "ident_iata": "AR1545",
        "codeshares": ["AMX7456"],
        "codeshares_iata": ["AM7456", "G33234"],
        "origin": "SACO",
        "destination": "EZE",
        "scheduled_out": "2026-03-01T22:50:00Z",
        "scheduled_off": "2026-03-01T23:00:00Z",
        "scheduled_on": "2026-03-02T00:00:00Z",
        "scheduled_in": "2026-03-02T00:10:00Z",
        "timeline": [],
    } | changes


class Source:
    """The real client, with the stand-in mounted where AeroAPI is."""

    def __init__(self, *lines, key="key", api_keys=("key",), **faults):
        self.now = utc("2026-03-01 20:00")
        scenario = Scenario()
        scenario.add(lines)
        self.standin = StandIn(scenario, lambda: self.now, api_keys=api_keys, faults=AeroFaults(**faults))
        self.requests = []
        app = Starlette(routes=[Mount("/aeroapi", routes=self.standin.routes)])

        async def recorded(scope, receive, send):
            self.requests.append(scope)
            await app(scope, receive, send)

        self.gateway = AeroApi.open(
            url="http://sandbox/aeroapi/", key=key, timeout_seconds=1, transport=httpx.ASGITransport(recorded)
        )

    async def around(self, ident="ARG1545", hours=6):
        departure = utc("2026-03-01 22:50")
        return await self.gateway.by_ident(ident, departure - hours * HOUR, departure + hours * HOUR)

    async def failure(self):
        with pytest.raises(LookFailedError) as failed:
            await self.gateway.by_id(ID)
        return failed.value


async def test_a_flight_is_asked_by_designator_in_a_window_and_on_one_page():
    source = Source(line())
    answer = await source.around()
    assert [each.fa_flight_id for each in answer.snapshots] == [ID]
    assert answer.result_sets == 1
    [request] = source.requests
    assert request["path"] == "/aeroapi/flights/ARG1545"
    assert dict(httpx.QueryParams(request["query_string"])) == {
        "ident_type": "designator",
        "start": "2026-03-01T16:50:00Z",
        "end": "2026-03-02T04:50:00Z",
        "max_pages": "1",
    }
    headers = dict(request["headers"])
    assert (headers[b"x-apikey"], headers[b"accept-language"]) == (b"key", b"en")
    await source.gateway.close()


async def test_a_pinned_flight_is_asked_by_its_id():
    source = Source(line())
    answer = await source.gateway.by_id(ID)
    assert [each.ident for each in answer.snapshots] == ["ARG1545"]
    assert dict(httpx.QueryParams(source.requests[0]["query_string"])) == {
        "ident_type": "fa_flight_id",
        "max_pages": "1",
    }


@pytest.mark.parametrize("ident", ["ARG1545", "AR1545", "AMX7456", "AM7456", "G33234"])
async def test_every_ident_of_a_flight_finds_it(ident):
    """Quirks 5 and 6."""
    assert [each.fa_flight_id for each in (await Source(line()).around(ident)).snapshots] == [ID]


async def test_all_53_fields_of_a_real_answer_are_read():
    source = Source(
        line(
            timeline=[
                {
                    "at": "2026-03-01T19:00:00Z",
                    "set": {
                        "gate_origin": "4",
                        "terminal_origin": "A",
                        "gate_destination": "9",
                        "terminal_destination": "C",
                        "baggage_claim": "2",
                        "estimated_out": "2026-03-01T23:20:00Z",
                        "actual_out": "2026-03-01T23:21:00Z",
                        "actual_off": "2026-03-01T23:31:00Z",
                        "actual_on": "2026-03-02T00:30:00Z",
                        "actual_in": "2026-03-02T00:41:00Z",
                    },
                }
            ]
        )
    )
    [found] = (await source.gateway.by_id(ID)).snapshots
    empty = {each.name for each in fields(FlightState) if getattr(found.state, each.name) in (None, False)}
    assert empty == {"cancelled", "diverted", "diverted_to"}
    assert len(found.raw) == 53
    assert found.state.filed_ete_seconds == 3600
    assert found.state.actual_on == utc("2026-03-02 00:30")


async def test_a_flight_without_its_optional_keys_is_read_and_recognised():
    """Quirk 13."""
    source = Source(line(), drop_optional_keys=True)
    answer = await source.around()
    booked = replace(
        flight(FlightState(), origin="SACO", destination="SAEZ"),
        ident="ARG1545",
        booked_departure_at=utc("2026-03-01 22:50"),
    )
    assert status.match(booked, answer.snapshots).fa_flight_id == ID


@pytest.mark.parametrize("text", ["已排班", "result unknown", "DELAYED", "Boarding"])
async def test_the_text_of_the_status_decides_nothing(text):
    """Quirk 15."""
    [found] = (await Source(line(status=text)).gateway.by_id(ID)).snapshots
    assert status.phase(found.state) == "SCHEDULED"


async def test_yesterday_and_tomorrow_come_too_and_are_told_apart():
    """Quirk 1."""
    tomorrow = "ARG1545-1772194515-airline-0001"
    later = {"fa_flight_id": tomorrow, "scheduled_out": "2026-03-02T22:50:00Z", "scheduled_off": "2026-03-02T23:00:00Z"}
    answer = await Source(line(), line(**later)).around(hours=26)
    assert [each.fa_flight_id for each in answer.snapshots] == [tomorrow, ID]
    booked = replace(
        flight(FlightState(), origin="SACO", destination="SAEZ"),
        ident="ARG1545",
        booked_departure_at=utc("2026-03-01 22:00"),
    )
    assert status.match(booked, answer.snapshots).fa_flight_id == ID


async def test_a_pinned_id_that_was_replaced_answers_nothing():
    """Quirk 3."""
    new = "ARG1545-1772200000-airline-0001"
    source = Source(line(timeline=[{"at": "2026-03-01T19:00:00Z", "replace_id": new}]))
    assert (await source.gateway.by_id(ID)).snapshots == ()
    assert [each.fa_flight_id for each in (await source.around()).snapshots] == [new]


async def test_an_ident_nobody_knows_is_an_empty_answer_that_costs_one_result_set():
    answer = await Source(line()).around("ZZZ1")
    assert (answer.snapshots, answer.result_sets) == ((), 1)


async def test_a_full_list_costs_one_page_however_many_flights_there_are():
    """Quirks 17 and 18."""
    many = [
        line(fa_flight_id=f"ARG1545-17721081{number:02}-airline-0001", scheduled_out=f"2026-03-01T{number:02}:00:00Z")
        for number in range(20)
    ]
    source = Source(*many)
    answer = await source.around(hours=24)
    assert (len(answer.snapshots), answer.result_sets) == (15, 1)
    assert sum(source.standin.result_sets.values()) == 1


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ({"rate_limited": 1.0}, "RATE_LIMITED"),
        ({"server_error": 1.0}, "UNAVAILABLE"),
        ({"timeout": 1.0, "timeout_s": 0.0}, "UNAVAILABLE"),
        ({"truncated": 1.0}, "MALFORMED"),
        ({"html": 1.0}, "MALFORMED"),
    ],
)
async def test_a_look_that_fails_says_of_which_kind(faults, kind):
    """Quirk 14: different facts, never one counter."""
    failed = await Source(line(), **faults).failure()
    assert failed.kind == kind
    assert "key" not in failed.detail.lower()


async def test_a_refused_key_is_its_own_kind_and_never_shown():
    source = Source(line(), key="s3cret")
    failed = await source.failure()
    assert failed.kind is LookFailure.KEY_REFUSED
    assert failed.detail == "HTTP 401 Invalid API key: Provided API key is not valid"
    assert "s3cret" not in str(failed)


async def test_a_window_aeroapi_refuses_is_an_unknown_ident_not_an_outage():
    source = Source(line())
    with pytest.raises(LookFailedError) as failed:
        await source.gateway.by_ident("ARG1545", source.now, source.now + 49 * HOUR)
    assert failed.value.kind is LookFailure.UNKNOWN_IDENT


@pytest.mark.parametrize("ident", ["../../2010-04-01", "AR 15/45?x=1", "AR#1", "é"])
async def test_a_strange_ident_stays_one_part_of_the_path(ident):
    source = Source(line())
    with suppress(LookFailedError):
        await source.around(ident)
    assert source.requests[0]["raw_path"].startswith(b"/aeroapi/flights/")
    assert source.requests[0]["raw_path"].count(b"/") == 3


# --- against sockets that behave badly


def page(status_line, body, **headers):
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return servers.answer(f"HTTP/1.1 {status_line}\r\ncontent-length: {len(body)}\r\n{head}\r\n".encode() + body)


@pytest.mark.parametrize(
    ("behaviour", "kind", "detail"),
    [
        (
            page("400 Bad Request", b'{"title":"Invalid argument","detail":"x"}'),
            "UNKNOWN_IDENT",
            "HTTP 400 Invalid argument: x",
        ),
        (page("401 No", b""), "KEY_REFUSED", "HTTP 401"),
        (page("403 Forbidden", b"<html>"), "KEY_REFUSED", "HTTP 403"),
        (page("404 Not Found", b"[]"), "NOT_FOUND", "HTTP 404"),
        (page("404 Not Found", b'{"title":null}'), "NOT_FOUND", "HTTP 404 : "),
        (page("429 Slow", b'{"title":"' + b"x" * 900 + b'"}'), "RATE_LIMITED", "HTTP 429 " + "x" * 191),
        (page("500 Oops", b"oops"), "UNAVAILABLE", "HTTP 500"),
        (page("503 Oops", b'"oops"'), "UNAVAILABLE", "HTTP 503"),
        (page("302 Found", b"", location="/elsewhere"), "UNAVAILABLE", "HTTP 302"),
        (page("204 No Content", b""), "UNAVAILABLE", "HTTP 204"),
        (page("200 OK", b"x" * 1_000_001), "MALFORMED", "more than 1000000 bytes"),
        (page("200 OK", b"abc", content_encoding="gzip"), "UNAVAILABLE", "DecodingError"),
        (servers.answer(), "UNAVAILABLE", "RemoteProtocolError"),
        (
            servers.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", b'{"fl'),
            "UNAVAILABLE",
            "RemoteProtocolError",
        ),
        (servers.silence, "UNAVAILABLE", "ReadTimeout"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_whatever_happens_on_the_wire_a_look_ends_with_a_kind(behaviour, kind, detail):
    async with servers.server(behaviour) as url:
        gateway = AeroApi.open(url=url, key="s3cret", timeout_seconds=0.3)
        with pytest.raises(LookFailedError) as failed:
            await gateway.by_id(ID)
        await gateway.close()
    assert (str(failed.value.kind), failed.value.detail) == (kind, detail)


async def test_where_nobody_listens_the_source_is_unavailable():
    gateway = AeroApi.open(url=servers.closed_port(), key="key", timeout_seconds=1)
    with pytest.raises(LookFailedError, match="UNAVAILABLE: ConnectError"):
        await gateway.by_id(ID)
    await gateway.close()


async def test_an_answer_that_drips_for_ever_is_given_up():
    """Every read is in time, and the whole would take hours: the look of a landing would hang with it."""
    async with servers.server(servers.drip) as url:
        gateway = AeroApi.open(url=url, key="key", timeout_seconds=0.2)
        async with asyncio.timeout(2):
            with pytest.raises(LookFailedError, match="UNAVAILABLE"):
                await gateway.by_id(ID)
        await gateway.close()


def test_the_kinds_above_are_all_there_are():
    assert {str(kind) for kind in LookFailure} == {
        "UNKNOWN_IDENT",
        "KEY_REFUSED",
        "NOT_FOUND",
        "RATE_LIMITED",
        "UNAVAILABLE",
        "MALFORMED",
        "NO_MATCH",
    }
