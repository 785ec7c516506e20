"""What an agent sees on the board of messages on their way: ticks, crosses, what is no longer true, and a sender that Twilio refuses."""

from datetime import timedelta

from playwright.async_api import expect

from tests.portal.conftest import Desk, cell, change_settings
from tests.portal.test_board import soon
from travel.clock import RealClock
from travel.model import OptOutSource
from travel.records import travellers

TEST = "mutation T($input: SendTestMessageInput!) { sendTestMessage(input: $input) { userErrors { message } } }"


async def test_a_tick_becomes_two_and_a_failed_message_is_a_cross(office: Desk) -> None:
    assert office.house is not None
    office.house.control("POST", "faults", {"recipients": [{"to": "+5491155550009", "code": 21211, "when": "sync"}]})
    await office.book("Ana Pérez", number=8)
    await office.book("Bruno Díaz", number=9)
    page = await office.open()
    ana, bruno = (cell(page, name, "told").locator(".ticks") for name in ("Ana Pérez", "Bruno Díaz"))
    await expect(ana).to_contain_text("✓✓")
    await expect(ana).to_contain_text("Entregado")
    await expect(bruno).to_contain_text("✕")
    await expect(bruno).to_contain_text("Falló")
    office.house.control("POST", "faults", {"recipients": [{"to": "+5491155550009", "code": None}]})


async def test_what_was_told_and_is_not_true_any_more_is_marked_by_the_agencys_threshold(office: Desk) -> None:
    """A traveller who opted out is told nothing, however late the flight becomes."""
    assert office.db is not None
    assert office.agency is not None
    leaves = soon(days=2)
    await change_settings(office, delayThresholdMinutes=60)
    trip = await office.book("Ana Pérez", number=10, departure=leaves)
    page = await office.open()
    told = cell(page, "Ana Pérez", "told")
    await expect(told.locator(".ticks")).to_contain_text("✓✓")
    async with office.db.transaction(office.agency.id) as tx:
        now = RealClock().now()
        await travellers.opt_out(tx, office.agency.id, "+5491155550010", OptOutSource.AGENCY, now)
    await office.record(trip, departureEstimatedAt=leaves + timedelta(minutes=45))
    await expect(cell(page, "Ana Pérez", "delay")).to_contain_text("+45")
    await expect(told.locator(".differs")).to_have_count(0)
    await change_settings(office, delayThresholdMinutes=30)
    await office.record(trip, departureEstimatedAt=leaves + timedelta(minutes=46))
    await expect(told.locator(".differs")).to_contain_text("Ya no es lo que se sabe ahora")


async def test_a_sender_that_twilio_refuses_is_said_above_every_view_until_it_is_taken_again(office: Desk) -> None:
    assert office.house is not None
    sender = {"to": "whatsapp:+5491155550011", "code": 63007, "when": "sync"}
    office.house.control("POST", "faults", {"recipients": [sender]})
    page = await office.open()
    refused = page.locator("#line .pause")
    await expect(refused).to_have_count(0)
    await office.book("Ana Pérez", number=11)
    await expect(refused).to_contain_text("Twilio rechaza el envío, los mensajes esperan")
    await page.goto(f"{office.url}/portal/#/numbers")
    await page.reload()
    await expect(refused).to_be_visible()
    office.house.control("POST", "faults", {"recipients": [{**sender, "code": None}]})
    made = await office.ask(TEST, input={"phone": "+5491155550011"})
    assert made["sendTestMessage"]["userErrors"] == []
    await expect(refused).to_have_count(0)
