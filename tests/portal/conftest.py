"""The portal in a real browser over the real stack: server, worker, stand-ins and databases as processes of their own.

Every page that a test opens is watched: an error in its console, a request to anywhere else or a breach of its policy fails the
test, unless the test said that it expects that.
"""

import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.conftest import Services
from tests.incidents import ROOT
from tests.processes import House, processes, wait_for
from tests.world import approve_templates, make_agency
from travel.clock import RealClock
from travel.database import Database
from travel.model import Agency

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 15
"""Seconds of the machine after which a test gives up; nothing waits for it to pass."""
PICTURES = ROOT / ".bauhaus" / "portal"

expect.set_options(timeout=PATIENCE * 1000)

MAKE = (
    "mutation Make($input: CreateTripInput!) { createTrip(input: $input) { trip { id } userErrors { message path } } }"
)
RECORD = """
mutation Record($input: RecordFlightStatusInput!) { recordFlightStatus(input: $input) { trip { id } userErrors { message path } } }
"""

CHANGE = """
mutation Q($input: UpdateAgencySettingsInput!) { updateAgencySettings(input: $input) { userErrors { message path } } }
"""
VERSION = "{ agency { settings { version } } }"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need a browser are marked, so that `make test` can leave them to `make test-portal`."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where a Chromium is; without one the tests are skipped, and in CI they fail."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    missing = "There is no Chromium: make test-portal installs one, or CHROMIUM says where it is."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One browser for all tests; each has a profile of its own."""
    async with async_playwright() as playwright:
        # A container has neither the rights for Chromium's sandbox nor much shared memory; pages are our own.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        opened = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        await opened.close()


@dataclass
class Watched:
    """What pages did that they should not have done."""

    origin: str
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, *patterns: str) -> None:
        """What the test itself brings about, such as a lost connection."""
        self.expected += patterns

    def watch(self, context: BrowserContext) -> None:
        """Listen to everything that pages of a profile do."""
        context.on("console", lambda said: said.type in ("error", "warning") and self.faults.append(said.text))
        context.on("weberror", lambda wrong: self.faults.append(f"uncaught: {wrong.error}"))
        context.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.origin, self.origin.replace("http", "ws"), "data:", "blob:")):
            self.faults.append(f"asked elsewhere: {url}")

    def unexpected(self) -> list[str]:
        """What nobody expected."""
        return [fault for fault in self.faults if not any(re.search(each, fault) for each in self.expected)]


@dataclass(kw_only=True)
class Desk:
    """An agency at a running server, and browsers that look at it."""

    browser: Browser
    url: str
    key: str
    watched: Watched
    house: House | None = None
    agency: Agency | None = None
    db: Database | None = None
    contexts: list[BrowserContext] = field(default_factory=list)

    async def profile(
        self, language: str = "es", theme: str = "light", width: int = 1440, **more: Any
    ) -> BrowserContext:
        """A browser of somebody's own, in Buenos Aires."""
        context = await self.browser.new_context(
            locale=language,
            color_scheme=theme,  # type: ignore[arg-type]
            timezone_id="America/Argentina/Buenos_Aires",
            viewport={"width": width, "height": 900},
            **more,
        )
        self.watched.watch(context)
        self.contexts.append(context)
        return context

    async def open(self, where: str = "", key: str | None = None, **profile: Any) -> Page:
        """The portal, signed in, at an address such as `#/board`."""
        page = await (await self.profile(**profile)).new_page()
        await page.goto(f"{self.url}/portal/{where}")
        await sign_in(page, key or self.key)
        return page

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """One operation of the agency's own program."""
        async with httpx.AsyncClient(trust_env=False) as http:
            headers = {"Authorization": f"Bearer {self.key}"}
            body = {"query": document, "variables": variables}
            answer = (await http.post(f"{self.url}/graphql", json=body, headers=headers)).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def book(self, name: str = "Ana Pérez", flight: str = "AR1303", **given: Any) -> str:
        """A trip from Ezeiza to Miami in two days, unless said otherwise; its id."""
        number = given.pop("number", 1)
        departure = given.pop("departure", datetime.now(UTC) + timedelta(days=2))
        row = {
            "traveller": {"name": name, "phone": f"+549115555{number:04}"},
            "flight": flight,
            "origin": "EZE",
            "destination": "MIA",
            "departure": departure.replace(second=0, microsecond=0).isoformat(),
            **given,
        }
        made = (await self.ask(MAKE, input=row))["createTrip"]
        assert made["userErrors"] == [], made
        return str(made["trip"]["id"])

    async def record(self, trip: str, **said: Any) -> None:
        """What an agent knows of a flight."""
        shown = {name: each.isoformat() if isinstance(each, datetime) else each for name, each in said.items()}
        made = (await self.ask(RECORD, input={"tripId": trip, **shown}))["recordFlightStatus"]
        assert made["userErrors"] == [], made

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """The server is gone."""
        assert self.house is not None
        server = self.house.running.pop("server")
        server.send_signal(how)
        server.wait(15)
        refused = ("ERR_CONNECTION_REFUSED", "WebSocket connection to", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
        self.watched.expect(*refused, "ERR_CONTENT_LENGTH_MISMATCH")  # The last: in the midst of an answer.

    def start(self) -> None:
        """The server is back, on the same port."""
        assert self.house is not None
        self.house.start("server", "server")
        wait_for(f"{self.url}/readyz")


async def sign_in(page: Page, key: str) -> None:
    """Give the page its key."""
    await page.locator("input[name=key]").fill(key)
    await page.keyboard.press("Enter")
    await expect(page.locator("#line")).to_have_attribute("data-state", "live")


def rows(page: Page) -> Locator:
    """The lines of the board."""
    return page.locator("tbody tr")


def row(page: Page, name: str) -> Locator:
    """The line of one traveller."""
    return rows(page).filter(has=page.locator(".name", has_text=name))


def cell(page: Page, name: str, column: str) -> Locator:
    """A cell of that line."""
    return row(page, name).locator(f".{column}")


@asynccontextmanager
async def looking(browser: Browser, url: str, key: str, **more: Any) -> AsyncIterator[Desk]:
    """A desk whose pages are closed at its end, and must have done nothing wrong by then."""
    desk = Desk(browser=browser, url=url, key=key, watched=Watched(url), **more)
    yield desk
    for context in desk.contexts:
        await context.close()
    assert desk.watched.unexpected() == []


@pytest.fixture(scope="session")
def house(chromium: str, services: Services) -> Iterator[House]:
    """The server as a process of its own; a test that stops it starts it again."""
    assert chromium
    with processes(services.app_url, services.redis_url, speed=1) as running:
        yield running


@pytest.fixture
async def desk(browser: Browser, house: House, db: Database) -> AsyncIterator[Desk]:
    """An agency without a trip, at a server of real time."""
    agency, key = await make_agency(db, RealClock(), "Norte Viajes")  # type: ignore[arg-type]
    if "server" not in house.running:
        house.start("server", "server")
        wait_for(f"{house.environment['PUBLIC_URL']}/readyz")
    async with looking(browser, house.environment["PUBLIC_URL"], key, house=house, agency=agency, db=db) as opened:
        yield opened


@pytest.fixture(scope="module")
def manned(chromium: str, services: Services) -> Iterator[House]:
    """Server, stand-ins and a worker: messages really go out, and come back as delivered, ten times as fast as in life."""
    assert chromium
    with processes(services.app_url, services.redis_url, speed=10) as running:
        running.start("worker", "worker")
        yield running


@pytest.fixture
async def office(browser: Browser, manned: House, db: Database, owner: Database) -> AsyncIterator[Desk]:
    """An agency that writes at every hour, by approved templates."""
    manned.control("PUT", "templates", await approve_templates(owner, manned.clock))  # type: ignore[arg-type]
    agency, key = await make_agency(db, RealClock(), "Norte Viajes")  # type: ignore[arg-type]
    async with looking(browser, manned.environment["PUBLIC_URL"], key, house=manned, agency=agency, db=db) as opened:
        await change_settings(opened, quietHoursStart="00:00", quietHoursEnd="00:00")
        yield opened


async def change_settings(desk: Desk, **changes: Any) -> None:
    """What the agency chooses from now on."""
    version = (await desk.ask(VERSION))["agency"]["settings"]["version"]
    made = await desk.ask(CHANGE, input={"version": version, **changes})
    assert made["updateAgencySettings"]["userErrors"] == []
