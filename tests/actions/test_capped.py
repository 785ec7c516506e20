"""An agency's caps: the urgent go first, each held message has its time, and no hour or day ever sees more than was allowed."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from sandbox.twilio.faults import RecipientFault
from tests.actions.test_delivery import confirmation, ended, send_test, settings
from tests.world import World, sweep_notifications
from travel import delivery, tracking
from travel.model import Agency, Channel, Notification, NotificationReason, NotificationStatus, NotificationType, Trip
from travel.records import attempts

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Status, Reason, Type = NotificationStatus, NotificationReason, NotificationType
CONFIRMATION = "RESERVATION_CONFIRMATION"
HELD_HOUR, HELD_DAY = (Status.PENDING, Reason.HOURLY_LIMIT), (Status.PENDING, Reason.DAILY_LIMIT)
OURS = "+5491155550909"


def phones(number: int, first: int = 0) -> list[str]:
    return [f"+54911555509{each:02}" for each in range(first, first + number)]


async def book_many(world: World, number: int, *, first: int = 0, **given: Any) -> list[Trip]:
    departure = given.pop("departure", world.clock.now() + 3 * DAY)
    return [await world.book(departure=departure, phone=phone, **given) for phone in phones(number, first)]


async def told_long_ago(world: World, number: int) -> list[Trip]:
    """Trips whose confirmations count no more; of these there will be urgent news."""
    trips = await book_many(world, number, first=50, ident="AR1700")
    await world.settle()
    world.clock.move_to(world.clock.now() + 2 * HOUR)
    await world.settle()
    return trips


async def changes(world: World, trip: Trip, **values: Any) -> None:
    await tracking.record_by_hand(world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id, values)


async def is_cancelled(world: World, trip: Trip) -> None:
    await changes(world, trip, cancelled=True)


async def is_earlier(world: World, trip: Trip) -> None:
    await changes(world, trip, estimated_out=trip.best_departure_at - HOUR)


async def is_delayed(world: World, trip: Trip) -> None:
    await changes(world, trip, estimated_out=trip.best_departure_at + 2 * HOUR)


def since(world: World, began: datetime) -> list[str]:
    """The types of what was sent from then on, in order."""
    return [line["type"] for line in world.messages if datetime.fromisoformat(line["at"]) >= began]


def instants(world: World, agency: Agency | None = None) -> list[datetime]:
    return [
        datetime.fromisoformat(line["at"]) for line in world.messages if agency is None or line["agency"] == agency.name
    ]


def most_within(sent: Sequence[datetime], span: timedelta) -> int:
    """The most that were sent in any window of that length, its end not included."""
    ordered = sorted(sent)
    return max(sum(1 for each in ordered if first <= each < first + span) for first in ordered)


async def held(world: World, trips: Sequence[Trip]) -> list[Notification]:
    notes = [await confirmation(world, trip) for trip in trips]
    return [note for note in notes if note.status is Status.PENDING]


# ---- the urgent first


async def test_the_urgent_go_before_what_can_wait(world: World) -> None:
    first, second, third = await told_long_ago(world, 3)
    await settings(world, max_notifications_per_hour=3)
    began = world.clock.now()
    confirmations = await book_many(world, 8)
    world.clock.move_to(began + MINUTE)
    await is_delayed(world, first)
    await is_cancelled(world, second)
    await is_earlier(world, third)
    await world.settle()
    assert sorted(since(world, began)) == ["CANCELLED", "DELAYED", "EARLIER"]
    assert [ended(note) for note in await held(world, confirmations)] == [HELD_HOUR] * 8


async def test_of_the_urgent_too_the_most_urgent_go_first(world: World) -> None:
    """A traveller misses a flight that leaves earlier, and loses an hour over one that leaves later."""
    trips = await told_long_ago(world, 6)
    await settings(world, max_notifications_per_hour=2)
    began = world.clock.now()
    for trip in trips[:2]:
        await is_delayed(world, trip)
    for trip in trips[2:4]:
        await is_cancelled(world, trip)
    for trip in trips[4:]:
        await is_earlier(world, trip)
    await world.settle()
    assert since(world, began) == ["EARLIER", "EARLIER"]
    await world.play(began + HOUR)
    assert since(world, began)[2:] == ["CANCELLED", "CANCELLED"]
    await world.play(began + 2 * HOUR)
    assert since(world, began)[4:] == ["DELAYED", "DELAYED"]


async def test_a_place_that_is_free_again_goes_to_the_urgent_and_not_to_who_waited_longest(world: World) -> None:
    (urgent,) = await told_long_ago(world, 1)
    await settings(world, max_notifications_per_hour=3)
    began = world.clock.now()
    for each in range(3):
        world.clock.move_to(began + each * 10 * MINUTE)
        await book_many(world, 1, first=each)
        await world.settle()
    waiting = await book_many(world, 2, first=10)
    await world.settle()
    world.clock.move_to(began + 30 * MINUTE)
    await is_cancelled(world, urgent)
    await world.settle()
    assert since(world, began) == [CONFIRMATION] * 3
    await world.play(began + HOUR - SECOND)
    assert len(since(world, began)) == 3
    await world.play(began + HOUR)
    assert since(world, began)[3:] == ["CANCELLED"]
    await world.play(began + HOUR + 10 * MINUTE)
    assert since(world, began)[4:] == [CONFIRMATION]
    await world.play(began + HOUR + 20 * MINUTE)
    assert since(world, began)[5:] == [CONFIRMATION]
    assert await held(world, waiting) == []


async def test_a_test_message_need_not_wait_behind_confirmations(world: World) -> None:
    await settings(world, max_notifications_per_hour=1)
    began = world.clock.now()
    await book_many(world, 4)
    await send_test(world, OURS, Channel.WHATSAPP)
    await world.settle()
    assert since(world, began) == ["TEST"]


async def test_a_traveller_hears_of_the_trip_before_hearing_of_its_delay(world: World) -> None:
    """Being urgent is for the cap; where there is room for both, the order is that of the story."""
    trip = await world.book()
    await is_delayed(world, trip)
    await world.settle()
    assert world.heard(trip.phone) == [CONFIRMATION, "DELAYED"]


# ---- each has its time


async def test_each_that_is_held_has_its_own_time_and_goes_then(world: World) -> None:
    await settings(world, max_notifications_per_hour=4)
    began = world.clock.now()
    for each in range(4):
        world.clock.move_to(began + each * 10 * MINUTE)
        await book_many(world, 1, first=each)
        await world.settle()
    waiting = await book_many(world, 4, first=10)
    await world.settle()
    ages = [began + HOUR + each * 10 * MINUTE for each in range(4)]
    notes = await held(world, waiting)
    assert [ended(note) for note in notes] == [HELD_HOUR] * 4
    assert sorted(note.due_at for note in notes) == ages
    await world.play(ages[-1])
    assert instants(world)[4:] == ages


async def test_who_comes_later_is_held_behind_those_who_wait_already(world: World) -> None:
    await settings(world, max_notifications_per_hour=3)
    began = world.clock.now()
    for each in range(3):
        world.clock.move_to(began + each * 10 * MINUTE)
        await book_many(world, 1, first=each)
        await world.settle()
    dues = []
    for each in range(3):
        world.clock.move_to(began + (25 + each) * MINUTE)
        (trip,) = await book_many(world, 1, first=10 + each)
        await world.settle()
        dues.append((await confirmation(world, trip)).due_at)
    assert dues == [began + HOUR + each * 10 * MINUTE for each in range(3)]


async def test_thirty_messages_under_a_cap_of_four_never_break_it_and_all_arrive(world: World) -> None:
    await settings(world, max_notifications_per_hour=4)
    began = world.clock.now()
    trips = []
    for each in range(15):
        # Two every seven minutes, so that places grow old one by one.
        world.clock.move_to(began + each * 7 * MINUTE)
        trips += await book_many(world, 2, first=2 * each, departure=began + 5 * DAY)
        await world.settle()
    await world.play(began + 10 * HOUR)
    assert sorted(line["to"] for line in world.messages) == sorted(trip.phone for trip in trips)
    assert most_within(instants(world), HOUR) == 4
    assert max(instants(world)) < began + 8 * HOUR, "nor is anybody held back longer than the cap asks"


async def test_a_crowd_that_is_due_at_once_is_not_looked_at_over_and_over(world: World) -> None:
    """Thirty under a cap of four: each hour four go, and the others learn it once or twice, not thirty times."""
    await settings(world, max_notifications_per_hour=4)
    trips = await book_many(world, 30)
    began, seen = world.clock.now(), 0
    seen += await sweep_notifications(world.context)
    assert len(world.messages) == 4
    while waiting := await held(world, trips):
        world.clock.move_to(min(note.due_at for note in waiting))
        seen += await sweep_notifications(world.context)
    assert len(world.messages) == 30
    assert most_within(instants(world), HOUR) == 4
    assert world.clock.now() == began + 7 * HOUR
    assert seen <= 30 + 26 + 22 + 18 + 14 + 10 + 6 + 2


async def test_the_days_cap_lets_each_go_when_its_own_place_is_a_day_old(world: World) -> None:
    await settings(world, max_notifications_per_hour=3, max_notifications_per_day=3)
    departure = world.clock.now() + 10 * DAY
    began = world.clock.now()
    for each in range(3):
        world.clock.move_to(began + each * 2 * HOUR)
        await book_many(world, 1, first=each, departure=departure)
        await world.settle()
    waiting = await book_many(world, 3, first=10, departure=departure)
    await world.settle()
    notes = await held(world, waiting)
    assert [ended(note) for note in notes] == [HELD_DAY] * 3
    assert sorted(note.due_at for note in notes) == [began + DAY + each * 2 * HOUR for each in range(3)]
    await world.play(began + 2 * DAY)
    assert len(world.messages) == 6
    assert most_within(instants(world), DAY) == 3


async def test_what_a_cap_holds_waits_as_long_as_it_is_useful_for_the_cap_may_be_raised(world: World) -> None:
    await settings(world, max_notifications_per_hour=1)
    # The moment for boarding calls has passed, so a confirmation each is all there is.
    trips = await book_many(world, 2, departure=world.clock.now() + 50 * MINUTE)
    await world.settle()
    assert len(world.messages) == 1
    notes = [await confirmation(world, trip) for trip in trips]
    unsent = [note for note in notes if note.recipient != world.messages[0]["to"]]
    assert [ended(note) for note in unsent] == [HELD_HOUR]
    assert [note.due_at for note in unsent] == [note.expires_at for note in unsent]
    await world.play(world.clock.now() + HOUR)
    notes = [await confirmation(world, trip) for trip in trips]
    unsent = [note for note in notes if note.recipient != world.messages[0]["to"]]
    assert [ended(note) for note in unsent] == [(Status.EXPIRED, Reason.NO_LONGER_USEFUL)]


# ---- whose caps, and when they change


async def test_raising_the_cap_frees_at_once_and_only_as_many_as_it_allows(world: World) -> None:
    await settings(world, max_notifications_per_hour=2)
    trips = await book_many(world, 8)
    await world.settle()
    world.clock.move_to(world.clock.now() + MINUTE)
    await settings(world, max_notifications_per_hour=5)
    await world.settle()
    assert len(world.messages) == 5
    assert [ended(note) for note in await held(world, trips)] == [HELD_HOUR] * 3


async def test_lowering_the_cap_holds_from_then_on(world: World) -> None:
    await settings(world, max_notifications_per_hour=4)
    began = world.clock.now()
    await book_many(world, 3)
    await world.settle()
    await settings(world, max_notifications_per_hour=2)
    (late,) = await book_many(world, 1, first=10)
    await world.settle()
    note = await confirmation(world, late)
    assert ended(note) == HELD_HOUR
    assert note.due_at == began + HOUR
    await world.play(began + HOUR)
    assert len(world.messages) == 4


async def test_two_agencies_do_not_share_a_cap(world: World) -> None:
    other, _ = await world.another_agency()
    await settings(world, max_notifications_per_hour=2)
    await book_many(world, 5)
    theirs = await book_many(world, 5, agency_id=other.id)
    await world.settle()
    assert len(instants(world, world.agency)) == 2
    assert len(instants(world, other)) == 5
    assert await held(world, theirs) == []


async def test_what_is_of_unknown_fate_counts_for_it_may_have_been_taken(world: World) -> None:
    await settings(world, max_notifications_per_hour=1)
    world.sandbox.twilio.faults.lost_reply = 1.0
    world.sandbox.twilio.faults.callbacks_lost = 1.0
    (lost,) = await book_many(world, 1)
    await delivery.deliver(world.context.carrier, world.agency.id)
    assert (await confirmation(world, lost)).status is Status.UNKNOWN
    world.sandbox.twilio.faults.lost_reply = 0.0
    (late,) = await book_many(world, 1, first=10)
    await delivery.deliver(world.context.carrier, world.agency.id)
    assert ended(await confirmation(world, late)) == HELD_HOUR


async def test_a_refused_message_gives_its_place_to_the_next(world: World) -> None:
    await settings(world, max_notifications_per_hour=2)
    first, *_ = phones(1)
    world.sandbox.twilio.faults.recipients[first] = RecipientFault(code=21211, when="sync")
    await book_many(world, 1)
    await world.settle()
    await book_many(world, 2, first=10)
    await world.settle()
    assert len(world.messages) == 2


# ---- many workers


@pytest.mark.parametrize("hands", [1, 3, 100])
async def test_many_workers_together_keep_the_cap(world: World, hands: int) -> None:
    await settings(world, max_notifications_per_hour=7)
    trips = await book_many(world, 20)
    workers = [replace(world.context.carrier, places=delivery.Places(hands)) for _ in range(8)]
    await asyncio.gather(*(delivery.deliver(worker, world.agency.id) for worker in workers))
    assert len(world.messages) == 7
    assert [ended(note) for note in await held(world, trips)] == [HELD_HOUR] * 13
    async with world.db.transaction(world.agency.id) as tx:
        assert (await attempts.used(tx, world.agency.id, world.clock.now())).last_hour == 7


async def test_many_workers_keep_the_cap_hour_after_hour(world: World) -> None:
    await settings(world, max_notifications_per_hour=4)
    trips = await book_many(world, 20)
    workers = [replace(world.context.carrier, places=delivery.Places(2)) for _ in range(5)]
    began = world.clock.now()
    for hour in range(5):
        world.clock.move_to(began + hour * HOUR)
        await asyncio.gather(*(delivery.deliver(worker, world.agency.id) for worker in workers))
    assert await held(world, trips) == []
    assert most_within(instants(world), HOUR) == 4
    times = sorted(set(instants(world)))
    assert {later - earlier for earlier, later in pairwise(times)} == {HOUR}
