"""/graphql: Strawberry's view with our doors. HTTP takes POST only, sockets speak graphql-transport-ws only; who cannot
hold a socket subscribes by graphql-sse.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from graph.context import Context, House
from graph.schema import Schema
from graph.sharing import Channels
from server import auth, over_http
from server.auth import Door
from server.over_http import OverHttp
from server.sessions import Sessions
from server.socket import Handler
from server.streams import ServerSentEvents, Stream

LARGEST_REQUEST = 1_000_000
"""Bytes: an import of 1,000 trips is about 400 kB."""
OPERATIONS_PER_SOCKET = 50
INIT_WITHIN = timedelta(seconds=10)


class Endpoint(OverHttp):
    """The view. Nobody passes without a credential."""

    graphql_transport_ws_handler_class = Handler

    def __init__(self, schema: Schema, house: House, door: Door, *, development: bool) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if development else None,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL],
            connection_init_wait_timeout=INIT_WITHIN,
            max_subscriptions_per_connection=OPERATIONS_PER_SOCKET,
        )
        self.stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: ServerSentEvents}
        self._house = house
        self._door = door
        self.sessions = Sessions(door)
        self.channels = Channels(schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the door before anything is executed; sockets show their credential in connection_init."""
        if scope["type"] == "http":
            refusal, receive = await self._checked(scope, receive)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        """Who asks, and a body of bounded size that is a request; or why not."""
        request = Request(scope, receive)

        def refused(status: int, message: str, **headers: str) -> tuple[Response, Receive]:
            return over_http.refusal(request, status, message, headers), receive

        if request.method != "POST":
            if self.graphql_ide and self.should_render_graphql_ide(request):  # type: ignore[arg-type]
                return None, receive
            return refused(405, "Requests are sent by POST.", Allow="POST")
        scope["viewer"] = await self._door.viewer(auth.bearer(request.headers))
        if scope["viewer"] is None:
            needed = "A valid credential is needed: Authorization: Bearer …"
            return refused(401, needed, **{"WWW-Authenticate": "Bearer"})
        if over_http.media_type(request.headers.get("accept")) is None:
            return refused(406, f"Answers are {over_http.RESPONSE}, {over_http.JSON} or {over_http.STREAM}.")
        if not over_http.is_json(request.headers.get("content-type")):
            return refused(415, f"Requests are {over_http.JSON} in UTF-8.")
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_REQUEST:
                return refused(413, f"A request has at most {LARGEST_REQUEST} bytes.")
        try:
            whole = orjson.loads(body)
        except orjson.JSONDecodeError:
            whole = None
        if not over_http.is_request(whole):
            return refused(
                400, "The body must be a JSON object with a `query`, and whatever else it has as it should be."
            )

        unread = [bytes(body)]

        async def again() -> Message:
            # Once read, all that is left to hear is that the client is gone; a stream waits for that.
            return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

        return None, again

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """A context per request; over a socket, one per socket."""
        stream = Stream()
        request.scope["stream"] = stream
        return Context(house=self._house, viewer=request.scope.get("viewer"), give_up=stream.turn_out)

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """A subscription as one long answer; it ends with its credential, as a socket does."""
        session: Stream = request.scope["stream"]

        async def guarded() -> AsyncGenerator[str, None]:
            self.sessions.open(session, auth.bearer(request.headers))
            try:
                async for message in session.until_over(stream()):
                    yield message
            finally:
                self.sessions.close(session)

        return StreamingResponse(guarded(), headers=headers)

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Let a socket in, or close it with 4403."""
        params: Mapping[str, Any] = context.connection_params
        context.viewer = await self._door.viewer(auth.bearer(params))
        if context.viewer is None:
            raise ConnectionRejectionError
        return cast(UnsetType, UNSET)

    def encode_json(self, data: object) -> str:
        """Text, never bytes: reference clients take binary frames for a fatal fault."""
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        """Raises orjson.JSONDecodeError, which is a ValueError that Strawberry knows."""
        return orjson.loads(data)
