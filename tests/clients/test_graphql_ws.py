"""graphql-ws, the reference client of subscriptions over websockets, through restarts, wrong keys and nonsense."""

import signal

import pytest

from tests.clients.conftest import PHONES, Line, trip

# One server serves them all.
pytestmark = pytest.mark.xdist_group("clients")


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 1012), (signal.SIGKILL, 1006)], ids=["stopped", "killed"])
async def test_a_client_hears_everything_once_while_the_server_restarts(
    line: Line, how: signal.Signals, code: int
) -> None:
    async with line.client("graphql_ws.mjs") as client:
        await client.hear("event", __typename="CaughtUp")
        await client.tell("create", input=trip(PHONES[0]))
        await client.hear("event", __typename="TripCreated")
        assert (await client.hear("created"))["userErrors"] == []

        line.stop(how)
        assert (await client.hear("closed"))["code"] == code
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


async def test_a_wrong_key_is_turned_away_and_another_one_let_in(line: Line) -> None:
    async with line.client("graphql_ws.mjs", key="bh_wrong_key") as client:
        for _ in range(2):
            assert (await client.hear("closed"))["code"] == 4403
        await client.tell("key", key=line.key)
        await client.hear("event", __typename="CaughtUp")
    assert [said for said in client.heard if said["what"] in ("error", "failed", "complete")] == []


CODES = {
    "no JSON": 4400,
    "a list": 4400,
    "nothing": 4400,
    "a binary frame": 4400,
    "a type of nobody": 4400,
    "an id that is a number": 4400,
    "no query": 4400,
    "a list of variables": 4400,
    "no object at the door": 4400,
    "no greeting": 4401,
    "two greetings": 4429,
    "an id twice": 4409,
}


async def test_a_client_that_talks_nonsense_is_told_so_once_and_for_all(line: Line) -> None:
    async with line.client("nonsense.mjs") as client:
        said = {each["way"]: each async for each in client.listen()}
    assert {way: each["code"] for way, each in said.items()} == CODES
    assert {way: each["sockets"] for way, each in said.items()} == dict.fromkeys(CODES, 1)
