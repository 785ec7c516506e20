"""The product as real processes on this machine: server, worker and stand-ins, on a clock faster than life."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

import httpx

from sandbox.services import free_port
from travel.clock import ScaledClock

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "token-of-the-stand-in"


@dataclass(kw_only=True)
class House:
    """Running processes, by name, and how to reach them."""

    clock: ScaledClock
    environment: dict[str, str]
    sandbox_url: str
    log: IO[bytes] | None = None
    """Where the processes' own words go; by default to ours."""
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str, *command: str, module: str = "cli", **changes: str) -> None:
        """Start `bauhaus <command>`, or another module, under a name; `changes` are variables that differ for it."""
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", module, *command], env={**self.environment, **changes}, stderr=self.log
        )

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def messages(self) -> list[dict[str, Any]]:
        """What the stand-in for Twilio took."""
        with httpx.Client(trust_env=False) as client:
            lines: list[dict[str, Any]] = client.get(f"{self.sandbox_url}/_sandbox/messages").json()
            return lines

    def control(self, method: str, path: str, body: Any) -> None:
        """Tell the stand-ins something."""
        with httpx.Client(trust_env=False) as client:
            client.request(method, f"{self.sandbox_url}/_sandbox/{path}", json=body).raise_for_status()


def wait_for(url: str, seconds: float = 30) -> None:
    """Poll until an address answers 200."""
    deadline = time.monotonic() + seconds
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if client.get(url).status_code == 200:
                    return
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


@contextlib.contextmanager
def processes(
    database_url: str, redis_url: str, *, speed: float, seed: int = 0, log: IO[bytes] | None = None, **changes: str
) -> Iterator[House]:
    """Stand-ins and server, ready; workers are the test's to start. Ends whatever it started.

    `changes` are variables of the environment that differ.
    """
    clock = ScaledClock(start=datetime.now(UTC).replace(microsecond=0), origin=time.time(), speed=speed)
    port, sandbox_port = free_port(), free_port()
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    house = House(
        clock=clock,
        sandbox_url=sandbox_url,
        log=log,
        environment={
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "ENVIRONMENT": "development",
            "LOG_LEVEL": "error",
            "AEROAPI_URL": f"{sandbox_url}/aeroapi",
            "AEROAPI_KEY": "sandbox",
            "TWILIO_URL": sandbox_url,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_WHATSAPP_FROM": "+14155550100",
            "TWILIO_TOTAL_TIMEOUT_SECONDS": "1",
            "DELIVERY_LEASE_SECONDS": "5",
            "SWEEP_SECONDS": "0.2",
            "CLOCK_START": clock.start.isoformat(),
            "CLOCK_ORIGIN": repr(clock.origin),
            "CLOCK_SPEED": str(speed),
            **changes,
        },
    )
    stand_ins = ["--port", str(sandbox_port), "--start", clock.start.isoformat(), "--origin", repr(clock.origin)]
    stand_ins += ["--speed", str(speed), "--twilio-account", f"{ACCOUNT}:{TOKEN}", "--seed", str(seed)]
    try:
        house.start("sandbox", "sandbox", *stand_ins)
        house.start("server", "server")
        wait_for(f"{sandbox_url}/_sandbox/clock")
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield house
    finally:
        for process in house.running.values():
            process.terminate()
        for process in house.running.values():
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
