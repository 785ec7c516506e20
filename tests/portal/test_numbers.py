"""Numbers: what the page shows is what the API says, over the days that were chosen, and it is found again by its address."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, Page, expect

from tests.portal.conftest import Desk

HERE = ZoneInfo("America/Argentina/Buenos_Aires")
ACTIVITY = """
query A($from: DateTime!, $until: DateTime!) { agency { activity(from: $from, until: $until) {
  trips notificationsByStatus { status count } notificationsByType { type count } suppressedByReason { reason count }
  latencies { stage count p50Seconds p95Seconds } aeroapiResultSets aeroapiCostUsd aeroapiByDay { day costUsd }
} } }
"""
BUDGET = (
    "mutation C($input: UpdateAgencySettingsInput!) { updateAgencySettings(input: $input) { userErrors { message } } }"
)
DAY = """
INSERT INTO aeroapi_days (agency_id, day, result_sets, cost_usd, rested) VALUES (:agency, :day, :sets, :cost, :rested)
"""


async def activity(desk: Desk, days: int) -> dict[str, Any]:
    """What the API says of the last days, today included."""
    midnight = datetime.now(HERE).replace(hour=0, minute=0, second=0, microsecond=0)
    given = {
        "from": (midnight - timedelta(days=days - 1)).isoformat(),
        "until": (midnight + timedelta(days=1)).isoformat(),
    }
    found: dict[str, Any] = (await desk.ask(ACTIVITY, **given))["agency"]["activity"]
    return found


async def a_busy_week(desk: Desk) -> None:
    """Trips, messages that were not sent, some that arrived after a while, and a few days of AeroAPI."""
    for number, name in enumerate(("Ana Pérez", "Bruno Díaz", "Carla Gómez")):
        await desk.book(name, number=number, flight=f"AR130{number}")
    await desk.ask(BUDGET, input={"version": 1, "dailyAeroapiBudgetUsd": 1.0})
    assert desk.db is not None
    assert desk.agency is not None
    async with desk.db.transaction(desk.agency.id) as tx:
        await tx.run(
            """
            UPDATE notifications_log SET status = 'DELIVERED', reason = NULL, accepted_at = due_at + interval '2 seconds',
              delivered_at = due_at + interval '5.5 seconds' WHERE agency_id = :agency AND notification_type = 'BOARDING'
            """,
            agency=desk.agency.id,
        )
        await tx.run(
            """
            UPDATE notifications_log SET status = 'SUPPRESSED', reason = 'OPTED_OUT'
            WHERE id IN (SELECT id FROM notifications_log WHERE agency_id = :agency AND status = 'PENDING' LIMIT 2)
            """,
            agency=desk.agency.id,
        )
        for ago, cost in ((0, 0.42), (1, 1.25), (3, 0.1)):
            day = (datetime.now(UTC) - timedelta(days=ago)).date()
            await tx.run(DAY, agency=desk.agency.id, day=day, sets=cost / 0.005, cost=cost, rested=ago)


def of(page: Page, name: str) -> Locator:
    """A line or a tile by what it is of."""
    return page.locator(f"[data-of='{name}']")


async def test_the_numbers_are_those_of_the_api(desk: Desk) -> None:
    await a_busy_week(desk)
    page = await desk.open("#/numbers?span=week", language="en")
    said = await activity(desk, 7)
    await expect(of(page, "trips").locator("dd")).to_have_text(str(said["trips"]))
    assert said["trips"] == 3
    assert len(said["notificationsByStatus"]) > 1
    assert said["suppressedByReason"]
    for group, name in (
        ("notificationsByStatus", "status"),
        ("notificationsByType", "type"),
        ("suppressedByReason", "reason"),
    ):
        for each in said[group]:
            await expect(of(page, each[name]).locator(".figure")).to_have_text(str(each["count"]))
    assert said["latencies"]
    for each in said["latencies"]:
        figures = of(page, each["stage"]).locator(".figure")
        await expect(figures.nth(0)).to_have_text(f"{round(each['p50Seconds'], 1):g} s")
        await expect(figures.nth(1)).to_have_text(f"{round(each['p95Seconds'], 1):g} s")
        await expect(figures.nth(3)).to_have_text(str(each["count"]))
    await expect(of(page, "cost").locator("dd")).to_contain_text(f"${said['aeroapiCostUsd']:.2f}")
    await expect(page.get_by_text("Budget per day: $1.00")).to_be_visible()
    await page.get_by_text("Show the figures").click()
    for each in said["aeroapiByDay"]:
        await expect(of(page, each["day"]).locator(".figure").first).to_have_text(f"${each['costUsd']:.2f}")
    # One day was over the budget, and is drawn so.
    await expect(page.locator(".columns .over")).to_have_count(1)
    await expect(page.locator(".columns .budget")).to_have_count(1)


async def test_the_span_is_chosen_and_stays_in_the_address(desk: Desk) -> None:
    await a_busy_week(desk)
    page = await desk.open("#/numbers")
    await expect(page.get_by_role("radio", name="7 días")).to_be_checked()
    await expect(of(page, "cost").locator("dd")).to_contain_text("1,77")
    await page.get_by_role("radio", name="30 días").check(force=True)
    await expect(page).to_have_url(f"{desk.url}/portal/#/numbers?span=month")
    await page.get_by_role("radio", name="Otras fechas").check(force=True)
    long_ago = datetime.now(HERE) - timedelta(days=400)
    await page.get_by_label("Hasta").fill(f"{long_ago:%Y-%m-%d}")
    await expect(page.get_by_role("alert")).to_have_text("La segunda fecha es anterior a la primera.")
    await page.get_by_label("Desde").fill(f"{long_ago:%Y-%m-%d}")
    await expect(page.get_by_text("En estos días no pasó nada")).to_be_visible()
    shared = await desk.open(page.url.rpartition("/portal/")[2])
    await expect(shared.get_by_text("En estos días no pasó nada")).to_be_visible()
    await expect(shared.get_by_label("Desde")).to_have_value(f"{long_ago:%Y-%m-%d}")
    await shared.get_by_role("radio", name="Hoy").check(force=True)
    await expect(of(shared, "trips").locator("dd")).to_have_text("3")


async def test_new_figures_come_by_themselves(desk: Desk) -> None:
    page = await desk.open("#/numbers?span=today")
    await expect(page.get_by_text("En estos días no pasó nada")).to_be_visible()
    await desk.book("Ana Pérez")
    await expect(of(page, "trips").locator("dd")).to_have_text("1")
    await expect(of(page, "RESERVATION_CONFIRMATION").locator(".figure")).to_have_text("1")


async def test_what_cannot_be_answered_is_said_and_asked_again(desk: Desk) -> None:
    desk.watched.expect("503")
    await desk.book("Ana Pérez")
    page = await desk.open()

    async def busy(route: Any) -> None:
        if "query Numbers" in (route.request.post_data or ""):
            await route.fulfill(status=503, body="{}")
        else:
            await route.continue_()

    await page.route("**/graphql", busy)
    await page.get_by_role("link", name="Números").click()
    await expect(page.get_by_role("alert").filter(has_text="ocupado")).to_be_visible()
    await page.unroute_all(behavior="wait")
    await page.get_by_role("button", name="Reintentar").click()
    await expect(of(page, "trips").locator("dd")).to_have_text("1")


async def test_figures_that_cannot_be_read_again_stay(desk: Desk) -> None:
    desk.watched.expect("503")
    page = await desk.open("#/numbers?span=today")
    await expect(page.get_by_text("En estos días no pasó nada")).to_be_visible()

    async def busy(route: Any) -> None:
        if "query Numbers" in (route.request.post_data or ""):
            await route.fulfill(status=503, body="{}")
        else:
            await route.continue_()

    await page.route("**/graphql", busy)
    async with page.expect_response(lambda answer: answer.status == 503):
        await desk.book("Ana Pérez")
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await expect(page.get_by_text("En estos días no pasó nada")).to_be_visible()
    await expect(page.locator(".notice.wrong")).to_have_count(0)
    await page.unroute_all(behavior="wait")


@pytest.mark.parametrize("width", [320, 390, 768, 1440, 3840])
async def test_nothing_is_cut_off_at_any_width(desk: Desk, width: int) -> None:
    await a_busy_week(desk)
    page = await desk.open("#/numbers?span=month", width=width)
    await page.get_by_text("Ver las cifras").click()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
