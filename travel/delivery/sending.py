"""Handing notifications to Twilio: claim, send, settle. No transaction is open while Twilio is asked.

Messages of an agency are claimed as many at a time as this process has hands free, sent side by side, and settled as the
answers come: while one settlement commits, the answers that arrive meanwhile wait for the next, which takes them all.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import repeat
from urllib.parse import urlencode
from uuid import UUID

import structlog

from travel import database, metrics
from travel.delivery import settling
from travel.delivery.carrier import Carrier
from travel.delivery.claiming import Claim, Taken, claim
from travel.delivery.settling import Answered
from travel.model import Channel
from travel.model import NotificationReason as Reason
from travel.pace import PATIENCE_SECONDS
from travel.records import notifications, outbox
from travel.twilio import Ambiguous, Answer, Outgoing, Refused, Withheld
from travel.twilio_codes import Remedy

log = structlog.get_logger()

CLAIMED_AT_ONCE = 100
LONGEST_ROUND_SECONDS = 20.0
"""Then others have their turn; a round and its last request end well before the queue's own time for a job does."""
LOOKED_THROUGH = 1000
"""So many are looked through at the most where one cannot be claimed."""
PUT_OFF = timedelta(minutes=1)
MARGIN = timedelta(seconds=2)
"""The request must be over so long before the lease is, so that its own process can settle it."""


async def deliver(carrier: Carrier, agency_id: UUID) -> int:
    """Hand over all that is due in an agency and that nobody else has; how many messages were seen to.

    Every outcome is a row. What cannot be claimed together with others is claimed alone, so that it holds up no other.
    """
    answers: asyncio.Queue[Answered | None] = asyncio.Queue()
    began, seen, more = time.monotonic(), 0, True
    async with asyncio.TaskGroup() as settlement:
        settlement.create_task(_settle_as_they_come(carrier, agency_id, answers))
        try:
            async with asyncio.TaskGroup() as hands:
                while more and time.monotonic() - began < LONGEST_ROUND_SECONDS:
                    places = await carrier.places.take(CLAIMED_AT_ONCE)
                    if not places:
                        break
                    try:
                        taken = await _take(carrier, agency_id, places)
                    except database.AWAY as away:
                        # What is in our hands already goes its way all the same.
                        log.warning("claim_put_off", agency_id=str(agency_id), error=type(away).__name__)
                        break
                    waits = await _places(carrier, taken.claims)
                    for each, wait in zip(taken.claims, waits, strict=True):
                        hand = hands.create_task(_hand_over(carrier, each, wait, answers))
                        hand.add_done_callback(lambda _: carrier.places.give_back())
                    seen, more = seen + taken.seen, taken.more
        finally:
            answers.put_nowait(None)
    return seen


async def _take(carrier: Carrier, agency_id: UUID, places: int) -> Taken:
    """Claim up to so many; the places that nothing was claimed for are free again."""
    used = 0
    try:
        try:
            taken = await claim(carrier, agency_id, places)
        except database.AWAY:
            raise
        except Exception:
            metrics.job_failures.labels("claim").inc()
            log.exception("claim_failed", agency_id=str(agency_id))
            taken = await _take_alone(carrier, agency_id, places)
        used = len(taken.claims)
        carrier.crash_at("claimed")
        return taken
    finally:
        carrier.places.give_back(places - used)


async def _take_alone(carrier: Carrier, agency_id: UUID, places: int) -> Taken:
    """One by one, so that the one that cannot be claimed is known by name and put off, and the others go."""
    async with carrier.db.transaction(agency_id) as tx:
        ids = await outbox.due(tx, agency_id, carrier.clock.now(), LOOKED_THROUGH)
    claims: list[Claim] = []
    for each in ids:
        if len(claims) == places:
            break
        try:
            claims += (await claim(carrier, agency_id, 1, only=each)).claims
        except database.AWAY as away:
            # What was claimed so far is in our hands, and goes.
            log.warning("claim_put_off", agency_id=str(agency_id), error=type(away).__name__)
            break
        except Exception:
            log.exception("message_cannot_be_claimed", notification_id=str(each))
            await _put_off(carrier, agency_id, each)
    return Taken(claims=claims, seen=len(ids), more=False)


async def _put_off(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
    """It is looked at again in a minute; where not even that can be written, it stays where it is."""
    now = carrier.clock.now()
    try:
        async with carrier.db.transaction(agency_id) as tx:
            await notifications.move(tx, agency_id, notification_id, now + PUT_OFF, Reason.RETRYING, now)
    except Exception:
        log.exception("message_cannot_be_put_off", notification_id=str(notification_id))


async def _places(carrier: Carrier, claims: Sequence[Claim]) -> list[float]:
    """The seconds that each must wait for its sender's pace; where that cannot be asked, nobody waits."""
    waits: dict[Channel, Iterator[float]] = {}
    for channel, many in Counter(each.attempt.channel for each in claims).items():
        if not carrier.twilio.can(channel):
            waits[channel] = repeat(0.0)
            continue
        try:
            waits[channel] = iter(await carrier.pace.places(carrier.twilio.sender(channel), many))
        except Exception:
            # It is a courtesy. What was claimed goes in any case.
            log.exception("pace_not_known")
            waits[channel] = repeat(0.0)
    return [next(waits[each.attempt.channel]) for each in claims]


async def _hand_over(carrier: Carrier, claim: Claim, wait: float, answers: "asyncio.Queue[Answered | None]") -> None:
    answer = await _ask(carrier, claim, wait)
    answered_at = carrier.clock.now()
    carrier.crash_at("answered")
    answers.put_nowait(Answered(claim=claim, answer=answer, at=answered_at))
    if isinstance(answer, Refused) and answer.http_status == 429:
        await _rest(carrier, claim.attempt.channel, answer.retry_after)


async def _rest(carrier: Carrier, channel: Channel, seconds: float | None) -> None:
    """Twilio said 429: the sender rests. The message's own answer is on its way already."""
    try:
        await carrier.pace.rest(carrier.twilio.sender(channel), seconds)
    except Exception:
        log.exception("rest_not_written")


async def _ask(carrier: Carrier, claim: Claim, wait: float) -> Answer:
    channel = claim.attempt.channel
    if not carrier.twilio.can(channel):
        return Refused(remedy=Remedy.BUG, http_status=None, code=None, message=f"no sender is configured for {channel}")
    if wait > PATIENCE_SECONDS:
        return Withheld(seconds=wait, message="held back by the sender's pace")
    if wait > 0:
        await asyncio.sleep(wait)
    try:
        carrier.crash_at("sending")
        # The lease began before the claim did. Whoever was frozen since sends nothing any more: others may have taken over.
        left = claim.claimed_at + (carrier.lease - MARGIN).total_seconds() - time.monotonic()
        return await carrier.twilio.send(_outgoing(carrier, claim), seconds=left)
    except Exception as fault:
        # Ours or the database's: whether the request left, nobody knows, and its neighbours must not suffer for it.
        metrics.job_failures.labels("send").inc()
        log.exception("send_failed", notification_id=str(claim.notification.id))
        return Ambiguous(http_status=None, message=type(fault).__name__)


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


async def _settle_as_they_come(carrier: Carrier, agency_id: UUID, answers: "asyncio.Queue[Answered | None]") -> None:
    over = False
    while not over:
        come = [await answers.get()]
        while not answers.empty():
            come.append(answers.get_nowait())
        over = None in come
        answered = [each for each in come if each is not None]
        if answered:
            await settling.settle_surely(carrier, agency_id, answered)
