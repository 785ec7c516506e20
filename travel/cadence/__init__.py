"""When to look at a flight again. Why it is as it is, and what other choices cost: docs/decisions/0007."""

from travel.cadence.distances import PUSHED, Cadence
from travel.cadence.looks import (
    DONE,
    STALE_AFTER,
    STALE_AFTER_ON_APPROACH,
    VISIBLE_AHEAD,
    Airport,
    NextLook,
    Wanted,
    first_look,
    is_far_look,
    is_stale,
    look_again,
    next_look,
    stage,
)

__all__ = [
    "DONE",
    "PUSHED",
    "STALE_AFTER",
    "STALE_AFTER_ON_APPROACH",
    "VISIBLE_AHEAD",
    "Airport",
    "Cadence",
    "NextLook",
    "Wanted",
    "first_look",
    "is_far_look",
    "is_stale",
    "look_again",
    "next_look",
    "stage",
]
