"""The world's time. What happens to flights and travellers runs on it; what guards machines does not.

It is real in production, faster than life in `bauhaus dev`, and set by hand in a replay. Every rule takes `now` as an
argument, so that nothing below this module ever asks a clock by itself.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is in the world of flights."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class RealClock:
    """The time of the machine."""

    def now(self) -> datetime:
        """The present instant."""
        return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class ScaledClock:
    """A clock that stood at `start` when the machine's clock stood at `origin` and has run `speed` times as fast since.

    Processes that share the three numbers share the time.
    """

    start: datetime
    origin: float
    """Unix seconds."""
    speed: float

    def now(self) -> datetime:
        """The present instant of the scaled world."""
        return self.start + timedelta(seconds=(time.time() - self.origin) * self.speed)


class VirtualClock:
    """A clock that stands still until somebody moves it forward."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Where it stands."""
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Jump forward to `instant`; the past is refused."""
        if instant < self._now:
            raise ValueError(f"The clock stands at {self._now}, it does not go back to {instant}.")
        self._now = instant
