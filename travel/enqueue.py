"""Waking the workers: jobs are started here by name, with ids only.

Redis carries nothing but the wake-up. Where it is away, slow or emptied, the workers' sweep finds the same rows in
PostgreSQL a moment later, so that a failed call here is counted and forgotten.
"""

import asyncio
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
    """Says to the workers that something is due now."""

    def __init__(self, redis: ArqRedis | None) -> None:
        self._redis = redis

    async def check_flight(self, flight_id: UUID) -> None:
        """Look at a flight that is due."""
        await self._wake("check_flight", str(flight_id))

    async def check_landing(self, flight_id: UUID) -> None:
        """Look for the landing of a flight that is due."""
        await self._wake("check_landing", str(flight_id))

    async def deliver(self, agency_id: UUID, notification_ids: list[UUID]) -> None:
        """Hand over notifications that are due."""
        for notification_id in notification_ids:
            await self._wake("deliver_notification", str(agency_id), str(notification_id))

    async def replan(self, agency_id: UUID) -> None:
        """Decide anew about all trips of an agency whose settings changed."""
        await self._wake("replan_agency", str(agency_id))

    async def process_webhook(self, inbox_id: int) -> None:
        """Work on a webhook that was stored."""
        await self._wake("process_webhook", inbox_id)

    async def _wake(self, job: str, *arguments: Any) -> None:
        if self._redis is None:
            return
        try:
            async with asyncio.timeout(SECONDS):
                await self._redis.enqueue_job(job, *arguments)
        except (RedisError, OSError, TimeoutError) as away:
            lost.labels(job).inc()
            log.warning("wakeup_lost", job=job, error=type(away).__name__)
