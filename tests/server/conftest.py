"""An issuer of tokens for the doors of the server."""

from collections.abc import AsyncIterator

import pytest

from server import app as server_app
from tests.graph.test_subscriptions import Line, listening
from tests.server.issuer import StandIn, open_issuer, trusting
from tests.world import World


@pytest.fixture
async def issuer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    """An issuer whose keys are published."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with open_issuer() as opened:
        yield opened


@pytest.fixture
async def trusting_line(world: World, issuer: StandIn) -> AsyncIterator[Line]:
    """A server that listens, and takes the issuer's tokens."""
    app = server_app.build(world.house, world.config.model_copy(update=trusting(issuer)))
    async with listening(app, world.key) as opened:
        yield opened
