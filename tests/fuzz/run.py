"""One run: a server process of its own, the attack, and what the server's log and a good client say afterwards."""

import asyncio
import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import httpx
from websockets.asyncio.client import connect

from tests.fuzz.attack import Outcome, attack
from tests.processes import House, processes


@dataclass(frozen=True, kw_only=True)
class Log:
    """What a server said of itself."""

    tracebacks: int
    errors: list[str]
    """The ends of lines that are errors, of a hundred at the most."""
    lines: int

    @property
    def is_calm(self) -> bool:
        """Nothing went wrong."""
        return not self.tracebacks and not self.errors

    @classmethod
    def of(cls, file: IO[bytes]) -> "Log":
        """All that was written to a file."""
        file.seek(0)
        text = file.read().decode(errors="replace")
        lines = text.splitlines()
        wrong = [each[-1500:] for each in lines if '"level": "error"' in each or '"level": "critical"' in each]
        return cls(tracebacks=text.count("Traceback"), errors=wrong[:100], lines=len(lines))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a run showed."""

    outcome: Outcome
    log: Log
    alive: bool
    """The same process answers a query, and a socket that subscribes."""
    megabytes: float | None
    """What it holds in memory at the end; None where the system has no /proc."""

    @property
    def passed(self) -> bool:
        """Nothing broke, nothing was left unanswered, and the server lives."""
        return self.log.is_calm and not self.outcome.faults and not self.outcome.silences and self.alive


def served(app_url: str, redis_url: str, log: IO[bytes]) -> AbstractContextManager[House]:
    """A server as it runs in production, but for the rate, which would end every attack."""
    changes = {"ENVIRONMENT": "production", "LOG_LEVEL": "info", "REQUESTS_PER_MINUTE": "1000000000"}
    return processes(app_url, redis_url, speed=1, log=log, **changes)


async def run(app_url: str, redis_url: str, key: str, *, seed: int, inputs: int) -> Verdict:
    """Attack a server of its own, and look at it afterwards."""
    with TemporaryFile() as log:
        with served(app_url, redis_url, log) as house:
            port, server = int(house.environment["PORT"]), house.running["server"]
            outcome = await attack(port, key, seed=seed, inputs=inputs)
            alive = server.poll() is None and await _answers(port, key)
            megabytes = _resident(server.pid)
        return Verdict(outcome=outcome, log=Log.of(log), alive=alive, megabytes=megabytes)


async def _answers(port: int, key: str) -> bool:
    """Whether a good client is served, over HTTP and over a socket."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        url = f"http://127.0.0.1:{port}/graphql"
        answer = await http.post(url, json={"query": "{ viewer { role } }"}, headers=headers)
    async with (
        asyncio.timeout(10),
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"], proxy=None) as socket,  # type: ignore[list-item]
    ):
        await socket.send(json.dumps({"type": "connection_init", "payload": headers}))
        await socket.recv()
        payload = {"query": "subscription { events { __typename } }"}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        heard = json.loads(await socket.recv())
    caught_up = {"id": "1", "type": "next", "payload": {"data": {"events": {"__typename": "CaughtUp"}}}}
    return answer.json() == {"data": {"viewer": {"role": "ADMIN"}}} and heard == caught_up


def _resident(pid: int) -> float | None:
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            sizes = [line.split()[1] for line in status if line.startswith("VmRSS:")]
    except FileNotFoundError:
        return None
    return int(sizes[0]) / 1024
