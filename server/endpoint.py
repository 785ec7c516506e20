"""/graphql: Strawberry's view with our doors. HTTP takes POST only, sockets speak graphql-transport-ws only; who cannot
hold a socket subscribes by graphql-sse.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from math import ceil
from typing import Any, cast

import orjson
import structlog
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from graph.context import Context, House
from graph.schema import Schema
from graph.sharing import Channels
from graph.trusted import Trusted
from server import auth, bodies, limits, over_http
from server.auth import Door
from server.limits import Limits
from server.over_http import OverHttp
from server.protocols import END
from server.rates import Rates
from server.seats import CrowdedError, FullError, Seat, Seats
from server.sessions import Sessions
from server.socket import Adapter, Handler
from server.streams import ServerSentEvents, Stream
from travel.model import Viewer

log = structlog.get_logger()

BODY_REFUSED = {
    408: f"A request comes within {limits.BODY_SECONDS:g} seconds.",
    413: f"A request has at most {limits.LARGEST_REQUEST} bytes.",
}


class Endpoint(OverHttp):
    """The view. Nobody passes without a credential."""

    graphql_transport_ws_handler_class = Handler
    websocket_adapter_class = Adapter  # type: ignore[assignment]  # as Strawberry's own

    def __init__(
        self, schema: Schema, house: House, door: Door, *, bounds: Limits, trusted: Trusted, development: bool = False
    ) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if development else None,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL],
            connection_init_wait_timeout=limits.INIT_WITHIN,
            max_subscriptions_per_connection=limits.OPERATIONS_PER_SOCKET,
        )
        self.stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: ServerSentEvents}
        self._house = house
        self._door = door
        self.trusted = trusted
        self.rates = Rates(bounds.requests_per_minute)
        self.seats = Seats(per_process=bounds.sockets_per_process, per_key=bounds.sockets_per_key)
        self.sessions = Sessions(door)
        self.channels = Channels(schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the door before anything is executed; sockets show their credential in connection_init."""
        try:
            if scope["type"] == "websocket":
                await self._let_in(scope, receive, send)
            else:
                refusal, receive = await self._checked(scope, receive)
                await (refusal or super().__call__)(scope, receive, send)
        except ClientDisconnect:
            log.debug("client_gone")
        finally:
            if "seat" in scope:
                self.seats.free(scope["seat"])

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket, if there is room for one."""
        try:
            scope["seat"] = self.seats.take()
        except FullError:
            socket = WebSocket(scope, receive, send)
            await socket.accept(subprotocol=await self.pick_websocket_subprotocol(socket))
            await socket.close(limits.FULL, "This server has no room for another socket")
        else:
            await super().__call__(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        """Who asks, and a body of bounded size that is a request; or why not. Raises ClientDisconnect."""
        request = Request(scope, receive)

        def refused(status: int, message: str | GraphQLError, **headers: str) -> tuple[Response, Receive]:
            scope["refused"] = True
            return over_http.refusal(request, status, message, headers), receive

        if request.method != "POST":
            if self.graphql_ide and self.should_render_graphql_ide(request):  # type: ignore[arg-type]
                return None, receive
            return refused(405, "Requests are sent by POST.", Allow="POST")
        scope["viewer"] = await self._door.viewer(auth.bearer(request.headers))
        if scope["viewer"] is None:
            needed = "A valid credential is needed: Authorization: Bearer …"
            return refused(401, needed, **{"WWW-Authenticate": "Bearer"})
        wait = self.must_wait(scope["viewer"])
        if wait:
            return refused(429, self.too_often(wait), **{"Retry-After": str(wait)})
        answer = over_http.media_type(request.headers.get("accept"))
        if answer is None:
            return refused(406, f"Answers are {over_http.RESPONSE}, {over_http.JSON} or {over_http.STREAM}.")
        if not over_http.is_json(request.headers.get("content-type")):
            return refused(415, f"Requests are {over_http.JSON} in UTF-8.")
        body = await self._body(request)
        if isinstance(body, int):
            return refused(body, BODY_REFUSED[body])
        whole = _json(body)
        wrong = over_http.wrong_with(whole)
        if wrong is not None:
            return refused(400, wrong)
        try:
            query = self.trusted.text(whole)
        except GraphQLError as untrusted:
            # The request is a good one; the status is that of a document that is not valid.
            return refused(200 if answer == over_http.JSON else 400, untrusted)
        if query != whole.get("query"):
            body = orjson.dumps({**whole, "query": query})
        return None, _again(body, receive)

    async def _body(self, request: Request) -> bytes | int:
        """The body, or the status of its refusal."""
        try:
            body = await bodies.whole(request, limits.LARGEST_REQUEST)
        except TimeoutError:
            return 408
        return body if body is not None else 413

    def must_wait(self, viewer: Viewer) -> int:
        """The whole seconds until this key may ask again; 0 where it may now."""
        return ceil(self.rates.take(viewer.key_id, asyncio.get_running_loop().time()))

    def too_often(self, seconds: int) -> GraphQLError:
        """What a key hears that must wait."""
        return GraphQLError(
            f"A key may ask {self.rates.per_minute} times a minute. Try again in {seconds} s.",
            extensions={"code": "TOO_OFTEN", "retryAfterSeconds": seconds},
        )

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """A context per request; over a socket, one per socket."""
        context = Context(house=self._house, viewer=request.scope.get("viewer"), seat=request.scope.get("seat"))
        request.scope["stream"] = stream = Stream(context.place)
        context.give_up = stream.turn_out
        return context

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """A subscription as one long answer; it ends with its credential, as a socket does."""
        session: Stream = request.scope["stream"]
        later = {"Retry-After": str(limits.RETRY_SECONDS)}
        try:
            request.scope["seat"] = self.seats.take()
        except FullError:
            return over_http.refusal(request, 503, "This server has no room for another stream.", later)  # type: ignore[arg-type]
        try:
            self.seats.assign(request.scope["seat"], request.scope["viewer"].key_id)
        except CrowdedError:
            return over_http.refusal(request, 429, self._crowded, later)  # type: ignore[arg-type]

        request.scope[END] = session.end

        async def guarded() -> AsyncGenerator[str, None]:
            self.sessions.open(session, auth.bearer(request.headers))
            try:
                async for message in session.until_over(stream()):
                    yield message
            finally:
                self.sessions.close(session)

        return StreamingResponse(guarded(), headers=headers)

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Let a socket in, or close it with 4403; raises CrowdedError."""
        params: Mapping[str, Any] = context.connection_params
        context.viewer = await self._door.viewer(auth.bearer(params))
        if context.viewer is None:
            raise ConnectionRejectionError
        assert isinstance(context.seat, Seat), "every socket was given one"
        self.seats.assign(context.seat, context.viewer.key_id)
        return cast(UnsetType, UNSET)

    @property
    def _crowded(self) -> str:
        return f"A key may have {self.seats.per_key} sockets and streams at once."

    def encode_json(self, data: object) -> str:
        """Text, never bytes: reference clients take binary frames for a fatal fault."""
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        """Raises orjson.JSONDecodeError, which is a ValueError that Strawberry knows."""
        return orjson.loads(data)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more; after that all that is left to hear is that the client is gone, for which a stream waits."""
    unread = [body]

    async def again() -> Message:
        return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

    return again
