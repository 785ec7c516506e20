"""Webhooks as they came: stored first, worked on later, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from travel.database import Statements, Transaction

TWILIO_STATUS = "TWILIO_STATUS"
TWILIO_INBOUND = "TWILIO_INBOUND"


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """One request of a provider. `body` is what it posted."""

    id: int
    provider: str
    body: dict[str, Any]
    received_at: datetime


async def store(tx: Statements, provider: str, dedupe_key: str, body: dict[str, Any], now: datetime) -> int | None:
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


async def take(tx: Transaction, most: int, only: int | None = None) -> list[Webhook]:
    """Webhooks that nobody works on, oldest first; they are ours for a while by the database's clock.

    With `only`, that one, whoever has it.
    """
    rows = await tx.all(
        """
        UPDATE webhook_inbox SET taken_until = clock_timestamp() + interval '10 s'
        WHERE id IN (
          SELECT id FROM webhook_inbox
          WHERE processed_at IS NULL AND (id = :only OR (CAST(:only AS bigint) IS NULL AND coalesce(taken_until < clock_timestamp(), true)))
          ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
        RETURNING id, provider, body, received_at
        """,
        only=only,
        most=most,
    )
    return sorted((Webhook(**row) for row in rows), key=lambda each: each.id)


async def finish(tx: Statements, inbox_ids: Sequence[int], now: datetime) -> set[int]:
    """Mark webhooks as worked on, in the transaction of their effects; those of them that nobody was faster with."""
    rows = await tx.all(
        "UPDATE webhook_inbox SET processed_at = :now WHERE id = ANY(:ids) AND processed_at IS NULL RETURNING id",
        ids=list(inbox_ids),
        now=now,
    )
    return {row["id"] for row in rows}


async def forget(tx: Transaction, before: datetime) -> None:
    """Delete what was worked on before an instant; duplicates come within minutes, not weeks."""
    await tx.run("DELETE FROM webhook_inbox WHERE processed_at < :before", before=before)
