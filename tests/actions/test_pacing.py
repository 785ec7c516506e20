"""A sender writes no faster than its account allows, whoever sends and wherever the pace is kept; what must wait arrives once."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from sandbox.services import Valkey
from tests.actions.test_delivery import carrier_over, confirmation, deliver, ended, settings, tries
from tests.world import World
from travel import delivery, enqueue
from travel.delivery import Carrier
from travel.model import AttemptOutcome, NotificationReason, NotificationStatus, Trip
from travel.pace import PATIENCE_SECONDS, SAVED_UP_SECONDS, Pace, Rate
from travel.records import paces
from travel.throttle import Throttle

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Status, Reason = NotificationStatus, NotificationReason
TAKEN = (Status.SENT, Status.DELIVERED, Status.READ)
WHATSAPP, SMS = "whatsapp:+14155550100", "+14155550199"
SLOW = {WHATSAPP: 0.01, SMS: 0.01}
"""A message in a hundred seconds: the first goes, and every other is put off at once, so that no test waits for it."""

LONG_SECONDS = 30
"""So long a test waits for its Redis: on a machine that is busy, none may come to ask PostgreSQL instead."""

KEPT_IN = pytest.mark.parametrize("kept_in", ["redis", "postgresql"])


def per_second(rates: dict[str, float]) -> dict[str, Rate]:
    return {sender: Rate.per_second(rate) for sender, rate in rates.items()}


def pace(world: World, kept_in: str, rates: dict[str, float] | None = None) -> Pace:
    """The pace as a process has it."""
    throttle = Throttle(world.redis, seconds=LONG_SECONDS) if kept_in == "redis" else None
    return Pace(db=world.db, throttle=throttle, rates=per_second(SLOW if rates is None else rates))


async def place(pace: Pace, sender: str) -> float:
    """Take one place; the seconds until then."""
    (wait,) = await pace.places(sender, 1)
    return wait


def paced(world: World, pace: Pace) -> Carrier:
    return replace(world.context.carrier, pace=pace)


async def waits(
    world: World, kept_in: str, number: int, *, step: float, patience: float, sender: str = SMS
) -> list[float]:
    """Take so many places one after the other, as fast as it goes; when each would be used, counted from the first ask."""
    throttle, began, found = Throttle(world.redis, seconds=LONG_SECONDS), time.monotonic(), []
    for _ in range(number):
        asked = time.monotonic() - began
        if kept_in == "redis":
            wait, _ = await throttle.take(sender, 1, step=step, burst=SAVED_UP_SECONDS, patience=patience)
        else:
            async with world.db.transaction() as tx:
                wait, _ = await paces.take(tx, sender, 1, step=step, burst=SAVED_UP_SECONDS, patience=patience)
        found.append(asked + max(wait, 0))
    return found


async def book_many(world: World, number: int) -> list[Trip]:
    departure = world.clock.now() + timedelta(days=2)
    return [await world.book(departure=departure, phone=f"+54911555507{each:02}") for each in range(number)]


async def let_one_more_go(world: World, sender: str = WHATSAPP) -> None:
    """The sender's time has passed."""
    await world.redis.delete(f"bauhaus:pace:{sender}")
    async with world.db.transaction() as tx:
        await tx.run("UPDATE sender_paces SET free_at = clock_timestamp() WHERE sender = :sender", sender=sender)


# ---- the pace itself


@KEPT_IN
async def test_no_more_go_in_any_span_than_the_rate_and_what_was_saved_up_allow(world: World, kept_in: str) -> None:
    """Ten a second for two hundred places: in any second ten, and once twenty more that a quiet moment saved up."""
    at = await waits(world, kept_in, 200, step=0.1, patience=60)
    for first, when in enumerate(at):
        for span in (0.0, 0.5, 1.0, 5.0):
            within = sum(1 for other in at[first:] if other - when <= span)
            assert within <= (SAVED_UP_SECONDS + span) / 0.1 + 2, (first, span)
    assert at[-1] == pytest.approx(199 * 0.1, abs=SAVED_UP_SECONDS + 0.5), "nor are they held back longer than need be"


@KEPT_IN
async def test_a_quiet_sender_may_write_a_burst_and_no_more_than_that(world: World, kept_in: str) -> None:
    (first,) = await waits(world, kept_in, 1, step=1.0, patience=60)
    assert first == pytest.approx(0, abs=0.3)
    # It is quiet for an hour, by the clock of whoever keeps the pace.
    long_ago = int((time.time() - 3600) * 1e6)
    await world.redis.set(f"bauhaus:pace:{SMS}", long_ago)
    async with world.db.transaction() as tx:
        await tx.run("UPDATE sender_paces SET free_at = clock_timestamp() - interval '1 hour'")
    at = await waits(world, kept_in, 6, step=1.0, patience=60)
    assert at == pytest.approx([0, 0, 0, 1, 2, 3], abs=0.45)


@KEPT_IN
async def test_who_would_wait_too_long_takes_no_place_away_from_others(world: World, kept_in: str) -> None:
    """A thousand that are put off do not push each other further and further back."""
    at = await waits(world, kept_in, 60, step=0.5, patience=2)
    put_off = [when for when in at if when > 2.0]
    assert len(put_off) > 40
    assert max(put_off) < 2 + 0.5 + 1.0


@KEPT_IN
async def test_senders_do_not_share_a_pace(world: World, kept_in: str) -> None:
    assert (await waits(world, kept_in, 3, step=100, patience=1, sender=WHATSAPP))[-1] > 90
    (other,) = await waits(world, kept_in, 1, step=100, patience=1, sender=SMS)
    assert other == pytest.approx(0, abs=0.3)


@KEPT_IN
async def test_two_processes_share_one_pace(world: World, kept_in: str) -> None:
    one, other = pace(world, kept_in), pace(world, kept_in)
    assert await place(one, WHATSAPP) == 0
    assert await place(other, WHATSAPP) > 90
    assert await place(one, WHATSAPP) > 90


@KEPT_IN
async def test_twenty_that_ask_at_once_get_one_place(world: World, kept_in: str) -> None:
    one, other = pace(world, kept_in), pace(world, kept_in)
    answers = await asyncio.gather(*(place(each, WHATSAPP) for each in [one, other] * 10))
    assert answers.count(0) == 1


@KEPT_IN
async def test_who_has_a_place_soon_waits_for_it_and_goes(world: World, kept_in: str) -> None:
    quick = pace(world, kept_in, {WHATSAPP: 1000.0})
    note = await confirmation(world, await world.book())
    began = time.monotonic()
    await quick.rest(WHATSAPP, 0.3)
    await deliver(world, note, paced(world, quick))
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    assert time.monotonic() - began > 0.2


async def test_a_sender_without_a_rate_is_not_held_back(world: World) -> None:
    free = pace(world, "redis", {})
    assert [await place(free, WHATSAPP) for _ in range(100)] == [0] * 100


# ---- what it does to messages


@KEPT_IN
async def test_what_is_put_off_burns_no_try_and_arrives_later_once(world: World, kept_in: str) -> None:
    """Six messages, one place at a time: none gives up, though the agency allows a single try."""
    await settings(world, max_retry_attempts=1)
    trips = await book_many(world, 6)
    carrier = paced(world, pace(world, kept_in))
    for sent in range(1, 7):
        await delivery.deliver(carrier, world.agency.id)
        assert len(world.messages) == sent
        notes = [await confirmation(world, trip) for trip in trips]
        put_off = [note for note in notes if note.status is Status.PENDING]
        assert [ended(note) for note in put_off] == [(Status.PENDING, Reason.RETRYING)] * (6 - sent)
        assert all(world.clock.now() + timedelta(seconds=90) <= note.due_at for note in put_off)
        for note in put_off:
            assert {(each.outcome, each.counted) for each in await tries(world, note)} == {
                (AttemptOutcome.RETRYABLE, False)
            }
        await let_one_more_go(world)
        world.clock.move_to(max([world.clock.now(), *(note.due_at for note in put_off)]))
    assert sorted(line["to"] for line in world.messages) == sorted(trip.phone for trip in trips)
    await world.play(world.clock.now() + HOUR)
    assert len(world.messages) == 6


@KEPT_IN
async def test_who_was_put_off_together_does_not_come_back_together(world: World, kept_in: str) -> None:
    trips = await book_many(world, 12)
    await delivery.deliver(paced(world, pace(world, kept_in)), world.agency.id)
    notes = [await confirmation(world, trip) for trip in trips]
    dues = {note.due_at for note in notes if note.status is Status.PENDING}
    assert len(dues) == 11
    assert max(dues) - min(dues) > timedelta(seconds=5)


async def test_what_the_pace_puts_off_uses_up_no_cap(world: World) -> None:
    await settings(world, max_notifications_per_hour=3)
    trips = await book_many(world, 3)
    carrier = paced(world, pace(world, "postgresql"))
    for sent in (1, 2, 3):
        await delivery.deliver(carrier, world.agency.id)
        assert len(world.messages) == sent
        await let_one_more_go(world)
        world.clock.move_to(world.clock.now() + 3 * MINUTE)
    assert {(await confirmation(world, trip)).status for trip in trips} == {Status.SENT}


# ---- 429


@KEPT_IN
async def test_a_429_that_names_a_time_rests_the_sender_for_all_processes(world: World, kept_in: str) -> None:
    """The rates alone would let thousands go."""
    asked = []

    def busy(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(429, headers={"Retry-After": "25"}, json={"code": 20429})

    quick = {WHATSAPP: 1000.0, SMS: 1000.0}
    here, there = pace(world, kept_in, quick), pace(world, kept_in, quick)
    trip = await world.book("AR1303")
    async with carrier_over(world, busy) as carrier:
        await deliver(world, await confirmation(world, trip), replace(carrier, pace=here))
    assert len(asked) == 1
    assert 20 < await place(there, WHATSAPP) <= 25
    assert await place(there, SMS) == 0, "it is the sender that rests, not the account"
    later = await world.book("AR1305", phone="+5491155550909")
    await delivery.deliver(paced(world, there), world.agency.id)
    note = await confirmation(world, later)
    assert ended(note) == (Status.PENDING, Reason.RETRYING)
    assert note.due_at > world.clock.now() + timedelta(seconds=20)
    assert [each.counted for each in await tries(world, note)] == [False]
    assert world.messages == []


@KEPT_IN
async def test_a_429_without_a_time_rests_the_sender_for_a_moment(world: World, kept_in: str) -> None:
    quick = pace(world, kept_in, {WHATSAPP: 1000.0})
    await quick.rest(WHATSAPP, None)
    (at,) = await waits(world, kept_in, 1, step=0.001, patience=0, sender=WHATSAPP)
    assert 0.5 < at <= 1.0


@KEPT_IN
async def test_a_short_rest_does_not_end_a_long_one(world: World, kept_in: str) -> None:
    """Several messages were on their way when Twilio grew tired: their answers name different times, or none."""
    quick = pace(world, kept_in, {WHATSAPP: 1000.0})
    await quick.rest(WHATSAPP, 30)
    await quick.rest(WHATSAPP, None)
    assert await place(quick, WHATSAPP) > 25


async def test_redis_does_not_forget_a_long_rest_after_a_short_one(world: World) -> None:
    quick = pace(world, "redis", {WHATSAPP: 1000.0})
    await quick.rest(WHATSAPP, 30)
    await quick.rest(WHATSAPP, None)
    assert await world.redis.pttl(f"bauhaus:pace:{WHATSAPP}") > 25 * 1000


# ---- Redis goes away


@pytest.fixture
async def valkey() -> AsyncIterator[Valkey]:
    """One to do harm to."""
    with Valkey.start() as server:
        yield server


def quick_pace(world: World, throttle: Throttle) -> Pace:
    return Pace(db=world.db, throttle=throttle, rates=per_second({WHATSAPP: 1000.0, SMS: 1000.0}))


async def test_when_redis_is_killed_the_pace_is_kept_in_postgresql(world: World, valkey: Valkey) -> None:
    redis = enqueue.connect(valkey.url)
    patient = Pace(db=world.db, throttle=Throttle(redis, seconds=LONG_SECONDS), rates=per_second(SLOW))
    assert await place(patient, WHATSAPP) == 0
    assert await place(patient, WHATSAPP) > 90
    valkey.stop()
    slow = Pace(db=world.db, throttle=Throttle(redis), rates=per_second(SLOW))
    async with asyncio.timeout(5):
        assert await place(slow, WHATSAPP) == 0, "PostgreSQL knows nothing of it yet: one more goes"
        assert await place(slow, WHATSAPP) > 90, "and then the pace is kept again"
    await redis.aclose(close_connection_pool=True)


async def test_when_redis_hangs_nobody_waits_for_it_and_messages_go_out(world: World, valkey: Valkey) -> None:
    redis = enqueue.connect(valkey.url)
    carrier = paced(world, quick_pace(world, Throttle(redis)))
    trips = await book_many(world, 10)
    assert await place(quick_pace(world, Throttle(redis, seconds=LONG_SECONDS)), SMS) == 0, "it is connected"
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        answers = await asyncio.wait_for(asyncio.gather(*(place(carrier.pace, SMS) for _ in range(20))), 5)
        assert answers == [0] * 20
        unanswered = carrier.pace.counter.labels("redis_away")
        before = unanswered._value.get()
        assert await place(carrier.pace, SMS) == 0
        assert unanswered._value.get() == before, "the next do not even ask"
        await delivery.deliver(carrier, world.agency.id)
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    assert {(await confirmation(world, trip)).status for trip in trips} == {Status.SENT}
    assert len(world.messages) == 10
    await redis.aclose(close_connection_pool=True)


async def test_a_rest_is_kept_though_redis_goes_away_in_the_middle_of_it(world: World, valkey: Valkey) -> None:
    redis = enqueue.connect(valkey.url)
    quick = quick_pace(world, Throttle(redis))
    await quick.rest(WHATSAPP, 30)
    valkey.stop()
    assert await place(quick, WHATSAPP) > 25
    assert await place(quick, SMS) == 0
    await redis.aclose(close_connection_pool=True)


async def test_a_rest_that_begins_while_redis_hangs_is_kept(world: World, valkey: Valkey) -> None:
    redis = enqueue.connect(valkey.url)
    quick = quick_pace(world, Throttle(redis))
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        await asyncio.wait_for(quick.rest(WHATSAPP, 30), 5)
        assert await place(quick, WHATSAPP) > 25
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    await redis.aclose(close_connection_pool=True)


async def test_a_redis_that_comes_back_empty_takes_over_again(world: World, valkey: Valkey) -> None:
    redis = enqueue.connect(valkey.url)
    throttle = Throttle(redis, seconds=LONG_SECONDS)
    assert await place(Pace(db=world.db, throttle=throttle, rates=per_second(SLOW)), WHATSAPP) == 0
    valkey.restart()
    # The first to ask may find its old connection broken, and the new server does not know the script.
    await place(Pace(db=world.db, throttle=throttle, rates=per_second(SLOW)), SMS)
    assert await place(Pace(db=world.db, throttle=throttle, rates=per_second(SLOW)), WHATSAPP) == 0
    assert await redis.exists(f"bauhaus:pace:{WHATSAPP}")
    assert await place(Pace(db=world.db, throttle=throttle, rates=per_second(SLOW)), WHATSAPP) > PATIENCE_SECONDS
    await redis.aclose(close_connection_pool=True)
