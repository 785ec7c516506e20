"""What comes back from Twilio: how far a message came, and what travellers write. Each webhook is worked on once."""

import random
from collections.abc import Mapping
from datetime import datetime

from travel import metrics, outcome, twilio_codes
from travel.database import Transaction
from travel.delivery import pausing
from travel.delivery.carrier import Carrier, publish
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
from travel.records import agencies, attempts, inbox, notifications, sent, travellers, trips
from travel.records.attempts import Finished
from travel.twilio_codes import Remedy

_dice = random.SystemRandom()

STOP_WORDS = frozenset(
    {
        "STOP",
        "BAJA",
        "PARAR",
        "CANCELAR",
        "CANCEL",
        "UNSUBSCRIBE",
        "END",
        "QUIT",
        "STOPALL",
        "REVOKE",
        "OPTOUT",
        "SAIR",
    }
)
START_WORDS = frozenset({"START", "ALTA", "UNSTOP", "VOLTAR"})


async def process_webhook(carrier: Carrier, inbox_id: int) -> None:
    """Work on one stored webhook; it is marked as done in the same transaction as its effects."""
    now = carrier.clock.now()
    refusal: tuple[Notification, DeliveryAttempt, int | None, str | None] | None = None
    async with carrier.db.transaction() as tx:
        webhook = await inbox.take(tx, inbox_id, now)
        if webhook is None:
            return
        if webhook.provider == inbox.TWILIO_STATUS:
            refusal = await _hear(tx, carrier, webhook.body, webhook.received_at)
        else:
            await _listen(tx, webhook.body, webhook.received_at)
        carrier.crash_at("receiving")
    carrier.crash_at("received")
    if refusal is not None:
        notification, tried, code, message = refusal
        remedy = twilio_codes.remedy(code)
        await pausing.pause(carrier, notification.agency_id, tried.channel, remedy, code, message or str(remedy))


async def _hear(
    tx: Transaction, carrier: Carrier, body: Mapping[str, str], now: datetime
) -> tuple[Notification, DeliveryAttempt, int | None, str | None] | None:
    """A status callback; returns what must pause the sender, where its code says so."""
    named = await attempts.named(tx, body["token"])
    reported = outcome.STATUS_OF.get(body["MessageStatus"])
    if named is None or reported is None:
        metrics.receipts.labels(body["MessageStatus"][:20], "ignored").inc()
        return None
    await tx.become(named.agency_id)
    notification = await notifications.lock(tx, named.agency_id, named.notification_id, wait=True)
    assert notification is not None, "an attempt belongs to a notification"
    code, message = _code(body), body.get("ErrorMessage") or None
    await _learn(tx, notification, named.number, body["MessageSid"], code, message, now)
    tries = (await attempts.of(tx, named.agency_id, [notification.id]))[notification.id]
    tried = next(each for each in tries if each.number == named.number)
    # An older try that did not arrive says nothing of the newest.
    stale = reported is Status.UNDELIVERED and named.number < tries[-1].number
    if stale or not outcome.moves(notification.status, reported):
        metrics.receipts.labels(body["MessageStatus"], "outranked").inc()
        return None
    metrics.receipts.labels(body["MessageStatus"], "moved").inc()
    if reported is Status.UNDELIVERED:
        await fail(tx, carrier, notification, tried, code, message, now)
    else:
        await report(tx, carrier, notification, tried, reported, now)
    await publish(tx, [notification], now)
    pauses = reported is Status.UNDELIVERED and twilio_codes.remedy(code) in outcome.PAUSES
    return (notification, tried, code, message) if pauses else None


async def _learn(
    tx: Transaction,
    notification: Notification,
    number: int,
    sid: str,
    code: int | None,
    message: str | None,
    now: datetime,
) -> None:
    """The callback of an attempt proves that Twilio took it, whatever became of the answer."""
    agency_id = notification.agency_id
    taken = Finished(notification_id=notification.id, number=number, outcome=AttemptOutcome.ACCEPTED, twilio_sid=sid)
    await attempts.finish(tx, agency_id, [taken], now)
    if code is not None:
        counted = twilio_codes.remedy(code) not in outcome.NO_TRY
        await attempts.note_failure(tx, agency_id, notification.id, number, code, message, counted=counted)


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
    message: str | None,
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


def _code(body: Mapping[str, str]) -> int | None:
    code = body.get("ErrorCode", "")
    return int(code) if code.isdigit() and len(code) < 9 else None


async def _listen(tx: Transaction, body: Mapping[str, str], now: datetime) -> None:
    """A traveller wrote: the window of free text opens, and a word to stop or start is obeyed by every agency concerned."""
    sender = body["From"]
    channel = Channel.WHATSAPP if sender.startswith("whatsapp:") else Channel.SMS
    phone = sender.removeprefix("whatsapp:")
    text = body.get("Body", "")
    word = text.strip().strip(".!¡").upper()
    for agency_id in await trips.agencies_of_phone(tx, phone):
        await tx.become(agency_id)
        await travellers.wrote(
            tx,
            agency_id,
            message_sid=body["MessageSid"],
            phone=phone,
            channel=channel,
            body=text.replace("\x00", "")[:4096],
            now=now,
        )
        if word in STOP_WORDS:
            await travellers.opt_out(tx, agency_id, phone, OptOutSource.TRAVELLER, now)
        elif word in START_WORDS:
            await travellers.opt_in(tx, agency_id, phone)
