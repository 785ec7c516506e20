"""A credential that ends takes its open sockets and streams with it, within ten seconds, and nobody else's."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import time_machine
from websockets.exceptions import ConnectionClosed

from tests.graph.test_subscriptions import NUMBERS, Line, Socket
from tests.server.issuer import claims, signed
from tests.server.test_streams import event, reading
from tests.world import World
from travel import tenancy
from travel.model import AgencyStatus, Role
from travel.records import agencies
from travel.records.keys import NewKey

PROMISED = 10
"""Seconds, of real time."""


@asynccontextmanager
async def following(line: Line, credential: str) -> AsyncIterator[tuple[Socket, AsyncIterator[str]]]:
    """A socket and a stream of one credential, both live, beside a socket of another that must stay."""
    async with line.open() as other, line.open(credential) as socket, reading(line, key=credential) as lines:
        await socket.subscribe(NUMBERS)
        await socket.event()
        await event(lines)
        yield socket, lines
        await other.subscribe("{ viewer { role } }")
        assert (await other.hear())["type"] == "next"


async def ends(socket: Socket, lines: AsyncIterator[str]) -> None:
    """Both end in time: the socket with a code after which clients come back, the stream without the word that it is complete."""
    async with asyncio.timeout(PROMISED):
        with suppress(ConnectionClosed):
            while True:
                await socket.hear()
        rest = [text async for text in lines]
    assert socket.connection.close_code == 4403
    assert not [text for text in rest if text.startswith("event:")]


async def key(world: World, expires_at: datetime | None = None) -> NewKey:
    return await tenancy.create_key(
        world.db, world.clock, world.agency.id, name="k", role=Role.VIEWER, expires_at=expires_at
    )


async def test_a_key_that_is_revoked(world: World, trusting_line: Line) -> None:
    made = await key(world)
    async with following(trusting_line, made.secret) as open_:
        await tenancy.revoke_key(world.db, world.clock, world.agency.id, made.key.id)
        await ends(*open_)


async def test_a_key_that_expires(world: World, trusting_line: Line) -> None:
    soon = world.clock.now() + timedelta(minutes=1)
    async with following(trusting_line, (await key(world, soon)).secret) as open_:
        world.clock.move_to(soon)
        await ends(*open_)


async def test_a_key_that_was_told_to_end_beside_its_successor(world: World, trusting_line: Line) -> None:
    old, new, soon = await key(world), await key(world), world.clock.now() + timedelta(hours=1)
    async with trusting_line.open(new.secret) as successor:
        async with following(trusting_line, old.secret) as open_:
            await tenancy.revoke_key(world.db, world.clock, world.agency.id, old.key.id, soon)
            world.clock.move_to(soon - timedelta(seconds=1))
            await open_[0].subscribe("{ viewer { role } }", "meanwhile")
            assert (await open_[0].hear())["type"] == "next"
            world.clock.move_to(soon)
            await ends(*open_)
        await successor.subscribe("{ viewer { role } }")
        assert (await successor.hear())["type"] == "next"


async def test_a_token_that_ends(world: World, trusting_line: Line) -> None:
    end = int(time.time()) + 60
    async with following(trusting_line, signed(claims(world.agency.id, exp=end))) as open_:
        with time_machine.travel(datetime.fromtimestamp(end, UTC), tick=True):
            await ends(*open_)


async def test_a_token_whose_agency_is_suspended(world: World, trusting_line: Line) -> None:
    other, _ = await world.another_agency()
    async with following(trusting_line, signed(claims(other.id))) as open_:
        async with world.db.transaction(other.id) as tx:
            await agencies.set_status(tx, other.id, AgencyStatus.SUSPENDED)
        await ends(*open_)
