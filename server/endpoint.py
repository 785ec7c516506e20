"""/graphql: Strawberry's view with our doors. HTTP takes POST only, sockets speak graphql-transport-ws only."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from graph.context import Context, House
from graph.schema import Schema
from graph.sharing import Channels
from server import auth
from server.sessions import Sessions
from server.socket import Handler

LARGEST_REQUEST = 1_000_000
"""Bytes: an import of 1,000 trips is about 400 kB."""
OPERATIONS_PER_SOCKET = 50
INIT_WITHIN = timedelta(seconds=10)


class Endpoint(GraphQL[Context, None]):
    """The view. Nobody passes without a credential."""

    graphql_transport_ws_handler_class = Handler

    def __init__(self, schema: Schema, house: House, *, development: bool) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if development else None,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=INIT_WITHIN,
            max_subscriptions_per_connection=OPERATIONS_PER_SOCKET,
        )
        self._house = house
        self.sessions = Sessions(house)
        self.channels = Channels(schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the door before anything is executed; sockets show their credential in connection_init."""
        if scope["type"] == "http" and scope["method"] == "POST":
            refusal, receive = await self._checked(scope, receive)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive) -> tuple[Response | None, Receive]:
        """Who asks, and a body of bounded size that is a JSON object; or why not."""
        request = Request(scope, receive)
        scope["viewer"] = await auth.viewer(self._house.db, self._house.clock, auth.bearer(request.headers))
        if scope["viewer"] is None:
            refusal = _refusal(401, "A valid API key is needed: Authorization: Bearer …")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            return refusal, receive
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_REQUEST:
                return _refusal(413, f"A request has at most {LARGEST_REQUEST} bytes."), receive
        try:
            whole = orjson.loads(body)
        except orjson.JSONDecodeError:
            whole = None
        if not isinstance(whole, dict):
            return _refusal(400, "The body must be a JSON object with a `query`."), receive

        async def again() -> Message:
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        return None, again

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """A context per request; over a socket, one per socket."""
        return Context(house=self._house, viewer=request.scope.get("viewer"))

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Let a socket in, or close it with 4403."""
        params: Mapping[str, Any] = context.connection_params
        context.viewer = await auth.viewer(self._house.db, self._house.clock, auth.bearer(params))
        if context.viewer is None:
            raise ConnectionRejectionError
        return cast(UnsetType, UNSET)

    def encode_json(self, data: object) -> str:
        """Text, never bytes: reference clients take binary frames for a fatal fault."""
        return orjson.dumps(data).decode()

    def decode_json(self, data: str | bytes) -> object:
        """Raises orjson.JSONDecodeError, which is a ValueError that Strawberry knows."""
        return orjson.loads(data)


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"errors": [{"message": message}]}, status_code=status)
