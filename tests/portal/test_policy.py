"""The policy holds, and these tests would see it broken."""

from playwright.async_api import expect

from tests.portal.conftest import Desk


async def test_what_is_injected_is_not_executed_and_is_noticed(desk: Desk) -> None:
    page = await desk.open()
    await page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.injected = 1'}))"
    )
    assert await page.evaluate("window.injected") is None
    assert any("Content Security Policy" in fault for fault in desk.watched.unexpected())
    desk.watched.expect("Content Security Policy")


async def test_a_request_elsewhere_is_refused_and_is_noticed(desk: Desk) -> None:
    page = await desk.open()
    await page.evaluate("fetch('http://127.0.0.2:9/').catch(() => {})")
    await expect(page.locator("h1")).to_be_visible()
    assert any("127.0.0.2" in fault for fault in desk.watched.unexpected())
    desk.watched.expect("127.0.0.2")
