"""Claiming: one transaction that takes what is due in an agency, judges it anew, and puts it in this process's hands.

After its commit each claimed message has a fence, a lease and an attempt row, so that whatever becomes of this process,
somebody knows that Twilio may have it. Nothing is asked of the network here.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from travel import admission, outcome, wording
from travel.admission import Hold, Never, Request
from travel.database import Transaction
from travel.delivery import desks
from travel.delivery.carrier import Carrier, publish
from travel.delivery.desks import Desk
from travel.model import (
    AgencySettings,
    AttemptOutcome,
    Channel,
    DeliveryAttempt,
    Notification,
    NotificationType,
)
from travel.model import (
    NotificationReason as Reason,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.records import agencies, attempts, outbox, pauses
from travel.records.attempts import Tried

CLAIM_WAITS_SECONDS = 0.5
"""How long a claim waits for another claim of the same agency."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A notification in our hands, with everything the request needs."""

    notification: Notification
    attempt: DeliveryAttempt
    tries: int
    """Those that the agency allows, this one included."""
    settings: AgencySettings
    message: wording.Message
    agency_name: str
    ident: str | None
    probes: bool
    """It went out during a pause, to see whether the sender works again."""
    claimed_at: float
    """Monotonic seconds, before the claim: from then on the lease runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What one claim came to: what is in our hands, and how many messages it saw to."""

    claims: Sequence[Claim]
    seen: int
    more: bool
    """Whether there may be more that is due."""


async def claim(carrier: Carrier, agency_id: UUID, most: int, only: UUID | None = None) -> Taken:
    """Take up to `most` of what is due, the urgent first. Who may not go is put off or ended, with its reason."""
    claimed_at, now = time.monotonic(), carrier.clock.now()
    async with carrier.db.transaction(agency_id) as tx:
        # Who is frozen in the middle of a claim must not freeze the others: they come again.
        await tx.wait_at_most(CLAIM_WAITS_SECONDS)
        # The settings' row is locked so that the caps are counted by one claim of the agency at a time.
        settings = await agencies.settings(tx, agency_id, lock=True)
        paused = await pauses.of(tx, agency_id, lock=True)
        # One more than we have hands for, to know whether to come back.
        found = await outbox.take(tx, agency_id, now, most + 1, admission.URGENT_FIRST, only)
        due = found[:most]
        if not due:
            return Taken(claims=(), seen=0, more=False)
        desk = await desks.lay(tx, agency_id, due, settings, paused, now)
        going: list[Request] = []
        withheld: dict[UUID, Hold | Never] = {}
        for notification in due:
            request = desk.request(notification)
            judgement = desk.overtaken(notification) or admission.judge(request)
            if judgement is None:
                going.append(request)
            else:
                withheld[notification.id] = judgement
        going, may_probe = _not_paused(going, withheld, desk)
        going = await _within_caps(tx, agency_id, going, withheld, settings, now)
        probing = await _probe(tx, agency_id, going, may_probe, desk)
        # Who may go goes in the order in which it was decided: a traveller hears of the trip before hearing of its delay.
        going.sort(key=lambda each: (each.notification.due_at, each.notification.ordinal))
        claims = await _begin(tx, carrier, desk, going, probing, claimed_at)
        told = await _withhold(tx, agency_id, due, withheld, now)
        await publish(tx, [*told, *(each.notification for each in claims)], now)
        carrier.crash_at("claiming")
    return Taken(claims=claims, seen=len(due), more=len(found) > most)


async def _within_caps(
    tx: Transaction,
    agency_id: UUID,
    going: list[Request],
    withheld: dict[UUID, Hold | Never],
    settings: AgencySettings,
    now: datetime,
) -> list[Request]:
    """The most urgent that the caps let go; each of the others waits for the place that will be its own."""
    if not going:
        return []
    used = await attempts.used(tx, agency_id, now)
    room = admission.room(used, settings)
    over = going[room.places :]
    if over:
        waiting = await outbox.waiting_for_caps(tx, agency_id, now)
        cap = (
            settings.max_notifications_per_day
            if room.reason is Reason.DAILY_LIMIT
            else settings.max_notifications_per_hour
        )
        counted = (used.last_day if room.reason is Reason.DAILY_LIMIT else used.last_hour) + min(
            room.places, len(going)
        )
        # The first of them goes when the cap lets one more go, the next after the next, behind those as urgent before.
        ahead = [_ahead(waiting, each.notification.type) + place for place, each in enumerate(over)]
        ages = await attempts.ageing(tx, agency_id, now - room.span, max(counted - cap, 0), max(ahead) + 1)
        for each, place in zip(over, ahead, strict=True):
            until = ages[place] + room.span if place < len(ages) else now + room.span
            withheld[each.notification.id] = _until(each.notification, until, room.reason)
    return going[: room.places]


def _ahead(waiting: Mapping[NotificationType, int], type_: NotificationType) -> int:
    rank = admission.URGENT_FIRST.index
    return sum(many for other, many in waiting.items() if rank(other) <= rank(type_))


def _not_paused(
    going: list[Request], withheld: dict[UUID, Hold | Never], desk: Desk
) -> tuple[list[Request], set[UUID]]:
    """During a pause one message at a time may try whether it is over; a test message tries once, whenever a person asks."""
    free: list[Request] = []
    may_probe: set[UUID] = set()
    probed: set[Channel] = set()
    for each in going:
        notification = each.notification
        pause = desk.pauses.get(notification.channel)
        asked_for = notification.type is NotificationType.TEST and notification.fence == 0
        if pause is None:
            free.append(each)
        elif asked_for or (pause.probe_at <= desk.now and notification.channel not in probed):
            if not asked_for:
                probed.add(notification.channel)
            may_probe.add(notification.id)
            free.append(each)
        else:
            # Either its time has not come, or another message of this claim tries and the next may after that.
            tried_now = pause.probe_at <= desk.now
            until = desk.now + outcome.next_probe(pause.probes + 1) if tried_now else pause.probe_at
            withheld[notification.id] = _until(notification, until, Reason.SENDER_PAUSED)
    return free, may_probe


async def _probe(
    tx: Transaction, agency_id: UUID, going: Sequence[Request], may_probe: set[UUID], desk: Desk
) -> set[UUID]:
    """Write down whose turn it was: the next may not try before a while. A person's test is nobody's turn."""
    probing = [each.notification for each in going if each.notification.id in may_probe]
    turns = {each.channel for each in probing if each.type is not NotificationType.TEST or each.fence}
    for channel in turns:
        wait = outcome.next_probe(desk.pauses[channel].probes + 1)
        await pauses.probe(tx, agency_id, channel, wait, desk.now)
    return {each.id for each in probing}


def _until(notification: Notification, until: datetime, reason: Reason) -> Hold:
    """It waits, at the most until it is no longer useful: the cap may be raised and the sender mended before."""
    return Hold(min(until, notification.expires_at), reason)


async def _withhold(
    tx: Transaction,
    agency_id: UUID,
    due: Sequence[Notification],
    withheld: Mapping[UUID, Hold | Never],
    now: datetime,
) -> list[Notification]:
    """Write it down; returns those of which there is something to say: an end, or another reason to wait."""
    if not withheld:
        return []
    rows = []
    for each in due:
        judgement = withheld.get(each.id)
        if isinstance(judgement, Hold):
            rows.append(
                outbox.Withheld(id=each.id, status=Status.PENDING, reason=judgement.reason, due_at=judgement.until)
            )
        elif judgement is not None:
            rows.append(
                outbox.Withheld(id=each.id, status=judgement.status, reason=judgement.reason, due_at=each.due_at)
            )
    await outbox.withhold(tx, agency_id, rows, now)
    news = {row.id for row in rows if row.status is not Status.PENDING}
    return [
        each for each in due if each.id in news or (each.id in withheld and withheld[each.id].reason is not each.reason)
    ]


async def _begin(
    tx: Transaction,
    carrier: Carrier,
    desk: Desk,
    going: Sequence[Request],
    probing: set[UUID],
    claimed_at: float,
) -> list[Claim]:
    if not going:
        return []
    agency_id = desk.agency.id
    messages = {each.notification.id: _message(desk, each) for each in going}
    claimed = [
        outbox.Claimed(
            id=each.notification.id,
            recipient=desks.recipient(each.notification, each.trip),
            language=each.trip.language if each.trip else each.notification.language,
            body=messages[each.notification.id].body,
            tells=messages[each.notification.id].tells,
        )
        for each in going
    ]
    fences = await outbox.claim(tx, agency_id, claimed, carrier.lease, desk.now)
    claims = []
    for each, said in zip(going, claimed, strict=True):
        notification = replace(
            each.notification,
            status=Status.SENDING,
            reason=None,
            recipient=said.recipient,
            language=said.language,
            body=said.body,
            tells=said.tells,
            fence=fences[said.id],
        )
        tried = desk.tried.get(said.id, Tried())
        claims.append(
            Claim(
                notification=notification,
                attempt=_attempt(desk, notification, messages[said.id], tried),
                tries=tried.counted + 1,
                settings=desk.settings,
                message=messages[said.id],
                agency_name=desk.agency.name,
                ident=each.flight.ident if each.flight else None,
                probes=said.id in probing,
                claimed_at=claimed_at,
            )
        )
    await attempts.begin(tx, agency_id, [each.attempt for each in claims])
    return claims


def _message(desk: Desk, request: Request) -> wording.Message:
    notification = request.notification
    language = request.trip.language if request.trip else notification.language
    template = desk.templates.get((notification.type, language))
    if request.trip is None or request.flight is None:
        return wording.test_message(desk.agency.name, language, template)
    return wording.message(
        notification.type,
        notification.tells,
        trip=request.trip,
        flight=request.flight,
        settings=request.settings,
        template=template,
    )


def _attempt(desk: Desk, notification: Notification, message: wording.Message, tried: Tried) -> DeliveryAttempt:
    free_text = notification.channel is Channel.SMS or (
        notification.recipient in desk.window_open and not tried.wants_template
    )
    return DeliveryAttempt(
        notification_id=notification.id,
        number=tried.number + 1,
        fence=notification.fence,
        token=secrets.token_urlsafe(24),
        channel=notification.channel,
        content_sid=None if free_text else message.content_sid,
        started_at=desk.now,
        finished_at=None,
        outcome=AttemptOutcome.IN_FLIGHT,
        counted=True,
        http_status=None,
        error_code=None,
        error_message=None,
        twilio_sid=None,
    )
