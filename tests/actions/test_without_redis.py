"""Redis wakes the workers and does nothing else: without it everything is done, a beat later."""

from dataclasses import replace
from uuid import uuid4

from jobs import delivery, landing, polling
from sandbox.services import free_port
from tests.world import World
from travel import enqueue
from travel.enqueue import Wakeups


async def test_a_wake_up_that_redis_does_not_take_is_counted_and_forgotten() -> None:
    redis = enqueue.connect(f"redis://127.0.0.1:{free_port()}/0")
    wakeups = Wakeups(redis)
    lost = enqueue.lost.labels("check_flight")
    before = lost._value.get()
    assert await wakeups.check_flight(uuid4()) is False
    assert lost._value.get() == before + 1
    # For a moment nobody asks it again, so that a thousand callers do not each wait for it.
    assert await wakeups.check_flight(uuid4()) is False
    assert lost._value.get() == before + 1
    await redis.aclose(close_connection_pool=True)


async def test_flights_are_watched_and_messages_sent_while_redis_is_away(world: World) -> None:
    redis = enqueue.connect(f"redis://127.0.0.1:{free_port()}/0")
    alone = replace(world.context, wakeups=Wakeups(redis))
    trip = await world.book()
    world.fly("ARG1303", trip.best_departure_at)
    await world.redis.flushall()
    assert await polling.check_due_flights(alone) + await landing.check_due_landings(alone) == 0
    assert await delivery.start_rounds(alone) == 1
    await delivery.end_rounds(alone)
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    world.clock.move_to(trip.best_departure_at - (trip.best_departure_at - world.clock.now()) / 2)
    assert await polling.check_due_flights(alone) == 1
    assert [record.source for record in await world.history(trip)] == ["AEROAPI"]
    await redis.aclose(close_connection_pool=True)
