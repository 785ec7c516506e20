"""The issuer's keys: found by name, kept while it is away, and asked for no more often than is good for it."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from server import jwks
from server.jwks import PublishedKeys
from tests.server.issuer import StandIn, pair, published

PATIENCE = 15
ALGORITHMS = ("RS256", "ES256", "EdDSA")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuer may be asked again at once."""
    monkeypatch.setattr(jwks, "APART_SECONDS", 0.0)


async def test_each_key_serves_the_algorithms_of_its_kind(issuer: StandIn) -> None:
    issuer.keys = [
        published("rsa", pair("one"), "RS256"),
        published("ec", pair("P-256"), "ES256", use="sig"),
        published("ed", pair("Ed25519"), "EdDSA", alg="EdDSA"),
    ]
    keys = PublishedKeys(issuer.url, ALGORITHMS)
    found = {(kid, each) for kid in ("rsa", "ec", "ed", "none") for each in ALGORITHMS if await keys.find(kid, each)}
    assert found == {("rsa", "RS256"), ("ec", "ES256"), ("ed", "EdDSA")}
    assert await keys.find(None, "RS256") is None
    assert issuer.asked == 1


async def test_a_key_that_names_no_algorithm_serves_all_that_are_allowed_of_its_kind(issuer: StandIn) -> None:
    keys = PublishedKeys(issuer.url, ("RS512", "PS256"))
    assert await keys.find("one", "RS512") is not None
    assert await keys.find("one", "PS256") is not None
    assert await keys.find("one", "RS256") is None


USELESS: dict[str, Any] = {
    "for encryption": published("x", pair("two"), "RS256", use="enc"),
    "another algorithm": published("x", pair("two"), "RS256", alg="RS384"),
    "a shared secret": {"kty": "oct", "k": "c2VjcmV0", "kid": "x"},
    "a private key": published("x", pair("two"), "RS256", d="AQAB"),
    "no name": {**published("x", pair("two"), "RS256"), "kid": None},
    "a name that is a number": {**published("x", pair("two"), "RS256"), "kid": 5},
    "no modulus": {"kty": "RSA", "e": "AQAB", "kid": "x"},
    "a modulus that is a number": {"kty": "RSA", "e": "AQAB", "n": 5, "kid": "x"},
    "a modulus that is none": {"kty": "RSA", "e": "AQAB", "n": "!!", "kid": "x"},
    "no kind": {"kid": "x"},
    "a text": "x",
    "nothing": None,
}


@pytest.mark.parametrize("useless", USELESS.values(), ids=USELESS)
async def test_what_is_no_key_for_us_does_not_spoil_the_others(issuer: StandIn, useless: Any) -> None:
    issuer.keys = [useless, *issuer.keys]
    keys = PublishedKeys(issuer.url, ("RS256",))
    assert await keys.find("one", "RS256") is not None
    assert await keys.find("x", "RS256") is None


FAULTS: dict[str, dict[str, Any]] = {
    "an error": {"status": 500},
    "not found": {"status": 404},
    "elsewhere": {"status": 302},
    "no JSON": {"body": b"<html>"},
    "nothing": {"body": b""},
    "a list": {"body": b"[]"},
    "no keys": {"body": b'{"keys": []}'},
    "keys that are none": {"body": b'{"keys": {"a": 1}}'},
    "too much": {"body": b'{"keys": [' + b" " * jwks.LARGEST_SET + b"]}"},
    "silence": {"hangs": True},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.usefixtures("at_once")
async def test_an_issuer_that_is_away_takes_no_key_away(
    issuer: StandIn, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = PublishedKeys(issuer.url, ("RS256",))
    assert await keys.find("one", "RS256") is not None
    if "hangs" in fault:
        monkeypatch.setattr(jwks, "FETCH_SECONDS", 1.0)
    for name, value in fault.items():
        setattr(issuer, name, value)
    issuer.keys = [published("two", pair("two"), "RS256")]
    assert await keys.find("two", "RS256") is None
    assert issuer.asked == 2
    assert await keys.find("one", "RS256") is not None
    issuer.status, issuer.body, issuer.hangs = 200, None, False
    assert await keys.find("two", "RS256") is not None


async def test_an_issuer_that_cannot_be_reached_is_no_fault_of_ours() -> None:
    assert await PublishedKeys("http://127.0.0.1:1/keys", ("RS256",)).find("one", "RS256") is None


async def test_names_that_nobody_knows_ask_the_issuer_once(issuer: StandIn) -> None:
    keys = PublishedKeys(issuer.url, ("RS256",))
    assert await asyncio.gather(*(keys.find(f"unheard of {n}", "RS256") for n in range(50))) == [None] * 50
    assert issuer.asked == 1
    assert await keys.find("one", "RS256") is not None
    assert issuer.asked == 1


async def test_a_key_that_comes_is_found_once_the_issuer_may_be_asked_again(
    issuer: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = PublishedKeys(issuer.url, ("RS256",))
    await keys.refresh()
    issuer.keys.append(published("two", pair("two"), "RS256"))
    assert await keys.find("two", "RS256") is None
    monkeypatch.setattr(jwks, "APART_SECONDS", 0.0)
    assert await keys.find("two", "RS256") is not None
    assert await keys.find("one", "RS256") is not None


@pytest.mark.usefixtures("at_once")
async def test_a_key_that_is_withdrawn_counts_no_more(issuer: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "FRESH_SECONDS", 0.01)
    keys = PublishedKeys(issuer.url, ("RS256",))
    assert await keys.find("one", "RS256") is not None
    issuer.keys = [published("two", pair("two"), "RS256")]
    running = asyncio.create_task(keys.run())
    try:
        async with asyncio.timeout(PATIENCE):
            while ("one", "RS256") in keys._keys:  # noqa: ASYNC110
                await asyncio.sleep(0)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert await keys.find("two", "RS256") is not None
