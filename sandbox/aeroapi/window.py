"""The parameters of AeroAPI's lists: the window of time, pages and cursors, with AeroAPI's refusals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PAGE = 15
PAST = timedelta(days=10)
AHEAD = timedelta(days=2)
# Without a start AeroAPI reaches a little further back than it lets anybody ask for.
PAST_BY_DEFAULT = timedelta(days=11)


class Refused(Exception):  # noqa: N818 - an answer of the stand-in, not a fault in it.
    """The request gets 400 and these words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Between which instants a flight departs, `start` inclusive and `end` exclusive, and which pages."""

    start: datetime | None
    end: datetime | None
    offset: int
    max_pages: int

    def holds(self, departure: datetime | None) -> bool:
        if departure is None:
            return self.start is None and self.end is None
        return (self.start is None or self.start <= departure) and (self.end is None or departure < self.end)

    @property
    def middle(self) -> datetime | None:
        return self.start + (self.end - self.start) / 2 if self.start and self.end else self.start or self.end

    def cursor(self, offset: int) -> str:
        """Opaque to clients; it carries the window, so that a next page needs no other parameter."""
        known = [offset, *(instant.isoformat() if instant else None for instant in (self.start, self.end))]
        return json.dumps(known).encode().hex()


def of_flights(query: Mapping[str, str], now: datetime) -> Window:
    """The window of `/flights/{ident}`: at most 10 days back and 2 days ahead, refused with 400 beyond.

    Exactly 2 days ahead is refused too, as real clients have met it.
    """
    pages = max_pages(query)
    if "cursor" in query:
        return from_cursor(query["cursor"], pages)
    start = instant(query["start"], "start") if "start" in query else None
    end = instant(query["end"], "end") if "end" in query else None
    if start and start < now - PAST:
        raise Refused("start must not be more than 10 days in the past")
    if (end and end >= now + AHEAD) or (start and start >= now + AHEAD):
        raise Refused("start and end must not be more than 2 days in the future")
    if start and end and start >= end:
        raise Refused("start must be before end")
    return Window(start=start, end=end, offset=0, max_pages=pages)


def bounded(window: Window, now: datetime) -> Window:
    """What AeroAPI takes for a side of the window that was not given, when flights are asked by a name."""
    start = window.start or now - PAST_BY_DEFAULT
    return Window(start=start, end=window.end or now + AHEAD, offset=window.offset, max_pages=window.max_pages)


def of_schedules(start: str, end: str, query: Mapping[str, str], now: datetime) -> Window:
    """The window of `/schedules`: from 3 months back to a year ahead."""
    begins, ends, pages = instant(start, "date_start"), instant(end, "date_end"), max_pages(query)
    if begins < now - timedelta(days=92) or ends > now + timedelta(days=366):
        raise Refused("dates must lie between 3 months in the past and 1 year in the future")
    if begins >= ends:
        raise Refused("date_start must be before date_end")
    offset = from_cursor(query["cursor"], pages).offset if "cursor" in query else 0
    return Window(start=begins, end=ends, offset=offset, max_pages=pages)


def max_pages(query: Mapping[str, str]) -> int:
    text = query.get("max_pages", "1")
    if not text.isdecimal() or int(text) < 1:
        raise Refused("max_pages must be an integer of at least 1")
    return int(text)


def from_cursor(cursor: str, pages: int) -> Window:
    try:
        offset, start, end = json.loads(bytes.fromhex(cursor))
        start, end = (datetime.fromisoformat(side) if side else None for side in (start, end))
    except (ValueError, TypeError) as error:
        raise Refused("cursor is not valid") from error
    return Window(start=start, end=end, offset=offset, max_pages=pages)


def instant(text: str, name: str) -> datetime:
    """A date is its 00:00:00Z, without offset it is UTC. A `+` not escaped in a URL is a space."""
    try:
        parsed = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise Refused(f"{name} is not an ISO 8601 date or date-time") from error
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
