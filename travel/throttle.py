"""A sender's pace in Redis: one place after the other, by Redis's own clock (the generic cell rate algorithm).

It is only a courtesy between processes. Where Redis is away or was emptied, a few messages go out too fast, or the pace
is kept in PostgreSQL.
"""

import asyncio

from arq.connections import ArqRedis
from redis.exceptions import RedisError

SECONDS = 0.2
"""What a caller waits for Redis at the most."""

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local many, step, burst, patience = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local first = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now - burst)
local taken = math.max(0, math.min(many, math.floor((now + patience - first) / step) + 1))
if taken > 0 then
  local free = first + taken * step
  redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', math.ceil((free - now + burst) / 1000) + 1000)
end
return {first - now, taken}
"""
_COOL = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now + tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', math.ceil((free - now) / 1000) + 60000)
"""


class ThrottleAwayError(Exception):
    """Redis did not answer in time."""


class Throttle:
    """The places of senders, shared by all processes. Spans are seconds."""

    def __init__(self, redis: ArqRedis, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._take = redis.register_script(_TAKE)
        self._cool = redis.register_script(_COOL)

    async def take(self, sender: str, many: int, *, step: float, burst: float, patience: float) -> tuple[float, int]:
        """Take the next places: how long it is until the first (below 0: it was saved up), and how many were taken.

        Between two places lies `step`. Those that are further away than `patience` are not taken. Raises ThrottleAwayError.
        """
        spans = [round(span * 1e6) for span in (step, burst, patience)]
        try:
            async with asyncio.timeout(self._seconds):
                first, taken = await self._take(keys=[_key(sender)], args=[many, *spans])
        except (RedisError, OSError, TimeoutError) as away:
            raise ThrottleAwayError from away
        return first / 1e6, taken

    async def cool(self, sender: str, seconds: float) -> None:
        """Give no place before so many seconds have passed. Raises ThrottleAwayError."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._cool(keys=[_key(sender)], args=[round(seconds * 1e6)])
        except (RedisError, OSError, TimeoutError) as away:
            raise ThrottleAwayError from away


def _key(sender: str) -> str:
    return f"bauhaus:pace:{sender}"
