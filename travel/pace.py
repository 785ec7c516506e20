"""How fast we may call: a pace that all processes share, and a rest where the other side said 429."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from travel import metrics
from travel.database import Database
from travel.records import paces
from travel.throttle import Throttle, ThrottleAwayError

log = structlog.get_logger()

SAVED_UP_SECONDS = 2.0
"""So much unused time of a sender may be spent at once: a burst after a quiet moment is what this product is for."""
PATIENCE_SECONDS = 2.0
"""A message in our hands waits for its place no longer than this; the lease covers it."""
REST_SECONDS = 1.0
"""How long a sender rests after a 429 that names no time."""
LONGEST_REST_SECONDS = 30.0
AWAY_SECONDS = 1.0
"""How long nobody asks Redis again after it did not answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """`step` seconds lie between two calls; of unused time, `burst` seconds may be spent at once."""

    step: float
    burst: float

    @classmethod
    def per_second(cls, calls: float) -> "Rate":
        """So many calls a second, after a quiet moment some more."""
        return cls(step=1 / calls, burst=SAVED_UP_SECONDS)

    @classmethod
    def within(cls, calls: int, seconds: float) -> "Rate":
        """Never more than so many calls (two or more) in any span of so many seconds."""
        return cls(step=seconds / (calls - 1), burst=seconds / (calls - 1))


@dataclass(kw_only=True)
class Pace:
    """Hands out places. It asks Redis, and PostgreSQL while Redis is away; without a rate everybody may go."""

    db: Database
    throttle: Throttle | None
    rates: Mapping[str, Rate]
    """Of a sender, or of whatever else is called."""
    counter: Counter = metrics.paced
    _away_until: float = 0.0

    async def places(self, sender: str, many: int, patience: float = PATIENCE_SECONDS) -> list[float]:
        """The seconds until each of the sender's next places. One that is further away than `patience` is not taken.

        A patience below zero leaves so much of the unused time to others.
        """
        rate = self.rates.get(sender)
        if rate is None:
            return [0.0] * many
        first, taken = await self._take(sender, many, rate, max(patience, -rate.burst))
        waits = [max(first + number * rate.step, 0.0) for number in range(many)]
        self.counter.labels("put_off").inc(many - taken)
        self.counter.labels("waited").inc(sum(wait > 0 for wait in waits[:taken]))
        too_far = max(patience, 0.0) + rate.step
        return [wait if number < taken else max(wait, too_far) for number, wait in enumerate(waits)]

    async def rest(self, sender: str, seconds: float | None) -> None:
        """We heard a 429: nobody calls as this sender for a while."""
        # A message may have to wait longer; that all of a sender's messages do would silence every agency.
        span = REST_SECONDS if seconds is None else min(seconds, LONGEST_REST_SECONDS)
        self.counter.labels("rested").inc()
        if self._redis_answers():
            try:
                await self._asked().cool(sender, span)
            except ThrottleAwayError:
                self._redis_is_away()
        # Also where Redis answered: it may be away when the next call asks.
        async with self.db.single() as tx:
            await paces.cool(tx, sender, span)

    async def _take(self, sender: str, many: int, rate: Rate, patience: float) -> tuple[float, int]:
        spans = {"step": rate.step, "burst": rate.burst, "patience": patience}
        if self._redis_answers():
            try:
                return await self._asked().take(sender, many, **spans)
            except ThrottleAwayError:
                self._redis_is_away()
        async with self.db.transaction() as tx:
            return await paces.take(tx, sender, many, **spans)

    def _asked(self) -> Throttle:
        assert self.throttle is not None, "asked only where there is one"
        return self.throttle

    def _redis_answers(self) -> bool:
        return self.throttle is not None and time.monotonic() >= self._away_until

    def _redis_is_away(self) -> None:
        self._away_until = time.monotonic() + AWAY_SECONDS
        self.counter.labels("redis_away").inc()
        log.warning("pace_without_redis")
