"""The stand-ins as one ASGI app; `python -m sandbox.app` runs it beside the product on a scaled clock."""

import argparse
import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.aeroapi import AeroApi, AeroFaults
from sandbox.aeroapi.pushes import DEFAULT_CODES
from sandbox.control import Control
from sandbox.scenario import Scenario
from sandbox.twilio import Twilio
from sandbox.twilio.faults import TwilioFaults

AT_HAND = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""For callbacks: a connection that was opened is used again, as long as no pause is longer than httpx's five seconds."""


class Sandbox:
    """AeroAPI under /aeroapi, Twilio under /2010-04-01, control under /_sandbox; all state in memory.

    With `run_clockwork` the app itself does what falls due while it serves; without it somebody must call
    `pump()`, as tests and replays on a virtual clock do. Both make their requests with `callbacks`: Twilio to the
    addresses it is given with messages, AeroAPI its `push_codes` to `push_url`, or to nobody where that is None.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        twilio_accounts: dict[str, str],
        scenario: Scenario | None = None,
        aeroapi_keys: Collection[str] | None = None,
        callbacks: httpx.AsyncBaseTransport | None = None,
        inbound_url: str | None = None,
        push_url: str | None = None,
        push_codes: Collection[str] = DEFAULT_CODES,
        ledger_path: Path | None = None,
        speed: float = 1.0,
        seed: int = 0,
        run_clockwork: bool = False,
    ) -> None:
        self.now = now
        self.scenario = scenario if scenario is not None else Scenario()
        self.aeroapi = AeroApi(
            self.scenario,
            now,
            api_keys=aeroapi_keys,
            faults=AeroFaults(),
            callbacks=callbacks,
            push_url=push_url,
            push_codes=push_codes,
            seed=seed,
        )
        self.twilio = Twilio(
            now,
            accounts=twilio_accounts,
            callbacks=callbacks,
            ledger_path=ledger_path,
            faults=TwilioFaults(),
            inbound_url=inbound_url,
            seed=seed,
        )
        self.control = Control(now=now, speed=speed, scenario=self.scenario, aeroapi=self.aeroapi, twilio=self.twilio)
        self.app = Starlette(
            routes=[
                Mount("/aeroapi", routes=self.aeroapi.routes),
                Mount("/_sandbox", routes=self.control.routes),
                *self.twilio.routes,
            ],
            lifespan=self._lifespan if run_clockwork else None,
        )

    async def pump(self) -> int:
        """Do everything that is due by now, callbacks and pushes; how many steps that was."""
        return await self.twilio.pump() + await self.aeroapi.pushes.pump()

    def next_due(self) -> datetime | None:
        """When there will be something to pump; None while nothing is planned."""
        planned = (self.twilio.next_due(), self.aeroapi.pushes.next_due())
        return min((at for at in planned if at is not None), default=None)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as clockwork:
            clockwork.create_task(self.twilio.run())
            clockwork.create_task(self.aeroapi.pushes.run())

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        clockwork = asyncio.create_task(self._run())
        try:
            yield
        finally:
            clockwork.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await clockwork


def scaled_clock(start: datetime, speed: float, origin: float) -> Callable[[], datetime]:
    """A clock that stood at `start` at the machine's `origin` (Unix seconds), `speed` times as fast."""

    def now() -> datetime:
        return start + timedelta(seconds=(time.time() - origin) * speed)

    return now


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.app", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--start", type=_instant, default=None, help="what the clock shows at the origin")
    parser.add_argument("--speed", type=float, default=1.0, help="seconds that pass in a second")
    parser.add_argument("--origin", type=float, default=None, help="Unix seconds at which the clock shows start")
    parser.add_argument("--scenario", type=Path, default=None, metavar="FILE")
    parser.add_argument("--inbound-url", default=None)
    parser.add_argument("--push-url", default=None, help="where AeroAPI pushes to; nowhere if not given")
    parser.add_argument("--twilio-account", type=_account, action="append", metavar="SID:TOKEN", required=True)
    parser.add_argument("--aeroapi-key", action="append", default=None, help="if given, no other key is let in")
    parser.add_argument("--ledger", type=Path, default=None, metavar="FILE")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


async def serve(args: argparse.Namespace) -> None:
    origin = time.time() if args.origin is None else args.origin
    start = datetime.fromtimestamp(origin, UTC) if args.start is None else args.start
    # Callbacks go to a neighbour, never through a proxy that the environment may name.
    async with httpx.AsyncHTTPTransport(trust_env=False, limits=AT_HAND) as callbacks:
        sandbox = Sandbox(
            scaled_clock(start, args.speed, origin),
            scenario=Scenario.load(args.scenario) if args.scenario else None,
            aeroapi_keys=set(args.aeroapi_key) if args.aeroapi_key else None,
            twilio_accounts=dict(args.twilio_account),
            callbacks=callbacks,
            inbound_url=args.inbound_url,
            push_url=args.push_url,
            ledger_path=args.ledger,
            speed=args.speed,
            seed=args.seed,
            run_clockwork=True,
        )
        # An answer that is lost on purpose is no fault, whatever the server thinks of it.
        logging.getLogger("uvicorn.error").addFilter(lambda record: "without completing" not in record.getMessage())
        # A lost reply is held open on purpose, so the end must not wait for it.
        config = uvicorn.Config(
            sandbox.app,
            host="127.0.0.1",
            port=args.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        await uvicorn.Server(config).serve()


def main(argv: Sequence[str] | None = None) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(arguments(argv)))


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _account(text: str) -> tuple[str, str]:
    sid, separator, token = text.partition(":")
    if not (sid and separator and token):
        raise argparse.ArgumentTypeError("must be SID:TOKEN")
    return sid, token


if __name__ == "__main__":
    main()
