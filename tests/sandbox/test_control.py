import asyncio
import json
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.app import Sandbox, arguments, scaled_clock

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "12345"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
TEMPLATE = "HX" + "b" * 32
SENDER, ANA = "+14155550100", "+5491155550101"
START = datetime(2013, 9, 4, 9, 40, tzinfo=UTC)
FLIGHT = {
    "fa_flight_id": "AAL1141-1378247400-airline-0042",
    "ident": "AAL1141",
    "origin": "KJFK",
    "destination": "KMIA",
    "scheduled_out": "2013-09-04T09:40:00Z",
    "timeline": [],
}


@pytest.fixture
def sandbox():
    return Sandbox(lambda: START, twilio_accounts={ACCOUNT: TOKEN}, speed=60)


@pytest.fixture
async def client(sandbox):
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


async def send(client, to=ANA, body="Hola", sender=SENDER, **more):
    form = {"To": to, "From": sender, "Body": body, **more}
    return await client.post(MESSAGES, data=form, auth=(ACCOUNT, TOKEN))


async def error_of(response):
    assert response.status_code == 400
    return response.json()["error"]


async def test_messages_are_listed_in_the_order_of_taking(client):
    assert (await client.get("/_sandbox/messages")).json() == []
    callback = "https://agency.example/hooks?m=1&agency=north&type=BOARDING&ident=AA1141"
    sid = (await send(client, body="1", StatusCallback=callback)).json()["sid"]
    await send(client, body="2")
    await send(client, to="nobody", body="refused")
    first, second = (await client.get("/_sandbox/messages")).json()
    request = {"To": ANA, "From": SENDER, "Body": "1", "StatusCallback": callback}
    assert first == {
        "at": "2013-09-04T09:40:00Z", "agency": "north", "to": ANA, "type": "BOARDING", "ident": "AA1141",
        "value": None, "body": "1", "sid": sid, "request": request,
    }  # fmt: skip
    assert (second["body"], second["agency"]) == ("2", None)


async def test_faults_are_set_shown_and_reset(client, sandbox):
    before = (await client.get("/_sandbox/faults")).json()
    assert before["twilio"]["lost_reply"] == 0.0
    asked = {
        "rate_limited": 0.1,
        "twilio": {"slow": 1, "slow_s": 0},
        "callbacks": {"lost": 0.3, "callbacks_duplicated": 0.4},
        "aeroapi": {"rate_limited": 0.5, "result_sets_per_minute": 10},
    }
    in_force = (await client.post("/_sandbox/faults", json=asked)).json()
    assert in_force == (await client.get("/_sandbox/faults")).json()
    twilio = in_force["twilio"]
    assert (twilio["rate_limited"], twilio["slow"], twilio["slow_s"]) == (0.1, 1.0, 0.0)
    assert (twilio["callbacks_lost"], twilio["callbacks_duplicated"]) == (0.3, 0.4)
    assert (in_force["aeroapi"]["rate_limited"], in_force["aeroapi"]["result_sets_per_minute"]) == (0.5, 10)
    assert sandbox.twilio.faults.rate_limited == 0.1
    again = (await client.post("/_sandbox/faults", json={"reset": True, "error_after": 0.2})).json()
    assert again == {**before, "twilio": {**before["twilio"], "error_after": 0.2}}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"rate_limit": 0.1}, "rate_limit: unknown fault"),
        ({"lost_reply": 0.5, "twilio": {"bogus": 1}}, "bogus: unknown fault"),
        ({"aeroapi": {"lost_reply": 1}}, "aeroapi: lost_reply: unknown fault"),
        ({"callbacks": {"eaten": 1}}, "callbacks_eaten: unknown fault"),
        ({"lost_reply": 1.5}, "lost_reply: a rate must be between 0 and 1"),
        ({"lost_reply": -0.1}, "lost_reply: a rate must be between 0 and 1"),
        ({"lost_reply": "often"}, "lost_reply: must be a number"),
        ({"lost_reply": True}, "lost_reply: must be a number"),
        ({"slow_s": -1}, "slow_s: seconds"),
        ({"twilio": 1}, "twilio: must be a JSON object"),
        ({"reset": "yes"}, "reset: must be true or false"),
        ({"recipients": [{"to": ANA, "when": "later"}]}, "recipients[0]: `when`"),
        ({"recipients": [{"code": 1}]}, "recipients[0]: needs a `to`"),
        ({"aeroapi": {"localised_status": 1}}, "aeroapi: localised_status: must be true or false"),
        (
            {"aeroapi": {"result_sets_per_minute": -1}},
            "aeroapi: result_sets_per_minute: must be a whole number",
        ),
        ([], "the body: must be a JSON object"),
    ],
)
async def test_wrong_faults_are_named_and_nothing_changes(client, asked, named):
    before = (await client.get("/_sandbox/faults")).json()
    assert named in await error_of(await client.post("/_sandbox/faults", json=asked))
    assert (await client.get("/_sandbox/faults")).json() == before


async def test_the_fate_of_a_number_is_set_and_taken_away(client):
    fate = {"to": ANA, "code": 21211, "when": "sync"}
    in_force = (await client.post("/_sandbox/faults", json={"recipients": [fate]})).json()
    assert in_force["twilio"]["recipients"] == [{**fate, "times": None}]
    assert (await send(client)).json()["code"] == 21211
    await client.post("/_sandbox/faults", json={"recipients": [{"to": ANA, "code": None}]})
    assert (await send(client)).status_code == 201


@pytest.mark.parametrize("path", ["faults", "inbound", "flights"])
async def test_bad_json_is_explained(client, path):
    response = await client.post(f"/_sandbox/{path}", content=b"[{not json")
    assert "line 1" in await error_of(response)
    assert "UTF-8" in await error_of(await client.post(f"/_sandbox/{path}", content=b"\xff"))


async def test_flights_are_added_as_a_list_or_as_lines(client, sandbox):
    second = {**FLIGHT, "fa_flight_id": "second"}
    assert (await client.post("/_sandbox/flights", json=[FLIGHT])).json() == {"added": 1, "flights": 1}
    lines = json.dumps(second) + "\n\n" + json.dumps({**FLIGHT, "fa_flight_id": "third"}) + "\n"
    assert (await client.post("/_sandbox/flights", content=lines)).json() == {"added": 2, "flights": 3}
    assert [flight.fa_flight_id for flight in sandbox.scenario.under("second")] == ["second"]
    answer = await client.get("/aeroapi/flights/second", headers={"x-apikey": "any"})
    assert [flight["fa_flight_id"] for flight in answer.json()["flights"]] == ["second"]


async def test_a_bad_flight_is_named_and_none_is_added(client, sandbox):
    lines = json.dumps(FLIGHT) + "\n" + json.dumps({"ident": "AAL1"})
    assert "line:2" in await error_of(await client.post("/_sandbox/flights", content=lines))
    assert sandbox.scenario.flights == []


async def test_a_traveller_writes_back(client):
    await send(client)
    stop = await client.post("/_sandbox/inbound", json={"from": ANA, "body": "STOP", "channel": "sms"})
    assert (stop.json()["from"], stop.json()["to"]) == (ANA, SENDER)
    assert (await send(client)).json()["code"] == 21610
    said = {"from": ANA, "body": "hola", "channel": "whatsapp"}
    assert (await client.post("/_sandbox/inbound", json=said)).json()["from"] == f"whatsapp:{ANA}"


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"body": "hola"}, "from"),
        ({"from": "Ana", "body": "hola"}, "from"),
        ({"from": ANA, "body": 7}, "body"),
        ({"from": ANA, "channel": "telegram"}, "channel"),
        ({"from": ANA, "text": "hola"}, "text: unknown key"),
    ],
)
async def test_a_wrong_inbound_is_named(client, asked, named):
    assert named in await error_of(await client.post("/_sandbox/inbound", json=asked))


async def test_templates_are_added(client, sandbox):
    added = await client.put("/_sandbox/templates", json={TEMPLATE: "Hola {{1}}"})
    assert added.json() == {TEMPLATE: "Hola {{1}}"}
    sent = await send(client, body="", ContentSid=TEMPLATE, ContentVariables='{"1":"Ana"}')
    assert sent.json()["body"] == "Hola Ana"
    await client.put("/_sandbox/templates", json={TEMPLATE: {"text": "Hola", "approval": "paused"}})
    assert sandbox.twilio.approvals == {TEMPLATE: "paused"}
    for wrong in ({"HX1": "x"}, {TEMPLATE: 1}, {TEMPLATE: {"text": "x", "approval": "maybe"}}):
        assert next(iter(wrong)) in await error_of(await client.put("/_sandbox/templates", json=wrong))


async def test_clock_and_usage(client):
    assert (await client.get("/_sandbox/clock")).json() == {"now": "2013-09-04T09:40:00Z", "speed": 60}
    await send(client)
    await send(client, to="nobody")
    await client.get("/aeroapi/flights/AAL1141", headers={"x-apikey": "any"})
    usage = (await client.get("/_sandbox/usage")).json()
    assert usage["twilio"] == {"requests": 2, "messages": 1}
    assert usage["aeroapi"]["result_sets"] == sum(usage["aeroapi"]["by"].values()) == 1


def test_the_clock_is_scaled():
    origin = time.time() - 10
    passed = scaled_clock(START, 60, origin)() - START
    assert timedelta(minutes=10) <= passed < timedelta(minutes=15)


def test_an_account_needs_a_token(capsys):
    with pytest.raises(SystemExit):
        arguments(["--port", "1", "--twilio-account", "AC1"])
    assert "SID:TOKEN" in capsys.readouterr().err


@pytest.fixture
def program(tmp_path):
    """The sandbox as `bauhaus dev` starts it, 3600 times faster than life, with one flight."""
    scenario, port = tmp_path / "flights.jsonl", _free_port()
    scenario.write_text(json.dumps(FLIGHT) + "\n")
    argv = [sys.executable, "-m", "sandbox.app", "--port", str(port), "--start", "2013-09-04T09:40:00Z"]
    argv += ["--speed", "3600", "--scenario", str(scenario), "--twilio-account", f"{ACCOUNT}:{TOKEN}"]
    argv += ["--ledger", str(tmp_path / "ledger.jsonl"), "--origin", str(time.time())]
    process = subprocess.Popen(argv)
    yield f"http://127.0.0.1:{port}", process
    process.terminate()
    process.wait(10)


@pytest.fixture
async def child(program):
    address, process = program
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        await _until_up(client, process)
        yield client


async def test_the_program_serves_on_a_socket_and_loses_replies_there(child, tmp_path):
    clock = (await child.get("/_sandbox/clock")).json()
    assert clock["now"] > "2013-09-04T09:40:00Z"
    assert clock["speed"] == 3600
    assert len((await child.get("/aeroapi/flights/AAL1141", headers={"x-apikey": "k"})).json()["flights"]) == 1
    sid = (await send(child)).json()["sid"]
    one = MESSAGES.replace(".json", f"/{sid}.json")
    async with asyncio.timeout(10):
        status = ""
        while status != "delivered":
            status = (await child.get(one, auth=(ACCOUNT, TOKEN))).json()["status"]
    await child.post("/_sandbox/faults", json={"lost_reply": 1, "lost_reply_s": 0})
    with pytest.raises(httpx.RemoteProtocolError):
        await send(child)
    await child.post("/_sandbox/faults", json={"lost_reply_s": 30})
    child.timeout = 0.2
    with pytest.raises(httpx.ReadTimeout):
        await send(child)
    child.timeout = 5
    async with asyncio.timeout(10):
        while len((await child.get("/_sandbox/messages")).json()) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 3


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def _until_up(client, process):
    async with asyncio.timeout(20):
        while process.poll() is None:
            try:
                return await client.get("/_sandbox/clock")
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    raise AssertionError("the sandbox ended at once")
