"""How often a key may ask: a full bucket at once, and then as much as drips into it. Each process has its own buckets.

Several processes allow several times as much. That is meant to stop one client that runs wild, not to be billed by, and so
it asks nobody and works while Redis is away.
"""

from collections.abc import Hashable

SPAN = 60.0
MANY = 10_000
"""Buckets, after which those that are full again are forgotten."""
_ROUNDING = 1e-6


class Rates:
    """The buckets of all keys. Instants are seconds of a clock that never goes back."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._step = SPAN / per_minute
        self._spent: dict[Hashable, float] = {}

    def take(self, key: Hashable, now: float) -> float:
        """0 where the key may ask, else the seconds until it may."""
        spent = max(self._spent.get(key, now - SPAN), now - SPAN) + self._step
        if spent > now + _ROUNDING:
            return spent - now
        if len(self._spent) >= MANY:
            self._spent = {each: until for each, until in self._spent.items() if until > now - SPAN}
        self._spent[key] = spent
        return 0.0


class Sample:
    """Which of many alike are worth a line in the log: so many in a minute."""

    def __init__(self, per_minute: int) -> None:
        self._rates = Rates(per_minute)
        self._untold = 0

    def tells(self, now: float) -> int | None:
        """None where this one is not told, else how many before it were not."""
        if self._rates.take(None, now):
            self._untold += 1
            return None
        untold, self._untold = self._untold, 0
        return untold
