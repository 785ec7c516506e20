"""The doors for Twilio and AeroAPI: only who can sign is heard, everything is heard once, and nothing said is believed."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from server import app as server_app
from tests.world import ACCOUNT, ANA, PUBLIC, TOKEN, World
from travel.model import Trip

SID = "SM" + "0" * 31 + "1"
FORM = "application/x-www-form-urlencoded"
HOUR = timedelta(hours=1)


def signature(url: str, parameters: list[tuple[str, str]], secret: str = TOKEN, algorithm: str = "sha1") -> str:
    """As Twilio's documentation says it: the address, then every distinct name and value in order."""
    said = url + "".join(name + value for name, value in sorted(set(parameters)))
    return base64.b64encode(hmac.new(secret.encode(), said.encode(), algorithm).digest()).decode()


def report(sid: str = SID, status: str = "delivered", **more: str) -> list[tuple[str, str]]:
    fields = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": status, "SmsStatus": status, "To": f"whatsapp:{ANA}"}
    return [*{**fields, "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", **more}.items()]


async def post(
    world: World,
    path: str,
    parameters: list[tuple[str, str]],
    given: str | bytes | None,
    http: httpx.AsyncClient | None = None,
    **headers: str,
) -> int:
    """A form as Twilio sends it; the answer's status."""
    shown: dict[str, str | bytes] = {"content-type": FORM}
    shown |= {name.replace("_", "-"): value for name, value in headers.items()}
    if given is not None:
        shown["x-twilio-signature"] = given
    named = [(name.encode(), value.encode() if isinstance(value, str) else value) for name, value in shown.items()]
    response = await (http or world.http).post(path, content=urlencode(parameters).encode(), headers=named)
    return response.status_code


async def inbox(world: World) -> list[dict[str, Any]]:
    async with world.db.transaction() as tx:
        rows = await tx.all("SELECT provider, dedupe_key, body FROM webhook_inbox ORDER BY id")
    return [dict(row) for row in rows]


async def sent(world: World) -> tuple[Trip, str, str]:
    """A confirmation that Twilio took and has not spoken of since: its trip, its callback's path, its SID."""
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    await world.settle()
    async with world.db.transaction(world.agency.id) as tx:
        row = await tx.one("SELECT token, twilio_sid FROM delivery_attempts")
    assert row is not None
    return trip, f"/webhooks/twilio/status/{row['token']}", row["twilio_sid"]


async def stands(world: World, trip: Trip) -> str:
    (confirmation,) = [each for each in await world.decided(trip) if each.type == "RESERVATION_CONFIRMATION"]
    return str(confirmation.status)


def receiver(world: World, **changes: Any) -> httpx.AsyncClient:
    """The same house under another configuration."""
    app = server_app.build(world.house, world.config.model_copy(update=changes))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC)


# Who may speak


async def test_a_signed_report_moves_the_message(world: World) -> None:
    trip, path, sid = await sent(world)
    assert await stands(world, trip) == "SENT"
    parameters = report(sid, RawDlrDoneDate="2603101200", ErrorCode="", ProfileName="Ana Pérez")
    assert await post(world, path, parameters, signature(PUBLIC + path, parameters)) == 204
    await world.settle()
    assert await stands(world, trip) == "DELIVERED"


@pytest.mark.parametrize("path", ["/webhooks/twilio/status/token", "/webhooks/twilio/inbound"])
async def test_who_cannot_sign_is_refused_and_changes_nothing(world: World, path: str) -> None:
    said = [*report(), ("From", f"whatsapp:{ANA}"), ("Body", "STOP")]
    good = signature(PUBLIC + path, said)
    wrong = [
        None, "", "x", good[:-2] + "A=", good.lower(), good + " ", b"\xe9" * 28,
        signature(PUBLIC + path, said, "another secret"),
        signature(PUBLIC + path, said, TOKEN, "sha256"),
        signature(PUBLIC.replace("https", "http") + path, said),
        signature(PUBLIC + path + "?a=1", said),
        signature("https://evil.example" + path, said),
        signature(PUBLIC + path, said[:-1]),
        signature(PUBLIC + path, [*said[:-1], ("Body", "STOQ")]),
    ]  # fmt: skip
    for given in wrong:
        assert await post(world, path, said, given) == 403, given
    assert (
        await post(world, path, said, good, x_twilio_webhooks_signature_settings="key=1,algorithm=HMAC_SHA512") == 403
    )
    assert await post(world, path, said, good, host="evil.example") == 204  # the address is the configured one
    assert len(await inbox(world)) == 1


async def test_a_signature_counts_with_and_without_a_port_and_with_the_query(world: World) -> None:
    path = "/webhooks/twilio/status/token?type=DELAYED&agency=Norte+Viajes"
    for number, base in enumerate((PUBLIC, f"{PUBLIC}:443")):
        parameters = report(f"SM{number:032d}")
        assert await post(world, path, parameters, signature(base + path, parameters)) == 204
    parameters = report()
    assert await post(world, path, parameters, signature(f"{PUBLIC}:8443{path}", parameters)) == 403
    assert (
        await post(world, path.replace("DELAYED", "EARLIER"), parameters, signature(PUBLIC + path, parameters)) == 403
    )
    assert len(await inbox(world)) == 2


async def test_the_token_before_this_one_is_believed_while_it_is_configured(world: World) -> None:
    path, parameters = "/webhooks/twilio/status/token", report()
    old = signature(PUBLIC + path, parameters, "the-token-before")
    assert await post(world, path, parameters, old) == 403
    async with receiver(world, twilio_previous_auth_token=SecretStr("the-token-before")) as http:
        assert await post(world, path, parameters, old, http) == 204
        assert await post(world, path, parameters, signature(PUBLIC + path, parameters), http) == 204
        assert await post(world, path, parameters, signature(PUBLIC + path, parameters, "another"), http) == 403


async def test_sha256_counts_where_the_header_says_so(world: World) -> None:
    path, parameters = "/webhooks/twilio/status/token", report()
    given, settings = signature(PUBLIC + path, parameters, TOKEN, "sha256"), "key=1,algorithm=HMAC_SHA256"
    assert await post(world, path, parameters, given, x_twilio_webhooks_signature_settings=settings) == 204
    sha1 = signature(PUBLIC + path, parameters)
    assert await post(world, path, parameters, sha1, x_twilio_webhooks_signature_settings=settings) == 403


async def test_a_json_body_is_bound_by_its_hash_and_refused_without_it(world: World) -> None:
    body = json.dumps(dict(report())).encode()
    hash_ = hashlib.sha256(body).hexdigest()
    bound, other = (
        f"/webhooks/twilio/status/token?bodySHA256={hash_}",
        f"/webhooks/twilio/status/token?bodySHA256={'0' * 64}",
    )
    plain = "/webhooks/twilio/status/token"
    for path, content in ((plain, body), (other, body), (bound, body + b" ")):
        headers = {"content-type": "application/json", "x-twilio-signature": signature(PUBLIC + path, [])}
        assert (await world.http.post(path, content=content, headers=headers)).status_code == 403
    headers = {"content-type": "application/json", "x-twilio-signature": signature(PUBLIC + bound, [])}
    # The signature fits, but status callbacks are forms.
    assert (await world.http.post(bound, content=body, headers=headers)).status_code == 400
    assert await inbox(world) == []


async def test_blank_and_repeated_values_are_signed_like_all_others(world: World) -> None:
    path = "/webhooks/twilio/inbound"
    said = [
        ("MessageSid", SID),
        ("From", f"whatsapp:{ANA}"),
        ("Body", ""),
        ("MediaUrl", "b"),
        ("MediaUrl", "a"),
        ("MediaUrl", "a"),
        ("ErrorCode", ""),
    ]
    assert await post(world, path, said, signature(PUBLIC + path, [each for each in said if each[1]])) == 403
    assert await post(world, path, said, signature(PUBLIC + path, said)) == 204
    assert len(await inbox(world)) == 1


async def test_a_get_and_other_methods_are_not_taken(world: World) -> None:
    for path in ("/webhooks/twilio/status/x", "/webhooks/twilio/inbound", "/webhooks/aeroapi/push-token-of-the-tests"):
        for method in ("GET", "PUT", "DELETE"):
            assert (await world.http.request(method, path)).status_code == 405


# What is stored


async def test_the_same_report_is_stored_once_and_another_status_beside_it(world: World) -> None:
    trip, path, sid = await sent(world)
    for status in ("delivered", "delivered", "sent", "delivered", "read", "sent"):
        parameters = report(sid, status)
        assert await post(world, path, parameters, signature(PUBLIC + path, parameters)) == 204
    assert len(await inbox(world)) == 3
    await world.settle()
    assert await stands(world, trip) == "READ"


async def test_a_report_without_a_known_token_is_taken_and_ignored(world: World) -> None:
    trip, _, sid = await sent(world)
    for path in ("/webhooks/twilio/status/unheard-of", "/webhooks/twilio/status/" + "x" * 2000):
        parameters = report(sid, "failed", ErrorCode="63016")
        assert await post(world, path, parameters, signature(PUBLIC + path, parameters)) == 204
    await world.settle()
    assert await stands(world, trip) == "SENT"


async def test_a_report_that_says_nothing_we_know_changes_nothing(world: World) -> None:
    trip, path, sid = await sent(world)
    for status in ("unheard-of", "x" * 5000, "😀", "SENT"):
        parameters = report(sid, status, ErrorCode="9" * 400)
        assert await post(world, path, parameters, signature(PUBLIC + path, parameters)) in (204, 400)
    for parameters in ([], [("MessageSid", sid)], [("MessageStatus", "delivered")], report("", "delivered")):
        assert await post(world, path, parameters, signature(PUBLIC + path, parameters)) == 400
    await world.settle()
    assert await stands(world, trip) == "SENT"


async def test_a_report_that_holds_a_nul_is_no_fault_of_ours(world: World) -> None:
    path = "/webhooks/twilio/status/token"
    parameters = report("SM\x00", "delivered")
    assert await post(world, path, parameters, signature(PUBLIC + path, parameters)) in (204, 400)


async def test_an_oversized_body_is_refused(world: World) -> None:
    path = "/webhooks/twilio/status/token"
    parameters = report(Padding="x" * 300_000)
    given = signature(PUBLIC + path, parameters)
    assert await post(world, path, parameters, given) in (403, 413)

    async def pieces() -> Any:
        for _ in range(400):
            yield b"x" * 1000

    response = await world.http.post(
        path, content=pieces(), headers={"content-type": FORM, "x-twilio-signature": given}
    )
    assert response.status_code in (403, 413)
    assert await inbox(world) == []


async def test_a_body_of_bytes_that_are_no_text_is_refused(world: World) -> None:
    for content in (b"\xff\xfe\x00", b"MessageSid=%FF&MessageStatus=%00", b"&&&===", b""):
        response = await world.http.post(
            "/webhooks/twilio/inbound", content=content, headers={"content-type": FORM, "x-twilio-signature": "x"}
        )
        assert response.status_code == 403


async def test_a_thousand_forgeries_change_nothing(world: World) -> None:
    trip, path, sid = await sent(world)
    before = (await inbox(world), await world.redis.zcard("arq:queue"))
    for number in range(1000):
        status = ("delivered", "failed", "read", "undelivered")[number % 4]
        parameters = report(sid, status, ErrorCode="21610", N=str(number))
        assert await post(world, path, parameters, signature(PUBLIC + path, parameters, f"secret {number}")) == 403
    assert (await inbox(world), await world.redis.zcard("arq:queue")) == before
    await world.settle()
    assert await stands(world, trip) == "SENT"


async def test_a_traveller_who_writes_stop_hears_nothing_more(world: World) -> None:
    path = "/webhooks/twilio/inbound"
    said = [("MessageSid", SID), ("From", f"whatsapp:{ANA}"), ("To", "whatsapp:+14155550100"), ("Body", " stop. ")]
    await world.book()
    await world.settle()
    for _ in range(2):
        assert await post(world, path, said, signature(PUBLIC + path, said)) == 204
    assert len(await inbox(world)) == 1
    await world.settle()
    await world.book("AR1305")
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


# AeroAPI


async def watched(world: World) -> Trip:
    """A trip whose flight was looked at, and shall be looked at again much later."""
    departure = world.clock.now() + 20 * HOUR
    world.fly("ARG1303", departure, fa_flight_id="ARG1303-1-airline-0001")
    trip = await world.book(departure=departure)
    await world.settle()
    world.clock.move_to(world.clock.now() + timedelta(minutes=5))
    return trip


async def next_look(world: World, trip: Trip) -> Any:
    async with world.db.transaction() as tx:
        return await tx.value("SELECT next_check_at FROM flights WHERE id = :id", id=trip.flight_id)


def push(**changes: Any) -> dict[str, Any]:
    flight = {
        "fa_flight_id": "ARG1303-1-airline-0001",
        "ident": "ARG1303",
        "cancelled": True,
        **changes.pop("flight", {}),
    }
    return {"event_code": "cancelled", "flight": flight, "summary": "cancelled", **changes}


async def test_a_push_hastens_the_look_and_is_not_believed(world: World) -> None:
    trip = await watched(world)
    assert await next_look(world, trip) > world.clock.now()
    assert (await world.http.post("/webhooks/aeroapi/push-token-of-the-tests", json=push())).status_code == 200
    assert await next_look(world, trip) == world.clock.now()
    await world.settle()
    shown = await world.data("{ trips { nodes { status flight { cancelled lastCheckedAt } } } }")
    flight = {"cancelled": False, "lastCheckedAt": f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}"}
    assert shown["trips"]["nodes"] == [{"status": "UPCOMING", "flight": flight}]
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_a_push_needs_its_token(world: World) -> None:
    trip = await watched(world)
    before = await next_look(world, trip)
    for token in ("push-toke", "push-token-of-the-tests2", "PUSH-TOKEN", "%00", "é😀", "x" * 5000):
        response = await world.http.post(f"/webhooks/aeroapi/{token}", json=push())
        assert response.status_code == 404, token
    async with receiver(world, aeroapi_webhook_token=None) as http:
        for token in ("push-token-of-the-tests", "None", "%20"):
            assert (await http.post(f"/webhooks/aeroapi/{token}", json=push())).status_code == 404
    assert await next_look(world, trip) == before


@pytest.mark.parametrize(
    "body",
    [
        {"error": "no alert"},
        {"id": 5},
        {},
        {"flight": None},
        {"flight": {}},
        {"flight": {"fa_flight_id": None}},
        {"flight": {"fa_flight_id": 5}},
        {"flight": {"fa_flight_id": ["ARG1303-1-airline-0001"]}},
        {"flight": {"fa_flight_id": "unheard-of"}},
        {"flight": {"fa_flight_id": ""}},
        {"flight": {"fa_flight_id": "x" * 100_000}},
        {"flight": {"fa_flight_id": "ARG\x00"}},
        {"flight": {"ident": "ARG1303"}},
    ],
)
async def test_a_push_about_nothing_we_watch_is_taken_and_changes_nothing(world: World, body: dict[str, Any]) -> None:
    trip = await watched(world)
    before = await next_look(world, trip)
    assert (await world.http.post("/webhooks/aeroapi/push-token-of-the-tests", json=body)).status_code == 200
    assert await next_look(world, trip) == before


async def test_an_unknown_event_code_hastens_like_a_known_one(world: World) -> None:
    trip = await watched(world)
    body = push(event_code="unheard_of", id=7, error="x")
    assert (await world.http.post("/webhooks/aeroapi/push-token-of-the-tests", json=body)).status_code == 200
    assert await next_look(world, trip) == world.clock.now()


async def test_garbage_is_no_push(world: World) -> None:
    deep = b'{"flight":' * 5000 + b"1" + b"}" * 5000
    garbage = (b"", b"{", b"[]", b"5", b"null", b'"x"', b"\xff", b'{"flight": 5}', b'{"flight": "x"}', b'{"flight": [1]}', deep, b'{"a":"' + b"x" * 300_000 + b'"}')  # fmt: skip
    for content in garbage:
        response = await world.http.post("/webhooks/aeroapi/push-token-of-the-tests", content=content)
        assert response.status_code in (400, 413), content[:40]


async def test_a_well_signed_request_of_another_account_changes_nothing(world: World) -> None:
    trip, path, sid = await sent(world)
    foreign = report(sid, AccountSid="AC" + "9" * 32)
    assert await post(world, path, foreign, signature(PUBLIC + path, foreign)) == 403
    assert await inbox(world) == []
    await world.settle()
    assert await stands(world, trip) == "SENT"
