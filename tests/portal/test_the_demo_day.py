"""The stack of `make dev`: its demo day on the board, and pictures of every view for looking at."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from sandbox.services import free_port
from tests.portal.conftest import PICTURES, Desk, looking, rows

STARTS_WITHIN = 90
VIEWS = {"board": "#/board", "empty": "#/board?search=nobody", "landed": "#/board?status=LANDED"}
VIEWS |= {"new": "#/new", "import": "#/import"}
"""What is taken a picture of, by name; whoever adds a view adds it here."""
VIEWS |= {
    "numbers": "#/numbers?span=week",
    "settings": "#/settings",
    "wording": "#/settings/wording?type=DELAYED",
    "keys": "#/settings/keys",
    "phones": "#/settings/phones",
}


@pytest.fixture(scope="module")
def dev(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """`bauhaus dev`, in a folder of its own; what it announces."""
    assert chromium
    folder: Path = tmp_path_factory.mktemp("dev")
    process = announced = None
    try:
        # A machine that takes long to start comes too late for the first departures of its demo day.
        for _ in range(3):
            process = _start(folder)
            announced = _announced(folder, process)
            if announced is not None:
                break
        assert announced is not None, (folder / "log").read_text(encoding="utf-8")
        yield announced
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    given = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cli", "dev"],
            cwd=folder,
            env={**given, "PORT": str(free_port())},
            stdout=log,
            stderr=log,
        )


def _announced(folder: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any] | None:
    state, deadline = folder / ".bauhaus" / "dev.json", time.monotonic() + STARTS_WITHIN
    while not state.exists():
        if process.poll() is not None:
            return None
        assert time.monotonic() < deadline, (folder / "log").read_text(encoding="utf-8")
        time.sleep(0.1)
    announced: dict[str, Any] = json.loads(state.read_bytes())
    return announced


@pytest.fixture
async def demo(browser: Browser, dev: dict[str, Any]) -> AsyncIterator[Desk]:
    """The demo's agency."""
    async with looking(browser, dev["portal"].removesuffix("/portal/"), dev["key"]) as opened:
        yield opened


async def test_the_demo_day_moves_on_the_board(demo: Desk) -> None:
    page = await demo.open()
    await expect(rows(page).nth(20)).to_be_attached()
    told = "rows => rows.map(row => row.textContent).join()"
    before = await rows(page).evaluate_all(told)
    # Messages go out, and come back as sent, delivered and read.
    for state in ("DELIVERED", "READ"):
        await expect(page.locator(f".ticks[data-state={state}]").first).to_be_visible(timeout=60_000)
    await expect(page.locator("tr[data-mood=late]").first).to_be_visible(timeout=60_000)
    await expect(page.locator("tr[data-mood=gone]").first).to_be_visible(timeout=60_000)
    assert await rows(page).evaluate_all(told) != before
    await expect(page.locator(".pace")).to_have_text("×60")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_pictures_of_every_view(demo: Desk, theme: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    door = await (await demo.profile(theme=theme)).new_page()
    await door.goto(f"{demo.url}/portal/")
    await expect(door.locator("input[name=key]")).to_be_focused()
    await door.screenshot(path=PICTURES / f"sign-in-{theme}.png")
    for name, width in (("", 1440), ("-wall", 2560), ("-phone", 390)):
        page = await demo.open(theme=theme, width=width)
        for view, address in VIEWS.items():
            await page.goto(f"{demo.url}/portal/{address}")
            await expect(page.locator("h1")).to_be_visible()
            await expect(page.locator(".loading")).to_have_count(0)
            picture = PICTURES / f"{view}{name}-{theme}.png"
            await page.screenshot(path=picture)
            assert picture.stat().st_size > 10_000
        await page.context.close()
