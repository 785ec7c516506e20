"""One execution for all who follow the same: identical subscriptions are executed and encoded once per event.

A subscriber first follows by itself, through replay, until it has caught up; then it joins the channel of those who ask the
same with the same rights. The channel executes the document once per event and hands the text to each reader. A reader
whose socket does not take it at once leaves the channel and goes on by itself from where it stands: nothing piles up for it, and
nobody waits for it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import structlog
from strawberry.types.execution import ExecutionResult, PreExecutionError

from graph import documents
from graph.context import Context
from travel.model import Viewer

log = structlog.get_logger()

Stream = AsyncIterator[Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What a subscription asks, and with which rights. Where it begins is not part of it."""

    query: str
    variables: bytes
    operation_name: str | None
    scope: tuple[Any, ...]

    @classmethod
    def of(
        cls, query: str, variables: dict[str, Any] | None, operation_name: str | None, viewer: Viewer
    ) -> "Question | None":
        """The question of a subscription; None for any other operation."""
        document = documents.parsed(query)
        if document is None or not documents.is_subscription(documents.operation_of(document, operation_name)):
            return None
        position = documents.position_variable(query, operation_name)
        rest = {name: value for name, value in (variables or {}).items() if name != position}
        try:
            canonical = orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            return None
        return cls(query, canonical, operation_name, (viewer.agency_id, viewer.role))


def payload_of(result: ExecutionResult) -> bytes:
    """One answer as JSON, as it ends a `next`."""
    payload: dict[str, Any] = {"data": result.data}
    if result.errors:
        payload["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        payload["extensions"] = result.extensions
    return b',"payload":%b}' % orjson.dumps(payload)


class GoneError(Exception):
    """The reader's client is not there any more."""


class TornError(Exception):
    """The stream cannot go on from our side; why is logged where it was found. Its client shall come back."""


class Outlet(Protocol):
    """Where a subscriber's payloads go."""

    def write(self, payload: bytes) -> bool:
        """Hand over at once; False where the socket takes no more for now, or is gone, and nothing was written."""
        ...

    async def send(self, payload: bytes) -> None:
        """Hand over as soon as the socket takes it; raises GoneError."""
        ...


NOTHING = b""


class Reader:
    """One subscriber on a channel; `position` is the last event that it was handed."""

    __slots__ = ("_outlet", "is_over", "left", "position")

    def __init__(self, outlet: Outlet, position: int) -> None:
        self._outlet = outlet
        self.position = position
        self.is_over = False
        """Resync was handed over: nothing follows."""
        self.left: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        """Done when the reader is on its own again: with what its socket did not take, which may be NOTHING, or None at the
        stream's end."""

    def hand(self, payload: bytes, position: int) -> bool:
        """False if the reader has to leave, and to wait for its socket by itself."""
        self.position = position
        if self._outlet.write(payload):
            return True
        self.leave(payload)
        return False

    def leave(self, unsent: bytes | None) -> None:
        """Go on alone."""
        if not self.left.done():
            self.left.set_result(unsent)

    def fail(self, broken: BaseException) -> None:
        """Break off."""
        if not self.left.done():
            self.left.set_exception(broken)


class Channel:
    """All readers of one question, and the stream that is executed for them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.readers: dict[Reader, None] = {}
        self.task: asyncio.Task[None] | None = None
        self._is_deserted = False

    def close(self) -> None:
        """Nobody is left. An execution is never cancelled in its middle: resolvers that were made would never be awaited."""
        self._is_deserted = True
        if self.task is not None and not self.context.place.is_answering:
            self.task.cancel()

    @property
    def position(self) -> int:
        """The last event that the channel has looked at, wanted or not."""
        return self.context.place.seen

    async def run(self, stream: Stream) -> None:
        """Hand each answer to every reader, until the stream ends or the last reader has left."""
        broken: BaseException = ConnectionError("the shared stream ended")
        try:
            async with aclosing(stream):  # type: ignore[type-var]
                async for result in stream:
                    if isinstance(result, PreExecutionError):
                        raise ConnectionError("what began well cannot begin again")
                    if self._is_deserted:
                        return
                    if self.context.place.is_torn:
                        raise TornError
                    self._hand_out(payload_of(result))
            for reader in self._all_gone():
                reader.leave(None)
        except TornError as torn:
            broken = torn
        except Exception as fault:
            log.error("shared_stream_broke", exc_info=fault)
            # Said once: each reader's socket would say it again.
            broken = TornError()
        finally:
            self.fail(broken)

    def fail(self, broken: BaseException) -> None:
        """Every reader breaks off."""
        for reader in self._all_gone():
            reader.fail(broken)

    async def give_up(self) -> None:
        """The stream cannot go on: every reader's socket closes, so that its client comes back."""
        self.fail(TornError())

    def _hand_out(self, payload: bytes) -> None:
        position, is_over = self.position, self.context.place.is_over
        if is_over:
            # The channel met what was forgotten; who stands beyond that goes on alone.
            for reader in [reader for reader in self.readers if reader.position > position]:
                del self.readers[reader]
                reader.leave(NOTHING)
        slow = [
            reader
            for reader in self.readers
            if (reader.position < position or is_over) and not reader.hand(payload, position)
        ]
        for reader in slow:
            reader.is_over = is_over
            del self.readers[reader]

    def _all_gone(self) -> list[Reader]:
        gone = list(self.readers)
        self.readers.clear()
        return gone


class Executes(Protocol):
    """What a channel needs of the schema."""

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
    ) -> Any:
        """Run an operation."""
        ...


class Channels:
    """All channels of a process."""

    def __init__(self, schema: Executes) -> None:
        self._schema = schema
        self._open: dict[Question, Channel] = {}

    def join(self, question: Question, variables: dict[str, Any] | None, own: Context, reader: Reader) -> bool:
        """Follow together with others; False while they are further than the reader, which then goes on alone."""
        channel = self._open.get(question)
        if channel is None:
            context = own.beside(resume=reader.position)
            channel = Channel(context)
            context.give_up = channel.give_up
            self._open[question] = channel
            channel.task = asyncio.create_task(self._run(question, channel, variables))
        if channel.position > reader.position:
            return False
        channel.readers[reader] = None
        return True

    def leave(self, question: Question, reader: Reader) -> None:
        """Follow no more; the last one ends the execution."""
        channel = self._open.get(question)
        if channel is None:
            return
        channel.readers.pop(reader, None)
        if not channel.readers:
            del self._open[question]
            channel.close()

    async def _run(self, question: Question, channel: Channel, variables: dict[str, Any] | None) -> None:
        try:
            stream = await self._schema.stream(
                question.query,
                variable_values=variables,
                context_value=channel.context,
                operation_name=question.operation_name,
            )
            await channel.run(stream)
        except Exception as fault:
            log.error("shared_stream_did_not_begin", exc_info=fault)
            channel.fail(TornError())
        finally:
            if self._open.get(question) is channel:
                del self._open[question]
