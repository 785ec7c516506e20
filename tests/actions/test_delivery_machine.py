"""Deliveries in any order of events: Hypothesis plays worker, Twilio, traveller and agency against the real database.

Every step is followed by the promises that must hold at any moment; at the end the world is left to itself, and then
everything that was decided has an end, nothing is lost and nothing was said twice. The steps are the same at every run.
More of them: `BAUHAUS_MACHINE_EXAMPLES=1000 pytest tests/actions/test_delivery_machine.py`, where also the seed is new.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from jobs import delivery as jobs
from sandbox import faults as sandbox_faults
from sandbox.twilio.faults import RecipientFault
from sandbox.twilio.message import END_STATES
from tests.conftest import NOON, Services
from tests.world import World, open_world, sweep_notifications, sweep_strays
from travel import booking, delivery, tenancy
from travel.clock import VirtualClock
from travel.database import Database
from travel.delivery import Carrier, Places
from travel.model import (
    Channel,
    Notification,
    NotificationReason,
    NotificationStatus,
    RefusedError,
    UnknownDeliveryPolicy,
)
from travel.records import agencies, feed, notifications, sent

EXAMPLES = int(os.environ.get("BAUHAUS_MACHINE_EXAMPLES", "25"))
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Status, Reason = NotificationStatus, NotificationReason
PHONES = tuple(f"+5491155550{number}" for number in range(101, 104))

HEARD = {Status.SENT, Status.DELIVERED, Status.READ}
UNHEARD = {Status.FAILED, Status.SUPPRESSED, Status.SUPERSEDED, Status.EXPIRED, Status.WITHDRAWN}
ENDS = UNHEARD | {Status.UNDELIVERED, Status.DELIVERED, Status.READ}
HANDED_OVER = ("IN_FLIGHT", "ACCEPTED", "UNKNOWN")

ANSWERS: dict[str, dict[str, float]] = {
    "201": {},
    "429": {"rate_limited": 1.0},
    "500 before": {"error_before": 1.0},
    "500 after taking": {"error_after": 1.0},
    "lost reply": {"lost_reply": 1.0},
    "late accept": {"late_accept": 1.0},
    "slow": {"slow": 1.0, "slow_s": 0.01},
}
REFUSALS = (
    RecipientFault(code=21211, when="sync", times=1),
    RecipientFault(code=63018, when="sync", times=1),
    RecipientFault(code=20003, when="sync", times=1),
    RecipientFault(code=30008, when="async", times=1),
    RecipientFault(code=63016, when="async", times=1),
    RecipientFault(code=63007, when="async", times=1),
)
CALLBACKS = ("callbacks_lost", "callbacks_duplicated", "callbacks_reordered", "callbacks_delayed")
NEW = st.lists(st.sampled_from([*PHONES, "test"]), max_size=3)
"""What is decided: a trip for a phone, or a test message."""
LABELS = (
    *("claiming", "claimed", "sending", "answered", "settling", "settled", "recovering", "recovered", "looked_up"),
    *("reconciling", "reconciled", "receiving", "received", "pausing", "resuming"),
)


class WorkerDies(BaseException):
    """The process is gone: nothing of ours catches it."""


class SaidTwiceError(AssertionError):
    """A traveller got the same message more than once."""


@dataclass(kw_only=True)
class Stage:
    """The machine's own loop and pools, for all of its runs; the loop of the other tests stands still meanwhile."""

    services: Services
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    crashes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.db = Database(self.services.app_url, pool_size=8)
        self.owner = Database(self.services.owner_url, pool_size=1)
        self.do(self.db.connect())
        self.do(self.owner.connect())

    def do(self, deed: Coroutine[Any, Any, Any]) -> Any:
        """Until it is done."""
        return self.loop.run_until_complete(deed)

    async def empty(self) -> None:
        """No row of the last run is left."""
        async with self.owner.transaction() as tx:
            names = await tx.value(
                "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
            await tx.run(f"TRUNCATE {names} RESTART IDENTITY CASCADE")

    def close(self) -> None:
        """Leave nothing open."""
        self.do(self.db.disconnect())
        self.do(self.owner.disconnect())
        self.do(self.loop.shutdown_asyncgens())
        self.loop.close()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The rows at one moment."""

    notes: dict[UUID, Notification]
    timers: dict[UUID, Any]
    attempts: list[Any]
    settings: Any


class Deliveries(RuleBasedStateMachine):
    """What may happen to messages, in any order."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.booked = 0
        self.caps = 0
        self.resent: set[UUID] = set()
        self.held_is_allowed = False
        self.before: dict[UUID, Notification] = {}
        self.attempts_before = 0

    @initialize()
    def begin(self) -> None:
        self.clock = VirtualClock(NOON)
        self.opened = open_world(self.stage.db, self.stage.owner, self.clock, self.stage.services.redis_url)
        self.world: World = self.do(self.opened.__aenter__())
        self.faults = self.world.sandbox.twilio.faults

    def do(self, deed: Coroutine[Any, Any, Any]) -> Any:
        return self.stage.do(deed)

    # ---- what the agency does

    @rule(hour=st.sampled_from([1, 2, 4, 1000]), day=st.integers(0, 4))
    def set_caps(self, hour: int, day: int) -> None:
        self.do(self._settings(max_notifications_per_hour=hour, max_notifications_per_day=hour + day))

    @rule(policy=st.sampled_from(UnknownDeliveryPolicy), phone=st.sampled_from(PHONES), out=st.booleans())
    def change_its_mind(self, policy: UnknownDeliveryPolicy, phone: str, out: bool) -> None:
        self.held_is_allowed |= policy is UnknownDeliveryPolicy.HOLD_FOR_HUMAN
        self.do(self._settings(on_unknown_delivery=policy))
        self.do(booking.set_opt_out(self.world.db, self.world.clock, self.world.agency.id, phone, opted_out=out))

    @rule(which=st.integers(0, 20), again=st.booleans())
    def intervene(self, which: int, again: bool) -> None:
        self.do(self._resend(which) if again else self._cancel(which))

    # ---- what Twilio and the workers do

    @rule(new=NEW, answer=st.sampled_from(sorted(ANSWERS)), late_s=st.sampled_from([1.0, 5.0, 20.0]))
    def hand_over(self, new: list[str], answer: str, late_s: float) -> None:
        self.do(self._decide(new))
        self.do(self._with(ANSWERS[answer] | {"late_accept_s": late_s}, sweep_notifications(self.world.context)))

    @rule(new=NEW, answer=st.sampled_from(sorted(ANSWERS)), deliverers=st.integers(2, 4))
    def all_at_once(self, new: list[str], answer: str, deliverers: int) -> None:
        context, twilio = self.world.context, self.world.sandbox.twilio
        self.do(self._decide(new))
        deeds = [sweep_notifications(context) for _ in range(deliverers)]
        deeds += [sweep_strays(context), sweep_strays(context), jobs.sweep_webhooks(context), twilio.pump()]
        self.do(self._with(ANSWERS[answer], _together(deeds)))

    @rule(refusal=st.sampled_from(REFUSALS), phone=st.sampled_from(PHONES))
    def refuse(self, refusal: RecipientFault, phone: str) -> None:
        self.faults.recipients[phone] = refusal
        self.do(self._decide([phone]))
        self.do(sweep_notifications(self.world.context))

    @rule(lapse=st.booleans(), reads_fail=st.booleans())
    def mend(self, lapse: bool, reads_fail: bool) -> None:
        if lapse:
            self.do(self._lapse())
        self.do(self._with({"error_reads": float(reads_fail)}, sweep_strays(self.world.context)))

    @rule(answer=st.sampled_from(["slow", "lost reply", "late accept", "500 after taking"]))
    def freeze(self, answer: str) -> None:
        """A worker stands still in the middle of a request, and another one takes over."""
        self.do(self._decide(["test"]))
        self.do(self._with(ANSWERS[answer] | {"slow": 1.0, "slow_s": 0.05}, self._freeze()))

    @rule(label=st.sampled_from(LABELS))
    def crash(self, label: str) -> None:
        self.do(self._crash(label))

    @rule(
        span=st.sampled_from([SECOND, 20 * SECOND, MINUTE, 3 * MINUTE, 10 * MINUTE]),
        trouble=st.sets(st.sampled_from(CALLBACKS)),
        receive=st.booleans(),
    )
    def wait(self, span: timedelta, trouble: set[str], receive: bool) -> None:
        self.do(self._with(dict.fromkeys(trouble, 1.0), self._wait(span)))
        if receive:
            self.do(jobs.sweep_webhooks(self.world.context))

    @rule(flush=st.booleans())
    def settle(self, flush: bool) -> None:
        if flush:
            self.do(self.world.redis.flushall())
        self.do(self.world.settle())

    # ---- how it is done

    async def _decide(self, new: list[str]) -> None:
        """A trip for each phone, and a test message where the word says so."""
        for each in new:
            if each == "test":
                await self._test()
            else:
                self.booked += 1
                await self.world.book(f"AR{1300 + self.booked}", phone=each, departure=NOON + timedelta(days=2))

    async def _test(self) -> str:
        """To a phone of its own: two equal texts to one phone cannot be told apart by a look-up."""
        self.booked += 1
        world, phone = self.world, f"+549115557{self.booked:04}"
        channel = (Channel.WHATSAPP, Channel.SMS)[self.booked % 2]
        await delivery.send_test(world.db, world.house.wakeups, world.clock, world.agency.id, phone, channel)
        return phone

    async def _settings(self, **values: Any) -> None:
        world = self.world
        async with world.db.transaction(world.agency.id) as tx:
            version = (await agencies.settings(tx, world.agency.id)).version
        await tenancy.change_settings(world.db, world.house.wakeups, world.clock, world.agency.id, version, values)

    async def _resend(self, which: int) -> None:
        world, ended = self.world, {Status.FAILED, Status.UNKNOWN}
        notes = [each for each in (await self._see()).notes.values() if each.status in ended]
        if notes:
            note = notes[which % len(notes)]
            with suppress(RefusedError):
                await delivery.resend(world.db, world.house.wakeups, world.clock, world.agency.id, note.id)
                self.resent.add(note.id)
                self.before.pop(note.id, None)

    async def _cancel(self, which: int) -> None:
        notes = list((await self._see()).notes)
        if notes:
            with suppress(RefusedError):
                await delivery.cancel(self.world.db, self.world.clock, self.world.agency.id, notes[which % len(notes)])

    async def _with(self, faults: dict[str, float], deed: Awaitable[Any]) -> None:
        """Do it while Twilio has these faults."""
        were = {name: getattr(self.faults, name) for name in faults}
        sandbox_faults.change(self.faults, faults)
        try:
            await deed
        finally:
            sandbox_faults.change(self.faults, were)

    async def _lapse(self) -> None:
        """Whoever holds a message or a webhook is gone."""
        async with self.world.db.transaction(self.world.agency.id) as tx:
            await tx.run(
                "UPDATE notifications_log SET lease_until = clock_timestamp() - interval '1 s' WHERE status = 'SENDING'"
            )
            await tx.run("UPDATE webhook_inbox SET taken_until = NULL WHERE processed_at IS NULL")

    async def _wait(self, span: timedelta) -> None:
        """The stand-in goes with the time, or a late message would be taken after its time."""
        self.clock.move_to(self.clock.now() + span)
        await self.world.sandbox.twilio.pump()

    async def _freeze(self) -> None:
        sending = asyncio.Event()
        reached = {"sending": sending.set}
        frozen = asyncio.create_task(self._round(lambda label: reached.get(label, int)()))
        waiting = asyncio.create_task(sending.wait())
        await asyncio.wait([frozen, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await self._lapse()
        await sweep_strays(self.world.context)
        await frozen

    def _carrier(self, crash_at: Any) -> Carrier:
        """Of a process of its own."""
        return replace(self.world.context.carrier, places=Places(100), crash_at=crash_at)

    async def _round(self, crash_at: Any, deed: Any = sweep_notifications) -> None:
        await deed(replace(self.world.context, carrier=self._carrier(crash_at)))

    async def _die(self, at: str, deed: Any = sweep_notifications) -> None:
        """A worker dies the first time that it comes to this place."""

        def die(label: str) -> None:
            if label == at:
                self.stage.crashes[at] += 1
                raise WorkerDies

        try:
            await self._round(die, deed)
        except BaseExceptionGroup as group:
            _, rest = group.split(WorkerDies)
            if rest is not None:
                raise
        except WorkerDies:
            pass

    async def _crash(self, label: str) -> None:
        """Bring a message to where a worker can die at this label, and let it."""
        phone, deed = await self._test(), sweep_notifications
        if label in ("recovering", "recovered"):
            await self._die("answered")
            await self._lapse()
            deed = sweep_strays
        elif label in ("looked_up", "reconciling", "reconciled"):
            await self._with({"lost_reply": 1.0, "callbacks_lost": 1.0}, sweep_notifications(self.world.context))
            await self._wait(181 * SECOND)
            deed = sweep_strays
        elif label in ("receiving", "received"):
            await sweep_notifications(self.world.context)
            await self._wait(10 * SECOND)
            deed = jobs.sweep_webhooks
        elif label in ("pausing", "resuming"):
            self.faults.recipients[phone] = RecipientFault(code=20003, when="sync", times=1)
        if label == "resuming":
            await sweep_notifications(self.world.context)
            await self._test()
        await self._die(label, deed)

    # ---- what must hold at any moment

    async def _see(self) -> Seen:
        agency_id = self.world.agency.id
        async with self.world.db.transaction(agency_id) as tx:
            rows = await tx.all(
                f"SELECT {notifications.COLUMNS}, lease_until, settle_at, receipt_due_at FROM notifications_log WHERE agency_id = :agency ORDER BY ordinal",
                agency=agency_id,
            )
            return Seen(
                notes={row["id"]: notifications.from_row(row) for row in rows},
                timers={row["id"]: row for row in rows},
                attempts=list(await tx.all("SELECT * FROM delivery_attempts WHERE agency_id = :a", a=agency_id)),
                settings=await agencies.settings(tx, agency_id),
            )

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "world"):
            self.do(self._holds())

    async def _holds(self) -> None:
        seen = await self._see()
        self._nothing_is_said_twice(seen)
        self._an_end_is_an_end(seen)
        self._no_cap_is_exceeded(seen)
        for note in seen.notes.values():
            self._it_says_how_it_stands(note, seen.timers[note.id])
        await self._the_stream_has_no_gaps()
        self.before, self.attempts_before = seen.notes, len(seen.attempts)

    def _lines(self, seen: Seen) -> dict[UUID, list[str]]:
        """For each notification the SIDs of what Twilio took."""
        of_token = {row["token"]: row["notification_id"] for row in seen.attempts}
        lines: dict[UUID, list[str]] = {id_: [] for id_ in seen.notes}
        for line in self.world.messages:
            token = urlsplit(line["request"]["StatusCallback"]).path.rsplit("/", 1)[1]
            lines[of_token[token]].append(line["sid"])
        return lines

    def _nothing_is_said_twice(self, seen: Seen) -> None:
        """One message for each notification, unless a person sent it again or Twilio said that it did not arrive."""
        taken = self.world.sandbox.twilio.carrier.messages
        for id_, sids in self._lines(seen).items():
            alive = [sid for sid in sids if taken[sid].status not in END_STATES]
            if len(alive) > 1 and id_ not in self.resent:
                raise SaidTwiceError(f"{seen.notes[id_]} is {len(sids)} messages")

    def _an_end_is_an_end(self, seen: Seen) -> None:
        lines = self._lines(seen)
        for id_, old in self.before.items():
            new = seen.notes[id_]
            if old.status not in ENDS or new.status is old.status:
                continue
            upwards = HEARD if old.status in UNHEARD else {Status.DELIVERED, Status.READ}
            if old.status is Status.DELIVERED:
                upwards = {Status.READ}
            assert old.status is not Status.READ, f"READ became {new.status}"
            assert new.status in upwards, f"{old.status} became {new.status}"
            assert lines[id_], f"{old.status} became {new.status} without any message"

    def _no_cap_is_exceeded(self, seen: Seen) -> None:
        if len(seen.attempts) == self.attempts_before:
            return
        now = self.clock.now()
        began = [row["started_at"] for row in seen.attempts if row["outcome"] in HANDED_OVER]
        if now not in began:
            return
        assert sum(at > now - HOUR for at in began) <= seen.settings.max_notifications_per_hour
        assert sum(at > now - 24 * HOUR for at in began) <= seen.settings.max_notifications_per_day

    def _it_says_how_it_stands(self, note: Notification, timer: Any) -> None:
        """Every state has a reason or somebody who will see to it."""
        assert (note.status is Status.SENDING) == (timer["lease_until"] is not None)
        put_off = note.status is Status.PENDING and note.fence > 0 and note.id not in self.resent
        if put_off or note.status in UNHEARD | {Status.UNDELIVERED}:
            assert note.reason is not None, note
        elif note.status is Status.UNKNOWN:
            assert (timer["settle_at"] is None) == (note.reason is Reason.HELD_FOR_HUMAN), note
            assert self.held_is_allowed or note.reason is None, note
        elif note.status is Status.SENT:
            assert (timer["receipt_due_at"] is None) == (note.reason is Reason.NO_RECEIPT), note

    async def _the_stream_has_no_gaps(self) -> None:
        async with self.world.db.transaction(self.world.agency.id) as tx:
            head = await feed.head(tx, self.world.agency.id)
            events = await feed.after(tx, self.world.agency.id, 0, 100_000)
        assert [each.sequence for each in events] == list(range(1, head.sequence + 1))

    # ---- the end

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.do(self._come_to_rest())
        finally:
            self.do(self.opened.__aexit__(None, None, None))
            self.do(self.stage.empty())

    async def _come_to_rest(self) -> None:
        sandbox_faults.reset(self.faults)
        await self._settings(max_notifications_per_hour=1000, max_notifications_per_day=1000)
        await self._lapse()
        await self.world.play(self.clock.now() + 3 * HOUR, beat=20 * SECOND)
        await self._holds()
        seen = await self._see()
        lines = self._lines(seen)
        for note in seen.notes.values():
            if note.status is Status.PENDING and note.due_at > self.clock.now():
                assert note.fence == 0, f"{note} is still to be sent"
                continue
            held = note.status is Status.UNKNOWN and note.reason is Reason.HELD_FOR_HUMAN
            assert held or note.status in ENDS | {Status.SENT}, f"{note} has no end"
            self._nothing_is_lost(note, lines[note.id])

    def _nothing_is_lost(self, note: Notification, sids: list[str]) -> None:
        taken = self.world.sandbox.twilio.carrier.messages
        alive = [sid for sid in sids if taken[sid].status not in END_STATES]
        if note.status in HEARD:
            assert alive, f"{note} was never said"
        elif note.status is Status.UNDELIVERED:
            assert sids, f"{note} was never said"
        elif not self.held_is_allowed and note.id not in self.resent:
            assert not alive, f"{note} was said after all"


async def _together(deeds: list[Any]) -> None:
    await asyncio.gather(*deeds)


@pytest.fixture
def stage(services: Services) -> Iterator[Stage]:
    opened = Stage(services=services)
    yield opened
    opened.close()


def play(stage: Stage, examples: int, steps: int, **more: Any) -> None:
    machine = type("Machine", (Deliveries,), {"stage": stage})
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        **more,
    )
    run_state_machine_as_test(machine, settings=profile)


def test_nothing_is_lost_or_said_twice_whatever_happens(stage: Stage) -> None:
    play(stage, EXAMPLES, 25, derandomize="BAUHAUS_MACHINE_EXAMPLES" not in os.environ)


@pytest.mark.parametrize("label", LABELS)
def test_nothing_is_lost_or_said_twice_wherever_a_worker_dies(stage: Stage, label: str) -> None:
    machine = type("Machine", (Deliveries,), {"stage": stage})()
    machine.begin()
    try:
        machine.crash(label)
        assert stage.crashes[label] == 1
        machine.holds()
    finally:
        machine.teardown()


def test_the_machine_finds_a_sender_that_does_not_look(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof that it can fail: this one sends again what it knows nothing of."""

    async def naive(carrier: Carrier, agency_id: UUID, notification_id: UUID) -> None:
        now = carrier.clock.now()
        async with carrier.db.transaction(agency_id) as tx:
            locked = await notifications.lock(tx, agency_id, notification_id, Status.UNKNOWN, wait=True)
            if locked is not None:
                await sent.stand(tx, locked, Status.PENDING, Reason.RETRYING, now, due_at=now)

    monkeypatch.setattr(delivery, "settle_unknown", naive)
    with pytest.raises(SaidTwiceError):
        play(stage, 50, 25, derandomize=True, phases=[Phase.generate])
