"""The world's time. What happens to flights and travellers runs on it; what guards machines does not.

It is real in production, faster than life in `bauhaus dev`, and set by hand in a replay. Every rule takes `now` as an
argument, so that nothing below this module ever asks a clock by itself.

All processes share the database's clock: each counts on by its own monotonic time, which no step of the wall clock
moves, and is corrected from time to time. A worker whose wall clock is two minutes wrong settles nothing too early.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is in the world of flights."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def correct(self, unix_seconds: float) -> None:
        """Hear from the database what time it is in the world of machines."""
        ...


class MachineTime:
    """Unix seconds that run on by monotonic time; the wall clock is asked once, when it begins."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def seconds(self) -> float:
        """The present moment."""
        return time.monotonic() + self._offset

    def correct(self, unix_seconds: float) -> None:
        """Go on from another moment."""
        self._offset = unix_seconds - time.monotonic()


@dataclass(frozen=True)
class RealClock:
    """The time of the machine."""

    machine: MachineTime = field(default_factory=MachineTime, compare=False)

    def now(self) -> datetime:
        """The present instant."""
        return datetime.fromtimestamp(self.machine.seconds(), UTC)

    def correct(self, unix_seconds: float) -> None:
        """Go on from the database's time."""
        self.machine.correct(unix_seconds)


@dataclass(frozen=True, kw_only=True)
class ScaledClock:
    """A clock that stood at `start` when the machine's clock stood at `origin` and has run `speed` times as fast since.

    Processes that share the three numbers share the time.
    """

    start: datetime
    origin: float
    """Unix seconds."""
    speed: float
    machine: MachineTime = field(default_factory=MachineTime, compare=False)

    def now(self) -> datetime:
        """The present instant of the scaled world."""
        return self.start + timedelta(seconds=(self.machine.seconds() - self.origin) * self.speed)

    def correct(self, unix_seconds: float) -> None:
        """Go on from the database's time."""
        self.machine.correct(unix_seconds)


class VirtualClock:
    """A clock that stands still until somebody moves it forward."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Where it stands."""
        return self._now

    def correct(self, unix_seconds: float) -> None:
        """Nobody's time but its own."""

    def move_to(self, instant: datetime) -> None:
        """Jump forward to `instant`; the past is refused."""
        if instant < self._now:
            raise ValueError(f"The clock stands at {self._now}, it does not go back to {instant}.")
        self._now = instant
