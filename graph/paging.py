"""The paging arguments of a connection: checked here, once."""

from datetime import datetime

from graphql import GraphQLError

from travel.records.pages import CursorError, Place, Window

LARGEST = 100
DEFAULT = 25


class PagingError(GraphQLError):
    """Paging arguments that make no page; said to the client as they are."""


def window(
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    by: type[datetime] | type[int] = int,
) -> Window:
    """The rows that the arguments ask for, in an order by numbers or by instants; raises PagingError."""
    if first is not None and last is not None:
        raise PagingError("Give `first` or `last`, not both.")
    limit = next((each for each in (first, last) if each is not None), DEFAULT)
    if not 0 <= limit <= LARGEST:
        raise PagingError(f"A page has 0 to {LARGEST} items.")
    try:
        return Window(
            limit=limit,
            after=Place.of(after, by) if after is not None else None,
            before=Place.of(before, by) if before is not None else None,
            backwards=last is not None,
        )
    except CursorError as unknown:
        raise PagingError(str(unknown)) from None
