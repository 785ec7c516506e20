"""What became of messages whose answer was lost. Nothing is sent again before Twilio was asked whether it has it."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import structlog

from travel.database import Transaction
from travel.delivery.carrier import Carrier, publish
from travel.model import (
    AttemptOutcome,
    DeliveryAttempt,
    Notification,
    UnknownDeliveryPolicy,
)
from travel.model import (
    NotificationReason as Reason,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.records import agencies, attempts, notifications, outbox
from travel.twilio import Listed

log = structlog.get_logger()

CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much our clock and Twilio's may disagree; a message that another attempt knows is never taken for ours."""


async def recover(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
    """A lease lapsed: whoever held it is gone, and nobody knows whether Twilio took the message. It is UNKNOWN now."""
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        notification = await outbox.lapsed(tx, agency_id, notification_id)
        if notification is None:
            return
        tried = (await attempts.of(tx, agency_id, [notification_id]))[notification_id][-1]
        await attempts.finish(
            tx,
            agency_id,
            notification_id,
            tried.number,
            AttemptOutcome.UNKNOWN,
            now,
            error_message="the worker that sent it is gone",
        )
        await outbox.settle(
            tx,
            notification,
            fence=notification.fence,
            held=Status.SENDING,
            status=Status.UNKNOWN,
            reason=None,
            settle_at=now + carrier.settling,
            now=now,
        )
        await publish(tx, notification, now)
    log.warning("lease_lapsed", notification_id=str(notification_id))


async def settle_unknown(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
    """The settling time is over and no callback came: look the message up, and only if Twilio has none, follow policy."""
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        notification = await notifications.get(tx, agency_id, notification_id)
        if notification is None or notification.status is not Status.UNKNOWN:
            return
        tries = (await attempts.of(tx, agency_id, [notification_id]))[notification_id]
    try:
        listed = await carrier.twilio.taken(to=notification.recipient, channel=tries[-1].channel)
    except (httpx.HTTPError, TimeoutError, KeyError, ValueError) as away:
        log.warning("lookup_failed", notification_id=str(notification_id), error=type(away).__name__)
        return
    async with carrier.db.transaction(agency_id) as tx:
        # A callback may come while we ask; it locks the message first, and so do we.
        locked = await notifications.lock(tx, agency_id, notification_id, Status.UNKNOWN, wait=True)
        if locked is None:
            return
        strangers = await _strangers(tx, tries[-1], listed)
        ours = [each for each in strangers if each.body == locked.body]
        if ours:
            oldest = min(ours, key=lambda each: each.created_at)
            done = await _found_at_twilio(tx, locked, tries[-1], oldest, now)
        else:
            doubtful = tries[-1].content_sid is not None and await _may_be_ours(tx, locked, strangers)
            done = await _not_found(tx, locked, tries[-1], now, doubtful=doubtful)
        if done:
            await publish(tx, locked, now)


async def _strangers(tx: Transaction, attempt: DeliveryAttempt, listed: list[Listed]) -> list[Listed]:
    """What Twilio took since the attempt began, give or take the clocks, and no attempt knows as its own."""
    recent = [each for each in listed if each.created_at >= attempt.started_at - CLOCKS_DIFFER]
    known = await attempts.known_sids(tx, [each.sid for each in recent])
    return [each for each in recent if each.sid not in known]


async def _may_be_ours(tx: Transaction, notification: Notification, strangers: list[Listed]) -> bool:
    """Whether one of them can be ours in other words: an approved template need not read as our catalogue does."""
    others = await outbox.texts_to(tx, notification.agency_id, notification.recipient)
    return any(each.body not in others for each in strangers)


async def _found_at_twilio(
    tx: Transaction, notification: Notification, attempt: DeliveryAttempt, found: Listed, now: datetime
) -> bool:
    await attempts.finish(
        tx,
        notification.agency_id,
        notification.id,
        attempt.number,
        AttemptOutcome.ACCEPTED,
        now,
        twilio_sid=found.sid,
    )
    return await outbox.settle(
        tx, notification, fence=attempt.fence, held=Status.UNKNOWN, status=Status.SENT, reason=None, now=now
    )


async def _not_found(
    tx: Transaction,
    notification: Notification,
    attempt: DeliveryAttempt,
    now: datetime,
    *,
    doubtful: bool,
) -> bool:
    settings = await agencies.settings(tx, notification.agency_id)
    if doubtful or settings.on_unknown_delivery is UnknownDeliveryPolicy.HOLD_FOR_HUMAN:
        status, reason = Status.UNKNOWN, Reason.HELD_FOR_HUMAN
    elif attempt.number >= settings.max_retry_attempts:
        status, reason = Status.FAILED, Reason.ATTEMPTS_EXHAUSTED
    else:
        status, reason = Status.PENDING, Reason.RETRYING
    return await outbox.settle(
        tx,
        notification,
        fence=attempt.fence,
        held=Status.UNKNOWN,
        status=status,
        reason=reason,
        due_at=now if status is Status.PENDING else None,
        now=now,
    )
