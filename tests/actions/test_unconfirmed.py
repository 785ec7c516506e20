"""A message that was sent and that nobody confirmed is asked about; one that failed on its way is tried again, or ends rightly."""

from datetime import timedelta
from uuid import uuid4

import pytest

from sandbox.twilio.faults import RecipientFault
from tests.actions.test_delivery import BOB, confirmation, deliver, ended, report, settings, tries
from tests.world import ANA, World
from travel import delivery, tracking
from travel.model import (
    AttemptOutcome,
    Channel,
    Notification,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    Trip,
)
from travel.records import notifications, pauses, travellers

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Status, Reason, Type = NotificationStatus, NotificationReason, NotificationType
CAME = (Status.DELIVERED, Status.READ)
ON_WHATSAPP = f"whatsapp:{ANA}"


async def sent(world: World, trip: Trip) -> Notification:
    """Ana's confirmation, handed over; what becomes of it is still to come."""
    await deliver(world, await confirmation(world, trip))
    note = await confirmation(world, trip)
    assert note.status is Status.SENT
    return note


async def later(world: World, span: timedelta) -> None:
    await world.play(world.clock.now() + span)


async def by_sms_wanted(world: World) -> None:
    await settings(world, features={"SMS_FALLBACK": True})


def channels(world: World) -> list[str]:
    """Where the messages to Ana went, in order."""
    return [
        "WHATSAPP" if line["request"]["To"] == ON_WHATSAPP else "SMS" for line in world.messages if line["to"] == ANA
    ]


async def the_window_seems_open(world: World) -> None:
    """We know of a word of Ana's that WhatsApp does not know of: the two count the 24 hours differently."""
    async with world.db.transaction(world.agency.id) as tx:
        await travellers.wrote(
            tx,
            world.agency.id,
            message_sid="SM" + uuid4().hex,
            phone=ANA,
            channel=Channel.WHATSAPP,
            body="Hola",
            now=world.clock.now(),
        )


# ---- no callback comes


async def test_a_message_that_arrived_though_its_callbacks_were_lost_is_shown_as_delivered(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    await sent(world, trip)
    await later(world, 9 * MINUTE)
    assert ended(await confirmation(world, trip)) == (Status.SENT, None)
    await later(world, 2 * MINUTE)
    note = await confirmation(world, trip)
    assert note.status in CAME
    assert note.reason is None
    assert note.delivered_at is not None
    await later(world, HOUR)
    assert len(world.messages) == 1


async def test_a_message_that_nobody_confirms_stays_sent_and_says_so(world: World) -> None:
    """WhatsApp leaves it so where the traveller blocked the sender."""
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(when="silent")
    trip = await world.book(departure=world.clock.now() + timedelta(days=8))
    await sent(world, trip)
    await later(world, 9 * MINUTE)
    assert ended(await confirmation(world, trip)) == (Status.SENT, None)
    await later(world, 2 * MINUTE)
    assert ended(await confirmation(world, trip)) == (Status.SENT, Reason.NO_RECEIPT)
    await later(world, timedelta(days=2))
    asked = world.sandbox.twilio.requests
    assert asked <= 1 + 12, "Twilio is asked ever more rarely"
    await later(world, timedelta(days=4))
    assert world.sandbox.twilio.requests == asked, "and in the end no more"
    assert ended(await confirmation(world, trip)) == (Status.SENT, Reason.NO_RECEIPT)
    assert len(world.messages) == 1


async def test_a_message_that_twilio_delivers_late_is_shown_as_delivered_though_the_callback_is_lost(
    world: World,
) -> None:
    """It lay an hour in Twilio's queue."""
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    world.sandbox.twilio.faults.queue_s = 3600
    trip = await world.book()
    await sent(world, trip)
    await later(world, HOUR)
    assert ended(await confirmation(world, trip)) == (Status.SENT, Reason.NO_RECEIPT)
    await later(world, 2 * HOUR)
    note = await confirmation(world, trip)
    assert note.status in CAME
    assert note.reason is None


async def test_no_sms_follows_a_message_that_still_waits_in_twilios_own_queue(world: World) -> None:
    """It is on its way: with the SMS the traveller would be told twice."""
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.queue_s = 1800
    trip = await world.book()
    await sent(world, trip)
    await later(world, 20 * MINUTE)
    world.sandbox.twilio.faults.queue_s = 0
    await later(world, 5 * HOUR)
    assert (await confirmation(world, trip)).status in CAME
    assert channels(world) == ["WHATSAPP"]


async def test_the_agency_hears_that_nobody_confirmed_it(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(when="silent")
    await sent(world, await world.book())
    await later(world, 5 * MINUTE)
    cursor = (await world.data("{ agency { eventCursor } }"))["agency"]["eventCursor"]
    await later(world, 10 * MINUTE)
    assert (await world.data("{ agency { eventCursor } }"))["agency"]["eventCursor"] != cursor
    document = "{ notifications(first: 10) { nodes { status reason } } }"
    nodes = (await world.data(document))["notifications"]["nodes"]
    assert {"status": "SENT", "reason": "NO_RECEIPT"} in nodes


async def test_a_message_that_nobody_confirms_goes_by_sms_once_where_the_agency_wants_it(world: World) -> None:
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.recipients[ON_WHATSAPP] = RecipientFault(when="silent")
    trip = await world.book()
    await sent(world, trip)
    await later(world, HOUR)
    assert channels(world) == ["WHATSAPP", "SMS"]
    note = await confirmation(world, trip)
    assert note.status is Status.DELIVERED
    assert note.channel is Channel.SMS
    assert world.messages[0]["body"] == world.messages[1]["body"]


async def test_an_sms_that_nobody_confirms_is_not_sent_again(world: World) -> None:
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(when="silent")
    trip = await world.book()
    await sent(world, trip)
    await later(world, 5 * HOUR)
    assert channels(world) == ["WHATSAPP", "SMS"]
    assert ended(await confirmation(world, trip)) == (Status.SENT, Reason.NO_RECEIPT)


async def test_no_sms_follows_a_message_that_is_no_longer_useful(world: World) -> None:
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.recipients[ON_WHATSAPP] = RecipientFault(when="silent")
    trip = await world.book(departure=world.clock.now() + 8 * MINUTE)
    await sent(world, trip)
    await later(world, HOUR)
    confirmations = [line for line in world.messages if line["type"] == "RESERVATION_CONFIRMATION"]
    assert [line["request"]["To"] for line in confirmations] == [ON_WHATSAPP]
    assert ended(await confirmation(world, trip)) == (Status.SENT, Reason.NO_RECEIPT)


async def test_no_sms_with_old_news_follows_newer_news(world: World) -> None:
    """A delay of 60 minutes stays unconfirmed, one of 90 is delivered: the SMS would tell the traveller to come too early."""
    await by_sms_wanted(world)
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    await later(world, 2 * MINUTE)
    world.sandbox.twilio.faults.recipients[ON_WHATSAPP] = RecipientFault(when="silent", times=1)
    for minutes in (60, 90):
        changed = {"estimated_out": departure + minutes * MINUTE}
        await tracking.record_by_hand(world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id, changed)
        await later(world, 5 * MINUTE)
    await later(world, HOUR)
    delays = [each for each in await world.decided(trip) if each.type is Type.DELAYED]
    assert [each.status in CAME for each in delays] == [False, True]
    assert ended(delays[0]) == (Status.SUPERSEDED, Reason.NEWER_FACTS)
    assert set(channels(world)) == {"WHATSAPP"}


async def test_a_receipt_that_comes_very_late_is_believed(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(when="silent")
    trip = await world.book()
    note = await sent(world, trip)
    await later(world, 3 * HOUR)
    assert ended(await confirmation(world, trip)) == (Status.SENT, Reason.NO_RECEIPT)
    (tried,) = await tries(world, note)
    await report(world, tried.token, tried.twilio_sid or "", "delivered")
    assert ended(await confirmation(world, trip)) == (Status.DELIVERED, None)


async def test_a_receipt_of_the_first_try_comes_while_the_sms_waits_and_there_is_no_sms(world: World) -> None:
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.recipients[ON_WHATSAPP] = RecipientFault(when="silent")
    trip = await world.book()
    note = await sent(world, trip)
    await later(world, 9 * MINUTE)
    world.clock.move_to(world.clock.now() + 2 * MINUTE)
    await delivery.chase(world.context.carrier, note.agency_id, note.id)
    assert ended(await confirmation(world, trip)) == (Status.PENDING, Reason.NO_RECEIPT)
    (tried,) = await tries(world, note)
    await report(world, tried.token, tried.twilio_sid or "", "delivered")
    await later(world, HOUR)
    assert ended(await confirmation(world, trip)) == (Status.DELIVERED, None)
    assert channels(world) == ["WHATSAPP"]


async def test_while_twilio_cannot_be_asked_nothing_is_concluded(world: World) -> None:
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    world.sandbox.twilio.faults.error_reads = 1.0
    trip = await world.book()
    await sent(world, trip)
    await later(world, 20 * MINUTE)
    assert ended(await confirmation(world, trip)) == (Status.SENT, None)
    world.sandbox.twilio.faults.error_reads = 0.0
    await later(world, MINUTE)
    assert (await confirmation(world, trip)).status in CAME
    assert channels(world) == ["WHATSAPP"]


async def test_a_message_that_twilio_no_longer_knows_stays_sent(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    await sent(world, trip)
    world.sandbox.twilio.carrier.messages.clear()
    await later(world, 20 * MINUTE)
    assert ended(await confirmation(world, trip)) == (Status.SENT, Reason.NO_RECEIPT)


@pytest.mark.parametrize(
    ("code", "reason"), [(30005, Reason.INVALID_RECIPIENT), (63013, Reason.PROVIDER_REFUSED), (63033, Reason.OPTED_OUT)]
)
async def test_a_failure_whose_callback_was_lost_is_found_with_its_reason(
    world: World, code: int, reason: Reason
) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=code, when="async")
    trip = await world.book()
    await sent(world, trip)
    await later(world, 20 * MINUTE)
    assert ended(await confirmation(world, trip)) == (Status.UNDELIVERED, reason)


async def test_the_code_of_a_failure_whose_callback_was_lost_is_kept(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=30005, when="async")
    note = await sent(world, await world.book())
    await later(world, 20 * MINUTE)
    assert [each.error_code for each in await tries(world, note)] == [30005]


async def test_a_sender_at_fault_whose_callback_was_lost_pauses_and_burns_no_try(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=63007, when="async")
    trip = await world.book()
    note = await sent(world, trip)
    await later(world, 10 * MINUTE + 30 * SECOND)
    assert ended(await confirmation(world, trip)) == (Status.PENDING, Reason.SENDER_PAUSED)
    async with world.db.transaction(world.agency.id) as tx:
        assert set(await pauses.of(tx, world.agency.id)) == {Channel.WHATSAPP}
    assert [each.counted for each in await tries(world, note)] == [False]


async def test_free_text_outside_the_window_whose_callback_was_lost_goes_again_by_template(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    await the_window_seems_open(world)
    await sent(world, trip)
    await later(world, HOUR)
    assert ["ContentSid" in line["request"] for line in world.messages] == [False, True]
    assert (await confirmation(world, trip)).status in CAME


# ---- the callback says that it failed


async def test_a_message_that_failed_for_the_moment_is_tried_again(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=30008, when="async", times=1)
    trip = await world.book()
    await later(world, HOUR)
    note = await confirmation(world, trip)
    assert note.status in CAME
    assert [(each.outcome, each.error_code) for each in await tries(world, note)] == [
        (AttemptOutcome.ACCEPTED, 30008),
        (AttemptOutcome.ACCEPTED, None),
    ]
    assert len(world.messages) == 2, "the first reached nobody"


async def test_a_message_that_fails_each_time_ends_when_its_tries_are_used_up(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=30008, when="async")
    trip = await world.book()
    await later(world, HOUR)
    assert ended(await confirmation(world, trip)) == (Status.UNDELIVERED, Reason.ATTEMPTS_EXHAUSTED)
    assert channels(world) == ["WHATSAPP"] * 3


async def test_a_message_that_fails_each_time_goes_by_sms_at_last_where_the_agency_wants_it(world: World) -> None:
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.recipients[ON_WHATSAPP] = RecipientFault(code=30008, when="async")
    trip = await world.book()
    await later(world, HOUR)
    assert channels(world) == ["WHATSAPP"] * 3 + ["SMS"]
    assert (await confirmation(world, trip)).status is Status.DELIVERED


async def test_an_sms_that_fails_too_ends_the_message(world: World) -> None:
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=30008, when="async")
    trip = await world.book()
    await later(world, 2 * HOUR)
    assert channels(world) == ["WHATSAPP"] * 3 + ["SMS"]
    assert ended(await confirmation(world, trip)) == (Status.UNDELIVERED, Reason.ATTEMPTS_EXHAUSTED)


@pytest.mark.parametrize("by_our_books", ["free text", "sync"])
async def test_free_text_in_a_window_that_whatsapp_takes_for_closed_goes_again_by_template(
    world: World, by_our_books: str
) -> None:
    if by_our_books == "sync":
        world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=63016, when="sync", times=1)
    trip = await world.book()
    await the_window_seems_open(world)
    began = world.clock.now()
    await later(world, 5 * MINUTE)
    note = await confirmation(world, trip)
    assert note.status in CAME
    first, second = await tries(world, note)
    assert (first.content_sid, first.error_code) == (None, 63016)
    assert second.content_sid is not None
    assert second.started_at - began < 30 * SECOND, "at once: nothing speaks against it"
    assert "ContentSid" in world.messages[-1]["request"]


# ---- late and old callbacks


async def test_a_failure_of_an_older_try_says_nothing_of_the_newest(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=30008, when="async", times=1)
    trip = await world.book()
    await later(world, MINUTE)
    note = await confirmation(world, trip)
    first, second = await tries(world, note)
    for status in (Status.SENT, Status.DELIVERED):
        await standing(world, note, status)
        await report(world, first.token, first.twilio_sid or "", "undelivered", "30008")
        await report(world, first.token, first.twilio_sid or "", "failed", "21211")
        assert (await confirmation(world, trip)).status is status
    await standing(world, note, Status.SENT)
    await report(world, second.token, second.twilio_sid or "", "undelivered", "30005")
    assert ended(await confirmation(world, trip)) == (Status.UNDELIVERED, Reason.INVALID_RECIPIENT)


async def standing(world: World, note: Notification, status: Status, reason: Reason | None = None) -> None:
    """As if it had come to this."""
    async with world.db.transaction(note.agency_id) as tx:
        await tx.run(
            """
            UPDATE notifications_log SET status = :status, reason = :reason, receipt_due_at = NULL, settle_at = NULL,
              lease_until = NULL WHERE id = :id
            """,
            id=note.id,
            status=status,
            reason=reason,
        )


ENDS = [
    (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED),
    (Status.UNDELIVERED, Reason.ATTEMPTS_EXHAUSTED),
    (Status.WITHDRAWN, Reason.WITHDRAWN_BY_AGENT),
    (Status.EXPIRED, Reason.NO_LONGER_USEFUL),
    (Status.SUPPRESSED, Reason.OPTED_OUT),
    (Status.SUPERSEDED, Reason.NEWER_FACTS),
    (Status.DELIVERED, None),
    (Status.READ, None),
]


@pytest.mark.parametrize(("status", "reason"), ENDS, ids=lambda value: str(value))
@pytest.mark.parametrize(("word", "code"), [("undelivered", "30008"), ("failed", "63007"), ("failed", "63016")])
async def test_a_late_word_of_failure_never_reopens_what_has_ended(
    world: World, status: Status, reason: Reason | None, word: str, code: str
) -> None:
    await by_sms_wanted(world)
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    note = await sent(world, trip)
    await standing(world, note, status, reason)
    (tried,) = await tries(world, note)
    await report(world, tried.token, tried.twilio_sid or "", word, code)
    await later(world, HOUR)
    async with world.db.transaction(note.agency_id) as tx:
        after = await notifications.get(tx, note.agency_id, note.id)
    assert after is not None
    assert ended(after) == (status, reason)
    assert [each.number for each in await tries(world, note)] == [1]


async def test_a_message_given_up_whose_try_arrived_after_all_is_shown_as_delivered(world: World) -> None:
    world.sandbox.twilio.faults.error_before = 1.0
    trip = await world.book()
    await later(world, HOUR)
    note = await confirmation(world, trip)
    assert ended(note) == (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    first = (await tries(world, note))[0]
    await report(world, first.token, "SM" + "1" * 32, "delivered")
    after = await confirmation(world, trip)
    assert ended(after) == (Status.DELIVERED, None)
    assert after.accepted_at == first.started_at, "Twilio took it when it was made"


@pytest.mark.parametrize("word", ["sent", "sending", "queued"])
async def test_an_overtaken_callback_of_a_try_that_failed_does_not_hold_up_the_next(world: World, word: str) -> None:
    """Twilio's callbacks come in any order: `sent` after `undelivered` is no news, and the traveller is still waiting."""
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    note = await sent(world, trip)
    (tried,) = await tries(world, note)
    await report(world, tried.token, tried.twilio_sid or "", "undelivered", "30008")
    assert ended(await confirmation(world, trip)) == (Status.PENDING, Reason.RETRYING)
    await report(world, tried.token, tried.twilio_sid or "", word)
    assert ended(await confirmation(world, trip)) == (Status.PENDING, Reason.RETRYING)
    await later(world, MINUTE)
    assert len(world.messages) == 2


async def test_a_failed_message_of_one_traveller_holds_up_no_other(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=30008, when="async")
    departure = world.clock.now() + timedelta(days=2)
    await world.book(departure=departure)
    other = await world.book(departure=departure, phone=BOB)
    await later(world, MINUTE)
    assert (await confirmation(world, other)).status in CAME


async def test_a_callback_said_twice_counts_once(world: World) -> None:
    """The failure is told again while the next try is out."""
    world.sandbox.twilio.faults.callbacks_duplicated = 1.0
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=30008, when="async", times=1)
    trip = await world.book()
    await later(world, HOUR)
    assert (await confirmation(world, trip)).status in CAME
    assert len(world.messages) == 2
