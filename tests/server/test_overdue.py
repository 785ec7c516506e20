"""How long an operation may take: it ends with a word, nothing of it stays, and an event that takes too long is not lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.graph.test_subscriptions import EVENTS, change
from tests.server.test_http import house, messages
from tests.server.test_limits import bounded
from tests.server.test_streams import PATIENCE, event, reading
from tests.world import World
from travel.database import Database, Transaction


@asynccontextmanager
async def locked(owner: Database, table: str) -> AsyncIterator[Transaction]:
    """Nobody can read or write the table."""
    async with owner.transaction() as tx:
        await tx.run(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield tx


CREATE = """
mutation($departure: String!) {
  createTrip(input: { traveller: { name: "Ana", phone: "+5491155550101" }, flight: "AR1303", origin: "EZE", destination: "MIA", departure: $departure }) {
    trip { id } userErrors { message }
  }
}
"""


async def busy(tx: Transaction) -> int:
    """Sessions of the application in the middle of a transaction."""
    found: int = await tx.value(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'bauhaus_login' AND xact_start IS NOT NULL"
    )
    return found


async def test_an_operation_that_takes_too_long_ends_and_is_rolled_back(world: World, owner: Database) -> None:
    body = {"query": CREATE, "variables": {"departure": "2026-03-12T10:00"}}
    headers = {"Authorization": f"Bearer {world.key}"}
    # The airports are read with the first trip.
    await world.book()
    async with house(world, operation_seconds=2) as http:
        # The last that is written: the trip stands already when it comes to that.
        async with locked(owner, "events") as tx:
            asking = asyncio.create_task(http.post("/graphql", json=body, headers=headers))
            while not await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert not asking.done()
            answer = await asking
            assert await busy(tx) == 0
        assert answer.status_code == 200
        assert answer.json()["data"] is None
        assert messages(answer) == ["The operation took longer than 2 seconds."]
        async with owner.transaction() as tx:
            assert await tx.value("SELECT count(*) FROM trips") == 1
        answer = await http.post("/graphql", json=body, headers=headers)
        assert answer.json()["data"]["createTrip"]["userErrors"] == []


async def test_an_operation_over_a_socket_or_a_stream_ends_too(world: World, owner: Database) -> None:
    document = "{ trips { totalCount nodes { id told { gate } traveller { optedOut } } } }"
    async with bounded(world, operation_seconds=2) as line, line.open() as socket:
        async with locked(owner, "trips") as tx:
            await socket.subscribe(document)
            answer = await socket.hear()
            assert answer["payload"]["errors"][0]["extensions"] == {"code": "OVERDUE"}
            assert (await socket.hear())["type"] == "complete"
            async with reading(line, document) as lines:
                name, payload = await event(lines)
                assert (name, payload["data"]) == ("next", None)
                assert "longer than 2 seconds" in payload["errors"][0]["message"]
            assert await busy(tx) == 0
        await socket.subscribe(document)
        assert (await socket.hear())["payload"]["data"]["trips"]["totalCount"] == 0


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "together"])
async def test_an_event_that_takes_too_long_closes_the_socket_so_that_it_is_asked_for_again(
    world: World, owner: Database, alone: bool
) -> None:
    trip = await world.book()
    cursor = (await world.data("{ agency { eventCursor } }"))["agency"]["eventCursor"]
    async with bounded(world, operation_seconds=2) as line, line.open() as socket:
        if not alone:
            await socket.subscribe(after=cursor)
            await socket.until("CaughtUp")
            async with locked_after(world, owner, trip):
                assert await socket.end() == 1013
        else:
            await change(world, trip, lodging="Hotel Azul")
            async with locked(owner, "trips"):
                await socket.subscribe(after=cursor)
                assert await socket.end() == 1013
        async with line.open() as again:
            await again.subscribe(EVENTS, after=cursor)
            assert [each["__typename"] for each in await again.until("CaughtUp")] == ["TripUpdated", "CaughtUp"]


@asynccontextmanager
async def locked_after(world: World, owner: Database, trip: Any) -> AsyncIterator[None]:
    """Change the trip, and let nobody read it: a lock that waits for a writer stands before every later reader."""
    async with owner.transaction() as tx:
        await tx.run("LOCK TABLE trips IN EXCLUSIVE MODE")
        writing = asyncio.create_task(change(world, trip, lodging="Hotel Azul"))
        async with asyncio.timeout(PATIENCE):
            while not await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                pass
        locking = asyncio.create_task(hold(owner, writing))
        while await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted") < 2:
            pass
    try:
        yield
    finally:
        locking.cancel()
        await asyncio.gather(locking, return_exceptions=True)
        await writing


async def hold(owner: Database, writing: "asyncio.Task[None]") -> None:
    async with locked(owner, "trips"):
        await asyncio.Event().wait()
