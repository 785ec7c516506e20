"""The server's wiring: every route in sight."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graph import schema
from graph.context import House
from graph.live import Hub
from graph.trusted import Trusted
from server.auth import Door
from server.endpoint import Endpoint
from server.health import Health
from server.limits import Limits
from server.portal import portal
from server.rates import Sample
from server.tokens import Tokens
from server.webhooks import Webhooks
from travel import enqueue, metrics, readiness
from travel.clock import Clock
from travel.config import Config
from travel.database import BROKEN, Database
from travel.enqueue import Wakeups

log = structlog.get_logger()

TIMEKEEPING_SECONDS = 5.0
REFUSALS_TOLD = 5
"""Lines a minute about requests to /graphql of which nothing was executed; the next line says how many were left out."""


class Logged:
    """One line per request, with an id that also goes back in the answer. Sockets pass."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._refusals = Sample(REFUSALS_TOLD)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log the request once it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, began = uuid4().hex, time.perf_counter()
        status: int | None = None

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, noted)
            except Exception as fault:
                log.exception("request_failed")
                if status is None:
                    code = schema.code_of(fault)
                    error = {"message": schema.FAULT, "extensions": {"code": code}}
                    answer = JSONResponse({"errors": [error]}, 503 if code == "UNAVAILABLE" else 500)
                    await answer(scope, receive, noted)
            finally:
                spent = round((time.perf_counter() - began) * 1000, 1)
                self._tell(scope, status, spent)

    def _tell(self, scope: Scope, status: int | None, spent: float) -> None:
        untold = {}
        if scope.get("refused"):
            metrics.refused.inc()
            told = self._refusals.tells(time.monotonic())
            if told is None:
                return
            untold = {"untold": told} if told else {}
        quiet = scope["path"] in ("/healthz", "/readyz", "/metrics")
        # A webhook's path holds its token.
        path = scope["path"] if not scope["path"].startswith("/webhooks/") else "/webhooks/…"
        say = log.debug if quiet else log.info
        say("request", method=scope["method"], path=path, status=status, ms=spent, **untold)


def build(house: House, config: Config) -> Starlette:
    """The application over means that somebody else opens and closes; raises ManifestError."""
    development = config.environment == "development"
    bounds = Limits.of(config)
    built = schema.build(introspection=development, seconds=bounds.operation_seconds)
    documents = Trusted.of(built, config.trusted_documents, only=config.trusted_documents_only)
    tokens = Tokens(config.issuer) if config.issuer else None
    door = Door(house, tokens)
    endpoint = Endpoint(built, house, door, bounds=bounds, trusted=documents, development=development)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running = [asyncio.create_task(house.hub.run()), asyncio.create_task(endpoint.sessions.run())]
        if tokens is not None:
            running.append(asyncio.create_task(tokens.run()))
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    return Starlette(
        routes=[
            Route("/graphql", endpoint, methods=None),
            WebSocketRoute("/graphql", endpoint),
            Mount("/webhooks", routes=Webhooks(house, config).routes),
            Mount("/portal", portal()),
            *Health(house).routes,
        ],
        middleware=[Middleware(Logged)],
        lifespan=lifespan,
    )


def create(config: Config) -> Starlette:
    """The application of a process: it opens its own means at start, and says plainly what is wrong with them."""
    db = Database(config.database_url.get_secret_value(), pool_size=config.database_pool_size)
    redis = enqueue.connect(config.redis_url.get_secret_value()) if config.redis_url else None
    house = House(db=db, wakeups=Wakeups(redis), clock=config.clock(), hub=Hub(db))
    app = build(house, config)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(starlette: Starlette) -> AsyncIterator[None]:
        await db.connect()
        try:
            await readiness.verify(db)
            await db.correct(house.clock)
            timekeeper = asyncio.create_task(_keep_time(db, house.clock))
            try:
                async with inner(starlette):
                    yield
            finally:
                timekeeper.cancel()
        finally:
            if redis is not None:
                await redis.aclose(close_connection_pool=True)
            await db.disconnect()

    app.router.lifespan_context = lifespan
    return app


async def _keep_time(db: Database, clock: Clock) -> None:
    """Correct this process's clock by the database's, again and again."""
    while True:
        await asyncio.sleep(TIMEKEEPING_SECONDS)
        try:
            await db.correct(clock)
        except BROKEN as away:
            log.warning("clock_not_corrected", error=type(away).__name__)
