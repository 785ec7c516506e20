"""What a person may do with a message, and all that is refused: nobody is written to twice, against their word, or by strangers."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from sandbox.twilio.faults import RecipientFault
from tests.actions.test_delivery import (
    BOB,
    confirmation,
    deliver,
    ended,
    lapse,
    refusal,
    report,
    send_test,
    settings,
    tries,
)
from tests.world import ANA, World
from travel import booking, delivery, tenancy
from travel.model import (
    AgencyStatus,
    Channel,
    EventKind,
    Notification,
    NotificationReason,
    NotificationStatus,
    Role,
    Trip,
    UserErrorCode,
)
from travel.records import agencies, feed, notifications

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Status, Reason, Code = NotificationStatus, NotificationReason, UserErrorCode
HELD = (Status.UNKNOWN, Reason.HELD_FOR_HUMAN)

WAITS_FOR = {Status.SENDING: "clock_timestamp() + interval '1 hour'"}
STATES: list[tuple[Status, Reason | None]] = [
    (Status.PENDING, None),
    (Status.PENDING, Reason.RETRYING),
    (Status.PENDING, Reason.SENDER_PAUSED),
    (Status.SENDING, None),
    (Status.UNKNOWN, None),
    (Status.UNKNOWN, Reason.HELD_FOR_HUMAN),
    (Status.SENT, None),
    (Status.SENT, Reason.NO_RECEIPT),
    (Status.DELIVERED, None),
    (Status.READ, None),
    (Status.UNDELIVERED, Reason.PROVIDER_REFUSED),
    (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED),
    (Status.SUPPRESSED, Reason.OPTED_OUT),
    (Status.SUPERSEDED, Reason.NEWER_FACTS),
    (Status.EXPIRED, Reason.NO_LONGER_USEFUL),
    (Status.WITHDRAWN, Reason.WITHDRAWN_BY_AGENT),
]
MAY_BE_SENT_AGAIN = {Status.FAILED}
MAY_BE_WITHDRAWN = {Status.PENDING}


async def standing(world: World, note: Notification, status: Status, reason: Reason | None) -> None:
    """As if it had come to this."""
    async with world.db.transaction(note.agency_id) as tx:
        await tx.run(
            f"""
            UPDATE notifications_log SET status = :status, reason = :reason, settle_at = NULL, receipt_due_at = NULL,
              lease_until = {WAITS_FOR.get(status, "NULL")} WHERE id = :id
            """,
            id=note.id,
            status=status,
            reason=reason,
        )


async def failed(world: World, trip: Trip) -> Notification:
    note = await confirmation(world, trip)
    await standing(world, note, Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    return await confirmation(world, trip)


async def resend(world: World, note: Notification, agency_id: UUID | None = None) -> Notification:
    return await delivery.resend(world.db, world.house.wakeups, world.clock, agency_id or note.agency_id, note.id)


async def cancel(world: World, note: Notification, agency_id: UUID | None = None) -> Notification:
    return await delivery.cancel(world.db, world.clock, agency_id or note.agency_id, note.id)


async def suspend(world: World) -> None:
    async with world.db.transaction(world.agency.id) as tx:
        await agencies.set_status(tx, world.agency.id, AgencyStatus.SUSPENDED)


async def silence(world: World, phone: str, *, opted_out: bool = True) -> str:
    return await booking.set_opt_out(world.db, world.clock, world.agency.id, phone, opted_out=opted_out)


async def untouched(world: World, before: Notification) -> bool:
    """Whether the row is as it was, nothing waits in the queue for it, and nothing more was said in the feed."""
    async with world.db.transaction(before.agency_id) as tx:
        return await notifications.get(tx, before.agency_id, before.id) == before


async def sequence(world: World) -> int:
    async with world.db.transaction(world.agency.id) as tx:
        return (await feed.head(tx, world.agency.id)).sequence


async def held_for_a_person(world: World) -> tuple[Trip, Notification]:
    await settings(world, on_unknown_delivery="HOLD_FOR_HUMAN")
    world.sandbox.twilio.faults.error_before = 1.0
    trip = await world.book()
    await deliver(world, await confirmation(world, trip))
    world.sandbox.twilio.faults.error_before = 0.0
    await world.play(world.clock.now() + 10 * MINUTE)
    note = await confirmation(world, trip)
    assert ended(note) == HELD
    return trip, note


# ---- in which states


@pytest.mark.parametrize(("status", "reason"), STATES, ids=str)
async def test_only_what_failed_or_is_held_for_a_person_can_be_sent_again(
    world: World, status: Status, reason: Reason | None
) -> None:
    note = await confirmation(world, await world.book())
    await standing(world, note, status, reason)
    before, said = replace(note, status=status, reason=reason), await sequence(world)
    if status in MAY_BE_SENT_AGAIN or (status, reason) == HELD:
        assert ended(await resend(world, note)) == (Status.PENDING, None)
        assert await sequence(world) == said + 1
    else:
        assert await refusal(resend(world, note)) is Code.CONFLICT
        assert await untouched(world, before)
        assert await sequence(world) == said


@pytest.mark.parametrize(("status", "reason"), STATES, ids=str)
async def test_only_what_waits_or_is_held_for_a_person_can_be_withdrawn(
    world: World, status: Status, reason: Reason | None
) -> None:
    note = await confirmation(world, await world.book())
    await standing(world, note, status, reason)
    before, said = replace(note, status=status, reason=reason), await sequence(world)
    if status in MAY_BE_WITHDRAWN or (status, reason) == HELD:
        assert ended(await cancel(world, note)) == (Status.WITHDRAWN, Reason.WITHDRAWN_BY_AGENT)
        assert await sequence(world) == said + 1
    else:
        assert await refusal(cancel(world, note)) is Code.TOO_LATE
        assert await untouched(world, before)
        assert await sequence(world) == said


# ---- sending again


async def test_nothing_is_sent_again_to_who_opted_out(world: World) -> None:
    note = await failed(world, await world.book())
    await silence(world, ANA)
    assert await refusal(resend(world, note)) is Code.FORBIDDEN
    assert await untouched(world, note)
    await silence(world, ANA, opted_out=False)
    assert ended(await resend(world, note)) == (Status.PENDING, None)


async def test_who_opts_out_between_the_word_and_the_sending_gets_nothing(world: World) -> None:
    trip = await world.book()
    await resend(world, await failed(world, trip))
    await silence(world, ANA)
    await world.settle()
    assert ended(await confirmation(world, trip)) == (Status.SUPPRESSED, Reason.OPTED_OUT)
    assert world.messages == []


async def test_a_suspended_agency_sends_nothing_again(world: World) -> None:
    note = await failed(world, await world.book())
    await suspend(world)
    assert await refusal(resend(world, note)) is Code.FORBIDDEN
    assert await untouched(world, note)


async def test_a_suspended_agency_may_still_withdraw(world: World) -> None:
    note = await confirmation(world, await world.book())
    await suspend(world)
    assert ended(await cancel(world, note)) == (Status.WITHDRAWN, Reason.WITHDRAWN_BY_AGENT)


async def test_nothing_is_sent_again_for_an_archived_trip(world: World) -> None:
    trip = await world.book()
    note = await failed(world, trip)
    await booking.archive_trip(world.db, world.clock, trip.agency_id, trip.id)
    before = await confirmation(world, trip)
    assert await refusal(resend(world, note)) is Code.TOO_LATE
    assert await untouched(world, before)


async def test_nobody_can_touch_the_messages_of_another_agency(world: World) -> None:
    other, _ = await world.another_agency()
    note = await failed(world, await world.book())
    for deed in (resend, cancel):
        assert await refusal(deed(world, note, other.id)) is Code.NOT_FOUND
    assert await untouched(world, note)
    waiting = await confirmation(world, await world.book("AR1305", phone=BOB))
    assert await refusal(cancel(world, waiting, other.id)) is Code.NOT_FOUND
    assert await untouched(world, waiting)


async def test_what_nobody_ever_wrote_cannot_be_found(world: World) -> None:
    nothing = replace(await confirmation(world, await world.book()), id=uuid4())
    for deed in (resend, cancel):
        assert await refusal(deed(world, nothing)) is Code.NOT_FOUND


async def test_asked_twice_at_once_it_is_sent_again_once(world: World) -> None:
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=21211, when="sync", times=1)
    trip = await world.book()
    await world.settle()
    note = await confirmation(world, trip)
    answers = await asyncio.gather(*(resend(world, note) for _ in range(5)), return_exceptions=True)
    assert len([each for each in answers if isinstance(each, Notification)]) == 1
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_what_was_given_up_gets_all_its_tries_anew_by_a_persons_word(world: World) -> None:
    """Where they fail too it ends again, with the same reason."""
    world.sandbox.twilio.faults.rate_limited = 1.0
    trip = await world.book()
    await world.play(world.clock.now() + HOUR)
    note = await confirmation(world, trip)
    assert ended(note) == (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    await resend(world, note)
    await world.play(world.clock.now() + HOUR)
    assert ended(await confirmation(world, trip)) == (Status.FAILED, Reason.ATTEMPTS_EXHAUSTED)
    assert len(await tries(world, note)) == 6
    world.sandbox.twilio.faults.rate_limited = 0.0
    await resend(world, note)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_what_is_sent_again_obeys_quiet_hours_and_caps_like_all_others(world: World) -> None:
    await settings(world, max_notifications_per_hour=1)
    trip = await world.book()
    await failed(world, trip)
    await world.book("AR1305", phone=BOB)
    await world.settle()
    assert world.heard(BOB) == ["RESERVATION_CONFIRMATION"]
    await resend(world, await confirmation(world, trip))
    await world.settle()
    assert ended(await confirmation(world, trip)) == (Status.PENDING, Reason.HOURLY_LIMIT)


# ---- what is held for a person


async def test_what_is_held_for_a_person_can_be_withdrawn_and_stays_so(world: World) -> None:
    trip, note = await held_for_a_person(world)
    assert ended(await cancel(world, note)) == (Status.WITHDRAWN, Reason.WITHDRAWN_BY_AGENT)
    await world.play(world.clock.now() + 5 * HOUR)
    assert ended(await confirmation(world, trip)) == (Status.WITHDRAWN, Reason.WITHDRAWN_BY_AGENT)
    assert world.messages == []
    assert await refusal(resend(world, note)) is Code.CONFLICT


async def test_what_is_unknown_and_still_being_looked_for_is_nobodys_to_decide(world: World) -> None:
    world.sandbox.twilio.faults.lost_reply = 1.0
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    trip = await world.book()
    await deliver(world, await confirmation(world, trip))
    note = await confirmation(world, trip)
    assert ended(note) == (Status.UNKNOWN, None)
    assert await refusal(resend(world, note)) is Code.CONFLICT
    assert await refusal(cancel(world, note)) is Code.TOO_LATE
    world.sandbox.twilio.faults.lost_reply = 0.0
    await world.play(world.clock.now() + HOUR)
    assert len(world.messages) == 1


async def test_what_a_dead_worker_left_behind_is_nobodys_to_decide(world: World) -> None:
    def die(at: str) -> None:
        if at == "claimed":
            raise ZeroDivisionError

    trip = await world.book()
    note = await confirmation(world, trip)
    with pytest.raises(ExceptionGroup):
        await deliver(world, note, replace(world.context.carrier, crash_at=die))
    for moment in ("held", "lapsed"):
        assert await refusal(resend(world, note)) is Code.CONFLICT, moment
        assert await refusal(cancel(world, note)) is Code.TOO_LATE, moment
        await lapse(world, note)
    await world.play(world.clock.now() + HOUR)
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_a_receipt_that_comes_after_it_was_withdrawn_says_how_it_was(world: World) -> None:
    """Held, withdrawn, and Twilio had taken it after all: what the agency reads is what the traveller got."""
    trip, note = await held_for_a_person(world)
    await cancel(world, note)
    (tried,) = await tries(world, note)
    await report(world, tried.token, "SM" + "1" * 32, "delivered")
    assert ended(await confirmation(world, trip)) == (Status.DELIVERED, None)


# ---- a test message


@pytest.mark.parametrize("phone", ["", "12", "+0", "call me", "+54911555501011112222"])
async def test_no_test_goes_to_what_is_no_phone(world: World, phone: str) -> None:
    said = await sequence(world)
    assert await refusal(send_test(world, phone, Channel.WHATSAPP)) is Code.INVALID
    assert await sequence(world) == said
    await world.settle()
    assert world.sandbox.twilio.requests == 0


async def test_no_test_goes_to_who_opted_out_nor_from_a_suspended_agency(world: World) -> None:
    await silence(world, BOB)
    assert await refusal(send_test(world, BOB, Channel.WHATSAPP)) is Code.FORBIDDEN
    assert await refusal(send_test(world, BOB, Channel.SMS)) is Code.FORBIDDEN, "who wants nothing wants no SMS either"
    await suspend(world)
    assert await refusal(send_test(world, ANA, Channel.WHATSAPP)) is Code.FORBIDDEN
    await world.settle()
    assert world.sandbox.twilio.requests == 0


async def test_a_test_that_came_too_late_to_be_useful_is_not_sent(world: World) -> None:
    note = await send_test(world, BOB, Channel.WHATSAPP)
    world.clock.move_to(world.clock.now() + HOUR)
    await world.settle()
    async with world.db.transaction(world.agency.id) as tx:
        after = await notifications.get(tx, world.agency.id, note.id)
    assert after is not None
    assert ended(after) == (Status.EXPIRED, Reason.NO_LONGER_USEFUL)
    assert await refusal(resend(world, note)) is Code.TOO_LATE


async def test_a_failed_test_can_be_sent_again_though_it_belongs_to_no_trip(world: World) -> None:
    world.sandbox.twilio.faults.recipients[BOB] = RecipientFault(code=21211, when="sync", times=1)
    note = await send_test(world, BOB, Channel.WHATSAPP)
    await world.settle()
    assert world.heard(BOB) == []
    assert ended(await resend(world, note)) == (Status.PENDING, None)
    await world.settle()
    assert world.heard(BOB) == ["TEST"]


# ---- opting out


@pytest.mark.parametrize("phone", ["", "12", "whatsapp"])
@pytest.mark.parametrize("opted_out", [True, False])
async def test_an_opt_out_of_what_is_no_phone_is_refused(world: World, phone: str, *, opted_out: bool) -> None:
    assert await refusal(silence(world, phone, opted_out=opted_out)) is Code.INVALID


async def test_an_opt_out_counts_however_the_number_is_written_and_twice_is_once(world: World) -> None:
    assert await silence(world, "+54 9 11 5555-0101") == ANA
    assert await silence(world, ANA) == ANA
    trip = await world.book()
    await world.settle()
    assert ended(await confirmation(world, trip)) == (Status.SUPPRESSED, Reason.OPTED_OUT)
    assert await silence(world, ANA, opted_out=False) == ANA
    assert await silence(world, ANA, opted_out=False) == ANA
    assert await refusal(resend(world, await confirmation(world, trip))) is Code.CONFLICT, "what was never sent"


async def test_a_suspended_agency_must_still_be_able_to_respect_an_opt_out(world: World) -> None:
    await suspend(world)
    assert await silence(world, ANA) == ANA


async def test_the_opt_out_of_one_agency_does_not_bind_another(world: World) -> None:
    other, _ = await world.another_agency()
    await silence(world, ANA)
    trip = await world.book(agency_id=other.id)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    assert (await confirmation(world, trip)).agency_id == other.id


# ---- who may


async def key_of(world: World, role: Role, agency_id: UUID | None = None) -> str:
    made = await tenancy.create_key(
        world.db, world.clock, agency_id or world.agency.id, name="k", role=role, expires_at=None
    )
    return made.secret


RESEND = """
    mutation($input: ResendNotificationInput!) {
      resendNotification(input: $input) { notification { status reason } userErrors { code path } }
    }
"""


async def ask_to_resend(world: World, note: Notification, key: str) -> tuple[str | None, list[str]]:
    global_id = base64.urlsafe_b64encode(f"Notification:{note.id}".encode()).decode().rstrip("=")
    payload = (await world.data(RESEND, key, input={"notificationId": global_id}))["resendNotification"]
    notification = payload["notification"]
    return notification and notification["status"], [error["code"] for error in payload["userErrors"]]


async def test_who_may_only_look_sends_nothing_again(world: World) -> None:
    note = await failed(world, await world.book())
    viewer, agent = await key_of(world, Role.VIEWER), await key_of(world, Role.AGENT)
    said = await sequence(world)
    assert await ask_to_resend(world, note, viewer) == (None, ["FORBIDDEN"])
    assert await untouched(world, note)
    assert await sequence(world) == said
    assert await ask_to_resend(world, note, agent) == ("PENDING", [])
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_an_administrator_of_another_agency_learns_nothing(world: World) -> None:
    _, foreign = await world.another_agency()
    note = await failed(world, await world.book())
    assert await ask_to_resend(world, note, foreign) == (None, ["NOT_FOUND"])
    assert await untouched(world, note)


async def test_the_feed_says_what_a_person_did(world: World) -> None:
    note = await failed(world, await world.book())
    said = await sequence(world)
    await resend(world, note)
    await cancel(world, note)
    async with world.db.transaction(world.agency.id) as tx:
        news = await feed.after(tx, world.agency.id, said, 10)
    assert [(each.kind, each.notification_id) for each in news] == [(EventKind.NOTIFICATION_UPDATED, note.id)] * 2
