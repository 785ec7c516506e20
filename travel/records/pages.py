"""Keyset paging: a page is what lies after one place and before another, never a count of rows to skip."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

NO_CURSOR = "This is no cursor of this connection."
OTHER_ORDER = "This cursor is of another order."
AS_WRITTEN = ""
"""The order of rows as they were written, by a number; every other order is by an instant."""


class CursorError(ValueError):
    """A cursor that this connection never gave."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in an order: its key, a tie-breaker that is unique, and the order's name."""

    key: datetime | int
    id: str
    order: str = AS_WRITTEN

    def cursor(self) -> str:
        """The place as an opaque text."""
        key = self.key.isoformat() if isinstance(self.key, datetime) else self.key
        named = [key, self.id, self.order] if self.order else [key, self.id]
        return base64.urlsafe_b64encode(orjson.dumps(named)).decode()

    @classmethod
    def of(cls, cursor: str, order: str) -> "Place":
        """The place that a cursor names in an order; raises CursorError."""
        try:
            text, id_, *named = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
            key = datetime.fromisoformat(text) if order else text
            valid = key.tzinfo is not None if order else type(key) is int and 0 <= key < 2**63
            valid = valid and str(UUID(id_)) == id_ and len(named) == bool(order)
        except (binascii.Error, ValueError, TypeError, AttributeError) as broken:
            raise CursorError(NO_CURSOR) from broken
        if not valid:
            raise CursorError(NO_CURSOR)
        if named and named != [order]:
            raise CursorError(OTHER_ORDER)
        return cls(key, id_, order)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Which rows are wanted: the first `limit` after a place, or the last `limit` before one."""

    limit: int
    after: Place | None = None
    before: Place | None = None
    backwards: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Rows in the connection's order, each with its place, and whether there are more on either side."""

    items: tuple[tuple[Any, Place], ...]
    has_next: bool
    has_previous: bool


def page(found: list[tuple[Any, Place]], window: Window) -> Page:
    """A page from up to limit + 1 rows, which were read in the window's direction."""
    more = len(found) > window.limit
    kept = found[: window.limit]
    if window.backwards:
        return Page(items=tuple(reversed(kept)), has_next=window.before is not None, has_previous=more)
    return Page(items=tuple(kept), has_next=more, has_previous=window.after is not None)
