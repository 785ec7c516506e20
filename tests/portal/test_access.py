"""Usable by everybody: axe finds nothing in any view, in either theme, in any language; nothing depends on colour or on a mouse."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.incidents import ROOT
from tests.portal.conftest import Desk, rows, sign_in
from tests.portal.test_import import choose, file, line

AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIEWS = ["#/board", "#/board?search=nobody", "#/trip/nowhere", "#/trip/{trip}", "#/nothing-there"]
"""Every view, and its empty state where that looks different; whoever adds a view adds it here. `{trip}` is a trip with a history."""
VIEWS += ["#/settings", "#/settings/wording", "#/settings/keys", "#/settings/phones"]
VIEWS += ["#/numbers", "#/numbers?from=2020-01-01&until=2020-01-02"]
VIEWS += ["#/new", "#/import"]
FILE = file([line("Ana Pérez", 1), line("Dora Lima", 2, origin="QQQ")])


@pytest.fixture
def axe() -> Path:
    """The rules, as npm brings them."""
    if not AXE.exists():
        pytest.skip("axe-core is not here: make clients.")
    return AXE


async def violations(page: Page, axe: Path) -> list[str]:
    """What axe finds wrong on a page, rule and place."""
    await page.add_script_tag(path=axe)
    found = await page.evaluate(
        "async tags => (await axe.run(document, {runOnly: {type: 'tag', values: tags}})).violations", RULES
    )
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("language", ["es", "en", "pt"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(desk: Desk, axe: Path, theme: str, language: str) -> None:
    trip = await desk.book("Ana Pérez", reference="NV-17")
    await desk.book("Bruno Díaz", number=2, flight="AR1304")
    await desk.record(trip, gateOrigin="B12", cancelled=True)
    # axe is a script of nobody's, which the policy rightly refuses; this page alone is without it.
    context = await desk.profile(language=language, theme=theme, bypass_csp=True)
    page = await context.new_page()
    await page.goto(f"{desk.url}/portal/")
    await expect(page.locator("input[name=key]")).to_be_focused()
    assert await page.evaluate("document.documentElement.lang") == language
    assert await violations(page, axe) == []
    await page.locator("input[name=key]").fill(desk.key)
    await page.keyboard.press("Enter")
    await expect(rows(page)).to_have_count(2)
    for view in VIEWS:
        await page.goto(f"{desk.url}/portal/{view.format(trip=trip)}")
        await expect(page.locator("h1")).to_be_visible()
        await expect(page.locator(".loading")).to_have_count(0)
        assert await violations(page, axe) == [], view
    await page.goto(f"{desk.url}/portal/#/board")
    await page.locator(".top button").click()
    assert await violations(page, axe) == [], "the dialog"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_in_what_opens(desk: Desk, axe: Path, theme: str) -> None:
    """Lists, dialogs, wrong fields, and a file that is looked at before it is taken."""
    context = await desk.profile(theme=theme, bypass_csp=True)
    page = await context.new_page()
    await page.goto(f"{desk.url}/portal/#/new")
    await sign_in(page, desk.key)
    await page.get_by_role("combobox", name="Origen").press_sequentially("lima")
    await expect(page.locator("[role=option]").first).to_be_visible()
    assert await violations(page, axe) == [], "airports"
    await page.get_by_role("combobox", name="Origen").press("Escape")
    await page.get_by_role("button", name="Crear el viaje").click()
    await expect(page.locator(".wrong-text").first).to_be_visible()
    assert await violations(page, axe) == [], "wrong fields"
    await page.goto(f"{desk.url}/portal/#/import")
    await choose(page, FILE)
    await expect(page.locator("tr[data-state=wrong]")).to_have_count(1)
    assert await violations(page, axe) == [], "a file"
    await page.goto(f"{desk.url}/portal/#/settings/keys")
    await page.get_by_role("button", name="Crear una clave").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    assert await violations(page, axe) == [], "a new key"
    await dialog.get_by_label("Nombre").fill("Pared")
    await dialog.get_by_role("button", name="Crear una clave").click()
    await expect(page.locator("input[name=secret]")).to_be_visible()
    assert await violations(page, axe) == [], "its secret"


@pytest.mark.parametrize("width", [320, 390, 768, 1440, 3840])
async def test_nothing_is_cut_off_at_any_width(desk: Desk, width: int) -> None:
    trip = await desk.book("Maximiliano Fernández de la Cruz y Almagro", reference="NV-17")
    await desk.record(trip, gateOrigin="B12")
    page = await desk.open(width=width)
    await expect(rows(page)).to_have_count(1)
    small = "all => all.filter(each => each.checkVisibility() && (({width, height}) => width < 24 || height < 24)(each.getBoundingClientRect())).map(each => each.outerHTML)"
    found = {}
    for view in VIEWS:
        await page.goto(f"{desk.url}/portal/{view.format(trip=trip)}")
        await expect(page.locator("h1")).to_be_visible()
        await expect(page.locator(".loading")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        targets = page.locator(
            "button, select, a:not(.skip, p a, td a, dd a), summary, input:not([type=checkbox], [type=radio])"
        )
        found[view] = await targets.evaluate_all(small)
    assert {view: all_ for view, all_ in found.items() if all_} == {}


async def test_nothing_runs_out_of_a_dialog_on_the_narrowest_phone(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez")
    # The longest field of all is a moment in English.
    page = await desk.open(f"#/trip/{trip}", width=320, language="en-US")
    opened = [(f"#/trip/{trip}", name) for name in ("Record a status", "Edit", "Archive")]
    opened += [("#/settings/keys", "Make a key"), ("#/board", "Keyboard shortcuts")]
    over = """dialog => [...dialog.querySelectorAll("*")].filter(each => each.checkVisibility() &&
        each.getBoundingClientRect().right > dialog.getBoundingClientRect().right - parseFloat(getComputedStyle(dialog).paddingRight)
      ).map(each => each.outerHTML)"""
    for view, name in opened:
        await page.goto(f"{desk.url}/portal/{view}")
        await page.get_by_role("button", name=name, exact=True).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_be_visible()
        assert await dialog.evaluate(over) == [], name
        assert await dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth"), name
        await page.keyboard.press("Escape")


async def test_colours_are_as_the_system_is_until_somebody_chooses(desk: Desk) -> None:
    page = await desk.open(theme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = await page.evaluate(paper)
    await page.get_by_label("Colores").select_option("light")
    light = await page.evaluate(paper)
    assert light != dark
    await page.reload()
    assert await page.evaluate(paper) == light
    await page.get_by_label("Colores").select_option("auto")
    assert await page.evaluate(paper) == dark


async def test_a_language_is_chosen_and_kept(desk: Desk) -> None:
    page = await desk.open(language="fr-FR")
    await expect(page.locator("h1")).to_have_text("Tablero")
    for code, title in (("pt", "Painel"), ("en", "Board")):
        await page.get_by_role("combobox").first.select_option(code)
        await expect(page.locator("h1")).to_have_text(title)
        assert await page.evaluate("document.documentElement.lang") == code
    await page.reload()
    await expect(page.locator("h1")).to_have_text("Board")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("#/constructor", "Esta página no existe"),
        ("#/__proto__", "Esta página no existe"),
        ("#/%", "Esta página no existe"),
        ("#/trip/%", "La agencia no tiene este viaje"),
    ],
)
async def test_no_address_leaves_the_page_empty(desk: Desk, where: str, said: str) -> None:
    page = await desk.open(where)
    await expect(page.get_by_text(said)).to_be_visible()
    await expect(page.locator("h1")).to_be_visible()


async def test_every_language_says_everything(desk: Desk) -> None:
    page = await desk.open()
    keys = """async code => {
      const walk = (value, path) => value && typeof value === "object"
        ? Object.keys(value).flatMap(key => walk(value[key], path + "." + key))
        : [path + ":" + typeof value + (typeof value === "function" ? value.length : "")];
      return walk((await import(`./js/words/${code}.js`)).default, "").sort();
    }"""
    spanish = await page.evaluate(keys, "es")
    assert len(spanish) > 100
    for code in ("en", "pt"):
        assert await page.evaluate(keys, code) == spanish


async def test_the_first_stop_of_the_keyboard_skips_the_head(desk: Desk) -> None:
    await desk.book()
    page = await desk.open("#/board")
    await expect(rows(page)).to_have_count(1)
    await page.locator("#skip").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await expect(page).to_have_url(f"{desk.url}/portal/#/board")
    await expect(rows(page)).to_have_count(1)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.querySelector('main').contains(document.activeElement)")


async def test_languages_and_colours_are_gone_through_by_arrow_key(desk: Desk) -> None:
    page = await desk.open("#/board")
    language = page.locator("#head select").first
    await language.focus()
    for key, title in (("ArrowDown", "Board"), ("ArrowDown", "Painel"), ("ArrowUp", "Board")):
        await page.keyboard.press(key)
        await expect(page.locator("h1")).to_have_text(title)
        await expect(language).to_be_focused()
    await page.get_by_label("Colours").focus()
    for theme in ("light", "dark"):
        await page.keyboard.press("ArrowDown")
        await expect(page.locator(f"html[data-theme={theme}]")).to_be_attached()
        await expect(page.get_by_label("Colours")).to_be_focused()
