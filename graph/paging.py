"""Pages of lists: their arguments, checked here, once, and the objects that hold them."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Annotated, Any, Generic, TypeVar, cast

import strawberry
from graphql import GraphQLError

from travel.records.pages import AS_WRITTEN, CursorError, Page, Place, Window

T = TypeVar("T")

First = Annotated[int | None, strawberry.argument(description="How many from the start; at most 100.")]
After = Annotated[str | None, strawberry.argument(description="Begin after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the end; at most 100.")]
Before = Annotated[str | None, strawberry.argument(description="End before this cursor.")]

LARGEST = 100
DEFAULT = 25


class PagingError(GraphQLError):
    """Paging arguments that make no page; said to the client as they are, with a code: a fault of ours has none."""

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": "BAD_USER_INPUT"})


def window(
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    order: str = AS_WRITTEN,
) -> Window:
    """The rows that the arguments ask for, in the named order; raises PagingError."""
    if first is not None and last is not None:
        raise PagingError("Give `first` or `last`, not both.")
    limit = next((each for each in (first, last) if each is not None), DEFAULT)
    if not 0 <= limit <= LARGEST:
        raise PagingError(f"A page has 0 to {LARGEST} items.")
    try:
        return Window(
            limit=limit,
            after=Place.of(after, order) if after is not None else None,
            before=Place.of(before, order) if before is not None else None,
            backwards=last is not None,
        )
    except CursorError as unknown:
        raise PagingError(str(unknown)) from None


@strawberry.type(description="Where a page lies in its connection.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="True if more follows.")
    has_previous_page: bool = strawberry.field(description="True if more precedes.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item.")


@strawberry.type(description="One item of a connection, with its place.")
class Edge(Generic[T]):
    node: T = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="Its place; opaque.")


class Nodes(Sequence[Any]):
    """The items of a page, each made when it is looked at: where the database completes a list, none is."""

    def __init__(self, items: Sequence[tuple[Any, Place]], shape: Callable[[Any], Any]) -> None:
        self._items = items
        self._shape = shape

    @property
    def ids(self) -> list[str]:
        """Their ids in the database."""
        return [place.id for _, place in self._items]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        return self._shape(self._items[index][0])

    def __iter__(self) -> Iterator[Any]:
        return (self._shape(value) for value, _ in self._items)


@strawberry.type(description="A page of a list, by keyset: nothing is skipped or shown twice while the list grows.")
class Connection(Generic[T]):
    page: strawberry.Private[Page]
    shape: strawberry.Private[Callable[[Any], Any]]
    counter: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(description="The items with their places.")
    def edges(self) -> list[Edge[T]]:
        return [Edge(node=self.shape(value), cursor=place.cursor()) for value, place in self.page.items]

    @strawberry.field(description="The items alone.")
    def nodes(self) -> list[T]:
        return cast(list[T], Nodes(self.page.items, self.shape))

    @strawberry.field(description="Where this page lies.")
    def page_info(self) -> PageInfo:
        items = self.page.items
        return PageInfo(
            has_next_page=self.page.has_next,
            has_previous_page=self.page.has_previous,
            start_cursor=items[0][1].cursor() if items else None,
            end_cursor=items[-1][1].cursor() if items else None,
        )

    @strawberry.field(description="How many there are in all pages; counted only when asked for.")
    async def total_count(self) -> int:
        return await self.counter()
