"""Pauses: channels of an agency on which Twilio refuses account or sender."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from travel.database import Transaction
from travel.model import Channel, SendingPause

COLUMNS = "channel, error_code, error_message, paused_at, probe_at, probes, awaits_receipt"


def _pause(row: Mapping[str, Any]) -> SendingPause:
    return SendingPause(**{**row, "channel": Channel(row["channel"])})


async def of(tx: Transaction, agency_id: UUID, *, lock: bool = False) -> dict[Channel, SendingPause]:
    """The agency's pauses, by channel."""
    rows = await tx.all(
        f"SELECT {COLUMNS} FROM sending_pauses WHERE agency_id = :agency ORDER BY channel {'FOR UPDATE' if lock else ''}",  # noqa: S608
        agency=agency_id,
    )
    return {pause.channel: pause for pause in map(_pause, rows)}


async def begin(tx: Transaction, agency_id: UUID, pause: SendingPause) -> bool:
    """Pause a channel; False where it is paused already, which then remembers the newest refusal."""
    return bool(
        await tx.value(
            """
            INSERT INTO sending_pauses AS p (agency_id, channel, error_code, error_message, paused_at, probe_at, awaits_receipt)
            VALUES (:agency, :channel, :code, :message, :paused_at, :probe_at, :awaits_receipt)
            ON CONFLICT (agency_id, channel) DO UPDATE
            SET error_code = excluded.error_code, error_message = excluded.error_message, awaits_receipt = excluded.awaits_receipt
            RETURNING xmax = 0
            """,
            agency=agency_id,
            channel=pause.channel,
            code=pause.error_code,
            message=pause.error_message,
            paused_at=pause.paused_at,
            probe_at=pause.probe_at,
            awaits_receipt=pause.awaits_receipt,
        )
    )


async def probe(tx: Transaction, agency_id: UUID, channel: Channel, wait: timedelta, now: datetime) -> None:
    """A message goes out to try; the next one not before `wait` has passed."""
    await tx.run(
        """
        UPDATE sending_pauses SET probe_at = :next, probes = probes + 1 WHERE agency_id = :agency AND channel = :channel
        """,
        agency=agency_id,
        channel=channel,
        next=now + wait,
    )


async def end(tx: Transaction, agency_id: UUID, channel: Channel) -> bool:
    """The channel works again; False where it was not paused."""
    return bool(
        await tx.value(
            "DELETE FROM sending_pauses WHERE agency_id = :agency AND channel = :channel RETURNING true",
            agency=agency_id,
            channel=channel,
        )
    )


async def counted(tx: Transaction) -> dict[Channel, int]:
    """How many agencies are paused on each channel."""
    rows = await tx.all("SELECT channel, agencies FROM system_paused_senders()")
    return {Channel(row["channel"]): row["agencies"] for row in rows}
