"""Twilio refuses an agency's account or sender: its messages wait unharmed, it learns why, and all go once it works again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from jobs import upkeep
from sandbox.twilio.faults import RecipientFault
from tests.actions.test_delivery import BOB, EVA, carrier_over, confirmation, deliver, ended, send_test, settings, tries
from tests.world import ANA, World, text
from travel import delivery, metrics
from travel.model import (
    AttemptOutcome,
    Channel,
    EventKind,
    Notification,
    NotificationReason,
    NotificationStatus,
    SendingPause,
    Trip,
)
from travel.records import feed, notifications, pauses

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Status, Reason = NotificationStatus, NotificationReason
WAITS = (Status.PENDING, Reason.SENDER_PAUSED)
TAKEN = (Status.SENT, Status.DELIVERED, Status.READ)
REFUSED_ACCOUNT = RecipientFault(code=20003, when="sync")
OURS = "+5491155550909"
"""The agency's own phone, for test messages."""


async def paused(world: World, agency_id: UUID | None = None) -> dict[Channel, SendingPause]:
    async with world.db.transaction(agency_id or world.agency.id) as tx:
        return await pauses.of(tx, agency_id or world.agency.id)


async def news(world: World, *kinds: EventKind) -> list[EventKind]:
    """What the agency's feed said of these kinds, in order."""
    async with world.db.transaction(world.agency.id) as tx:
        return [each.kind for each in await feed.after(tx, world.agency.id, 0, 10_000) if each.kind in kinds]


async def about_sending(world: World) -> list[EventKind]:
    return await news(world, EventKind.SENDING_PAUSED, EventKind.SENDING_RESUMED)


async def one(world: World, note: Notification) -> Notification:
    """How it stands now, whether it has a trip or not."""
    async with world.db.transaction(note.agency_id) as tx:
        found = await notifications.get(tx, note.agency_id, note.id)
    assert found is not None
    return found


async def book_many(world: World, number: int, **given: Any) -> list[Trip]:
    departure = given.pop("departure", world.clock.now() + timedelta(days=2))
    return [await world.book(departure=departure, phone=f"+54911555506{each:02}", **given) for each in range(number)]


async def requests_until(world: World, minutes: list[int]) -> list[int]:
    """How many requests Twilio had got by then, counted from now; minutes count from now too."""
    began, before = world.clock.now(), world.sandbox.twilio.requests
    counts = []
    for each in minutes:
        await world.play(began + each * MINUTE)
        counts.append(world.sandbox.twilio.requests - before)
    return counts


# ---- what pauses, and whom


async def test_a_refused_account_pauses_both_channels_and_what_was_due_beside_it_is_not_lost(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = REFUSED_ACCOUNT
    departure = world.clock.now() + timedelta(days=2)
    trips = [await world.book(departure=departure, phone=phone) for phone in (BOB, ANA, EVA)]
    await world.settle()
    assert set(await paused(world)) == {Channel.WHATSAPP, Channel.SMS}
    assert ended(await confirmation(world, trips[1])) == WAITS
    assert sorted(line["to"] for line in world.messages) == [BOB, EVA], "they left before anybody knew"
    later = await book_many(world, 3)
    await world.settle()
    assert [ended(await confirmation(world, trip)) for trip in later] == [WAITS] * 3
    assert len(world.messages) == 2
    by_sms = await sms_due(world)
    await world.settle()
    assert ended(await one(world, by_sms)) == WAITS, "what is wrong with the account is wrong on every channel"


async def sms_due(world: World) -> Notification:
    """A confirmation that is to go by SMS: the other channel did not reach the traveller."""
    trip = await world.book("AR1305", phone="+5491155550808")
    async with world.db.transaction(trip.agency_id) as tx:
        await tx.run("UPDATE notifications_log SET channel = 'SMS' WHERE trip_id = :trip", trip=trip.id)
    return await confirmation(world, trip)


async def test_an_answer_401_without_a_code_pauses_just_so(world: World) -> None:
    trip = await world.book()
    async with carrier_over(world, lambda _: httpx.Response(401)) as carrier:
        await deliver(world, await confirmation(world, trip), carrier)
    assert ended(await confirmation(world, trip)) == WAITS
    assert [(each.error_code, each.error_message) for each in (await paused(world)).values()] == [
        (None, "HTTP 401"),
        (None, "HTTP 401"),
    ]
    await world.play(world.clock.now() + MINUTE)
    assert (await confirmation(world, trip)).status in TAKEN
    assert await paused(world) == {}, "one message that goes through ends it on both"


async def test_another_agency_goes_on_sending(world: World) -> None:
    other, _ = await world.another_agency()
    world.sandbox.twilio.faults.recipients[ANA] = REFUSED_ACCOUNT
    await world.book()
    await world.settle()
    theirs = await world.book("AR1305", agency_id=other.id, phone=BOB)
    await world.settle()
    assert (await confirmation(world, theirs)).status in TAKEN
    assert await paused(world, other.id) == {}
    assert set(await paused(world)) == set(Channel)


async def test_a_sender_at_fault_pauses_its_own_channel_only(world: World) -> None:
    world.sandbox.twilio.faults.recipients[f"whatsapp:{ANA}"] = RecipientFault(code=63007, when="sync")
    trip = await world.book()
    await world.settle()
    assert set(await paused(world)) == {Channel.WHATSAPP}
    assert ended(await confirmation(world, trip)) == WAITS
    by_sms = await sms_due(world)
    held = await world.book("AR1307", phone=BOB)
    await world.settle()
    assert (await one(world, by_sms)).status in TAKEN
    assert ended(await confirmation(world, held)) == WAITS
    assert set(await paused(world)) == {Channel.WHATSAPP}, "an SMS proves nothing of WhatsApp"


@pytest.mark.parametrize(("code", "channels"), [(63007, {Channel.WHATSAPP}), (30002, {Channel.WHATSAPP, Channel.SMS})])
async def test_a_refusal_that_comes_by_callback_pauses_as_well_and_the_message_is_sent_again(
    world: World, code: int, channels: set[Channel]
) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=code, when="async", times=1)
    trip = await world.book()
    await world.play(world.clock.now() + 30 * SECOND)
    assert ended(await confirmation(world, trip)) == WAITS
    assert set(await paused(world)) == channels
    assert {each.error_code for each in (await paused(world)).values()} == {code}
    held = await world.book(phone=BOB)
    await world.settle()
    assert world.heard(BOB) == []
    await world.play(world.clock.now() + 5 * MINUTE)
    assert (await confirmation(world, trip)).status in TAKEN
    assert (await confirmation(world, held)).status in TAKEN
    assert len(world.messages) == 3, "Ana's twice, for the first never reached her"
    assert [each.counted for each in await tries(world, await confirmation(world, trip))] == [False, True]
    assert await about_sending(world) == [EventKind.SENDING_PAUSED, EventKind.SENDING_RESUMED]


async def test_a_destination_that_is_not_permitted_holds_only_its_own_message(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=21408, when="sync")
    departure = world.clock.now() + timedelta(days=2)
    trip = await world.book(departure=departure)
    other = await world.book(departure=departure, phone=BOB)
    began = world.clock.now()
    await world.settle()
    note = await confirmation(world, trip)
    assert ended(note) == (Status.PENDING, Reason.RETRYING)
    assert note.due_at == began + 15 * MINUTE
    assert (await confirmation(world, other)).status in TAKEN
    await world.play(began + HOUR)
    assert await paused(world) == {}
    assert await about_sending(world) == []
    assert [each.counted for each in await tries(world, note)] == [False] * 5, "now and each quarter of an hour"
    world.sandbox.twilio.faults.recipients.clear()
    await world.play(began + 2 * HOUR)
    assert (await confirmation(world, trip)).status in TAKEN


# ---- what the agency learns


async def test_the_agency_is_told_once_and_sees_why_and_until_when(world: World) -> None:
    for number in range(10):
        world.sandbox.twilio.faults.recipients[f"+54911555506{number:02}"] = REFUSED_ACCOUNT
    began = world.clock.now()
    await book_many(world, 10)
    await world.settle()
    document = "{ agency { sendingPauses { channel pausedAt nextTryAt errorCode errorMessage } } }"
    seen = (await world.data(document))["agency"]["sendingPauses"]
    assert seen == [
        {
            "channel": channel,
            "pausedAt": text(began),
            "nextTryAt": text(began + MINUTE),
            "errorCode": 20003,
            "errorMessage": "Authenticate",
        }
        for channel in ("SMS", "WHATSAPP")
    ]
    await world.play(began + 40 * MINUTE)
    assert await about_sending(world) == [EventKind.SENDING_PAUSED], "not once per message, nor once per try"
    _, foreign = await world.another_agency()
    assert (await world.data(document, foreign))["agency"]["sendingPauses"] == []


async def test_the_operator_sees_how_many_agencies_are_paused(world: World) -> None:
    async def gauges() -> list[float]:
        await upkeep.measure(world.context)
        return [metrics.paused.labels(channel)._value.get() for channel in Channel]

    other, _ = await world.another_agency()
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=63007, when="sync")
    assert await gauges() == [0, 0]
    await world.book()
    await world.book(agency_id=other.id)
    await world.settle()
    assert dict(zip(Channel, await gauges(), strict=True)) == {Channel.WHATSAPP: 2, Channel.SMS: 0}
    world.sandbox.twilio.faults.recipients.clear()
    await world.play(world.clock.now() + 2 * MINUTE)
    assert await gauges() == [0, 0]


# ---- what it costs


async def test_a_pause_burns_no_tries(world: World) -> None:
    """Four refusals, though the agency allows three tries; after the pause all three are still there."""
    world.sandbox.twilio.faults.recipients[ANA] = REFUSED_ACCOUNT
    trip = await world.book()
    await world.play(world.clock.now() + 10 * MINUTE)
    refused = await tries(world, await confirmation(world, trip))
    assert [(each.outcome, each.counted) for each in refused] == [(AttemptOutcome.RETRYABLE, False)] * 4
    world.sandbox.twilio.faults.recipients.clear()
    note = await send_test(world, OURS, Channel.WHATSAPP)
    await deliver(world, note)
    assert await paused(world) == {}
    world.sandbox.twilio.faults.rate_limited = 1.0
    await world.play(world.clock.now() + 5 * MINUTE)
    assert ended(await confirmation(world, trip)) == (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    after = (await tries(world, await confirmation(world, trip)))[4:]
    assert [(each.error_code, each.counted) for each in after] == [(20429, True)] * 3


async def test_what_waits_and_is_no_longer_useful_expires(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = REFUSED_ACCOUNT
    departure = world.clock.now() + 2 * HOUR
    trip = await world.book(departure=departure)
    waiting = await world.book("AR1305", departure=departure, phone=BOB)
    await world.settle()
    await world.play(departure - MINUTE)
    assert (await confirmation(world, trip)).status in (Status.PENDING, Status.EXPIRED)
    await world.play(departure + HOUR)
    asked = world.sandbox.twilio.requests
    assert ended(await confirmation(world, trip)) == (Status.EXPIRED, Reason.NO_LONGER_USEFUL)
    assert (await confirmation(world, waiting)).status in TAKEN, "Bob's left before the pause"
    world.sandbox.twilio.faults.recipients.clear()
    await world.play(departure + 2 * HOUR)
    assert world.sandbox.twilio.requests == asked
    assert world.heard() == []


async def test_what_a_pause_holds_waits_as_long_as_it_is_useful_for_it_may_end_before(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = REFUSED_ACCOUNT
    await world.book()
    await world.play(world.clock.now() + 20 * MINUTE)
    until = (await paused(world))[Channel.WHATSAPP].probe_at
    late = await world.book("AR1305", departure=until - SECOND, phone=BOB)
    await world.settle()
    note = await confirmation(world, late)
    assert ended(note) == (Status.PENDING, Reason.SENDER_PAUSED)
    assert note.due_at == note.expires_at
    await world.play(until)
    assert ended(await confirmation(world, late)) == (Status.EXPIRED, Reason.NO_LONGER_USEFUL)
    assert "RESERVATION_CONFIRMATION" not in world.heard(BOB)


# ---- how it ends


async def test_during_a_pause_one_message_tries_after_1_2_4_8_and_then_each_15_minutes(world: World) -> None:
    trips = await book_many(world, 8)
    for trip in trips:
        world.sandbox.twilio.faults.recipients[trip.phone] = REFUSED_ACCOUNT
    await world.settle()
    assert world.sandbox.twilio.requests == 8
    counts = await requests_until(world, [1, 2, 3, 6, 7, 14, 15, 29, 30, 44, 45, 59, 60])
    assert counts == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7]
    assert {ended(await confirmation(world, trip)) for trip in trips} == {WAITS}


async def test_the_first_success_frees_all_at_once(world: World) -> None:
    trips, by_sms = await book_many(world, 8), await sms_due(world)
    for phone in (by_sms.recipient, *(trip.phone for trip in trips)):
        world.sandbox.twilio.faults.recipients[phone] = REFUSED_ACCOUNT
    began = world.clock.now()
    await world.play(began + 10 * MINUTE)
    world.sandbox.twilio.faults.recipients.clear()
    await world.play(began + 14 * MINUTE + 59 * SECOND)
    assert world.messages == []
    world.clock.move_to(began + 15 * MINUTE)
    await world.settle()
    assert sorted(world.heard(trip.phone) for trip in trips) == [["RESERVATION_CONFIRMATION"]] * 8
    assert (await one(world, by_sms)).status in TAKEN
    assert await paused(world) == {}
    assert await about_sending(world) == [EventKind.SENDING_PAUSED, EventKind.SENDING_RESUMED]
    assert (await world.data("{ agency { sendingPauses { channel } } }"))["agency"]["sendingPauses"] == []


async def test_the_end_of_a_pause_lifts_no_cap(world: World) -> None:
    await settings(world, max_notifications_per_hour=2)
    trips = await book_many(world, 5)
    for trip in trips:
        world.sandbox.twilio.faults.recipients[trip.phone] = RecipientFault(code=63007, when="sync", times=1)
    await world.play(world.clock.now() + 30 * MINUTE)
    assert await about_sending(world) == [EventKind.SENDING_PAUSED, EventKind.SENDING_RESUMED]
    assert len(world.messages) == 2
    held = [ended(note) for trip in trips if (note := await confirmation(world, trip)).status is Status.PENDING]
    assert held == [(Status.PENDING, Reason.HOURLY_LIMIT)] * 3


async def test_a_test_message_tries_at_once_and_ends_the_pause(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = REFUSED_ACCOUNT
    trip = await world.book()
    await world.play(world.clock.now() + 20 * MINUTE)
    world.sandbox.twilio.faults.recipients.clear()
    document = """
        mutation($input: SendTestMessageInput!) { sendTestMessage(input: $input) { notification { id } userErrors { code } } }
    """
    sent = await world.data(document, input={"phone": OURS, "channel": "WHATSAPP"})
    assert sent["sendTestMessage"]["userErrors"] == []
    await world.settle()
    assert world.heard(OURS) == ["TEST"]
    assert (await confirmation(world, trip)).status in TAKEN
    assert await about_sending(world) == [EventKind.SENDING_PAUSED, EventKind.SENDING_RESUMED]


async def test_a_test_message_that_is_refused_leaves_the_pause_and_waits_like_all_others(world: World) -> None:
    for phone in (ANA, OURS):
        world.sandbox.twilio.faults.recipients[phone] = REFUSED_ACCOUNT
    await world.book()
    await world.settle()
    asked = world.sandbox.twilio.requests
    test = await send_test(world, OURS, Channel.WHATSAPP)
    await world.settle()
    assert world.sandbox.twilio.requests == asked + 1
    assert ended(await one(world, test)) == WAITS
    assert set(await paused(world)) == set(Channel)
    assert await about_sending(world) == [EventKind.SENDING_PAUSED]


async def test_five_workers_that_try_at_once_make_one_request(world: World) -> None:
    trips = await book_many(world, 5)
    for trip in trips:
        world.sandbox.twilio.faults.recipients[trip.phone] = REFUSED_ACCOUNT
    await world.settle()
    world.clock.move_to(world.clock.now() + MINUTE)
    asked = world.sandbox.twilio.requests
    await asyncio.gather(*(delivery.deliver(world.context.carrier, world.agency.id) for _ in range(5)))
    assert world.sandbox.twilio.requests == asked + 1


async def test_two_workers_that_are_refused_at_once_pause_once(world: World) -> None:
    trips = await book_many(world, 6)
    for trip in trips:
        world.sandbox.twilio.faults.recipients[trip.phone] = REFUSED_ACCOUNT
    narrow = [delivery.Places(2), delivery.Places(2), delivery.Places(2)]
    await asyncio.gather(*(deliver_in(world, places) for places in narrow))
    await world.settle()
    assert await about_sending(world) == [EventKind.SENDING_PAUSED]
    assert {ended(await confirmation(world, trip)) for trip in trips} == {WAITS}


async def deliver_in(world: World, places: delivery.Places) -> None:
    """A worker with so many hands."""
    await delivery.deliver(replace(world.context.carrier, places=places), world.agency.id)


async def test_the_probe_is_not_used_up_by_a_message_that_a_cap_holds(world: World) -> None:
    """It would be no try at all: the pause would last longer each time that somebody was due."""
    await settings(world, max_notifications_per_hour=1)
    await world.book(phone=BOB)
    await world.settle()
    assert len(world.messages) == 1
    world.clock.move_to(world.clock.now() + 50 * MINUTE)
    async with world.db.transaction(world.agency.id) as tx:
        pause = SendingPause(
            channel=Channel.WHATSAPP,
            error_code=63007,
            error_message="m",
            paused_at=world.clock.now(),
            probe_at=world.clock.now() + MINUTE,
            probes=0,
            awaits_receipt=False,
        )
        await pauses.begin(tx, world.agency.id, pause)
    await world.play(world.clock.now() + MINUTE)
    before = await paused(world)
    await world.book("AR1305")
    await world.settle()
    assert len(world.messages) == 1
    assert await paused(world) == before


async def test_a_sender_whose_refusals_come_by_callback_is_not_sent_everything_again_each_minute(world: World) -> None:
    """The 201 of a probe is no proof there: WhatsApp says no seconds later, and says so to each."""
    trips = await book_many(world, 8)
    for trip in trips:
        world.sandbox.twilio.faults.recipients[trip.phone] = RecipientFault(code=63007, when="async")
    (in_ten_minutes,) = await requests_until(world, [10])
    assert in_ten_minutes <= 8 + 8, "a probe or two each minute at the most, not all eight of them"
    assert (await about_sending(world)).count(EventKind.SENDING_PAUSED) == 1
