"""Trips are made once, changed as a whole and archived for good, by whoever and however many at once."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.world import ANA, World
from travel import booking, tracking
from travel.booking import TripChange
from travel.model import (
    EventKind,
    Language,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    RefusedError,
    Trip,
    UserErrorCode,
)
from travel.records import feed

BOB = "+5491155550202"
TYPES = NotificationType


async def refusal(awaitable: Any) -> tuple[UserErrorCode, str]:
    with pytest.raises(RefusedError) as refused:
        await awaitable
    (only,) = refused.value.refusals
    return only.code, ".".join(only.path)


async def change(world: World, trip: Trip, **values: Any) -> Trip:
    return await booking.update_trip(
        world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id, TripChange(**values)
    )


async def count(world: World, table: str, trip_agency: Any = None) -> int:
    async with world.db.transaction(trip_agency or world.agency.id) as tx:
        return int(await tx.value(f"SELECT count(*) FROM {table}"))


async def kinds(world: World) -> list[EventKind]:
    async with world.db.transaction(world.agency.id) as tx:
        return [event.kind for event in await feed.after(tx, world.agency.id, 0, 100)]


# ---- making


async def test_a_trip_is_confirmed_and_announced(world: World) -> None:
    trip = await world.book()
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    assert (await kinds(world))[0] is EventKind.TRIP_CREATED
    assert trip.phone == ANA


async def test_the_same_traveller_on_the_same_flight_is_taken(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    await world.book(departure=departure)
    assert await refusal(world.book(departure=departure)) == (UserErrorCode.TAKEN, "flight")
    assert await refusal(world.book("ARG1303", departure=departure)) == (UserErrorCode.TAKEN, "flight")
    assert await count(world, "trips") == 1


async def test_ten_at_once_make_one_trip_and_one_confirmation(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    made = await asyncio.gather(*(world.book(departure=departure) for _ in range(10)), return_exceptions=True)
    trips = [each for each in made if isinstance(each, Trip)]
    refused = [each for each in made if isinstance(each, RefusedError)]
    assert (len(trips), len(refused)) == (1, 9)
    assert {each.refusals[0].code for each in refused} == {UserErrorCode.TAKEN}
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    assert await count(world, "flights") == 1
    assert (await kinds(world)).count(EventKind.TRIP_CREATED) == 1


async def test_a_second_traveller_and_a_second_agency_are_not_taken(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    other, _ = await world.another_agency()
    first = await world.book("AR1303", departure=departure)
    second = await world.book("ARG1303", departure=departure, agency_id=other.id)
    third = await world.book("ar 1303", departure=departure, phone=BOB)
    assert first.flight_id == second.flight_id == third.flight_id
    assert await count(world, "flights") == 1


async def test_an_idempotency_key_gives_the_trip_made_before(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    first = await world.book(departure=departure, idempotency_key="order-17")
    again = await world.book(departure=departure, idempotency_key="order-17")
    assert again == first
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    assert (await kinds(world)).count(EventKind.TRIP_CREATED) == 1


async def test_ten_requests_with_one_key_get_one_trip(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    made = await asyncio.gather(*(world.book(departure=departure, idempotency_key="order-17") for _ in range(10)))
    assert len({trip.id for trip in made}) == 1
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


@pytest.mark.parametrize("other", [{"name": "Ana Paz"}, {"phone": BOB}, {"lodging": "Hotel Sur"}, {"ident": "AR1304"}])
async def test_a_key_with_other_content_is_a_conflict(world: World, other: dict[str, Any]) -> None:
    departure = world.clock.now() + timedelta(days=2)
    await world.book(departure=departure, idempotency_key="order-17")
    conflict = await refusal(world.book(departure=departure, idempotency_key="order-17", **other))
    assert conflict == (UserErrorCode.CONFLICT, "idempotencyKey")
    assert await count(world, "trips") == 1


async def test_different_contents_under_one_key_at_once_make_one_trip(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    made = await asyncio.gather(
        *(world.book(f"AR{number}", departure=departure, idempotency_key="order-17") for number in range(1300, 1310)),
        return_exceptions=True,
    )
    assert Counter(type(each) for each in made) == {Trip: 1, RefusedError: 9}
    codes = {each.refusals[0].code for each in made if isinstance(each, RefusedError)}
    assert codes == {UserErrorCode.CONFLICT}
    assert await count(world, "flights") == 1, "what was refused leaves no flight to look at"


async def test_a_key_of_another_agency_is_another_key(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    other, _ = await world.another_agency()
    first = await world.book(departure=departure, idempotency_key="order-17")
    second = await world.book(departure=departure, idempotency_key="order-17", phone=BOB, agency_id=other.id)
    assert first.id != second.id


async def test_a_retry_long_after_gets_its_trip_and_no_refusal(world: World) -> None:
    """A client that lost the answer retries with its key; that the departure has passed meanwhile changes nothing."""
    departure = world.clock.now() + timedelta(hours=1)
    first = await world.book(departure=departure, idempotency_key="order-17")
    world.clock.move_to(departure + timedelta(minutes=1))
    assert (await world.book(departure=departure, idempotency_key="order-17")).id == first.id


async def test_nothing_is_written_of_a_refused_trip(world: World) -> None:
    with pytest.raises(RefusedError):
        await world.book(origin="QQQ", phone="12", departure="yesterday")
    assert await count(world, "trips") == await count(world, "flights") == await count(world, "events") == 0


async def test_a_trip_is_confirmed_though_redis_is_away(world: World) -> None:
    await world.redis.aclose(close_connection_pool=True)
    trip = await world.book()
    async with world.db.transaction(world.agency.id) as tx:
        due = await tx.value("SELECT count(*) FROM system_agencies_with_due(:now)", now=world.clock.now())
    assert due == 1
    assert trip.archived_at is None


# ---- changing


async def test_a_rebooking_withdraws_the_old_flight_and_confirms_anew(world: World) -> None:
    now = world.clock.now()
    trip = await world.book(departure=now + timedelta(days=2))
    await world.settle()
    after = await change(world, trip, departure=(now + timedelta(days=3)).isoformat())
    await world.settle()
    assert after.id == trip.id
    assert after.flight_id != trip.flight_id
    assert world.heard() == ["RESERVATION_CONFIRMATION", "RESERVATION_CONFIRMATION"]
    old = [each for each in await world.decided(after) if each.flight_id == trip.flight_id]
    waiting = [each for each in old if each.type is not TYPES.RESERVATION_CONFIRMATION]
    assert {each.type for each in waiting} == {TYPES.REMINDER_24H, TYPES.BOARDING}
    assert {(each.status, each.reason) for each in waiting} == {
        (NotificationStatus.SUPERSEDED, NotificationReason.NEWER_FACTS)
    }
    new = {each.type: each for each in await world.decided(after) if each.flight_id == after.flight_id}
    assert new[TYPES.BOARDING].due_at == now + timedelta(days=3, minutes=-90)
    assert (await kinds(world)).count(EventKind.TRIP_UPDATED) == 1


async def test_a_confirmation_that_was_not_sent_yet_is_replaced(world: World) -> None:
    """Before anything is sent, a rebooking leaves one confirmation, and it speaks of the new flight."""
    trip = await world.book("AR1303")
    await change(world, trip, flight="AR1305")
    await world.settle()
    assert [line["ident"] for line in world.messages] == ["ARG1305"]


async def test_moving_to_a_taken_flight_is_refused(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    await world.book("AR1303", departure=departure)
    trip = await world.book("AR1305", departure=departure)
    assert await refusal(change(world, trip, flight="AR1303")) == (UserErrorCode.TAKEN, "flight")
    other = await world.book("AR1303", departure=departure, phone=BOB)
    assert await refusal(change(world, other, phone=ANA)) == (UserErrorCode.TAKEN, "flight")


async def test_what_waits_goes_to_the_new_phone(world: World) -> None:
    trip = await world.book()
    after = await change(world, trip, phone=BOB)
    await world.settle()
    assert after.phone == BOB
    assert world.heard(ANA) == []
    assert world.heard(BOB) == ["RESERVATION_CONFIRMATION"]


async def test_what_waits_is_worded_in_the_new_language(world: World) -> None:
    trip = await world.book(language=Language.ES)
    await change(world, trip, language=Language.EN, traveller_name="Anne Perry")
    await world.settle()
    assert "Hello Anne Perry" in world.messages[0]["body"]


async def test_an_empty_text_takes_a_field_away_and_none_leaves_it(world: World) -> None:
    trip = await world.book(lodging="Hotel Sur", notes="Window", reference="R1")
    after = await change(world, trip, lodging="", notes="Aisle")
    assert (after.lodging, after.notes, after.reference) == (None, "Aisle", "R1")


async def test_small_things_can_be_changed_after_the_departure(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=2)
    trip = await world.book(departure=departure)
    world.clock.move_to(departure + timedelta(hours=1))
    assert (await change(world, trip, lodging="Hotel Sur")).lodging == "Hotel Sur"
    late = (departure + timedelta(minutes=5)).isoformat()
    assert await refusal(change(world, trip, departure=late)) == (UserErrorCode.TOO_LATE, "departure")


async def test_a_flight_that_left_cannot_be_exchanged(world: World) -> None:
    departure = world.clock.now() + timedelta(hours=2)
    world.fly("ARG1303", departure, (timedelta(), {"actual_out": departure}))
    trip = await world.book(departure=departure)
    await world.play(departure + timedelta(minutes=10))
    assert await refusal(change(world, trip, flight="AR1305", departure="2026-03-12T10:00Z")) == (
        UserErrorCode.TOO_LATE,
        "flight",
    )


async def test_an_archived_trip_cannot_be_changed(world: World) -> None:
    trip = await world.book()
    await booking.archive_trip(world.db, world.clock, trip.agency_id, trip.id)
    assert await refusal(change(world, trip, lodging="Hotel Sur")) == (UserErrorCode.TOO_LATE, "tripId")


async def test_a_trip_of_another_agency_is_not_found(world: World) -> None:
    other, _ = await world.another_agency()
    trip = await world.book(agency_id=other.id)
    foreign = Trip(**{**{name: getattr(trip, name) for name in Trip.__slots__}, "agency_id": world.agency.id})
    assert await refusal(change(world, foreign, lodging="Mine")) == (UserErrorCode.NOT_FOUND, "tripId")
    archived = booking.archive_trip(world.db, world.clock, world.agency.id, trip.id)
    assert await refusal(archived) == (UserErrorCode.NOT_FOUND, "tripId")
    unknown = booking.archive_trip(world.db, world.clock, world.agency.id, uuid4())
    assert await refusal(unknown) == (UserErrorCode.NOT_FOUND, "tripId")


async def test_what_was_said_by_hand_of_the_old_flight_says_nothing_of_the_new(world: World) -> None:
    """An agent marks a flight as cancelled and rebooks the traveller: the new flight is not cancelled."""
    now = world.clock.now()
    trip = await world.book("AR1303", departure=now + timedelta(days=2))
    await world.settle()
    await tracking.record_by_hand(
        world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id, {"cancelled": True, "gate_origin": "B7"}
    )
    await world.settle()
    after = await change(world, trip, flight="AR1305")
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "CANCELLED", "RESERVATION_CONFIRMATION"]
    new = {each.type for each in await world.decided(after) if each.flight_id == after.flight_id}
    assert TYPES.CANCELLED not in new
    assert TYPES.BOARDING in new


async def test_rebooking_there_and_back_leaves_one_living_plan(world: World) -> None:
    trip = await world.book("AR1303")
    after = await change(world, trip, flight="AR1305")
    back = await change(world, after, flight="AR1303")
    await world.settle()
    assert back.flight_id == trip.flight_id
    assert [line["ident"] for line in world.messages] == ["ARG1303"]
    waiting = [each for each in await world.decided(back) if each.status is NotificationStatus.PENDING]
    assert {each.flight_id for each in waiting} == {trip.flight_id}
    assert Counter(each.type for each in waiting) == {TYPES.REMINDER_24H: 1, TYPES.BOARDING: 1}


# ---- archiving


async def test_archiving_withdraws_what_waits(world: World) -> None:
    trip = await world.book()
    archived = await booking.archive_trip(world.db, world.clock, trip.agency_id, trip.id)
    assert archived.archived_at == world.clock.now()
    await world.play(world.clock.now() + timedelta(days=2))
    assert world.heard() == []
    assert {(each.status, each.reason) for each in await world.decided(trip)} == {
        (NotificationStatus.WITHDRAWN, NotificationReason.TRIP_ARCHIVED)
    }


async def test_archiving_twice_keeps_the_first_moment(world: World) -> None:
    trip = await world.book()
    first = await booking.archive_trip(world.db, world.clock, trip.agency_id, trip.id)
    world.clock.move_to(world.clock.now() + timedelta(hours=1))
    assert await booking.archive_trip(world.db, world.clock, trip.agency_id, trip.id) == first
    assert (await kinds(world)).count(EventKind.TRIP_UPDATED) == 1


async def test_an_archived_trip_can_be_booked_anew(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    trip = await world.book(departure=departure)
    await booking.archive_trip(world.db, world.clock, trip.agency_id, trip.id)
    again = await world.book(departure=departure)
    assert again.id != trip.id
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_a_flight_without_a_living_trip_costs_nothing_more(world: World) -> None:
    departure = world.clock.now() + timedelta(days=1)
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    await booking.archive_trip(world.db, world.clock, trip.agency_id, trip.id)
    before = world.sandbox.aeroapi.result_sets.total()
    await world.play(departure + timedelta(hours=6))
    assert world.sandbox.aeroapi.result_sets.total() == before


async def test_archiving_and_a_look_at_once_do_not_block_each_other(world: World) -> None:
    """Both touch the trip and its messages; taken in different orders, PostgreSQL would end one of the two."""
    departure = world.clock.now() + timedelta(hours=20)
    world.fly("ARG1303", departure, gate_origin="A1")
    trip = await world.book(departure=departure)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"

    async def until_waiting(number: int) -> None:
        async with asyncio.timeout(5):
            while True:
                async with world.db.transaction() as tx:
                    if await tx.value(waiting) >= number:
                        return

    async with asyncio.TaskGroup() as group, world.db.transaction(trip.agency_id) as tx:
        await tx.all("SELECT FROM notifications_log WHERE status = 'PENDING' FOR UPDATE")
        look = group.create_task(tracking.check_flight(world.context.watcher, trip.flight_id))
        await in_another_task(until_waiting(1))
        group.create_task(booking.archive_trip(world.db, world.clock, trip.agency_id, trip.id))
        await in_another_task(until_waiting(2))
    assert look.result() is True


async def in_another_task(awaitable: Any) -> None:
    await asyncio.create_task(awaitable)


# ---- those who want no messages


async def test_an_opt_out_silences_and_its_end_lets_speak(world: World) -> None:
    set_opt_out = booking.set_opt_out
    assert await set_opt_out(world.db, world.clock, world.agency.id, "+54 9 11 5555-0101", opted_out=True) == ANA
    trip = await world.book("AR1303")
    await world.settle()
    confirmation = (await world.decided(trip))[0]
    assert (confirmation.status, confirmation.reason) == (NotificationStatus.SUPPRESSED, NotificationReason.OPTED_OUT)
    await set_opt_out(world.db, world.clock, world.agency.id, ANA, opted_out=False)
    await world.book("AR1305")
    await world.settle()
    assert [line["ident"] for line in world.messages] == ["ARG1305"]


async def test_an_opt_out_of_one_agency_is_not_one_of_another(world: World) -> None:
    other, _ = await world.another_agency()
    await booking.set_opt_out(world.db, world.clock, world.agency.id, ANA, opted_out=True)
    await world.book(agency_id=other.id)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_an_opt_out_needs_a_number(world: World) -> None:
    nonsense = booking.set_opt_out(world.db, world.clock, world.agency.id, "555", opted_out=True)
    assert await refusal(nonsense) == (UserErrorCode.INVALID, "phone")
