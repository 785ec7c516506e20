"""Histories that a reading of the code found: rare, and each with an end that the agency can trust."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import httpx

from jobs import delivery as jobs
from sandbox.twilio.faults import RecipientFault
from tests.actions.test_delivery import (
    ANA,
    BOB,
    EVA,
    HOUR,
    MINUTE,
    SECOND,
    Reason,
    Status,
    carrier_over,
    confirmation,
    deliver,
    settings,
    tries,
)
from tests.actions.test_pausing import paused
from tests.actions.test_receipts_that_disagree import hear
from tests.world import World, sweep_strays
from travel import delivery
from travel.delivery import Places
from travel.model import Channel
from travel.pace import Pace, Rate


async def test_what_arrived_by_whatsapp_after_its_sms_failed_is_shown_as_delivered(world: World) -> None:
    await settings(world, features={"SMS_FALLBACK": True})
    faults = world.sandbox.twilio.faults
    faults.callbacks_lost = 1.0
    faults.recipients[f"whatsapp:{ANA}"] = RecipientFault(when="silent")
    trip = await world.book()
    note = await confirmation(world, trip)
    await deliver(world, note)
    for _ in range(5):
        world.clock.move_to(world.clock.now() + 2 * MINUTE + SECOND)
        await world.sandbox.twilio.pump()
    await sweep_strays(world.context)
    await deliver(world, note)
    first, second = await tries(world, note)
    assert [first.channel, second.channel] == [Channel.WHATSAPP, Channel.SMS]
    await hear(world, second.token, second.twilio_sid or "", "undelivered", "30005")
    await jobs.sweep_webhooks(world.context)
    await hear(world, first.token, first.twilio_sid or "", "delivered")
    await jobs.sweep_webhooks(world.context)
    assert (await confirmation(world, trip)).status is Status.DELIVERED


async def test_the_channel_took_it_so_the_pause_ends(world: World) -> None:
    faults = world.sandbox.twilio.faults
    faults.recipients[ANA] = RecipientFault(code=63007, when="async", times=1)
    trip = await world.book()
    await world.play(world.clock.now() + 30 * SECOND)
    assert set(await paused(world)) == {Channel.WHATSAPP}
    # The sender is mended; the one that probes has its phone off: Twilio says `sent`, not `delivered`.
    faults.recipients[ANA] = RecipientFault(when="silent")
    await world.play(world.clock.now() + 3 * MINUTE)
    note = await confirmation(world, trip)
    assert note.status is Status.SENT
    assert await paused(world) == {}


async def test_raising_the_cap_frees_what_is_still_useful(world: World) -> None:
    await settings(world, max_notifications_per_hour=1, max_notifications_per_day=1)
    departure = world.clock.now() + 10 * HOUR
    a = await world.book(departure=departure, phone=BOB)
    b = await world.book(departure=departure, phone=EVA)
    await world.settle()
    await settings(world, max_notifications_per_hour=50, max_notifications_per_day=50)
    await world.settle()
    assert {(await confirmation(world, t)).status for t in (a, b)} <= {Status.SENT, Status.DELIVERED, Status.READ}, [
        ((await confirmation(world, t)).status, (await confirmation(world, t)).reason) for t in (a, b)
    ]


async def test_one_absurd_callback_holds_up_no_other(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    ta, tb = await world.book(phone=BOB), await world.book("AR1305", phone=EVA)
    await deliver(world, await confirmation(world, ta))
    (a,), (b,) = await tries(world, await confirmation(world, ta)), await tries(world, await confirmation(world, tb))
    await hear(world, a.token, a.twilio_sid, "undelivered", "3000²")
    await hear(world, b.token, b.twilio_sid, "delivered")
    for _ in range(3):
        await jobs.sweep_webhooks(world.context)
        async with world.db.transaction() as tx:
            await tx.run("UPDATE webhook_inbox SET taken_until = NULL")
    assert (await confirmation(world, tb)).status is Status.DELIVERED


async def test_twilio_is_asked_about_the_try_that_it_took(world: World) -> None:
    faults = world.sandbox.twilio.faults
    faults.callbacks_lost, faults.late_accept, faults.late_accept_s = 1.0, 1.0, 200.0
    trip = await world.book()
    note = await confirmation(world, trip)
    await deliver(world, note)
    faults.late_accept = 0.0
    world.clock.move_to(world.clock.now() + 181 * SECOND)
    await sweep_strays(world.context)
    faults.rate_limited = 1.0
    await deliver(world, note)  # try 2: a definite 429
    faults.rate_limited = 0.0
    await world.sandbox.twilio.pump()
    world.clock.move_to(world.clock.now() + 1 * SECOND)
    first, _ = await tries(world, note)
    world.clock.move_to(world.clock.now() + 20 * SECOND)
    await world.sandbox.twilio.pump()
    (sid,) = [line["sid"] for line in world.messages if first.token in line["request"]["StatusCallback"]]
    await hear(world, first.token, sid, "sent")
    await jobs.sweep_webhooks(world.context)
    world.clock.move_to(world.clock.now() + 11 * MINUTE)
    await world.sandbox.twilio.pump()
    await sweep_strays(world.context)
    now = await confirmation(world, trip)
    assert now.status in (Status.DELIVERED, Status.READ), (now.status, now.reason)


async def test_a_person_who_resends_gets_the_agencys_tries(world: World) -> None:
    faults = world.sandbox.twilio.faults
    faults.rate_limited = 1.0
    trip = await world.book()
    await world.play(world.clock.now() + 30 * MINUTE)
    note = await confirmation(world, trip)
    assert (note.status, note.reason) == (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    await delivery.resend(world.db, world.house.wakeups, world.clock, world.agency.id, note.id)
    await deliver(world, note)  # one more 429
    assert (await confirmation(world, trip)).status is Status.PENDING


async def test_places_are_closed_to_those_who_already_wait() -> None:
    places = Places(1)
    assert await places.take(1) == 1
    waiting = asyncio.create_task(places.take(1))
    await asyncio.sleep(0)
    places.close()
    places.give_back()
    assert await waiting == 0


async def test_a_refusal_with_a_nul_in_it_is_settled(world: World) -> None:
    trip = await world.book()
    async with carrier_over(
        world, lambda _: httpx.Response(400, json={"code": 21211, "message": "Invalid 'To' \x00"})
    ) as carrier:
        await deliver(world, await confirmation(world, trip), carrier)
    assert (await confirmation(world, trip)).status is Status.FAILED, (await confirmation(world, trip)).status


async def test_a_paused_message_waits_while_useful(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=20003, when="sync")
    await world.book()
    await world.settle()
    trip = await world.book("AR1309", departure=world.clock.now() + timedelta(minutes=60), phone=BOB)
    async with world.db.transaction(world.agency.id) as tx:
        await tx.run("UPDATE sending_pauses SET probe_at = :at, probes = 5", at=world.clock.now() + 15 * MINUTE)
        await tx.run(
            "UPDATE notifications_log SET expires_at = :at WHERE trip_id = :t",
            at=world.clock.now() + 14 * MINUTE,
            t=trip.id,
        )
    await world.settle()
    note = await confirmation(world, trip)
    assert note.status is Status.PENDING, (note.status, note.reason)


async def test_one_429_with_an_hour_does_not_silence_every_agency(world: World) -> None:
    other, _ = await world.another_agency()
    asked = []

    def answer(request):
        asked.append(1)
        if len(asked) == 1:
            return httpx.Response(429, headers={"Retry-After": "3600"}, json={"code": 63018, "message": "slow"})
        return httpx.Response(201, json={"sid": "SM" + uuid4().hex})

    await world.book(phone=BOB)
    async with carrier_over(world, answer) as carrier:
        carrier = replace(
            carrier,
            pace=Pace(db=world.db, throttle=None, rates={carrier.twilio.sender(Channel.WHATSAPP): Rate.per_second(80)}),
        )
        await delivery.deliver(carrier, world.agency.id)
        b = await world.book("AR1305", agency_id=other.id, phone=EVA)
        await delivery.deliver(carrier, other.id)
    note = await confirmation(world, b)
    assert note.due_at - world.clock.now() < timedelta(minutes=15)


async def test_a_test_message_that_is_refused_tries_once_and_takes_nobodys_turn(world: World) -> None:
    world.sandbox.twilio.faults.recipients[BOB] = RecipientFault(code=20003, when="sync")
    note = await delivery.send_test(world.db, world.house.wakeups, world.clock, world.agency.id, BOB, Channel.WHATSAPP)
    await world.settle()
    before = await paused(world)
    assert set(before) == set(Channel)
    again = await delivery.send_test(world.db, world.house.wakeups, world.clock, world.agency.id, BOB, Channel.WHATSAPP)
    await world.settle()
    assert (await paused(world))[Channel.WHATSAPP].probe_at == before[Channel.WHATSAPP].probe_at
    await world.play(world.clock.now() + 40 * MINUTE)
    tried = len(await tries(world, note)) + len(await tries(world, again))
    assert tried <= 2 + 6, "after 1, 2, 4, 8 and 15 minutes one of them tries"


async def test_an_agency_whose_messages_take_long_holds_up_no_other(world: World) -> None:
    """Without Redis the sweep is all there is: it must not wait for the slow one's round."""
    other, _ = await world.another_agency()
    asked, release = asyncio.Event(), asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if b"202" in request.content.split(b"&")[0]:
            asked.set()
            await release.wait()
        return httpx.Response(201, json={"sid": "SM" + uuid4().hex})

    await world.book(phone=BOB)
    async with carrier_over(world, answer) as carrier:
        context = replace(world.context, carrier=carrier, rounds={})
        assert await jobs.start_rounds(context) == 1
        await asked.wait()
        quick = await world.book(agency_id=other.id)
        assert await jobs.start_rounds(context) == 1, "the slow agency is being served, and is not begun with again"
        await context.rounds[other.id]
        assert (await confirmation(world, quick)).status is Status.SENT
        release.set()
        await jobs.end_rounds(context)
    assert context.rounds == {}
