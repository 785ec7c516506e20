"""What we know of a phone: whether it opted out, and when it last wrote to us."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from travel.database import Transaction
from travel.model import Channel, OptOutSource

WINDOW = timedelta(hours=24)
"""WhatsApp takes free text this long after the traveller's last message."""


async def opt_out(tx: Transaction, agency_id: UUID, phone: str, source: OptOutSource, now: datetime) -> None:
    """Send nothing more to this phone in the agency's name."""
    await tx.run(
        """
        INSERT INTO opt_outs (agency_id, phone, source, created_at) VALUES (:agency, :phone, :source, :now)
        ON CONFLICT (agency_id, phone) DO NOTHING
        """,
        agency=agency_id,
        phone=phone,
        source=source,
        now=now,
    )


async def opt_in(tx: Transaction, agency_id: UUID, phone: str) -> None:
    """The phone may be written to again."""
    await tx.run("DELETE FROM opt_outs WHERE agency_id = :agency AND phone = :phone", agency=agency_id, phone=phone)


async def opted_out(tx: Transaction, agency_id: UUID, phones: Sequence[str]) -> set[str]:
    """Those of the phones that opted out."""
    rows = await tx.all(
        "SELECT phone FROM opt_outs WHERE agency_id = :agency AND phone = ANY(:phones)",
        agency=agency_id,
        phones=list(phones),
    )
    return {row["phone"] for row in rows}


async def wrote(
    tx: Transaction,
    agency_id: UUID,
    *,
    message_sid: str,
    phone: str,
    channel: Channel,
    body: str,
    now: datetime,
) -> None:
    """A traveller's message came in."""
    await tx.run(
        """
        INSERT INTO inbound_messages (agency_id, message_sid, phone, channel, body, received_at)
        VALUES (:agency, :sid, :phone, :channel, :body, :now) ON CONFLICT DO NOTHING
        """,
        agency=agency_id,
        sid=message_sid,
        phone=phone,
        channel=channel,
        body=body,
        now=now,
    )


async def with_open_window(tx: Transaction, agency_id: UUID, phones: Sequence[str], now: datetime) -> set[str]:
    """Those of the phones to which WhatsApp takes free text now."""
    rows = await tx.all(
        """
        SELECT DISTINCT phone FROM inbound_messages
        WHERE agency_id = :agency AND phone = ANY(:phones) AND channel = 'WHATSAPP' AND received_at > :since
        """,
        agency=agency_id,
        phones=list(phones),
        since=now - WINDOW,
    )
    return {row["phone"] for row in rows}
