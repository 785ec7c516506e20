"""Work that is cancelled at any moment, by the hundred: no connection and no place stays taken, and every message goes out once.

More of them: `BAUHAUS_STORMS=20 pytest tests/actions/test_cancellation_storms.py`.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from tests.actions.test_delivery import settings
from tests.conftest import Services
from tests.world import World
from travel import delivery
from travel.database import Database
from travel.delivery import Carrier, Places
from travel.delivery.claiming import claim
from travel.model import Channel, NotificationStatus

STORMS = int(os.environ.get("BAUHAUS_STORMS", "2"))
CONNECTIONS, PLACES = 4, 8
ROUNDS, MESSAGES, TASKS = 4, 50, 200
LONGEST_LIFE_SECONDS = 0.4
"""So long the storm lasts; it is over when its last task is."""


@pytest.fixture
async def small(services: Services, db: Database) -> AsyncIterator[Database]:
    """Few connections, so that tasks are also cancelled while they wait for one."""
    database = Database(services.app_url, pool_size=CONNECTIONS)
    await database.connect()
    yield database
    await database.disconnect()


async def decide(world: World, round_: int) -> list[str]:
    """Test messages, each to a phone of its own."""
    phones = [f"+54911555{round_:02}{number:03}" for number in range(MESSAGES)]
    for phone in phones:
        await delivery.send_test(world.db, world.house.wakeups, world.clock, world.agency.id, phone, Channel.WHATSAPP)
    return phones


async def lapse(world: World) -> None:
    """Whoever holds a message or a webhook is gone."""
    async with world.db.transaction(world.agency.id) as tx:
        await tx.run(
            "UPDATE notifications_log SET lease_until = clock_timestamp() - interval '1 s' WHERE status = 'SENDING'"
        )
        await tx.run("UPDATE webhook_inbox SET taken_until = NULL WHERE processed_at IS NULL")


async def decided(world: World) -> list[UUID]:
    async with world.db.transaction(world.agency.id) as tx:
        return [row["id"] for row in await tx.all("SELECT id FROM notifications_log ORDER BY ordinal")]


def work(dice: Random, carrier: Carrier, agency_id: UUID, notes: list[UUID]) -> Coroutine[Any, Any, Any]:
    """Anything that a worker does with messages."""
    deeds = ["deliver", "claim", "hear", "recover", "settle", "chase"]
    (deed,) = dice.choices(deeds, weights=[8, 1, 4, 4, 4, 2])
    if deed == "deliver":
        return delivery.deliver(carrier, agency_id)
    if deed == "claim":
        return claim(carrier, agency_id, 1)
    if deed == "hear":
        return delivery.process_webhooks(carrier, dice.randint(1, 30))
    mend = {"recover": delivery.recover, "settle": delivery.settle_unknown, "chase": delivery.chase}
    return mend[deed](carrier, agency_id, dice.choice(notes))


async def storm(world: World, dice: Random, carrier: Carrier) -> Counter[str]:
    """Many tasks, each cancelled once or twice at a moment of its own; how they ended."""
    notes = await decided(world)
    loop = asyncio.get_running_loop()
    tasks = []
    for _ in range(TASKS):
        task = asyncio.create_task(work(dice, carrier, world.agency.id, notes))
        moment = dice.uniform(0, LONGEST_LIFE_SECONDS)
        loop.call_later(moment, task.cancel)
        if dice.random() < 0.3:
            loop.call_later(moment + dice.choice([0, 0.001, 0.003]), task.cancel)
        tasks.append(task)
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    faults = [each for each in ends if isinstance(each, Exception)]
    assert faults == []
    return Counter("cancelled" if isinstance(each, BaseException) else "done" for each in ends)


async def all_connections_work(small: Database) -> None:
    """As many transactions at once as there are connections."""
    together = asyncio.Barrier(CONNECTIONS)

    async def one() -> int:
        async with small.transaction() as tx:
            await together.wait()
            number: int = await tx.value("SELECT 1")
            return number

    async with asyncio.timeout(5):
        assert await asyncio.gather(*(one() for _ in range(CONNECTIONS))) == [1] * CONNECTIONS


async def nobody_idles_in_a_transaction(world: World) -> None:
    async with world.db.transaction() as tx:
        idle = await tx.all(
            """
            SELECT pid, state, query FROM pg_stat_activity
            WHERE usename = current_user AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
            """
        )
    assert idle == []


@pytest.mark.parametrize("seed", range(STORMS))
async def test_a_storm_of_cancellations_leaves_nothing_taken_and_says_everything_once(
    world: World, small: Database, seed: int
) -> None:
    dice = Random(seed)
    await settings(world, max_notifications_per_hour=10_000, max_notifications_per_day=10_000, max_retry_attempts=10)
    faults = world.sandbox.twilio.faults
    faults.slow, faults.slow_s, faults.callbacks_lost = 0.7, 0.01, 0.6
    carrier = replace(world.context.carrier, db=small, places=Places(PLACES))
    phones: list[str] = []
    ends: Counter[str] = Counter()
    for round_ in range(ROUNDS):
        phones += await decide(world, round_)
        ends += await storm(world, dice, carrier)
        await all_connections_work(small)
        await nobody_idles_in_a_transaction(world)
        async with asyncio.timeout(1):
            assert await carrier.places.take(PLACES) == PLACES
        carrier.places.give_back(PLACES)
        if round_ % 2:
            await lapse(world)
        world.clock.move_to(world.clock.now() + timedelta(seconds=dice.choice([5, 60, 190])))
        await world.sandbox.twilio.pump()
    assert min(ends["cancelled"], ends["done"]) > TASKS / 4, "it was a storm, and not everything went down in it"

    faults.slow = 0.0
    await lapse(world)
    await world.play(world.clock.now() + timedelta(minutes=30))
    assert Counter(line["to"] for line in world.messages) == Counter(phones)
    async with world.db.transaction(world.agency.id) as tx:
        states = {row["status"] for row in await tx.all("SELECT DISTINCT status FROM notifications_log")}
    assert states <= {NotificationStatus.SENT, NotificationStatus.DELIVERED, NotificationStatus.READ}
