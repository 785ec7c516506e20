"""The line: lost, said so, found again with its cursor; and two browsers that never disagree."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.portal.conftest import Desk, cell, row, rows, sign_in
from travel import booking
from travel.booking import TripChange
from travel.booking_form import TripForm
from travel.clock import RealClock
from travel.enqueue import Wakeups
from travel.model import Language, Trip
from travel.records import feed


async def behind(desk: Desk, name: str, phone: str = "+5491155550199") -> Trip:
    """A trip that is made while nobody serves."""
    assert desk.db is not None
    assert desk.agency is not None
    form = TripForm(
        traveller_name=name,
        phone=phone,
        language=Language.ES,
        flight="AR1999",
        origin="EZE",
        destination="MIA",
        departure=(datetime.now(UTC) + timedelta(days=3)).isoformat(),
    )
    return await booking.create_trip(desk.db, Wakeups(None), RealClock(), desk.agency.id, form)


async def rename(desk: Desk, trip: Trip, name: str) -> None:
    """A change of that trip, likewise."""
    assert desk.db is not None
    assert desk.agency is not None
    await booking.update_trip(
        desk.db, Wakeups(None), RealClock(), desk.agency.id, trip.id, TripChange(traveller_name=name)
    )


async def never_loaded_again(page: Page) -> None:
    """Leave a mark that a reload would wipe away."""
    await page.evaluate("window.marked = true")


async def retry(page: Page) -> None:
    """Do not wait any longer, where it has not come back by itself."""
    await page.evaluate("document.querySelector('#line button')?.click()")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "restarted"])
async def test_a_lost_line_says_since_when_and_catches_up_without_a_reload(desk: Desk, how: signal.Signals) -> None:
    await desk.book()
    page = await desk.open()
    await expect(rows(page)).to_have_count(1)
    await never_loaded_again(page)
    desk.stop(how)
    line = page.locator("#line")
    await expect(line).to_have_attribute("data-state", "lost")
    await expect(line).to_contain_text("sin novedades desde las")
    await expect(rows(page)).to_have_count(1)
    trip = await behind(desk, "Meanwhile Made")
    await rename(desk, trip, "Meanwhile Renamed")
    again = page.get_by_role("button", name="Reintentar")
    await again.click()
    await expect(again).to_be_focused()
    desk.start()
    await retry(page)
    await expect(row(page, "Meanwhile Renamed")).to_be_visible()
    await expect(line).to_have_attribute("data-state", "live")
    await expect(page.locator("main")).to_be_focused()
    assert await page.evaluate("window.marked") is True


async def test_the_mark_stays_without_a_line(desk: Desk) -> None:
    page = await desk.open()
    mark = await page.locator(".brand img").element_handle()
    await page.get_by_role("link", name="Números").click()
    await expect(page.locator("h1")).to_have_text("Números")
    assert await page.locator(".brand img").evaluate("(now, before) => now === before && now.naturalWidth > 0", mark)


async def test_a_lost_line_says_how_long_ago_something_was_heard(desk: Desk) -> None:
    page = await desk.open()
    desk.stop()
    line = page.locator("#line")
    await expect(line).to_have_attribute("data-state", "lost")
    # Only now: a word that is heard after the hands were moved would be heard half an hour later.
    later = "minutes => { window.now ??= Date.now; Date.now = () => window.now() + minutes * 60000; }"
    await page.evaluate(later, 30)
    await expect(line).to_contain_text("hace 30 min")
    # And it grows while nothing else happens.
    await page.evaluate(later, 42)
    await expect(line).to_contain_text("hace 42 min")


async def test_it_comes_back_by_itself(desk: Desk) -> None:
    page = await desk.open()
    desk.stop()
    await expect(page.locator("#line")).to_have_attribute("data-state", "lost")
    desk.start()
    await expect(page.locator("#line")).to_have_attribute("data-state", "live", timeout=60_000)


async def lost(desk: Desk) -> Page:
    """A page that counts the sockets it opens, tries nothing by itself while it is `held`, and has lost its line."""
    page = await (await desk.profile()).new_page()
    await page.add_init_script(
        "window.opened = 0; window.WebSocket = new Proxy(WebSocket, { construct: (...given) => (window.opened++, Reflect.construct(...given)) })"
    )
    await page.add_init_script(
        "const later = setTimeout; window.setTimeout = (deed, ...how) => later(() => window.held || deed(), ...how)"
    )
    await page.goto(f"{desk.url}/portal/")
    await sign_in(page, desk.key)
    desk.stop()
    await expect(page.locator("#line")).to_have_attribute("data-state", "lost")
    return page


async def test_who_signed_out_is_not_connected_again(desk: Desk) -> None:
    page = await lost(desk)
    await page.get_by_role("button", name="Salir").click()
    await page.evaluate("window.opened = 0; dispatchEvent(new Event('online'))")
    await page.evaluate("new Promise(done => setTimeout(done))")
    desk.start()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await sign_in(page, desk.key)
    assert await page.evaluate("window.opened") == 1


async def test_several_signs_of_a_line_open_one_socket(desk: Desk) -> None:
    page = await lost(desk)
    # So that no try of the page's own comes between.
    await page.evaluate("window.held = true")
    desk.start()
    await page.evaluate(
        "window.opened = 0; for (let n = 0; n < 5; n++) dispatchEvent(new Event('online')); window.held = false"
    )
    await expect(page.locator("#line")).to_have_attribute("data-state", "live")
    assert await page.evaluate("window.opened") == 1


async def test_a_view_that_failed_is_read_again_when_the_line_is_back(desk: Desk) -> None:
    desk.watched.expect("ERR_FAILED")
    await desk.book()
    page = await desk.open("#/numbers")
    await page.route("**/graphql", lambda route: route.abort())
    await page.get_by_role("link", name="Tablero").click()
    failed = page.get_by_role("alert").filter(has_text="El servidor no responde.")
    await expect(failed).to_be_visible()
    desk.stop()
    await expect(page.locator("#line")).to_have_attribute("data-state", "lost")
    await page.unroute_all(behavior="wait")
    desk.start()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(rows(page)).to_have_count(1)
    await expect(failed).to_have_count(0)


async def test_a_resync_reads_everything_again_quietly(desk: Desk) -> None:
    await desk.book()
    page = await desk.open()
    await expect(rows(page)).to_have_count(1)
    await never_loaded_again(page)
    desk.stop()
    await expect(page.locator("#line")).to_have_attribute("data-state", "lost")
    await behind(desk, "Forgotten Event")
    assert desk.db is not None
    assert desk.agency is not None
    async with desk.db.transaction(desk.agency.id) as tx:
        assert await feed.forget(tx, desk.agency.id, datetime.now(UTC) + timedelta(days=1)) > 0
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    desk.start()
    await retry(page)
    await expect(row(page, "Forgotten Event")).to_be_visible()
    await expect(page.locator("#line")).to_have_attribute("data-state", "live")
    assert any("Resync" in frame for frame in frames)
    assert await page.evaluate("window.marked") is True
    # And it is live: what happens now is seen.
    await desk.book("After All", number=3, flight="AR1305")
    await expect(row(page, "After All")).to_be_visible()


async def test_two_browsers_side_by_side_never_disagree(desk: Desk) -> None:
    trips = [await desk.book(f"Traveller {n}", number=n, flight=f"AR13{n:02}") for n in range(8)]
    one, two = await desk.open(), await desk.open(width=1000)
    for page in (one, two):
        await expect(rows(page)).to_have_count(8)
    base = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=2)
    for turn in range(6):
        await asyncio.gather(
            *(
                desk.record(
                    trip,
                    departureEstimatedAt=base + timedelta(minutes=(n * 37 + turn * 61) % 240),
                    gateOrigin=f"{turn}{n}",
                )
                for n, trip in enumerate(trips)
            ),
            # One reads its pages anew in the midst of it.
            one.evaluate("document.dispatchEvent(new Event('visibilitychange'))"),
        )
    for n in range(8):
        for page in (one, two):
            await expect(cell(page, f"Traveller {n}", "gate")).to_have_text(f"5{n}")
    told = "rows => rows.map(row => [row.querySelector('.name').textContent, row.querySelector('.departs').textContent, row.querySelector('.gate').textContent].join())"
    assert await rows(one).evaluate_all(told) == await rows(two).evaluate_all(told)


async def test_an_older_answer_never_overwrites_a_newer_one(desk: Desk) -> None:
    """The answer to a page is held back while an event overtakes it."""
    trip = await desk.book()
    page = await desk.open()
    await expect(rows(page)).to_have_count(1)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(route) -> None:
        if "query Board" in (route.request.post_data or ""):
            answer = await route.fetch()
            asked.set()
            await go_on.wait()
            await route.fulfill(response=answer)
        else:
            await route.continue_()

    await page.route("**/graphql", slowly)
    await page.get_by_role("checkbox", name="Aterrizado").set_checked(checked=True, force=True)
    await asyncio.wait_for(asked.wait(), 15)
    await desk.record(trip, gateOrigin="NEW")
    await expect(cell(page, "Ana Pérez", "gate")).to_have_text("NEW")
    await expect(page.locator("#said")).to_contain_text("puerta")
    async with page.expect_event("requestfinished"):
        go_on.set()
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await expect(cell(page, "Ana Pérez", "gate")).to_have_text("NEW")
    await page.unroute_all(behavior="wait")
