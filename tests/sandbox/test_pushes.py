"""What AeroAPI pushes, when, in which shape, and what becomes of a push that nobody takes."""

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.aeroapi import alerts, record
from sandbox.aeroapi.pushes import DEFAULT_CODES
from sandbox.app import Sandbox, arguments
from sandbox.scenario.instance import TIMES, flight_of, raw_at

DAY = "2026-03-01T"
ID = "ARG1545-1772108115-airline-694p"
HOOK = "https://agency.example/webhooks/aeroapi/unguessable"
LINE = {
    "fa_flight_id": ID,
    "ident": "ARG1545",
    "ident_icao": "ARG1545",
    "ident_iata": "AR1545",
    "registration": "LV-CHO",
    "origin": "SACO",
    "destination": "EZE",
    "scheduled_out": f"{DAY}22:50:00Z",
    "scheduled_off": f"{DAY}23:00:00Z",
    "scheduled_on": "2026-03-02T00:00:00Z",
    "scheduled_in": "2026-03-02T00:10:00Z",
    "timeline": [],
}
# Copied from the provider's description of a push and not from the code.
KEYS = set(
    re.findall(
        r"\w+",
        """
    fa_flight_id ident ident_icao ident_iata registration atc_ident aircraft_type
    origin origin_icao origin_iata origin_lid destination destination_icao destination_iata destination_lid
    route position_only blocked cancelled diverted route_distance filed_ete filed_altitude filed_airspeed_kts
    scheduled_out estimated_out actual_out scheduled_off estimated_off actual_off scheduled_on estimated_on
    actual_on scheduled_in estimated_in actual_in
    baggage_claim gate_origin gate_destination terminal_origin terminal_destination error
    """,
    )
)
ENVELOPE = {"long_description", "short_description", "summary", "event_code", "alert_id", "flight"}
LONGEST_LAG = timedelta(seconds=35)


def step(clock, gone=None, replace_id=None, **changes):
    return {"at": instant(clock).isoformat(), "set": changes, "gone": gone, "replace_id": replace_id}


def instant(clock):
    """A time of the day of departure, or a whole instant."""
    return datetime.fromisoformat(clock if clock.startswith("2026") else f"{DAY}{clock}").replace(tzinfo=UTC)


def line(*timeline, **fields):
    return LINE | fields | {"timeline": list(timeline)}


def flown(**fields):
    """A flight that leaves, flies and arrives on time."""
    return line(
        step("22:51", actual_out=f"{DAY}22:50:00Z"),
        step("23:01", actual_off=f"{DAY}23:00:09Z"),
        step("2026-03-02T00:02", actual_on="2026-03-02T00:01:02Z"),
        step("2026-03-02T00:12", actual_in="2026-03-02T00:11:00Z"),
        **fields,
    )


def raised(*timeline, **fields):
    """Code and clock of all alerts of a flight."""
    found = alerts.of(flight_of(line(*timeline, **fields), "line:1"))
    return [(alert.code, f"{alert.shown_at:%H:%M}") for alert in found]


class World:
    """The stand-ins with a clock in the test's hand, and a receiver that notes what it is told."""

    def __init__(self, *lines, now="12:00", answer=200, push_url=HOOK, receiver=None, **options):
        self.now, self.answer = instant(now), answer
        self.requests, self.told, self.taken = [], [], asyncio.Event()
        self.receiver = receiver or httpx.MockTransport(self._take)
        self.sandbox = Sandbox(
            lambda: self.now, twilio_accounts={"AC": "token"}, callbacks=self.receiver, push_url=push_url, **options
        )
        self.sandbox.scenario.add(lines)
        self.pushes = self.sandbox.aeroapi.pushes
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.sandbox.app), base_url="http://sandbox", headers={"x-apikey": "key"}
        )

    async def _take(self, request):
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        self.told.append((self.now, json.loads(request.content)))
        self.taken.set()
        return httpx.Response(self.answer)

    async def play(self, until="2026-03-03T00:00"):
        """From one due moment to the next; what was told in between."""
        before, end = len(self.told), instant(until)
        while (due := self.sandbox.next_due()) is not None and due <= end:
            self.now = due
            assert await self.sandbox.pump() > 0
        self.now = end
        return self.told[before:]

    async def codes(self, until="2026-03-03T00:00"):
        return [body["event_code"] for _, body in await self.play(until)]

    async def faults(self, **faults):
        answer = await self.client.post("/_sandbox/faults", json={"pushes": faults})
        assert answer.status_code == 200, answer.text


# What is pushed


def test_a_flight_that_is_flown_raises_an_alert_for_each_time():
    timeline = flown()["timeline"]
    assert raised(*timeline, visible_from="2026-02-27T23:00:00Z") == [
        ("filed", "23:00"),
        ("out", "22:51"),
        ("off", "23:01"),
        ("departure", "23:01"),
        ("on", "00:02"),
        ("arrival", "00:02"),
        ("in", "00:12"),
    ]
    assert raised(*timeline)[0] == ("out", "22:51")


@pytest.mark.parametrize(
    ("timeline", "expected"),
    [
        ([], []),
        ([step("20:00", registration="LV-X", terminal_origin="B")], []),
        ([step("20:00", cancelled=True)], ["cancelled"]),
        ([step("20:00", cancelled=True), step("20:05", cancelled=False)], ["cancelled", "uncancelled"]),
        ([step("20:00", cancelled=True), step("20:05", cancelled=None)], ["cancelled", "uncancelled"]),
        ([step(f"20:0{n}", cancelled=n % 2 == 0) for n in range(9)], ["cancelled", "uncancelled"] * 3),
        ([step("23:30", diverted=True), step("23:40", diverted=True)], ["diverted"]),
        # A correction is no second departure, going back to the gate and out again is.
        ([step("22:51", actual_out=f"{DAY}22:50:00Z"), step("22:52", actual_out=f"{DAY}22:49:00Z")], ["out"]),
        (
            [
                step("22:51", actual_out=f"{DAY}22:50:00Z"),
                step("23:05", actual_out=None),
                step("23:41", actual_out=f"{DAY}23:40:00Z"),
            ],
            ["out", "out"],
        ),
        # Above 1801 seconds, against what was pushed last, in both directions.
        ([step("20:00", estimated_out=f"{DAY}23:20:01Z")], []),
        ([step("20:00", estimated_out=f"{DAY}23:20:02Z")], ["change"]),
        ([step("20:00", estimated_out=f"{DAY}22:19:00Z")], ["change"]),
        ([step(f"20:0{n}", estimated_out=f"{DAY}23:{n}0:00Z") for n in range(1, 6)], ["change"]),
        ([step("20:00", scheduled_out="2026-03-02T00:50:00Z")], ["change"]),
        ([step(f"{10 + n}:00", estimated_out=f"2026-03-02T{n:02}:00:00Z") for n in range(8)], ["change"] * 5),
        # After push-back, or of a flight that is off, no change is told.
        ([step("22:51", actual_out=f"{DAY}22:50:00Z"), step("22:52", estimated_off=f"{DAY}23:59:00Z")], ["out"]),
        ([step("20:00", cancelled=True), step("20:01", estimated_out=f"{DAY}23:59:00Z")], ["cancelled"]),
        # The first gate is no change, null is unknown.
        ([step("20:00", gate_origin="A13"), step("20:01", gate_origin=None), step("20:02", gate_origin="A13")], []),
        (
            [step("20:00", gate_origin="A13"), step("20:01", gate_origin=None), step("20:02", gate_origin="A14")],
            ["change"],
        ),
        (
            [
                step("20:00", gate_origin="A13"),
                step("20:01", gate_origin=None),
                step("20:02", estimated_out=f"{DAY}23:50:00Z"),
                step("20:03", gate_origin="A14"),
            ],
            ["change", "change"],
        ),
        # While the record is gone nothing is told, and afterwards what happened meanwhile.
        (
            [
                step("20:00", gone=True),
                step("20:01", cancelled=True),
                step("20:02", cancelled=False),
                step("22:51", actual_out=f"{DAY}22:50:00Z"),
                step("22:55", gone=False),
            ],
            ["out"],
        ),
        ([step("20:00", replace_id="ARG1545-1772108999-airline-0001")], []),
        ([step("23:02", actual_off=f"{DAY}23:00:00Z", actual_on=f"{DAY}23:01:00Z")], ["off", "on"]),
    ],
)
def test_a_flight_raises(timeline, expected):
    codes = [code for code, _ in raised(*timeline) if code not in ("departure", "arrival")]
    assert codes == expected


def test_what_stood_in_the_record_when_it_became_visible_is_no_news():
    timeline = [step("09:00", estimated_out=f"{DAY}23:50:00Z", gate_origin="A1"), step("20:00", gate_origin="A2")]
    assert raised(*timeline, visible_from=f"{DAY}10:00:00Z") == [("filed", "10:00"), ("change", "20:00")]
    timeline = [timeline[0], step("20:00", registration="LV-X")]
    assert raised(*timeline, visible_from=f"{DAY}10:00:00Z") == [("filed", "10:00")]
    assert raised(visible_from=f"{DAY}23:30:00Z", actual_off=f"{DAY}23:00:00Z", diverted=True) == [("filed", "23:30")]


async def test_by_default_out_off_on_and_the_upsets_are_pushed():
    world = World(flown(visible_from=f"{DAY}13:00:00Z"))
    assert await world.codes() == ["out", "off", "on"]
    assert {"out", "off", "on", "cancelled", "uncancelled", "diverted", "change"} == DEFAULT_CODES


async def test_the_codes_to_push_can_be_chosen():
    world = World(flown(visible_from=f"{DAY}13:00:00Z"), push_codes={"filed", "arrival", "in"})
    assert await world.codes() == ["filed", "arrival", "in"]
    with pytest.raises(ValueError, match="boarding"):
        World(push_codes={"out", "boarding"})


# The shape


async def test_a_push_has_the_shape_of_aeroapi():
    world = World(flown(filed_airspeed=444, gate_origin="7", aircraft_type="B738"))
    (_, out), *_ = await world.play()
    assert len(KEYS) == 42
    assert out.keys() == ENVELOPE
    assert out["flight"].keys() == KEYS
    assert type(out["alert_id"]) is int
    assert all(out[name] for name in ("long_description", "short_description", "summary"))
    expected = {
        "fa_flight_id": ID,
        "ident": "ARG1545",
        "origin": "SACO",
        "origin_icao": "SACO",
        "origin_iata": "COR",
        "origin_lid": None,
        "destination": "SAEZ",
        "destination_iata": "EZE",
        "filed_airspeed_kts": 444,
        "filed_ete": 3600,
        "gate_origin": "7",
        "cancelled": False,
        "scheduled_out": LINE["scheduled_out"],
        "actual_out": f"{DAY}22:50:00Z",
        "actual_off": None,
        "error": None,
    }
    assert {name: out["flight"][name] for name in expected} == expected


async def test_a_push_is_made_as_aeroapi_makes_it():
    world = World(flown())
    await world.play()
    request = world.requests[0]
    assert (request.method, str(request.url)) == ("POST", HOOK)
    assert request.headers["user-agent"] == "AeroAPI/4.0"
    assert request.headers["content-type"].startswith("application/json")
    assert request.extensions["timeout"] == {"connect": 5, "read": 5, "write": 5, "pool": 5}


async def test_an_airport_that_nobody_knows_and_one_that_is_missing():
    world = World(line(step("20:00", cancelled=True), origin="XXQ9", destination=None))
    [(_, body)] = await world.play()
    flight = body["flight"]
    assert (flight["origin"], flight["origin_icao"], flight["destination"]) == ("XXQ9", None, None)


async def test_a_push_bears_the_id_of_its_instant():
    new = "ARG1545-1772108999-airline-0001"
    world = World(
        line(step("19:00", cancelled=True), step("20:00", replace_id=new), step("21:00", diverted=True)),
    )
    assert [body["flight"]["fa_flight_id"] for _, body in await world.play()] == [ID, new]


# When


async def test_a_push_comes_some_seconds_after_the_source_shows_the_fact():
    lags = []
    world = World(*(flown(fa_flight_id=f"{ID}{n}") for n in range(300)))
    for at, body in await world.play():
        shown_at = {"out": instant("22:51"), "off": instant("23:01"), "on": instant("2026-03-02T00:02")}
        lags.append((at - shown_at[body["event_code"]]).total_seconds())
    assert len(lags) == 900
    assert min(lags) >= 1
    assert 30 < max(lags) <= LONGEST_LAG.total_seconds()
    assert 0.85 < sum(lag < 10 for lag in lags) / len(lags) < 0.95


async def test_each_push_of_a_flight_has_a_lag_of_its_own():
    world = World(line(*(step(f"20:{n}0", cancelled=n % 2 == 0) for n in range(6))))
    assert len({(at.minute % 10, at.second, at.microsecond) for at, _ in await world.play()}) == 6


async def test_a_push_tells_what_was_shown_at_its_instant_and_nothing_of_the_future():
    timeline = [
        step("20:00", gate_origin="A1", estimated_on="2026-03-02T00:05:00Z"),
        # The next facts are there before the push about the one before has left its queue.
        step("21:00:00", gate_origin="A2"),
        step("21:00:01", gate_origin="A3", estimated_out=f"{DAY}23:30:00Z"),
        *flown()["timeline"],
        step("23:01:01", estimated_on="2026-03-02T00:09:00Z"),
    ]
    world = World(line(*timeline), push_codes=alerts.CODES)
    [flight] = world.sandbox.scenario.flights
    shown = {alert.code: alert.shown_at for alert in alerts.of(flight)}
    told = await world.play()
    gates = {body["flight"]["gate_origin"] for _, body in told if body["event_code"] == "change"}
    assert (len(told), gates) == (8, {"A2", "A3"})
    for at, body in told:
        known = shown[body["event_code"]]
        if body["flight"]["gate_origin"] == "A2":
            known = instant("21:00")
        expected = record.of(raw_at(flight, known), known)
        assert {name: body["flight"][name] for name in TIMES} == {name: expected[name] for name in TIMES}
        assert body["flight"]["gate_origin"] == expected["gate_origin"]
        assert known <= at
        actual = [body["flight"][name] for name in TIMES if name.startswith("actual")]
        assert all(value <= record.written(at) for value in actual if value)


async def test_nothing_is_pushed_without_an_address_or_without_a_client():
    world = World(flown(), push_url=None)
    assert world.sandbox.next_due() is None
    assert await world.play() == []
    alone = Sandbox(lambda: world.now, twilio_accounts={}, push_url=HOOK)
    alone.scenario.add([flown()])
    assert alone.next_due() is None
    assert await alone.pump() == 0


async def test_what_lay_in_the_past_when_the_address_was_set_is_not_pushed():
    world = World(flown(), push_url=None, now="22:51:01")
    world.pushes.point_at(HOOK)
    assert await world.codes() == ["off", "on"]
    world = World(flown(), push_url=None, now="22:51")
    world.pushes.point_at(HOOK)
    assert await world.codes() == ["out", "off", "on"]


async def test_an_address_taken_away_forgets_what_waits_and_another_one_gets_it():
    world = World(flown(), now="22:50")
    world.now = instant("22:51:00.5")
    world.pushes.point_at("https://other.example/")
    assert await world.codes("22:52") == ["out"]
    assert str(world.requests[0].url) == "https://other.example/"
    world.now = instant("23:01")
    assert world.sandbox.next_due() is not None
    world.pushes.point_at(None)
    assert world.sandbox.next_due() is None
    world.now = instant("23:02")
    world.pushes.point_at(HOOK)
    assert await world.codes() == ["on"]


async def test_a_flight_that_is_added_later_is_pushed_as_well():
    world = World()
    assert world.sandbox.next_due() is None
    world.sandbox.scenario.add([flown()])
    assert await world.codes("22:55") == ["out"]
    added = await world.client.post("/_sandbox/flights", json=[flown(fa_flight_id="second", ident="ARG2")])
    assert added.status_code == 200
    assert sorted(await world.codes("23:10")) == ["off", "off", "out"]


async def test_the_same_seed_gives_the_same_pushes_in_whatever_order_they_are_asked_for():
    async def told(flights, *, seed=7, at_once=False):
        world = World(*flights, seed=seed)
        await world.faults(lost=0.3, duplicated=0.3, late=0.3, late_s=60, bare=0.3, unknown_code=0.2)
        if at_once:
            world.now = instant("2026-03-03T00:00")
            await world.sandbox.pump()
            return sorted(json.dumps(body) for _, body in world.told)
        return [(at, json.dumps(body)) for at, body in await world.play()]

    flights = [flown(fa_flight_id=f"{ID}{n}") for n in range(50)]
    once = await told(flights)
    assert len(once) > 100
    assert await told(flights) == once
    assert sorted(await told(flights[::-1])) == sorted(once)
    assert await told(flights, at_once=True) == sorted(body for _, body in once)
    assert await told(flights, seed=8) != once


async def test_the_alerts_of_a_flight_are_worked_out_once(monkeypatch):
    read = Counter()
    of = alerts.of

    def counted(flight):
        read[flight.fa_flight_id] += 1
        return of(flight)

    monkeypatch.setattr(alerts, "of", counted)
    flights = [flown(fa_flight_id=f"{ID}{n}", visible_from=f"{DAY}00:00:00Z") for n in range(1000)]
    world = World(*flights, push_codes=alerts.CODES, now="2026-02-27T22:00", receiver=Sink())
    await world.play()
    assert world.receiver.taken == 7000
    assert len(read) == 1000
    assert set(read.values()) == {1}


class Sink(httpx.AsyncBaseTransport):
    """A receiver that costs nothing, so that many pushes take no time."""

    taken = 0

    async def handle_async_request(self, request):
        self.taken += 1
        return httpx.Response(200)


# Loss and faults


@pytest.mark.parametrize(
    "answer", [500, 404, 301, httpx.ConnectError("away"), httpx.ReadTimeout("slow"), RuntimeError("bug")]
)
async def test_a_push_that_fails_is_lost_and_never_tried_again(answer):
    world = World(flown(), answer=answer)
    await world.play("22:55")
    world.answer = 200
    assert len(world.requests) == 1
    assert await world.codes() == ["off", "on"]
    assert (world.pushes.lost, world.pushes.pushed) == (1, {"out": 1, "off": 1, "on": 1})


async def test_lost_pushes_are_paid_for_and_never_arrive():
    world = World(flown())
    await world.faults(lost=1)
    assert await world.play() == []
    assert (world.pushes.lost, world.pushes.pushed.total(), world.requests) == (3, 3, [])


async def test_a_duplicate_follows_within_seconds_and_says_the_same():
    world = World(flown())
    await world.faults(duplicated=1)
    (first_at, first), (second_at, second) = await world.play("22:55")
    assert first == second
    assert timedelta(seconds=1) <= second_at - first_at <= timedelta(seconds=10)
    assert await world.codes() == ["off", "off", "on", "on"]
    assert world.pushes.pushed == {"out": 2, "off": 2, "on": 2}


async def test_a_late_push_tells_what_is_old_by_then():
    world = World(flown())
    await world.faults(late=1, late_s=7200)
    out, off, on = await world.play()
    assert instant("2026-03-02T00:51:01") <= out[0] <= instant("2026-03-02T00:51:35")
    assert (out[1]["flight"]["actual_out"], out[1]["flight"]["actual_on"]) == (f"{DAY}22:50:00Z", None)
    assert on[0] - off[0] > timedelta(minutes=60)


async def test_a_late_push_can_be_doubled_and_comes_twice_only():
    world = World(flown())
    await world.faults(late=1, late_s=600, duplicated=1)
    told = await world.play()
    assert [body["event_code"] for _, body in told] == ["out", "out", "off", "off", "on", "on"]
    assert told[1][0] - told[0][0] <= timedelta(seconds=10)


async def test_each_push_of_a_pair_may_be_lost_on_its_own():
    world = World(*(flown(fa_flight_id=f"{ID}{n}") for n in range(20)))
    await world.faults(duplicated=1, lost=0.5)
    told = [(body["flight"]["fa_flight_id"], body["event_code"]) for _, body in await world.play()]
    assert {told.count(each) for each in told} == {1, 2}


async def test_a_bare_push_names_the_flight_and_an_error():
    world = World(flown())
    await world.faults(bare=1)
    (_, body), *_ = await world.play()
    assert body.keys() == ENVELOPE
    assert body["flight"] == {"fa_flight_id": ID, "error": "Extended details unavailable"}


async def test_codes_and_flights_that_nobody_knows():
    world = World(flown())
    await world.faults(unknown_code=1)
    [(_, body)] = await world.play("22:55")
    assert body["event_code"] not in alerts.CODES
    assert body["flight"]["fa_flight_id"] == ID
    await world.faults(unknown_code=0, unknown_flight=1, bare=1)
    [(_, body)] = await world.play("23:10")
    assert body["event_code"] == "off"
    assert body["flight"].keys() == {"fa_flight_id", "error"}
    assert body["flight"]["fa_flight_id"] != ID


async def test_faults_hit_as_many_as_their_rate_says():
    world = World(*(flown(fa_flight_id=f"{ID}{n}") for n in range(400)))
    await world.faults(lost=0.25, bare=0.5)
    told = await world.play()
    assert 0.7 < len(told) / 1200 < 0.8
    assert 0.45 < sum("error" in body["flight"] and len(body["flight"]) == 2 for _, body in told) / len(told) < 0.55


async def test_faults_of_pushes_are_set_shown_refused_and_reset():
    world = World()
    before = (await world.client.get("/_sandbox/faults")).json()
    assert set(before["pushes"]) == {"lost", "duplicated", "late", "late_s", "bare", "unknown_code", "unknown_flight"}
    await world.faults(lost=0.5, late_s=30)
    in_force = (await world.client.get("/_sandbox/faults")).json()["pushes"]
    assert (in_force["lost"], in_force["late_s"]) == (0.5, 30.0)
    for wrong, named in (
        ({"lost": 2}, "pushes: lost: a rate must be between 0 and 1"),
        ({"eaten": 1}, "pushes: eaten: unknown fault"),
        (5, "pushes: must be a JSON object"),
    ):
        answer = await world.client.post("/_sandbox/faults", json={"pushes": wrong})
        assert (answer.status_code, answer.json()) == (400, {"error": named})
    assert (await world.client.post("/_sandbox/faults", json={"reset": True})).json() == before


# The endpoint, and what it costs


async def test_the_address_is_set_shown_and_taken_away():
    world = World(flown(), push_url=None)
    path = "/aeroapi/alerts/endpoint"
    assert (await world.client.get(path)).json() == {"url": None}
    answer = await world.client.put(path, json={"url": HOOK})
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await world.client.get(path)).json() == {"url": HOOK}
    assert await world.codes("22:55") == ["out"]
    answer = await world.client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await world.codes() == []
    assert (await world.client.post(path, json={"url": HOOK})).status_code == 405


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b'{"url": 5}', b'{"url": "ftp://x/"}', b"\xff"])
async def test_an_address_that_is_none_is_refused(content):
    world = World()
    answer = await world.client.put("/aeroapi/alerts/endpoint", content=content)
    assert answer.status_code == 400
    assert answer.json().keys() == {"title", "reason", "detail", "status"}
    assert (await world.client.get("/aeroapi/alerts/endpoint")).json() == {"url": HOOK}


async def test_the_address_needs_a_key():
    world = World(aeroapi_keys={"right"}, push_url=None)
    for method in ("GET", "PUT", "DELETE"):
        answer = await world.client.request(method, "/aeroapi/alerts/endpoint", json={"url": HOOK})
        assert (answer.status_code, answer.json()["reason"]) == (401, "INVALID_API_KEY")
    assert world.pushes.url is None


async def test_each_delivery_is_charged():
    world = World(flown())
    await world.play("22:55")
    await world.faults(lost=1)
    await world.play()
    body = (await world.client.get("/aeroapi/account/usage")).json()
    assert body["resource_details"][-1] == {
        "operation": "alert delivery",
        "total_resource_calls": 3,
        "num_pages": 3,
        "resource_cost": 0.06,
        "successful_resource_calls": 1,
        "failed_resource_calls": 2,
    }
    assert body["total_cost"] == 0.06
    usage = (await world.client.get("/_sandbox/usage")).json()["aeroapi"]
    assert (usage["pushed"], usage["lost"]) == ({"out": 1, "off": 1, "on": 1}, 2)


async def test_the_app_pushes_by_itself_while_it_serves():
    world = World(flown(), now="22:51")
    sandbox = Sandbox(
        lambda: world.now, twilio_accounts={}, callbacks=world.receiver, push_url=HOOK, run_clockwork=True
    )
    sandbox.scenario.add([flown()])
    async with sandbox.app.router.lifespan_context(sandbox.app):
        world.now = instant("22:52")
        async with asyncio.timeout(10):
            await world.taken.wait()
    assert [body["event_code"] for _, body in world.told] == ["out"]


def test_the_program_takes_the_address():
    given = arguments(["--port", "1", "--twilio-account", "AC1:x", "--push-url", HOOK])
    assert given.push_url == HOOK
