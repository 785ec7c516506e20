"""An agency, its settings, its wording and its keys."""

import re
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import asyncpg

from travel import booking_form, catalogue, wording
from travel.clock import Clock
from travel.database import Database
from travel.enqueue import Wakeups
from travel.model import (
    Agency,
    AgencySettings,
    AgencyStatus,
    ApiKey,
    EventKind,
    Language,
    MessageTemplate,
    News,
    NotificationType,
    RefusedError,
    Role,
)
from travel.model import (
    UserErrorCode as Code,
)
from travel.records import agencies, feed, keys, outbox

_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
"""As the database's CHECK has it: names such as `localtime` mean the machine, not a place."""

LIMITS: dict[str, tuple[float, float]] = {
    "boarding_notification_offset_minutes": (15, 360),
    "delay_threshold_minutes": (5, 240),
    "max_retry_attempts": (1, 10),
    "retry_initial_delay_seconds": (1, 3600),
    "retry_backoff_factor": (1, 10),
    "retry_max_delay_seconds": (1, 86_400),
    "max_notifications_per_hour": (1, 100_000),
    "max_notifications_per_day": (1, 1_000_000),
    "daily_aeroapi_budget_usd": (0, 1_000_000),
}
"""The least and the most of each number; the database's CHECKs say the same, and a test compares them."""

TOGETHER = {
    "day_is_not_less_than_hour": ("max_notifications_per_day", "The day's cap cannot be below the hour's."),
    "cap_is_not_less_than_first_delay": (
        "retry_max_delay_seconds",
        "The longest wait cannot be below the first.",
    ),
}


async def create_agency(
    db: Database, clock: Clock, *, name: str, email: str, country: str, phone: str | None = None
) -> Agency:
    """A new tenant with default settings. Raises RefusedError."""
    if not 1 <= len(name.strip()) <= 200 or not name.isprintable():
        raise RefusedError.one(Code.INVALID, "A name has 1 to 200 printable characters.", "name")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email) or len(email) > 320:
        raise RefusedError.one(Code.INVALID, "This is no e-mail address.", "email")
    if not re.fullmatch(r"[A-Za-z]{2}", country):
        raise RefusedError.one(Code.INVALID, "A country is its two-letter code, such as AR.", "country")
    number = booking_form.phone_number(phone) if phone else None
    if phone and number is None:
        raise RefusedError.one(Code.INVALID, "This is no phone number in E.164 form.", "phone")
    agency = Agency(
        id=uuid4(),
        name=name.strip(),
        email=email,
        phone=number,
        country=country.upper(),
        status=AgencyStatus.ACTIVE,
        created_at=clock.now(),
    )
    async with db.transaction(agency.id) as tx:
        await agencies.add(tx, agency)
    return agency


async def change_settings(
    db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID, version: int, values: Mapping[str, Any]
) -> AgencySettings:
    """Set what is named, if nobody changed the settings since `version`. Raises RefusedError.

    The very next decision obeys; what already waits is planned anew by a job, and by the sweep where its wake-up is lost.
    """
    refuse_wrong(values)
    now = clock.now()
    try:
        async with db.transaction(agency_id) as tx:
            before = await agencies.settings(tx, agency_id, lock=True)
            if before.version != version:
                raise RefusedError.one(
                    Code.CONFLICT,
                    f"Somebody else changed the settings since this version; they are at {before.version}: read them again.",
                    "version",
                )
            if not values:
                return before
            settings = await agencies.change_settings(tx, agency_id, values, now)
            await feed.publish(tx, agency_id, [News(kind=EventKind.SETTINGS_UPDATED)], now)
    except asyncpg.CheckViolationError as broken:
        column, message = TOGETHER.get(agencies.broken_rule(broken), ("version", "These values do not fit together."))
        raise RefusedError.one(Code.INVALID, message, _camel(column)) from broken
    # Apart from the change, whose events the feed has already: nothing may be locked after the head of a feed.
    async with db.transaction(agency_id) as tx:
        freed = await outbox.free(tx, agency_id, outbox.CAPPED, now)
    if freed:
        await wakeups.deliver(agency_id)
    await wakeups.replan(agency_id)
    return settings


def refuse_wrong(values: Mapping[str, Any]) -> None:
    """Raises RefusedError for a value that no agency may have, whatever its other settings are."""
    for name, (least, most) in LIMITS.items():
        value = values.get(name)
        if value is not None and not least <= value <= most:
            raise RefusedError.one(Code.INVALID, f"Between {least:,.10g} and {most:,.10g}.", _camel(name))
    zone = values.get("timezone_override")
    if zone is not None and (zone not in available_timezones() or not _ZONE.fullmatch(zone)):
        raise RefusedError.one(
            Code.INVALID,
            "This is no IANA time zone, such as America/Argentina/Buenos_Aires.",
            "timezoneOverride",
        )


def local_time(text: str) -> time | None:
    """A time of day written HH:MM, or None."""
    shape = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", text)
    return time(int(shape[1]), int(shape[2])) if shape else None


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


async def set_template(
    db: Database,
    clock: Clock,
    agency_id: UUID,
    type_: NotificationType,
    language: Language,
    content_sid: str | None,
    body: str | None,
) -> MessageTemplate:
    """Word a type in the agency's own way. Raises RefusedError."""
    variables = catalogue.VARIABLES[type_]
    if content_sid is not None and not re.fullmatch(r"HX[0-9a-f]{32}", content_sid):
        raise RefusedError.one(Code.INVALID, "A ContentSid is HX and 32 hexadecimal digits.", "contentSid")
    if body is not None and (not 1 <= len(body.strip()) <= 1600 or "\x00" in body):
        raise RefusedError.one(Code.INVALID, "A text has 1 to 1,600 characters, and no NUL.", "body")
    if body is not None and not wording.placeholders(body) <= set(range(1, len(variables) + 1)):
        names = ", ".join(f"{{{{{n}}}}} {name}" for n, name in enumerate(variables, start=1))
        raise RefusedError.one(Code.INVALID, f"The placeholders of this type are: {names}.", "body")
    template = MessageTemplate(
        type=type_,
        language=language,
        content_sid=content_sid,
        body=body.strip() if body else None,
        updated_at=clock.now(),
    )
    async with db.transaction(agency_id) as tx:
        await agencies.set_template(tx, agency_id, template)
    return template


async def create_key(
    db: Database, clock: Clock, agency_id: UUID, *, name: str, role: Role, expires_at: datetime | None
) -> keys.NewKey:
    """A key whose secret is shown this once. Raises RefusedError."""
    now = clock.now()
    if not 1 <= len(name.strip()) <= 100 or not name.isprintable():
        raise RefusedError.one(Code.INVALID, "A name has 1 to 100 printable characters.", "name")
    if expires_at is not None and expires_at <= now:
        raise RefusedError.one(Code.INVALID, "This moment has passed.", "expiresAt")
    async with db.transaction(agency_id) as tx:
        await agencies.get(tx, agency_id)
        return await keys.add(tx, agency_id, name=name.strip(), role=role, expires_at=expires_at, now=now)


async def revoke_key(db: Database, clock: Clock, agency_id: UUID, key_id: UUID, at: datetime | None = None) -> ApiKey:
    """End a key at once, or at `at`, so that its successor is in use before. Raises RefusedError."""
    now = clock.now()
    if at is not None and at <= now:
        raise RefusedError.one(Code.INVALID, "This moment has passed.", "at")
    async with db.transaction(agency_id) as tx:
        if at is None:
            key = await keys.revoke(tx, agency_id, key_id, now)
        else:
            key = await keys.end(tx, agency_id, key_id, at)
            if key is None and any(each.id == key_id for each in await keys.of_agency(tx, agency_id)):
                raise RefusedError.one(Code.INVALID, "The key ends before that.", "at")
    if key is None:
        raise RefusedError.one(Code.NOT_FOUND, "The agency has no such key.", "apiKeyId")
    return key
