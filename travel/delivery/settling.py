"""Settling: what Twilio's answers mean is written down, many at a time, each only while its fence is still the newest."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from travel import database, metrics, outcome
from travel.delivery import pausing
from travel.delivery.carrier import Carrier, publish
from travel.delivery.claiming import Claim
from travel.model import AttemptOutcome, Channel, OptOutSource
from travel.model import NotificationReason as Reason
from travel.model import NotificationStatus as Status
from travel.records import attempts, outbox, travellers
from travel.records.attempts import Finished
from travel.records.outbox import Settled
from travel.twilio import Accepted, Ambiguous, Answer, Refused, Withheld
from travel.twilio_codes import Remedy

log = structlog.get_logger()
_dice = random.SystemRandom()

KEPT_SECONDS = 120.0
"""How long after its lease an acceptance is still worth writing down."""
AGAIN_SECONDS = 0.2
"""How soon a settlement is tried again that the database did not answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A claim, and what Twilio said to it, and when."""

    claim: Claim
    answer: Answer
    at: datetime


async def settle_surely(carrier: Carrier, agency_id: UUID, answered: Sequence[Answered]) -> None:
    """Settle, again and again while the database is away: until the leases end and the sweep takes over.

    That Twilio took a message is worth keeping longer: it saves a look-up. A settlement may have happened although its
    answer was lost: doing it twice changes nothing.
    """
    lease_ends = max(each.claim.claimed_at for each in answered) + carrier.lease.total_seconds()
    if any(isinstance(each.answer, Accepted) for each in answered):
        lease_ends += KEPT_SECONDS
    while True:
        try:
            await settle(carrier, agency_id, answered)
        except database.AWAY as away:
            if time.monotonic() + AGAIN_SECONDS > lease_ends:
                log.warning("settlement_given_up", messages=len(answered), error=type(away).__name__)
                return
            await asyncio.sleep(AGAIN_SECONDS)
        except Exception:
            metrics.job_failures.labels("settle").inc()
            log.exception("settlement_failed", messages=len(answered))
            if len(answered) > 1:
                for each in answered:
                    await settle_surely(carrier, agency_id, [each])
            return
        else:
            return


async def settle(carrier: Carrier, agency_id: UUID, answered: Sequence[Answered]) -> None:
    """Write down what became of these claims, and say so in the feed."""
    now = carrier.clock.now()
    has_sms = carrier.twilio.can(Channel.SMS)
    async with carrier.db.transaction(agency_id) as tx:
        moved = await outbox.settle(
            tx, agency_id, [_settled(carrier, each, now, has_sms=has_sms) for each in answered], now
        )
        await attempts.finish(tx, agency_id, [_finished(each) for each in answered], now)
        for each in answered:
            if isinstance(each.answer, Refused) and each.answer.remedy is Remedy.SUPPRESS:
                phone = each.claim.notification.recipient
                await travellers.opt_out(tx, agency_id, phone, OptOutSource.CARRIER, now)
        news = [each.claim.notification for each in answered if each.claim.notification.id in moved]
        await publish(tx, news, now)
        carrier.crash_at("settling")
    carrier.crash_at("settled")
    _count(answered)
    await _pause_or_resume(carrier, agency_id, answered)


def _settled(carrier: Carrier, answered: Answered, now: datetime, *, has_sms: bool) -> Settled:
    claim, answer = answered.claim, answered.answer
    id_, fence = claim.notification.id, claim.attempt.fence
    match answer:
        case Accepted():
            return Settled(id=id_, fence=fence, status=Status.SENT, reason=None, receipt_due_at=now + carrier.receipt)
        case Ambiguous():
            return Settled(id=id_, fence=fence, status=Status.UNKNOWN, reason=None, settle_at=now + carrier.settling)
        case Withheld(seconds=seconds):
            due_at = now + outcome.jittered(seconds, _dice.random())
            return Settled(id=id_, fence=fence, status=Status.PENDING, reason=Reason.RETRYING, due_at=due_at)
        case Refused():
            verdict = outcome.verdict(_failure(claim, answer), claim.settings, has_sms=has_sms, chance=_dice.random())
            return Settled(
                id=id_,
                fence=fence,
                status=verdict.status,
                reason=verdict.reason,
                due_at=now + verdict.wait if verdict.status is Status.PENDING else None,
                channel=verdict.channel,
            )


def _failure(claim: Claim, refused: Refused) -> outcome.Failure:
    return outcome.Failure(
        remedy=refused.remedy,
        taken=False,
        tries=claim.tries,
        channel=claim.attempt.channel,
        by_template=claim.attempt.content_sid is not None,
        retry_after=refused.retry_after,
    )


def _finished(answered: Answered) -> Finished:
    claim, answer = answered.claim, answered.answer
    unknown = Finished(
        notification_id=claim.notification.id,
        number=claim.attempt.number,
        outcome=AttemptOutcome.UNKNOWN,
        finished_at=answered.at,
    )
    match answer:
        case Accepted(sid=sid, http_status=status):
            return replace(unknown, outcome=AttemptOutcome.ACCEPTED, http_status=status, twilio_sid=sid)
        case Ambiguous(http_status=status, message=message):
            return replace(unknown, http_status=status, error_message=message)
        case Withheld(message=message):
            return replace(unknown, outcome=AttemptOutcome.RETRYABLE, counted=False, error_message=message)
        case Refused():
            again = answer.remedy in outcome.RETRIED | outcome.NO_TRY
            return replace(
                unknown,
                outcome=AttemptOutcome.RETRYABLE if again else AttemptOutcome.REFUSED,
                counted=answer.remedy not in outcome.NO_TRY,
                http_status=answer.http_status,
                error_code=answer.code,
                error_message=answer.message,
            )


def _count(answered: Sequence[Answered]) -> None:
    for each in answered:
        metrics.attempts.labels(_finished(each).outcome).inc()
        if isinstance(each.answer, Accepted):
            waited = (each.at - each.claim.notification.due_at).total_seconds()
            metrics.decided_to_accepted.observe(max(0.0, waited))
        elif isinstance(each.answer, Refused):
            metrics.refusals.labels(each.answer.remedy).inc()


async def _pause_or_resume(carrier: Carrier, agency_id: UUID, answered: Sequence[Answered]) -> None:
    """After the settlement, in a transaction of its own; where it is lost, the next message learns the same."""
    for each in answered:
        channel = each.claim.attempt.channel
        if isinstance(each.answer, Refused) and each.answer.remedy in outcome.PAUSES:
            refused = each.answer
            await pausing.pause(carrier, agency_id, channel, refused.remedy, refused.code, refused.message, taken=False)
        elif isinstance(each.answer, Accepted) and each.claim.probes:
            await pausing.resume(carrier, agency_id, channel, each.claim.attempt.started_at, receipt=False)
