"""graphql-sse, the client for those who cannot hold a websocket, through restarts, wrong keys and wrong documents."""

import signal

import pytest

from tests.clients.conftest import PHONES, Line, trip

# One server serves them all.
pytestmark = pytest.mark.xdist_group("clients")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_client_hears_everything_once_while_the_server_restarts(line: Line, how: signal.Signals) -> None:
    async with line.client("graphql_sse.mjs") as client:
        await client.hear("event", __typename="CaughtUp")
        await client.tell("create", input=trip(PHONES[0]))
        assert (await client.hear("created"))["userErrors"] == []
        await client.hear("ended")
        await client.hear("event", __typename="TripCreated")

        line.stop(how)
        await client.hear("connecting", retried=True)
        for phone in PHONES[1:4]:
            await line.book(lodging="Hotel Uno", phone=phone)
        line.start()
        await client.hear("connected", retried=True)

        await client.tell("create", input=trip(PHONES[4]))
        assert (await client.hear("created"))["userErrors"] == []
        last = await line.head()
        await client.hear("event", sequence=last)
    assert client.numbers() == list(range(1, last + 1))
    assert last >= len(PHONES)
    assert [said for said in client.heard if said["what"] in ("error", "failed", "complete")] == []


async def test_a_wrong_key_is_turned_away_and_another_one_let_in(line: Line) -> None:
    async with line.client("graphql_sse.mjs", key="bh_wrong_key") as client:
        for _ in range(2):
            assert (await client.hear("answer"))["status"] == 401
        await client.tell("key", key=line.key)
        await client.hear("event", __typename="CaughtUp")


async def test_a_wrong_document_is_said_and_ends(line: Line) -> None:
    async with line.client("graphql_sse.mjs") as client:
        for document in ("{", "subscription { nothing }"):
            await client.tell("ask", query=document)
            assert (await client.hear("refused"))["errors"][0]["message"]
            await client.hear("ended")
