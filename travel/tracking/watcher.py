"""What looking at flights needs of its process."""

from dataclasses import dataclass, field

from travel.aeroapi import AeroApi
from travel.cadence import Cadence
from travel.clock import Clock
from travel.database import Database
from travel.enqueue import Wakeups
from travel.pace import Pace

AEROAPI = "aeroapi"
"""The name under which all processes share the rate of the key."""


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """The process's means of looking at flights."""

    db: Database
    source: AeroApi
    wakeups: Wakeups
    clock: Clock
    pace: Pace
    dollars: float
    """The price of a result set."""
    daily_budget: float | None = None
    """Dollars that all agencies together may spend in a day."""
    cadence: Cadence = field(default_factory=Cadence)
