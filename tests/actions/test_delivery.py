"""A message is handed over once, whatever Twilio, the network or the worker does; and each that is not has its reason."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from jobs import delivery as jobs
from sandbox.twilio.faults import RecipientFault
from tests.world import ACCOUNT, ANA, TOKEN, World, sweep_notifications
from travel import booking, delivery, tenancy, tracking
from travel.database import Database
from travel.delivery import Carrier
from travel.model import (
    AgencyStatus,
    AttemptOutcome,
    Channel,
    DeliveryAttempt,
    Language,
    Notification,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    RefusedError,
    Trip,
    UserErrorCode,
)
from travel.records import agencies, attempts, inbox, notifications
from travel.twilio import Senders, Twilio

BOB, EVA = "+5491155550202", "+5491155550303"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Status, Reason, Type = NotificationStatus, NotificationReason, NotificationType


async def confirmation(world: World, trip: Trip) -> Notification:
    (found,) = [each for each in await world.decided(trip) if each.type is Type.RESERVATION_CONFIRMATION]
    return found


async def tries(world: World, notification: Notification) -> list[DeliveryAttempt]:
    async with world.db.transaction(notification.agency_id) as tx:
        return (await attempts.of(tx, notification.agency_id, [notification.id]))[notification.id]


async def deliver(world: World, notification: Notification, carrier: Carrier | None = None) -> None:
    """Hand over what is due in the notification's agency: in these tests that is the notification itself."""
    await delivery.deliver(carrier or world.context.carrier, notification.agency_id)


async def lapse(world: World, notification: Notification) -> None:
    """The time of whoever holds it is over, by the database's clock."""
    async with world.db.transaction(notification.agency_id) as tx:
        await tx.run(
            "UPDATE notifications_log SET lease_until = clock_timestamp() - interval '1 s' WHERE id = :id AND status = 'SENDING'",
            id=notification.id,
        )


TAKEN = (Status.SENT, Status.DELIVERED, Status.READ)


async def settings(world: World, **values: Any) -> None:
    async with world.db.transaction(world.agency.id) as tx:
        version = (await agencies.settings(tx, world.agency.id)).version
    await tenancy.change_settings(world.db, world.house.wakeups, world.clock, world.agency.id, version, values)


async def refusal(awaitable: Any) -> UserErrorCode:
    with pytest.raises(RefusedError) as refused:
        await awaitable
    return refused.value.refusals[0].code


def ended(notification: Notification) -> tuple[Status, Reason | None]:
    return notification.status, notification.reason


@asynccontextmanager
async def carrier_over(world: World, handler: Callable[[httpx.Request], Any]) -> AsyncIterator[Carrier]:
    """The real gateway to Twilio with a network that answers as `handler` says."""
    twilio = Twilio.open(
        url="http://stand-in",
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        senders=Senders(whatsapp="+14155550100", sms=None),
        connect_seconds=1,
        read_seconds=2,
        total_seconds=3,
        concurrency=20,
        transport=httpx.MockTransport(handler),
    )
    yield replace(world.context.carrier, twilio=twilio)
    await twilio.close()


# ---- one request


async def test_five_deliverers_make_one_request_and_one_attempt(world: World) -> None:
    note = await confirmation(world, await world.book())
    await asyncio.gather(*(deliver(world, note) for _ in range(5)))
    assert world.sandbox.twilio.requests == 1
    (attempt,) = await tries(world, note)
    assert (attempt.number, attempt.outcome, attempt.http_status) == (1, AttemptOutcome.ACCEPTED, 201)
    assert attempt.twilio_sid == world.messages[0]["sid"]


async def test_what_is_sent_is_not_sent_again(world: World) -> None:
    note = await confirmation(world, await world.book())
    for _ in range(3):
        await deliver(world, note)
        await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_the_request_carries_callback_validity_and_template(world: World) -> None:
    trip = await world.book(departure=world.clock.now() + 5 * HOUR)
    await deliver(world, await confirmation(world, trip))
    (attempt,) = await tries(world, await confirmation(world, trip))
    request = world.messages[0]["request"]
    assert request["To"] == f"whatsapp:{ANA}"
    assert attempt.token in request["StatusCallback"]
    assert request["StatusCallback"].endswith("#rc=5&rp=all")
    assert request["ValidityPeriod"] == str(5 * 3600)
    assert request["ContentSid"].startswith("HX")
    assert "Body" not in request
    assert len(attempt.token) >= 32


async def test_a_hundred_messages_due_at_once_go_out_once_each(world: World) -> None:
    await settings(world, max_notifications_per_hour=1000, max_notifications_per_day=1000)
    phones = [f"+54911555503{number:02}" for number in range(60)]
    departure = world.clock.now() + timedelta(days=2)
    for phone in phones:
        await world.book(departure=departure, phone=phone)
    await asyncio.gather(*(sweep_notifications(world.context) for _ in range(3)), world.settle())
    assert sorted(line["to"] for line in world.messages) == phones


# ---- a definite no


async def test_429_is_tried_again_within_the_jitter_until_the_attempts_are_used_up(world: World) -> None:
    world.sandbox.twilio.faults.rate_limited = 1.0
    trip = await world.book()
    note = await confirmation(world, trip)
    for number, most in ((1, 5), (2, 10)):
        await deliver(world, note)
        note = await confirmation(world, trip)
        assert ended(note) == (Status.PENDING, Reason.RETRYING)
        assert world.clock.now() <= note.due_at <= world.clock.now() + most * SECOND
        assert (await tries(world, note))[-1].outcome is AttemptOutcome.RETRYABLE
        assert len(await tries(world, note)) == number
        world.clock.move_to(note.due_at)
    await deliver(world, note)
    note = await confirmation(world, trip)
    assert ended(note) == (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    assert [(each.http_status, each.error_code) for each in await tries(world, note)] == [(429, 20429)] * 3
    assert world.messages == []


async def test_a_wait_never_ends_early(world: World) -> None:
    world.sandbox.twilio.faults.rate_limited = 1.0
    await settings(world, retry_initial_delay_seconds=300)
    trip = await world.book()
    await deliver(world, await confirmation(world, trip))
    note = await confirmation(world, trip)
    assert note.due_at > world.clock.now(), "one chance in two million is forgiven"
    await deliver(world, note)
    assert len(await tries(world, note)) == 1


async def test_retry_after_is_honoured(world: World) -> None:
    async with carrier_over(
        world, lambda _: httpx.Response(429, headers={"Retry-After": "77"}, json={"code": 20429})
    ) as carrier:
        trip = await world.book()
        await deliver(world, await confirmation(world, trip), carrier)
    assert (await confirmation(world, trip)).due_at >= world.clock.now() + 77 * SECOND


async def test_a_connection_never_made_is_tried_again(world: World) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("on purpose", request=request)

    trip = await world.book()
    async with carrier_over(world, unreachable) as carrier:
        await deliver(world, await confirmation(world, trip), carrier)
    assert ended(await confirmation(world, trip)) == (Status.PENDING, Reason.RETRYING)
    await world.play(world.clock.now() + MINUTE)
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_an_impossible_number_is_tried_once(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=21211, when="sync")
    trip = await world.book()
    await world.play(world.clock.now() + HOUR)
    note = await confirmation(world, trip)
    assert ended(note) == (Status.FAILED, Reason.INVALID_RECIPIENT)
    (attempt,) = await tries(world, note)
    assert (attempt.outcome, attempt.error_code) == (AttemptOutcome.REFUSED, 21211)
    assert world.sandbox.twilio.requests == 1


async def test_twilios_own_stop_list_is_remembered(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=21610, when="sync")
    trip = await world.book("AR1303")
    await world.settle()
    assert ended(await confirmation(world, trip)) == (Status.FAILED, Reason.OPTED_OUT)
    later = await world.book("AR1305")
    await world.settle()
    assert ended(await confirmation(world, later)) == (Status.SUPPRESSED, Reason.OPTED_OUT)
    assert world.sandbox.twilio.requests == 1


@pytest.mark.parametrize("when", ["sync", "async"])
async def test_text_outside_the_window_is_not_repeated(world: World, when: Any) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=63016, when=when)
    trip = await world.book()
    await world.play(world.clock.now() + HOUR)
    status = Status.FAILED if when == "sync" else Status.UNDELIVERED
    note = await confirmation(world, trip)
    assert ended(note) == (status, Reason.PROVIDER_REFUSED)
    assert (await tries(world, note))[-1].error_code == 63016
    assert world.sandbox.twilio.requests == 1


async def test_an_account_out_of_order_keeps_messages_waiting_while_they_are_useful(world: World) -> None:
    """Bad credentials or an account out of credit are no fault of the message: it goes out once the account works."""
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=20003, when="sync")
    trip = await world.book()
    await world.play(world.clock.now() + HOUR)
    assert (await confirmation(world, trip)).status is Status.PENDING
    assert world.sandbox.twilio.requests < 30, "nor is the account hammered"
    world.sandbox.twilio.faults.recipients.clear()
    await world.play(world.clock.now() + HOUR)
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


# ---- nobody knows


async def test_a_lost_reply_is_found_again_and_not_repeated(world: World) -> None:
    world.sandbox.twilio.faults.lost_reply = 1.0
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    note = await confirmation(world, trip)
    await deliver(world, note)
    assert ended(await confirmation(world, trip)) == (Status.UNKNOWN, None)
    assert (await tries(world, note))[-1].outcome is AttemptOutcome.UNKNOWN
    world.sandbox.twilio.faults.lost_reply = 0.0
    await world.play(world.clock.now() + 179 * SECOND)
    assert (await confirmation(world, trip)).status is Status.UNKNOWN
    await world.play(world.clock.now() + 10 * SECOND)
    assert ended(await confirmation(world, trip)) == (Status.SENT, None)
    (attempt,) = await tries(world, note)
    assert (attempt.outcome, attempt.twilio_sid) == (AttemptOutcome.ACCEPTED, world.messages[0]["sid"])
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_the_callback_settles_a_lost_reply_before_anybody_looks(world: World) -> None:
    world.sandbox.twilio.faults.lost_reply = 1.0
    trip = await world.book()
    await deliver(world, await confirmation(world, trip))
    before = world.sandbox.twilio.requests
    await world.play(world.clock.now() + 60 * SECOND)
    assert (await confirmation(world, trip)).status in (Status.SENT, Status.DELIVERED, Status.READ)
    await world.play(world.clock.now() + HOUR)
    assert world.sandbox.twilio.requests == before
    assert len(world.messages) == 1


@pytest.mark.parametrize("fault", ["error_after", "lost_reply"])
async def test_an_error_after_taking_ends_with_one_message(world: World, fault: str) -> None:
    setattr(world.sandbox.twilio.faults, fault, 1.0)
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    await deliver(world, await confirmation(world, trip))
    assert (await confirmation(world, trip)).status is Status.UNKNOWN
    await world.play(world.clock.now() + HOUR)
    assert (await confirmation(world, trip)).status in TAKEN
    assert len(world.messages) == 1


async def test_an_error_before_taking_is_sent_again_once_after_settling(world: World) -> None:
    world.sandbox.twilio.faults.error_before = 1.0
    trip = await world.book()
    began = world.clock.now()
    await deliver(world, await confirmation(world, trip))
    assert (await confirmation(world, trip)).status is Status.UNKNOWN
    world.sandbox.twilio.faults.error_before = 0.0
    await world.play(began + HOUR)
    (line,) = world.messages
    assert datetime.fromisoformat(line["at"]) >= began + 180 * SECOND
    outcomes = [each.outcome for each in await tries(world, await confirmation(world, trip))]
    assert outcomes == [AttemptOutcome.UNKNOWN, AttemptOutcome.ACCEPTED]


async def test_a_message_that_twilio_takes_late_is_found(world: World) -> None:
    world.sandbox.twilio.faults.late_accept = 1.0
    world.sandbox.twilio.faults.late_accept_s = 100
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    await world.play(world.clock.now() + HOUR)
    assert (await confirmation(world, trip)).status in TAKEN
    assert len(world.messages) == 1


async def test_errors_for_ever_end_with_a_reason(world: World) -> None:
    world.sandbox.twilio.faults.error_before = 1.0
    trip = await world.book()
    await world.play(world.clock.now() + HOUR)
    assert ended(await confirmation(world, trip)) == (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    assert len(await tries(world, await confirmation(world, trip))) == 3


async def test_nothing_is_sent_again_while_twilio_cannot_be_asked(world: World) -> None:
    world.sandbox.twilio.faults.lost_reply = 1.0
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    world.sandbox.twilio.faults.error_reads = 1.0
    trip = await world.book()
    note = await confirmation(world, trip)
    await deliver(world, note)
    world.clock.move_to(world.clock.now() + 200 * SECOND)
    for _ in range(3):
        await delivery.settle_unknown(world.context.carrier, note.agency_id, note.id)
    assert (await confirmation(world, trip)).status is Status.UNKNOWN
    world.sandbox.twilio.faults.error_reads = 0.0
    await world.play(world.clock.now() + MINUTE)
    assert (await confirmation(world, trip)).status in TAKEN
    assert len(world.messages) == 1


async def test_what_is_held_for_a_human_waits_for_one(world: World) -> None:
    await settings(world, on_unknown_delivery="HOLD_FOR_HUMAN")
    world.sandbox.twilio.faults.error_before = 1.0
    trip = await world.book()
    await deliver(world, await confirmation(world, trip))
    world.sandbox.twilio.faults.error_before = 0.0
    await world.play(world.clock.now() + 5 * HOUR)
    note = await confirmation(world, trip)
    assert ended(note) == (Status.UNKNOWN, Reason.HELD_FOR_HUMAN)
    assert world.messages == []
    reopened = await delivery.resend(world.db, world.house.wakeups, world.clock, note.agency_id, note.id)
    assert ended(reopened) == (Status.PENDING, None)
    await world.settle()
    assert len(world.messages) == 1
    assert (await confirmation(world, trip)).status is not Status.UNKNOWN


async def test_the_same_words_of_another_agency_are_not_taken_for_ours(world: World) -> None:
    """One traveller, one flight, two agencies: the texts are the same, and both are sent from one account."""
    departure = world.clock.now() + timedelta(days=2)
    other, _ = await world.another_agency()
    ours = await world.book(departure=departure)
    world.sandbox.twilio.faults.error_before = 1.0
    await deliver(world, await confirmation(world, ours))
    world.sandbox.twilio.faults.error_before = 0.0
    theirs = await world.book(departure=departure, agency_id=other.id)
    await deliver(world, await confirmation(world, theirs))
    await world.play(world.clock.now() + HOUR)
    assert sorted(line["agency"] for line in world.messages) == ["Norte Viajes", "Sur Viajes"]
    for trip in (ours, theirs):
        assert (await confirmation(world, trip)).status in (Status.SENT, Status.DELIVERED, Status.READ)


@pytest.mark.parametrize("taken", [True, False])
async def test_a_worker_that_dies_leaves_one_message(world: World, taken: bool) -> None:
    """It dies after the claim or after Twilio took it; the lease lapses, and Twilio is asked before anything is sent."""

    def die(at: str) -> None:
        if at == ("answered" if taken else "claimed"):
            raise ZeroDivisionError

    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    note = await confirmation(world, trip)
    with pytest.raises(ExceptionGroup):
        await deliver(world, note, replace(world.context.carrier, crash_at=die))
    assert (await confirmation(world, trip)).status is Status.SENDING
    assert len(world.messages) == int(taken)
    await lapse(world, note)
    await world.settle()
    assert (await confirmation(world, trip)).status is Status.UNKNOWN
    await world.play(world.clock.now() + HOUR)
    assert (await confirmation(world, trip)).status in TAKEN
    assert len(world.messages) == 1


async def test_a_lease_that_has_not_lapsed_is_left_alone(world: World) -> None:
    def die(at: str) -> None:
        if at == "claimed":
            raise ZeroDivisionError

    trip = await world.book()
    note = await confirmation(world, trip)
    with pytest.raises(ExceptionGroup):
        await deliver(world, note, replace(world.context.carrier, crash_at=die))
    await delivery.recover(world.context.carrier, note.agency_id, note.id)
    assert (await confirmation(world, trip)).status is Status.SENDING


async def test_an_answer_that_comes_after_the_lease_lapsed_settles_nothing_twice(world: World) -> None:
    answered, release = asyncio.Event(), asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        answered.set()
        await release.wait()
        return httpx.Response(201, json={"sid": "SM" + "1" * 32})

    trip = await world.book()
    note = await confirmation(world, trip)
    async with carrier_over(world, slow) as carrier:
        late = asyncio.create_task(deliver(world, note, carrier))
        await answered.wait()
        await lapse(world, note)
        await delivery.recover(world.context.carrier, note.agency_id, note.id)
        assert (await confirmation(world, trip)).status is Status.UNKNOWN
        release.set()
        await late
    assert (await confirmation(world, trip)).status is Status.SENT
    (attempt,) = await tries(world, note)
    assert attempt.outcome is AttemptOutcome.ACCEPTED
    await world.play(world.clock.now() + HOUR)
    assert world.messages == []


async def test_one_message_that_cannot_be_written_holds_up_no_other(world: World, owner: Database) -> None:
    departure = world.clock.now() + timedelta(days=2)
    await world.book(departure=departure, phone=BOB)
    for number in range(10):
        await world.book(departure=departure, phone=f"+54911555503{number:02}")
    async with owner.transaction() as tx:
        await tx.run(
            f"""
            CREATE TRIGGER broken BEFORE UPDATE ON notifications_log FOR EACH ROW WHEN (new.recipient = '{BOB}')
            EXECUTE FUNCTION refuse_change()
            """
        )
    try:
        await asyncio.gather(sweep_notifications(world.context), return_exceptions=True)
        async with owner.transaction(world.agency.id) as tx:
            states = await tx.all(
                "SELECT recipient, status FROM notifications_log WHERE due_at <= :now", now=world.clock.now()
            )
    finally:
        async with owner.transaction() as tx:
            await tx.run("DROP TRIGGER broken ON notifications_log")
    assert {row["status"] for row in states if row["recipient"] != BOB} == {"SENT"}
    assert len(world.messages) == 10


# ---- caps


async def test_the_hours_cap_holds_and_frees_as_messages_grow_old(world: World) -> None:
    await settings(world, max_notifications_per_hour=2)
    departure = world.clock.now() + timedelta(days=2)
    trips = [await world.book(departure=departure, phone=f"+54911555503{number:02}") for number in range(5)]
    began = world.clock.now()
    await world.settle()
    assert len(world.messages) == 2
    held = [note for trip in trips if (note := await confirmation(world, trip)).status is Status.PENDING]
    assert {(note.reason, note.due_at) for note in held} == {(Reason.HOURLY_LIMIT, began + HOUR)}
    await world.play(began + HOUR)
    assert len(world.messages) == 4
    await world.play(began + 2 * HOUR)
    assert len(world.messages) == 5


async def test_a_cap_holds_against_ten_deliverers(world: World) -> None:
    await settings(world, max_notifications_per_hour=3)
    departure = world.clock.now() + timedelta(days=2)
    trips = [await world.book(departure=departure, phone=f"+54911555503{number:02}") for number in range(10)]
    notes = [await confirmation(world, trip) for trip in trips]
    await asyncio.gather(*(deliver(world, note) for note in notes))
    assert len(world.messages) == 3


async def test_raising_the_cap_frees_at_once(world: World) -> None:
    await settings(world, max_notifications_per_hour=1)
    departure = world.clock.now() + timedelta(days=2)
    for phone in (ANA, BOB, EVA):
        await world.book(departure=departure, phone=phone)
    await world.settle()
    assert len(world.messages) == 1
    await settings(world, max_notifications_per_hour=2)
    await world.settle()
    assert len(world.messages) == 2
    await settings(world, max_notifications_per_hour=50)
    await world.settle()
    assert len(world.messages) == 3


async def test_the_days_cap_holds(world: World) -> None:
    await settings(world, max_notifications_per_hour=1, max_notifications_per_day=1)
    departure = world.clock.now() + timedelta(days=5)
    await world.book(departure=departure)
    began = world.clock.now()
    # Two that are due at once may go in either order; here the first has gone.
    await world.settle()
    held = await world.book(departure=departure, phone=BOB)
    await world.settle()
    note = await confirmation(world, held)
    assert (note.reason, note.due_at) == (Reason.DAILY_LIMIT, began + 24 * HOUR)


async def test_a_refused_try_uses_up_no_cap(world: World) -> None:
    await settings(world, max_notifications_per_hour=1)
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=21211, when="sync")
    departure = world.clock.now() + timedelta(days=2)
    await world.book(departure=departure)
    await world.settle()
    await world.book(departure=departure, phone=BOB)
    await world.settle()
    assert world.heard(BOB) == ["RESERVATION_CONFIRMATION"]


# ---- travellers write back


async def test_a_word_to_stop_silences_every_agency_and_a_word_to_start_ends_it(world: World) -> None:
    other, _ = await world.another_agency()
    await world.book("AR1303")
    await world.book("AR1303", agency_id=other.id)
    await world.settle()
    before = len(world.messages)
    await world.sandbox.twilio.inbound(f"whatsapp:{ANA}", " Baja. ")
    await world.settle()
    silenced = [await world.book("AR1305"), await world.book("AR1305", agency_id=other.id)]
    await world.settle()
    assert len(world.messages) == before
    for trip in silenced:
        assert ended(await confirmation(world, trip)) == (Status.SUPPRESSED, Reason.OPTED_OUT)
    await world.sandbox.twilio.inbound(f"whatsapp:{ANA}", "ALTA")
    await world.settle()
    await world.book("AR1307")
    await world.settle()
    assert [line["ident"] for line in world.messages[before:]] == ["ARG1307"]


async def test_inside_the_window_goes_free_text_and_outside_the_template(world: World) -> None:
    await world.book("AR1303")
    await world.settle()
    await world.sandbox.twilio.inbound(f"whatsapp:{ANA}", "¿Llegó mi reserva?")
    await world.settle()
    await world.book("AR1305")
    await world.settle()
    world.clock.move_to(world.clock.now() + 24 * HOUR)
    await world.book("AR1307")
    await world.settle()
    requests = [next(line["request"] for line in world.messages if line["ident"] == f"ARG130{n}") for n in (3, 5, 7)]
    assert ["ContentSid" in request for request in requests] == [True, False, True]
    assert ["Body" in request for request in requests] == [False, True, False]


async def test_a_word_by_sms_opens_no_window_on_whatsapp(world: World) -> None:
    await world.book("AR1303")
    await world.settle()
    await world.sandbox.twilio.inbound(ANA, "Hola")
    await world.settle()
    await world.book("AR1305")
    await world.settle()
    assert "ContentSid" in world.messages[-1]["request"]


# ---- the other channel


@pytest.mark.parametrize("when", ["sync", "async"])
async def test_who_is_not_on_whatsapp_gets_an_sms_if_the_agency_wants_it(world: World, when: Any) -> None:
    await settings(world, features={"SMS_FALLBACK": True})
    world.sandbox.twilio.faults.recipients[f"whatsapp:{ANA}"] = RecipientFault(code=63003, when=when)
    trip = await world.book()
    await world.play(world.clock.now() + HOUR)
    note = await confirmation(world, trip)
    assert [each.channel for each in await tries(world, note)] == [Channel.WHATSAPP, Channel.SMS]
    assert note.status is Status.DELIVERED
    assert world.messages[-1]["request"]["To"] == ANA
    assert "Body" in world.messages[-1]["request"]


@pytest.mark.parametrize("when", ["sync", "async"])
async def test_without_the_flag_there_is_no_sms(world: World, when: Any) -> None:
    world.sandbox.twilio.faults.recipients[f"whatsapp:{ANA}"] = RecipientFault(code=63003, when=when)
    trip = await world.book()
    await world.play(world.clock.now() + HOUR)
    note = await confirmation(world, trip)
    status = Status.FAILED if when == "sync" else Status.UNDELIVERED
    assert ended(note) == (status, Reason.PROVIDER_REFUSED)
    assert [each.channel for each in await tries(world, note)] == [Channel.WHATSAPP]


# ---- quiet hours and useful life


async def test_a_booking_at_night_is_confirmed_in_the_morning_of_the_origin(world: World) -> None:
    world.clock.move_to(datetime.fromisoformat("2026-03-11T03:00:00Z"))  # midnight in Buenos Aires
    trip = await world.book()
    await world.settle()
    assert world.messages == []
    assert ended(await confirmation(world, trip)) == (Status.PENDING, Reason.QUIET_HOURS)
    await world.play(world.clock.now() + 12 * HOUR)
    assert [line["at"] for line in world.messages] == ["2026-03-11T12:00:00Z"]


async def test_a_landing_at_night_is_welcomed_in_the_morning_of_the_destination(world: World) -> None:
    departure = datetime.fromisoformat("2026-03-11T23:00:00Z")
    landed = datetime.fromisoformat("2026-03-12T07:30:00Z")  # 03:30 in Miami, 04:30 in Buenos Aires
    world.fly(
        "ARG1303",
        departure,
        (timedelta(), {"actual_out": departure}),
        (10 * MINUTE, {"actual_off": departure + 10 * MINUTE}),
        (landed - departure, {"actual_on": landed}),
        hours=9,
    )
    await world.book(departure=departure)
    await world.play(landed + 12 * HOUR)
    (welcome,) = [line for line in world.messages if line["type"] == "LANDING_WELCOME"]
    assert welcome["at"] == "2026-03-12T13:00:00Z"


async def test_what_came_too_late_is_not_said(world: World) -> None:
    departure = world.clock.now() + 2 * HOUR
    trip = await world.book(departure=departure)
    world.clock.move_to(departure)
    await deliver(world, await confirmation(world, trip))
    assert ended(await confirmation(world, trip)) == (Status.EXPIRED, Reason.NO_LONGER_USEFUL)
    assert world.messages == []


async def test_a_suspended_agency_sends_nothing(world: World) -> None:
    trip = await world.book()
    async with world.db.transaction(world.agency.id) as tx:
        await agencies.set_status(tx, world.agency.id, AgencyStatus.SUSPENDED)
    await world.settle()
    assert ended(await confirmation(world, trip)) == (Status.SUPPRESSED, Reason.AGENCY_SUSPENDED)
    test = delivery.send_test(world.db, world.house.wakeups, world.clock, world.agency.id, ANA, Channel.WHATSAPP)
    assert await refusal(test) is UserErrorCode.FORBIDDEN


# ---- receipts


async def report(world: World, token: str, sid: str, status: str, code: str = "") -> None:
    """A callback of Twilio, as it lies in the inbox after its signature was checked."""
    body = {"token": token, "MessageSid": sid, "MessageStatus": status, "ErrorCode": code, "ErrorMessage": ""}
    async with world.db.transaction() as tx:
        inbox_id = await inbox.store(tx, inbox.TWILIO_STATUS, str(uuid4()), body, world.clock.now())
    assert inbox_id is not None
    await delivery.process_webhooks(world.context.carrier, only=inbox_id)


ORDERS = {
    ("sent", "delivered", "read"): Status.READ,
    ("delivered", "sent"): Status.DELIVERED,
    ("read", "delivered", "sent"): Status.READ,
    ("delivered", "delivered", "sent", "queued"): Status.DELIVERED,
    ("sent", "undelivered"): Status.UNDELIVERED,
    ("undelivered", "sent"): Status.UNDELIVERED,
    ("sent", "never heard of", "delivered"): Status.DELIVERED,
    ("failed",): Status.UNDELIVERED,
}


@pytest.mark.parametrize(
    ("words", "end"), ORDERS.items(), ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
async def test_callbacks_in_any_order_end_in_the_highest_state(
    world: World, words: tuple[str, ...], end: Status
) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    note = await confirmation(world, trip)
    await deliver(world, note)
    (attempt,) = await tries(world, note)
    for word in words:
        await report(world, attempt.token, attempt.twilio_sid or "", word)
    after = await confirmation(world, trip)
    assert after.status is end
    assert (after.delivered_at is not None) == (end in (Status.DELIVERED, Status.READ))
    assert (after.read_at is not None) == (end is Status.READ)


async def test_callbacks_all_at_once_end_in_the_highest_state(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    note = await confirmation(world, trip)
    await deliver(world, note)
    (attempt,) = await tries(world, note)
    words = ("sent", "delivered", "read", "queued", "sending") * 3
    await asyncio.gather(*(report(world, attempt.token, attempt.twilio_sid or "", word) for word in words))
    assert (await confirmation(world, trip)).status is Status.READ


async def test_reordered_and_doubled_callbacks_of_many_messages_end_well(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_reordered = 1.0
    world.sandbox.twilio.faults.callbacks_duplicated = 1.0
    departure = world.clock.now() + timedelta(days=2)
    trips = [await world.book(departure=departure, phone=f"+54911555503{number:02}") for number in range(10)]
    await world.play(world.clock.now() + 8 * HOUR)
    ends = {(await confirmation(world, trip)).status for trip in trips}
    assert ends <= {Status.DELIVERED, Status.READ}
    assert len(world.messages) == 10


async def test_a_callback_with_an_unknown_token_changes_nothing(world: World) -> None:
    trip = await world.book()
    await report(world, "guessed", "SM" + "1" * 32, "delivered")
    assert (await confirmation(world, trip)).status is Status.PENDING


async def test_a_callback_that_overtakes_the_answer_wins(world: World) -> None:
    trip = await world.book()
    note = await confirmation(world, trip)
    sid = "SM" + "1" * 32

    async def quick(request: httpx.Request) -> httpx.Response:
        (attempt,) = await tries(world, note)
        await report(world, attempt.token, sid, "delivered")
        return httpx.Response(201, json={"sid": sid})

    async with carrier_over(world, quick) as carrier:
        await asyncio.create_task(deliver(world, note, carrier))
    assert (await confirmation(world, trip)).status is Status.DELIVERED


async def test_one_webhook_that_cannot_be_read_holds_up_no_other(world: World) -> None:
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    note = await confirmation(world, trip)
    await deliver(world, note)
    (attempt,) = await tries(world, note)
    good = {"token": attempt.token, "MessageSid": attempt.twilio_sid, "MessageStatus": "delivered"}
    async with world.db.transaction() as tx:
        await inbox.store(tx, inbox.TWILIO_STATUS, "1", {"nonsense": True}, world.clock.now())
        await inbox.store(tx, inbox.TWILIO_STATUS, "2", good, world.clock.now())
    await asyncio.gather(jobs.sweep_webhooks(world.context), return_exceptions=True)
    assert (await confirmation(world, trip)).status is Status.DELIVERED


# ---- what a person may do


async def test_a_failed_message_can_be_sent_again(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=21211, when="sync", times=1)
    trip = await world.book()
    await world.settle()
    note = await confirmation(world, trip)
    await delivery.resend(world.db, world.house.wakeups, world.clock, note.agency_id, note.id)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    assert [each.number for each in await tries(world, note)] == [1, 2]


async def test_what_was_accepted_is_not_sent_again(world: World) -> None:
    note = await confirmation(world, await world.book())
    send_again = delivery.resend
    assert (
        await refusal(send_again(world.db, world.house.wakeups, world.clock, note.agency_id, note.id))
        is UserErrorCode.CONFLICT
    )
    await world.settle()
    assert (
        await refusal(send_again(world.db, world.house.wakeups, world.clock, note.agency_id, note.id))
        is UserErrorCode.CONFLICT
    )
    unknown = send_again(world.db, world.house.wakeups, world.clock, note.agency_id, uuid4())
    assert await refusal(unknown) is UserErrorCode.NOT_FOUND
    other, _ = await world.another_agency()
    foreign = send_again(world.db, world.house.wakeups, world.clock, other.id, note.id)
    assert await refusal(foreign) is UserErrorCode.NOT_FOUND
    assert len(world.messages) == 1


async def test_what_is_no_longer_useful_is_not_sent_again(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=21211, when="sync")
    departure = world.clock.now() + 2 * HOUR
    note = await confirmation(world, await world.book(departure=departure))
    await world.settle()
    world.clock.move_to(departure)
    late = delivery.resend(world.db, world.house.wakeups, world.clock, note.agency_id, note.id)
    assert await refusal(late) is UserErrorCode.TOO_LATE


async def test_old_news_is_not_sent_again_over_newer_news(world: World) -> None:
    """A delay of 60 minutes failed, one of 90 was told: sending the first again would make the traveller come too early."""
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    await world.settle()
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=21211, when="sync", times=1)
    for minutes in (60, 90):
        await tracking.record_by_hand(
            world.db,
            world.house.wakeups,
            world.clock,
            trip.agency_id,
            trip.id,
            {"estimated_out": departure + minutes * MINUTE},
        )
        await world.settle()
    failed = next(each for each in await world.decided(trip) if each.type is Type.DELAYED)
    assert failed.status is Status.FAILED
    await asyncio.gather(
        delivery.resend(world.db, world.house.wakeups, world.clock, trip.agency_id, failed.id), return_exceptions=True
    )
    await world.settle()
    last = [line["value"] for line in world.messages if line["type"] == "DELAYED"][-1]
    assert last == f"{departure + 90 * MINUTE:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("type_", [Type.BOARDING, Type.REMINDER_24H])
async def test_what_a_person_withdrew_stays_withdrawn(world: World, type_: Type) -> None:
    departure = world.clock.now() + timedelta(days=2)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    (waiting,) = [each for each in await world.decided(trip) if each.type is type_]
    withdrawn = await delivery.cancel(world.db, world.clock, trip.agency_id, waiting.id)
    assert ended(withdrawn) == (Status.WITHDRAWN, Reason.WITHDRAWN_BY_AGENT)
    await world.play(departure)
    assert type_ not in world.heard()


async def test_what_is_on_its_way_cannot_be_withdrawn(world: World) -> None:
    trip = await world.book()
    note = await confirmation(world, trip)
    await world.settle()
    assert await refusal(delivery.cancel(world.db, world.clock, trip.agency_id, note.id)) is UserErrorCode.TOO_LATE
    other, _ = await world.another_agency()
    foreign = delivery.cancel(world.db, world.clock, other.id, note.id)
    assert await refusal(foreign) is UserErrorCode.NOT_FOUND


async def send_test(world: World, phone: str, channel: Channel, agency_id: UUID | None = None) -> Notification:
    return await delivery.send_test(
        world.db, world.house.wakeups, world.clock, agency_id or world.agency.id, phone, channel
    )


@pytest.mark.parametrize("channel", Channel)
async def test_a_test_message_takes_the_way_of_all_others(world: World, channel: Channel) -> None:
    note = await send_test(world, "+54 9 11 5555-0202", channel)
    await world.settle()
    assert world.heard(BOB) == ["TEST"]
    assert "Norte Viajes" in world.messages[0]["body"]
    assert world.messages[0]["request"]["To"].startswith("whatsapp:") == (channel is Channel.WHATSAPP)
    async with world.db.transaction(world.agency.id) as tx:
        after = await notifications.get(tx, world.agency.id, note.id)
    assert after is not None
    assert after.status is Status.SENT


async def test_a_test_message_can_be_sent_twice_and_is_refused_where_nobody_wants_it(world: World) -> None:
    for _ in range(2):
        await send_test(world, BOB, Channel.WHATSAPP)
    await world.settle()
    assert world.heard(BOB) == ["TEST", "TEST"]
    await booking.set_opt_out(world.db, world.clock, world.agency.id, BOB, opted_out=True)
    assert await refusal(send_test(world, BOB, Channel.WHATSAPP)) is UserErrorCode.FORBIDDEN
    assert await refusal(send_test(world, "12", Channel.WHATSAPP)) is UserErrorCode.INVALID


async def test_the_agencys_own_wording_is_what_is_sent(world: World) -> None:
    await tenancy.set_template(
        world.db,
        world.clock,
        world.agency.id,
        Type.RESERVATION_CONFIRMATION,
        Language.ES,
        None,
        "¡Listo {{1}}! {{2}} va.",
    )
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    await world.sandbox.twilio.inbound(f"whatsapp:{ANA}", "Hola")
    trip = await world.book(name="Ana")
    await deliver(world, await confirmation(world, trip))
    assert (await confirmation(world, trip)).body == "¡Listo Ana! AR1303 va."
