"""A sample of the fuzzing: `make fuzz` runs the whole of it."""

import asyncio
import random

from tests.conftest import Services
from tests.fuzz import generated
from tests.fuzz.inputs import Inputs
from tests.fuzz.run import run
from tests.world import World


def test_the_same_seed_says_the_same() -> None:
    first, again, other = Inputs(7, "k"), Inputs(7, "k"), Inputs(8, "k")
    said = [(first.request(), first.conversation()) for _ in range(50)]
    assert said == [(again.request(), again.conversation()) for _ in range(50)]
    assert said != [(other.request(), other.conversation()) for _ in range(50)]


async def test_odd_input_breaks_nothing(world: World, services: Services) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    verdict = await run(services.app_url, services.redis_url, world.key, seed=seed, inputs=1500)
    assert verdict.passed, (seed, verdict)
    # Both doors were tried, and not only to be shut at once.
    assert verdict.outcome.statuses[200] > 100
    assert verdict.outcome.closes[4429] > 0
    assert verdict.outcome.inputs == 1500


async def test_documents_of_the_schema_break_nothing(world: World, services: Services) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    made = await asyncio.to_thread(
        generated.run, services.app_url, services.redis_url, world.key, seed=seed, examples=3
    )
    assert made.passed, (seed, str(made), made.said)
    assert made.kinds["served"] > 20
    assert made.kinds["invalid"] > 10
