"""/healthz, /readyz and /metrics: that the process lives, that it can do its work, and what it has done."""

from dataclasses import asdict

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from graph.context import House
from travel import metrics, readiness
from travel.database import BROKEN, SchemaError
from travel.records import backlog


class Health:
    """The three answers."""

    def __init__(self, house: House) -> None:
        self._house = house

    @property
    def routes(self) -> list[Route]:
        """At the root."""
        return [
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
        ]

    async def healthz(self, _: Request) -> Response:
        """The process turns its loop."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """It reaches its database, may write, and the schema fits; else 503 and why."""
        try:
            await readiness.verify(self._house.db)
        except SchemaError as wrong:
            return JSONResponse({"status": "not ready", "reason": str(wrong)}, status_code=503)
        return JSONResponse({"status": "ready"})

    async def metrics(self, _: Request) -> Response:
        """Prometheus text. The gauges of the backlog are read from the database, for the whole fleet."""
        try:
            async with self._house.db.transaction() as tx:
                metrics.show_backlog(**asdict(await backlog.read(tx, self._house.clock.now())))
        except (*BROKEN, AssertionError):
            metrics.database_away.inc()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
