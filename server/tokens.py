"""JSON Web Tokens (RFC 7519) of one trusted issuer: proved by its keys, and worth what their claims say.

Their times are those of the issuer's world, so they run on the machine's clock, however fast the world's clock runs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid5

import jwt

from server.jwks import PublishedKeys
from travel.config import Issuer
from travel.model import Role, Viewer

LEEWAY = timedelta(seconds=10)
"""By so much the issuer's clock may be ahead of ours. A token's end is not put off by it."""


class Keys(Protocol):
    """Where the issuer's keys come from."""

    async def find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | str | None:
        """The key for a token that names this one; None where there is none."""
        ...

    async def run(self) -> None:
        """Keep them fresh."""
        ...


class SharedSecret:
    """The one key of an issuer that signs with a secret which we know too."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def find(self, kid: str | None, algorithm: str) -> str | None:
        """The secret, whatever the token calls it, and for HMAC alone."""
        return self._secret if algorithm == "HS256" else None

    async def run(self) -> None:
        """Nothing gets old."""


class Tokens:
    """Proves tokens."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._keys: Keys = (
            SharedSecret(issuer.secret)
            if issuer.secret is not None
            else PublishedKeys(issuer.jwks_url or "", issuer.algorithms)
        )

    async def run(self) -> None:
        """Keep the issuer's keys fresh."""
        await self._keys.run()

    async def viewer(self, token: str) -> Viewer | None:
        """Of whom a token speaks; None for what the issuer did not sign for us, is not yet or no longer valid, or says too little.

        Whether there is such an agency, the token does not know.
        """
        issuer = self._issuer
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in issuer.algorithms:
                return None
            key = await self._keys.find(header.get("kid"), algorithm)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=issuer.audience,
                issuer=issuer.name,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError:
            return None
        return viewer_of(claims, issuer, datetime.now(UTC))


def viewer_of(claims: Mapping[str, Any], issuer: Issuer, now: datetime) -> Viewer | None:
    """What proven claims are worth.

    | claim       | must be                            | else    |
    | exp         | a number of Unix seconds, after now | nobody  |
    | agency's    | the text of a UUID                 | nobody  |
    | role's      | VIEWER, AGENT or ADMIN             | nobody  |
    | sub         | a text; it becomes the name        | "token" |
    """
    ends_at, agency_id = _instant(claims.get("exp")), _uuid(claims.get(issuer.agency_claim))
    role = next((each for each in Role if each == claims.get(issuer.role_claim)), None)
    if ends_at is None or ends_at <= now or agency_id is None or role is None:
        return None
    subject = claims.get("sub")
    name = subject if isinstance(subject, str) and subject and subject.isprintable() else "token"
    return Viewer(
        key_id=uuid5(agency_id, f"{issuer.name} {name}"), agency_id=agency_id, name=name, role=role, expires_at=ends_at
    )


def _instant(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
