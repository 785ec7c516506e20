"""What comes back from Twilio: how far messages came, and what travellers write. Each webhook is worked on once."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import structlog

from travel import database, metrics, outcome, twilio_codes
from travel.database import Transaction
from travel.delivery import pausing
from travel.delivery.carrier import Carrier, publish
from travel.delivery.listening import listen
from travel.model import (
    AttemptOutcome,
    Channel,
    DeliveryAttempt,
    Notification,
    OptOutSource,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.records import agencies, attempts, inbox, notifications, sent, travellers
from travel.records.attempts import Finished, Named
from travel.records.inbox import Webhook
from travel.twilio_codes import Remedy

log = structlog.get_logger()
_dice = random.SystemRandom()

AT_ONCE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """What Twilio says of a try: how far the message came, and why not further."""

    inbox_id: int
    named: Named
    word: str
    sid: str
    code: int | None
    message: str | None

    @property
    def reported(self) -> Status | None:
        """Twilio's word in ours; None for one that says nothing to us."""
        return outcome.STATUS_OF.get(self.word)


async def process_webhooks(carrier: Carrier, most: int = AT_ONCE, only: int | None = None) -> int:
    """Work on stored webhooks that nobody has; returns how many. Each is marked as done in the transaction of its effects.

    Callbacks of one agency are worked on together; where that fails, each alone, and what cannot be worked on is taken up
    again later.
    """
    async with carrier.db.transaction() as tx:
        taken = await inbox.take(tx, most, only)
        tokens = [each.body["token"] for each in taken if "token" in each.body]
        named = await attempts.named(tx, tokens) if tokens else {}
    callbacks: dict[UUID, list[Callback]] = {}
    for each in taken:
        if each.provider == inbox.TWILIO_INBOUND:
            await _guarded(listen, carrier, each)
        elif each.body.get("token") in named:
            callback = _callback(each, named[each.body["token"]])
            callbacks.setdefault(callback.named.agency_id, []).append(callback)
        else:
            await _guarded(_ignore, carrier, each)
    for agency_id, of_agency in callbacks.items():
        try:
            await _hear(carrier, agency_id, of_agency)
        except database.AWAY:
            raise
        except Exception:
            log.exception("callbacks_failed", agency_id=str(agency_id))
            for callback in of_agency:
                await _guarded(_hear_one, carrier, callback)
    return len(taken)


T = TypeVar("T")


async def _guarded(deed: Callable[[Carrier, T], Awaitable[None]], carrier: Carrier, webhook: T) -> None:
    """One that cannot be worked on holds up no other."""
    try:
        await deed(carrier, webhook)
    except database.AWAY:
        raise
    except Exception:
        metrics.job_failures.labels("webhook").inc()
        log.exception("webhook_failed")


def _callback(webhook: Webhook, named: Named) -> Callback:
    body = webhook.body
    code = body.get("ErrorCode") or ""
    return Callback(
        inbox_id=webhook.id,
        named=named,
        word=body.get("MessageStatus", ""),
        sid=body.get("MessageSid", ""),
        code=int(code) if code.isascii() and code.isdigit() and len(code) < 9 else None,
        message=body.get("ErrorMessage") or None,
    )


async def _ignore(carrier: Carrier, webhook: Webhook) -> None:
    """Nobody's: a token that was never given out."""
    async with carrier.db.single() as tx:
        await inbox.finish(tx, [webhook.id], carrier.clock.now())
    metrics.receipts.labels("any", "ignored").inc()


async def _hear_one(carrier: Carrier, callback: Callback) -> None:
    await _hear(carrier, callback.named.agency_id, [callback])


async def _hear(carrier: Carrier, agency_id: UUID, come: Sequence[Callback]) -> None:
    """Callbacks about messages of one agency, in the order in which they came."""
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        ours = await inbox.finish(tx, [each.inbox_id for each in come], now)
        callbacks = [each for each in come if each.inbox_id in ours]
        ids = list({each.named.notification_id for each in callbacks})
        standing = await notifications.lock_all(tx, agency_id, ids)
        await _learn(tx, agency_id, callbacks, now)
        tries = await attempts.of(tx, agency_id, ids)
        moved = [
            (notification, last)
            for notification in standing.values()
            if (last := _last_word(notification, tries[notification.id], callbacks)) is not None
        ]
        for notification, callback in moved:
            await _obey(tx, carrier, notification, tries[notification.id], callback, now)
        await publish(tx, [notification for notification, _ in moved], now)
        carrier.crash_at("receiving")
    carrier.crash_at("received")
    for notification, callback in moved:
        if callback.reported is Status.UNDELIVERED:
            tried = _tried(tries[notification.id], callback)
            await pause_for(carrier, tried, callback.code, callback.message, agency_id)
    # Also where the word moved nothing: a 201 had said "sent" before the channel did.
    through = [_tried(tries[each.named.notification_id], each) for each in callbacks if each.word in WENT_THROUGH]
    for channel in {tried.channel for tried in through}:
        newest = max(tried.started_at for tried in through if tried.channel is channel)
        await pausing.resume(carrier, agency_id, channel, newest, receipt=True)


WENT_THROUGH = frozenset({"sent", "delivered", "read"})
"""Words that say that the channel took it from Twilio."""


async def pause_for(
    carrier: Carrier, tried: DeliveryAttempt, code: int | None, message: str | None, agency_id: UUID
) -> None:
    """Pause the sender if that is what the code of a failed message asks for."""
    remedy = twilio_codes.remedy(code)
    if remedy in outcome.PAUSES:
        await pausing.pause(carrier, agency_id, tried.channel, remedy, code, message or str(remedy), taken=True)


def _tried(tries: Sequence[DeliveryAttempt], callback: Callback) -> DeliveryAttempt:
    return next(each for each in tries if each.number == callback.named.number)


async def _learn(tx: Transaction, agency_id: UUID, callbacks: Sequence[Callback], now: datetime) -> None:
    """A callback proves that Twilio took its try, whatever became of the answer."""
    taken = {
        (each.named.notification_id, each.named.number): Finished(
            notification_id=each.named.notification_id,
            number=each.named.number,
            outcome=AttemptOutcome.ACCEPTED,
            twilio_sid=each.sid,
        )
        for each in callbacks
        if each.reported is not None
    }
    if taken:
        await attempts.finish(tx, agency_id, list(taken.values()), now)
    for each in callbacks:
        if each.code is not None and each.reported is not None:
            await note(tx, agency_id, each.named.notification_id, each.named.number, each.code, each.message)


async def note(
    tx: Transaction, agency_id: UUID, notification_id: UUID, number: int, code: int, message: str | None
) -> None:
    """What Twilio says of a try that it took and could not deliver."""
    counted = twilio_codes.remedy(code) not in outcome.NO_TRY
    await attempts.note_failure(tx, agency_id, notification_id, number, code, message, counted=counted)


def _last_word(
    notification: Notification, tries: Sequence[DeliveryAttempt], callbacks: Sequence[Callback]
) -> Callback | None:
    """The callback that says how the notification stands now; None where none moves it."""
    stands, last = notification.status, None
    for each in callbacks:
        if each.named.notification_id != notification.id:
            continue
        reported = each.reported
        # An older try that did not arrive says nothing of the newest.
        stale = reported is Status.UNDELIVERED and each.named.number < tries[-1].number
        # Overtaken by the failure of the same try, which is to be made again.
        stale = stale or (reported is Status.SENT and _tried(tries, each).error_code is not None)
        # What the newest try could not bring, an older one brought after all.
        brought = stands is Status.UNDELIVERED and reported is Status.DELIVERED and each.named.number < tries[-1].number
        if reported is None or stale or not (brought or outcome.moves(stands, reported)):
            effect = "ignored" if reported is None else "outranked"
            metrics.receipts.labels(each.word if reported else "other", effect).inc()
            continue
        metrics.receipts.labels(each.word, "moved").inc()
        # After a failure that is tried again it waits, and a receipt of an older try may make that needless.
        again = reported is Status.UNDELIVERED and twilio_codes.remedy(each.code) in outcome.TRIED_AGAIN
        stands, last = Status.PENDING if again else reported, each
    return last


async def _obey(
    tx: Transaction,
    carrier: Carrier,
    notification: Notification,
    tries: Sequence[DeliveryAttempt],
    callback: Callback,
    now: datetime,
) -> None:
    tried = _tried(tries, callback)
    if callback.reported is Status.UNDELIVERED:
        await fail(tx, carrier, notification, tried, callback.code, now)
    elif callback.reported is not None:
        await report(tx, carrier, notification, tried, callback.reported, now)


async def report(
    tx: Transaction,
    carrier: Carrier,
    notification: Notification,
    tried: DeliveryAttempt,
    reported: Status,
    now: datetime,
) -> None:
    """The try came so far. Twilio took it when it was made, however late we hear of it."""
    due = now + carrier.receipt if reported is Status.SENT else None
    await sent.stand(tx, notification, reported, None, now, accepted_at=tried.started_at, receipt_due_at=due)


async def fail(
    tx: Transaction,
    carrier: Carrier,
    notification: Notification,
    tried: DeliveryAttempt,
    code: int | None,
    now: datetime,
) -> None:
    """Twilio had it and could not deliver it: it ends, waits for another try, or goes by SMS, as the code says."""
    remedy = twilio_codes.remedy(code)
    metrics.refusals.labels(remedy).inc()
    agency_id = notification.agency_id
    if remedy is Remedy.SUPPRESS:
        await travellers.opt_out(tx, agency_id, notification.recipient, OptOutSource.CARRIER, now)
    failure = outcome.Failure(
        remedy=remedy,
        taken=True,
        tries=(await attempts.tried(tx, agency_id, [notification.id]))[notification.id].counted,
        channel=tried.channel,
        by_template=tried.content_sid is not None,
    )
    settings = await agencies.settings(tx, agency_id)
    has_sms = carrier.twilio.can(Channel.SMS)
    verdict = outcome.verdict(failure, settings, has_sms=has_sms, chance=_dice.random())
    due_at = now + verdict.wait if verdict.status is Status.PENDING else None
    await sent.stand(tx, notification, verdict.status, verdict.reason, now, due_at=due_at, channel=verdict.channel)
