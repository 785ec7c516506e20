"""The life of messages after the HTTP request: timed transitions, callbacks, answers of travellers."""

import asyncio
import heapq
import itertools
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import httpx

from sandbox.twilio import callback_form
from sandbox.twilio.callbacks import Webhook, deliver
from sandbox.twilio.conversations import ANY_SENDER, Conversations
from sandbox.twilio.faults import RecipientFault, TwilioFaults
from sandbox.twilio.journey import Stage, plan
from sandbox.twilio.ledger import Ledger
from sandbox.twilio.message import END_STATES, Message
from sandbox.twilio.message_list import Messages
from sandbox.twilio.refusal import Refused
from sandbox.twilio.submission import WHATSAPP, Submission

OUTSIDE_WINDOW = 63016
POLL_S = 0.05
# Callbacks of one message go out one after the other, those of different messages side by side.
SIDE_BY_SIDE = 32
EXTRA_RATE = 0.2
# Twilio adds parameters without notice, blank ones too.
EXTRAS = (("RiskScore", ""), ("MessagingLane", "standard"), ("CarrierHint", "naïve ñ"))
OWN_NUMBER = "+14155550100"


@dataclass(frozen=True, kw_only=True)
class Move:
    """A message reaches a status; the callback about it leaves at `callback_at`."""

    message: Message
    stage: Stage
    overtaken_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class LateTake:
    submission: Submission
    fate: RecipientFault | None


Due = Move | LateTake | Webhook


class Carrier:
    """Everything that happens by the clock. Nothing happens by itself: `pump` does what is due."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        tokens: Mapping[str, str],
        transport: httpx.AsyncBaseTransport | None,
        ledger: Ledger,
        faults: TwilioFaults,
        inbound_url: str | None,
        seed: int,
    ) -> None:
        self.now = now
        self.messages = Messages()
        self.conversations = Conversations()
        self.faults = faults
        self.ledger = ledger
        self.inbound_url = inbound_url
        self._tokens = tokens
        self._transport = transport
        self._dice = Random(f"carrier {seed}")
        self._due: list[tuple[datetime, int, Due]] = []
        self._number = itertools.count()

    def admit(self, submission: Submission) -> RecipientFault | None:
        """Refuse what Twilio refuses because of who the recipient is; else what fate was set for them."""
        if not submission.whatsapp and self.conversations.opted_out(submission.to, submission.sender):
            raise Refused(21610)
        fate = self.faults.fate(submission.to)
        if fate is not None and fate.when == "sync":
            raise Refused(fate.code)
        return fate

    def take(self, submission: Submission, fate: RecipientFault | None = None) -> Message:
        """Take a message: from here on it is in the ledger and will go its way."""
        now = self.now()
        message = _message(submission, now)
        self.messages[message.sid] = message
        self.ledger.take(
            at=now,
            sid=message.sid,
            to=submission.to,
            body=submission.body,
            status_callback=submission.status_callback,
            request=submission.request,
        )
        stages = plan(
            whatsapp=submission.whatsapp,
            first=message.status,
            dice=self._dice,
            failure=self._failure(submission, fate, now),
            silent=fate is not None and fate.when == "silent",
            queue_s=self.faults.queue_s,
            validity_s=submission.validity.total_seconds(),
        )
        self._schedule(message, stages, submission.send_at or now)
        self.conversations.wrote(submission.account_sid, submission.sender, submission.to)
        return message

    def take_later(self, submission: Submission, fate: RecipientFault | None, *, after_s: float) -> None:
        self._push(self.now() + timedelta(seconds=after_s), LateTake(submission=submission, fate=fate))

    def cancel(self, message: Message) -> None:
        self._reach(message, Stage(after_s=0, status="canceled"), self.now(), None)

    async def inbound(self, from_: str, body: str, *, to: str | None = None, profile: str = "Traveller") -> Message:
        """A traveller writes. `to` is by default the sender that wrote to them last."""
        now, last = self.now(), self.conversations.last_sender(from_)
        account_sid = last[0] if last else next(iter(self._tokens))
        prefix = WHATSAPP if from_.startswith(WHATSAPP) else ""
        sender = prefix + to.removeprefix(WHATSAPP) if to else (last[1] if last else ANY_SENDER)
        self.conversations.heard(from_, sender, body, now)
        message = Message(
            sid=_sid("SM"),
            account_sid=account_sid,
            to=prefix + OWN_NUMBER if sender == ANY_SENDER else sender,
            from_=from_,
            service_sid=None,
            body=body,
            media=0,
            status="received",
            direction="inbound",
            created_at=now,
            updated_at=now,
            sent_at=now,
        )
        self.messages[message.sid] = message
        if self.inbound_url:
            await self._deliver(self._webhook(message, self.inbound_url, callback_form.inbound(message, profile)))
        return message

    async def pump(self) -> int:
        """Do everything that is due by now, callbacks included; how many steps that was."""
        steps = 0
        while due_now := self._pop_due():
            steps += len(due_now)
            await self._deliver_all(list(self._advance(due_now).values()))
        return steps

    def _advance(self, due_now: Sequence[tuple[datetime, Due]]) -> dict[str, list[Webhook]]:
        """Let messages reach what they reach by now; the callbacks that leave, by message and in order."""
        by_message: dict[str, list[Webhook]] = {}
        for at, due in due_now:
            if isinstance(due, Webhook):
                by_message.setdefault(due.key, []).append(due)
            elif isinstance(due, LateTake):
                self.take(due.submission, due.fate)
            else:
                self._reach(due.message, due.stage, at, due.overtaken_at)
        return by_message

    def next_due(self) -> datetime | None:
        return self._due[0][0] if self._due else None

    async def run(self) -> None:
        """Pump in real time until cancelled. A receiver that hangs holds up its own callbacks, and no message's life."""
        gate = asyncio.Semaphore(SIDE_BY_SIDE)
        lines: dict[str, deque[Webhook]] = {}
        async with asyncio.TaskGroup() as calls:
            while True:
                for key, webhooks in self._advance(self._pop_due()).items():
                    if key in lines:
                        lines[key].extend(webhooks)
                    else:
                        lines[key] = deque(webhooks)
                        calls.create_task(self._call(lines, key, gate))
                await asyncio.sleep(POLL_S)

    async def _call(self, lines: dict[str, deque[Webhook]], key: str, gate: asyncio.Semaphore) -> None:
        """The callbacks of one message, one after the other."""
        while lines[key]:
            async with gate:
                await self._deliver(lines[key].popleft())
        del lines[key]

    def _push(self, at: datetime, due: Due) -> None:
        heapq.heappush(self._due, (at, next(self._number), due))

    def _pop_due(self) -> list[tuple[datetime, Due]]:
        now, popped = self.now(), []
        while self._due and self._due[0][0] <= now:
            at, _, due = heapq.heappop(self._due)
            popped.append((at, due))
        return popped

    def _schedule(self, message: Message, stages: Sequence[Stage], start: datetime) -> None:
        times = [start + timedelta(seconds=stage.after_s) for stage in stages]
        for stage, at, following in itertools.zip_longest(stages, times, times[1:]):
            overtaken_at = following + timedelta(seconds=1) if following else None
            self._push(at, Move(message=message, stage=stage, overtaken_at=overtaken_at))

    def _failure(self, submission: Submission, fate: RecipientFault | None, now: datetime) -> int | None:
        if fate is not None:
            return fate.code if fate.when == "async" else None
        if not submission.whatsapp:
            return None
        if submission.content_sid:
            return submission.content_problem
        opened = self.conversations.window_open(submission.to, submission.sender, now)
        return None if opened else OUTSIDE_WINDOW

    def _reach(self, message: Message, stage: Stage, at: datetime, overtaken_at: datetime | None) -> None:
        if message.status in END_STATES or message.sid not in self.messages:
            return
        message.status, message.updated_at, message.error_code = stage.status, at, stage.code
        if stage.status == "queued" and message.from_ is None:
            message.from_ = message.pool_sender
        if stage.status == "sent":
            message.sent_at = at
        if not message.status_callback:
            return
        webhook = self._webhook(message, message.status_callback, callback_form.status(message, at))
        for leaves_at in self._leaving(at, overtaken_at):
            self._push(leaves_at, webhook)

    def _leaving(self, at: datetime, overtaken_at: datetime | None) -> list[datetime]:
        """When the callback about a status leaves: once and at once, unless a fault says otherwise."""
        if self._luck(self.faults.callbacks_lost):
            return []
        if overtaken_at is not None and self._luck(self.faults.callbacks_reordered):
            at = overtaken_at
        if self._luck(self.faults.callbacks_delayed):
            at += timedelta(seconds=self.faults.callbacks_delayed_s)
        if self._luck(self.faults.callbacks_duplicated):
            return [at, at + timedelta(seconds=self._dice.uniform(1, 10))]
        return [at]

    def _webhook(self, message: Message, url: str, params: list[tuple[str, str]]) -> Webhook:
        if self._luck(EXTRA_RATE):
            params.append(self._dice.choice(EXTRAS))
        missigned = self._luck(self.faults.callbacks_missigned)
        return Webhook(
            key=message.sid,
            url=url,
            params=tuple(params),
            token=None if missigned else self._tokens[message.account_sid],
            idempotency_token=str(uuid.uuid4()),
        )

    async def _deliver_all(self, queues: Sequence[Sequence[Webhook]]) -> None:
        gate = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one_after_the_other(queue: Sequence[Webhook]) -> None:
            async with gate:
                for webhook in queue:
                    await self._deliver(webhook)

        await asyncio.gather(*map(one_after_the_other, queues))

    async def _deliver(self, webhook: Webhook) -> None:
        if self._transport is None:
            return
        failure = await deliver(self._transport, webhook)
        if failure is not None and webhook.may_retry(failure):
            self._push(self.now() + timedelta(seconds=2 * 3**webhook.attempt), webhook.again())

    def _luck(self, rate: float) -> bool:
        return rate > 0 and self._dice.random() < rate


def _sid(prefix: str) -> str:
    # Not from the dice: a stand-in started anew must never give out the SIDs of its last life.
    return prefix + uuid.uuid4().hex


def _message(submission: Submission, now: datetime) -> Message:
    first = "scheduled" if submission.send_at else "accepted" if submission.service_sid else "queued"
    return Message(
        sid=_sid("MM" if submission.media else "SM"),
        account_sid=submission.account_sid,
        to=submission.to,
        from_=submission.from_,
        pool_sender=submission.sender,
        service_sid=submission.service_sid,
        body=submission.body,
        media=submission.media,
        status=first,
        direction="outbound-api",
        created_at=now,
        updated_at=now,
        status_callback=submission.status_callback,
    )
