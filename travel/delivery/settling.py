"""What became of messages whose answer was lost. Nothing is sent again before Twilio was asked whether it has it."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import structlog

from travel.database import Transaction
from travel.delivery.carrier import Carrier, publish
from travel.model import (
    AgencySettings,
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
from travel.records import agencies, attempts, notifications
from travel.twilio import Listed

log = structlog.get_logger()


async def recover(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
    """A lease lapsed: whoever held it is gone, and nobody knows whether Twilio took the message. It is UNKNOWN now."""
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        notification = await notifications.lapsed(tx, agency_id, notification_id)
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
        await notifications.settle(
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
        settings = await agencies.settings(tx, agency_id)
        found = await _found(tx, notification, tries[-1], listed)
        if found is not None:
            done = await _found_at_twilio(tx, notification, tries[-1], found, now)
        else:
            done = await _not_found(tx, notification, tries[-1], settings, now)
        if done:
            await publish(tx, notification, now)


async def _found(
    tx: Transaction, notification: Notification, attempt: DeliveryAttempt, listed: list[Listed]
) -> Listed | None:
    """The oldest message with our text, made since the attempt began, that belongs to no other attempt."""
    since = attempt.started_at - timedelta(seconds=2)
    ours = [each for each in listed if each.body == notification.body and each.created_at >= since]
    taken = await attempts.known_sids(tx, [each.sid for each in ours])
    return min((each for each in ours if each.sid not in taken), key=lambda each: each.created_at, default=None)


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
    return await notifications.settle(
        tx, notification, fence=attempt.fence, held=Status.UNKNOWN, status=Status.SENT, reason=None, now=now
    )


async def _not_found(
    tx: Transaction,
    notification: Notification,
    attempt: DeliveryAttempt,
    settings: AgencySettings,
    now: datetime,
) -> bool:
    if settings.on_unknown_delivery is UnknownDeliveryPolicy.HOLD_FOR_HUMAN:
        status, reason = Status.UNKNOWN, Reason.HELD_FOR_HUMAN
    elif attempt.number >= settings.max_retry_attempts:
        status, reason = Status.FAILED, Reason.ATTEMPTS_EXHAUSTED
    else:
        status, reason = Status.PENDING, Reason.RETRYING
    return await notifications.settle(
        tx,
        notification,
        fence=attempt.fence,
        held=Status.UNKNOWN,
        status=status,
        reason=reason,
        due_at=now if status is Status.PENDING else None,
        now=now,
    )
