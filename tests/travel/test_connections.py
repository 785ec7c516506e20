"""Each connection serves one request at a time: never more than asked for, none lost, and few of them warm."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest

from tests.travel import servers
from travel.connections import Connections


@dataclass
class Host:
    """A server that answers each request when it is told to, and counts."""

    url: str = ""
    connections: int = 0
    inside: int = 0
    most_inside: int = 0
    answered: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    serving: dict["asyncio.Task[None] | None", asyncio.StreamWriter] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving[asyncio.current_task()] = writer
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await self._answer(head.split()[1].decode(), writer)
        writer.close()
        del self.serving[asyncio.current_task()]

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.arrived.release()
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        body = path.encode()
        if path == "/broken":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nhalf")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        self.answered += 1

    async def gone(self) -> None:
        """Wait until every client has hung up."""
        await asyncio.wait_for(asyncio.gather(*(task for task in self.serving if task is not None)), 5)

    async def come(self, number: int) -> None:
        """Wait until so many more requests are here."""
        for _ in range(number):
            await asyncio.wait_for(self.arrived.acquire(), 5)


@asynccontextmanager
async def hosting() -> AsyncIterator[Host]:
    host = Host()
    listening = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield host
    finally:
        host.open.set()
        listening.close()
        for writer in host.serving.values():
            writer.close()
        await host.gone()


@asynccontextmanager
async def client(host: Host, most: int, pool: float = 5.0) -> AsyncIterator[httpx.AsyncClient]:
    timeout = httpx.Timeout(5.0, pool=pool)
    async with httpx.AsyncClient(base_url=host.url, transport=Connections(most), timeout=timeout) as opened:
        yield opened


async def test_no_more_requests_than_that_are_under_way_and_the_others_wait_their_turn() -> None:
    async with hosting() as host, client(host, 3) as calls:
        asked = [asyncio.create_task(calls.get(f"/{number}")) for number in range(12)]
        await host.come(3)
        assert host.most_inside == 3
        assert host.connections == 3
        host.open.set()
        answers = await asyncio.gather(*asked)
    assert [answer.text for answer in answers] == [f"/{number}" for number in range(12)], "each gets its own answer"
    assert host.most_inside == 3
    assert host.connections == 3


async def test_a_connection_is_used_again_and_no_more_are_opened_than_are_needed() -> None:
    async with hosting() as host, client(host, 10) as calls:
        host.open.set()
        for number in range(20):
            assert (await calls.get(f"/{number}")).text == f"/{number}"
    assert (host.answered, host.connections) == (20, 1)


async def test_after_a_rush_few_connections_stay_in_use() -> None:
    async with hosting() as host, client(host, 5) as calls:
        rush = [asyncio.create_task(calls.get("/rush")) for _ in range(5)]
        await host.come(5)
        host.open.set()
        await asyncio.gather(*rush)
        for _ in range(10):
            await calls.get("/quiet")
    assert host.connections == 5


async def test_where_all_are_taken_the_next_gives_up_in_time_and_never_left() -> None:
    async with hosting() as host, client(host, 2, pool=0.05) as calls:
        taken = [asyncio.create_task(calls.get("/slow")) for _ in range(2)]
        await host.come(2)
        with pytest.raises(httpx.PoolTimeout):
            await calls.get("/late")
        host.open.set()
        await asyncio.gather(*taken)
        assert host.answered == 2
        assert (await calls.get("/after")).text == "/after", "who gave up took no place with them"
        assert (await calls.get("/after")).text == "/after"


async def test_a_request_that_is_given_up_leaves_its_place_and_a_good_connection() -> None:
    async with hosting() as host, client(host, 1) as calls:
        given_up = asyncio.create_task(calls.get("/first"))
        await host.come(1)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        host.open.set()
        for number in range(3):
            answer = await calls.get(f"/{number}")
            assert answer.text == f"/{number}", "never the answer to the request before"


async def test_who_is_given_up_while_waiting_takes_no_place_along() -> None:
    async with hosting() as host, client(host, 1) as calls:
        taken = asyncio.create_task(calls.get("/first"))
        await host.come(1)
        waiting = [asyncio.create_task(calls.get("/never")) for _ in range(5)]
        await asyncio.sleep(0)
        for each in waiting:
            each.cancel()
        assert all(isinstance(each, asyncio.CancelledError) for each in await gathered(waiting))
        host.open.set()
        await taken
        assert (await calls.get("/second")).text == "/second"
    assert host.answered == 2


async def gathered(tasks: list["asyncio.Task[httpx.Response]"]) -> list[httpx.Response | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_whenever_a_request_is_given_up_the_next_ones_are_answered() -> None:
    """Twenty connections, one request at a time, of which one is given up after so many steps of the loop."""
    async with hosting() as host:
        host.open.set()
        for moment in list(range(60)) * 3:
            async with client(host, 20, pool=0.2) as calls:
                await calls.get("/before")
                given_up = asyncio.create_task(calls.get("/given up"))
                await steps(moment)
                given_up.cancel()
                await gathered([given_up])
                assert (await calls.get("/after")).text == "/after", moment


async def test_whenever_half_of_the_requests_are_given_up_the_others_are_answered() -> None:
    async with hosting() as host:
        host.open.set()
        for moment in list(range(60)) * 3:
            async with client(host, 4, pool=0.5) as calls:
                asked = [asyncio.create_task(calls.get("/x")) for _ in range(8)]
                await steps(moment)
                for each in asked[::2]:
                    each.cancel()
                ends = await gathered(asked)
                assert [type(end) for end in ends[1::2]] == [httpx.Response] * 4, moment


async def steps(number: int) -> None:
    """Let the loop go on by so many steps."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_connection_that_breaks_in_the_middle_of_an_answer_is_replaced() -> None:
    async with hosting() as host, client(host, 1) as calls:
        host.open.set()
        with pytest.raises(httpx.RemoteProtocolError):
            await calls.get("/broken")
        assert (await calls.get("/whole")).text == "/whole"
    assert host.connections == 2


async def test_a_host_that_is_not_there_costs_no_place() -> None:
    async with httpx.AsyncClient(transport=Connections(1), timeout=httpx.Timeout(5, pool=0.5)) as calls:
        address = servers.closed_port()
        for _ in range(3):
            with pytest.raises(httpx.ConnectError):
                await calls.get(address)


async def test_after_closing_no_connection_is_left_open() -> None:
    async with hosting() as host:
        async with client(host, 3) as calls:
            asked = [asyncio.create_task(calls.get("/x")) for _ in range(3)]
            await host.come(3)
            host.open.set()
            await asyncio.gather(*asked)
            assert len(host.serving) == 3
        await host.gone()
        assert host.serving == {}
