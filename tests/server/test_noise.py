"""What clients do wrong is told to them, and not to the log."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
import structlog

from server.rates import Sample
from tests.graph.test_limits import SLIPS, TWO
from tests.graph.test_subscriptions import Line, listening
from tests.server.test_http import ask, house, messages
from tests.world import World


@pytest.fixture
async def line(world: World) -> AsyncIterator[Line]:
    async with listening(world.server, world.key) as opened:
        yield opened


async def test_a_thousand_invalid_documents_are_a_few_lines(
    world: World, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with structlog.testing.capture_logs() as lines:
        async with house(world) as http:
            for number in range(500):
                document = ("{", f"{{ viewer {{ x{number} }} }}")[number % 2]
                assert messages(await ask(world, document, http))
        async with line.open() as socket:
            for number in range(500):
                await socket.subscribe(("{", f"{{ viewer {{ x{number} }} }}")[number % 2], str(number))
                assert (await socket.hear())["type"] == "error"
    # The test's own client logs too.
    assert len(lines) + len([each for each in caplog.records if each.name != "httpx"]) <= 10
    assert [each for each in lines if each["log_level"] in ("error", "warning")] == []


def test_a_line_says_how_many_were_left_out() -> None:
    sample = Sample(2)
    assert [sample.tells(100.0) for _ in range(5)] == [0, 0, None, None, None]
    assert [sample.tells(130.0), sample.tells(130.0), sample.tells(160.0)] == [3, None, 1]


async def test_what_was_executed_is_told_line_by_line(world: World) -> None:
    with structlog.testing.capture_logs() as lines:
        for _ in range(20):
            await ask(world, "{ viewer { name } }")
    assert len([each for each in lines if each["event"] == "request"]) == 20


@pytest.mark.parametrize("declared", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
async def test_a_client_that_leaves_while_it_asks_is_no_fault(
    world: World, line: Line, caplog: pytest.LogCaptureFixture, declared: str
) -> None:
    port = int(line.url.split(":")[2].split("/")[0])
    with structlog.testing.capture_logs() as lines:
        for _ in range(5):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.key}\r\n"
            writer.write(f"{head}Content-Type: application/json\r\n{declared}\r\n\r\n".encode())
            await writer.drain()
            await asyncio.sleep(0)
            writer.transport.abort()
        async with asyncio.timeout(15):
            while len([each for each in lines if each["event"] == "request"]) < 5:  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert [each for each in lines if each["log_level"] in ("error", "warning") or "exc_info" in each] == []
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("kilobytes", [0, 8_000])
async def test_what_is_no_http_is_answered_however_much_of_it_comes(line: Line, kilobytes: int) -> None:
    port = int(line.url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"BREW /graphql HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(30):
        for _ in range(kilobytes // 100):
            writer.write(b"x" * 100_000)
            await writer.drain()
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert answer.endswith(b"\r\n\r\nThis is no HTTP request.")
        writer.close()
        await writer.wait_closed()


async def test_one_of_several_operations_must_be_named_over_a_socket_too(line: Line) -> None:
    async with line.open() as socket:
        for number, name in enumerate((None, "C", "")):
            payload = {"query": TWO, "operationName": name}
            await socket.say({"id": str(number), "type": "subscribe", "payload": payload})
            answer = await socket.hear()
            assert (answer["type"], answer["id"]) == ("error", str(number))
        await socket.say({"id": "b", "type": "subscribe", "payload": {"query": TWO, "operationName": "B"}})
        assert (await socket.hear())["payload"]["data"] == {"viewer": {"role": "ADMIN"}}


async def test_a_socket_neither_helps_nor_introspects(line: Line) -> None:
    async with line.open() as socket:
        for number, document in enumerate([*SLIPS.values(), "{ __schema { types { name } } }"]):
            await socket.subscribe(document, str(number))
            answer = await socket.hear()
            assert answer["type"] == "error"
            assert "Did you mean" not in str(answer["payload"])
