"""What breaks while everybody listens: servers, the database, the queue, and the connection that hears the nudges."""

import asyncio
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from redis.exceptions import RedisError

from sandbox.services import Postgres, Valkey
from tests.processes import House
from travel import enqueue
from travel.database import AWAY, Database

STOP_SECONDS = 10.0
"""A server that was told to stop is gone by then."""


@dataclass(kw_only=True)
class Faults:
    """The deeds, and what was done."""

    house: House
    servers: dict[str, str]
    """Ports by the names of their processes."""
    postgres: Postgres
    valkey: Valkey
    god: Database
    chance: random.Random
    done: Counter[str]
    complaints: list[str] = field(default_factory=list)
    slowest_stop: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Each once at the least, in an order drawn by chance, then by weight, until it is over."""
        deeds: list[tuple[int, str, Callable[[], Awaitable[None]]]] = [
            (4, "kill -9 of a server", self._kill),
            (4, "SIGTERM to a server", self._stop),
            (3, "server frozen for a while", self._freeze),
            (2, "FLUSHALL", self._flush),
            (1, "queue restarted", lambda: asyncio.to_thread(self.valkey.restart)),
            (2, "database restarted as by a crash", lambda: asyncio.to_thread(self.postgres.restart, immediate=True)),
            (1, "database restarted in order", lambda: asyncio.to_thread(self.postgres.restart)),
            (4, "listening connection ended", lambda: self._end_sessions("LISTEN%")),
            (3, "some sessions of the database ended", lambda: self._end_sessions("%", one_in=2)),
        ]
        order = list(range(len(deeds)))
        self.chance.shuffle(order)
        while not self.over.is_set():
            which = order.pop() if order else self.chance.choices(range(len(deeds)), [each[0] for each in deeds])[0]
            _, name, deed = deeds[which]
            self.done[name] += 1
            await deed()
            self.revive()
            try:
                async with asyncio.timeout(self.chance.uniform(0.5, 2)):
                    await self.over.wait()
            except TimeoutError:
                continue
        self.revive()

    def start(self, name: str) -> None:
        """Start a server on its port."""
        self.house.start(name, "server", PORT=self.servers[name])

    def revive(self) -> None:
        """Start anew what ended by itself, since it could not reach its database."""
        for name in self.servers:
            if self.house.running[name].poll() is not None:
                self.done["server that ended by itself"] += 1
                self.start(name)

    def _one(self) -> str:
        return self.chance.choice(sorted(self.servers))

    async def _kill(self) -> None:
        name = self._one()
        await asyncio.to_thread(self.house.kill, name)
        self.start(name)

    async def _stop(self) -> None:
        name = self._one()
        process, began = self.house.running[name], time.monotonic()
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 2 * STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.complaints.append(f"{name} was told to stop and did not")
            process.kill()
        self.slowest_stop = max(self.slowest_stop, time.monotonic() - began)
        self.start(name)

    async def _freeze(self) -> None:
        process = self.house.running[self._one()]
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(self.chance.uniform(0.5, 3))
            finally:
                process.send_signal(signal.SIGCONT)

    async def _flush(self) -> None:
        # On the port of the server that this run started, and of no other.
        redis = enqueue.connect(self.valkey.url)
        try:
            await redis.flushall()
        except (RedisError, OSError):
            return
        finally:
            await redis.aclose(close_connection_pool=True)

    async def _end_sessions(self, doing: str, one_in: int = 1) -> None:
        try:
            async with self.god.transaction() as tx:
                ended = await tx.value(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE application_name IN ('bauhaus', '') AND pid <> pg_backend_pid() AND datname = 'bauhaus'
                      AND usename = 'bauhaus_login' AND query ILIKE :doing AND pid % :one_in = 0
                    """,
                    doing=doing,
                    one_in=one_in,
                )
            self.done["sessions ended"] += ended
        except AWAY:
            return
