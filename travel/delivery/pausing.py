"""Pausing: while Twilio refuses an agency's account or sender, its messages wait, and the agency is told why."""

from uuid import UUID

import structlog

from travel import outcome
from travel.delivery.carrier import Carrier
from travel.model import Channel, EventKind, News
from travel.model import NotificationReason as Reason
from travel.records import feed, outbox, pauses
from travel.twilio_codes import Remedy

log = structlog.get_logger()


async def pause(
    carrier: Carrier, agency_id: UUID, channel: Channel, remedy: Remedy, code: int | None, message: str
) -> None:
    """Hold what is to go by this channel, or by any where the account is at fault. One message at a time tries again."""
    now = carrier.clock.now()
    channels = list(Channel) if remedy is Remedy.ACCOUNT else [channel]
    async with carrier.db.transaction(agency_id) as tx:
        begun = [
            each
            for each in sorted(channels)
            if await pauses.begin(tx, agency_id, each, code, message, now + outcome.FIRST_PROBE, now)
        ]
        if begun:
            await feed.publish(tx, agency_id, [News(kind=EventKind.SENDING_PAUSED)], now)
        carrier.crash_at("pausing")
    if begun:
        log.error("sending_paused", agency_id=str(agency_id), channels=begun, code=code, message=message)


async def resume(carrier: Carrier, agency_id: UUID, channel: Channel) -> None:
    """A message went through: all that waits for it is due now. What is wrong with the account is wrong on all channels."""
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        standing = await pauses.of(tx, agency_id, lock=True)
        if channel not in standing:
            return
        code = standing[channel].error_code
        ended = [each for each, pause in standing.items() if each is channel or pause.error_code == code]
        for each in ended:
            await pauses.end(tx, agency_id, each)
            await outbox.free(tx, agency_id, [Reason.SENDER_PAUSED], now, each)
        await feed.publish(tx, agency_id, [News(kind=EventKind.SENDING_RESUMED)], now)
        carrier.crash_at("resuming")
    log.info("sending_resumed", agency_id=str(agency_id), channels=ended)
