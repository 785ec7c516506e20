"""Receipts that contradict what was concluded before them: what they prove must win, and nothing may be lost or said again."""

from datetime import timedelta
from uuid import uuid4

import pytest

from jobs import delivery as jobs
from tests.actions.test_delivery import MINUTE, SECOND, confirmation, deliver, tries
from tests.world import World, sweep_strays
from travel.model import NotificationStatus
from travel.records import inbox

HEARD = {NotificationStatus.SENT, NotificationStatus.DELIVERED, NotificationStatus.READ}


async def hear(world: World, token: str, sid: str, status: str, code: str = "") -> None:
    """Store a callback that nobody has worked on yet."""
    body = {"token": token, "MessageSid": sid, "MessageStatus": status, "ErrorCode": code, "ErrorMessage": ""}
    async with world.db.transaction() as tx:
        await inbox.store(tx, inbox.TWILIO_STATUS, str(uuid4()), body, world.clock.now())


@pytest.mark.parametrize(
    "together",
    [False, pytest.param(True)],
)
async def test_a_first_try_that_arrived_after_all_makes_a_third_one_needless(world: World, together: bool) -> None:
    """Twilio took the first try after the settling time; the second one fails, the first arrives."""
    faults = world.sandbox.twilio.faults
    faults.callbacks_lost, faults.late_accept, faults.late_accept_s = 1.0, 1.0, 300.0
    trip = await world.book()
    note = await confirmation(world, trip)
    await deliver(world, note)
    faults.late_accept = 0.0
    world.clock.move_to(world.clock.now() + 181 * SECOND)
    await sweep_strays(world.context)
    await deliver(world, note)
    world.clock.move_to(world.clock.now() + 125 * SECOND)
    await world.sandbox.twilio.pump()
    first, second = await tries(world, note)
    (late,) = [line["sid"] for line in world.messages if first.token in line["request"]["StatusCallback"]]

    await hear(world, second.token, second.twilio_sid or "", "undelivered", "30008")
    if not together:
        await jobs.sweep_webhooks(world.context)
    await hear(world, first.token, late, "delivered")
    await jobs.sweep_webhooks(world.context)
    await world.play(world.clock.now() + 30 * MINUTE)
    assert (await confirmation(world, trip)).status in HEARD
    assert len(world.messages) == 2


@pytest.mark.parametrize(
    "late_s",
    [0.0, pytest.param(120.0)],
)
async def test_a_message_that_a_look_up_took_for_ours_is_sent_once_it_proves_another_agencys(
    world: World, late_s: float
) -> None:
    """Two agencies say the same to one traveller. Twilio took only the second one, whose reply got lost; the first finds it."""
    faults = world.sandbox.twilio.faults
    faults.callbacks_delayed, faults.callbacks_delayed_s = float(late_s > 0), late_s
    other, _ = await world.another_agency()
    departure = world.clock.now() + timedelta(days=2)
    faults.error_before = 1.0
    ours = await world.book(departure=departure)
    await deliver(world, await confirmation(world, ours))
    faults.error_before, faults.lost_reply = 0.0, 1.0
    world.clock.move_to(world.clock.now() + 100 * SECOND)
    theirs = await world.book(departure=departure, agency_id=other.id)
    await deliver(world, await confirmation(world, theirs))
    faults.lost_reply = 0.0
    await world.play(world.clock.now() + 60 * MINUTE)
    assert {(await confirmation(world, trip)).status for trip in (ours, theirs)} <= HEARD
    assert len(world.messages) == 2
