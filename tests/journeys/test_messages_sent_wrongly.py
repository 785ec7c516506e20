"""What an earlier system sent twice, or never, or said it had sent: each as the traveller and the agent live it now."""

import asyncio
from datetime import datetime, timedelta

import pytest
import structlog

from tests.actions.test_tracking import leg
from tests.journeys.wire import wire
from tests.world import World, sweep_notifications, text
from travel import booking, tracking
from travel.booking_form import TripForm
from travel.database import Database
from travel.enqueue import Wakeups
from travel.model import Language, NotificationType
from travel.records import flights

BEA = "+5491155550202"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    "check",
    [
        "SELECT ON delivery_attempts",
        "INSERT ON delivery_attempts",
        "UPDATE ON notifications_log",
        "SELECT ON opt_outs",
    ],
)
async def test_while_it_cannot_be_checked_or_written_down_what_was_sent_nothing_is_sent(
    world: World, owner: Database, check: str
) -> None:
    trip = await world.book()
    async with owner.transaction() as tx:
        await tx.run(f"REVOKE {check} FROM bauhaus_app")
    try:
        with structlog.testing.capture_logs() as lines:
            for _ in range(3):
                await sweep_notifications(world.context)
                world.clock.move_to(world.clock.now() + MINUTE)
        assert world.sandbox.twilio.requests == 0
        assert "error" in {line["log_level"] for line in lines}, "and somebody is told of it"
    finally:
        async with owner.transaction() as tx:
            await tx.run(f"GRANT {check} TO bauhaus_app")
    waiting = [each for each in await world.decided(trip) if each.type is NotificationType.RESERVATION_CONFIRMATION]
    assert [str(each.status) for each in waiting] == ["PENDING"]
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_two_genuine_delays_of_one_day_and_one_that_comes_back_are_three_messages_and_three_rows(
    world: World,
) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    async with wire(world) as aeroapi:
        for minutes in (60, 180, 60, 180):
            later = leg(departure, estimated_out=text(departure + minutes * MINUTE))
            await aeroapi.shows(trip, later, after=2 * HOUR)
    told = [(line["type"], line["value"]) for line in world.messages if line["type"] in ("DELAYED", "EARLIER")]
    hour, three = text(departure + 60 * MINUTE), text(departure + 180 * MINUTE)
    assert told == [("DELAYED", hour), ("DELAYED", three), ("EARLIER", hour), ("DELAYED", three)]
    rows = [str(each.type) for each in await world.decided(trip) if each.type in ("DELAYED", "EARLIER")]
    assert sorted(rows) == ["DELAYED", "DELAYED", "DELAYED", "EARLIER"]


async def test_a_trip_written_by_a_script_is_confirmed_like_any_other(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    form = TripForm(
        traveller_name="Ana Pérez",
        phone="+5491155550101",
        language=Language.ES,
        flight="BA820",
        origin="EZE",
        destination="MIA",
        departure=departure.isoformat(),
    )
    trip = await booking.create_trip(world.db, Wakeups(None), world.clock, world.agency.id, form)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    # And one that came into the table past every function of ours, at the next look at its flight.
    async with world.db.transaction(world.agency.id) as tx:
        row = await tx.one("SELECT * FROM trips WHERE id = :id", id=trip.id)
        assert row is not None
        names = ", ".join(name for name in row.keys() if name not in ("id", "phone", "ordinal"))  # noqa: SIM118
        await tx.run(
            f"INSERT INTO trips (phone, {names}) SELECT '{BEA}', {names} FROM trips WHERE id = :id", id=trip.id
        )
    await world.play(departure - HOUR)
    assert world.heard(BEA).count("RESERVATION_CONFIRMATION") == 1


async def test_a_trip_that_several_hands_decide_about_at_once_is_confirmed_once(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    async with wire(world) as aeroapi:
        aeroapi.says = [leg(departure, estimated_out=text(departure + HOUR))]
        async with world.db.transaction() as tx:
            await flights.hasten(tx, trip.flight_id, world.clock.now())
        means = (world.db, world.house.wakeups, world.clock)
        look = tracking.check_flight(world.context.watcher, trip.flight_id)
        await asyncio.gather(look, *(tracking.replan_agency(*means, trip.agency_id) for _ in range(5)))
        await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "DELAYED"]


async def test_an_agent_never_reads_sent_of_what_twilio_did_not_take(world: World) -> None:
    document = """
      mutation($input: CreateTripInput!) { createTrip(input: $input) {
        trip { id notifications(filter: { type: [RESERVATION_CONFIRMATION] }) { nodes { status acceptedAt } } }
        userErrors { code }
      } }
    """
    world.sandbox.twilio.faults.rate_limited = 1.0
    form = {
        "traveller": {"name": "Ana Pérez", "phone": "+5491155550101"},
        "flight": "AR1303",
        "origin": "EZE",
        "destination": "MIA",
        "departure": text(world.clock.now() + timedelta(days=2)),
    }
    made = (await world.data(document, input=form))["createTrip"]
    assert made["userErrors"] == []
    assert made["trip"]["notifications"]["nodes"] == [{"status": "PENDING", "acceptedAt": None}]
    await world.settle()
    again = "query($id: ID!) { trip(id: $id) { notifications(filter: { type: [RESERVATION_CONFIRMATION] }) { nodes { status reason acceptedAt } } } }"
    seen = (await world.data(again, id=made["trip"]["id"]))["trip"]["notifications"]["nodes"]
    assert seen == [{"status": "PENDING", "reason": "RETRYING", "acceptedAt": None}]


async def test_a_reminder_that_twilio_turned_away_arrives_a_moment_later(world: World) -> None:
    departure = datetime.fromisoformat("2026-03-12T18:00:00Z")
    await world.book(departure=departure)
    await world.play(departure - 24 * HOUR - MINUTE)
    world.sandbox.twilio.faults.rate_limited = 1.0
    asked = world.sandbox.twilio.requests
    world.clock.move_to(departure - 24 * HOUR)
    await world.settle()
    assert world.sandbox.twilio.requests > asked
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    world.sandbox.twilio.faults.rate_limited = 0.0
    await world.play(departure - 23 * HOUR)
    assert world.heard() == ["RESERVATION_CONFIRMATION", "REMINDER_24H"]
