"""The departures board: what it says, that it moves by itself, and that it is found again as it was left."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from tests.portal.conftest import Desk, cell, row, rows
from travel.database import Database

BUENOS_AIRES, MIAMI = ZoneInfo("America/Argentina/Buenos_Aires"), ZoneInfo("America/New_York")


def soon(**ahead: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**ahead)).replace(second=0, microsecond=0)


async def test_a_line_says_flight_route_local_times_and_what_was_told(desk: Desk) -> None:
    leaves = soon(days=2)
    trip = await desk.book("Ana Pérez", departure=leaves)
    page = await desk.open()
    await expect(cell(page, "Ana Pérez", "flight")).to_have_text("AR1303")
    await expect(cell(page, "Ana Pérez", "route")).to_contain_text("EZEMIA")
    await expect(cell(page, "Ana Pérez", "departs").locator("time")).to_have_text(
        f"{leaves.astimezone(BUENOS_AIRES):%H:%M}"
    )
    await expect(cell(page, "Ana Pérez", "phase")).to_have_text("Sin datos")
    await expect(cell(page, "Ana Pérez", "told")).to_have_text("Nada todavía")
    await desk.record(
        trip,
        departureEstimatedAt=leaves + timedelta(minutes=40),
        arrivalEstimatedAt=leaves + timedelta(hours=9),
        gateOrigin="B12",
    )
    departs = cell(page, "Ana Pérez", "departs")
    await expect(departs.locator("time")).to_have_text(
        f"{(leaves + timedelta(minutes=40)).astimezone(BUENOS_AIRES):%H:%M}"
    )
    await expect(departs.locator("s")).to_contain_text(f"{leaves.astimezone(BUENOS_AIRES):%H:%M}")
    await expect(cell(page, "Ana Pérez", "arrives").locator("time")).to_have_text(
        f"{(leaves + timedelta(hours=9)).astimezone(MIAMI):%H:%M}"
    )
    await expect(cell(page, "Ana Pérez", "gate")).to_have_text("B12")
    await expect(cell(page, "Ana Pérez", "delay")).to_contain_text("+40")
    await expect(row(page, "Ana Pérez")).to_have_attribute("data-mood", "late")


async def test_it_moves_by_itself(desk: Desk) -> None:
    page = await desk.open()
    await expect(page.get_by_text("No hay viajes que mostrar")).to_be_visible()
    first = await desk.book("Ana Pérez", departure=soon(days=2))
    await desk.book("Bruno Díaz", number=2, flight="AR1304", departure=soon(days=2, hours=1))
    await expect(rows(page)).to_have_count(2)
    await expect(rows(page).first).to_contain_text("Ana Pérez")
    await desk.record(first, departureEstimatedAt=soon(days=2, hours=3))
    await expect(rows(page).first).to_contain_text("Bruno Díaz")
    await desk.record(first, cancelled=True)
    await expect(cell(page, "Ana Pérez", "phase")).to_have_text("Cancelado")
    await desk.ask(
        "mutation A($input: ArchiveTripInput!) { archiveTrip(input: $input) { userErrors { message } } }",
        input={"tripId": first},
    )
    await expect(rows(page)).to_have_count(1)
    await expect(page.locator(".count")).to_have_text("1 viaje")


async def test_search_and_filters_ask_the_server_and_stay_in_the_address(desk: Desk) -> None:
    await desk.book("Ana Pérez", reference="NV-17")
    await desk.book("Bruno Díaz", number=2, flight="AR1304", departure=soon(hours=2))
    page = await desk.open()
    await expect(rows(page)).to_have_count(2)
    await page.get_by_role("searchbox").fill("nv-17")
    await expect(rows(page)).to_have_count(1)
    assert "search=nv-17" in page.url
    await page.get_by_role("searchbox").fill("")
    await expect(rows(page)).to_have_count(2)
    for status in ("En vuelo", "Cancelado", "Desviado", "Próximo"):
        await page.get_by_role("checkbox", name=status).set_checked(checked=False, force=True)
    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text("Bruno Díaz")
    shared = await desk.open(page.url.rpartition("/portal/")[2])
    await expect(rows(shared)).to_have_count(1)
    await expect(shared.get_by_role("checkbox", name="Próximo")).not_to_be_checked()
    await shared.get_by_role("link", name="Quitar filtros").click()
    await expect(rows(shared)).to_have_count(2)
    await shared.get_by_role("searchbox").fill("nobody at all")
    await expect(shared.get_by_text("Ningún viaje responde a estos filtros")).to_be_visible()


async def test_more_filters_are_a_day_a_flight_and_airports(desk: Desk) -> None:
    await desk.book("Ana Pérez", departure=soon(days=3))
    await desk.book("Bruno Díaz", number=2, flight="IB6844", origin="EZE", destination="MAD")
    page = await desk.open()
    await page.get_by_text("Más filtros").click()
    await page.get_by_label("Destino").fill("MAD")
    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text("Bruno Díaz")
    await page.get_by_label("Destino").fill("")
    await page.get_by_label("Sale el día").fill(f"{soon(days=3).astimezone(BUENOS_AIRES):%Y-%m-%d}")
    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text("Ana Pérez")


async def test_a_day_is_that_of_the_airport_of_departure(desk: Desk) -> None:
    """Early in Tokyo it is still yesterday for the reader, and a whole page of yesterday's trips lies in between."""
    day = (soon(days=4).astimezone(BUENOS_AIRES)).replace(hour=0, minute=0)
    await desk.book("Kenji Mori", flight="NH106", origin="HND", destination="LAX", departure=day - timedelta(hours=2))
    document = "mutation I($input: ImportTripsInput!) { importTrips(input: $input) { created failed } }"
    trips = [
        {
            "traveller": {"name": f"Traveller {n:03}", "phone": f"+549115556{n:04}"},
            "flight": f"AR{1000 + n}",
            "origin": "EZE",
            "destination": "MIA",
            "departure": (day + timedelta(minutes=n - 300)).isoformat(),
        }
        for n in range(250)
    ]
    assert (await desk.ask(document, input={"trips": trips}))["importTrips"]["created"] == 250
    await desk.book("Ana Pérez", number=2, departure=day + timedelta(hours=12))
    page = await desk.open(f"#/board?day={day:%Y-%m-%d}")
    await expect(page.locator(".count")).to_have_text("2 viajes")
    await expect(row(page, "Kenji Mori")).to_be_visible()
    await expect(row(page, "Ana Pérez")).to_be_visible()
    await page.get_by_label("Sale el día").fill(f"{day - timedelta(days=1):%Y-%m-%d}")
    await expect(page.locator(".count")).to_have_text("100 viajes, y hay más")
    await page.get_by_role("button", name="Mostrar más").click()
    await expect(page.locator(".count")).to_have_text("250 viajes")
    # What happens meanwhile is held against the same day.
    await desk.book("Hanako Abe", number=3, flight="NH108", origin="HND", destination="LAX", departure=day)
    await desk.book("Bruno Díaz", number=4, departure=day - timedelta(hours=1))
    await expect(row(page, "Bruno Díaz")).to_be_visible()
    await expect(row(page, "Hanako Abe")).to_have_count(0)
    await expect(row(page, "Kenji Mori")).to_have_count(0)


async def test_a_trip_that_nobody_watches_any_more_stays_on_the_board(desk: Desk, owner: Database) -> None:
    assert desk.agency is not None
    await desk.book()
    async with owner.transaction() as tx:
        await tx.run(
            "UPDATE flights SET watch = 'DONE', next_check_at = NULL WHERE id IN (SELECT flight_id FROM trips WHERE agency_id = :agency)",
            agency=desk.agency.id,
        )
    page = await desk.open()
    await expect(cell(page, "Ana Pérez", "phase")).to_be_visible()
    await expect(page.get_by_role("checkbox", name="Sin rastro")).to_be_checked()


async def test_a_trip_that_comes_into_a_search_appears(desk: Desk) -> None:
    page = await desk.open("#/board?search=bea")
    await expect(page.get_by_text("Ningún viaje responde")).to_be_visible()
    await desk.book("Ana Pérez")
    await desk.book("Beatriz Nunes", number=2)
    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text("Beatriz Nunes")


async def many(desk: Desk, leaves: datetime) -> None:
    """250 trips, a minute apart: two pages and a half."""
    document = "mutation I($input: ImportTripsInput!) { importTrips(input: $input) { created failed } }"
    trips = [
        {
            "traveller": {"name": f"Traveller {n:03}", "phone": f"+549115556{n:04}"},
            "flight": f"AR{1000 + n}",
            "origin": "EZE",
            "destination": "MIA",
            "departure": (leaves + timedelta(minutes=n)).isoformat(),
        }
        for n in range(250)
    ]
    assert (await desk.ask(document, input={"trips": trips}))["importTrips"]["created"] == 250


async def test_a_tall_screen_is_filled_without_scrolling(desk: Desk) -> None:
    await many(desk, soon(days=1))
    page = await desk.open()
    await expect(page.locator(".count")).to_have_text("100 de 250 viajes")
    # So tall that the end of the second page is near as well, as soon as it is there.
    await page.set_viewport_size({"width": 1440, "height": 12_000})
    await expect(rows(page)).to_have_count(250)


async def test_a_page_that_fails_says_so_and_is_asked_for_again(desk: Desk) -> None:
    await many(desk, soon(days=1))
    page = await desk.open()
    await expect(rows(page)).to_have_count(100)
    desk.watched.expect("ERR_FAILED")
    await page.route("**/graphql", lambda route: route.abort())
    await rows(page).last.scroll_into_view_if_needed()
    await expect(page.get_by_role("alert")).to_contain_text("El servidor no responde.")
    await expect(rows(page)).to_have_count(100)
    await page.unroute_all(behavior="wait")
    await page.get_by_role("button", name="Reintentar").click()
    await expect(rows(page)).to_have_count(200)
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_pages_come_by_cursor_and_live_trips_fall_into_place(desk: Desk) -> None:
    leaves = soon(days=1)
    await many(desk, leaves)
    page = await desk.open()
    await expect(page.locator(".count")).to_have_text("100 de 250 viajes")
    # A trip beyond the last page comes with its page; one within the first falls into place at once.
    await desk.book("Late Comer", number=1, flight="AR1900", departure=leaves + timedelta(minutes=900))
    await desk.book("Early Bird", number=2, flight="AR1901", departure=leaves - timedelta(minutes=5))
    await expect(rows(page).first).to_contain_text("Early Bird")
    await expect(row(page, "Late Comer")).to_have_count(0)
    for shown in (201, 252):
        await page.keyboard.press("End")
        await rows(page).last.scroll_into_view_if_needed()
        await expect(rows(page)).to_have_count(shown)
    await expect(rows(page).last).to_contain_text("Late Comer")
    names = await rows(page).locator(".name").all_text_contents()
    assert len(set(names)) == len(names)


async def test_it_is_walked_by_keyboard_alone(desk: Desk) -> None:
    for number, name in enumerate(("Ana Pérez", "Bruno Díaz", "Carla Gómez")):
        await desk.book(name, number=number, flight=f"AR130{number}", departure=soon(days=2, hours=number))
    page = await desk.open()
    await expect(rows(page)).to_have_count(3)
    links = page.locator("tbody a")
    await page.locator("body").press("ArrowDown")
    await expect(links.nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await page.keyboard.press("ArrowDown")
    await expect(links.nth(2)).to_be_focused()
    await page.keyboard.press("k")
    await expect(links.nth(1)).to_be_focused()
    await page.keyboard.press("Home")
    await expect(links.nth(0)).to_be_focused()
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(links.nth(0)).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await links.nth(0).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Ana Pérez")
    await page.go_back()
    await expect(rows(page)).to_have_count(3)


async def test_letters_can_be_left_to_those_who_dictate(desk: Desk) -> None:
    await desk.book()
    page = await desk.open()
    await page.get_by_role("button", name="Atajos de teclado").click()
    await page.get_by_label("Usar atajos de una sola tecla").uncheck()
    await page.get_by_role("button", name="Cerrar").click()
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox")).not_to_be_focused()


async def test_the_row_that_somebody_is_on_keeps_them_when_it_moves(desk: Desk) -> None:
    first = await desk.book("Ana Pérez", departure=soon(days=2))
    await desk.book("Bruno Díaz", number=2, flight="AR1304", departure=soon(days=2, hours=1))
    page = await desk.open()
    await expect(rows(page)).to_have_count(2)
    await row(page, "Ana Pérez").locator("a").focus()
    await desk.record(first, departureEstimatedAt=soon(days=2, hours=3))
    await expect(rows(page).first).to_contain_text("Bruno Díaz")
    await expect(row(page, "Ana Pérez").locator("a")).to_be_focused()


async def test_names_are_text_and_nothing_else(desk: Desk) -> None:
    name = "<img src=x onerror=alert(1)>"
    await desk.book("Ana Pérez")
    assert desk.db is not None
    assert desk.agency is not None
    # The API takes no such name; whatever comes to stand there by another way is text all the same.
    async with desk.db.transaction(desk.agency.id) as tx:
        await tx.run(
            "UPDATE trips SET traveller_name = :name WHERE agency_id = :agency", name=name, agency=desk.agency.id
        )
    page = await desk.open()
    await expect(rows(page).locator(".name")).to_have_text(name)


@pytest.mark.parametrize("width", [1024, 320])
async def test_arrivals_are_seen_and_nothing_touches_on_a_narrow_board(desk: Desk, width: int) -> None:
    leaves = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=2)
    trip = await desk.book("Ana Pérez", departure=leaves)
    comes = leaves + timedelta(hours=11)
    await desk.record(trip, departureEstimatedAt=leaves + timedelta(minutes=131), arrivalEstimatedAt=comes)
    page = await desk.open(width=width)
    await expect(cell(page, "Ana Pérez", "arrives").locator("time")).to_be_visible()
    await expect(cell(page, "Ana Pérez", "arrives").locator("time")).to_have_text(f"{comes.astimezone(MIAMI):%H:%M}")
    box = "cell => { const range = document.createRange(); range.selectNodeContents(cell); return range.getBoundingClientRect().toJSON(); }"
    phase, delay = [await cell(page, "Ana Pérez", name).evaluate(box) for name in ("phase", "delay")]
    assert phase["right"] < delay["left"] - 4 or phase["top"] >= delay["bottom"]


async def test_a_departure_by_another_clock_than_the_readers_says_by_which(desk: Desk) -> None:
    leaves = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=2)
    await desk.book("Ana Pérez", departure=leaves)
    await desk.book("Bruno Díaz", number=2, origin="MIA", destination="EZE", departure=leaves + timedelta(minutes=30))
    page = await desk.open()
    await expect(rows(page)).to_have_count(2)
    offset = int(leaves.astimezone(MIAMI).utcoffset().total_seconds() // 3600)  # type: ignore[union-attr]
    # The second line shows an earlier time than the first, and why.
    await expect(rows(page).nth(1).locator(".departs")).to_contain_text(f"GMT\u2212{-offset}")
    await expect(rows(page).nth(0).locator(".departs")).not_to_contain_text("GMT")


async def test_the_board_is_found_again_where_it_was_left(desk: Desk) -> None:
    base = soon(days=2)
    for n in range(130):
        await desk.book(f"Traveller {n:03}", number=n, flight=f"AR{1300 + n}", departure=base + timedelta(minutes=n))
    page = await desk.open("#/board?status=UPCOMING,LOST")
    await expect(rows(page)).to_have_count(100)
    await page.get_by_role("button", name="Mostrar más").scroll_into_view_if_needed()
    await expect(rows(page)).to_have_count(130)
    link = page.get_by_role("link", name="AR1415")
    drawn = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
    top = "link => Math.round(link.getBoundingClientRect().top)"
    for back in ("link", "history"):
        await link.scroll_into_view_if_needed()
        await page.evaluate(drawn)
        before = await link.evaluate(top)
        assert await page.evaluate("scrollY") > 2000
        await link.click()
        await expect(page.locator("h1")).to_contain_text("Traveller 115")
        await (page.go_back() if back == "history" else page.get_by_role("link", name="Volver al tablero").click())
        await expect(rows(page)).to_have_count(130)
        await expect(page).to_have_url(f"{desk.url}/portal/#/board?status=UPCOMING%2CLOST")
        await page.evaluate(drawn)
        assert abs(await link.evaluate(top) - before) < 20
