"""docs/api.md: every example on the page is run against a real server, and answers what the page says it does.

A document is followed by its variables, where it has any, and by the answer; a subscription by a list of answers. `…` in an
answer stands for any text.
"""

import asyncio
import importlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from websockets.asyncio.client import connect

from graph.feed_cursor import FeedCursor
from tests.conftest import Services
from tests.incidents import ROOT
from tests.processes import House, processes
from tests.world import make_agency
from travel import booking
from travel.booking import TripChange
from travel.database import Database
from travel.enqueue import Wakeups

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
CLIENTS = ROOT / "tests" / "clients"
PATIENCE = 30
NOW = "2026-12-01T12:00:00+00:00"
"""When the page is read: its trips depart two days later."""

# One server for all of it, and one agency: the examples build on each other.
pytestmark = pytest.mark.xdist_group("api page")


@dataclass(frozen=True)
class Block:
    """A fenced block, and the line where it begins."""

    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Example:
    """What is run, and the JSON after it."""

    block: Block
    values: list[Any]


def blocks() -> Iterator[Block]:
    """All fenced blocks of the page, in order."""
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        yield Block(PAGE.count("\n", 0, found.start()) + 1, found[1], found[2])


def examples() -> list[Example]:
    """Each block that can be run, with the JSON that follows it."""
    found: list[Example] = []
    for block in blocks():
        if block.language == "json":
            found[-1].values.append(json.loads(block.text))
        else:
            found.append(Example(block, []))
    return found


def fits(shown: Any, real: Any) -> bool:
    """Whether an answer is the one that the page shows."""
    if isinstance(shown, dict):
        return isinstance(real, dict) and shown.keys() == real.keys() and all(fits(shown[k], real[k]) for k in shown)
    if isinstance(shown, list):
        return isinstance(real, list) and len(shown) == len(real) and all(map(fits, shown, real))
    if shown == "…":
        return isinstance(real, str) and real != ""
    return type(shown) is type(real) and bool(shown == real)


@dataclass(kw_only=True)
class Reader:
    """Somebody who tries out the page."""

    url: str
    key: str
    agency_id: UUID

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def ask(self, document: str, variables: dict[str, Any] | None) -> Any:
        """A query or a mutation, by POST."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            body = {"query": document, "variables": variables}
            answer = await client.post(f"{self.url}/graphql", json=body, headers=self.authorization)
        return answer.json()

    async def follow(self, document: str, variables: dict[str, Any], count: int) -> list[Any]:
        """The first answers of a subscription."""
        url = f"{self.url.replace('http', 'ws', 1)}/graphql"
        async with (
            asyncio.timeout(PATIENCE),
            connect(url, subprotocols=["graphql-transport-ws"], proxy=None) as socket,  # type: ignore[list-item]
        ):
            await socket.send(json.dumps({"type": "connection_init", "payload": self.authorization}))
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
            payload = {"query": document, "variables": variables}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            return [json.loads(await socket.recv())["payload"] for _ in range(count)]

    async def run(self, example: Example) -> Any:
        """What comes of a document or of a command of the shell."""
        if example.block.language == "sh":
            return await self.shell(example.block.text)
        document = example.block.text
        variables = example.values[0] if "$" in document else None
        if not document.startswith("subscription"):
            return await self.ask(document, variables)
        if variables == {"after": "<the beginning>"}:
            variables = {"after": FeedCursor(self.agency_id, 0).text()}
        return await self.follow(document, variables, len(example.values[-1]))

    async def shell(self, command: str) -> Any:
        """What a command says, as JSON; None if it says nothing."""
        environment = {"PATH": os.environ["PATH"], "URL": self.url, "KEY": self.key}
        process = await asyncio.create_subprocess_exec(
            "bash", "-euc", command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
        assert process.returncode == 0
        return json.loads(said) if said else None


@pytest.fixture(scope="module")
def house(services: Services) -> Iterator[House]:
    """The server as a process of its own, on the day of the page."""
    with processes(services.app_url, services.redis_url, speed=1, CLOCK_START=NOW) as running:
        yield running


@pytest.fixture
async def reader(house: House, db: Database) -> Reader:
    """The agency of the page."""
    agency, key = await make_agency(db, house.clock, "Norte Viajes")  # type: ignore[arg-type]
    return Reader(url=house.environment["PUBLIC_URL"], key=key, agency_id=agency.id)


async def test_every_example_answers_what_the_page_shows(reader: Reader) -> None:
    ran = [each for each in examples() if each.block.language in ("graphql", "sh")]
    assert len(ran) >= 10
    for example in ran:
        real = await reader.run(example)
        shown = example.values[-1] if example.values else None
        assert fits(shown, real), f"docs/api.md:{example.block.line}: {json.dumps(real, ensure_ascii=False, indent=2)}"


async def heard(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    """The lines that a script says."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        async for line in process.stdout:
            yield line.decode().strip()


SCRIPTS = [each.block for each in examples() if each.block.language == "js"]


@pytest.mark.parametrize("script", SCRIPTS, ids=["graphql-ws", "graphql-sse"])
async def test_a_script_of_the_page_follows(reader: Reader, house: House, db: Database, script: Block) -> None:
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules" / "graphql-ws").exists():
        assert not os.environ.get("CI"), "Node and its packages are here in CI"
        pytest.skip("Node or its packages are not here: make clients.")
    made = await reader.ask(*_trip())
    assert made["data"]["createTrip"]["userErrors"] == []
    environment = {"PATH": os.environ["PATH"], "URL": reader.url, "KEY": reader.key}
    process = await asyncio.create_subprocess_exec(
        node,
        "--input-type=module",
        "--eval",
        script.text,
        cwd=CLIENTS,
        stdout=subprocess.PIPE,
        env=environment,
    )
    lines = heard(process)
    try:
        assert (await anext(lines)).startswith("CaughtUp")
        async with db.transaction(reader.agency_id) as tx:
            trip_id = await tx.value("SELECT id FROM trips")
        change = TripChange(lodging="Hotel Uno")
        await booking.update_trip(db, Wakeups(None), house.clock, reader.agency_id, trip_id, change)  # type: ignore[arg-type]
        assert (await anext(lines)).startswith("TripUpdated")
    finally:
        process.kill()
        await process.communicate()


def _trip() -> tuple[str, dict[str, Any]]:
    example = next(each for each in examples() if "mutation" in each.block.text)
    return example.block.text, example.values[0]


def test_every_block_of_the_page_is_of_a_language_that_is_run():
    assert {block.language for block in blocks()} == {"sh", "json", "graphql", "js"}
    assert len(SCRIPTS) == 2
    assert len(re.findall(r"^```", PAGE, re.MULTILINE)) == 2 * len(list(blocks()))


def test_the_limits_of_the_page_are_those_of_the_code():
    rows = re.findall(r"^\| [^|]+ \| ([\d,]+) \| `([\w.]+)\.(\w+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) >= 7
    for value, module, name in rows:
        assert getattr(importlib.import_module(module), name) == int(value.replace(",", "")), name


@pytest.mark.parametrize(
    ("shown", "real", "same"),
    [
        ({"id": "…"}, {"id": "x"}, True),
        ({"id": "…"}, {"id": ""}, False),
        ({"id": "…"}, {"id": None}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1}, {"a": True}, False),
        ([1, 2], [1], False),
        (401, 401, True),
    ],
)
def test_an_answer_is_the_one_that_is_shown_or_it_is_not(shown, real, same):
    assert fits(shown, real) is same
