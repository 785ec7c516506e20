"""One trip: what happened and what did not, what the traveller saw, what can be done about it and what is refused."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from graph import ids
from tests.incidents import ROOT
from tests.portal.conftest import PATIENCE, PICTURES, Desk
from tests.portal.test_access import AXE, violations
from travel import tenancy
from travel.clock import RealClock
from travel.delivery.carrier import publish
from travel.model import Notification, NotificationStatus, OptOutSource, Role
from travel.records import notifications, sent, travellers

BUENOS_AIRES, MIAMI = ZoneInfo("America/Argentina/Buenos_Aires"), ZoneInfo("America/New_York")
MESSAGES = "query M($id: ID!) { trip(id: $id) { notifications { nodes { id type status reason } } } }"


def soon(**ahead: float) -> datetime:
    return (datetime.now(UTC) + timedelta(**ahead)).replace(second=0, microsecond=0)


async def message(desk: Desk, trip: str, type_: str) -> str:
    """The id of a message of a trip."""
    nodes = (await desk.ask(MESSAGES, id=trip))["trip"]["notifications"]["nodes"]
    return str(next(each["id"] for each in nodes if each["type"] == type_))


def words(page: Page, text: str) -> Locator:
    """What was said, or was not, about something: an entry of the time line."""
    return page.locator(".entry.word").filter(has=page.get_by_role("heading", name=text, exact=True))


def facts(page: Page) -> Locator:
    """What the flight did: entries of the time line."""
    return page.locator(".entry.fact[data-kind=fact]")


def bubble(page: Page, type_: str) -> Locator:
    """A message as the traveller saw it."""
    return page.locator(f".said[data-type={type_}]")


def asked(desk: Desk) -> int:
    """How much AeroAPI was asked so far."""
    assert desk.house is not None
    with httpx.Client(trust_env=False) as client:
        return int(client.get(f"{desk.house.sandbox_url}/_sandbox/usage").json()["aeroapi"]["result_sets"])


async def arrived(desk: Desk, trip: str, type_: str) -> Notification:
    """A message, as soon as it reached the phone."""
    assert desk.db is not None
    assert desk.agency is not None
    id_ = ids.of("Notification", await message(desk, trip, type_))
    assert id_ is not None
    async with asyncio.timeout(PATIENCE):
        while True:
            async with desk.db.transaction(desk.agency.id) as tx:
                found = await notifications.get(tx, desk.agency.id, id_)
            if found is not None and found.delivered_at is not None:
                return found
            await asyncio.sleep(0.1)


async def reads(desk: Desk, trip: str, type_: str) -> None:
    """The traveller reads a message that reached the phone; the stand-in leaves that to chance."""
    assert desk.db is not None
    assert desk.house is not None
    found, now = await arrived(desk, trip, type_), desk.house.clock.now()
    async with desk.db.transaction(found.agency_id) as tx:
        await sent.stand(tx, found, NotificationStatus.READ, None, now)
        await publish(tx, [found], now)


async def lived(desk: Desk, leaves: datetime | None = None) -> str:
    """A trip of today, of which much was said and something was not."""
    leaves = leaves or soon(hours=5)
    trip = await desk.book("Ana Pérez", departure=leaves, reference="NV-17", lodging="Hotel Faena")
    await arrived(desk, trip, "RESERVATION_CONFIRMATION")
    await desk.record(trip, gateOrigin="B12", arrivalEstimatedAt=leaves + timedelta(hours=9))
    await desk.record(
        trip, departureEstimatedAt=leaves + timedelta(minutes=50), arrivalEstimatedAt=leaves + timedelta(hours=10)
    )
    await desk.record(trip, gateOrigin="C4")
    await desk.record(trip, gateOrigin="B12")
    await reads(desk, trip, "DELAYED")
    return trip


async def test_the_time_line_says_what_happened_and_what_was_not_sent_and_why(office: Desk) -> None:
    leaves = soon(hours=5)
    trip = await lived(office, leaves)
    page = await office.open(f"#/trip/{trip}")
    await expect(page.locator("h1")).to_have_text("AR1303 · Ana Pérez")
    # What the flight did, the newest first: before → after, at the airport that is named.
    await expect(facts(page)).to_have_count(4)
    await expect(facts(page).nth(0)).to_contain_text("C4")
    await expect(facts(page).nth(1)).to_contain_text(re.compile("Escrito a mano.*puerta de salida.*B12.*C4"))
    local = [each.astimezone(BUENOS_AIRES) for each in (leaves, leaves + timedelta(minutes=50))]
    moved = facts(page).nth(2).locator("[data-change=DEPARTURE_TIME]")
    await expect(moved).to_contain_text(re.compile(rf"{local[0]:%H}:\d\d.*→.*{local[1]:%H}:\d\d.*EZE"))
    await expect(facts(page).nth(2).locator("[data-change=ARRIVAL_TIME]")).to_contain_text("MIA")
    # What was said: decided, sent, delivered and read.
    delay = words(page, "Demora")
    for stage in ("decided", "sent", "delivered", "read"):
        await expect(delay.locator(f"[data-stage={stage}][data-done=true] time")).to_have_text(
            re.compile(r"\d\d:\d\d$")
        )
    await expect(delay).to_contain_text("Por: salida")
    # What was not, and why.
    await expect(words(page, "Cambio de puerta")).to_contain_text("No se envió: volvió a como estaba")
    await expect(words(page, "Recordatorio")).to_contain_text("No se envió: reservado a menos de 24 horas")
    await expect(words(page, "Embarque")).to_have_attribute("data-state", "waiting")
    await expect(page.locator(".story")).to_contain_text("Se cargó el viaje")


async def test_messages_are_as_the_traveller_saw_them(office: Desk) -> None:
    trip = await lived(office)
    page = await office.open(f"#/trip/{trip}")
    read = bubble(page, "DELAYED")
    await expect(read.locator(".ticks")).to_have_attribute("data-state", "READ")
    await expect(read.locator(".ticks")).to_contain_text("✓✓")
    await expect(read.locator(".bubble-body")).to_contain_text("AR1303")
    await expect(read.locator(".bubble-body")).to_have_attribute("lang", "es")
    assert await page.locator(".said").evaluate_all("all => all.map(each => each.dataset.type)") == [
        "RESERVATION_CONFIRMATION",
        "DELAYED",
        "BOARDING",
    ]
    await read.get_by_text("1 intento de envío").click()
    await expect(read.locator(".attempts li")).to_contain_text("Twilio lo aceptó")


async def test_a_live_change_appears_and_leaves_open_what_is_open(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez", departure=soon(hours=5))
    page = await desk.open(f"#/trip/{trip}")
    await expect(page.locator(".end.leaves .end-gate")).to_have_text("sin puerta todavía")
    await words(page, "Recordatorio").get_by_text("Qué habría dicho").click()
    await page.evaluate("window.marked = true")
    await desk.record(trip, gateOrigin="B12")
    await expect(page.locator(".end.leaves .end-gate")).to_have_text("puerta B12")
    await expect(facts(page)).to_contain_text("B12")
    await expect(words(page, "Recordatorio").locator("details")).to_have_attribute("open", "")
    await desk.record(trip, cancelled=True)
    await expect(page.locator(".trip-state")).to_contain_text("Cancelado")
    await expect(facts(page).first).to_contain_text("El vuelo se canceló")
    assert await page.evaluate("window.marked") is True


async def test_an_older_answer_never_overwrites_a_newer_one(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez")
    page = await desk.open(f"#/trip/{trip}")
    await expect(page.locator(".story")).to_be_visible()
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(route) -> None:
        if "query Trip" in (route.request.post_data or "") and not asked.is_set():
            answer = await route.fetch()
            asked.set()
            await go_on.wait()
            await route.fulfill(response=answer)
        else:
            await route.continue_()

    await page.route("**/graphql", slowly)
    await desk.record(trip, gateOrigin="OLD")
    await asyncio.wait_for(asked.wait(), 15)
    await desk.record(trip, gateOrigin="NEW")
    await expect(page.locator(".end.leaves .end-gate")).to_have_text("puerta NEW")
    go_on.set()
    await expect(facts(page).first).to_contain_text("NEW")
    await expect(page.locator(".end.leaves .end-gate")).to_have_text("puerta NEW")
    await page.unroute_all(behavior="wait")


async def test_a_look_is_ordered_and_its_refusal_is_in_words(office: Desk) -> None:
    far = await office.book("Ana Pérez", departure=soon(days=9))
    page = await office.open(f"#/trip/{far}")
    await page.get_by_role("button", name="Consultar ahora").click()
    await expect(page.locator(".deeds .refused")).to_have_text(
        re.compile("AeroAPI conoce un vuelo desde 48 horas antes")
    )
    await expect(page.get_by_role("button", name="Consultar ahora")).to_be_focused()
    assert office.house is not None
    leaves = soon(hours=6)
    line = {
        "fa_flight_id": "AFR416-1-airline-1",
        "ident": "AFR416",
        "origin": "SAEZ",
        "destination": "LFPG",
        "scheduled_out": f"{leaves:%Y-%m-%dT%H:%M:%SZ}",
        "timeline": [],
    }
    office.house.control("POST", "flights", [line])
    near = await office.book("Bruno Díaz", number=2, flight="AF416", destination="CDG", departure=leaves)
    await page.goto(f"{office.url}/portal/#/trip/{near}")
    await expect(page.locator("h1")).to_contain_text("Bruno Díaz")
    # The first look, soon after the booking, knows the flight.
    await expect(facts(page)).to_contain_text("Consulta a AeroAPI")
    before = asked(office)
    await page.get_by_role("button", name="Consultar ahora").click()
    await expect(page.locator(".deeds [role=status]")).to_contain_text("Se está consultando el vuelo")
    deadline = time.monotonic() + PATIENCE
    while asked(office) == before and time.monotonic() < deadline:
        await page.wait_for_timeout(100)
    assert asked(office) > before


async def test_a_status_is_written_by_hand_and_a_refusal_stands_at_its_field(desk: Desk) -> None:
    leaves = soon(days=2)
    trip = await desk.book("Ana Pérez", departure=leaves)
    page = await desk.open(f"#/trip/{trip}")
    await page.get_by_role("button", name="Escribir estado").click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_role("button", name="Escribir").click()
    await expect(sheet.get_by_role("alert").filter(has_text="No escribió nada")).to_be_visible()
    await expect(sheet.get_by_role("button", name="Escribir")).to_be_focused()
    left = sheet.get_by_label("Dejó la puerta (hora local de EZE)")
    await left.fill(f"{leaves.astimezone(BUENOS_AIRES):%Y-%m-%dT%H:%M}")
    await sheet.get_by_label("Puerta de salida").fill("B" * 21)
    await sheet.get_by_role("button", name="Escribir").click()
    await expect(left).to_have_attribute("aria-invalid", "true")
    await expect(left).to_have_accessible_description("Esto todavía no pasó.")
    await expect(sheet.get_by_label("Puerta de salida")).to_have_accessible_description("De 1 a 20 caracteres.")
    await left.fill("")
    await sheet.get_by_label("Puerta de salida").fill("B12")
    comes = (leaves + timedelta(hours=9)).astimezone(MIAMI)
    await sheet.get_by_label("Llegada prevista (hora local de MIA)").fill(f"{comes:%Y-%m-%dT%H:%M}")
    await sheet.get_by_role("button", name="Escribir").click()
    await expect(sheet).to_have_count(0)
    await expect(page.locator(".end.comes time")).to_have_text(f"{comes:%H:%M}")
    await expect(facts(page)).to_contain_text("B12")


async def test_a_failed_message_is_sent_again_or_it_is_said_why_not(office: Desk) -> None:
    assert office.house is not None
    assert office.db is not None
    assert office.agency is not None
    office.house.control(
        "POST", "faults", {"recipients": [{"to": "+5491155550007", "code": 21211, "when": "sync", "times": 2}]}
    )
    trip = await office.book("Ana Pérez", number=7)
    page = await office.open(f"#/trip/{trip}")
    failed = bubble(page, "RESERVATION_CONFIRMATION")
    await expect(failed.locator(".bubble-state")).to_contain_text("Falló")
    await failed.locator("summary").click()
    await expect(failed.locator(".attempts li").first).to_contain_text("21211")
    async with office.db.transaction(office.agency.id) as tx:
        await travellers.opt_out(tx, office.agency.id, "+5491155550007", OptOutSource.AGENCY, datetime.now(UTC))
    await failed.get_by_role("button", name="Enviar de nuevo").click()
    await expect(failed.locator(".refused")).to_have_text("Este teléfono no quiere mensajes.")
    await expect(failed.get_by_role("button", name="Enviar de nuevo")).to_be_focused()
    async with office.db.transaction(office.agency.id) as tx:
        await travellers.opt_in(tx, office.agency.id, "+5491155550007")
    office.house.control("POST", "faults", {"recipients": [{"to": "+5491155550007", "code": None}]})
    await failed.get_by_role("button", name="Enviar de nuevo").click()
    await expect(failed.locator(".ticks")).to_have_attribute("data-state", re.compile("SENT|DELIVERED|READ"))
    await expect(failed.get_by_role("button", name="Enviar de nuevo")).to_have_count(0)
    # Where there is nothing more to press, whoever pressed is left at the message, and not on another button of it.
    await expect(failed).to_be_focused()


async def test_a_waiting_message_is_withdrawn_or_it_is_said_why_not(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez", departure=soon(days=2))
    page = await desk.open(f"#/trip/{trip}")
    reminder, boarding = bubble(page, "REMINDER_24H"), bubble(page, "BOARDING")
    await reminder.get_by_role("button", name="Retirar").click()
    await expect(reminder).to_have_count(0)
    await expect(page.get_by_role("region", name="Mensajes")).to_be_focused()
    await expect(words(page, "Recordatorio")).to_contain_text("No se envió: lo retiró un agente")
    # Somebody else was quicker, and the news of it is still on its way.
    assert desk.db is not None
    assert desk.agency is not None
    id_ = ids.of("Notification", await message(desk, trip, "BOARDING"))
    assert id_ is not None
    async with desk.db.transaction(desk.agency.id) as tx:
        found = await notifications.get(tx, desk.agency.id, id_)
        assert found is not None
        assert await sent.withdraw(tx, found, now=datetime.now(UTC))
    await expect(boarding).to_be_visible()
    await boarding.get_by_role("button", name="Retirar").click()
    await expect(page.get_by_role("alert").filter(has_text="Ya no espera para salir.")).to_be_visible()
    await expect(boarding).to_have_count(0)


async def test_a_trip_is_edited_and_refusals_stand_at_their_fields(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez", reference="NV-17")
    page = await desk.open(f"#/trip/{trip}")
    await page.get_by_role("button", name="Editar").click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_label("Nombre del viajero").fill(" ")
    await sheet.get_by_label("Teléfono").fill("15 5555 0101")
    await sheet.get_by_role("button", name="Guardar").click()
    await expect(sheet.get_by_label("Nombre del viajero")).to_have_accessible_description(
        "Falta el nombre del viajero."
    )
    await expect(sheet.get_by_label("Nombre del viajero")).to_be_focused()
    await expect(sheet.get_by_label("Teléfono")).to_have_accessible_description(re.compile("teléfono internacional"))
    await sheet.get_by_label("Nombre del viajero").fill("Ana María Pérez")
    await sheet.get_by_label("Teléfono").fill("+54 9 11 5555-0188")
    await sheet.get_by_label("Idioma de los mensajes").select_option("PT")
    await sheet.get_by_label("Referencia").fill("")
    await sheet.get_by_label("Notas").fill("Asiento de pasillo")
    await sheet.get_by_role("button", name="Guardar").click()
    await expect(page.locator("h1")).to_have_text("AR1303 · Ana María Pérez")
    await expect(page.locator(".trip-facts")).to_contain_text("+5491155550188")
    await expect(page.locator(".trip-facts")).to_contain_text("Portugués")
    await expect(page.locator(".trip-facts")).to_contain_text("Asiento de pasillo")
    await expect(page.locator(".trip-facts")).not_to_contain_text("NV-17")


async def test_a_refusal_that_comes_after_its_form_was_closed_is_still_said(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez")
    page = await desk.open(f"#/trip/{trip}")
    asked_, go_on = asyncio.Event(), asyncio.Event()

    async def slow(route) -> None:
        if "mutation RecordFlightStatus" in (route.request.post_data or ""):
            asked_.set()
            await go_on.wait()
        await route.continue_()

    await page.route("**/graphql", slow)
    await page.get_by_role("button", name="Escribir estado").click()
    await page.get_by_role("dialog").get_by_label("Puerta de salida").fill("B" * 21)
    await page.keyboard.press("Enter")
    await asked_.wait()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    go_on.set()
    late = page.get_by_role("alert").filter(has_text="De 1 a 20 caracteres.")
    await expect(late).to_be_visible()
    await expect(page.locator("#said")).to_contain_text("De 1 a 20 caracteres.")
    await page.get_by_role("button", name="Escribir estado").click()
    await expect(late).to_have_count(0)
    await page.unroute_all(behavior="wait")


async def test_another_departure_is_local_to_the_airport(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez", departure=soon(days=4))
    page = await desk.open(f"#/trip/{trip}")
    await page.get_by_role("button", name="Editar").click()
    later = soon(days=5).astimezone(BUENOS_AIRES)
    await page.get_by_label("Salida reservada (hora local de EZE)").fill(f"{later:%Y-%m-%dT}09:35")
    await page.get_by_role("button", name="Guardar").click()
    await expect(page.locator(".end.leaves time")).to_have_text("09:35")


async def test_archiving_is_asked_for_twice_and_ends_what_can_be_done(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez")
    page = await desk.open(f"#/trip/{trip}")
    await page.get_by_role("button", name="Archivar").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Archivar").click()
    await page.get_by_role("button", name="Archivar el viaje").click()
    await expect(page.locator(".trip-state")).to_have_text("Archivado")
    await expect(page.get_by_text("Este viaje está archivado")).to_be_visible()
    await expect(page.locator("h1")).to_be_focused()
    await expect(page.locator(".story")).to_contain_text("No se envió: viaje archivado")
    await expect(page.locator(".deeds button:visible, .phone button:visible")).to_have_count(0)


async def test_whoever_may_only_look_sees_no_actions(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez", departure=soon(hours=5))
    assert desk.db is not None
    assert desk.agency is not None
    looks = await tenancy.create_key(
        desk.db, RealClock(), desk.agency.id, name="pared", role=Role.VIEWER, expires_at=None
    )
    page = await desk.open(f"#/trip/{trip}", key=looks.secret)
    await expect(words(page, "Recordatorio")).to_contain_text("No se envió")
    await expect(bubble(page, "BOARDING")).to_be_visible()
    await expect(page.locator("main button:visible")).to_have_count(0)


async def test_a_trip_is_opened_from_the_board_and_by_its_address(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez")
    page = await desk.open()
    await page.get_by_role("link", name="AR1303").click()
    await expect(page).to_have_url(f"{desk.url}/portal/#/trip/{trip}")
    await expect(page.locator("h1")).to_be_focused()
    await expect(page).to_have_title("AR1303 · Ana Pérez · Bauhaus Travel")
    shared = await desk.open(f"#/trip/{trip}", language="pt")
    await expect(shared.locator("h1")).to_have_text("AR1303 · Ana Pérez")
    await expect(shared.locator(".trip-facts")).to_contain_text("Viajante")
    await shared.get_by_role("link", name="Voltar ao painel").click()
    await expect(shared.locator("h1")).to_have_text("Painel")


async def test_a_trip_that_is_not_there_is_said_to_be_missing(desk: Desk) -> None:
    page = await desk.open("#/trip/nowhere")
    await expect(page.locator("h1")).to_have_text("La agencia no tiene este viaje")
    await expect(page.locator("main button:visible")).to_have_count(0)


async def test_a_fault_is_said_and_tried_again(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez")
    page = await desk.open("#/board")

    async def away(route) -> None:
        await (route.abort() if "query Trip" in (route.request.post_data or "") else route.continue_())

    desk.watched.expect("ERR_FAILED")
    await page.route("**/graphql", away)
    await page.goto(f"{desk.url}/portal/#/trip/{trip}")
    await expect(page.get_by_text("El servidor no responde.")).to_be_visible()
    await page.unroute_all(behavior="wait")
    await page.get_by_role("button", name="Reintentar").click()
    await expect(page.locator(".story")).to_contain_text("Se cargó el viaje")


async def test_a_long_history_comes_in_pages(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez")
    for n in range(60):
        await desk.record(trip, gateOrigin=f"G{n}")
    page = await desk.open(f"#/trip/{trip}")
    await expect(facts(page)).to_have_count(25)
    await expect(page.locator(".story")).not_to_contain_text("Se cargó el viaje")
    earlier = page.get_by_role("button", name="Mostrar lo anterior")
    await earlier.click()
    await expect(facts(page)).to_have_count(50)
    # What is shown stays, and what happens meanwhile joins it.
    await desk.record(trip, gateOrigin="Z9")
    await expect(facts(page).first).to_contain_text("Z9")
    await expect(earlier).to_be_focused()
    desk.watched.expect("ERR_FAILED")
    await page.route("**/graphql", lambda route: route.abort())
    await earlier.click()
    await expect(page.get_by_role("alert")).to_contain_text("El servidor no responde.")
    await expect(facts(page)).to_have_count(50)
    await page.unroute_all(behavior="wait")
    await earlier.click()
    await expect(facts(page)).to_have_count(61)
    await expect(page.get_by_role("alert")).to_have_count(0)
    await expect(page.locator(".story")).to_contain_text("Se cargó el viaje")
    await expect(earlier).to_be_hidden()
    await expect(page.locator(".time-line")).to_be_focused()


async def test_everything_is_done_with_the_keyboard_alone(desk: Desk) -> None:
    trip = await desk.book("Ana Pérez")
    page = await desk.open(f"#/trip/{trip}")
    await expect(page.locator(".story")).to_be_visible()
    await page.get_by_role("button", name="Escribir estado").focus()
    await page.keyboard.press("Enter")
    for _ in range(40):
        if await page.evaluate("document.activeElement.name") == "gateOrigin":
            break
        await page.keyboard.press("Tab")
    await page.keyboard.type("K9")
    await page.keyboard.press("Enter")
    await expect(page.locator(".end.leaves .end-gate")).to_have_text("puerta K9")
    await expect(page.get_by_role("button", name="Escribir estado")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_in_what_was_not_sent_nor_in_the_forms(office: Desk, theme: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not here: make clients.")
    trip = await lived(office)
    # axe is a script of nobody's, which the policy rightly refuses; this page alone is without it.
    page = await office.open(f"#/trip/{trip}", theme=theme, bypass_csp=True, reduced_motion="reduce")
    await expect(words(page, "Recordatorio")).to_be_visible()
    await words(page, "Recordatorio").locator("summary").click()
    await bubble(page, "DELAYED").locator("summary").click()
    assert await violations(page, AXE) == []
    for name, does in (("Escribir estado", "Escribir"), ("Editar", "Guardar"), ("Archivar", "Archivar el viaje")):
        await page.get_by_role("button", name=name, exact=True).click()
        if name == "Escribir estado":
            await page.get_by_role("button", name=does, exact=True).click()
            await expect(page.get_by_role("alert").filter(has_text="No escribió nada")).to_be_visible()
        assert await violations(page, AXE) == [], name
        await page.keyboard.press("Escape")


def test_every_refusal_that_is_put_into_words_is_one_of_the_servers() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "travel").rglob("*.py"))
    page = (ROOT / "server/portal/pages/js/words/en.js").read_text(encoding="utf-8")
    block = re.search(r"\n  trip: \{.*?\n    refusals: \{\n(.*?)\n    \},", page, re.DOTALL)
    assert block is not None
    known = re.findall(r'^      "(.*?)": "', block[1], re.MULTILINE)
    assert len(known) > 20
    assert [each for each in known if f'"{each}"' not in said] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_pictures_of_a_trip(office: Desk, theme: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    trip = await lived(office)
    for name, width in (("", 1440), ("-wall", 2560), ("-phone", 390), ("-narrow", 320)):
        page = await office.open(f"#/trip/{trip}", theme=theme, width=width)
        await expect(bubble(page, "DELAYED").locator(".ticks")).to_have_attribute("data-state", "READ")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.screenshot(path=PICTURES / f"trip{name}-{theme}.png", full_page=True)
        await page.get_by_role("button", name="Escribir estado").click()
        await page.screenshot(path=PICTURES / f"trip-record{name}-{theme}.png")
        await page.context.close()
