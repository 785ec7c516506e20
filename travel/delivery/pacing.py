"""How fast a sender may write: a pace that all processes share, and a rest where Twilio said 429."""

import time
from dataclasses import dataclass

import structlog

from travel import metrics
from travel.database import Database
from travel.records import paces
from travel.throttle import Throttle, ThrottleAwayError

log = structlog.get_logger()

SAVED_UP_SECONDS = 2.0
"""So much unused time may be spent at once: a burst after a quiet moment is what this product is for."""
PATIENCE_SECONDS = 2.0
"""A message in our hands waits for its place no longer than this; the lease covers it."""
REST_SECONDS = 1.0
"""How long a sender rests after a 429 that names no time."""
LONGEST_REST_SECONDS = 30.0
AWAY_SECONDS = 1.0
"""How long nobody asks Redis again after it did not answer."""


@dataclass(kw_only=True)
class Pace:
    """Hands out places. It asks Redis, and PostgreSQL while Redis is away; without a rate everybody may go."""

    db: Database
    throttle: Throttle | None
    rates: dict[str, float]
    """Sender → messages per second."""
    _away_until: float = 0.0

    async def places(self, sender: str, many: int) -> list[float]:
        """The seconds until each of the sender's next places. One that is too far away for patience is not taken."""
        if sender not in self.rates:
            return [0.0] * many
        step = 1 / self.rates[sender]
        first, taken = await self._take(sender, many, step)
        waits = [max(first + number * step, 0.0) for number in range(many)]
        metrics.paced.labels("put_off").inc(many - taken)
        metrics.paced.labels("waited").inc(sum(wait > 0 for wait in waits[:taken]))
        return [wait if number < taken else max(wait, PATIENCE_SECONDS + step) for number, wait in enumerate(waits)]

    async def rest(self, sender: str, seconds: float | None) -> None:
        """Twilio said 429: nobody writes as this sender for a while."""
        # A message may have to wait longer; that all of a sender's messages do would silence every agency.
        span = REST_SECONDS if seconds is None else min(seconds, LONGEST_REST_SECONDS)
        metrics.paced.labels("rested").inc()
        if self._redis_answers():
            try:
                await self._asked().cool(sender, span)
            except ThrottleAwayError:
                self._redis_is_away()
        # Also where Redis answered: it may be away when the next message asks.
        async with self.db.transaction() as tx:
            await paces.cool(tx, sender, span)

    async def _take(self, sender: str, many: int, step: float) -> tuple[float, int]:
        spans = {"step": step, "burst": SAVED_UP_SECONDS, "patience": PATIENCE_SECONDS}
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
        metrics.paced.labels("redis_away").inc()
        log.warning("pace_without_redis")
