"""Killing the worker at any point and starting it again loses nothing and sends nothing twice."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.conftest import Services
from tests.processes import House, processes
from tests.world import World, approve_templates, make_agency, text
from travel import booking, delivery
from travel.booking_form import TripForm
from travel.database import Database
from travel.enqueue import Wakeups
from travel.model import Language, NotificationStatus, NotificationType

ENDS = {NotificationStatus.DELIVERED, NotificationStatus.READ, NotificationStatus.SUPPRESSED}


class Killed(BaseException):
    """The process is gone: nothing after this line of it ever happens."""


@pytest.mark.parametrize("label", ["claimed", "answered", "settled"])
async def test_a_message_in_the_hands_of_a_dying_worker_arrives_once(world: World, label: str) -> None:
    def die(at: str) -> None:
        if at == label:
            raise Killed

    trip = await world.book()
    survivor = world.context
    dying = replace(survivor, carrier=replace(survivor.carrier, crash_at=die))
    confirmation = next(
        each for each in await world.decided(trip) if each.type is NotificationType.RESERVATION_CONFIRMATION
    )
    with pytest.raises(BaseExceptionGroup):
        await delivery.deliver(dying.carrier, trip.agency_id)
    await _let_the_lease_lapse(world, trip.agency_id, confirmation.id)
    await world.play(world.clock.now() + timedelta(minutes=10))

    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    after = next(each for each in await world.decided(trip) if each.id == confirmation.id)
    assert after.status in ENDS


async def _let_the_lease_lapse(world: World, agency_id: UUID, notification_id: UUID) -> None:
    """The lease runs on the database's own clock, and nobody wants to wait for it here."""
    async with world.db.transaction(agency_id) as tx:
        await tx.run(
            "UPDATE notifications_log SET lease_until = clock_timestamp() WHERE id = :id AND status = 'SENDING'",
            id=notification_id,
        )


async def test_killing_real_workers_again_and_again_loses_nothing_and_sends_nothing_twice(
    services: Services, db: Database, owner: Database
) -> None:
    with processes(services.app_url, services.redis_url, speed=60) as house:
        agency, _ = await make_agency(db, house.clock, "Norte Viajes")  # type: ignore[arg-type]
        house.control("PUT", "templates", await approve_templates(owner, house.clock))  # type: ignore[arg-type]
        phones = await _book_forty(house, db, agency.id)
        await _kill_and_start(house)
        await _rest(db, agency.id)

        told = Counter((line["to"], line["type"]) for line in house.messages())
        assert set(told.values()) == {1}, told
        assert {to for to, type_ in told if type_ == "RESERVATION_CONFIRMATION"} == phones
        assert {to for to, type_ in told if type_ == "BOARDING"} == phones


async def _book_forty(house: House, db: Database, agency_id: UUID) -> set[str]:
    """Forty travellers on four flights that board within the hour."""
    now = house.clock.now()
    lines = []
    phones = set()
    async with db.transaction(agency_id) as tx:
        await tx.run(
            """
            UPDATE agencies_settings SET quiet_hours_start = '00:00', quiet_hours_end = '00:00', max_retry_attempts = 10,
              max_notifications_per_hour = 5000, max_notifications_per_day = 5000
            """
        )
    for number in range(4):
        departure = (now + timedelta(minutes=95 + 5 * number)).replace(second=0)
        ident = f"ARG13{number:02}"
        lines.append(
            {
                "fa_flight_id": f"{ident}-1-airline-1",
                "ident": ident,
                "origin": "SAEZ",
                "destination": "KMIA",
                "scheduled_out": text(departure),
                "timeline": [],
            }
        )
        for seat in range(10):
            phone = f"+54911555{number:02}{seat:03}"
            phones.add(phone)
            form = TripForm(
                traveller_name=f"Ana {number} {seat}",
                phone=phone,
                language=Language.ES,
                flight=ident,
                origin="EZE",
                destination="MIA",
                departure=departure.isoformat(),
            )
            await booking.create_trip(db, Wakeups(None), house.clock, agency_id, form)
    house.control("POST", "flights", lines)
    return phones


async def _kill_and_start(house: House) -> None:
    """Two workers; one after the other is killed in the middle of whatever it does."""
    chance = random.Random(20131112)
    house.start("worker-0", "worker")
    house.start("worker-1", "worker")
    for turn in range(6):
        # Not a wait for something: the moment of the kill is what is drawn by chance.
        await asyncio.sleep(chance.uniform(1.2, 3.0))
        name = f"worker-{turn % 2}"
        house.kill(name)
        house.start(name, "worker")


async def _rest(db: Database, agency_id: UUID) -> None:
    """Poll until nothing is on its way any more except what is due far in the future."""
    waiting = None
    try:
        async with asyncio.timeout(90):
            while waiting != 0:
                await asyncio.sleep(0.2)
                async with db.transaction(agency_id) as tx:
                    waiting = await tx.value(
                        """
                        SELECT count(*) FROM notifications_log
                        WHERE status NOT IN ('DELIVERED', 'READ', 'SUPPRESSED')
                          AND notification_type IN ('RESERVATION_CONFIRMATION', 'BOARDING')
                        """
                    )
    except TimeoutError:
        raise AssertionError(f"{waiting} messages never came to an end") from None
