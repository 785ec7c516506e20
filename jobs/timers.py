"""The worker's own clocks. They run on monotonic time, so a jump of the wall clock neither stops nor doubles them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from jobs.context import Context
from jobs.guard import guarded


@dataclass(frozen=True, kw_only=True, slots=True)
class Timer:
    """A deed and its beat in seconds."""

    deed: Callable[[Context], Awaitable[int]]
    every: float


async def run(context: Context, timers: Sequence[Timer], stop: asyncio.Event) -> None:
    """Beat until `stop` is set; a beat that is under way comes to its end."""
    async with asyncio.TaskGroup() as group:
        for timer in timers:
            group.create_task(_beat(context, timer, stop))


async def _beat(context: Context, timer: Timer, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await guarded(getattr(timer.deed, "__name__", "timer"), timer.deed(context))
        try:
            async with asyncio.timeout(timer.every):
                await stop.wait()
        except TimeoutError:
            continue
