"""`python -m benchmarks.graph.peers.database_json`: the page as PostgreSQL alone builds it, and nothing but the sending of it.

This is the limit of the machine: no GraphQL, one statement whose only value is the answer's text.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.graph.peers import ground

TRIPS, RECORDS, NOTIFICATIONS = 50, 5, 3


def main() -> None:
    """Serve until ended."""
    ground.leave_with_parent()
    house = ground.Ground()

    async def page(request: Request) -> Response:
        await request.json()
        rows = await house.read("page", house.agency_id, TRIPS, RECORDS, NOTIFICATIONS)
        return Response(rows[0][0], media_type="application/json")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await house.open()
        yield

    app = Starlette(routes=[Route("/graphql", page, methods=["POST"])], lifespan=lifespan)
    uvicorn.run(app, port=ground.port(), log_level="error", access_log=False, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
