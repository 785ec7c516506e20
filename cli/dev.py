"""`bauhaus dev`: the whole product on one machine, ended by one Ctrl-C, with nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.panel import Panel

from cli import demo
from migrations import run as migrations
from sandbox.services import Postgres, ServerStartError, Valkey, free_port
from travel.clock import ScaledClock

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
TOKEN = "sandbox-auth-token"  # noqa: S105  # the stand-in's own, worth nothing
REAL = ("AEROAPI_KEY", "TWILIO_AUTH_TOKEN")
"""What stands in the environment when a provider is to be the real one."""
STATE = Path(".bauhaus/dev.json")
READY_SECONDS = 60

console = Console(stderr=True)


class DevError(Exception):
    """Something did not start; the message says what."""


@dataclass(kw_only=True)
class Dev:
    """One run of everything."""

    port: int
    speed: float
    stopping: bool = False
    announced: bytes = b""
    children: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def run(self) -> int:
        """Start everything, show what happens, end everything; the exit code."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._stop)
        try:
            self._refuse_taken_port()
            with ThreadPoolExecutor() as starting:
                databases, queues = starting.submit(Postgres.start), starting.submit(Valkey.start)
                with databases.result() as postgres, queues.result() as valkey:
                    return self._run(postgres.owner_url, valkey.url)
        except (DevError, ServerStartError, demo.DemoError, httpx.HTTPError) as failed:
            console.print(f"bauhaus dev: {failed}", style="red", highlight=False, markup=False, soft_wrap=True)
            return 1
        finally:
            self._take_back_announcement()

    def _take_back_announcement(self) -> None:
        # Another one may run in this folder by now, on another port.
        if self.announced and STATE.exists() and STATE.read_bytes() == self.announced:
            STATE.unlink()

    def _refuse_taken_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as taken:
                raise DevError(f"port {self.port} is taken; PORT=8001 make dev takes another") from taken

    def _stop(self, _: int, __: FrameType | None) -> None:
        self.stopping = True

    def _run(self, owner_url: str, redis_url: str) -> int:
        database_url = _app_url(owner_url)
        migrations.upgrade(owner_url)
        migrations.admit(owner_url, database_url)
        sandbox_url = f"http://127.0.0.1:{free_port()}"
        clock = self._clock()
        # The stand-in's templates mean nothing to the real Twilio.
        approved = not os.environ.get("TWILIO_AUTH_TOKEN")
        stage = demo.prepare(owner_url, database_url, clock, approved=approved)
        environment = self._environment(database_url, redis_url, sandbox_url, clock)
        try:
            self._start_children(environment, sandbox_url, clock)
            address = f"http://127.0.0.1:{self.port}"
            self._wait(f"{sandbox_url}/_sandbox/clock", "sandbox")
            self._wait(f"{address}/readyz", "server")
            if not self.stopping:
                demo.play(address, sandbox_url, stage)
                self._announce(address, sandbox_url, stage.key, database_url, redis_url)
                self._watch(sandbox_url)
            return 0
        finally:
            self._end_children()

    def _clock(self) -> ScaledClock:
        # Real flights fly, and real messages go, at their own pace.
        speed = 1.0 if any(os.environ.get(name) for name in REAL) else self.speed
        return ScaledClock(start=datetime.now(UTC).replace(microsecond=0), origin=time.time(), speed=speed)

    def _environment(self, database_url: str, redis_url: str, sandbox_url: str, clock: ScaledClock) -> dict[str, str]:
        """What server and worker are told: the stand-ins, where the environment has no real keys."""
        ours = {
            "AEROAPI_URL": f"{sandbox_url}/aeroapi",
            "AEROAPI_KEY": "sandbox",
            "AEROAPI_WEBHOOK_TOKEN": "sandbox-push-token",
            "TWILIO_URL": sandbox_url,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_WHATSAPP_FROM": "+14155550100",
            "TWILIO_SMS_FROM": "+14155550199",
        }
        if not os.environ.get("AEROAPI_KEY"):
            # The stand-in keeps no tier, and the demo asks it sixty times as fast.
            ours["AEROAPI_TIER"] = "unlimited"
        for real in REAL:
            if os.environ.get(real):
                stand_in = real.partition("_")[0] + "_URL"
                ours = {name: value for name, value in ours.items() if name != stand_in}
        return {
            **ours,
            "ENVIRONMENT": "development",
            "LOG_LEVEL": "error",
            "SWEEP_SECONDS": "0.2",
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            **{name: value for name, value in os.environ.items() if value},
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "PORT": str(self.port),
            "CLOCK_START": clock.start.isoformat(),
            "CLOCK_ORIGIN": repr(clock.origin),
            "CLOCK_SPEED": str(clock.speed),
            "BAUHAUS_DEV_PID": str(os.getpid()),
        }

    def _start_children(self, environment: dict[str, str], sandbox_url: str, clock: ScaledClock) -> None:
        stand_ins = [
            *("sandbox", "--port", sandbox_url.rpartition(":")[2]),
            *("--start", clock.start.isoformat(), "--origin", repr(clock.origin), "--speed", str(clock.speed)),
            *("--twilio-account", f"{ACCOUNT}:{TOKEN}"),
            *("--inbound-url", f"http://127.0.0.1:{self.port}/webhooks/twilio/inbound"),
        ]
        for name, command in (("sandbox", stand_ins), ("server", ["server"]), ("worker", ["worker"])):
            # A session of its own: Ctrl-C reaches us alone, and we end the others in order.
            self.children[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "cli", *command], env=environment, start_new_session=True
            )

    def _wait(self, url: str, name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(trust_env=False) as client:
            while not self.stopping:
                if self.children[name].poll() is not None:
                    raise DevError(f"the {name} ended by itself; its last lines above say why")
                try:
                    if client.get(url).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                if time.monotonic() > deadline:
                    raise DevError(f"the {name} was not ready after {READY_SECONDS} seconds")
                time.sleep(0.05)

    def _announce(self, address: str, sandbox_url: str, key: str, database_url: str, redis_url: str) -> None:
        state = {
            "graphql": f"{address}/graphql",
            "portal": f"{address}/portal/",
            "key": key,
            "sandbox": sandbox_url,
            "database": database_url,
            "redis": redis_url,
        }
        self.announced = orjson.dumps(state, option=orjson.OPT_INDENT_2)
        STATE.parent.mkdir(exist_ok=True)
        # Whoever waits for it finds it whole.
        written = STATE.with_suffix(".part")
        written.write_bytes(self.announced)
        written.replace(STATE)
        lines = "\n".join(f"{name:<9}{value}" for name, value in state.items() if name not in ("database", "redis"))
        faster = f"The demo day runs {self._clock().speed:g} times faster than life."
        console.print(Panel(f"{lines}\n\n{faster} Ctrl-C ends it.", title="Bauhaus Travel is ready", expand=False))

    def _watch(self, sandbox_url: str) -> None:
        """Show every message that the stand-in takes, until somebody ends us or a child dies."""
        shown = 0
        with httpx.Client(trust_env=False) as client:
            while not self.stopping:
                for name, child in self.children.items():
                    if child.poll() is not None:
                        raise DevError(f"the {name} ended by itself")
                messages: list[dict[str, Any]] = client.get(f"{sandbox_url}/_sandbox/messages").json()
                for message in messages[shown:]:
                    console.print(demo.line(message), highlight=False, soft_wrap=True)
                shown = len(messages)
                time.sleep(0.5)

    def _end_children(self) -> None:
        # The stand-ins go last: nobody shall miss them.
        for child in reversed(self.children.values()):
            child.terminate()
        deadline = time.monotonic() + 10
        for child in self.children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _app_url(owner_url: str) -> str:
    """The address for a role of the application's own, with the embedded server's password."""
    return owner_url.replace("//bauhaus_owner:", "//bauhaus_login:", 1)
