"""urql with a normalised cache: what a screen shows follows the feed, over a restart too, without asking again."""

import signal

import pytest

from server.over_http import RESPONSE
from tests.clients.conftest import Line

# One server serves them all.
pytestmark = pytest.mark.xdist_group("clients")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_screen_follows_the_feed_over_a_restart(line: Line, how: signal.Signals) -> None:
    trip = await line.book(lodging="Hotel Uno")
    async with line.client("urql.mjs") as client:
        await client.hear("event", __typename="CaughtUp")
        await client.tell("watch", id=line.id_of(trip))
        assert (await client.hear("trip"))["lodging"] == "Hotel Uno"

        await line.lodge(trip, "Hotel Dos")
        await client.hear("trip", lodging="Hotel Dos")

        line.stop(how)
        await client.hear("closed")
        await line.lodge(trip, "Hotel Tres")
        line.start()
        shown = await client.hear("trip", lodging="Hotel Tres")
        assert shown["traveller"] == {"name": "Ana Pérez"}

        await line.lodge(trip, "Hotel Cuatro")
        await client.hear("trip", lodging="Hotel Cuatro")
    answers = [said for said in client.heard if said["what"] == "answer"]
    assert [(each["status"], each["type"]) for each in answers] == [(200, f"{RESPONSE}; charset=utf-8")]
    last = await line.head()
    assert client.numbers() == list(range(client.numbers()[0], last + 1))
    assert [said for said in client.heard if said["what"] == "error"] == []
