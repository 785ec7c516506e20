"""Settings: what an agency chooses is in force, what the server refuses stands at its field, and two people lose nothing."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Dialog, Locator, Page, Route, WebSocketRoute, expect

from tests.portal.conftest import Desk, sign_in
from tests.processes import House
from travel import tenancy

SETTINGS = "{ agency { settings { delayThresholdMinutes maxNotificationsPerHour timezoneOverride dailyAeroapiBudgetUsd features { name enabled } version } } }"
CHANGE = (
    "mutation C($input: UpdateAgencySettingsInput!) { updateAgencySettings(input: $input) { userErrors { message } } }"
)
KEY = "mutation K($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }"
WORD = "mutation W($input: SetMessageTemplateInput!) { setMessageTemplate(input: $input) { userErrors { message } } }"
SAVED = "Guardado: vale desde la próxima decisión."


async def settings(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.ask(SETTINGS))["agency"]["settings"]
    return found


async def elsewhere(desk: Desk, **values: Any) -> None:
    """Somebody else changes the settings."""
    version = (await settings(desk))["version"]
    changed = await desk.ask(CHANGE, input={"version": version, **values})
    assert changed["updateAgencySettings"]["userErrors"] == []


async def key_of(desk: Desk, role: str) -> str:
    return str((await desk.ask(KEY, input={"name": role.lower(), "role": role}))["createApiKey"]["secret"])


async def worded(desk: Desk, type_: str, language: str) -> str:
    """What the agency wrote for a type in a language."""
    found = (await desk.ask("{ agency { messageTemplates { type language body } } }"))["agency"]["messageTemplates"]
    return next(each["body"] for each in found if (each["type"], each["language"]) == (type_, language))


def setting(page: Page, name: str) -> Locator:
    """One setting with all that stands around it."""
    return page.locator(f"[data-setting={name}]")


async def save(page: Page) -> None:
    await page.get_by_role("button", name="Guardar").click()


async def test_what_is_changed_is_in_force_and_survives_a_reload(desk: Desk) -> None:
    page = await desk.open("#/settings")
    await page.get_by_label("Un retraso se avisa desde").fill("45")
    await page.get_by_label("Zona horaria fija").fill("America/Lima")
    await page.get_by_label("Presupuesto por día").fill("2.5")
    await page.get_by_label("Cambios de puerta").uncheck()
    await expect(page.get_by_text("4 cambios sin guardar")).to_be_visible()
    await save(page)
    await expect(page.get_by_text(SAVED)).to_be_visible()
    now = await settings(desk)
    assert (now["delayThresholdMinutes"], now["timezoneOverride"], now["dailyAeroapiBudgetUsd"]) == (
        45,
        "America/Lima",
        2.5,
    )
    assert {"name": "GATE_MESSAGES", "enabled": False} in now["features"]
    assert now["version"] == 2
    await page.reload()
    await expect(page.get_by_label("Un retraso se avisa desde")).to_have_value("45")
    await expect(page.get_by_label("Cambios de puerta")).not_to_be_checked()
    await page.get_by_label("Presupuesto por día").fill("")
    await page.get_by_label("Zona horaria fija").fill("")
    await save(page)
    await expect(page.get_by_text(SAVED)).to_be_visible()
    now = await settings(desk)
    assert (now["timezoneOverride"], now["dailyAeroapiBudgetUsd"]) == (None, None)


async def test_what_is_wrong_stands_at_its_field(desk: Desk) -> None:
    page = await desk.open("#/settings")
    delay, day = page.get_by_label("Un retraso se avisa desde"), page.get_by_label("En 24 horas, a lo sumo")
    # What anybody can see is said at once, all of it, and nobody is asked.
    await delay.fill("3")
    await day.fill("")
    await save(page)
    await expect(setting(page, "delayThresholdMinutes").locator(".wrong-text")).to_have_text("De 5 a 240.")
    await expect(setting(page, "maxNotificationsPerDay").locator(".wrong-text")).to_have_text("Falta un valor.")
    await expect(delay).to_be_focused()
    # What only the server knows comes back to the field that it names.
    await delay.fill("20")
    await day.fill("1")
    await save(page)
    await expect(setting(page, "maxNotificationsPerDay").locator(".wrong-text")).to_contain_text("no puede ser menor")
    await expect(day).to_be_focused()
    await expect(day).to_have_attribute("aria-invalid", "true")
    await page.get_by_role("button", name="Descartar").click()
    await page.get_by_label("Zona horaria fija").fill("Nowhere/Land")
    await page.keyboard.press("Enter")
    await expect(setting(page, "timezoneOverride").locator(".wrong-text")).to_contain_text("zona horaria IANA")
    await expect(page.get_by_label("Zona horaria fija")).to_be_focused()
    assert (await settings(desk))["version"] == 1


async def test_the_bounds_are_those_of_the_server(desk: Desk) -> None:
    page = await desk.open("#/settings")
    found = await page.evaluate(
        "async () => (await import('./js/settings/fields.js')).FIELDS.filter(each => each.kind === 'number').map(each => [each.name, [each.least, each.most]])"
    )
    assert dict(found) == {tenancy._camel(name): list(bounds) for name, bounds in tenancy.LIMITS.items()}


async def test_a_change_from_elsewhere_is_said_and_what_is_typed_stays(desk: Desk) -> None:
    page = await desk.open("#/settings")
    delay = page.get_by_label("Un retraso se avisa desde")
    await delay.fill("45")
    await elsewhere(desk, maxNotificationsPerHour=77)
    await expect(page.locator(".news")).to_contain_text("En 60 minutos, a lo sumo")
    await expect(page.get_by_label("En 60 minutos, a lo sumo")).to_have_value("77")
    await expect(delay).to_have_value("45")
    await expect(delay).to_be_focused()
    await save(page)
    await expect(page.get_by_text(SAVED)).to_be_visible()
    now = await settings(desk)
    assert (now["delayThresholdMinutes"], now["maxNotificationsPerHour"]) == (45, 77)


async def test_what_is_typed_outlives_another_view_and_another_language(desk: Desk) -> None:
    page = await desk.open("#/settings")
    await page.get_by_label("Un retraso se avisa desde").fill("45")
    await page.get_by_role("link", name="Tablero").click()
    await page.get_by_role("link", name="Ajustes").click()
    await expect(page.get_by_label("Un retraso se avisa desde")).to_have_value("45")
    await page.get_by_label("Idioma", exact=True).select_option("en")
    await expect(page.get_by_label("A delay is told from")).to_have_value("45")
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_label("A delay is told from")).to_have_value("15")


async def deaf(desk: Desk) -> tuple[Page, list[bool]]:
    """A page whose events can be held back: what another does reaches it by a refusal alone."""
    page, held = await (await desk.profile()).new_page(), [False]

    def between(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        server.on_message(lambda message: None if held[0] else route.send(message))

    await page.route_web_socket("**/graphql", between)
    await page.goto(f"{desk.url}/portal/#/settings")
    await sign_in(page, desk.key)
    return page, held


@pytest.mark.parametrize(("choice", "kept"), [("Dejar lo mío", 45), ("Tomar lo suyo", 60)])
async def test_a_conflict_between_two_browsers_is_shown_and_resolved(desk: Desk, choice: str, kept: int) -> None:
    one, (two, held) = await desk.open("#/settings"), await deaf(desk)
    await expect(two.get_by_label("Un retraso se avisa desde")).to_have_value("15")
    held[0] = True
    await one.get_by_label("Un retraso se avisa desde").fill("60")
    await one.get_by_label("En 60 minutos, a lo sumo").fill("77")
    await save(one)
    await expect(one.get_by_text(SAVED)).to_be_visible()
    await two.get_by_label("Un retraso se avisa desde").fill("45")
    await two.get_by_label("Embarque, antes de la salida").fill("50")
    await save(two)
    await expect(two.get_by_role("alert")).to_contain_text("Otra persona cambió lo mismo")
    clash = setting(two, "delayThresholdMinutes").locator(".meanwhile")
    await expect(clash).to_contain_text("de «15 min» a «60 min». Aquí dice «45 min»")
    await expect(two.get_by_label("En 60 minutos, a lo sumo")).to_have_value("77")
    await expect(clash.get_by_role("button", name="Dejar lo mío")).to_be_focused()
    # Nothing is sent while it is open what counts.
    await save(two)
    assert (await settings(desk))["version"] == 2
    await clash.get_by_role("button", name=choice).click()
    await expect(two.get_by_label("Un retraso se avisa desde")).to_have_value(str(kept))
    await save(two)
    await expect(two.get_by_text(SAVED)).to_be_visible()
    now = await settings(desk)
    assert (now["delayThresholdMinutes"], now["maxNotificationsPerHour"], now["version"]) == (kept, 77, 3)
    # The other browser sees it without being touched.
    await expect(one.get_by_label("Embarque, antes de la salida")).to_have_value("50")
    await expect(one.get_by_label("Un retraso se avisa desde")).to_have_value(str(kept))


async def test_a_template_is_read_in_three_languages_while_it_is_written(desk: Desk) -> None:
    await desk.book("Ana Pérez")
    page = await desk.open("#/settings/wording?type=DELAYED")
    texts = {"ES": "está demorado", "EN": "is delayed", "PT": "está atrasado"}
    for language, text in texts.items():
        await expect(page.locator(f"[data-language={language}] .bubble")).to_contain_text(text)
        await expect(page.locator(f"[data-language={language}] .bubble")).to_contain_text("Ana Pérez")
    english = page.get_by_role("region", name="Inglés")
    await english.get_by_label("Texto").fill("Dear {{1}}, sorry: ")
    await english.get_by_role("button", name="{{2}} AR1303").click()
    await expect(english.locator(".bubble")).to_have_text("Dear Ana Pérez, sorry: AR1303")
    # A refusal stands at the text.
    await english.get_by_label("Texto").fill("Dear {{9}}")
    await english.get_by_role("button", name="Guardar").click()
    await expect(english.locator(".field .wrong-text").first).to_contain_text("{{3}} departure")
    await expect(english.get_by_label("Texto")).to_be_focused()
    await english.get_by_label("Texto").fill("Dear {{1}}, {{2}} is late.")
    await english.get_by_role("button", name="Guardar").click()
    await expect(english.get_by_text("Guardado.")).to_be_visible()
    await page.reload()
    english = page.get_by_role("region", name="Inglés")
    await expect(english.get_by_label("Texto")).to_have_value("Dear {{1}}, {{2}} is late.")
    await expect(english.locator(".bubble")).to_have_text("Dear Ana Pérez, AR1303 is late.")
    # Without a text of its own the agency says what everybody says.
    await english.get_by_label("Texto").fill("")
    await english.get_by_role("button", name="Guardar").click()
    await expect(english.locator(".bubble")).to_contain_text("your flight AR1303 is delayed")


@pytest.mark.parametrize("mine", [True, False], ids=["mine", "theirs"])
async def test_two_who_word_the_same_choose_what_counts(desk: Desk, mine: bool) -> None:
    await desk.book("Ana Pérez")
    english: list[Locator] = []
    for _ in range(2):
        page = await desk.open("#/settings/wording?type=DELAYED")
        english.append(page.get_by_role("region", name="Inglés"))
    one, two = english
    await expect(two.get_by_label("Texto")).to_be_visible()
    # Whoever is alone is asked nothing, however often they save.
    for text in ("One.", "One again."):
        await one.get_by_label("Texto").fill(text)
        await one.get_by_role("button", name="Guardar").click()
        await expect(one.locator(".bubble")).not_to_have_attribute("data-typed", "")
        await expect(one.get_by_text("Guardado.")).to_be_visible()
    await two.get_by_label("Texto").fill("Two.")
    await two.get_by_role("button", name="Guardar").click()
    await expect(two.get_by_role("alert")).to_contain_text("Falta decidir qué vale")
    await expect(two.locator(".meanwhile")).to_contain_text("One again.")
    await expect(two.get_by_label("Texto")).to_have_value("Two.")
    assert await worded(desk, "DELAYED", "EN") == "One again."
    # It is still open after another view.
    page = two.page
    await page.get_by_role("link", name="Tablero").click()
    await page.go_back()
    await expect(two.locator(".meanwhile")).to_contain_text("One again.")
    await expect(two.get_by_label("Texto")).to_have_value("Two.")
    await two.get_by_role("button", name="Dejar lo mío" if mine else "Tomar lo suyo").click()
    await expect(two.locator(".meanwhile")).to_be_hidden()
    if not mine:
        await expect(two.get_by_label("Texto")).to_have_value("One again.")
        await expect(two.get_by_role("button", name="Guardar")).to_be_disabled()
        return
    await two.get_by_role("button", name="Guardar").click()
    await expect(two.get_by_text("Guardado.")).to_be_visible()
    assert await worded(desk, "DELAYED", "EN") == "Two."


@pytest.fixture
def worker(house: House) -> Iterator[House]:
    """Somebody who sends."""
    house.start("worker", "worker")
    yield house
    house.kill("worker")


async def test_a_test_message_arrives_at_the_stand_in(desk: Desk, worker: House) -> None:
    # Who never wrote to the agency is reached by an approved template alone.
    sid = f"HX{7:032x}"
    worker.control("PUT", "templates", {sid: "Mensaje de prueba de {{1}}: las notificaciones de viaje funcionan."})
    worded = await desk.ask(WORD, input={"type": "TEST", "language": "ES", "contentSid": sid})
    assert worded["setMessageTemplate"]["userErrors"] == []
    page = await desk.open("#/settings/phones")
    test = page.locator(".group").filter(has=page.get_by_role("heading", name="Mensaje de prueba"))
    await test.get_by_label("Teléfono").fill("12")
    await test.get_by_role("button", name="Enviar la prueba").click()
    await expect(test.locator(".field .wrong-text").first).to_contain_text("formato internacional")
    await expect(test.get_by_label("Teléfono")).to_be_focused()
    await test.get_by_label("Teléfono").fill("+5491155550999")
    await test.get_by_role("button", name="Enviar la prueba").click()
    await expect(test.locator(".bubble")).to_contain_text("Norte Viajes")
    await expect(test.locator(".tried")).to_have_attribute("data-state", "DELIVERED", timeout=40_000)
    assert any("+5491155550999" in str(each) for each in worker.messages())


async def test_an_opt_out_is_respected_and_taken_back(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez", number=7)
    page = await desk.open("#/settings/phones")
    place = page.locator(".group").filter(has=page.get_by_role("heading", name="Bajas"))
    stands = "query T($id: ID!) { trip(id: $id) { traveller { optedOut } } }"
    for button, said, opted_out in (
        ("No escribirle más", "no recibe más mensajes", True),
        ("Volver a escribirle", "vuelve a recibir", False),
    ):
        await place.get_by_label("Teléfono").fill("+5491155550007")
        await place.get_by_role("button", name=button).click()
        await expect(place.get_by_role("listitem").first).to_contain_text(said)
        assert (await desk.ask(stands, id=trip))["trip"]["traveller"]["optedOut"] is opted_out


async def test_a_key_is_shown_once_and_opens_and_a_revoked_one_does_not(desk: Desk) -> None:
    desk.watched.expect("401")
    page = await desk.open("#/settings/keys")
    await page.get_by_role("button", name="Crear una clave").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Crear una clave").click()
    await expect(dialog.locator(".field .wrong-text").first).to_contain_text("1 a 100 caracteres")
    await dialog.get_by_label("Nombre").fill("Pared")
    await dialog.get_by_label("Permiso").select_option("VIEWER")
    await dialog.get_by_role("button", name="Crear una clave").click()
    await expect(page.get_by_role("button", name="Copiar")).to_be_focused()
    secret = await page.locator("input[name=secret]").input_value()
    assert secret.startswith("bh_")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Copiar").click()
    await expect(page.get_by_text("Copiada.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == secret
    await expect(page.locator("tr[data-key=Pared]")).to_contain_text("nunca")
    other = await desk.open(key=secret)
    await expect(other.locator("h1")).to_have_text("Tablero")
    await page.reload()
    await expect(page.locator("tr[data-key=Pared]")).to_be_visible()
    await expect(page.locator("input[name=secret]")).to_have_count(0)
    assert secret not in await page.content()
    await page.get_by_role("button", name="Revocar Pared").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancelar").click()
    await expect(page.get_by_role("button", name="Revocar Pared")).to_be_focused()
    await page.get_by_role("button", name="Revocar Pared").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revocar").click()
    await expect(page.get_by_text("Pared ya no abre.")).to_be_visible()
    await expect(page.get_by_role("button", name="Crear una clave")).to_be_focused()
    await expect(other.get_by_role("alert")).to_contain_text("dejó de ser válida")
    await other.locator("input[name=key]").fill(secret)
    await other.keyboard.press("Enter")
    await expect(other.get_by_role("alert")).to_contain_text("no es válida")


async def make_key(page: Page, name: str) -> None:
    """Order a key, without waiting for it."""
    await page.locator("main .actions").first.get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("input[name=keyName]").fill(name)
    await dialog.get_by_role("button").first.click()


async def test_a_secret_stays_until_somebody_has_kept_it(desk: Desk) -> None:
    page = await desk.open("#/settings/keys")
    secrets = page.locator("input[name=secret]")
    await make_key(page, "Pared")
    await expect(secrets).to_have_count(1)
    await make_key(page, "Mesa")
    await expect(secrets).to_have_count(2)
    shown = await secrets.evaluate_all("all => all.map(each => each.value)")
    await page.get_by_label("Idioma", exact=True).select_option("en")
    await expect(page.get_by_text("New key: Mesa")).to_be_visible()
    await page.get_by_role("link", name="Board").click()
    await expect(secrets).to_have_count(0)
    await page.go_back()
    await expect(secrets).to_have_count(2)
    assert await secrets.evaluate_all("all => all.map(each => each.value)") == shown
    assert shown[0] not in await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    await page.get_by_role("button", name="I have kept it").first.click()
    await expect(secrets).to_have_count(1)
    await expect(secrets).to_have_value(shown[1])
    # With whoever made them they are gone.
    await page.get_by_role("button", name="Sign out").click()
    await sign_in(page, desk.key)
    await expect(page.locator("tr[data-key=Mesa]")).to_be_visible()
    await expect(secrets).to_have_count(0)


async def test_a_secret_whose_answer_comes_after_another_view_is_still_shown(desk: Desk) -> None:
    page = await desk.open()
    await page.get_by_role("link", name="Ajustes").click()
    await page.get_by_role("link", name="Claves").click()
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        if (route.request.post_data_json or {}).get("operationName") == "MakeKey":
            asked.set()
            await go_on.wait()
        await route.continue_()

    await page.route("**/graphql", slowly)
    await make_key(page, "Pared")
    await asyncio.wait_for(asked.wait(), 15)
    await page.go_back()
    await expect(page.locator("[data-setting]").first).to_be_visible()
    async with page.expect_response(lambda answer: "createApiKey" in (answer.request.post_data or "")):
        go_on.set()
    await page.go_forward()
    await expect(page.locator("input[name=secret]")).to_have_value(re.compile("^bh_"))
    await page.unroute_all(behavior="wait")


async def test_a_key_is_replaced_while_the_old_one_still_opens(desk: Desk) -> None:
    old = str((await desk.ask(KEY, input={"name": "Pared", "role": "VIEWER"}))["createApiKey"]["secret"])
    page = await desk.open("#/settings/keys")
    await page.get_by_role("button", name="Reemplazar Pared").click()
    await page.get_by_role("dialog").get_by_label("abre todavía").select_option("1")
    await page.get_by_role("dialog").get_by_role("button", name="Reemplazar").click()
    new = await page.locator("input[name=secret]").input_value()
    await expect(page.get_by_text("La clave anterior termina")).to_be_visible()
    await expect(page.locator("tr[data-key=Pared]")).to_have_count(2)
    for key in (old, new):
        opened = await desk.open(key=key)
        await expect(opened.locator("h1")).to_have_text("Tablero")
    ends = "{ agency { apiKeys { name expiresAt } } }"
    found = [each["expiresAt"] for each in (await desk.ask(ends))["agency"]["apiKeys"] if each["name"] == "Pared"]
    assert [each is None for each in found] == [True, False]


async def test_a_viewer_sees_and_cannot_change(desk: Desk) -> None:
    await desk.book("Ana Pérez")
    page = await desk.open("#/settings", key=await key_of(desk, "VIEWER"))
    await expect(setting(page, "delayThresholdMinutes")).to_have_text("15 min")
    await expect(page.get_by_text("hace falta una clave de administración")).to_be_visible()
    for part in ("", "/wording", "/keys", "/phones"):
        await page.goto(f"{desk.url}/portal/#/settings{part}")
        await expect(page.locator(".needs").first).to_be_visible()
        await expect(page.locator(".loading")).to_have_count(0)
        await expect(page.locator("main form, main textarea, main input")).to_have_count(0)
    await page.goto(f"{desk.url}/portal/#/settings/wording?type=BOARDING")
    await expect(page.locator(".bubble")).to_have_count(3)


@pytest.mark.parametrize("width", [320, 390, 768, 1440, 3840])
async def test_nothing_is_cut_off_at_any_width(desk: Desk, width: int) -> None:
    await desk.book("Maximiliano Fernández de la Cruz y Almagro")
    page = await desk.open("#/settings", width=width)
    small = "all => all.filter(each => each.checkVisibility() && (({width, height}) => width < 24 || height < 24)(each.getBoundingClientRect())).map(each => each.outerHTML)"
    for part, there in (
        ("", "[data-setting]"),
        ("/wording", ".bubble"),
        ("/keys", ".keys tbody tr"),
        ("/phones", ".stack"),
    ):
        await page.goto(f"{desk.url}/portal/#/settings{part}")
        await expect(page.locator(there).first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), part
        found = await page.locator("main button, main select, main a, main input:not([type=checkbox])").evaluate_all(
            small
        )
        assert found == [], part


async def test_what_is_typed_and_not_saved_is_asked_about_and_marked(desk: Desk) -> None:
    await desk.book("Ana Pérez")
    page = await desk.open("#/settings")
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", stay)
    marked = page.get_by_role("navigation", name="Vistas").get_by_role("link", name="hay cambios sin guardar")

    async def is_asked() -> bool:
        asked.clear()
        await page.reload()
        await expect(page.locator("#line")).to_have_attribute("data-state", "live")
        await expect(marked).to_have_count(0)
        return asked == ["beforeunload"]

    for view, field, entry in (
        ("#/settings", page.get_by_label("Un retraso se avisa desde"), "Ajustes"),
        ("#/settings/wording", page.get_by_role("region", name="Inglés").get_by_label("Texto"), "Ajustes"),
        ("#/new", page.get_by_label("Nombre", exact=True), "Viaje nuevo"),
    ):
        await page.goto(f"{desk.url}/portal/{view}")
        await field.click()
        assert not await is_asked(), view
        await field.click()
        await page.keyboard.type("7")
        await expect(marked).to_have_text(re.compile(entry))
        await page.get_by_role("link", name="Tablero").click()
        await expect(marked).to_have_text(re.compile(entry))
        assert await is_asked(), view
