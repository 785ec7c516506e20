"""A new trip: typed once, made once, refused where it is wrong, and on the board at once."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Page, Route, expect

from tests.portal.conftest import PICTURES, Desk, row, rows

KEY = "mutation K($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret userErrors { message } } }"
TRIPS = "{ trips(first: 10) { nodes { reference notes lodging traveller { name phone language } flight { departure { scheduledAt airport { code } } } } } }"
BUENOS_AIRES = ZoneInfo("America/Argentina/Buenos_Aires")


def in_days(days: int) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(second=0, microsecond=0)


async def type_trip(page: Page, **given: str) -> None:
    """What an agent types, field by field."""
    asked = {
        "traveller.name": "Ana Pérez",
        "traveller.phone": "+54 9 11 5555 0101",
        "flight": "AR1303",
        "origin": "EZE",
        "destination": "MIA",
        "departure": f"{in_days(3).astimezone(BUENOS_AIRES):%Y-%m-%dT%H:%M}",
        **given,
    }
    for name, value in asked.items():
        await page.locator(f"[name='{name}']").fill(value)


async def trips(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.ask(TRIPS))["trips"]["nodes"]
    return found


def mutations(named: str, act: Callable[[Route], Awaitable[None]]) -> Callable[[Route], Awaitable[None]]:
    """Do something to the requests of one document, and nothing to the others."""

    async def route(asked: Route) -> None:
        mine = (asked.request.post_data_json or {}).get("operationName") == named
        await (act(asked) if mine else asked.continue_())

    return route


async def test_a_trip_that_is_made_appears_on_the_board(desk: Desk) -> None:
    wall = await desk.open()
    page = await desk.open("#/new")
    await expect(page.get_by_label("Nombre")).to_be_visible()
    leaves = in_days(3)
    await type_trip(page, reference="NV-17", lodging="Hotel Sol", notes="Ventanilla\nSin gluten")
    await page.get_by_label("Idioma de los mensajes").select_option("PT")
    await expect(page.get_by_text("Hora local de Ezeiza")).to_be_visible()
    await page.get_by_role("button", name="Crear el viaje").click()
    await expect(page.get_by_role("heading", name="El viaje está creado")).to_be_visible()
    await expect(page.locator(".made-what")).to_contain_text("AR1303 · EZE – MIA")
    await expect(row(wall, "Ana Pérez")).to_be_visible()
    [made] = await trips(desk)
    assert made["traveller"] == {"name": "Ana Pérez", "phone": "+5491155550101", "language": "PT"}
    assert (made["reference"], made["lodging"], made["notes"]) == ("NV-17", "Hotel Sol", "Ventanilla\nSin gluten")
    # The time was typed as it is at Ezeiza.
    assert made["flight"]["departure"]["scheduledAt"] == f"{leaves:%Y-%m-%dT%H:%M:00Z}"
    link = page.get_by_role("link", name="Abrir el viaje")
    await expect(link).to_be_focused()
    await link.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Ana Pérez")


async def test_another_traveller_of_the_same_flight_needs_a_name_and_a_phone_only(desk: Desk) -> None:
    page = await desk.open("#/new")
    await type_trip(page)
    await page.get_by_role("button", name="Crear el viaje").click()
    await page.get_by_role("button", name="Otro viajero del mismo vuelo").click()
    await expect(page.get_by_label("Nombre")).to_be_focused()
    await expect(page.locator("[name=flight]")).to_have_value("AR1303")
    await page.get_by_label("Nombre").fill("Bruno Díaz")
    await page.get_by_label("Teléfono").fill("+5491155550102")
    await page.keyboard.press("Enter")
    await expect(page.locator(".made-what")).to_contain_text("Bruno Díaz")
    assert {each["traveller"]["name"] for each in await trips(desk)} == {"Ana Pérez", "Bruno Díaz"}


async def test_what_is_missing_is_said_at_its_field_and_the_first_is_gone_to(desk: Desk) -> None:
    page = await desk.open("#/new")
    await page.get_by_role("button", name="Crear el viaje").click()
    await expect(page.get_by_label("Nombre")).to_be_focused()
    for name in ("traveller.name", "traveller.phone", "flight", "origin", "destination", "departure"):
        field = page.locator(f"[name='{name}']")
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_have_accessible_description(re.compile("^Falta esto"))
    await type_trip(page)
    await expect(page.locator("[aria-invalid]")).to_have_count(0)


async def test_what_the_server_refuses_stands_at_its_fields(desk: Desk) -> None:
    page = await desk.open("#/new")
    # All of it has the right shape; only the server knows that it is wrong.
    await type_trip(
        page,
        **{"traveller.phone": "+54 11 0000", "origin": "QQQ", "destination": "QQX", "departure": "2020-01-01T10:00"},
    )
    await page.get_by_role("button", name="Crear el viaje").click()
    phone = page.get_by_label("Teléfono")
    await expect(phone).to_be_focused()
    for name, said in (
        ("traveller.phone", "No es un teléfono completo"),
        ("origin", "Ningún aeropuerto tiene este código"),
        ("destination", "Ningún aeropuerto tiene este código"),
        ("departure", "Esta salida ya pasó"),
    ):
        await expect(page.locator(f".ask-{name.replace('.', '-')} .wrong-text")).to_contain_text(said)
    assert await trips(desk) == []
    await type_trip(page)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="El viaje está creado")).to_be_visible()


async def test_a_traveller_who_has_the_trip_already_is_said(desk: Desk) -> None:
    leaves = in_days(3)
    await desk.book("Ana Pérez", number=101, departure=leaves)
    page = await desk.open("#/new")
    await type_trip(
        page, departure=f"{leaves.astimezone(BUENOS_AIRES):%Y-%m-%dT%H:%M}", **{"traveller.phone": "+5491155550101"}
    )
    await page.get_by_role("button", name="Crear el viaje").click()
    await expect(page.locator(".ask-flight .wrong-text")).to_have_text("Este viajero ya tiene un viaje en este vuelo")
    await expect(page.locator("[name=flight]")).to_be_focused()


async def test_a_double_click_makes_one_trip(desk: Desk) -> None:
    page = await desk.open("#/new")
    await type_trip(page)
    await page.get_by_role("button", name="Crear el viaje").dblclick()
    await expect(page.get_by_role("heading", name="El viaje está creado")).to_be_visible()
    assert len(await trips(desk)) == 1


async def made_unheard(desk: Desk) -> Page:
    """A form whose trip was made, though its answer was lost."""
    desk.watched.expect("ERR_FAILED")
    page = await desk.open("#/new")

    async def lose(asked: Route) -> None:
        await asked.fetch()
        await asked.abort()

    await page.route("**/graphql", mutations("CreateTrip", lose))
    await type_trip(page)
    await page.get_by_role("button", name="Crear el viaje").click()
    await expect(page.get_by_text("El servidor no responde.")).to_be_visible()
    await page.unroute("**/graphql")
    return page


async def test_a_retry_after_a_lost_answer_makes_one_trip(desk: Desk) -> None:
    page = await made_unheard(desk)
    await page.get_by_role("button", name="Crear el viaje").click()
    await expect(page.get_by_role("heading", name="El viaje está creado")).to_be_visible()
    assert len(await trips(desk)) == 1


async def test_what_is_changed_after_a_lost_answer_is_not_made_unseen(desk: Desk) -> None:
    page = await made_unheard(desk)
    await page.get_by_label("Teléfono").fill("+5491155550177")
    await page.get_by_role("button", name="Crear el viaje").click()
    await expect(page.get_by_text("Un intento anterior sí creó un viaje")).to_be_visible()
    assert len(await trips(desk)) == 1
    await page.get_by_role("link", name="Buscarlo en el tablero").click()
    await expect(rows(page)).to_have_count(1)


async def test_an_airport_is_found_by_its_city_and_by_keyboard(desk: Desk) -> None:
    page = await desk.open("#/new")
    field = page.get_by_role("combobox", name="Origen")
    await field.press_sequentially("são pau")
    await expect(page.locator("[role=option]").first).to_contain_text("GRU")
    await expect(field).to_have_attribute("aria-expanded", "true")
    await field.press("ArrowDown")
    active = await field.get_attribute("aria-activedescendant")
    await expect(page.locator(f"#{active}")).to_have_attribute("aria-selected", "true")
    await field.press("Enter")
    await expect(field).to_have_value("GRU")
    await expect(page.get_by_role("listbox")).to_have_count(0)
    await expect(page.get_by_text("Hora local de Sao Paulo")).to_be_visible()
    # Escape leaves what was typed; a pointer does as well as the keys.
    await field.fill("lima")
    await expect(page.locator("[role=option]").first).to_be_visible()
    await field.press("Escape")
    await expect(page.get_by_role("listbox")).to_have_count(0)
    await field.fill("jorge chavez")
    await page.get_by_role("option", name="LIM Lima").click()
    await expect(field).to_have_value("LIM")


async def test_what_was_typed_outlasts_another_view_and_another_language(desk: Desk) -> None:
    page = await desk.open("#/new")
    await type_trip(page)
    await page.get_by_role("link", name="Tablero").click()
    await page.get_by_role("link", name="Viaje nuevo").click()
    await expect(page.locator("[name='traveller.name']")).to_have_value("Ana Pérez")
    await page.get_by_label("Idioma", exact=True).select_option("en")
    await expect(page.get_by_role("heading", level=1)).to_have_text("New trip")
    await expect(page.locator("[name='traveller.name']")).to_have_value("Ana Pérez")
    await page.get_by_role("button", name="Make the trip").click()
    await expect(page.get_by_role("heading", name="The trip is made")).to_be_visible()


async def test_who_may_only_look_is_told_what_it_needs(desk: Desk) -> None:
    made = (await desk.ask(KEY, input={"name": "wall", "role": "VIEWER"}))["createApiKey"]
    page = await desk.open("#/new", key=made["secret"])
    await expect(page.get_by_text("Para esto hace falta una clave de agente")).to_be_visible()
    await expect(page.locator("form")).to_have_count(0)
    await expect(page.get_by_role("link", name="Viaje nuevo", exact=True)).to_have_count(0)


async def test_it_is_used_on_a_phone_and_looked_at(desk: Desk) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        for name, width in (("", 1440), ("-phone", 390)):
            page = await desk.open("#/new", theme=theme, width=width)
            await page.screenshot(path=PICTURES / f"new{name}-{theme}.png", full_page=True)
            await type_trip(page, origin="QQQ", **{"traveller.phone": "+54 11 0000"})
            await page.get_by_role("button", name="Crear el viaje").click()
            await expect(page.locator(".ask-origin .wrong-text")).to_be_visible()
            field = page.get_by_role("combobox", name="Destino")
            await field.fill("buenos")
            await expect(page.locator("[role=option]").first).to_be_visible()
            await page.screenshot(path=PICTURES / f"new-refused{name}-{theme}.png", full_page=True)
            await field.press("Escape")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await type_trip(page, flight=f"AR{1400 + width % 100 + len(theme)}")
            await page.get_by_role("button", name="Crear el viaje").click()
            await expect(page.get_by_role("heading", name="El viaje está creado")).to_be_visible()
            await page.screenshot(path=PICTURES / f"new-made{name}-{theme}.png", full_page=True)
