"""Room for sockets and streams: so many in a process, and so many of them with one key."""

from collections import Counter
from collections.abc import Hashable


class FullError(Exception):
    """The process has no room for one more."""


class CrowdedError(Exception):
    """The key has as many as it may have."""


class Seat:
    """The place of one socket or stream."""

    key: Hashable = None


class Seats:
    """All places of a process."""

    def __init__(self, *, per_process: int, per_key: int) -> None:
        self.per_process, self.per_key = per_process, per_key
        self._taken: set[Seat] = set()
        self._by_key: Counter[Hashable] = Counter()

    def take(self) -> Seat:
        """A seat for somebody who is not known yet; raises FullError."""
        if len(self._taken) >= self.per_process:
            raise FullError
        seat = Seat()
        self._taken.add(seat)
        return seat

    def assign(self, seat: Seat, key: Hashable) -> None:
        """It is known now whose seat this is; raises CrowdedError."""
        if self._by_key[key] >= self.per_key:
            raise CrowdedError
        seat.key = key
        self._by_key[key] += 1

    def free(self, seat: Seat) -> None:
        """Whoever sat there is gone."""
        self._taken.discard(seat)
        if seat.key is not None:
            self._by_key[seat.key] -= 1
            if not self._by_key[seat.key]:
                del self._by_key[seat.key]
            seat.key = None
