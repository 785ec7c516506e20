"""Checks what an agent typed: raw texts in, a Booking or every refusal out. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers

from travel import airlines, airports
from travel.model import Airport, Booking, Language, Refusal, RefusedError
from travel.model import UserErrorCode as Code

LONGEST_AHEAD = timedelta(days=365)
LONGEST_TYPED = 1000
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class TripForm:
    """A trip as it was typed. `departure` is an instant with an offset, or local time at the origin without one."""

    traveller_name: str
    phone: str
    language: Language | None
    flight: str
    origin: str
    destination: str
    departure: str
    reference: str | None = None
    lodging: str | None = None
    notes: str | None = None
    idempotency_key: str | None = None


class _Form:
    """Collects refusals while fields are read."""

    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def refuse(self, code: Code, message: str, *path: str) -> None:
        self.refusals.append(Refusal(code, message, path))


def check(form: TripForm, *, language: Language, now: datetime) -> Booking:
    """The booking that a form describes; `language` is the agency's. Raises RefusedError with all that is wrong."""
    found = _Form()
    name = _name(found, form.traveller_name)
    phone = _phone(found, form.phone)
    ident = _ident(found, form.flight)
    origin, destination = _route(found, form.origin, form.destination)
    departure = _departure(found, form.departure, origin, now)
    booking = Booking(
        traveller_name=name or "",
        phone=phone or "",
        language=form.language or language,
        ident=ident or "",
        origin=origin.code if origin else "",
        destination=destination.code if destination else "",
        departure_at=departure or now,
        reference=_text(found, form.reference, 100, "reference"),
        lodging=_text(found, form.lodging, 300, "lodging"),
        notes=_text(found, form.notes, 2000, "notes", lines=True),
        idempotency_key=_text(found, form.idempotency_key, 200, "idempotencyKey"),
    )
    if found.refusals:
        raise RefusedError(found.refusals)
    return booking


def _name(found: _Form, text: str) -> str | None:
    """Letters, marks, digits and punctuation of any script, as in a passport; no emoji, no control characters."""
    name = unicodedata.normalize("NFC", text.strip()) if len(text) <= LONGEST_TYPED else text
    if not name:
        found.refuse(Code.INVALID, "A traveller needs a name.", "traveller", "name")
    elif len(name) > 120:
        found.refuse(Code.INVALID, "A name has at most 120 characters.", "traveller", "name")
    elif any(unicodedata.category(character)[0] in "CS" for character in name):
        found.refuse(Code.INVALID, "A name has no control characters, symbols or emoji.", "traveller", "name")
    else:
        return name
    return None


def phone_number(text: str) -> str | None:
    """The number in E.164 form, or None if it is none; it must begin with + and its country."""
    if len(text) > 40 or not text.strip().startswith("+"):
        return None
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or number.extension:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _phone(found: _Form, text: str) -> str | None:
    number = phone_number(text)
    if number is None:
        found.refuse(
            Code.INVALID,
            "This is no phone number in E.164 form, such as +5491155550101.",
            "traveller",
            "phone",
        )
    return number


def _ident(found: _Form, text: str) -> str | None:
    ident = airlines.canonical(text) if len(text) <= 20 else None
    if ident is None:
        found.refuse(
            Code.UNKNOWN_FLIGHT,
            "This is no flight number: an airline's two or three letters, then 1 to 4 digits.",
            "flight",
        )
    return ident


def _route(found: _Form, origin: str, destination: str) -> tuple[Airport | None, Airport | None]:
    ends = {"origin": _airport(origin), "destination": _airport(destination)}
    for field, airport in ends.items():
        if airport is None:
            found.refuse(Code.UNKNOWN_AIRPORT, "No airport has this IATA or ICAO code.", field)
    start, end = ends["origin"], ends["destination"]
    if start and end and start.code == end.code:
        found.refuse(Code.INVALID, "Origin and destination are the same airport.", "destination")
    return start, end


def _airport(code: str) -> Airport | None:
    return airports.find(code) if len(code) <= 10 else None


def _departure(found: _Form, text: str, origin: Airport | None, now: datetime) -> datetime | None:
    instant = _instant(found, text, origin)
    if instant is None:
        return None
    if instant <= now:
        found.refuse(Code.TOO_LATE, "This departure is in the past.", "departure")
    elif instant > now + LONGEST_AHEAD:
        found.refuse(Code.INVALID, "A departure lies at most 365 days ahead.", "departure")
    else:
        return instant
    return None


def _instant(found: _Form, text: str, origin: Airport | None) -> datetime | None:
    """Of two local times with one name, the first counts; one that the clocks skip is refused."""
    try:
        if not _TIME.fullmatch(text.strip()):
            raise ValueError("a date, or nothing at all, is no departure")
        typed = datetime.fromisoformat(text.strip())
        local = typed if typed.tzinfo else typed.replace(tzinfo=ZoneInfo(origin.timezone if origin else "Etc/GMT+12"))
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        example = "2026-07-01T21:40 (local at the origin) or 2026-07-01T21:40-03:00"
        found.refuse(Code.INVALID, f"This is no time of departure, such as {example}.", "departure")
        return None
    if origin and typed.tzinfo is None and instant.astimezone(local.tzinfo).replace(tzinfo=None) != typed:
        found.refuse(Code.INVALID, f"The clocks of {origin.shown} skip this time.", "departure")
        return None
    return instant.replace(microsecond=0)


def _text(found: _Form, text: str | None, longest: int, field: str, *, lines: bool = False) -> str | None:
    if text is None or not text.strip():
        return None
    allowed = "\n\t" if lines else ""
    if len(text) > longest:
        found.refuse(Code.INVALID, f"At most {longest} characters.", field)
    elif any(unicodedata.category(each) in ("Cc", "Cs") and each not in allowed for each in text.replace("\r\n", "\n")):
        found.refuse(Code.INVALID, "No control characters.", field)
    else:
        return text.strip()
    return None
