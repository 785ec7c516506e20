"""Every row of the graph, in one run: the same machine, the same rows of one database, one after the other."""

import asyncio
import resource
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.graph import fan_out, filling, page, picture, running
from benchmarks.graph.asking import Figures
from benchmarks.graph.fan_out import Delays, Delivered
from benchmarks.measured import Measured
from benchmarks.stage import Staged

FILES = 4096
"""A thousand sockets here and a thousand in the server need more than many systems allow at first."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was measured."""

    pages: Mapping[str, Figures]
    delivered: Mapping[str, Delivered]
    delays: Delays
    left_out: str | None
    """Why there are no peers on Node, if so."""

    def rows(self) -> list[Measured]:
        """For the table."""
        table = [*page.rows(self.pages), *fan_out.rows(self.delivered, self.delays)]
        if self.left_out is not None:
            table.append(Measured(what="everything beside peers on Node", ours=f"left out: {self.left_out}"))
        return table

    def drawn(self) -> str:
        """The two comparisons as an SVG picture."""
        spent = {name: each.cpu_us for name, each in self.delivered.items() if each.cpu_us is not None}
        return picture.draw(
            [
                (
                    "Portal pages a second (more is better)",
                    {name: each.per_second for name, each in self.pages.items()},
                ),
                (f"Server CPU, µs for each of {fan_out.SUBSCRIBERS:,} subscribers (less is better)", spent),
            ]
        )


async def measure() -> Report:
    """It takes about five minutes."""
    myself = asyncio.current_task()
    assert myself is not None
    # Then all that was started is ended, as after any other failure.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, myself.cancel)
    _allow_files()
    left_out = running.node_lacks()
    async with Staged(ENVIRONMENT="production") as stage:
        filled = await filling.fill(stage)
        pages = await page.measure(stage, filled, with_node=left_out is None)
        delivered, delays = await fan_out.measure(stage, filled, with_node=left_out is None)
    return Report(pages=pages, delivered=delivered, delays=delays, left_out=left_out)


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FILES:
        most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
