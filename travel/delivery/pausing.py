"""Pausing: while Twilio refuses an agency's account or sender, its messages wait, and the agency is told why."""

from datetime import datetime
from uuid import UUID

import structlog

from travel import outcome
from travel.delivery.carrier import Carrier
from travel.model import Channel, EventKind, News, SendingPause
from travel.model import NotificationReason as Reason
from travel.records import feed, outbox, pauses
from travel.twilio_codes import Remedy

log = structlog.get_logger()


async def pause(
    carrier: Carrier, agency_id: UUID, channel: Channel, remedy: Remedy, code: int | None, message: str, *, taken: bool
) -> None:
    """Hold what is to go by this channel, or by any where the account is at fault. One message at a time tries again.

    `taken` says that Twilio refused it only after it had taken it.
    """
    now = carrier.clock.now()
    channels = list(Channel) if remedy is Remedy.ACCOUNT else [channel]
    async with carrier.db.transaction(agency_id) as tx:
        begun = []
        for each in sorted(channels):
            new = SendingPause(
                channel=each,
                error_code=code,
                error_message=message,
                paused_at=now,
                probe_at=now + outcome.FIRST_PROBE,
                probes=0,
                awaits_receipt=taken,
            )
            if await pauses.begin(tx, agency_id, new):
                begun.append(each)
        if begun:
            await feed.publish(tx, agency_id, [News(kind=EventKind.SENDING_PAUSED)], now)
        carrier.crash_at("pausing")
    if begun:
        log.error("sending_paused", agency_id=str(agency_id), channels=begun, code=code, message=message)


async def resume(carrier: Carrier, agency_id: UUID, channel: Channel, sent_at: datetime, *, receipt: bool) -> None:
    """A message of `sent_at` went through: all that waits for it is due now.

    A 201 is no proof where Twilio refused the last ones only after it. What was wrong with the account was wrong on all
    channels.
    """
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        standing = await pauses.of(tx, agency_id, lock=True)
        ours = standing.get(channel)
        if ours is None or sent_at < ours.paused_at or (ours.awaits_receipt and not receipt):
            return
        ended = [each for each, pause in standing.items() if each is channel or pause.error_code == ours.error_code]
        for each in ended:
            await pauses.end(tx, agency_id, each)
            await outbox.free(tx, agency_id, [Reason.SENDER_PAUSED], now, each)
        await feed.publish(tx, agency_id, [News(kind=EventKind.SENDING_RESUMED)], now)
        carrier.crash_at("resuming")
    log.info("sending_resumed", agency_id=str(agency_id), channels=ended)
