"""Handing notifications to Twilio: claim, send, settle. No transaction is open while Twilio is asked.

A claim and its attempt are committed before the request leaves, with a fence that every later write must show. What
Twilio refused for certain is tried again after a wait; what nobody can know is UNKNOWN, and looked up before anything
is sent again.
"""

import random
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from travel import admission, audience, metrics, outcome, status, timing, wording
from travel.admission import Hold, Never
from travel.database import Transaction
from travel.delivery.carrier import Carrier, publish
from travel.model import (
    AgencySettings,
    AttemptOutcome,
    ByHand,
    Channel,
    DeliveryAttempt,
    Notification,
    OptOutSource,
)
from travel.model import (
    NotificationReason as Reason,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.records import agencies, attempts, flights, history, notifications, outbox, travellers, trips
from travel.twilio import Accepted, Ambiguous, Outgoing, Refused
from travel.twilio_codes import Remedy

_dice = random.SystemRandom()


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A notification in our hands, with everything the request needs."""

    notification: Notification
    attempt: DeliveryAttempt
    settings: AgencySettings
    message: wording.Message
    agency_name: str
    ident: str | None


async def deliver(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
    """Hand one notification over, if it is due and nobody else has it. Every outcome is a row."""
    claim = await _claim(carrier, agency_id, notification_id)
    if claim is None:
        return
    carrier.crash_at("claimed")
    answer = await carrier.twilio.send(_outgoing(carrier, claim))
    carrier.crash_at("answered")
    await _settle(carrier, claim, answer)


async def _claim(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> Claim | None:
    now = carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        notification = await notifications.lock(tx, agency_id, notification_id, Status.PENDING)
        if notification is None or notification.due_at > now:
            return None
        # The settings' row is locked so that the caps are counted by one claim of the agency at a time.
        settings = await agencies.settings(tx, agency_id, lock=True)
        request = await _request(tx, notification, settings, now)
        judgement = await _overtaken(tx, notification) or admission.judge(request)
        if judgement is not None:
            await _withhold(tx, notification, judgement, now)
            return None
        return await _begin(carrier, tx, request, now)


async def _overtaken(tx: Transaction, notification: Notification) -> Never | None:
    """While a first try was out, it counted as told and newer news may have followed it: then it must not follow them."""
    if notification.fence == 0 or notification.trip_id is None:
        return None
    others = (await notifications.of_trips(tx, notification.agency_id, [notification.trip_id]))[notification.trip_id]
    return Never(Status.SUPERSEDED, Reason.NEWER_FACTS) if audience.has_newer_word(notification, others) else None


async def _request(
    tx: Transaction, notification: Notification, settings: AgencySettings, now: datetime
) -> admission.Request:
    agency_id = notification.agency_id
    trip = await trips.get(tx, agency_id, notification.trip_id) if notification.trip_id else None
    flight = await flights.get(tx, notification.flight_id) if notification.flight_id else None
    if trip is not None and flight is not None:
        by_hand = await history.by_hand(tx, agency_id, [trip.id])
        flight = status.corrected(flight, by_hand.get(trip.id, ByHand()))
    recipient = trip.phone if trip else notification.recipient
    return admission.Request(
        notification=notification,
        trip=trip,
        flight=flight,
        settings=settings,
        agency_status=(await agencies.get(tx, agency_id)).status,
        opted_out=bool(await travellers.opted_out(tx, agency_id, [recipient])),
        used=await attempts.used(tx, agency_id, now),
        now=now,
    )


async def _withhold(tx: Transaction, notification: Notification, judgement: Hold | Never, now: datetime) -> None:
    agency_id = notification.agency_id
    if isinstance(judgement, Hold):
        await notifications.move(tx, agency_id, notification.id, judgement.until, judgement.reason, now)
    else:
        await notifications.end(tx, agency_id, notification.id, judgement.status, judgement.reason, now)
    if isinstance(judgement, Never) or judgement.reason is not notification.reason:
        await publish(tx, notification, now)


async def _begin(carrier: Carrier, tx: Transaction, request: admission.Request, now: datetime) -> Claim:
    notification, agency_id = request.notification, request.notification.agency_id
    agency = await agencies.get(tx, agency_id)
    templates = await agencies.templates(tx, agency_id)
    language = request.trip.language if request.trip else notification.language
    template = templates.get((notification.type, language))
    if request.trip is None or request.flight is None:
        message = wording.test_message(agency.name, language, template)
    else:
        message = wording.message(
            notification.type,
            notification.tells,
            trip=request.trip,
            flight=request.flight,
            settings=request.settings,
            template=template,
        )
    recipient = request.trip.phone if request.trip else notification.recipient
    channel = notification.channel
    in_window = channel is Channel.SMS or await travellers.window_open(tx, agency_id, recipient, now)
    fence = await outbox.claim(
        tx,
        notification,
        recipient=recipient,
        language=language,
        body=message.body,
        tells=message.tells,
        lease=carrier.lease,
        now=now,
    )
    attempt = await attempts.begin(
        tx,
        agency_id,
        notification.id,
        fence=fence,
        token=secrets.token_urlsafe(24),
        channel=channel,
        content_sid=None if in_window else message.content_sid,
        now=now,
    )
    claimed = await notifications.get(tx, agency_id, notification.id)
    assert claimed is not None
    return Claim(
        notification=claimed,
        attempt=attempt,
        settings=request.settings,
        message=message,
        agency_name=agency.name,
        ident=request.flight.ident if request.flight else None,
    )


def _outgoing(carrier: Carrier, claim: Claim) -> Outgoing:
    notification = claim.notification
    # The query tells a reader of Twilio's debugger what the message was about; only the token is believed.
    about = {
        "agency": claim.agency_name,
        "type": notification.type,
        "ident": claim.ident,
        "value": claim.message.tells.value,
    }
    query = urlencode({name: value for name, value in about.items() if value is not None})
    left = notification.expires_at - carrier.clock.now()
    return Outgoing(
        channel=claim.attempt.channel,
        to=notification.recipient,
        body=claim.message.body,
        content_sid=claim.attempt.content_sid,
        variables=claim.message.variables,
        callback_url=f"{carrier.public_base}/webhooks/twilio/status/{claim.attempt.token}?{query}#rc=5&rp=all",
        validity_seconds=int(left.total_seconds()),
    )


async def _settle(carrier: Carrier, claim: Claim, answer: Accepted | Refused | Ambiguous) -> None:
    now = carrier.clock.now()
    async with carrier.db.transaction(claim.notification.agency_id) as tx:
        # A callback may come as soon as the answer; it locks the message first, and so do we.
        await notifications.lock(tx, claim.notification.agency_id, claim.notification.id, wait=True)
        match answer:
            case Accepted(sid=sid):
                settled = await _accepted(tx, claim, sid, now)
            case Refused():
                settled = await _refused(tx, carrier, claim, answer, now)
            case Ambiguous():
                settled = await _ambiguous(tx, carrier, claim, answer, now)
        if settled:
            await publish(tx, claim.notification, now)
    carrier.crash_at("settled")


async def _accepted(tx: Transaction, claim: Claim, sid: str, now: datetime) -> bool:
    notification, attempt = claim.notification, claim.attempt
    metrics.attempts.labels(AttemptOutcome.ACCEPTED).inc()
    metrics.decided_to_accepted.observe(max(0.0, (now - notification.due_at).total_seconds()))
    await attempts.finish(
        tx,
        notification.agency_id,
        notification.id,
        attempt.number,
        AttemptOutcome.ACCEPTED,
        now,
        http_status=201,
        twilio_sid=sid,
    )
    for held in (Status.SENDING, Status.UNKNOWN):
        if await outbox.settle(
            tx, notification, fence=attempt.fence, held=held, status=Status.SENT, reason=None, now=now
        ):
            return True
    return False


async def _refused(tx: Transaction, carrier: Carrier, claim: Claim, answer: Refused, now: datetime) -> bool:
    notification, attempt, settings = claim.notification, claim.attempt, claim.settings
    retried = outcome.is_retried(answer.remedy, attempt.number, settings.max_retry_attempts)
    result = AttemptOutcome.RETRYABLE if answer.remedy in outcome.RETRIED else AttemptOutcome.REFUSED
    metrics.attempts.labels(result).inc()
    await attempts.finish(
        tx,
        notification.agency_id,
        notification.id,
        attempt.number,
        result,
        now,
        http_status=answer.http_status,
        error_code=answer.code,
        error_message=answer.message,
    )
    if answer.remedy is Remedy.SUPPRESS:
        await travellers.opt_out(tx, notification.agency_id, notification.recipient, OptOutSource.CARRIER, now)
    has_sender = carrier.twilio.can(Channel.SMS)
    by_sms = outcome.goes_by_sms(answer.remedy, attempt.channel, settings, has_sender=has_sender)
    if retried or by_sms:
        jittered = timing.retry_wait(settings, attempt.number, _dice.random(), answer.retry_after)
        wait = timedelta() if by_sms else max(jittered, outcome.least_wait(answer.remedy))
        return await outbox.settle(
            tx,
            notification,
            fence=attempt.fence,
            held=Status.SENDING,
            status=Status.PENDING,
            reason=Reason.RETRYING,
            due_at=now + wait,
            channel=Channel.SMS if by_sms else None,
            now=now,
        )
    return await outbox.settle(
        tx,
        notification,
        fence=attempt.fence,
        held=Status.SENDING,
        status=Status.FAILED,
        reason=outcome.failure_reason(answer.remedy),
        now=now,
    )


async def _ambiguous(tx: Transaction, carrier: Carrier, claim: Claim, answer: Ambiguous, now: datetime) -> bool:
    notification, attempt = claim.notification, claim.attempt
    metrics.attempts.labels(AttemptOutcome.UNKNOWN).inc()
    await attempts.finish(
        tx,
        notification.agency_id,
        notification.id,
        attempt.number,
        AttemptOutcome.UNKNOWN,
        now,
        http_status=answer.http_status,
        error_message=answer.message,
    )
    return await outbox.settle(
        tx,
        notification,
        fence=attempt.fence,
        held=Status.SENDING,
        status=Status.UNKNOWN,
        reason=None,
        settle_at=now + carrier.settling,
        now=now,
    )
