"""The reference clients as real programs in Node, against the real server, its real database and its restarts."""

import asyncio
import json
import os
import shutil
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph import ids
from tests.conftest import Services
from tests.processes import House, processes, wait_for
from tests.world import ANA, make_agency
from travel import booking
from travel.booking import TripChange
from travel.booking_form import TripForm
from travel.clock import VirtualClock
from travel.database import Database
from travel.enqueue import Wakeups
from travel.model import Agency, Language, Trip
from travel.records import feed

HERE = Path(__file__).parent
PATIENCE = 30
"""Seconds of the machine after which a test gives up; nothing waits for it to pass."""

PHONES = [f"{ANA[:-1]}{last}" for last in range(2, 7)]
"""Of five travellers on one flight."""


def trip(phone: str) -> dict[str, Any]:
    """What a client says to have a trip made."""
    departure = datetime.now(UTC) + timedelta(days=2)
    return {
        "traveller": {"name": "Ana Pérez", "phone": phone},
        "flight": "AR1303",
        "origin": "EZE",
        "destination": "MIA",
        "departure": departure.isoformat(),
    }


@pytest.fixture(scope="session")
def node() -> str:
    """Where Node is, with the packages of package-lock.json; else the test is skipped, and in CI it fails."""
    found = shutil.which("node")
    missing = "Node 20 or newer is not here." if found is None else "The Node packages are not here: make clients."
    if found is not None and (HERE / "node_modules" / "graphql-ws").exists():
        return found
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@dataclass
class Client:
    """A running script that says what it hears, one JSON value a line."""

    process: Process
    heard: list[dict[str, Any]] = field(default_factory=list)
    unasked: list[dict[str, Any]] = field(default_factory=list)
    """Of that, what no test has asked for yet; what two operations say comes in no certain order."""

    async def tell(self, order: str, **more: Any) -> None:
        """One order; what comes of it is heard."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"order": order, **more}).encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self, what: str, **like: Any) -> dict[str, Any]:
        """Listen until it says this, unless it has said so already."""

        def asked(said: dict[str, Any]) -> bool:
            return said["what"] == what and like.items() <= said.items()

        for said in filter(asked, self.unasked):
            self.unasked.remove(said)
            return said
        async with asyncio.timeout(PATIENCE):
            async for said in self.listen():
                if asked(said):
                    return said
                self.unasked.append(said)
        raise AssertionError(f"the client ended without a word of {what} {like}: {self.heard}")

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """All that it says until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said: dict[str, Any] = json.loads(line)
            self.heard.append(said)
            yield said

    def numbers(self) -> list[int]:
        """Which events it heard, without those that only say where the stream stands."""
        return [
            said["sequence"]
            for said in self.heard
            if said["what"] == "event" and said["__typename"] not in ("CaughtUp", "Resync")
        ]


@dataclass(kw_only=True)
class Line:
    """A real server, an agency of it, and what happens there while nobody serves."""

    house: House
    node: str
    db: Database
    clock: VirtualClock
    agency: Agency
    key: str

    @property
    def url(self) -> str:
        """Where the server is, before and after it starts again."""
        return self.house.environment["PUBLIC_URL"]

    @asynccontextmanager
    async def client(self, script: str, key: str | None = None) -> AsyncIterator[Client]:
        """A client that runs until the test is done with it."""
        environment = {"PATH": os.environ["PATH"], "URL": self.url, "KEY": key or self.key}
        process = await asyncio.create_subprocess_exec(
            self.node, str(HERE / script), stdin=PIPE, stdout=PIPE, env=environment
        )
        try:
            yield Client(process)
        finally:
            if process.returncode is None:
                process.kill()
            # Read to its end, the pipe is closed in order.
            await process.communicate()

    def stop(self, how: signal.Signals) -> None:
        """The server is gone, by SIGTERM or kill -9."""
        server = self.house.running.pop("server")
        server.send_signal(how)
        server.wait(15)

    def start(self) -> None:
        """The server is back, on the same port."""
        self.house.start("server", "server")
        wait_for(f"{self.url}/readyz")

    async def book(self, *, lodging: str, phone: str = ANA) -> Trip:
        """A trip, made behind the server's back."""
        form = TripForm(
            traveller_name="Ana Pérez",
            phone=phone,
            language=Language.ES,
            flight="AR1303",
            origin="EZE",
            destination="MIA",
            departure=(self.clock.now() + timedelta(days=2)).isoformat(),
            lodging=lodging,
        )
        return await booking.create_trip(self.db, Wakeups(None), self.clock, self.agency.id, form)

    async def lodge(self, trip: Trip, lodging: str) -> None:
        """A change of that trip, likewise."""
        change = TripChange(lodging=lodging)
        await booking.update_trip(self.db, Wakeups(None), self.clock, self.agency.id, trip.id, change)

    def id_of(self, trip: Trip) -> str:
        """As clients know it."""
        return ids.encode("Trip", trip.id)

    async def head(self) -> int:
        """How many events there are."""
        async with self.db.transaction(self.agency.id) as tx:
            return (await feed.head(tx, self.agency.id)).sequence


@pytest.fixture(scope="session")
def house(node: str, services: Services) -> Iterator[House]:
    """The server as a process of its own; a test that stops it starts it again."""
    assert node
    with processes(services.app_url, services.redis_url, speed=1) as running:
        yield running


@pytest.fixture
async def line(house: House, node: str, db: Database) -> Line:
    """An agency at the server."""
    clock = VirtualClock(datetime.now(UTC))
    agency, key = await make_agency(db, clock, "Norte Viajes")
    line = Line(house=house, node=node, db=db, clock=clock, agency=agency, key=key)
    if "server" not in house.running:
        line.start()
    return line
