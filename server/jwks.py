"""The public keys of a token's issuer, from the address where it publishes them (JSON Web Key Set, RFC 7517)."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx
import orjson
import structlog
from jwt import PyJWK, PyJWTError

log = structlog.get_logger()

FETCH_SECONDS = 3.0
LARGEST_SET = 100_000
"""Bytes; a key has about 400."""
APART_SECONDS = 10.0
"""Anybody can name a key that nobody knows: the issuer is asked about such no more often."""
FRESH_SECONDS = 300.0
"""A key that the issuer withdraws counts no longer than that, while the issuer answers."""

KINDS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Algorithm → kind and curve of its key. A key serves no algorithm of another kind, and none is shared with us."""


class PublishedKeys:
    """What the issuer published last. While it does not answer, the keys that are known go on counting."""

    def __init__(self, url: str, algorithms: Sequence[str]) -> None:
        self._url = url
        self._algorithms = algorithms
        self._keys: dict[tuple[str, str], PyJWK] = {}
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def find(self, kid: str | None, algorithm: str) -> PyJWK | None:
        """The key of that name for that algorithm; None where the issuer has no such key."""
        if kid is None:
            return None
        if (kid, algorithm) not in self._keys:
            await self.refresh()
        return self._keys.get((kid, algorithm))

    async def run(self) -> None:
        """Keep the keys fresh."""
        while True:
            await self.refresh()
            await asyncio.sleep(FRESH_SECONDS)

    async def refresh(self) -> None:
        """Ask the issuer, unless it was asked a moment ago; one question at a time."""
        async with self._asking:
            now = time.monotonic()
            if self._asked_at is not None and now - self._asked_at < APART_SECONDS:
                return
            self._asked_at = now
            try:
                self._keys = _usable(orjson.loads(await self._fetch()), self._algorithms)
            except (httpx.HTTPError, TimeoutError, OSError, ValueError) as broken:
                log.warning("keys_of_the_issuer_not_read", error=type(broken).__name__, known=len(self._keys))

    async def _fetch(self) -> bytes:
        """Raises httpx.HTTPError, TimeoutError, and ValueError for a body that is too large."""
        # Unpacked, a small answer can be a large one: it is asked for as it is.
        headers = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
        body = bytearray()
        async with (
            httpx.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=False) as http,
            asyncio.timeout(FETCH_SECONDS),
            http.stream("GET", self._url, headers=headers) as response,
        ):
            response.raise_for_status()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > LARGEST_SET:
                    raise ValueError(f"more than {LARGEST_SET} bytes")
        return bytes(body)


def _usable(whole: Any, algorithms: Sequence[str]) -> dict[tuple[str, str], PyJWK]:
    """Name and algorithm → key. Keys for encryption, secret keys and what is no key are left out.

    Raises ValueError where nothing is left: an answer without keys is a fault, it takes none away.
    """
    given = whole.get("keys") if isinstance(whole, dict) else None
    keys: dict[tuple[str, str], PyJWK] = {}
    for key in given if isinstance(given, list) else []:
        for algorithm in algorithms:
            if _is_for(key, algorithm):
                try:
                    keys.setdefault((key["kid"], algorithm), PyJWK(key, algorithm))
                except (PyJWTError, ValueError, TypeError, KeyError, AttributeError):
                    log.warning("key_of_the_issuer_unusable")
    if not keys:
        raise ValueError("no usable key")
    return keys


def _is_for(key: Any, algorithm: str) -> bool:
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str) or "d" in key:
        return False
    kind, curve = KINDS[algorithm]
    return (
        key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    )
