"""AeroAPI's push: what the scenario shows is told to one address, once, and lost if nobody takes it."""

import asyncio
import hashlib
import heapq
import itertools
import json
import struct
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from sandbox.aeroapi import alerts, push_body
from sandbox.aeroapi.alerts import Alert
from sandbox.aeroapi.faults import PushFaults
from sandbox.posting import post
from sandbox.scenario import Scenario
from sandbox.scenario.instance import raw_at

DEFAULT_CODES = frozenset({"out", "off", "on", "cancelled", "uncancelled", "diverted", "change"})
# AeroAPI waits about as long for an answer.
TIMEOUT_S = 5.0
POLL_S = 0.05
SIDE_BY_SIDE = 32
HEADERS = {"Content-Type": "application/json; charset=UTF-8", "User-Agent": "AeroAPI/4.0"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """One delivery to make. `held_up` has had its delay, `repeat` is the second one of a pair."""

    alert: Alert
    held_up: bool = False
    repeat: bool = False


class Pushes:
    """Nothing is pushed unless there is a transport and an address, and nothing by itself: `pump` does what is due.

    Counted: `pushed`, every delivery that AeroAPI would charge, by its event code; `lost`, those of them that nobody
    took. Which push is late, lost or changed depends on the seed and the alert alone, never on the order of calls.
    """

    def __init__(
        self,
        scenario: Scenario,
        now: Callable[[], datetime],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        url: str | None = None,
        codes: Collection[str] = DEFAULT_CODES,
        faults: PushFaults | None = None,
        seed: int = 1,
    ) -> None:
        unknown = sorted(set(codes) - alerts.CODES)
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: the stand-in pushes no such event code")
        self.codes = frozenset(codes)
        self.faults = faults or PushFaults()
        self.pushed: Counter[str] = Counter()
        self.lost = 0
        self._scenario = scenario
        self._now = now
        self._transport = transport
        self._seed = seed
        self._url: str | None = None
        self._since = now()
        self._read = 0
        self._due: list[tuple[datetime, int, Push]] = []
        self._number = itertools.count()
        self._gate = asyncio.Semaphore(SIDE_BY_SIDE)
        self.point_at(url)

    @property
    def url(self) -> str | None:
        """Where pushes go; None is nowhere."""
        return self._url

    def point_at(self, url: str | None) -> None:
        """Push to this address from now on. What was shown before there was one is never pushed.

        A flight that the scenario gets later is pushed from the same instant on, also what lies in the past by then.
        """
        if url is None or self._url is None:
            self._since, self._read, self._due = self._now(), 0, []
        self._url = url

    async def pump(self) -> int:
        """Make every push that is due by now; how many that were."""
        made = 0
        while due := self._pop_due():
            made += len(due)
            await asyncio.gather(*(self._make(at, push) for at, push in due))
        return made

    def next_due(self) -> datetime | None:
        self._feed()
        return self._due[0][0] if self._due else None

    async def run(self) -> None:
        """Pump in real time until cancelled. A receiver that hangs holds up no more than its own pushes."""
        async with asyncio.TaskGroup() as calls:
            while True:
                for at, push in self._pop_due():
                    calls.create_task(self._make(at, push))
                await asyncio.sleep(POLL_S)

    def _feed(self) -> None:
        """Take up the flights that the scenario has got since the last time."""
        if self._url is None or self._transport is None:
            return
        flights = self._scenario.flights
        while self._read < len(flights):
            for alert in alerts.of(flights[self._read]):
                if alert.code in self.codes and alert.shown_at >= self._since:
                    self._queue(alert.shown_at + _lag(*self._draws(alert, "lag", 2)), Push(alert=alert))
            self._read += 1

    def _queue(self, at: datetime, push: Push) -> None:
        heapq.heappush(self._due, (at, next(self._number), push))

    def _pop_due(self) -> list[tuple[datetime, Push]]:
        self._feed()
        now, popped = self._now(), []
        while self._due and self._due[0][0] <= now:
            at, _, push = heapq.heappop(self._due)
            popped.append((at, push))
        return popped

    async def _make(self, at: datetime, push: Push) -> None:
        alert, faults = push.alert, self.faults
        if not push.held_up and self._falls_on("late", push, faults.late):
            self._queue(at + timedelta(seconds=faults.late_s), replace(push, held_up=True))
            return
        if not push.repeat and self._falls_on("duplicated", push, faults.duplicated):
            [draw] = self._draws(alert, "repeated", 1)
            self._queue(at + timedelta(seconds=1 + 9 * draw), Push(alert=alert, held_up=True, repeat=True))
        self.pushed[alert.code] += 1
        if self._falls_on("lost", push, faults.lost) or not await self._deliver(self._body(push)):
            self.lost += 1

    def _body(self, push: Push) -> dict[str, Any]:
        alert, faults = push.alert, self.faults
        raw = raw_at(alert.flight, alert.shown_at)
        assert raw is not None, "an alert is raised by what the source shows"
        body = push_body.of(alert.code, raw, alert.shown_at)
        for fault, rate, change in (
            ("bare", faults.bare, push_body.bare),
            ("unknown_code", faults.unknown_code, push_body.with_unknown_code),
            ("unknown_flight", faults.unknown_flight, push_body.about_unknown_flight),
        ):
            if self._falls_on(fault, push, rate):
                body = change(body)
        return body

    async def _deliver(self, body: dict[str, Any]) -> bool:
        """Make the request once; whether the receiver took it."""
        if self._transport is None or self._url is None:
            return False
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            async with self._gate, asyncio.timeout(TIMEOUT_S):
                status = await post(self._transport, self._url, content, HEADERS, httpx.Timeout(TIMEOUT_S))
        except Exception:  # noqa: BLE001 - a receiver mounted in this process fails here; a failed push is lost.
            return False
        return 200 <= status < 300

    def _falls_on(self, fault: str, push: Push, rate: float) -> bool:
        # Both pushes of a pair tell the same, but each may be lost on its own.
        name = f"{fault} again" if push.repeat and fault == "lost" else fault
        return rate > 0 and self._draws(push.alert, name, 1)[0] < rate

    def _draws(self, alert: Alert, what: str, count: int) -> list[float]:
        """Numbers from 0 up to 1 that belong to this alert and this question, whoever asks when."""
        asked = f"{self._seed} {what} {alert.code} {alert.flight.fa_flight_id} {alert.shown_at.isoformat()}"
        digest = hashlib.blake2b(asked.encode(), digest_size=8 * count).digest()
        return [number / 2**64 for number in struct.unpack(f"{count}Q", digest)]


def _lag(kind: float, share: float) -> timedelta:
    """How long a push waits in the queue: 1 to 10 s as a rule, and one in ten up to 35 s."""
    return timedelta(seconds=1 + 9 * share if kind < 0.9 else 10 + 25 * share)
