"""What comes back from Twilio: how far a message came, and what travellers write. Each webhook is worked on once."""

from collections.abc import Mapping
from datetime import datetime

from travel import metrics, outcome, twilio_codes
from travel.database import Transaction
from travel.delivery.carrier import Carrier, publish
from travel.model import (
    AttemptOutcome,
    Channel,
    Notification,
    OptOutSource,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.records import agencies, attempts, inbox, notifications, outbox, travellers, trips

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
    async with carrier.db.transaction() as tx:
        webhook = await inbox.take(tx, inbox_id, now)
        if webhook is None:
            return
        if webhook.provider == inbox.TWILIO_STATUS:
            await _report(tx, carrier, webhook.body, webhook.received_at)
        else:
            await _listen(tx, webhook.body, webhook.received_at)


async def _report(tx: Transaction, carrier: Carrier, body: Mapping[str, str], now: datetime) -> None:
    named = await attempts.named(tx, body["token"])
    reported = outcome.STATUS_OF.get(body["MessageStatus"])
    if named is None or reported is None:
        metrics.receipts.labels(body["MessageStatus"][:20], "ignored").inc()
        return
    await tx.become(named.agency_id)
    notification = await notifications.lock(tx, named.agency_id, named.notification_id, wait=True)
    assert notification is not None, "an attempt belongs to a notification"
    await _learn(tx, notification, named.number, body, now)
    if not outcome.moves(notification.status, reported):
        metrics.receipts.labels(body["MessageStatus"], "outranked").inc()
        return
    tries = (await attempts.of(tx, named.agency_id, [notification.id]))[notification.id]
    if reported is Status.UNDELIVERED and named.number < tries[-1].number:
        # An older try did not arrive; the newest one speaks for the message.
        metrics.receipts.labels(body["MessageStatus"], "outranked").inc()
        return
    metrics.receipts.labels(body["MessageStatus"], "moved").inc()
    remedy = twilio_codes.remedy(_code(body))
    settings = await agencies.settings(tx, named.agency_id)
    has_sender = carrier.twilio.can(Channel.SMS)
    if reported is Status.UNDELIVERED and outcome.goes_by_sms(
        remedy, notification.channel, settings, has_sender=has_sender
    ):
        await outbox.turn_to_sms(tx, notification, now)
        await publish(tx, notification, now)
        return
    reason = outcome.failure_reason(remedy) if reported is Status.UNDELIVERED else None
    if remedy is twilio_codes.Remedy.SUPPRESS:
        await travellers.opt_out(tx, named.agency_id, notification.recipient, OptOutSource.CARRIER, now)
    await outbox.receive(tx, notification, reported, reason, now)
    await publish(tx, notification, now)


async def _learn(
    tx: Transaction, notification: Notification, number: int, body: Mapping[str, str], now: datetime
) -> None:
    """The callback of an attempt proves that Twilio took it, whatever became of the answer."""
    agency_id = notification.agency_id
    await attempts.finish(
        tx, agency_id, notification.id, number, AttemptOutcome.ACCEPTED, now, twilio_sid=body["MessageSid"]
    )
    if (code := _code(body)) is not None:
        await attempts.note_failure(tx, agency_id, notification.id, number, code, body.get("ErrorMessage"))


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
