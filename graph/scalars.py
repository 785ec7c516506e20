"""The scalars of the schema. Each refuses what it cannot mean."""

from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

LocalTime = NewType("LocalTime", str)
PhoneNumber = NewType("PhoneNumber", str)


def _instant(value: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise GraphQLError("A DateTime is an instant with an offset, such as 2026-11-22T14:05:00Z.")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise GraphQLError("This DateTime lies outside of the calendar.") from None


def _shown(instant: datetime) -> str:
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds" if instant.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _text(value: Any) -> str:
    # Whether the text means something is said as a userError of its field, not as a fault of the document.
    if not isinstance(value, str):
        raise GraphQLError("This must be a text.")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, RFC 3339 with an offset: 2026-11-22T14:05:00Z.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=_shown,
        parse_value=_instant,
    ),
    LocalTime: strawberry.scalar(
        name="LocalTime", description="A local time of day, HH:MM.", serialize=str, parse_value=_text
    ),
    PhoneNumber: strawberry.scalar(
        name="PhoneNumber",
        description="A phone number in E.164 form: +5491155550101.",
        serialize=str,
        parse_value=_text,
    ),
}
