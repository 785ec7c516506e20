"""The door: a key opens it, a wrong one does not, and one that ends asks for another."""

import asyncio

import orjson
from playwright.async_api import Route, expect

from graph import schema as graph_schema
from graph import trusted
from sandbox.services import free_port
from tests.portal import typed
from tests.portal.conftest import Desk, looking, row, rows, sign_in
from tests.processes import wait_for
from tests.world import make_agency
from travel.clock import RealClock

REFUSED = "401"
KEY = "mutation Key($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }"
REVOKE = "mutation Revoke($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { userErrors { message } } }"


async def test_a_key_opens_the_board_and_stays_in_the_tab(desk: Desk) -> None:
    await desk.book()
    page = await desk.open()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tablero")
    await expect(rows(page)).to_have_count(1)
    await page.reload()
    await expect(rows(page)).to_have_count(1)
    other = await page.context.new_page()
    await other.goto(f"{desk.url}/portal/")
    await expect(other.locator("input[name=key]")).to_be_focused()
    await page.get_by_role("button", name="Salir").click()
    await expect(page.locator("input[name=key]")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0


async def test_a_wrong_key_is_refused_in_words(desk: Desk) -> None:
    desk.watched.expect(REFUSED)
    page = await (await desk.profile()).new_page()
    await page.goto(f"{desk.url}/portal/")
    await page.get_by_role("button", name="Entrar").click()
    await expect(page.get_by_role("alert")).to_have_text("Falta la clave.")
    await page.locator("input[name=key]").fill("bh_wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("no es válida")
    await expect(page.locator("input[name=key]")).to_be_focused()
    # What no header can carry is no missing server.
    await page.locator("input[name=key]").fill("")
    await page.get_by_role("button", name="Entrar").click()
    await expect(page.get_by_role("alert")).to_have_text("Falta la clave.")
    await page.locator("input[name=key]").fill("bh_’–")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("no es válida")


async def test_a_revoked_key_asks_for_another_and_goes_on_where_it_was(desk: Desk) -> None:
    desk.watched.expect(REFUSED)
    await desk.book()
    made = (await desk.ask(KEY, input={"name": "wall", "role": "VIEWER"}))["createApiKey"]
    page = await desk.open("#/board?search=ana", key=made["secret"])
    await expect(rows(page)).to_have_count(1)
    await desk.ask(REVOKE, input={"apiKeyId": made["apiKey"]["id"]})
    await expect(page.get_by_role("alert")).to_contain_text("dejó de ser válida")
    await expect(rows(page)).to_have_count(0)
    await sign_in(page, desk.key)
    await expect(rows(page)).to_have_count(1)
    await expect(page.get_by_role("searchbox")).to_have_value("ana")


async def test_a_late_refusal_of_a_key_does_not_end_the_next_one(desk: Desk) -> None:
    desk.watched.expect(REFUSED)
    page = await desk.open()
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        if (route.request.post_data_json or {}).get("operationName") == "Numbers":
            asked.set()
            await go_on.wait()
            await route.fulfill(status=401, body="{}")
        else:
            await route.continue_()

    await page.route("**/graphql", late)
    await page.get_by_role("link", name="Números").click()
    await asyncio.wait_for(asked.wait(), 15)
    await page.get_by_role("link", name="Tablero").click()
    await page.get_by_role("button", name="Salir").click()
    _, key = await make_agency(desk.db, RealClock(), "Sur Viajes")  # type: ignore[arg-type]
    await sign_in(page, key)
    async with page.expect_response(lambda answer: answer.status == 401):
        go_on.set()
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await expect(page.locator(".brand")).to_have_text("Sur Viajes")
    await page.unroute_all(behavior="wait")


async def test_another_agencys_key_shows_nothing_of_the_first(desk: Desk) -> None:
    await desk.book()
    page = await desk.open()
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("button", name="Salir").click()
    _, key = await make_agency(desk.db, RealClock(), "Sur Viajes")  # type: ignore[arg-type]
    await sign_in(page, key)
    await expect(page.locator(".brand")).to_have_text("Sur Viajes")
    await expect(page.get_by_text("No hay viajes que mostrar")).to_be_visible()
    await expect(rows(page)).to_have_count(0)


async def test_it_lives_from_trusted_documents_only(desk: Desk, tmp_path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(orjson.dumps(trusted.manifest(graph_schema.build(), typed.documents())))
    await desk.book()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    assert desk.house is not None
    given = {"TRUSTED_DOCUMENTS": str(manifest), "TRUSTED_DOCUMENTS_ONLY": "true", "PORT": str(port)}
    desk.house.start("strict", "server", **given)
    try:
        wait_for(f"{url}/readyz")
        async with looking(desk.browser, url, desk.key) as strict:
            page = await strict.open()
            await expect(row(page, "Ana Pérez")).to_be_visible()
            await desk.book("Beatriz Nunes", number=2)
            await expect(row(page, "Beatriz Nunes")).to_be_visible()
    finally:
        strict_server = desk.house.running.pop("strict")
        strict_server.terminate()
        strict_server.wait(15)
