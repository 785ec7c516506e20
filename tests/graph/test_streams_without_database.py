"""The live streams while the database goes away under them: they go on, or their clients come back, and nothing is missed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from graph import subscriptions
from graph.live import Hub
from server.auth import Door
from tests.graph.test_subscriptions import PATIENCE, Line, cursor_of, head, line, numbers, publish
from tests.world import World
from travel.database import Database, Transaction

assert line, "a fixture of the streams"


class Wounded:
    """A database that fails once, in the way asyncpg does on a session that the server has ended."""

    def __init__(self, db: Database, error: Exception) -> None:
        self._db, self._errors = db, [error]

    @asynccontextmanager
    async def transaction(self, agency_id: UUID) -> AsyncIterator[Transaction]:
        async with self._db.transaction(agency_id) as tx:
            yield tx
            if self._errors and await tx.value("SELECT sequence FROM feed_heads"):
                raise self._errors.pop()


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionResetError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_reader_of_a_tail_outlives_a_session_that_ended(world: World, error: Exception) -> None:
    """It reads for all subscribers of an agency; without it they would wait for ever."""
    hub, agency_id = Hub(Wounded(world.db, error)), world.agency.id  # type: ignore[arg-type]
    stream = hub.events(agency_id, 0)
    waiting = asyncio.create_task(anext(stream))
    async with asyncio.timeout(PATIENCE):
        while not hub._tails:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await publish(world, agency_id)
        assert (await waiting).sequence == 1
    await stream.aclose()


@pytest.fixture
def torn(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """What the next looks at an event's trip raise, one after the other."""
    errors: list[Exception] = []
    really = subscriptions._trip

    async def sometimes(info: Any, trip_id: UUID) -> Any:
        if errors:
            raise errors.pop(0)
        return await really(info, trip_id)

    monkeypatch.setattr(subscriptions, "_trip", sometimes)
    return errors


@pytest.mark.parametrize("is_live", [True, False], ids=["together", "alone"])
async def test_an_event_that_a_lost_database_tore_is_no_hole(
    world: World, line: Line, torn: list[Exception], is_live: bool
) -> None:
    """Sent with errors in the place of its data, it would be one: the client would not even learn its number."""
    beginning = cursor_of(world, 0)
    torn.append(asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"))
    if not is_live:
        await world.book()
    with structlog.testing.capture_logs() as lines:
        async with line.open() as socket:
            await socket.subscribe(after=beginning)
            if is_live:
                assert (await socket.event())["__typename"] == "CaughtUp"
                await world.book()
            with pytest.raises(ConnectionClosed):
                await socket.hear()
            assert socket.connection.close_code == 1013
    # Once for the event, however many follow it: a restart of the database would fill the logs else.
    assert [each["event"] for each in lines if each["log_level"] == "error"] == ["resolver_failed"]
    async with line.open() as socket:
        await socket.subscribe(after=beginning)
        assert numbers((await socket.until("CaughtUp"))[:-1]) == list(range(1, await head(world) + 1))


async def test_a_fault_of_ours_is_told_in_its_event_and_the_stream_goes_on(
    world: World, line: Line, torn: list[Exception]
) -> None:
    """Coming back for it would only meet it again."""
    torn.append(ZeroDivisionError())
    async with line.open() as socket:
        await socket.subscribe()
        await socket.event()
        await world.book()
        message = await socket.hear()
        assert message["payload"]["errors"][0]["message"] == "Something went wrong on our side."
        assert (await socket.event())["sequence"] == 2


async def test_a_socket_whose_credential_cannot_be_checked_comes_back_later(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise ConnectionResetError

    monkeypatch.setattr(Door, "viewer", away)
    async with connect(line.url, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {line.key}"}}))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013, "not 4403, after which a client forgets its key"
