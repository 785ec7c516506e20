"""One piece of work that must not take its neighbours down with it."""

from collections.abc import Awaitable

import structlog

from travel import metrics
from travel.database import AWAY

log = structlog.get_logger()


async def guarded(name: str, work: Awaitable[object]) -> None:
    """Do it. What goes wrong is counted and logged: PostgreSQL still knows what is due, and the next beat comes."""
    try:
        await work
    except AWAY as away:
        metrics.job_failures.labels(name).inc()
        log.warning("database_away", job=name, error=type(away).__name__)
    except Exception:
        metrics.job_failures.labels(name).inc()
        log.exception("job_failed", job=name)
