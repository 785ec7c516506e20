"""Keyset paging: a page is what lies after one place and before another, never a count of rows to skip."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

NO_CURSOR = "This is no cursor of this connection."


class CursorError(ValueError):
    """A cursor that this connection never gave."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in an order: its key, and a tie-breaker that is unique."""

    key: datetime | int
    id: str

    def cursor(self) -> str:
        """The place as an opaque text."""
        key = self.key.isoformat() if isinstance(self.key, datetime) else self.key
        return base64.urlsafe_b64encode(orjson.dumps([key, self.id])).decode()

    @classmethod
    def of(cls, cursor: str, by: type[datetime] | type[int]) -> "Place":
        """The place that a cursor names in an order by instants or by numbers; raises CursorError."""
        try:
            text, id_ = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
            key = datetime.fromisoformat(text) if by is datetime else text
            valid = type(key) is by and (key.tzinfo is not None if isinstance(key, datetime) else 0 <= key < 2**63)
            if not valid or str(UUID(id_)) != id_:
                raise CursorError(NO_CURSOR)
            return cls(key, id_)
        except (binascii.Error, ValueError, TypeError, AttributeError) as broken:
            raise CursorError(NO_CURSOR) from broken


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
