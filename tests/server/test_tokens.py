"""Tokens of the configured issuer open what a key opens, on every transport, and nothing that is not right about one opens anything."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from tests.graph.test_mutations import form
from tests.graph.test_subscriptions import Line
from tests.server.issuer import AUDIENCE, NAME, SECRET, StandIn, claims, pair, published, signed, trusting
from tests.server.test_http import house
from tests.world import World
from travel.model import AgencyStatus
from travel.records import agencies

WHO = "{ viewer { name role agency { name } } trips { totalCount } }"
UNKNOWN = "bh_x_y"


def shared() -> dict[str, Any]:
    """A configuration with a secret that both sides know."""
    named = {"jwt_issuer": NAME, "jwt_audience": AUDIENCE, "jwt_secret": SecretStr(SECRET)}
    return {**named, "jwt_algorithms": ("HS256",)}


async def ask(http: httpx.AsyncClient, credential: str, document: str = WHO, **variables: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {credential}"}
    return await http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)


# What opens


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("RS256", "one"), ("RS512", "one"), ("PS256", "one"), ("ES256", "P-256"), ("EdDSA", "Ed25519")]
)  # fmt: skip
async def test_a_token_opens_as_a_key_does(world: World, issuer: StandIn, algorithm: str, kind: str) -> None:
    issuer.keys = [published("one", pair(kind), algorithm)]
    said = claims(world.agency.id, role="AGENT", aud=["somebody else", AUDIENCE])
    async with house(world, **trusting(issuer, "RS256", "RS512", "PS256", "ES256", "EdDSA")) as http:
        answer = await ask(http, signed(said, pair(kind), algorithm))
        assert answer.json()["data"]["viewer"] == {
            "name": "ana@north.example",
            "role": "AGENT",
            "agency": {"name": "Norte Viajes"},
        }
        ends = (await ask(http, signed(said, pair(kind), algorithm), "{ viewer { expiresAt } }")).json()
        assert datetime.fromisoformat(ends["data"]["viewer"]["expiresAt"]) == datetime.fromtimestamp(said["exp"], UTC)
        assert (await ask(http, world.key)).json()["data"]["viewer"]["role"] == "ADMIN"


async def test_a_secret_that_both_sides_know_serves_as_well(world: World) -> None:
    async with house(world, **shared()) as http:
        for kid in (None, "whatever"):
            token = signed(claims(world.agency.id), SECRET, "HS256", kid)
            assert (await ask(http, token)).json()["data"]["viewer"]["role"] == "ADMIN"
        other = signed(claims(world.agency.id), SECRET[::-1], "HS256")
        assert (await ask(http, other)).status_code == 401
        assert (await ask(http, signed(claims(world.agency.id)))).status_code == 401


async def test_the_claims_are_called_as_the_issuer_likes(world: World, issuer: StandIn) -> None:
    said = claims(
        world.agency.id, agency_id=None, role=None, sub=None, **{"https://a.example/agency": str(world.agency.id), "r": "VIEWER"}
    )  # fmt: skip
    names = {"jwt_agency_claim": "https://a.example/agency", "jwt_role_claim": "r"}
    async with house(world, **trusting(issuer), **names) as http:
        viewer = (await ask(http, signed(said))).json()["data"]["viewer"]
        assert (viewer["name"], viewer["role"]) == ("token", "VIEWER")
        assert (await ask(http, signed(claims(world.agency.id)))).status_code == 401


async def test_a_token_shows_its_own_agency_and_may_what_its_role_may(world: World, issuer: StandIn) -> None:
    other, _ = await world.another_agency()
    await world.book()
    document = "mutation($input: CreateTripInput!) { createTrip(input: $input) { trip { id } userErrors { code } } }"
    async with house(world, **trusting(issuer)) as http:
        for agency, seen in ((world.agency, 1), (other, 0)):
            data = (await ask(http, signed(claims(agency.id, role="VIEWER")))).json()["data"]
            assert (data["viewer"]["agency"]["name"], data["trips"]["totalCount"]) == (agency.name, seen)
        viewer = signed(claims(other.id, role="VIEWER"))
        refused = (await ask(http, viewer, document, input=form(world))).json()["data"]["createTrip"]
        assert (refused["trip"], refused["userErrors"]) == (None, [{"code": "FORBIDDEN"}])
        agent = signed(claims(other.id, role="AGENT"))
        assert (await ask(http, agent, document, input=form(world))).json()["data"]["createTrip"]["trip"]


async def test_clocks_may_differ_by_seconds(world: World, issuer: StandIn) -> None:
    now = int(time.time())
    async with house(world, **trusting(issuer)) as http:
        for ahead in ({"iat": now + 5}, {"nbf": now + 5}, {"iat": now - 9999, "nbf": now - 9999}):
            assert (await ask(http, signed(claims(world.agency.id, **ahead)))).status_code == 200


# What does not


def forged(said: dict[str, Any], header: dict[str, Any], secret: bytes) -> str:
    """What no library would sign: HMAC with whatever is at hand."""
    parts = [json.dumps(part).encode() for part in (header, said)]
    text = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def public_text() -> bytes:
    return pair("one").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


def changed(**changes: Any) -> Callable[[World], str]:
    return lambda world: signed(claims(world.agency.id, **changes))


def tampered(world: World) -> str:
    head, _, proof = signed(claims(world.agency.id, role="VIEWER")).split(".")
    better = base64.urlsafe_b64encode(json.dumps(claims(world.agency.id)).encode()).decode().rstrip("=")
    return f"{head}.{better}.{proof}"


REFUSED: dict[str, Callable[[World], str]] = {
    "no signature": lambda world: forged(claims(world.agency.id), {"alg": "none", "kid": "one"}, b""),
    "no signature, spelled otherwise": lambda world: forged(claims(world.agency.id), {"alg": "nOnE"}, b""),
    "no algorithm": lambda world: forged(claims(world.agency.id), {"kid": "one"}, b""),
    "a list of algorithms": lambda world: forged(claims(world.agency.id), {"alg": ["RS256"], "kid": "one"}, b"x"),
    "the public key as a secret": lambda world: forged(
        claims(world.agency.id), {"alg": "HS256", "kid": "one"}, public_text()
    ),
    "HMAC said to be RSA": lambda world: forged(claims(world.agency.id), {"alg": "RS256", "kid": "one"}, public_text()),
    "an algorithm that is not allowed": lambda world: signed(claims(world.agency.id), algorithm="RS384"),
    "somebody else's key": lambda world: signed(claims(world.agency.id), pair("two")),
    "a key of that name elsewhere": lambda world: signed(claims(world.agency.id), pair("two"), jku="https://evil.example"),
    "a key that it brings itself": lambda world: signed(
        claims(world.agency.id), pair("two"), jwk=published("one", pair("two"), "RS256")
    ),
    "a key that nobody knows": lambda world: signed(claims(world.agency.id), kid="unheard of"),
    "no name of a key": lambda world: signed(claims(world.agency.id), kid=None),
    "a name that is a path": lambda world: signed(claims(world.agency.id), kid="../../dev/null"),
    "other claims under the signature": tampered,
    "another issuer": changed(iss="https://issuer.example"),
    "no issuer": changed(iss=None),
    "for somebody else": changed(aud="somebody else"),
    "for nobody": changed(aud=None),
    "for a part of us": changed(aud=AUDIENCE[:-1]),
    "no end": changed(exp=None),
    "over": changed(exp=int(time.time()) - 1),
    "an end that is a text": changed(exp=str(int(time.time()) + 600)),
    "an end that is true": changed(exp=True),
    "an end beyond all time": changed(exp=1e300),
    "an end that is infinite": changed(exp=float("inf")),
    "an end that is no number": changed(exp=float("nan")),
    "not yet": changed(nbf=int(time.time()) + 3600),
    "made in the future": changed(iat=int(time.time()) + 3600),
    "no agency": changed(agency_id=None),
    "an agency that is not there": changed(agency_id=str(uuid4())),
    "an agency that is no id": changed(agency_id="Norte Viajes"),
    "an agency that is a number": changed(agency_id=5),
    "two agencies": lambda world: signed(claims(world.agency.id, agency_id=[str(world.agency.id)])),
    "everybody": changed(agency_id="*"),
    "no role": changed(role=None),
    "a role that is not there": changed(role="OWNER"),
    "a role in small letters": changed(role="admin"),
    "a list of roles": changed(role=["ADMIN"]),
    "a subject that is a number": changed(sub=5),
    "an extension that we do not know": lambda world: signed(claims(world.agency.id), crit=["x"], x=1),
    "two dots": lambda _: "..",
    "words": lambda _: "a.b.c",
    "very long": lambda world: signed(claims(world.agency.id, padding="x" * 8000)),
}  # fmt: skip


async def test_whatever_is_wrong_is_refused_as_an_unknown_key_is(world: World, trusting_line: Line) -> None:
    url = trusting_line.url.replace("ws://", "http://").removesuffix("/graphql")
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        assert (await ask(http, signed(claims(world.agency.id)))).status_code == 200
        unknown = await ask(http, UNKNOWN)
        for name, made in REFUSED.items():
            token = made(world)
            answer = await ask(http, token)
            assert (answer.status_code, answer.content) == (401, unknown.content), name
            assert answer.headers["www-authenticate"] == unknown.headers["www-authenticate"]
            async with trusting_line.raw() as socket:
                await socket.say({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
                assert await socket.end() == 4403, name


async def test_a_key_that_is_too_short_proves_nothing(world: World, issuer: StandIn) -> None:
    issuer.keys.append(published("weak", pair("weak"), "RS256"))
    with pytest.warns(UserWarning, match="1024"):
        token = signed(claims(world.agency.id), pair("weak"), kid="weak")
    async with house(world, **trusting(issuer)) as http:
        assert (await ask(http, token)).status_code == 401


@pytest.mark.parametrize("status", [AgencyStatus.SUSPENDED, AgencyStatus.PENDING])
async def test_tokens_of_an_agency_that_is_not_active_open_nothing(
    world: World, issuer: StandIn, status: AgencyStatus
) -> None:
    other, _ = await world.another_agency()
    async with world.db.transaction(world.agency.id) as tx:
        await agencies.set_status(tx, world.agency.id, status)
    async with house(world, **trusting(issuer)) as http:
        assert (await ask(http, signed(claims(world.agency.id)))).status_code == 401
        assert (await ask(http, signed(claims(other.id)))).status_code == 200


async def test_without_a_configured_issuer_no_token_opens(world: World, issuer: StandIn) -> None:
    assert (await ask(world.http, signed(claims(world.agency.id)))).status_code == 401
    assert issuer.asked == 0


async def test_while_the_issuer_is_away_its_tokens_go_on_and_logs_hold_none(world: World, issuer: StandIn) -> None:
    token, strange = signed(claims(world.agency.id)), signed(claims(world.agency.id), pair("two"), kid="two")
    async with house(world, **trusting(issuer)) as http:
        with structlog.testing.capture_logs() as lines:
            assert (await ask(http, token)).status_code == 200
            issuer.status = 500
            assert (await ask(http, strange)).status_code == 401
            assert (await ask(http, token)).status_code == 200
    assert not [word for word in (token, strange, *token.split(".")) if word in repr(lines)]
