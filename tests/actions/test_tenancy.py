"""An agency's settings, wording and keys: what is refused, and that the very next decision obeys what is set."""

import asyncio
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from sandbox.twilio.faults import RecipientFault
from tests.world import ANA, World
from travel import delivery, tenancy, tracking
from travel.model import (
    AgencySettings,
    EventKind,
    Language,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    RefusedError,
    Role,
    UserErrorCode,
    Viewer,
)
from travel.records import agencies, feed, keys

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Code, Type = UserErrorCode, NotificationType


async def refusal(awaitable: Any) -> tuple[UserErrorCode, str]:
    with pytest.raises(RefusedError) as refused:
        await awaitable
    (only,) = refused.value.refusals
    return only.code, ".".join(only.path)


async def current(world: World) -> AgencySettings:
    async with world.db.transaction(world.agency.id) as tx:
        return await agencies.settings(tx, world.agency.id)


async def change(world: World, version: int | None = None, **values: Any) -> AgencySettings:
    asked = version if version is not None else (await current(world)).version
    return await tenancy.change_settings(world.db, world.house.wakeups, world.clock, world.agency.id, asked, values)


# ---- agencies

STRANGE: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "name"),
    ({"name": "n" * 201}, "name"),
    ({"email": "hola"}, "email"),
    ({"email": "a@b"}, "email"),
    ({"email": "a b@c.example"}, "email"),
    ({"country": "ARG"}, "country"),
    ({"country": "5"}, "country"),
    ({"phone": "12"}, "phone"),
]


@pytest.mark.parametrize(("values", "path"), STRANGE, ids=str)
async def test_an_agency_that_cannot_be_is_refused(world: World, values: dict[str, Any], path: str) -> None:
    whole = {"name": "Sur", "email": "a@b.example", "country": "AR", **values}
    assert await refusal(tenancy.create_agency(world.db, world.clock, **whole)) == (Code.INVALID, path)


async def test_a_new_agency_has_the_default_settings(world: World) -> None:
    settings = await current(world)
    assert (settings.quiet_hours_start, settings.quiet_hours_end) == (time(22), time(9))
    assert settings.boarding_notification_offset_minutes == 90
    assert settings.delay_threshold_minutes == 15
    assert (settings.max_retry_attempts, settings.retry_initial_delay_seconds) == (3, 5)
    assert (settings.retry_backoff_factor, settings.retry_max_delay_seconds) == (2.0, 300)
    assert (settings.max_notifications_per_hour, settings.max_notifications_per_day) == (50, 200)
    assert (settings.reminder_24h_enabled, settings.landing_notification_enabled) == (True, True)
    assert (settings.timezone_override, settings.daily_aeroapi_budget_usd, settings.features) == (None, None, {})
    assert settings.version == 1


# ---- settings

IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"boarding_notification_offset_minutes": 14}, "boardingNotificationOffsetMinutes"),
    ({"delay_threshold_minutes": 241}, "delayThresholdMinutes"),
    ({"max_retry_attempts": 0}, "maxRetryAttempts"),
    ({"retry_backoff_factor": 0.99}, "retryBackoffFactor"),
    ({"retry_backoff_factor": float("nan")}, "retryBackoffFactor"),
    ({"daily_aeroapi_budget_usd": -1.0}, "dailyAeroapiBudgetUsd"),
    ({"timezone_override": "America/Buenos_Airez"}, "timezoneOverride"),
    ({"timezone_override": "localtime"}, "timezoneOverride"),
    ({"max_notifications_per_hour": 201}, "maxNotificationsPerDay"),
    ({"max_notifications_per_day": 49}, "maxNotificationsPerDay"),
    ({"retry_initial_delay_seconds": 301}, "retryMaxDelaySeconds"),
]


@pytest.mark.parametrize(("values", "path"), IMPOSSIBLE, ids=str)
async def test_settings_that_cannot_be_are_refused_and_nothing_changes(
    world: World, values: dict[str, Any], path: str
) -> None:
    before = await current(world)
    assert await refusal(change(world, **{"delay_threshold_minutes": 20, **values})) == (Code.INVALID, path)
    assert await current(world) == before


async def test_of_two_changes_of_one_version_the_second_is_a_conflict(world: World) -> None:
    done = await asyncio.gather(
        *(change(world, 1, delay_threshold_minutes=20 + number) for number in range(5)), return_exceptions=True
    )
    assert [isinstance(each, AgencySettings) for each in done].count(True) == 1
    assert {each.refusals[0].code for each in done if isinstance(each, RefusedError)} == {Code.CONFLICT}
    assert (await current(world)).version == 2
    async with world.db.transaction(world.agency.id) as tx:
        events = await feed.after(tx, world.agency.id, 0, 10)
    assert [event.kind for event in events] == [EventKind.SETTINGS_UPDATED]


async def test_features_that_are_not_named_stay(world: World) -> None:
    await change(world, features={"SMS_FALLBACK": True})
    after = await change(world, features={"GATE_MESSAGES": False})
    assert after.features == {"SMS_FALLBACK": True, "GATE_MESSAGES": False}


async def test_a_zone_can_be_set_and_taken_away(world: World) -> None:
    assert (await change(world, timezone_override="Europe/Madrid")).timezone_override == "Europe/Madrid"
    assert (await change(world, timezone_override=None)).timezone_override is None


# ---- each setting changes the next decision


async def due_of(world: World, trip: Any, type_: NotificationType) -> datetime:
    (only,) = [each for each in await world.decided(trip) if each.type is type_]
    return only.due_at


async def test_quiet_hours_of_today_decide_about_what_was_held_yesterday(world: World) -> None:
    world.clock.move_to(datetime.fromisoformat("2026-03-11T03:00:00Z"))
    await world.book()
    await world.settle()
    assert world.messages == []
    await change(world, quiet_hours_start=time(3), quiet_hours_end=time(5))
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_a_quiet_hour_that_begins_now_holds(world: World) -> None:
    trip = await world.book()
    await change(world, quiet_hours_start=time(8), quiet_hours_end=time(10))
    await world.settle()
    assert world.messages == []
    (held,) = [each for each in await world.decided(trip) if each.type is Type.RESERVATION_CONFIRMATION]
    assert (held.reason, held.due_at) == (NotificationReason.QUIET_HOURS, world.clock.now() + HOUR)


async def test_the_zone_of_the_agency_wins(world: World) -> None:
    await change(world, timezone_override="Asia/Tokyo")  # 21:00 there
    world.clock.move_to(world.clock.now() + 90 * MINUTE)
    await world.book()
    await world.settle()
    assert world.messages == []


async def test_the_boarding_message_moves_with_its_offset(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    trip = await world.book(departure=departure)
    assert await due_of(world, trip, Type.BOARDING) == departure - 90 * MINUTE
    await change(world, boarding_notification_offset_minutes=45)
    await world.settle()
    assert await due_of(world, trip, Type.BOARDING) == departure - 45 * MINUTE


@pytest.mark.parametrize(
    ("switch", "type_"),
    [
        ({"reminder_24h_enabled": False}, "REMINDER_24H"),
        ({"landing_notification_enabled": False}, "LANDING_WELCOME"),
        ({"features": {"GATE_MESSAGES": False}}, "GATE_CHANGE"),
    ],
    ids=str,
)
async def test_a_type_that_is_switched_off_is_silent_with_a_reason(
    world: World, switch: dict[str, Any], type_: str
) -> None:
    departure = world.clock.now() + timedelta(days=2)
    world.fly(
        "ARG1303",
        departure,
        (-80 * MINUTE, {"gate_origin": "B2"}),
        (timedelta(), {"actual_out": departure}),
        (2 * HOUR, {"actual_off": departure + 5 * MINUTE, "actual_on": departure + 2 * HOUR}),
        gate_origin="A1",
    )
    trip = await world.book(departure=departure)
    await world.settle()
    await change(world, **switch)
    await world.play(departure + 12 * HOUR)
    assert type_ not in world.heard()
    silenced = [each for each in await world.decided(trip) if each.type == type_]
    assert {(each.status, each.reason) for each in silenced} == {
        (NotificationStatus.SUPPRESSED, NotificationReason.TYPE_DISABLED)
    }


async def test_the_threshold_of_today_decides(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    await world.settle()
    later = {"estimated_out": departure + 12 * MINUTE}
    await tracking.record_by_hand(world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id, later)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION"]
    await change(world, delay_threshold_minutes=10)
    await world.settle()
    assert world.heard() == ["RESERVATION_CONFIRMATION", "DELAYED"]


async def test_the_number_of_attempts_decides(world: World) -> None:
    await change(world, max_retry_attempts=1)
    world.sandbox.twilio.faults.rate_limited = 1.0
    trip = await world.book()
    await world.settle()
    assert world.sandbox.twilio.requests == 1
    assert (await world.decided(trip))[0].reason is NotificationReason.ATTEMPTS_EXHAUSTED


async def test_the_waits_between_attempts_obey_first_factor_and_cap(world: World) -> None:
    await change(
        world,
        max_retry_attempts=10,
        retry_initial_delay_seconds=100,
        retry_backoff_factor=10.0,
        retry_max_delay_seconds=2000,
        max_notifications_per_hour=1000,
        max_notifications_per_day=1000,
    )
    world.sandbox.twilio.faults.recipients[ANA] = RecipientFault(code=20429, when="sync")
    trip = await world.book(departure=world.clock.now() + timedelta(days=20))
    waits = []
    for most in (100, 1000, 2000, 2000, 2000, 2000):
        note = (await world.decided(trip))[0]
        await delivery.deliver(world.context.carrier, note.agency_id)
        wait = (await world.decided(trip))[0].due_at - world.clock.now()
        assert timedelta() <= wait <= most * SECOND
        waits.append(wait)
        world.clock.move_to(world.clock.now() + wait)
    assert len(set(waits)) == len(waits), "they are drawn, not computed"


async def test_the_language_is_that_of_trips_without_one(world: World) -> None:
    await change(world, language=Language.PT)
    trip = await world.book(language=None)
    assert trip.language is Language.PT
    await world.settle()
    assert world.messages[0]["body"].startswith("Olá")


# ---- wording

SID = "HX" + "0" * 32


async def wording(world: World, sid: str | None, body: str | None, type_: NotificationType = Type.DELAYED) -> Any:
    return await tenancy.set_template(world.db, world.clock, world.agency.id, type_, Language.ES, sid, body)


@pytest.mark.parametrize(
    ("sid", "body", "path"),
    [
        ("HX123", None, "contentSid"),
        (SID + "0", None, "contentSid"),
        (None, " ", "body"),
        (None, "x" * 1601, "body"),
        (None, "Hola {{4}}", "body"),
        (None, "Hola {{0}}", "body"),
    ],
)
async def test_wording_that_cannot_be_is_refused(world: World, sid: str | None, body: str | None, path: str) -> None:
    assert await refusal(wording(world, sid, body)) == (Code.INVALID, path)


async def test_wording_can_be_set_changed_and_taken_back(world: World) -> None:
    for body in ("{{1}}: {{2}} a las {{3}}.", "{{2}} {{3}}, {{1}}.", None):
        await wording(world, SID, body)
        async with world.db.transaction(world.agency.id) as tx:
            found = (await agencies.templates(tx, world.agency.id))[Type.DELAYED, Language.ES]
        assert (found.content_sid, found.body) == (SID, body)


# ---- keys


async def test_a_key_opens_until_it_expires_or_is_revoked(world: World) -> None:
    until = world.clock.now() + HOUR
    made = await tenancy.create_key(
        world.db, world.clock, world.agency.id, name=" portal ", role=Role.VIEWER, expires_at=until
    )

    async def viewer(text: str = made.secret) -> Viewer | None:
        async with world.db.single() as tx:
            shown = await keys.shown(tx, text, world.clock.now())
        return shown.viewer if shown else None

    seen = await viewer()
    assert seen is not None
    assert (seen.agency_id, seen.role, seen.name) == (world.agency.id, Role.VIEWER, "portal")
    for wrong in (made.secret[:-1], made.secret + "x", made.secret.replace("bh_", "xx_"), "", "bh_", "bh__", "ñ"):
        assert await viewer(wrong) is None
    world.clock.move_to(until)
    assert await viewer() is None
    lasting = await tenancy.create_key(
        world.db, world.clock, world.agency.id, name="x", role=Role.ADMIN, expires_at=None
    )
    assert await viewer(lasting.secret) is not None
    revoked = await tenancy.revoke_key(world.db, world.clock, world.agency.id, lasting.key.id)
    assert await viewer(lasting.secret) is None
    world.clock.move_to(world.clock.now() + HOUR)
    again = await tenancy.revoke_key(world.db, world.clock, world.agency.id, lasting.key.id)
    assert again.revoked_at == revoked.revoked_at


async def test_the_last_use_of_a_key_is_known_to_the_minute_and_costs_one_write_in_it(world: World) -> None:
    asked = "{ agency { apiKeys { lastUsedAt } } }"

    async def seen() -> tuple[datetime, str]:
        await world.data(asked)
        async with world.db.transaction(world.agency.id) as tx:
            row = await tx.one("SELECT last_used_at, CAST(xmin AS text) AS version FROM api_keys")
        assert row is not None
        return row["last_used_at"], row["version"]

    began = world.clock.now()
    first = await seen()
    world.clock.move_to(began + timedelta(seconds=60))
    assert await seen() == first
    assert first[0] == began
    world.clock.move_to(began + timedelta(seconds=61))
    assert (await seen())[0] == began + timedelta(seconds=61)


async def test_a_key_that_cannot_be_is_refused(world: World) -> None:
    async def key(name: str, expires_at: datetime | None = None) -> Any:
        return await tenancy.create_key(
            world.db, world.clock, world.agency.id, name=name, role=Role.AGENT, expires_at=expires_at
        )

    assert await refusal(key(" ")) == (Code.INVALID, "name")
    assert await refusal(key("n" * 101)) == (Code.INVALID, "name")
    assert await refusal(key("x", world.clock.now())) == (Code.INVALID, "expiresAt")


async def test_two_keys_open_side_by_side_until_the_old_one_ends(world: World) -> None:
    old, new = [
        await tenancy.create_key(world.db, world.clock, world.agency.id, name=name, role=Role.AGENT, expires_at=None)
        for name in ("portal", "portal")
    ]

    async def opens() -> list[bool]:
        async with world.db.single() as tx:
            return [await keys.shown(tx, made.secret, world.clock.now()) is not None for made in (old, new)]

    def end(at: datetime | None) -> Any:
        return tenancy.revoke_key(world.db, world.clock, world.agency.id, old.key.id, at)

    soon = world.clock.now() + HOUR
    ending = await end(soon)
    assert (ending.expires_at, ending.revoked_at) == (soon, None)
    assert await opens() == [True, True]
    assert (await end(soon)).expires_at == soon
    assert await refusal(end(soon + HOUR)) == (Code.INVALID, "at")
    assert await refusal(end(world.clock.now())) == (Code.INVALID, "at")
    sooner = await end(soon - HOUR / 2)
    assert sooner.expires_at == soon - HOUR / 2
    world.clock.move_to(sooner.expires_at)
    assert await opens() == [False, True]
    assert await refusal(end(soon)) == (Code.INVALID, "at")
    assert (await end(None)).revoked_at == world.clock.now()
    assert await refusal(end(soon)) == (Code.INVALID, "at")


async def test_a_key_of_another_agency_cannot_be_revoked(world: World) -> None:
    other, _ = await world.another_agency()
    made = await tenancy.create_key(world.db, world.clock, other.id, name="x", role=Role.AGENT, expires_at=None)
    for key_id in (made.key.id, uuid4()):
        for at in (None, world.clock.now() + HOUR):
            revoke = tenancy.revoke_key(world.db, world.clock, world.agency.id, key_id, at)
            assert await refusal(revoke) == (Code.NOT_FOUND, "apiKeyId")


async def test_a_change_of_nothing_makes_nobody_elses_change_a_conflict(world: World) -> None:
    before = await current(world)
    assert await change(world) == before
    assert (await current(world)).version == before.version
    assert await refusal(change(world, before.version + 1)) == (Code.CONFLICT, "version")
