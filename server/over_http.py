"""GraphQL over HTTP as its specification wants it: which media type answers, and which status goes with it.

application/graphql-response+json says by its status whether the request was executed; application/json, which older
clients ask for, answers 200 to whatever could be read as a request.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from typing import cast

import orjson
from cross_web import AsyncHTTPRequestAdapter
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import MissingQueryError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.streaming import HTTPStreamTransport
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult, SubscriptionExecutionResult
from strawberry.types.graphql import OperationType

from graph import documents, trusted
from graph.context import Context
from graph.overdue import OverdueError

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
STREAM = "text/event-stream"


def media_type(accept: str | None) -> str | None:
    """What an Accept header is answered with.

    | it names                                          | answer                            |
    |---------------------------------------------------|-----------------------------------|
    | nothing at all                                    | application/json                  |
    | graphql-response+json, no less dear than json     | application/graphql-response+json |
    | application/json, application/* or */*            | application/json                  |
    | text/event-stream, and none of those by name      | text/event-stream                 |
    | nothing that we speak                             | None                              |

    A client that names all of them, as urql does, wants a stream for a subscription only, and sends none as a request.
    """
    if accept is None or not accept.strip():
        return JSON
    named = _weights(accept)
    response, json = named.get(RESPONSE, 0.0), named.get(JSON, named.get("application/*", named.get("*/*", 0.0)))
    if response and response >= json:
        return RESPONSE
    if named.get(STREAM) and not response and JSON not in named:
        return STREAM
    return JSON if json else None


def _weights(accept: str) -> dict[str, float]:
    weights = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weighed = [found for found in (re.fullmatch(r"q=([01](?:\.\d{0,3})?)", each) for each in parameters) if found]
        weights[name] = float(weighed[0][1]) if weighed else 1.0
    return weights


def is_json(content_type: str | None) -> bool:
    """Whether a body is declared as JSON in UTF-8, which is the one encoding of JSON."""
    name, *parameters = (piece.strip() for piece in (content_type or "").lower().split(";"))
    charsets = [each.removeprefix("charset=").strip('"') for each in parameters if each.startswith("charset=")]
    return name == JSON and all(charset in ("utf-8", "utf8") for charset in charsets)


def wrong_with(whole: object) -> str | None:
    """Why a JSON value is no GraphQL request; None if it is one."""
    if not isinstance(whole, dict):
        return "A request is one JSON object; batches are not taken."
    for name in ("query", "documentId", "operationName"):
        if not isinstance(whole.get(name), str | None):
            return f"`{name}` must be a text."
    for name in ("variables", "extensions"):
        if not isinstance(whole.get(name), dict | None):
            return f"`{name}` must be an object."
    if whole.get("query") is None and trusted.named(whole) is None:
        return "A request has a `query`, or the `documentId` of a trusted document."
    return None


def refusal(
    request: Request, status: int, refused: str | GraphQLError, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer to what was not even a GraphQL request, in the shape of a GraphQL answer."""
    error = refused.formatted if isinstance(refused, GraphQLError) else {"message": refused}
    return JSONResponse(
        {"errors": [error]},
        status_code=status,
        headers=headers,
        media_type=RESPONSE if media_type(request.headers.get("accept")) == RESPONSE else JSON,
    )


class OverHttp(GraphQL[Context, None]):
    """Strawberry's view, which answers application/json with 200 whatever happens, with the answers of the specification."""

    async def execute_operation(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        request_data: GraphQLRequestData | list[GraphQLRequestData],
        context: Context,
        root_value: None,
        sub_response: Response,
    ) -> ExecutionResult | list[ExecutionResult] | SubscriptionExecutionResult:
        """Strawberry's stream of a document that cannot be read breaks; ours says what is wrong with it."""
        if isinstance(request_data, GraphQLRequestData) and request_data.protocol == "sse":
            try:
                documents.read(request_data.query or "")
            except GraphQLError as unreadable:
                return cast(SubscriptionExecutionResult, _alone(ExecutionResult(data=None, errors=[unreadable])))
        return await super().execute_operation(
            request, request_adapter, request_data, context, root_value, sub_response
        )

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Which operation is meant is a question to the document, and so is answered by an error of GraphQL."""
        try:
            return await self.schema.execute(
                request_data.query,
                root_value=root_value,
                variable_values=request_data.variables,
                context_value=context,
                operation_name=request_data.operation_name,
                allowed_operation_types={OperationType.QUERY, OperationType.MUTATION},
                operation_extensions=request_data.extensions,
            )
        except CannotGetOperationTypeError as unknown:
            message = unknown.as_http_error_reason()
        except MissingQueryError:
            message = "The document is empty."
        except InvalidOperationTypeError:
            message = f"A subscription needs a websocket, or Accept: {STREAM} alone."
        return ExecutionResult(data=None, errors=[GraphQLError(message)])

    def _get_stream_transport_from_headers(self, headers: Mapping[str, str]) -> HTTPStreamTransport | None:
        # Strawberry would stream every answer to a client that can read streams as well.
        accept = next((value for name, value in headers.items() if name.lower() == "accept"), None)
        return super()._get_stream_transport_from_headers(headers) if media_type(accept) == STREAM else None

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """Where nothing was executed there is no data, not even null; an error of execution leads to its field."""
        answer = await super().process_result(request, result)
        errors = result.errors or []
        if (
            result.data is None
            and errors
            and not any(error.path or isinstance(error, OverdueError) for error in errors)
        ):
            del answer["data"]
            request.scope["refused"] = True
        return answer

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """The draft of the answer, which knows how it will be encoded."""
        draft = await super().get_sub_response(request)
        draft.media_type = media_type(request.headers.get("accept"))
        return draft

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The answer in the media type that was asked for."""
        media_type = sub_response.media_type or JSON
        # Bytes, not Strawberry's text: a page has hundreds of kilobytes, which would be decoded and encoded again.
        response = Response(
            orjson.dumps(response_data),
            status_code=sub_response.status_code or 200,
            headers={"content-type": f"{media_type}; charset=utf-8"},
            background=sub_response.background,
        )
        response.headers.raw.extend(sub_response.headers.raw)
        if media_type == RESPONSE and "data" not in response_data:
            response.status_code = 400
        return response


async def _alone(result: ExecutionResult) -> AsyncGenerator[ExecutionResult, None]:
    yield result
