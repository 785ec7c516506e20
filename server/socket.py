"""graphql-transport-ws as its reference client expects it, where Strawberry's own handler is less careful.

Every operation has a context of its own. A subscription that has caught up follows in a channel with all that ask the same
(`graph.sharing`). A socket that takes nothing for a while is cut off; its client comes back with its cursor.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from graphql import GraphQLError
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.execution import PreExecutionError

from graph.context import Context
from graph.sharing import GoneError, Question, Reader, TornError
from server import auth, limits, over_http
from server.protocols import WRITE
from server.seats import CrowdedError
from travel.database import BROKEN

if TYPE_CHECKING:
    from server.endpoint import Endpoint

log = structlog.get_logger()

CLOSE_SECONDS = 1.0


LONGEST_REASON = 123
"""Bytes that a close frame has room for."""


class Adapter(ASGIWebSocketAdapter):
    """A socket that can be closed with whatever reason: Strawberry puts texts of the client's into it.

    uvicorn answers a client's close by itself, and until that is read here it calls what is said a RuntimeError.
    """

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Raises WebSocketDisconnect."""
        try:
            await super().send_json(message)
        except RuntimeError as closed:
            raise WebSocketDisconnect(code=1006) from closed

    async def close(self, code: int, reason: str) -> None:
        """Close, with as much of the reason as fits, unless that is done."""
        fits = reason.encode(errors="replace")[:LONGEST_REASON].decode(errors="ignore")
        with suppress(RuntimeError):
            await super().close(code, fits)


class Handler(BaseGraphQLTransportWSHandler[Context, None]):
    """One socket."""

    _handling: asyncio.Task[None] | None = None
    _is_cut_off = False

    @property
    def _endpoint(self) -> "Endpoint":
        endpoint: Endpoint = self.view  # type: ignore[assignment]
        return endpoint

    async def handle(self) -> None:
        """Until the client goes, or is cut off."""
        self._handling = asyncio.current_task()
        try:
            await super().handle()
        except WebSocketDisconnect:
            log.debug("client_gone")
        except asyncio.CancelledError:
            if not self._is_cut_off:
                raise

    async def handle_message(self, message: Any) -> None:
        """Close with 4400 on whatever is no message of the protocol, instead of stumbling over it."""
        if not _is_message(message):
            await self.handle_invalid_message("This is no message of graphql-transport-ws.")
            return
        if message["type"] == "connection_init" and message.get("payload") is None:
            message = {**message, "payload": {}}
        await super().handle_message(message)

    async def handle_connection_init(self, message: Any) -> None:
        """Let in, and out again once the credential is revoked or over."""
        try:
            await super().handle_connection_init(message)
        except CrowdedError:
            await self._close(limits.CROWDED, "This key has enough sockets open")
        except BROKEN as away:
            log.warning("credential_not_checked", error=type(away).__name__)
            await self._give_up()
        if self.connection_acknowledged:
            self.context.give_up = self._give_up
            self._endpoint.sessions.open(self, auth.bearer(self.context.connection_params))

    async def handle_subscribe(self, message: Any) -> None:
        """Begin an operation, unless it is one too many, one too soon, or of a document that is not trusted."""
        if self.connection_acknowledged and message["id"] not in self.operations:
            try:
                self._admit()
                message["payload"]["query"] = self._endpoint.trusted.text(message["payload"])
            except GraphQLError as refused:
                error = {"id": message["id"], "type": "error", "payload": [refused.formatted]}
                await self.send_message(error)  # type: ignore[arg-type]  # as Strawberry's own
                return
        await super().handle_subscribe(message)

    def _admit(self) -> None:
        if len(self.operations) >= limits.OPERATIONS_PER_SOCKET:
            raise GraphQLError(
                f"A socket carries at most {limits.OPERATIONS_PER_SOCKET} operations at once.",
                extensions={"code": "TOO_MANY_OPERATIONS"},
            )
        wait = self._endpoint.must_wait(self.context.asking)
        if wait:
            raise self._endpoint.too_often(wait)

    async def shutdown(self) -> None:
        """The socket is gone."""
        self._endpoint.sessions.close(self)
        await super().shutdown()

    async def turn_out(self) -> None:
        """The credential counts no more; the client may come back with another one."""
        await self._close(4403, "Forbidden")

    async def _give_up(self) -> None:
        """A stream that broke on our side must not look as if it had ended: the socket closes, the client comes back."""
        await self._close(1013, "Try again")

    async def _close(self, code: int, reason: str) -> None:
        """Close; a client that does not even take that is cut off."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.websocket.close(code=code, reason=reason)
        except TimeoutError:
            self._cut_off()

    def _cut_off(self) -> None:
        self._is_cut_off = True
        if self._handling is not None:
            self._handling.cancel()

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Run an operation to its end; what breaks outside of a resolver closes the socket."""
        try:
            if await self._run(operation):
                await operation.send_operation_message({"id": operation.id, "type": "complete"})
        except (WebSocketDisconnect, GoneError):
            log.debug("client_gone")
        except TornError:
            log.info("stream_torn")
            await self._give_up()
        except GraphQLError as unreadable:
            await operation.send_initial_errors([unreadable])
        except Exception as broken:  # noqa: BLE001 - whatever it is, the socket closes, and it is logged.
            if not _is_closed(self.websocket.ws):  # type: ignore[attr-defined]
                await self.handle_task_exception(broken)

    async def handle_task_exception(self, error: Exception) -> None:
        """Whatever breaks outside of a resolver closes the socket with a code after which clients come back."""
        log.error("stream_broke", exc_info=error)
        await self._give_up()

    async def _run(self, operation: Operation[Context, None]) -> bool:
        """Alone until it has caught up, then together, and alone again whenever its socket was slow.

        False where an `error` has ended the operation.
        """
        question = Question.of(operation.query, operation.variables, operation.operation_name, self.context.asking)
        context = self.context.beside()
        outlet = _Outlet(self.websocket.ws, operation.id)  # type: ignore[attr-defined]
        while True:
            reader = await self._alone(operation, context, question, outlet)
            if reader is None:
                return not operation.completed
            try:
                unsent = await reader.left
            finally:
                assert question is not None
                self._endpoint.channels.leave(question, reader)
            if unsent is None:
                return True
            if unsent:
                await outlet.send(unsent)
            if reader.is_over:
                return True
            context = self.context.beside(resume=reader.position)

    async def _alone(
        self, operation: Operation[Context, None], context: Context, question: Question | None, outlet: "_Outlet"
    ) -> Reader | None:
        """Execute for this client only; a reader on a channel as soon as it can follow there, None at the end."""
        stream = await self.schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=context,
            operation_name=operation.operation_name,
        )
        async with aclosing(stream):
            async for result in stream:
                if isinstance(result, PreExecutionError):
                    await operation.send_initial_errors(result.errors or [])
                    return None
                if context.place.is_torn:
                    raise TornError
                await operation.send_next(result)  # type: ignore[arg-type]
                if question is not None and context.place.is_live and not context.place.is_over:
                    reader = Reader(outlet, context.place.seen)
                    if self._endpoint.channels.join(question, operation.variables, context, reader):
                        return reader
        return None


class _Outlet:
    """Sends an operation's payloads, which are encoded already; only what stands before them is this client's own."""

    __slots__ = ("_head", "_socket", "_write")

    def __init__(self, socket: WebSocket, id_: str) -> None:
        self._socket = socket
        self._head = b'{"type":"next","id":' + orjson.dumps(id_)
        # A server that cannot write at once has each reader wait for itself.
        self._write = socket.scope.get("extensions", {}).get(WRITE, lambda *_: False)

    def write(self, payload: bytes) -> bool:
        """Past the layers of ASGI: they would cost each subscriber more than the writing."""
        written: bool = self._write(self._head, payload)
        return written

    async def send(self, payload: bytes) -> None:
        """Raises GoneError."""
        try:
            text = (self._head + payload).decode()
            await self._socket.send({"type": "websocket.send", "text": text})
        except (WebSocketDisconnect, RuntimeError) as closed:
            raise GoneError from closed


def _is_closed(socket: WebSocket) -> bool:
    return "DISCONNECTED" in (socket.application_state.name, socket.client_state.name)


def _is_message(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] in ("subscribe", "complete") and not isinstance(message.get("id"), str):
        return False
    if message["type"] != "subscribe":
        return True
    return over_http.wrong_with(message.get("payload")) is None
