"""Trips from a file: looked through before anything is sent, made once, and nothing lost where something goes wrong."""

import asyncio
import csv
import hashlib
import io
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Dialog, Locator, Page, Route, expect

from tests.portal.conftest import PICTURES, Desk, row, rows, sign_in
from tests.world import make_agency
from travel.clock import RealClock

KEY = "mutation K($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret userErrors { message } } }"
TRIPS = "{ trips(first: 100, orderBy: {field: CREATED, direction: ASC}) { totalCount nodes { id reference notes traveller { name phone language } flight { departure { scheduledAt airport { code } } } } } }"
ARCHIVE = "mutation A($id: ID!) { archiveTrip(input: {tripId: $id}) { userErrors { message } } }"
HEADER = "Nombre,Teléfono,Vuelo,Origen,Destino,Salida,Referencia,Notas"


def leaves(days: int = 5) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d} 14:05"


def line(name: str, number: int, flight: str = "AR1303", **given: str) -> str:
    """A row of a file of ours."""
    cells = {"phone": f"+549115555{number:04}", "origin": "EZE", "destination": "MIA", "departure": leaves(), **given}
    return f"{name},{cells['phone']},{flight},{cells['origin']},{cells['destination']},{cells['departure']},R-{number},"


def file(lines: Iterable[str], header: str = HEADER) -> str:
    return "\r\n".join([header, *lines]) + "\r\n"


async def choose(page: Page, content: str | bytes, name: str = "viajes.csv") -> None:
    """Choose a file, and wait until it has been looked through."""
    data = content.encode() if isinstance(content, str) else content
    await page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})
    await expect(page.locator(".counts:visible, .notice:visible").first).to_be_visible()
    await expect(page.get_by_text("Buscando los aeropuertos…")).to_have_count(0)


def of(page: Page, state: str) -> Locator:
    return page.locator(f"tbody tr[data-state={state}]")


def counted(page: Page, state: str) -> Locator:
    return page.locator(f".counts [data-state={state}]")


async def start(page: Page) -> None:
    await page.locator(".deeds .main").click()


async def finished(page: Page) -> None:
    await expect(page.get_by_text("La importación terminó")).to_be_visible(timeout=60_000)


async def trips(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.ask(TRIPS))["trips"]["nodes"]
    return found


async def how_many(desk: Desk) -> int:
    return int((await desk.ask(TRIPS))["trips"]["totalCount"])


def imports(act: Callable[[Route], Awaitable[None]]) -> Callable[[Route], Awaitable[None]]:
    """Do something to the requests that send rows, and nothing to the others."""

    async def route(asked: Route) -> None:
        mine = (asked.request.post_data_json or {}).get("operationName") == "ImportTrips"
        await (act(asked) if mine else asked.continue_())

    return route


async def test_good_rows_are_made_and_bad_ones_said_before_and_after(desk: Desk, tmp_path: Path) -> None:
    await desk.book("Carla Gómez", number=3, departure=datetime.fromisoformat(f"{leaves()}-03:00"))
    wall = await desk.open()
    page = await desk.open("#/import")
    await choose(
        page,
        file(
            [
                line("Ana Pérez", 1),
                line("", 2),
                line("Carla Gómez", 3),
                line("Dora Lima", 4, origin="QQQ"),
                line("Emilio Paz", 5, departure="2020-01-01 10:00"),
                line("Fabio Reis", 6, phone="5491155550106"),
                line("Gala Ríos", 7, flight="13"),
                line("Ana Pérez", 1),
                line("Hugo Sosa", 8),
            ]
        ),
    )
    for state, many in (("ready", 3), ("wrong", 5), ("same", 1)):
        await expect(of(page, state)).to_have_count(many)
    for name, why in (
        ("Dora Lima", "Origen: Ningún aeropuerto tiene este código"),
        ("Emilio Paz", "Salida: Esta salida ya pasó"),
        ("Fabio Reis", "Teléfono: No es un teléfono completo"),
        ("Gala Ríos", "Vuelo: No es un número de vuelo"),
    ):
        await expect(page.locator("tbody tr", has_text=name).locator(".why")).to_contain_text(why)
    await expect(of(page, "same").locator(".why")).to_have_text("Igual que la fila 2")
    assert await how_many(desk) == 1, "nothing is sent before somebody says so"

    await page.get_by_role("button", name="Importar 3 viajes").click()
    await finished(page)
    await expect(of(page, "made")).to_have_count(2)
    # What only the server knew stopped none of the others.
    await expect(of(page, "refused").locator(".why")).to_contain_text("Este viajero ya tiene un viaje en este vuelo")
    await expect(row(wall, "Hugo Sosa")).to_be_visible()
    assert await how_many(desk) == 3

    async with page.expect_download() as download:
        await page.get_by_role("button", name="Descargar las filas que fallaron").click()
    saved = tmp_path / "failed.csv"
    await (await download.value).save_as(saved)
    failed = list(csv.reader(io.StringIO(saved.read_text(encoding="utf-8-sig"))))
    assert failed[0] == [*HEADER.split(","), "Motivo"]
    assert [each[6] for each in failed[1:]] == ["R-2", "R-3", "R-4", "R-5", "R-6", "R-7"]
    assert "ya tiene un viaje" in failed[2][-1]
    # Mended, the same file is taken again.
    mended = saved.read_text(encoding="utf-8-sig").replace(",5491155550106", ",+5491155550106")
    await choose(page, mended)
    await expect(page.get_by_role("button", name="Importar 2 viajes")).to_be_visible()


async def test_the_same_file_again_makes_nothing_twice(desk: Desk) -> None:
    page = await desk.open("#/import")
    content = file(line(f"Viajero {n}", n, f"AR{1000 + n}") for n in range(30))
    await choose(page, content)
    await start(page)
    await finished(page)
    await expect(counted(page, "made")).to_have_text("Creado: 30")
    await choose(page, content)
    await start(page)
    await finished(page)
    await expect(counted(page, "before")).to_have_text("Ya estaba: 30")
    other = await desk.open("#/import", language="en")
    await choose(other, content)
    await other.get_by_role("button", name="Import 30 trips").click()
    await expect(counted(other, "before")).to_have_text("Was there: 30")
    assert await how_many(desk) == 30


async def test_a_row_whose_trip_was_archived_is_not_said_to_be_there(desk: Desk) -> None:
    page = await desk.open("#/import")
    content = file([line("Ana Pérez", 1), line("Bruno Díaz", 2, "AR1304")])
    await choose(page, content)
    await start(page)
    await finished(page)
    await desk.ask(ARCHIVE, id=(await trips(desk))[0]["id"])
    await choose(page, content)
    await start(page)
    await finished(page)
    await expect(counted(page, "before")).to_have_text("Ya estaba: 1")
    await expect(counted(page, "archived")).to_have_text("Se archivó: 1")
    await expect(of(page, "archived").locator(".why")).to_contain_text("la misma fila no lo crea otra vez")
    # It says what to do, and that does it.
    await choose(page, content.replace("R-1,", "R-1b,"))
    await start(page)
    await finished(page)
    await expect(counted(page, "made")).to_have_text("Creado: 1")


async def test_a_lost_line_is_waited_for_and_nothing_is_made_twice(desk: Desk) -> None:
    desk.watched.expect("ERR_FAILED", "ERR_INTERNET_DISCONNECTED")
    page = await desk.open("#/import")
    lost = 0

    async def lose(asked: Route) -> None:
        nonlocal lost
        lost += 1
        if lost in (2, 3):
            # The second request is done, but its answer gets lost; the third never arrives.
            if lost == 2:
                await asked.fetch()
            await asked.abort()
        else:
            await asked.continue_()

    await page.route("**/graphql", imports(lose))
    await choose(page, file(line(f"Viajero {n}", n, f"AR{1000 + n}") for n in range(50)))
    await start(page)
    await expect(page.get_by_text("El servidor no responde. Se intenta otra vez")).to_be_visible()
    await finished(page)
    await expect(counted(page, "made")).to_have_text("Creado: 50")
    assert await how_many(desk) == 50


async def test_a_reload_in_the_middle_is_gone_on_with_by_the_same_file(desk: Desk) -> None:
    page = await desk.open("#/import")
    warned: list[str] = []

    async def leave(dialog: Dialog) -> None:
        warned.append(dialog.type)
        await dialog.accept()

    page.on("dialog", leave)
    content = file(line(f"Viajero {n}", n, f"AR{1000 + n}") for n in range(80))
    sent, done = 0, asyncio.Event()

    async def hold(asked: Route) -> None:
        nonlocal sent
        sent += 1
        if sent != 3:
            await asked.continue_()
            return
        # The third request is done, and this page never hears of it.
        await asked.fetch()
        done.set()

    await page.route("**/graphql", imports(hold))
    await choose(page, content)
    await start(page)
    await expect(counted(page, "made")).to_have_text("Creado: 40")
    await done.wait()
    await page.reload()
    assert warned == ["beforeunload"]
    await choose(page, content)
    await start(page)
    await finished(page)
    await expect(counted(page, "before")).to_have_text("Ya estaba: 60")
    await expect(counted(page, "made")).to_have_text("Creado: 20")
    assert await how_many(desk) == 80


async def test_it_is_stopped_and_gone_on_with_and_outlasts_another_view(desk: Desk) -> None:
    page = await desk.open("#/import")
    await choose(page, file(line(f"Viajero {n:03}", n, f"AR{1000 + n}") for n in range(200)))
    await start(page)
    await page.get_by_role("button", name="Detener").click()
    await expect(page.get_by_text("Detenido.")).to_be_visible()
    made = await how_many(desk)
    assert 0 < made < 200
    await page.get_by_role("button", name="Continuar").click()
    await page.get_by_role("link", name="Tablero").click()
    await expect(rows(page).first).to_be_visible()
    await page.get_by_role("link", name="Importar").click()
    await finished(page)
    assert await how_many(desk) == 200


async def test_a_server_that_asks_to_wait_is_waited_for(desk: Desk) -> None:
    desk.watched.expect("429")
    page = await desk.open("#/import")
    asked_at: list[float] = []

    async def refuse(asked: Route) -> None:
        asked_at.append(datetime.now(UTC).timestamp())
        if len(asked_at) == 1:
            await asked.fulfill(status=429, headers={"Retry-After": "2"}, body="{}")
        else:
            await asked.continue_()

    await page.route("**/graphql", imports(refuse))
    await choose(page, file([line("Ana Pérez", 1)]))
    await start(page)
    await expect(page.get_by_text("El servidor pide esperar 2 s")).to_be_visible()
    await finished(page)
    assert asked_at[1] - asked_at[0] >= 2
    assert await how_many(desk) == 1


async def test_an_import_that_waits_ends_with_whoever_began_it(desk: Desk) -> None:
    """The next who signs in is of another agency, and gets none of its travellers."""
    desk.watched.expect("429")
    assert desk.db is not None
    _, key = await make_agency(desk.db, RealClock(), "Sur Viajes")  # type: ignore[arg-type]
    page = await desk.open("#/import")
    asked: list[str] = []

    async def refuse(route: Route) -> None:
        asked.append(route.request.headers["authorization"])
        if len(asked) == 1:
            await route.fulfill(status=429, headers={"Retry-After": "60"}, body="{}")
        else:
            await route.continue_()

    await page.route("**/graphql", imports(refuse))
    await choose(page, file(line(f"Viajero {n}", n, f"AR{1000 + n}") for n in range(30)))
    await start(page)
    await expect(page.get_by_text("El servidor pide esperar 60 s")).to_be_visible()
    await page.get_by_role("button", name="Salir").click()
    await sign_in(page, key)
    await expect(page.locator(".brand")).to_have_text("Sur Viajes")
    # What waits for the line goes on at once.
    await page.evaluate("dispatchEvent(new Event('online'))")
    await choose(page, file([line("Zoe Sur", 99)]))
    await start(page)
    await finished(page)
    assert asked == [f"Bearer {desk.key}", f"Bearer {key}"]
    assert await how_many(desk) == 0
    desk.key = key
    assert [each["traveller"]["name"] for each in await trips(desk)] == ["Zoe Sur"]


async def test_five_hundred_rows_are_made_while_the_page_answers(desk: Desk) -> None:
    page = await desk.open("#/import")
    obeyed = asyncio.Event()

    async def hold(asked: Route) -> None:
        await obeyed.wait()
        await asked.continue_()

    await page.route("**/graphql", imports(hold))
    await choose(page, file(line(f"Viajero {n:03}", n, f"AR{1000 + n}") for n in range(500)))
    await expect(page.locator("tbody tr")).to_have_count(500)
    await start(page)
    await page.get_by_label("Colores").select_option("dark")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await how_many(desk) == 0, "it obeyed before a row was made"
    obeyed.set()
    await finished(page)
    await expect(counted(page, "made")).to_have_text("Creado: 500")
    assert await how_many(desk) == 500


async def test_the_template_is_taken_as_it_comes(desk: Desk, tmp_path: Path) -> None:
    for language, button, example in (
        ("es", "Descargar la plantilla", "Ejemplo"),
        ("en", "Download the template", "Example"),
        ("pt", "Baixar o modelo", "Exemplo"),
    ):
        page = await desk.open("#/import", language=language)
        async with page.expect_download() as download:
            await page.get_by_role("button", name=button).click()
        saved = tmp_path / f"{language}.csv"
        await (await download.value).save_as(saved)
        assert saved.read_bytes().startswith(b"\xef\xbb\xbf")
        content = saved.read_text(encoding="utf-8-sig")
        await page.locator("input[type=file]").set_input_files(saved)
        await expect(counted(page, "example")).to_have_text(f"{example}: 1")
        # The example is nobody; with a reference of its own it would be somebody.
        await page.locator("input[type=file]").set_input_files(
            {"name": "mine.csv", "mimeType": "text/csv", "buffer": content.replace(example.upper(), "NV-17").encode()}
        )
        await expect(of(page, "ready")).to_have_count(1)
    assert await how_many(desk) == 0


async def test_a_day_that_does_not_exist_is_no_other_day(desk: Desk) -> None:
    page = await desk.open("#/import")
    year = datetime.now(UTC).year + 1
    days = (f"31/02/{year} 14:05", f"{year}-04-31 14:05", f"{year}-13-01 14:05", f"28/02/{year} 14:05")
    await choose(page, file(line("Ana Pérez", n, departure=each) for n, each in enumerate(days)))
    await expect(of(page, "wrong")).to_have_count(3)
    await expect(of(page, "ready")).to_have_count(1)
    await expect(of(page, "wrong").first.locator(".why")).to_contain_text("No es una hora de salida que exista")
    # It is shown as it was understood, not as another day.
    await expect(of(page, "wrong").first.locator(".departure")).to_have_text(f"{year}-02-31T14:05")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
async def test_files_are_read_as_spreadsheets_write_them(desk: Desk, encoding: str) -> None:
    page = await desk.open("#/import")
    day = datetime.now(UTC) + timedelta(days=9)
    content = (
        "Salida;NOMBRE;telefono;Idioma;Número de vuelo;desde;Hasta;notas\r\n"
        f'{day:%d/%m/%Y} 9:05;"Pérez; ""Ana""";+54 9 11 5555 0101;Português;ar 1303;saez;mia;"uno\r\ndos"\r\n'
        ";;;;;;;\r\n"
    )
    await choose(page, content.encode(encoding))
    await expect(of(page, "ready")).to_have_count(1)
    await start(page)
    await finished(page)
    [made] = await trips(desk)
    assert made["traveller"] == {"name": 'Pérez; "Ana"', "phone": "+5491155550101", "language": "PT"}
    assert made["flight"]["departure"]["scheduledAt"] == f"{day:%Y-%m-%d}T12:05:00Z"
    assert made["notes"].splitlines() == ["uno", "dos"]


async def test_what_is_dropped_is_taken_as_well(desk: Desk) -> None:
    page = await desk.open("#/import")
    given = await page.evaluate_handle(
        "text => { const all = new DataTransfer(); all.items.add(new File([text], 'viajes.csv', {type: 'text/csv'})); return all; }",
        file([line("Ana Pérez", 1)]),
    )
    await page.dispatch_event(".drop", "drop", {"dataTransfer": given})
    await expect(of(page, "ready")).to_have_count(1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "El archivo no tiene filas"),
        (HEADER, "El archivo no tiene filas"),
        ("Nombre,Vuelo\r\nAna,AR1303", "Faltan columnas: Teléfono, Origen, Destino, Salida"),
        (f'{HEADER}\r\n"Ana', "Hay comillas que no se cierran"),
        (file(line("Ana", 1) for _ in range(5001)), "El archivo es demasiado grande"),
    ],
    ids=["nothing", "header", "columns", "quotes", "large"],
)
async def test_a_file_that_cannot_be_read_is_said(desk: Desk, content: str, said: str) -> None:
    page = await desk.open("#/import")
    await choose(page, content)
    await expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    await choose(page, file([line("Ana Pérez", 1)]))
    await expect(page.get_by_text(said)).to_have_count(0)
    await expect(of(page, "ready")).to_have_count(1)


async def test_a_file_is_text_and_nothing_else(desk: Desk, tmp_path: Path) -> None:
    page = await desk.open("#/import")
    evil = ["<img src=x onerror=alert(1)>", '"=HYPERLINK(""http://evil.example"",""x"")"', "@SUM(A1)", "-2+3", "\t=1+1"]
    await choose(page, file(line(each, n, flight="?") for n, each in enumerate(evil)))
    await expect(of(page, "wrong")).to_have_count(len(evil))
    await expect(page.locator("tbody img")).to_have_count(0)
    await expect(page.locator("tbody .name").first).to_have_text("<img src=x onerror=alert(1)>")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Descargar las filas que fallaron").click()
    saved = tmp_path / "failed.csv"
    await (await download.value).save_as(saved)
    failed = list(csv.reader(io.StringIO(saved.read_text(encoding="utf-8-sig"))))[1:]
    # A spreadsheet shows these, and runs none; a phone number stays one.
    assert [each[0][0] for each in failed] == ["<", "'", "'", "'", "'"]
    assert failed[0][1] == "+5491155550000"


async def test_keys_of_rows_are_the_same_with_and_without_tls(desk: Desk) -> None:
    page = await desk.open("#/import")
    for text in ("", "abc", "ñandú" * 50, "x" * 55, "x" * 56, "x" * 64, "x" * 119):
        found = await page.evaluate("async text => (await import('./js/hash.js')).sha256(text)", text)
        assert found == hashlib.sha256(text.encode()).hexdigest(), text


async def test_who_may_only_look_is_told_what_it_needs(desk: Desk) -> None:
    made = (await desk.ask(KEY, input={"name": "wall", "role": "VIEWER"}))["createApiKey"]
    page = await desk.open("#/import", key=made["secret"])
    await expect(page.get_by_text("Para esto hace falta una clave de agente")).to_be_visible()
    await expect(page.locator("input[type=file]")).to_have_count(0)
    await expect(page.get_by_role("link", name="Importar", exact=True)).to_have_count(0)


async def test_it_is_used_on_a_phone_and_looked_at(desk: Desk) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    lines = [line(f"Viajero Fernández {n}", n, f"AR{1000 + n}") for n in range(40)]
    lines[2:5] = [line("", 2), line("Dora Lima", 4, origin="QQQ"), line("Viajero Fernández 1", 1, "AR1001")]
    for theme in ("light", "dark"):
        for name, width in (("", 1440), ("-phone", 390)):
            page = await desk.open("#/import", theme=theme, width=width)
            await page.screenshot(path=PICTURES / f"import{name}-{theme}.png")
            await choose(page, file(lines))
            await page.screenshot(path=PICTURES / f"import-preview{name}-{theme}.png")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await start(page)
            await finished(page)
            await page.screenshot(path=PICTURES / f"import-done{name}-{theme}.png")
