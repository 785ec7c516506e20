"""The worker's wiring: which jobs arq may start, which deeds the timers do, and how the process ends."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from uuid import UUID

import orjson
import structlog
from arq.connections import ArqRedis
from arq.worker import Function, Worker, func
from prometheus_client import start_http_server

from jobs import delivery, landing, polling, timers, upkeep
from jobs.context import Context, open_context
from jobs.guard import guarded
from jobs.timers import Timer
from travel import enqueue
from travel.config import Config

log = structlog.get_logger()

DRAIN_SECONDS = 35
"""What running jobs get to finish when the process is asked to end: longer than any call to Twilio."""

JOBS: dict[str, tuple[Callable[..., Awaitable[None]], tuple[Callable[[Any], Any], ...]]] = {
    "check_flight": (polling.check_flight, (UUID,)),
    "check_landing": (landing.check_landing, (UUID,)),
    "deliver_due": (delivery.deliver_due, (UUID,)),
    "process_webhooks": (delivery.process_webhooks, ()),
    "replan_agency": (upkeep.replan_agency, (UUID,)),
}
"""Every job by its name, and how to read its arguments, which come from the queue as JSON."""


def timers_of(config: Config) -> list[Timer]:
    """What the clock asks for. The sweep's beat bounds how long a lost wake-up or a dead worker is noticed late."""
    beat = config.sweep_seconds
    return [
        Timer(deed=polling.check_due_flights, every=beat),
        Timer(deed=landing.check_due_landings, every=beat),
        Timer(deed=delivery.start_rounds, every=beat),
        Timer(deed=delivery.sweep_orphans, every=beat),
        Timer(deed=delivery.sweep_unknown, every=beat),
        Timer(deed=delivery.sweep_unconfirmed, every=beat),
        Timer(deed=delivery.sweep_webhooks, every=beat * 2),
        Timer(deed=upkeep.replan_changed_agencies, every=beat * 2),
        Timer(deed=upkeep.measure, every=5),
        Timer(deed=upkeep.keep_time, every=5),
        Timer(deed=upkeep.forget, every=3600),
    ]


def functions(context: Context) -> list[Function]:
    """The jobs as arq starts them."""
    return [
        func(
            _shell(context, name, job, readers),  # type: ignore[arg-type]  # arq's type wants a first argument named ctx
            name=name,
            timeout=60,
            keep_result=0,
            max_tries=5,
        )
        for name, (job, readers) in JOBS.items()
    ]


def _shell(
    context: Context, name: str, job: Callable[..., Awaitable[None]], readers: tuple[Callable[[Any], Any], ...]
) -> Callable[..., Awaitable[None]]:
    @wraps(job)
    async def run(_: dict[Any, Any], *arguments: Any) -> None:
        await guarded(name, job(context, *(read(each) for read, each in zip(readers, arguments, strict=True))))

    return run


def arq_worker(context: Context, redis: ArqRedis, *, burst: bool = False) -> Worker:
    """An arq worker over these jobs; with `burst` it ends when the queue is empty."""
    return Worker(
        functions=functions(context),
        redis_pool=redis,
        burst=burst,
        max_jobs=60,
        queue_read_limit=500,
        poll_delay=0.002 if burst else 0.01,
        keep_result=0,
        handle_signals=False,
        health_check_interval=5,
        job_serializer=enqueue.encode,
        job_deserializer=orjson.loads,
        log_results=False,
    )


async def run(config: Config) -> None:
    """Work until SIGTERM or SIGINT, then finish what is under way."""
    stop = asyncio.Event()
    async with open_context(config) as context:
        # Until here nothing is in our hands, and a signal ends us at once, also while the database is waited for.
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
        await work(context, config, stop)


async def work(context: Context, config: Config, stop: asyncio.Event) -> None:
    """Work until `stop` is set."""
    if config.worker_metrics_port is not None:
        start_http_server(config.worker_metrics_port, addr=config.host)
    # What lives as long as the process is looked through no more: a full collection costs more than a burst of messages.
    gc.collect()
    gc.freeze()
    log.info("worker_started", sweep_seconds=config.sweep_seconds)
    async with asyncio.TaskGroup() as group:
        group.create_task(timers.run(context, timers_of(config), stop))
        group.create_task(_close_hands(context, stop))
        if config.redis_url is not None:
            group.create_task(_take_wakeups(context, config.redis_url.get_secret_value(), stop))
    await delivery.end_rounds(context)
    log.info("worker_stopped")


async def _close_hands(context: Context, stop: asyncio.Event) -> None:
    """Once it is to end, nothing new is claimed; what is in our hands is handed over and settled."""
    await stop.wait()
    context.carrier.places.close()


async def _take_wakeups(context: Context, redis_url: str, stop: asyncio.Event) -> None:
    """Run jobs that Redis knows of, and come back to it whenever it was away."""
    redis = enqueue.connect(redis_url)
    try:
        while not stop.is_set():
            worker = arq_worker(context, redis)
            running = asyncio.create_task(worker.async_run())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            await _drain(worker, running)
            if not running.cancelled() and running.exception() is not None:
                log.warning("redis_away", error=type(running.exception()).__name__)
                await _wait(stop, 1)
    finally:
        await redis.aclose(close_connection_pool=True)


async def _drain(worker: Worker, running: "asyncio.Task[None]") -> None:
    """Let the jobs under way come to their end, then stop polling."""
    worker.allow_pick_jobs = False
    unfinished = [task for task in worker.tasks.values() if not task.done()]
    if unfinished:
        await asyncio.wait(unfinished, timeout=DRAIN_SECONDS)
    for task in (running, *worker.tasks.values()):
        task.cancel()
    await asyncio.gather(running, *worker.tasks.values(), return_exceptions=True)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
