"""Webhooks as they came: stored first, worked on later, each once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from travel.database import Transaction

TWILIO_STATUS = "TWILIO_STATUS"
TWILIO_INBOUND = "TWILIO_INBOUND"


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """One request of a provider. `body` is what it posted."""

    id: int
    provider: str
    body: dict[str, Any]
    received_at: datetime


async def store(tx: Transaction, provider: str, dedupe_key: str, body: dict[str, Any], now: datetime) -> int | None:
    """Keep a webhook; None where the same one came before."""
    stored: int | None = await tx.value(
        """
        INSERT INTO webhook_inbox (provider, dedupe_key, body, received_at) VALUES (:provider, :key, :body, :now)
        ON CONFLICT (provider, dedupe_key) DO NOTHING RETURNING id
        """,
        provider=provider,
        key=dedupe_key,
        body=body,
        now=now,
    )
    return stored


async def take(tx: Transaction, inbox_id: int, now: datetime) -> Webhook | None:
    """Take a webhook to work on it in this transaction; None where it is done or in other hands."""
    row = await tx.one(
        """
        UPDATE webhook_inbox SET processed_at = :now
        WHERE id = (SELECT id FROM webhook_inbox WHERE id = :id AND processed_at IS NULL FOR UPDATE SKIP LOCKED)
        RETURNING id, provider, body, received_at
        """,
        id=inbox_id,
        now=now,
    )
    return None if row is None else Webhook(**row)


async def waiting(tx: Transaction, most: int) -> list[int]:
    """Webhooks that nobody has worked on, oldest first."""
    rows = await tx.all("SELECT id FROM webhook_inbox WHERE processed_at IS NULL ORDER BY id LIMIT :most", most=most)
    return [row["id"] for row in rows]


async def forget(tx: Transaction, before: datetime) -> None:
    """Delete what was worked on before an instant; duplicates come within minutes, not weeks."""
    await tx.run("DELETE FROM webhook_inbox WHERE processed_at < :before", before=before)
