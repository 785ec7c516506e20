"""`python -m tests.chaos.stopping`: a server with thousands of sockets is told to stop, and one of them reads nothing.

Everybody is sent away with 1012 in waves, nobody waits for the stalled one, and the process is gone in ten seconds.
"""

import asyncio
import json
import resource
import socket
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from sandbox.services import Postgres, Valkey
from tests.chaos.storm import databases, prepared
from tests.chaos.streams import cast
from tests.chaos.streams.writers import Agency
from tests.processes import House, processes
from travel.database import Database
from travel.model import EventKind, News
from travel.records import feed

console = Console(highlight=False, width=120)

LOG = Path(tempfile.gettempdir()) / "bauhaus-stopping.log"
"""What the server said."""
GONE_SECONDS = 10.0
AT_ONCE = 100
"""Sockets that are opened at the same time."""
SPARE_FILES = 200
LIGHT = "subscription { events(kinds: [SETTINGS_UPDATED]) { __typename sequence } }"
HEAVY = f"""subscription {{ events {{ __typename sequence ... on TripUpdated {{ trip {{
{" ".join(f"n{number}: notes" for number in range(28))} }} }} }} }}"""
"""Some 56 kB an event, so that a few hundred fill every buffer between a server and a client that reads nothing."""
EVENTS = 200
FILLED_SECONDS = 1.5
"""The server cuts a reader that takes nothing off after five seconds; it is to be stopped before that."""


@dataclass(kw_only=True)
class Stop:
    """What one stop looked like from outside."""

    sockets: int = 0
    codes: Counter[int | None] = field(default_factory=Counter)
    stalled_code: int | None = None
    closed_at: list[float] = field(default_factory=list)
    """Seconds after SIGTERM."""
    gone_seconds: float = 0.0
    exit_code: int | None = None

    @property
    def holds(self) -> bool:
        """Everybody was told to come back, not all in one moment, and the process was gone in time."""
        waves = max(self.closed_at) - min(self.closed_at)
        return (
            self.codes == {1012: self.sockets}
            and self.stalled_code in (1006, 1012)
            and (waves > 1 or self.sockets < 1000)
            and self.gone_seconds <= GONE_SECONDS
        )


def possible(wanted: int) -> int:
    """How many sockets the limits of this machine allow: a client and a server have as many files open each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    room = 1_000_000 if most == resource.RLIM_INFINITY else most - SPARE_FILES
    return min(wanted, room)


async def run(wanted: int) -> Stop:
    """Fill a server with sockets, stall one, and stop it."""
    stop = Stop(sockets=possible(wanted))
    room = {name: str(stop.sockets + 1) for name in ("SOCKETS_PER_KEY", "SOCKETS_PER_PROCESS")}
    with LOG.open("wb") as log, Postgres.start() as postgres, Valkey.start() as valkey:
        urls = prepared(postgres)
        with processes(urls.app, valkey.url, speed=1, log=log, **room) as house:
            async with databases(urls) as (db, _, _):
                (agency,) = await cast.agencies(1, db, house.clock)
                stalled = await _enter(house, agency, HEAVY)
                connections = await _fill(house, agency, stop.sockets)
                stalled.transport.pause_reading()  # type: ignore[attr-defined]
                await _publish(db, agency)
                watching = [asyncio.create_task(_watch(each, stop)) for each in connections]
                await asyncio.sleep(FILLED_SECONDS)
                await _stop(house, stop, watching)
                stalled.transport.resume_reading()  # type: ignore[attr-defined]
                stop.stalled_code = await _until_closed(stalled)
    return stop


async def _fill(house: House, agency: Agency, count: int) -> list[ClientConnection]:
    places = asyncio.Semaphore(AT_ONCE)

    async def enter() -> ClientConnection:
        async with places:
            return await _enter(house, agency, LIGHT)

    return await asyncio.gather(*(enter() for _ in range(count)))


async def _enter(house: House, agency: Agency, document: str) -> ClientConnection:
    """A socket that follows, and has heard that it has caught up."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)
    port = int(house.environment["PORT"])
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
    connection = await connect(
        f"ws://127.0.0.1:{port}/graphql",
        sock=plain,
        subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
        proxy=None,
        compression=None,
        open_timeout=60,
        ping_interval=None,
    )
    await connection.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {agency.key}"}}))
    await connection.recv()
    await connection.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": document}}))
    await connection.recv()
    return connection


async def _publish(db: Database, agency: Agency) -> None:
    """Events that only the stalled one reads much of; it takes none."""
    for _ in range(EVENTS // 100):
        news = [News(kind=EventKind.TRIP_UPDATED, trip_id=agency.trips[0])] * 100
        async with db.transaction(agency.id) as tx:
            await feed.publish(tx, agency.id, news, cast.now())


async def _stop(house: House, stop: Stop, watching: list[asyncio.Task[float]]) -> None:
    process = house.running["server"]
    began = time.monotonic()
    process.terminate()
    stop.exit_code = await asyncio.to_thread(process.wait, 60)
    stop.gone_seconds = time.monotonic() - began
    stop.closed_at = [at - began for at in await asyncio.gather(*watching)]


async def _watch(connection: ClientConnection, stop: Stop) -> float:
    """Read until the server closes."""
    code = await _until_closed(connection)
    stop.codes[code] += 1
    return time.monotonic()


async def _until_closed(connection: ClientConnection) -> int | None:
    try:
        async with asyncio.timeout(60):
            while True:
                await connection.recv()
    except (ConnectionClosed, TimeoutError):
        return connection.close_code


def stopped(sockets: int) -> bool:
    """One stop with its summary; whether it was as it should be."""
    began = time.monotonic()
    stop = asyncio.run(run(sockets))
    console.print(
        f"stopping: {stop.sockets} sockets of {sockets} wanted, closed with {dict(stop.codes)} from {min(stop.closed_at):.1f} s to "
        f"{max(stop.closed_at):.1f} s after SIGTERM; the stalled one with {stop.stalled_code}; "
        f"the process was gone after {stop.gone_seconds:.1f} s (≤ {GONE_SECONDS:.0f} s) with {stop.exit_code}; took {time.monotonic() - began:.0f} s"
    )
    return stop.holds


def main(
    sockets: Annotated[int, typer.Option(help="How many; fewer where the limits say so.")] = 5000,
) -> None:
    """Stop a server with many sockets, one of them stalled."""
    raise typer.Exit(0 if stopped(sockets) else 1)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
