"""What became of messages of which we heard nothing: the worker died, the answer was lost, or no callback came.

Nothing is sent again before Twilio was asked whether it has it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import structlog

from travel import metrics, outcome
from travel.database import Transaction
from travel.delivery.carrier import Carrier, publish
from travel.delivery.receipts import fail, note, pause_for, report
from travel.model import (
    AttemptOutcome,
    Channel,
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
from travel.records import agencies, attempts, notifications, sent
from travel.records.attempts import Finished
from travel.twilio import Listed

log = structlog.get_logger()

CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much our clock and Twilio's may disagree; a message that another attempt knows is never taken for ours."""
ASK_AGAIN = timedelta(seconds=30)
"""After a look-up that Twilio did not answer, or while another try may own what was found. Longer than a look-up takes."""
ASKED_FOR = timedelta(hours=24)
"""How long a message that nobody confirms is asked about."""

LOOKUP_FAILS = (httpx.HTTPError, TimeoutError, KeyError, ValueError)


async def recover(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
    """A lease lapsed: whoever held it is gone, and nobody knows whether Twilio took the message. It is UNKNOWN now."""
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        notification = await sent.lapsed(tx, agency_id, notification_id)
        if notification is None:
            return
        tried = (await attempts.of(tx, agency_id, [notification_id]))[notification_id][-1]
        gone = Finished(
            notification_id=notification_id,
            number=tried.number,
            outcome=AttemptOutcome.UNKNOWN,
            error_message="the worker that sent it is gone",
        )
        await attempts.finish(tx, agency_id, [gone], now)
        await sent.stand(tx, notification, Status.UNKNOWN, None, now, settle_at=now + carrier.settling)
        await publish(tx, [notification], now)
        carrier.crash_at("recovering")
    carrier.crash_at("recovered")
    log.warning("lease_lapsed", notification_id=str(notification_id))


async def settle_unknown(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
    """The settling time is over and no callback came: look the message up, and only if Twilio has none, follow policy."""
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        # Nobody else asks at the same time, and if this look-up fails, somebody asks again a little later.
        notification = await sent.look(tx, agency_id, notification_id, Status.UNKNOWN, now, now + ASK_AGAIN)
        if notification is None:
            return
        tried = (await attempts.of(tx, agency_id, [notification_id]))[notification_id][-1]
    try:
        listed = await carrier.twilio.taken(to=notification.recipient, channel=tried.channel)
    except LOOKUP_FAILS as away:
        log.warning("lookup_failed", notification_id=str(notification_id), error=type(away).__name__)
        return
    carrier.crash_at("looked_up")
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        # A callback may come while we ask; it locks the message first, and so do we.
        locked = await notifications.lock(tx, agency_id, notification_id, Status.UNKNOWN, wait=True)
        if locked is None or locked.fence != tried.fence:
            return
        await _conclude(tx, carrier, locked, tried, listed, now)
        carrier.crash_at("reconciling")
    carrier.crash_at("reconciled")


async def _conclude(
    tx: Transaction,
    carrier: Carrier,
    notification: Notification,
    tried: DeliveryAttempt,
    listed: Sequence[Listed],
    now: datetime,
) -> None:
    strangers = await _strangers(tx, tried, listed)
    ours = sorted((each for each in strangers if each.body == notification.body), key=lambda each: each.created_at)
    rivals = await attempts.rivals(tx, notification, tried.started_at, now - carrier.settling - carrier.lease)
    if ours and len(ours) <= rivals.all_of_them and (rivals.earlier or rivals.fresh):
        # The same words of another agency may be what we see. Who may still hear of its own by a callback comes first, and
        # of those who do not, the earliest.
        await sent.stand(tx, notification, Status.UNKNOWN, None, now, settle_at=now + ASK_AGAIN)
        return
    if ours:
        found = Finished(
            notification_id=notification.id,
            number=tried.number,
            outcome=AttemptOutcome.ACCEPTED,
            twilio_sid=ours[0].sid,
        )
        await attempts.finish(tx, notification.agency_id, [found], now)
        await report(tx, carrier, notification, tried, Status.SENT, now)
        metrics.unknowns.labels("found").inc()
    else:
        doubtful = tried.content_sid is not None and await _may_be_ours(tx, notification, strangers)
        await _not_found(tx, notification, now, doubtful=doubtful)
    await publish(tx, [notification], now)


async def _strangers(tx: Transaction, attempt: DeliveryAttempt, listed: Sequence[Listed]) -> list[Listed]:
    """What Twilio took since the attempt began, give or take the clocks, and no attempt knows as its own."""
    recent = [each for each in listed if each.created_at >= attempt.started_at - CLOCKS_DIFFER]
    known = await attempts.known_sids(tx, [each.sid for each in recent])
    return [each for each in recent if each.sid not in known]


async def _may_be_ours(tx: Transaction, notification: Notification, strangers: Sequence[Listed]) -> bool:
    """Whether one of them can be ours in other words: an approved template need not read as our catalogue does."""
    others = await sent.texts_to(tx, notification.agency_id, notification.recipient)
    return any(each.body not in others for each in strangers)


async def _not_found(tx: Transaction, notification: Notification, now: datetime, *, doubtful: bool) -> None:
    settings = await agencies.settings(tx, notification.agency_id)
    tries = (await attempts.tried(tx, notification.agency_id, [notification.id]))[notification.id].counted
    if doubtful or settings.on_unknown_delivery is UnknownDeliveryPolicy.HOLD_FOR_HUMAN:
        metrics.unknowns.labels("held").inc()
        await sent.stand(tx, notification, Status.UNKNOWN, Reason.HELD_FOR_HUMAN, now)
    elif tries >= settings.max_retry_attempts:
        metrics.unknowns.labels("given_up").inc()
        await sent.stand(tx, notification, Status.FAILED, Reason.ATTEMPTS_EXHAUSTED, now)
    else:
        metrics.unknowns.labels("sent_again").inc()
        await sent.stand(tx, notification, Status.PENDING, Reason.RETRYING, now, due_at=now)


async def chase(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
    """A message was sent, and nobody confirmed it: ask Twilio how it stands, for the callback may be what got lost.

    WhatsApp leaves a message to somebody who blocked the sender at `sent` for ever. Then it goes by SMS where the agency
    wants that, and else stays SENT with the reason NO_RECEIPT until a receipt comes after all.
    """
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        if await sent.look(tx, agency_id, notification_id, Status.SENT, now, now + ASK_AGAIN) is None:
            return
        tries = (await attempts.of(tx, agency_id, [notification_id]))[notification_id]
    # An older try may be the one that Twilio took.
    tried = next((each for each in reversed(tries) if each.twilio_sid), tries[-1])
    try:
        standing = await carrier.twilio.fetch(tried.twilio_sid) if tried.twilio_sid else None
    except LOOKUP_FAILS as away:
        log.warning("fetch_failed", notification_id=str(notification_id), error=type(away).__name__)
        return
    now, failed = carrier.clock.now(), False
    async with carrier.db.transaction(agency_id) as tx:
        locked = await notifications.lock(tx, agency_id, notification_id, Status.SENT, wait=True)
        if locked is None or locked.fence != tries[-1].fence:
            return
        reported = outcome.STATUS_OF.get(standing.status) if standing else None
        if standing is not None and reported is Status.UNDELIVERED:
            failed = True
            if standing.error_code is not None:
                await note(tx, agency_id, notification_id, tried.number, standing.error_code, None)
            await fail(tx, carrier, locked, tried, standing.error_code, now)
        elif reported is not None and outcome.moves(Status.SENT, reported):
            await report(tx, carrier, locked, tried, reported, now)
        elif not await _unconfirmed(tx, carrier, locked, now, waits=standing is not None and standing.status != "sent"):
            return
        await publish(tx, [locked], now)
    if failed and standing is not None:
        await pause_for(carrier, tried, standing.error_code, None, agency_id)


async def _unconfirmed(
    tx: Transaction, carrier: Carrier, notification: Notification, now: datetime, *, waits: bool
) -> bool:
    """It stays as it is, or goes by SMS; Twilio is asked ever more rarely, for a day. Whether there is something to say.

    `waits` says that it still stands in Twilio's own queue: then it may come yet, and nothing follows it.
    """
    settings = await agencies.settings(tx, notification.agency_id)
    has_sms = carrier.twilio.can(Channel.SMS)
    useful = notification.expires_at > now
    if useful and not waits and outcome.goes_by_sms(notification.channel, settings, has_sms=has_sms):
        await sent.stand(tx, notification, Status.PENDING, Reason.NO_RECEIPT, now, due_at=now, channel=Channel.SMS)
        return True
    age = now - (notification.accepted_at or now)
    again_at = now + max(carrier.receipt, age) if age < ASKED_FOR else None
    await sent.stand(tx, notification, Status.SENT, Reason.NO_RECEIPT, now, receipt_due_at=again_at)
    return notification.reason is not Reason.NO_RECEIPT
