"""The distances between looks: numbers as a value of their own, so that a replay can compare two of them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

Minutes = float
NEVER: Minutes = 1e6
MAY_BE_NONE = frozenset({"fresh", "near_from"})
SHARES = frozenset({"cancelled", "likely", "padding_share"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Cadence:
    """The distances between looks, in minutes."""

    far: Minutes = 240
    """Before the departure: made only where the airport has cancellations, or nobody knows how it fares."""
    near: Minutes = 35
    """Before the departure: delays and gates while there is still time to act on them."""
    near_from: Minutes = -NEVER
    """That look is for flights that are so late, or later."""
    comeback: Minutes = 20
    """A late flight may come back: it is looked at so often in the last quarter of its delay, as far as `near` does not do it."""
    apart: Minutes = 15
    """Looks before the departure that are closer together than this are one."""
    fresh: Minutes = 0
    """A look that is wanted for a gate so soon after one that saw it is none: another gate is pushed."""
    after: Minutes = 10
    """Past the departure: has it left?"""
    at_gate: Minutes = 7
    """Between looks at a flight that stands at its gate past its departure."""
    cancelled: float = 2 / 3
    """The share of the time left to its departure after which a cancelled flight is looked at again: it may fly after all."""

    taxi: Minutes = 15
    """From the gate to the runway, as long as nobody says more."""
    padding: Minutes = 50
    """How much earlier than by the timetable a flight may land, and the most of its time in the air that this may be."""
    padding_share: float = 0.55
    likely: float = 0.15
    """The share of its time in the air that it usually gains on the timetable, at the most."""
    cruise: Minutes = 240
    """The longest time without a look in the air."""
    sight: Minutes = 16
    """Before the expected touchdown: the last estimate before the approach."""
    sight_saves: Minutes = 30
    """That look is made only if it would be so much later than this one."""
    error: Minutes = 1.4
    """How wrong the source's own estimate of the touchdown may be: this, and per minute left, and by the share of the flight left."""
    error_per_minute: float = 0.04
    error_per_share: Minutes = 8
    error_unmoved: Minutes = 0.6
    """So much more if it did not move since the last look: nobody knows how old it is."""
    beat: Minutes = 110 / 60
    """Between looks around the touchdown: what the promise of 120 seconds leaves for a look and its message."""

    def but(self, given: Mapping[str, Any]) -> Self:
        """This cadence, but for what is given. Raises ValueError."""
        known = {field.name for field in fields(self)}
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"{name} is no distance between looks; those are {', '.join(sorted(known))}")
            least, most = 0 if name in MAY_BE_NONE else 1e-9, 1 if name in SHARES else 99_999
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                what = (
                    "a share, above 0 and up to 1" if name in SHARES else "a positive number of minutes, up to 99,999"
                )
                raise ValueError(f"{name} is {what}")
        return replace(self, **given)


PUSHED = Cadence(
    far=NEVER,
    near=15,
    near_from=45,
    apart=5,
    fresh=20,
    after=14,
    cancelled=0.9,
    padding=-15,
    likely=-0.1,
    cruise=NEVER,
    sight=NEVER,
    error=-10,
    error_per_minute=0,
    error_per_share=0,
    error_unmoved=0,
    beat=8,
)
"""With AeroAPI's push for every flight: what is pushed is looked at at once, so that only what it leaves out is looked for.

It says nothing of a departure that moved by less than half an hour and of a first gate, and a push that gets lost is lost.
So a late flight is looked at once more before it leaves: it may come back by twenty minutes.
"""
