"""API keys: `bh_<prefix>_<secret>`. The secret is 256 random bits; only its SHA-256 is kept."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from travel.database import Statements, Transaction
from travel.model import ApiKey, Role, Viewer

_COLUMNS = "id, agency_id, name, role, prefix, created_at, last_used_at, expires_at, revoked_at"
TOUCHED_EVERY = timedelta(minutes=1)
"""How often the use of a key is written down, so that reading does not become writing."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment when its secret can be read."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A key that opens, in the hand of its viewer."""

    viewer: Viewer
    last_used_at: datetime | None

    def is_to_touch(self, now: datetime) -> bool:
        """Whether its last use was written down long ago."""
        return self.last_used_at is None or self.last_used_at < now - TOUCHED_EVERY


def _key(row: Mapping[str, Any]) -> ApiKey:
    return ApiKey(**{**row, "role": Role(row["role"])})


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def add(
    tx: Transaction, agency_id: UUID, *, name: str, role: Role, expires_at: datetime | None, now: datetime
) -> NewKey:
    """A new key."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = await tx.one(
        f"""
        INSERT INTO api_keys (agency_id, name, role, prefix, secret_hash, expires_at, created_at)
        VALUES (:agency, :name, :role, :prefix, :hash, :expires_at, :now)
        RETURNING {_COLUMNS}
        """,  # noqa: S608
        agency=agency_id,
        name=name,
        role=role,
        prefix=prefix,
        hash=_hash(secret),
        expires_at=expires_at,
        now=now,
    )
    assert row is not None
    return NewKey(_key(row), f"bh_{prefix}_{secret}")


async def of_agency(tx: Transaction, agency_id: UUID) -> Sequence[ApiKey]:
    """All keys of an agency, newest first."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM api_keys WHERE agency_id = :id ORDER BY created_at DESC, id",  # noqa: S608
        id=agency_id,
    )
    return [_key(row) for row in rows]


async def shown(tx: Statements, text: str, now: datetime) -> Shown | None:
    """Who shows this key; None for anything that is not a valid, unexpired, unrevoked key."""
    scheme, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if scheme != "bh" or not secret:
        return None
    row = await tx.one(
        "SELECT id, agency_id, name, role, secret_hash, expires_at, revoked_at, last_used_at FROM system_key(:p)",
        p=prefix,
    )
    if row is None or not hmac.compare_digest(row["secret_hash"], _hash(secret)):
        return None
    if row["revoked_at"] is not None or (row["expires_at"] is not None and row["expires_at"] <= now):
        return None
    viewer = Viewer(
        key_id=row["id"],
        agency_id=row["agency_id"],
        name=row["name"],
        role=Role(row["role"]),
        expires_at=row["expires_at"],
    )
    return Shown(viewer, row["last_used_at"])


async def touch(tx: Transaction, viewer: Viewer, now: datetime) -> None:
    """Remember that the key was used; others may have remembered it meanwhile."""
    await tx.run(
        """
        UPDATE api_keys SET last_used_at = :now
        WHERE id = :id AND agency_id = :agency AND (last_used_at IS NULL OR last_used_at < :before)
        """,
        id=viewer.key_id,
        agency=viewer.agency_id,
        now=now,
        before=now - TOUCHED_EVERY,
    )


async def end(tx: Transaction, agency_id: UUID, key_id: UUID, at: datetime) -> ApiKey | None:
    """Let a key end by itself at `at`; None if the agency has no such key, or it ends before that. No life is made longer."""
    row = await tx.one(
        f"""
        UPDATE api_keys SET expires_at = :at
        WHERE agency_id = :agency AND id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at >= :at)
        RETURNING {_COLUMNS}
        """,  # noqa: S608
        agency=agency_id,
        id=key_id,
        at=at,
    )
    return None if row is None else _key(row)


async def revoke(tx: Transaction, agency_id: UUID, key_id: UUID, now: datetime) -> ApiKey | None:
    """End a key; None if the agency has no such key. Revoking twice keeps the first moment."""
    row = await tx.one(
        f"""
        UPDATE api_keys SET revoked_at = coalesce(revoked_at, :now) WHERE agency_id = :agency AND id = :id
        RETURNING {_COLUMNS}
        """,  # noqa: S608
        agency=agency_id,
        id=key_id,
        now=now,
    )
    return None if row is None else _key(row)
