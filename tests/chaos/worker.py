"""A real worker that can be hurt: its wall clock steps on a signal, and it may die at any labelled instruction.

SIGUSR1 sets its clock two minutes forward, SIGUSR2 two minutes back. Of `CHAOS_CRASHES` label passages, one in so many
ends the process on the spot (`os._exit`), drawn from `CHAOS_SEED`.
"""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import FrameType

import time_machine
import uvloop

from jobs import worker
from jobs.context import open_context
from travel import config, log

STEP = timedelta(minutes=2)


class SteppingClock:
    """The wall clock of this process; its monotonic time goes on as ever."""

    def __init__(self) -> None:
        self._off = timedelta()
        self._travel: time_machine.travel | None = None
        signal.signal(signal.SIGUSR1, lambda *_: self._step(STEP))
        signal.signal(signal.SIGUSR2, lambda *_: self._step(-STEP))

    def _step(self, by: timedelta, _: FrameType | None = None) -> None:
        if self._travel is not None:
            self._travel.stop()
        self._off += by
        self._travel = time_machine.travel(datetime.now(UTC) + self._off, tick=True)
        self._travel.start()


def dice(seed: str, one_in: int) -> Callable[[str], None]:
    """Dies at one of so many passages."""
    chance = random.Random(seed)

    def maybe_die(_: str) -> None:
        if chance.randrange(one_in) == 0:
            os._exit(137)

    return maybe_die


async def main() -> None:
    """`bauhaus worker`, with the two ways to be hurt."""
    SteppingClock()
    loaded = config.load()
    log.setup(json=True, level=loaded.log_level)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    one_in = int(os.environ.get("CHAOS_CRASHES", "0"))
    async with open_context(loaded) as context:
        if one_in:
            crash_at = dice(f"{os.environ.get('CHAOS_SEED')} {os.getpid()}", one_in)
            context = replace(context, carrier=replace(context.carrier, crash_at=crash_at))
        await worker.work(context, loaded, stop)


if __name__ == "__main__":
    uvloop.run(main())
