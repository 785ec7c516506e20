"""Every order of an agency: what it does, what it refuses and where it says so; a refusal leaves nothing behind."""

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import pytest

from tests.world import ANA, World
from travel import tenancy
from travel.model import Role, Trip
from travel.records import agencies

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEA = "+5491155550102"

INPUTS: dict[str, str] = {
    "createTrip": "CreateTripInput",
    "importTrips": "ImportTripsInput",
    "updateTrip": "UpdateTripInput",
    "archiveTrip": "ArchiveTripInput",
    "checkTrip": "CheckTripInput",
    "recordFlightStatus": "RecordFlightStatusInput",
    "updateAgencySettings": "UpdateAgencySettingsInput",
    "setMessageTemplate": "SetMessageTemplateInput",
    "resendNotification": "ResendNotificationInput",
    "cancelNotification": "CancelNotificationInput",
    "sendTestMessage": "SendTestMessageInput",
    "setOptOut": "SetOptOutInput",
    "createApiKey": "CreateApiKeyInput",
    "revokeApiKey": "RevokeApiKeyInput",
}

TRIP = "trip { id reference lodging notes archivedAt traveller { name phone language } flight { ident departure { scheduledAt } } }"
ANSWERS: dict[str, str] = {
    "createTrip": TRIP,
    "importTrips": f"created failed results {{ {TRIP} userErrors {{ code message path }} }}",
    "updateTrip": TRIP,
    "archiveTrip": TRIP,
    "checkTrip": "trip { id flight { nextCheckAt } }",
    "recordFlightStatus": "record { id source gateOrigin departureEstimatedAt changes { kind before after } } "
    "trip { id flight { cancelled departureDelayMinutes departure { gate terminal estimatedAt } arrival { estimatedAt } } }",
    "updateAgencySettings": "settings { quietHoursStart quietHoursEnd timezoneOverride boardingNotificationOffsetMinutes "
    "landingNotificationEnabled reminder24hEnabled delayThresholdMinutes maxRetryAttempts retryInitialDelaySeconds "
    "retryBackoffFactor retryMaxDelaySeconds maxNotificationsPerHour maxNotificationsPerDay language onUnknownDelivery "
    "dailyAeroapiBudgetUsd features { name enabled } version updatedAt }",
    "setMessageTemplate": "template { type language contentSid body updatedAt }",
    "resendNotification": "notification { id status reason }",
    "cancelNotification": "notification { id status reason }",
    "sendTestMessage": "notification { id type status channel body trip { id } }",
    "setOptOut": "phone optedOut",
    "createApiKey": "apiKey { id name role prefix expiresAt revokedAt } secret",
    "revokeApiKey": "apiKey { id revokedAt }",
}
NEEDED = {
    name: Role.ADMIN
    if name in {"updateAgencySettings", "setMessageTemplate", "sendTestMessage", "createApiKey", "revokeApiKey"}
    else Role.AGENT
    for name in INPUTS
}

WRITTEN = {
    "agencies_settings": "*",
    "api_keys": "id, agency_id, name, role, prefix, expires_at, revoked_at",
    "flights": "*",
    "trips": "*",
    "flight_status_history": "*",
    "notifications_log": "*",
    "delivery_attempts": "*",
    "opt_outs": "*",
    "message_templates": "*",
    "events": "*",
    "feed_heads": "*",
}


async def order(world: World, name: str, key: str | None = None, /, **given: Any) -> dict[str, Any]:
    """The payload of one mutation."""
    document = f"mutation($input: {INPUTS[name]}!) {{ {name}(input: $input) {{ {ANSWERS[name]} userErrors {{ code message path }} }} }}"
    answer = await world.data(document, key, input=given)
    payload: dict[str, Any] = answer[name]
    for error in payload["userErrors"]:
        assert error.pop("message").endswith((".", "…")), "a refusal is a sentence"
    return payload


async def refused(world: World, name: str, /, *errors: tuple[str, list[str]], **given: Any) -> None:
    """The mutation is refused with exactly these errors, and leaves nothing behind."""
    before = await everything(world)
    payload = await order(world, name, **given)
    said = payload.pop("userErrors")
    assert [(each["code"], each["path"]) for each in said] == list(errors)
    assert not any(value for value in payload.values()), "a refusal carries nothing but its errors"
    assert await everything(world) == before


async def everything(world: World) -> dict[str, Any]:
    """All that was ever written, sent or queued, as one value to compare; each agency's rows as the agency sees them."""
    async with world.db.transaction() as tx:
        everyone = await agencies.everyone(tx)
    rows: dict[tuple[UUID, str], str] = {}
    for agency_id, _, _ in everyone:
        async with world.db.transaction(agency_id) as tx:
            for table, columns in WRITTEN.items():
                rows[agency_id, table] = await tx.value(
                    f"SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') "
                    f"FROM (SELECT {columns} FROM {table}) AS t"
                )
    return {**rows, "sent": len(world.messages), "queued": await world.redis.zcard("arq:queue")}  # type: ignore[dict-item]


def text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def form(world: World, **changes: Any) -> dict[str, Any]:
    """A trip that nothing speaks against; `traveller__phone` reaches into the traveller."""
    whole: dict[str, Any] = {
        "traveller": {"name": "Ana Pérez", "phone": ANA, "language": "ES"},
        "flight": "AR1303",
        "origin": "EZE",
        "destination": "MIA",
        "departure": text(world.clock.now() + 2 * DAY),
    }
    for name, value in changes.items():
        head, _, inner = name.partition("__")
        if inner:
            whole[head] = {**whole[head], inner: value}
        else:
            whole[head] = value
    return whole


def global_id(type_name: str, id_: UUID) -> str:
    return base64.urlsafe_b64encode(f"{type_name}:{id_}".encode()).decode().rstrip("=")


def id_of(trip: Trip) -> str:
    return global_id("Trip", trip.id)


async def key_of(world: World, role: Role) -> str:
    made = await tenancy.create_key(world.db, world.clock, world.agency.id, name="k", role=role, expires_at=None)
    return made.secret


async def notification_id(world: World, trip: Trip, type_: str) -> str:
    return next(global_id("Notification", each.id) for each in await world.decided(trip) if each.type == type_)


async def force(world: World, sql: str, **values: Any) -> None:
    """Put a row of the agency into a state that would take a day of flights to reach."""
    async with world.db.transaction(world.agency.id) as tx:
        await tx.run(sql, **values)


async def count(world: World, what: str, **values: Any) -> int:
    async with world.db.transaction(world.agency.id) as tx:
        counted: int = await tx.value(f"SELECT count(*) FROM {what}", **values)
    return counted


# createTrip


async def test_a_trip_is_made_as_it_was_asked_for_and_its_traveller_is_told_once(world: World) -> None:
    asked = form(world, reference=" R-1 ", lodging="Hotel Azul", notes="VIP\nwindow", idempotencyKey="k-1")
    payload = await order(world, "createTrip", **asked)
    assert payload["userErrors"] == []
    trip = payload["trip"]
    assert trip["traveller"] == {"name": "Ana Pérez", "phone": ANA, "language": "ES"}
    assert (trip["reference"], trip["lodging"], trip["notes"]) == ("R-1", "Hotel Azul", "VIP\nwindow")
    assert trip["flight"] == {"ident": "ARG1303", "departure": {"scheduledAt": "2026-03-12T12:00:00Z"}}
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


@pytest.mark.parametrize(
    ("departure", "instant"),
    [
        ("2026-03-12T09:00", "2026-03-12T12:00:00Z"),  # local at Ezeiza, -03:00
        ("2026-03-12T14:00+02:00", "2026-03-12T12:00:00Z"),
        ("2026-03-12 09:00:00", "2026-03-12T12:00:00Z"),
        ("2027-03-10T12:00:00Z", "2027-03-10T12:00:00Z"),  # exactly 365 days ahead
    ],
)
async def test_a_departure_is_an_instant_or_local_at_the_origin(world: World, departure: str, instant: str) -> None:
    payload = await order(world, "createTrip", **form(world, departure=departure))
    assert payload["userErrors"] == []
    assert payload["trip"]["flight"]["departure"]["scheduledAt"] == instant


NAME, PHONE = ["traveller", "name"], ["traveller", "phone"]
BAD_FIELDS = [
    *[("flight", text_, "UNKNOWN_FLIGHT", ["flight"]) for text_ in
      ("HELLO", "AR0000", "AR12345", "", "1303", "AR1303\x00", "✈1303", "A" * 10_000, "AR-", "ARGX1303", "AR 13 03 9 9")],
    *[(field, code, "UNKNOWN_AIRPORT", [field]) for field in ("origin", "destination")
      for code in ("XXX", "QQQQ", "", "E", "😀😀😀", "EZE\x00", "A" * 10_000, "Buenos Aires")],
    ("destination", "EZE", "INVALID", ["destination"]),
    ("destination", "saez", "INVALID", ["destination"]),
    *[("traveller__phone", phone, "INVALID", PHONE) for phone in
      ("12345", "5491155550101", "+1", "hello", "", "+" + "9" * 10_000, "+999123456789", "+54 9 11 5555 0101 ext. 5", "+5491155550101\x00x")],
    *[("traveller__name", name, "INVALID", NAME) for name in
      ("", " \t ", "x" * 10_000, "x" * 121, "Ana\x00", "Ana\nPérez", "Ana 😀", "Ana \u202ezereP")],
    *[("departure", moment, "INVALID", ["departure"]) for moment in
      ("", "tomorrow", "2026-03-12", "2026-02-30T10:00", "2027-03-10T12:00:01Z", "2030-01-01T00:00", "9999-12-31T23:59-12:00",
       "x" * 10_000, "2026-03-12T25:00", "2026-03-12T10:00+99:00")],
    *[("departure", moment, "TOO_LATE", ["departure"]) for moment in ("2026-03-10T12:00:00Z", "2026-03-10T08:59", "1999-01-01T00:00", "0001-01-01T12:00")],
    ("reference", "x" * 101, "INVALID", ["reference"]),
    ("reference", "a\x00b", "INVALID", ["reference"]),
    ("reference", "a\nb", "INVALID", ["reference"]),
    ("lodging", "x" * 301, "INVALID", ["lodging"]),
    ("lodging", "a\x07b", "INVALID", ["lodging"]),
    ("notes", "x" * 2001, "INVALID", ["notes"]),
    ("notes", "a\x00b", "INVALID", ["notes"]),
    ("idempotencyKey", "x" * 201, "INVALID", ["idempotencyKey"]),
    ("idempotencyKey", "a\x00b", "INVALID", ["idempotencyKey"]),
]  # fmt: skip


async def test_every_bad_field_of_a_trip_is_named_and_nothing_is_written(world: World) -> None:
    for field, value, code, path in BAD_FIELDS:
        await refused(world, "createTrip", (code, path), **form(world, **{field: value}))
    await world.settle()
    assert world.messages == []


async def test_a_local_time_that_the_clocks_skip_is_refused(world: World) -> None:
    skipped = form(world, origin="MAD", departure="2026-03-29T02:30")
    await refused(world, "createTrip", ("INVALID", ["departure"]), **skipped)


async def test_all_that_is_wrong_is_said_at_once(world: World) -> None:
    wrong = form(world, traveller__name="", traveller__phone="1", flight="?", origin="XXX", reference="x" * 101)
    errors = [("INVALID", NAME), ("INVALID", PHONE), ("UNKNOWN_FLIGHT", ["flight"]), ("UNKNOWN_AIRPORT", ["origin"])]
    await refused(world, "createTrip", *errors, ("INVALID", ["reference"]), **wrong)


async def test_emoji_and_long_scripts_are_welcome_where_they_harm_nobody(world: World) -> None:
    payload = await order(
        world,
        "createTrip",
        **form(world, notes="🎉 cumpleaños", lodging="Hôtel 東京 😀", traveller__name="María-José O’Neill Ñandú 田中"),
    )
    assert payload["userErrors"] == []
    assert payload["trip"]["lodging"] == "Hôtel 東京 😀"


async def test_the_same_traveller_is_not_booked_twice_on_a_flight(world: World) -> None:
    await order(world, "createTrip", **form(world))
    again = form(
        world,
        flight="ARG 1303",
        origin="SAEZ",
        traveller__phone="+54 9 11 5555-0101",
        departure="2026-03-12T09:00-03:00",
    )
    await refused(world, "createTrip", ("TAKEN", ["flight"]), **again)
    other_person = await order(world, "createTrip", **form(world, traveller__phone=BEA))
    assert other_person["userErrors"] == []


async def test_the_same_key_and_content_give_the_trip_made_before(world: World) -> None:
    first = await order(world, "createTrip", **form(world, idempotencyKey="k-1"))
    before = await everything(world)
    second = await order(world, "createTrip", **form(world, idempotencyKey="k-1"))
    assert second == first
    assert await everything(world) == before
    await refused(
        world,
        "createTrip",
        ("CONFLICT", ["idempotencyKey"]),
        **form(world, idempotencyKey="k-1", lodging="Hotel Azul"),
    )
    _, foreign = await world.another_agency()
    theirs = await order(world, "createTrip", foreign, **form(world, idempotencyKey="k-1", lodging="Hotel Azul"))
    assert theirs["userErrors"] == []


async def test_a_key_means_what_the_caller_sent_and_not_what_the_agency_chose_since(world: World) -> None:
    asked = form(world, idempotencyKey="k-1", traveller={"name": "Ana Pérez", "phone": ANA})
    first = await order(world, "createTrip", **asked)
    await order(world, "updateAgencySettings", version=1, language="PT")
    second = await order(world, "createTrip", **asked)
    assert second["userErrors"] == []
    assert second["trip"]["id"] == first["trip"]["id"]


async def test_ten_callers_with_one_key_make_one_trip(world: World) -> None:
    asked = form(world, idempotencyKey="k-1")
    answers = await asyncio.gather(*(order(world, "createTrip", **asked) for _ in range(10)))
    assert [each["userErrors"] for each in answers] == [[]] * 10
    assert len({each["trip"]["id"] for each in answers}) == 1
    assert await count(world, "trips") == 1
    assert await count(world, "notifications_log WHERE notification_type LIKE 'RES%'") == 1


async def test_ten_callers_without_a_key_make_one_trip_and_nine_hear_that_it_is_taken(world: World) -> None:
    answers = await asyncio.gather(*(order(world, "createTrip", **form(world)) for _ in range(10)))
    codes = sorted(error["code"] for each in answers for error in each["userErrors"])
    assert codes == ["TAKEN"] * 9


# importTrips


@pytest.mark.parametrize("rows", [0, 1001])
async def test_an_import_has_1_to_1000_rows(world: World, rows: int) -> None:
    await refused(world, "importTrips", ("LIMIT_REACHED", ["trips"]), trips=[form(world)] * rows)


async def test_each_row_of_a_thousand_succeeds_or_fails_on_its_own(world: World) -> None:
    rows = [form(world, flight="?") for _ in range(1000)]
    rows[0] = form(world)
    rows[500] = form(world, flight="AR1303", traveller__phone=BEA)
    rows[998] = form(world, flight="arg1303")  # the same as row 0
    rows[999] = form(world, origin="XXX", traveller__name="")
    payload = await order(world, "importTrips", trips=rows)
    assert payload["userErrors"] == []
    assert (payload["created"], payload["failed"]) == (2, 998)
    results = payload["results"]
    assert len(results) == 1000
    assert [n for n, each in enumerate(results) if each["trip"]] == [0, 500]
    said = [[(error["code"], error["path"]) for error in each["userErrors"]] for each in results]
    assert said[1] == [("UNKNOWN_FLIGHT", ["flight"])]
    assert said[998] == [("TAKEN", ["flight"])]
    assert said[999] == [("INVALID", NAME), ("UNKNOWN_AIRPORT", ["origin"])]
    assert await count(world, "trips") == 2
    assert await count(world, "events WHERE kind = 'TRIP_CREATED'") == 2


# updateTrip


async def test_a_change_names_what_is_different_and_an_empty_text_takes_away(world: World) -> None:
    trip = await world.book(lodging="Hotel Azul", reference="R-1", notes="VIP")
    payload = await order(world, "updateTrip", tripId=id_of(trip), lodging="", notes="late")
    assert payload["userErrors"] == []
    changed = payload["trip"]
    assert (changed["reference"], changed["lodging"], changed["notes"]) == ("R-1", None, "late")
    who = {"name": "Ana María Pérez", "phone": BEA, "language": "PT"}
    payload = await order(world, "updateTrip", tripId=id_of(trip), traveller=who)
    assert payload["trip"]["traveller"] == who


async def test_another_departure_is_confirmed_anew_and_the_old_words_are_overtaken(world: World) -> None:
    trip = await world.book()
    await world.settle()
    moved = text(world.clock.now() + 3 * DAY)
    payload = await order(world, "updateTrip", tripId=id_of(trip), departure=moved)
    assert payload["userErrors"] == []
    assert payload["trip"]["flight"]["departure"]["scheduledAt"] == moved
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "RESERVATION_CONFIRMATION"]
    reminders = [each.status for each in await world.decided(trip) if each.type == "REMINDER_24H"]
    assert sorted(reminders) == ["PENDING", "SUPERSEDED"]


UPDATE_REFUSALS: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"flight": "?"}, "UNKNOWN_FLIGHT", ["flight"]),
    ({"flight": ""}, "UNKNOWN_FLIGHT", ["flight"]),
    ({"departure": "2026-03-01T10:00Z"}, "TOO_LATE", ["departure"]),
    ({"departure": "2028-03-01T10:00Z"}, "INVALID", ["departure"]),
    ({"departure": "soon"}, "INVALID", ["departure"]),
    ({"reference": "x" * 101}, "INVALID", ["reference"]),
    ({"lodging": "a\x00"}, "INVALID", ["lodging"]),
    ({"notes": "x" * 10_000}, "INVALID", ["notes"]),
    ({"traveller": {"name": "😀", "phone": ANA}}, "INVALID", NAME),
    ({"traveller": {"name": "x" * 10_000, "phone": ANA}}, "INVALID", NAME),
    ({"traveller": {"name": "Ana", "phone": "123"}}, "INVALID", PHONE),
]


async def test_a_change_is_checked_like_a_booking(world: World) -> None:
    trip = await world.book()
    for change, code, path in UPDATE_REFUSALS:
        await refused(world, "updateTrip", (code, path), tripId=id_of(trip), **change)


async def test_a_trip_cannot_become_another_one_of_the_same_traveller(world: World) -> None:
    await world.book("AR1303")
    second = await world.book("AR1305")
    await refused(world, "updateTrip", ("TAKEN", ["flight"]), tripId=id_of(second), flight="AR1303")
    beas = await world.book("AR1303", phone=BEA)
    who = {"name": "Bea", "phone": ANA}
    await refused(world, "updateTrip", ("TAKEN", ["flight"]), tripId=id_of(beas), traveller=who)


async def test_an_archived_trip_and_one_that_left_are_not_moved(world: World) -> None:
    trip = await world.book()
    await force(world, "UPDATE flights SET actual_out = :at", at=world.clock.now())
    await refused(world, "updateTrip", ("TOO_LATE", ["flight"]), tripId=id_of(trip), flight="AR1305")
    lodged = await order(world, "updateTrip", tripId=id_of(trip), lodging="Hotel Azul")
    assert lodged["trip"]["lodging"] == "Hotel Azul"
    await order(world, "archiveTrip", tripId=id_of(trip))
    await refused(world, "updateTrip", ("TOO_LATE", ["tripId"]), tripId=id_of(trip), notes="x")


async def test_what_stays_of_a_trip_need_not_be_bookable_any_more(world: World) -> None:
    trip = await world.book(departure=world.clock.now() + HOUR)
    world.clock.move_to(world.clock.now() + 2 * HOUR)
    payload = await order(world, "updateTrip", tripId=id_of(trip), lodging="Hotel Azul")
    assert payload["userErrors"] == []


async def test_two_changes_that_meet_on_one_flight_leave_one_trip_there(world: World) -> None:
    trips = [await world.book(ident) for ident in ("AR1303", "AR1305", "AR1307", "AR1309")]
    answers = await asyncio.gather(*(order(world, "updateTrip", tripId=id_of(trip), flight="AR2000") for trip in trips))
    assert sorted(error["code"] for each in answers for error in each["userErrors"]) == ["TAKEN"] * 3


# archiveTrip


async def test_an_archived_trip_hears_nothing_more(world: World) -> None:
    trip = await world.book()
    await world.settle()
    payload = await order(world, "archiveTrip", tripId=id_of(trip))
    assert payload["userErrors"] == []
    assert payload["trip"]["archivedAt"] == text(world.clock.now())
    waiting = [(each.status, each.reason) for each in await world.decided(trip) if each.type == "REMINDER_24H"]
    assert waiting == [("WITHDRAWN", "TRIP_ARCHIVED")]
    before = await everything(world)
    world.clock.move_to(world.clock.now() + HOUR)
    again = await order(world, "archiveTrip", tripId=id_of(trip))
    assert again == payload
    assert await everything(world) == before
    booked_again = await order(world, "createTrip", **form(world))
    assert booked_again["userErrors"] == []


# checkTrip


async def test_a_look_that_was_asked_for_is_taken_now(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    world.fly("ARG1303", departure)
    trip = await world.book(departure=departure)
    await world.settle()
    world.clock.move_to(world.clock.now() + MINUTE)
    payload = await order(world, "checkTrip", tripId=id_of(trip))
    assert payload["userErrors"] == []
    assert payload["trip"]["flight"]["nextCheckAt"] == text(world.clock.now())
    await world.settle()
    seen = await world.data("query($id: ID!) { trip(id: $id) { flight { lastCheckedAt } } }", id=id_of(trip))
    assert seen["trip"]["flight"]["lastCheckedAt"] == text(world.clock.now())


async def test_a_look_is_refused_too_early_beyond_the_budget_or_when_all_is_over(world: World) -> None:
    early = await world.book(departure=world.clock.now() + 10 * DAY)
    await refused(world, "checkTrip", ("TOO_LATE", ["tripId"]), tripId=id_of(early))
    trip = await world.book("AR1305", departure=world.clock.now() + 20 * HOUR)
    await order(world, "updateAgencySettings", version=1, dailyAeroapiBudgetUsd=0)
    await refused(world, "checkTrip", ("LIMIT_REACHED", ["tripId"]), tripId=id_of(trip))
    await order(world, "updateAgencySettings", version=2, dailyAeroapiBudgetUsd=None)
    await force(world, "UPDATE flights SET watch = 'DONE', next_check_at = NULL WHERE id = :id", id=trip.flight_id)
    await refused(world, "checkTrip", ("TOO_LATE", ["tripId"]), tripId=id_of(trip))
    await order(world, "archiveTrip", tripId=id_of(trip))
    await refused(world, "checkTrip", ("TOO_LATE", ["tripId"]), tripId=id_of(trip))


# recordFlightStatus


async def test_what_an_agent_writes_counts_for_one_trip_and_is_told_to_its_traveller(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    trip, other = await world.book(departure=departure), await world.book(phone=BEA, departure=departure)
    await world.settle()
    said = {"departureEstimatedAt": text(departure + 45 * MINUTE), "gateOrigin": "A13", "terminalOrigin": "A"}
    payload = await order(world, "recordFlightStatus", tripId=id_of(trip), **said)
    assert payload["userErrors"] == []
    assert payload["record"]["source"] == "MANUAL"
    kinds = {each["kind"]: (each["before"], each["after"]) for each in payload["record"]["changes"]}
    assert kinds["DEPARTURE_TIME"] == (text(departure), text(departure + 45 * MINUTE))
    assert kinds["GATE_ORIGIN"] == (None, "A13")
    shown = payload["trip"]["flight"]
    assert shown["departure"] == {"gate": "A13", "terminal": "A", "estimatedAt": text(departure + 45 * MINUTE)}
    assert shown["departureDelayMinutes"] == 45
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "DELAYED"]
    assert world.heard(BEA) == ["RESERVATION_CONFIRMATION"]
    untouched = await world.data("query($id: ID!) { trip(id: $id) { flight { departureDelayMinutes departure { gate } } latestStatus { id } } }", id=id_of(other))  # fmt: skip
    assert untouched["trip"] == {
        "flight": {"departureDelayMinutes": None, "departure": {"gate": None}},
        "latestStatus": None,
    }


async def test_a_cancellation_by_hand_is_told_at_once_and_can_be_taken_back(world: World) -> None:
    trip = await world.book()
    await world.settle()
    await order(world, "recordFlightStatus", tripId=id_of(trip), cancelled=True)
    await world.settle()
    payload = await order(world, "recordFlightStatus", tripId=id_of(trip), cancelled=False)
    assert payload["trip"]["flight"]["cancelled"] is False
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "CANCELLED", "REINSTATED"]


async def test_a_status_by_hand_is_refused_where_it_says_nothing_or_comes_too_late(world: World) -> None:
    trip = await world.book()
    await refused(world, "recordFlightStatus", ("INVALID", ["tripId"]), tripId=id_of(trip))
    await refused(
        world, "recordFlightStatus", ("INVALID", ["tripId"]), tripId=id_of(trip), gateOrigin=None, cancelled=None
    )
    await force(world, "UPDATE flights SET actual_on = :at", at=world.clock.now())
    await refused(world, "recordFlightStatus", ("TOO_LATE", ["tripId"]), tripId=id_of(trip), gateOrigin="A1")
    await order(world, "archiveTrip", tripId=id_of(trip))
    await refused(world, "recordFlightStatus", ("TOO_LATE", ["tripId"]), tripId=id_of(trip), gateOrigin="A1")


@pytest.mark.parametrize("field", ["gateOrigin", "terminalOrigin"])
@pytest.mark.parametrize("value", ["x" * 10_000, "A\x00", "A\x07", ""], ids=["long", "nul", "bell", "empty"])
async def test_a_gate_by_hand_is_a_short_printable_text(world: World, field: str, value: str) -> None:
    trip = await world.book()
    await refused(world, "recordFlightStatus", ("INVALID", [field]), tripId=id_of(trip), **{field: value})


@pytest.mark.parametrize(
    "field", ["departureEstimatedAt", "arrivalEstimatedAt", "departureActualAt", "arrivalActualAt"]
)
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "1999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_a_time_by_hand_lies_near_the_flight(world: World, field: str, moment: str) -> None:
    trip = await world.book()
    await refused(world, "recordFlightStatus", ("INVALID", [field]), tripId=id_of(trip), **{field: moment})


async def test_what_has_happened_by_hand_has_happened_before_now(world: World) -> None:
    trip = await world.book()
    ahead = text(world.clock.now() + HOUR)
    await refused(
        world,
        "recordFlightStatus",
        ("INVALID", ["departureActualAt"]),
        tripId=id_of(trip),
        departureActualAt=ahead,
    )


# updateAgencySettings

EVERY_SETTING: dict[str, Any] = {
    "quietHoursStart": "23:30",
    "quietHoursEnd": "06:15",
    "timezoneOverride": "Europe/Madrid",
    "boardingNotificationOffsetMinutes": 120,
    "landingNotificationEnabled": False,
    "reminder24hEnabled": False,
    "delayThresholdMinutes": 20,
    "maxRetryAttempts": 5,
    "retryInitialDelaySeconds": 7,
    "retryBackoffFactor": 1.5,
    "retryMaxDelaySeconds": 600,
    "maxNotificationsPerHour": 77,
    "maxNotificationsPerDay": 777,
    "language": "PT",
    "onUnknownDelivery": "HOLD_FOR_HUMAN",
    "dailyAeroapiBudgetUsd": 12.5,
}


async def test_every_setting_is_kept_as_it_was_given(world: World) -> None:
    flags = [{"name": "SMS_FALLBACK", "enabled": True}, {"name": "GATE_MESSAGES", "enabled": False}]
    payload = await order(world, "updateAgencySettings", version=1, **EVERY_SETTING, features=flags)
    assert payload["userErrors"] == []
    settings = payload["settings"]
    features = {each["name"]: each["enabled"] for each in settings.pop("features")}
    expected = {"SMS_FALLBACK": True, "GATE_MESSAGES": False, "DIVERSION_MESSAGES": True, "BAGGAGE_IN_WELCOME": False}
    assert features == expected
    assert settings == {**EVERY_SETTING, "version": 2, "updatedAt": text(world.clock.now())}

    # What is left out, or null where null means nothing, stays; null takes the other two away.
    kept = {"quietHoursStart": None, "language": None, "maxRetryAttempts": None, "features": None}
    payload = await order(
        world, "updateAgencySettings", version=2, **kept, timezoneOverride=None, dailyAeroapiBudgetUsd=None
    )
    assert payload["userErrors"] == []
    settings = payload["settings"]
    assert {each["name"]: each["enabled"] for each in settings.pop("features")} == expected
    gone = {"timezoneOverride": None, "dailyAeroapiBudgetUsd": None}
    assert settings == {**EVERY_SETTING, **gone, "version": 3, "updatedAt": text(world.clock.now())}


SETTING_REFUSALS: list[tuple[dict[str, Any], str]] = [
    *[({field: value}, field) for field, values in {
        "quietHoursStart": ("24:00", "9:00", "09:60", "noon", "", "09:00:00", "٠٩:٠٠"),
        "quietHoursEnd": ("-1:00", "0900"),
        "timezoneOverride": ("", "Mars/Olympus", "america/argentina/buenos_aires", "../etc/passwd", "x" * 10_000, "a\x00b"),
        "boardingNotificationOffsetMinutes": (14, 361, -90),
        "delayThresholdMinutes": (4, 241, 0),
        "maxRetryAttempts": (0, 11),
        "retryInitialDelaySeconds": (0, 3601),
        "retryBackoffFactor": (0.99, 10.01),
        "retryMaxDelaySeconds": (0, 86_401),
        "maxNotificationsPerHour": (0, 100_001),
        "maxNotificationsPerDay": (0, 1_000_001),
        "dailyAeroapiBudgetUsd": (-0.01, 1_000_000.01),
    }.items() for value in values],
    ({"maxNotificationsPerHour": 50, "maxNotificationsPerDay": 49}, "maxNotificationsPerDay"),
    ({"maxNotificationsPerHour": 201}, "maxNotificationsPerDay"),
    ({"retryInitialDelaySeconds": 301}, "retryMaxDelaySeconds"),
]  # fmt: skip


async def test_every_setting_has_its_limits(world: World) -> None:
    for change, field in SETTING_REFUSALS:
        await refused(world, "updateAgencySettings", ("INVALID", [field]), version=1, **change)


@pytest.mark.parametrize(
    "edge",
    [
        {
            "boardingNotificationOffsetMinutes": 15,
            "delayThresholdMinutes": 5,
            "maxRetryAttempts": 1,
            "retryBackoffFactor": 1,
        },
        {"boardingNotificationOffsetMinutes": 360, "delayThresholdMinutes": 240, "maxRetryAttempts": 10},
        {"retryInitialDelaySeconds": 3600, "retryMaxDelaySeconds": 3600, "retryBackoffFactor": 10},
        {"retryMaxDelaySeconds": 86_400, "dailyAeroapiBudgetUsd": 1_000_000},
        {"maxNotificationsPerHour": 100_000, "maxNotificationsPerDay": 1_000_000},
        {"maxNotificationsPerHour": 1, "maxNotificationsPerDay": 1, "dailyAeroapiBudgetUsd": 0},
        {"quietHoursStart": "00:00", "quietHoursEnd": "23:59"},
    ],
)
async def test_the_limits_themselves_are_allowed(world: World, edge: dict[str, Any]) -> None:
    payload = await order(world, "updateAgencySettings", version=1, **edge)
    assert payload["userErrors"] == []
    assert {name: payload["settings"][name] for name in edge} == edge


async def test_no_time_zone_that_is_offered_breaks_the_database(world: World) -> None:
    async with world.db.transaction() as tx:
        broken = await tx.value(
            "SELECT array_agg(t) FROM unnest(CAST(:zones AS text[])) AS t WHERE NOT is_timezone(t)",
            zones=sorted(available_timezones()),
        )
    answers = [await world.ask(
        "mutation($input: UpdateAgencySettingsInput!) { updateAgencySettings(input: $input) { userErrors { code path } } }",
        input={"version": 1, "timezoneOverride": zone},
    ) for zone in broken or []]  # fmt: skip
    refusal = {"updateAgencySettings": {"userErrors": [{"code": "INVALID", "path": ["timezoneOverride"]}]}}
    assert answers == [{"data": refusal}] * len(answers)


@pytest.mark.parametrize("version", [0, 2, -1, 2_147_483_647])
async def test_a_change_from_another_version_is_a_conflict(world: World, version: int) -> None:
    await refused(world, "updateAgencySettings", ("CONFLICT", ["version"]), version=version, maxRetryAttempts=4)


async def test_of_ten_changes_from_one_version_one_wins(world: World) -> None:
    answers = await asyncio.gather(
        *(order(world, "updateAgencySettings", version=1, delayThresholdMinutes=20 + n) for n in range(10))
    )
    won = [n for n, each in enumerate(answers) if not each["userErrors"]]
    assert len(won) == 1
    assert sorted(error["code"] for each in answers for error in each["userErrors"]) == ["CONFLICT"] * 9
    now = await world.data("{ agency { settings { version delayThresholdMinutes } } }")
    assert now["agency"]["settings"] == {"version": 2, "delayThresholdMinutes": 20 + won[0]}


async def test_the_very_next_decision_obeys_the_quiet_hours(world: World) -> None:
    await order(world, "updateAgencySettings", version=1, quietHoursStart="08:00", quietHoursEnd="10:00")
    trip = await world.book()  # 09:00 in Buenos Aires
    confirmation = next(each for each in await world.decided(trip) if each.type == "RESERVATION_CONFIRMATION")
    assert (confirmation.reason, confirmation.due_at) == ("QUIET_HOURS", world.clock.now() + HOUR)
    await world.settle()
    assert world.messages == []
    # And what waits for the morning goes as soon as there is no night.
    await order(world, "updateAgencySettings", version=2, quietHoursStart="00:00", quietHoursEnd="00:00")
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_the_very_next_decision_obeys_threshold_language_caps_and_switches(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    trip = await world.book(departure=departure)
    await world.settle()
    await order(world, "updateAgencySettings", version=1, delayThresholdMinutes=60)
    late = {"departureEstimatedAt": text(departure + 45 * MINUTE)}
    await order(world, "recordFlightStatus", tripId=id_of(trip), **late)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    await order(world, "updateAgencySettings", version=2, delayThresholdMinutes=30)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "DELAYED"]

    await order(world, "updateAgencySettings", version=3, language="EN", maxNotificationsPerHour=2)
    bea = form(world, traveller={"name": "Bea", "phone": BEA})
    assert (await order(world, "createTrip", **bea))["trip"]["traveller"]["language"] == "EN"
    await world.settle()
    assert world.heard(BEA) == []  # two went out in this hour
    await order(world, "updateAgencySettings", version=4, maxNotificationsPerHour=3)
    await world.settle()
    assert world.heard(BEA) == ["RESERVATION_CONFIRMATION"]
    assert world.messages[-1]["body"].startswith("Hello Bea")

    await order(world, "updateAgencySettings", version=5, reminder24hEnabled=False)
    await world.play(departure - 20 * HOUR)
    reminders = [(each.status, each.reason) for each in await world.decided(trip) if each.type == "REMINDER_24H"]
    assert reminders == [("SUPPRESSED", "TYPE_DISABLED")]


# setMessageTemplate


async def test_the_very_next_message_is_worded_in_the_agencys_way(world: World) -> None:
    wording: dict[str, Any] = {
        "type": "RESERVATION_CONFIRMATION",
        "language": "ES",
        "body": " Che {{1}}, volás en {{2}}. ",
    }
    payload = await order(world, "setMessageTemplate", **wording)
    assert payload["userErrors"] == []
    assert payload["template"] == {
        "type": "RESERVATION_CONFIRMATION", "language": "ES", "contentSid": None, "body": "Che {{1}}, volás en {{2}}.",
        "updatedAt": text(world.clock.now()),
    }  # fmt: skip
    trip = await world.book()
    assert [each.body for each in await world.decided(trip) if each.type == "RESERVATION_CONFIRMATION"] == [
        "Che Ana Pérez, volás en AR1303."
    ]
    # Without a body the standard text is back.
    back = await order(
        world, "setMessageTemplate", type="RESERVATION_CONFIRMATION", language="ES", contentSid="HX" + "0" * 32
    )
    assert back["template"]["body"].startswith("Hola {{1}}, tu vuelo {{2}}")
    assert back["template"]["contentSid"] == "HX" + "0" * 32


TEMPLATE_REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"contentSid": "HX123"}, "contentSid"),
    ({"contentSid": ""}, "contentSid"),
    ({"contentSid": "HX" + "G" * 32}, "contentSid"),
    ({"contentSid": "HX" + "0" * 32 + "\n"}, "contentSid"),
    ({"body": ""}, "body"),
    ({"body": "   "}, "body"),
    ({"body": "x" * 1601}, "body"),
    ({"body": "x" * 10_000}, "body"),
    ({"body": "Hello {{4}}"}, "body"),
    ({"body": "Hello {{0}}"}, "body"),
    ({"body": "Hello {{00}}"}, "body"),
    ({"body": "Hello {{" + "9" * 500 + "}}"}, "body"),
    ({"body": "Hello \x00 {{1}}"}, "body"),
]


async def test_a_wording_is_checked(world: World) -> None:
    for change, field in TEMPLATE_REFUSALS:
        await refused(world, "setMessageTemplate", ("INVALID", [field]), type="DELAYED", language="EN", **change)


# resendNotification, cancelNotification


async def test_what_failed_is_sent_again_by_a_persons_word_and_only_once(world: World) -> None:
    trip = await world.book()
    await force(
        world,
        "UPDATE notifications_log SET status = 'FAILED', reason = 'PROVIDER_REFUSED' WHERE notification_type LIKE 'RES%'",
    )
    given = {"notificationId": await notification_id(world, trip, "RESERVATION_CONFIRMATION")}
    payload = await order(world, "resendNotification", **given)
    assert payload["userErrors"] == []
    assert payload["notification"] == {"id": given["notificationId"], "status": "PENDING", "reason": None}
    await refused(world, "resendNotification", ("CONFLICT", ["notificationId"]), **given)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    await refused(world, "resendNotification", ("CONFLICT", ["notificationId"]), **given)


async def test_what_is_held_for_a_person_is_sent_by_a_persons_word(world: World) -> None:
    trip = await world.book()
    given = {"notificationId": await notification_id(world, trip, "RESERVATION_CONFIRMATION")}
    await force(world, "UPDATE notifications_log SET status = 'UNKNOWN' WHERE notification_type LIKE 'RES%'")
    await refused(world, "resendNotification", ("CONFLICT", ["notificationId"]), **given)
    await force(world, "UPDATE notifications_log SET reason = 'HELD_FOR_HUMAN' WHERE notification_type LIKE 'RES%'")
    payload = await order(world, "resendNotification", **given)
    assert payload["notification"]["status"] == "PENDING"
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_what_is_no_longer_useful_is_not_sent_again(world: World) -> None:
    trip = await world.book()
    await force(
        world,
        "UPDATE notifications_log SET status = 'FAILED', reason = 'PROVIDER_REFUSED', expires_at = :now",
        now=world.clock.now(),
    )
    given = {"notificationId": await notification_id(world, trip, "RESERVATION_CONFIRMATION")}
    await refused(world, "resendNotification", ("TOO_LATE", ["notificationId"]), **given)


async def test_what_waits_can_be_withdrawn_and_what_went_cannot(world: World) -> None:
    trip = await world.book()
    await world.settle()
    sent = await notification_id(world, trip, "RESERVATION_CONFIRMATION")
    await refused(world, "cancelNotification", ("TOO_LATE", ["notificationId"]), notificationId=sent)
    waiting = await notification_id(world, trip, "REMINDER_24H")
    payload = await order(world, "cancelNotification", notificationId=waiting)
    assert payload["userErrors"] == []
    assert payload["notification"] == {"id": waiting, "status": "WITHDRAWN", "reason": "WITHDRAWN_BY_AGENT"}
    await refused(world, "cancelNotification", ("TOO_LATE", ["notificationId"]), notificationId=waiting)


async def test_a_withdrawn_confirmation_stays_withdrawn(world: World) -> None:
    trip = await world.book()
    await order(
        world, "cancelNotification", notificationId=await notification_id(world, trip, "RESERVATION_CONFIRMATION")
    )
    await order(world, "updateTrip", tripId=id_of(trip), notes="x")
    await world.settle()
    assert world.messages == []


async def test_a_withdrawn_reminder_stays_withdrawn(world: World) -> None:
    trip = await world.book()
    await order(world, "cancelNotification", notificationId=await notification_id(world, trip, "REMINDER_24H"))
    await order(world, "updateTrip", tripId=id_of(trip), notes="x")
    reminders = [each.status for each in await world.decided(trip) if each.type == "REMINDER_24H"]
    assert reminders == ["WITHDRAWN"]


# sendTestMessage


@pytest.mark.parametrize("channel", ["WHATSAPP", "SMS"])
async def test_a_test_message_goes_the_way_of_every_other(world: World, channel: str) -> None:
    payload = await order(world, "sendTestMessage", phone="+54 9 11 5555-0102", channel=channel)
    assert payload["userErrors"] == []
    sent = payload["notification"]
    assert (sent["type"], sent["status"], sent["channel"], sent["trip"]) == ("TEST", "PENDING", channel, None)
    assert "Norte Viajes" in sent["body"]
    await world.settle()
    assert [(line["to"], line["type"]) for line in world.messages] == [(BEA, "TEST")]
    seen = await world.data(
        "query($id: ID!) { notification(id: $id) { status body attempts { outcome } } }", id=sent["id"]
    )
    assert seen["notification"]["status"] in ("SENT", "DELIVERED", "READ")
    assert seen["notification"]["body"] == sent["body"] == world.messages[0]["body"]
    assert seen["notification"]["attempts"] == [{"outcome": "ACCEPTED"}]


async def test_a_test_message_is_worded_in_the_agencys_way_from_the_start(world: World) -> None:
    await order(world, "setMessageTemplate", type="TEST", language="ES", body="Prueba de {{1}}.")
    payload = await order(world, "sendTestMessage", phone=BEA)
    assert payload["notification"]["body"] == "Prueba de Norte Viajes."


async def test_a_test_message_is_refused_to_no_phone_to_who_opted_out_and_by_the_suspended(world: World) -> None:
    for phone in ("", "123", "hello", "+" + "1" * 10_000, "😀"):
        await refused(world, "sendTestMessage", ("INVALID", ["phone"]), phone=phone)
    await order(world, "setOptOut", phone=BEA, optedOut=True)
    await refused(world, "sendTestMessage", ("FORBIDDEN", ["phone"]), phone=BEA)
    await force(world, "UPDATE agencies SET status = 'SUSPENDED'")
    await refused(world, "sendTestMessage", ("FORBIDDEN", ["phone"]), phone=ANA)


# setOptOut


async def test_who_wants_no_messages_gets_none_and_can_come_back(world: World) -> None:
    payload = await order(world, "setOptOut", phone="+54 9 11 5555-0101", optedOut=True)
    assert payload == {"phone": ANA, "optedOut": True, "userErrors": []}
    before = await everything(world)
    assert (await order(world, "setOptOut", phone=ANA, optedOut=True))["optedOut"] is True
    assert await everything(world) == before
    trip = await world.book()
    await world.settle()
    assert world.messages == []
    ended = [
        (each.status, each.reason) for each in await world.decided(trip) if each.type == "RESERVATION_CONFIRMATION"
    ]
    assert ended == [("SUPPRESSED", "OPTED_OUT")]
    back = await order(world, "setOptOut", phone=ANA, optedOut=False)
    assert back == {"phone": ANA, "optedOut": False, "userErrors": []}
    await world.book("AR1305")
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_an_opt_out_counts_for_one_agency(world: World) -> None:
    other, _ = await world.another_agency()
    await order(world, "setOptOut", phone=ANA, optedOut=True)
    await world.book(agency_id=other.id)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_an_opt_out_needs_a_phone(world: World) -> None:
    for phone in ("", "123", "hello", "5491155550101", "+" + "9" * 10_000):
        for opted_out in (True, False):
            await refused(world, "setOptOut", ("INVALID", ["phone"]), phone=phone, optedOut=opted_out)


# createApiKey, revokeApiKey


async def test_a_key_opens_the_door_until_it_is_revoked(world: World) -> None:
    expires = text(world.clock.now() + DAY)
    payload = await order(world, "createApiKey", name=" portal ", role="VIEWER", expiresAt=expires)
    assert payload["userErrors"] == []
    key, secret = payload["apiKey"], payload["secret"]
    assert (key["name"], key["role"], key["expiresAt"], key["revokedAt"]) == ("portal", "VIEWER", expires, None)
    assert secret.startswith(f"{key['prefix']}_")
    seen = await world.data("{ viewer { name role expiresAt } }", secret)
    assert seen["viewer"] == {"name": "portal", "role": "VIEWER", "expiresAt": expires}

    revoked = await order(world, "revokeApiKey", apiKeyId=key["id"])
    assert revoked == {"apiKey": {"id": key["id"], "revokedAt": text(world.clock.now())}, "userErrors": []}
    refused_ = await world.http.post(
        "/graphql", json={"query": "{ viewer { name } }"}, headers={"Authorization": f"Bearer {secret}"}
    )
    assert refused_.status_code == 401
    world.clock.move_to(world.clock.now() + HOUR)
    assert await order(world, "revokeApiKey", apiKeyId=key["id"]) == revoked


async def test_a_key_ends_when_it_is_told_to_and_its_successor_goes_on(world: World) -> None:
    old, new = [await order(world, "createApiKey", name="portal", role="VIEWER") for _ in range(2)]
    soon = world.clock.now() + HOUR
    document = "mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { expiresAt revokedAt } } }"
    answer = await world.data(document, input={"apiKeyId": old["apiKey"]["id"], "at": text(soon)})
    assert answer["revokeApiKey"]["apiKey"] == {"expiresAt": text(soon), "revokedAt": None}
    late = {"apiKeyId": old["apiKey"]["id"], "at": text(soon + HOUR)}
    await refused(world, "revokeApiKey", ("INVALID", ["at"]), **late)
    assert await world.data("{ viewer { name } }", old["secret"]) == {"viewer": {"name": "portal"}}
    world.clock.move_to(soon)
    statuses = [
        (await world.http.post("/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Bearer {each['secret']}"})).status_code
        for each in (old, new)
    ]  # fmt: skip
    assert statuses == [401, 200]


async def test_the_secret_of_a_key_is_kept_nowhere(world: World) -> None:
    secret = (await order(world, "createApiKey", name="portal", role="AGENT"))["secret"].split("_", 2)[2]
    assert await count(world, "api_keys") == 2
    assert await count(world, "api_keys AS k WHERE k::text LIKE '%' || :secret || '%'", secret=secret) == 0


KEY_REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "   "}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": "x" * 10_000}, "name"),
    ({"name": "a\x00b"}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"expiresAt": "2026-03-10T12:00:00Z"}, "expiresAt"),
    ({"expiresAt": "1999-01-01T00:00:00Z"}, "expiresAt"),
]


@pytest.mark.parametrize(("change", "field"), KEY_REFUSALS, ids=[f"{f}-{n}" for n, (_, f) in enumerate(KEY_REFUSALS)])
async def test_a_key_is_checked(world: World, change: dict[str, Any], field: str) -> None:
    await refused(world, "createApiKey", ("INVALID", [field]), **{"name": "portal", "role": "AGENT", **change})


# Ids, roles, documents

BY_ID: list[tuple[str, str, str, dict[str, Any]]] = [
    ("updateTrip", "tripId", "Trip", {"notes": "x"}),
    ("archiveTrip", "tripId", "Trip", {}),
    ("checkTrip", "tripId", "Trip", {}),
    ("recordFlightStatus", "tripId", "Trip", {"gateOrigin": "A1"}),
    ("resendNotification", "notificationId", "Notification", {}),
    ("cancelNotification", "notificationId", "Notification", {}),
    ("revokeApiKey", "apiKeyId", "ApiKey", {}),
]


@pytest.mark.parametrize(("name", "field", "type_name", "rest"), BY_ID, ids=[each[0] for each in BY_ID])
async def test_ids_of_others_and_ids_of_nothing_are_not_found(
    world: World, name: str, field: str, type_name: str, rest: dict[str, Any]
) -> None:
    other, _ = await world.another_agency()
    theirs = await world.book(agency_id=other.id)
    ours = await world.book(phone=BEA)
    decided = await world.decided(theirs)
    async with world.db.transaction(other.id) as tx:
        foreign = {
            "Trip": theirs.id,
            "Notification": decided[0].id,
            "ApiKey": await tx.value("SELECT id FROM api_keys WHERE agency_id = :id", id=other.id),
        }
    wrong_type = global_id("Flight", ours.flight_id), global_id("Agency", world.agency.id), global_id("Node", ours.id)
    malformed = (
        "",
        "garbage",
        "é😀",
        "x" * 10_000,
        str(ours.id),
        f"{type_name}:{ours.id}",
        "VHJpcDo",
        "VHJpcDo6Og",
        "\x00",
        "====",
    )
    for id_ in (global_id(type_name, foreign[type_name]), global_id(type_name, uuid4()), *wrong_type, *malformed):
        await refused(world, name, ("NOT_FOUND", [field]), **{field: id_, **rest})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"traveller": {"name": 5, "phone": ANA}}, "traveller"),
        ({"traveller": {"name": "Ana", "phone": 5491155550101}}, "phone"),
        ({"traveller": {"name": "Ana", "phone": ANA, "language": "FR"}}, "language"),
        ({"traveller": None}, "traveller"),
        ({"flight": None}, "flight"),
        ({"departure": 5}, "departure"),
        ({"unheardOf": 1}, "unheardOf"),
    ],
)
async def test_input_of_another_shape_is_a_fault_of_the_document(
    world: World, change: dict[str, Any], says: str
) -> None:
    before = await everything(world)
    answer = await world.ask(
        "mutation($input: CreateTripInput!) { createTrip(input: $input) { trip { id } userErrors { code } } }",
        input={**form(world), **change},
    )
    assert says in answer["errors"][0]["message"]
    assert not answer.get("data")
    assert await everything(world) == before


@pytest.mark.parametrize(
    "moment", ["", "soon", "2026-03-12", "2026-03-12T10:00:00", 5, "0001-01-01T00:00:00+14:00", "a\x00"]
)
async def test_a_datetime_is_an_instant_with_an_offset(world: World, moment: Any) -> None:
    trip = await world.book()
    answer = await world.ask(
        "mutation($input: RecordFlightStatusInput!) { recordFlightStatus(input: $input) { userErrors { code } } }",
        input={"tripId": id_of(trip), "departureEstimatedAt": moment},
    )
    assert "DateTime" in answer["errors"][0]["message"]
    assert "our side" not in answer["errors"][0]["message"]
