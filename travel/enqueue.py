"""Waking the workers: jobs are started here by name, with ids only.

Redis carries nothing but the wake-up. Where it is away, slow or emptied, the workers' sweep finds the same rows in
PostgreSQL a moment later, so that a failed call here is counted and forgotten.
"""

import asyncio
import time
from typing import Any
from uuid import UUID

import orjson
import structlog
from arq.connections import ArqRedis
from prometheus_client import Counter
from redis.asyncio import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

log = structlog.get_logger()
lost = Counter("bauhaus_wakeups_lost", "Wake-ups that Redis did not take; the sweep does their work.", ["job"])

SECONDS = 0.2
"""What a caller waits for Redis at the most."""
AWAY_SECONDS = 1.0
"""How long nobody waits for it again after it did not answer."""
DAMPED_SECONDS = 5.0
"""How long the same wake-up is one, where nothing else is said."""


def connect(url: str) -> ArqRedis:
    """A pool of connections that gives up instead of hanging. It opens them when they are needed."""
    pool: ConnectionPool = ConnectionPool.from_url(
        url,
        connection_class=Connection,
        socket_timeout=3,
        socket_connect_timeout=1,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), 3),
        max_connections=50,
    )
    return ArqRedis(pool, job_serializer=encode, job_deserializer=orjson.loads)


def encode(job: dict[str, Any]) -> bytes:
    """A job as JSON: whoever can write to Redis must not be able to run code."""
    return orjson.dumps(job, default=str)


class Wakeups:
    """Says to the workers that something is due now. Each answer tells whether Redis took the wake-up."""

    def __init__(self, redis: ArqRedis | None) -> None:
        self._redis = redis
        self._away_until = 0.0

    async def check_flight(self, flight_id: UUID) -> bool:
        """Look at a flight that is due."""
        return await self._wake("check_flight", str(flight_id))

    async def check_landing(self, flight_id: UUID) -> bool:
        """Look for the landing of a flight that is due."""
        return await self._wake("check_landing", str(flight_id))

    async def deliver(self, agency_id: UUID) -> bool:
        """Hand over what is due in an agency."""
        return await self._wake("deliver_due", str(agency_id), damped=0)

    async def replan(self, agency_id: UUID) -> bool:
        """Decide anew about all trips of an agency whose settings changed."""
        return await self._wake("replan_agency", str(agency_id))

    async def process_webhooks(self) -> bool:
        """Work on the webhooks that were stored."""
        return await self._wake("process_webhooks", damped=0.1)

    async def _wake(self, job: str, *arguments: Any, damped: float = DAMPED_SECONDS) -> bool:
        if self._redis is None or time.monotonic() < self._away_until:
            return False
        # The id damps wake-ups that say the same, for a moment only: arq keeps the id of a job whose worker was
        # killed for over a minute, and what is due must not wait for that. PostgreSQL's claims decide.
        words = [job, *(str(argument) for argument in arguments)]
        name = ":".join([*words, str(int(time.monotonic() / damped))]) if damped else None
        try:
            async with asyncio.timeout(SECONDS):
                await self._redis.enqueue_job(job, *arguments, _job_id=name)
        except (RedisError, OSError, TimeoutError) as away:
            lost.labels(job).inc()
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("wakeup_lost", job=job, error=type(away).__name__)
            return False
        return True
