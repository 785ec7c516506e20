"""AeroAPI word for word: the real client over a network that answers what the test said last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx

from tests.actions.test_tracking import answering, ask_for_a_look, legs
from tests.world import World
from travel.model import Trip


@dataclass(kw_only=True)
class Wire:
    """What every look finds, until the test says something else."""

    world: World
    says: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, _: httpx.Request) -> httpx.Response:
        return legs(*self.says)

    async def shows(self, trip: Trip, *found: dict[str, Any], after: timedelta = timedelta(minutes=1)) -> None:
        """Time goes by, then AeroAPI says this, and the flight is looked at."""
        await self.world.play(self.world.clock.now() + after)
        self.says = list(found)
        await ask_for_a_look(self.world, trip)
        await self.world.settle()


@asynccontextmanager
async def wire(world: World) -> AsyncIterator[Wire]:
    """The world with this network in place of the stand-in for AeroAPI."""
    opened, before = Wire(world=world), world.context
    async with answering(opened) as source:
        world.context = replace(before, watcher=replace(before.watcher, source=source))
        yield opened
        world.context = before
