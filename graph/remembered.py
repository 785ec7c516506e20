"""What is remembered of documents: as much as there is room for, counted in characters, of which each stands for about 125 bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ROOM = 400_000
"""Characters of all documents together. A syntax tree with its tokens takes 50 MB for so many."""


class Remembered(Generic[K, V]):
    """Values by key; those that nobody asked for longest make room for others."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._taken = 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """The value, if it is remembered."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: K, value: V, characters: int) -> V:
        """Remember a value for a document of so many characters, and return it."""
        self._taken += characters - self._kept.get(key, (value, 0))[1]
        self._kept[key] = value, characters
        self._kept.move_to_end(key)
        while self._taken > self._room:
            _, (_, freed) = self._kept.popitem(last=False)
            self._taken -= freed
        return value
