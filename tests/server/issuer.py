"""A stand-in for an issuer of tokens: it signs, and publishes its keys over real HTTP."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import serving

NAME, AUDIENCE = "https://issuer.example/", "bauhaus"
SECRET = "a secret that both sides know and nobody else"


@cache
def pair(kind: str) -> Any:
    """A private key; the same one for the same name. RSA, unless the name says another curve."""
    if kind.startswith("P-256"):
        return ec.generate_private_key(ec.SECP256R1())
    if kind.startswith("Ed25519"):
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=1024 if kind == "weak" else 2048)


def published(kid: str, private: Any, algorithm: str, **more: Any) -> dict[str, Any]:
    """The public half as a JSON Web Key."""
    of = get_default_algorithms()[algorithm]
    return {**json.loads(of.to_jwk(private.public_key())), "kid": kid, **more}  # type: ignore[attr-defined]


def claims(agency_id: UUID, /, **changes: Any) -> dict[str, Any]:
    """What a good token says; None takes a claim away."""
    whole = {
        "iss": NAME,
        "aud": AUDIENCE,
        "sub": "ana@north.example",
        "exp": int(time.time()) + 600,
        "agency_id": str(agency_id),
        "role": "ADMIN",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def trusting(issuer: "StandIn", *algorithms: str) -> dict[str, Any]:
    """A configuration with the issuer's published keys."""
    named = {"jwt_issuer": NAME, "jwt_audience": AUDIENCE, "jwt_jwks_url": issuer.url}
    return {**named, "jwt_algorithms": algorithms or ("RS256",)}


def signed(
    said: dict[str, Any], key: Any = None, algorithm: str = "RS256", kid: str | None = "one", **header: Any
) -> str:
    """A token, signed by the issuer's first key unless another one is given."""
    named = {"kid": kid} if kid is not None else {}
    return jwt.encode(said, key or pair("one"), algorithm, headers={**named, **header})


@dataclass
class StandIn:
    """What it publishes, how it answers, and how often it was asked."""

    keys: list[Any] = field(default_factory=lambda: [published("one", pair("one"), "RS256")])
    body: bytes | None = None
    status: int = 200
    hangs: bool = False
    asked: int = 0
    url: str = ""

    async def answer(self, _: Request) -> Response:
        """The key set, or what a test wants instead."""
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        body = self.body if self.body is not None else json.dumps({"keys": self.keys}).encode()
        headers = {"location": f"{self.url}/elsewhere"} if self.status == 302 else {}
        return Response(body, self.status, headers, "application/json")


@asynccontextmanager
async def open_issuer() -> AsyncIterator[StandIn]:
    """An issuer that listens on a port of its own."""
    issuer = StandIn()
    app = Starlette(routes=[Route("/keys", issuer.answer), Route("/keys/elsewhere", issuer.answer)])
    server = serving.server(app, "127.0.0.1", 0, grace_seconds=1)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the issuer did not start"
        await asyncio.sleep(0)
    issuer.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/keys"
    try:
        yield issuer
    finally:
        server.should_exit = True
        await running
