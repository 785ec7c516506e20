"""A subscriber that drops and comes back to any of the servers, and writes down all that it hears."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from graph import ids
from graph.feed_cursor import FeedCursor
from tests.chaos.streams.checker import COMES_BACK, Record, Skip, Told
from tests.chaos.streams.doors import BROKEN, Door
from tests.chaos.streams.writers import Agency

KINDS = {
    "TripCreated": "TRIP_CREATED",
    "TripUpdated": "TRIP_UPDATED",
    "TripStatusChanged": "TRIP_STATUS_CHANGED",
    "NotificationUpdated": "NOTIFICATION_UPDATED",
    "SettingsUpdated": "SETTINGS_UPDATED",
    "SendingResumed": "SENDING_RESUMED",
}
TRIP = "trip { id }"
EVENTS = """
subscription Follow($after: String, $tripId: ID, $kinds: [EventKind!]) {
  events(after: $after, tripId: $tripId, kinds: $kinds) {
    __typename cursor sequence occurredAt
    ... on Resync { oldestReplayable }
    ... on TripCreated { TRIP }
    ... on TripUpdated { TRIP }
    ... on TripStatusChanged { TRIP record { id } }
    ... on NotificationUpdated { notification { id TRIP } }
    ... on SettingsUpdated { settings { version } }
    ... on SendingResumed { pauses { channel } }
  }
}
"""
CHANGES = """
subscription Changes($after: String, $tripId: ID) {
  tripStatusChanged(after: $after, tripId: $tripId) {
    __typename cursor sequence occurredAt
    ... on Resync { oldestReplayable }
    ... on TripStatusChanged { TRIP record { id } }
  }
}
"""
LEFT = 25
"""How many of its last steps a subscriber remembers, for whoever looks into a violation."""


def document(name: str, *, heavy: bool) -> str:
    """The text of a subscription; a heavy one asks for about 50 kB a trip, so that a pause fills every buffer."""
    text = CHANGES if name == "changes" else EVENTS
    if heavy:
        notes = " ".join(f"n{number}: notes" for number in range(27))
        text = text.replace("... on TripUpdated { TRIP }", f"... on TripUpdated {{ trip {{ id {notes} }} }}")
    return text.replace("TRIP", TRIP)


@dataclass(kw_only=True)
class Subscriber:
    """One client, its habits, and its record."""

    name: str
    agency: Agency
    enter: Callable[[str, str, str, dict[str, Any]], AbstractAsyncContextManager[Door]]
    document: str
    record: Record
    chance: random.Random
    is_slow: bool
    done: Counter[str]
    """What all of them did and met, together."""
    steps: deque[str] = field(default_factory=lambda: deque(maxlen=LEFT))
    sequence: int = 0
    is_calm: bool = False
    """It drops no more by itself, and reads at once."""
    _left_hanging: set[asyncio.Task[None]] = field(default_factory=set)
    _is_resynced: bool = False

    async def run(self, servers: Sequence[str]) -> None:
        """Follow for good, from one connection to the next."""
        try:
            while True:
                url = self.chance.choice(list(servers))
                await self._visit(url)
                self.done["came back"] += 1
                await asyncio.sleep(
                    self.chance.uniform(2, 4) if self.chance.random() < 0.15 else self.chance.uniform(0, 0.6)
                )
        finally:
            for task in self._left_hanging:
                task.cancel()
            await asyncio.gather(*self._left_hanging, return_exceptions=True)

    async def _visit(self, url: str) -> None:
        """One connection; a cut one is left hanging, as it is for a server whose client lost its network."""
        over = asyncio.Event()
        visit = asyncio.create_task(self._follow(url, over))
        ended = asyncio.create_task(over.wait())
        try:
            await asyncio.wait({visit, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            if visit.done():
                visit.result()
            elif over.is_set():
                self._left_hanging.add(visit)
                visit.add_done_callback(self._left_hanging.discard)
            else:
                visit.cancel()
                await asyncio.gather(visit, return_exceptions=True)

    async def _follow(self, url: str, over: asyncio.Event) -> None:
        self._note(f"to {url} after {self.sequence}")
        self._is_resynced = False
        door: Door | None = None
        try:
            async with self.enter(url, self.agency.key, self.document, self._variables()) as door:
                if await self._listen(door) == "cut":
                    over.set()
                    await asyncio.sleep(self.chance.uniform(3, 9))
        except BROKEN as broken:
            self._note(f"lost: {type(broken).__name__} {broken}")
        if not over.is_set() and door is not None:
            self._met(door.code)

    def _variables(self) -> dict[str, Any]:
        kept = self.record.filter
        variables: dict[str, Any] = {"after": FeedCursor(self.agency.id, self.sequence).text()}
        if kept.trip_id is not None:
            variables["tripId"] = ids.encode("Trip", kept.trip_id)
        if kept.kinds is not None and "$kinds" in self.document:
            variables["kinds"] = sorted(kept.kinds)
        return variables

    async def _listen(self, door: Door) -> str:
        """Until it has had enough; in which manner it left. Raises one of BROKEN where the server is first."""
        leaves_at = time.monotonic() + self.chance.uniform(0.5, 9)
        hearing = asyncio.create_task(door.hear())
        try:
            while self.is_calm or time.monotonic() < leaves_at:
                await asyncio.wait({hearing}, timeout=0.3)
                if not hearing.done():
                    continue
                if not self._take(hearing.result()):
                    return "ended"
                if self.is_slow and not self.is_calm and self.chance.random() < 0.02:
                    await self._pause()
                hearing = asyncio.create_task(door.hear())
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        return await self._leave(door)

    async def _pause(self) -> None:
        seconds = self.chance.uniform(1, 8)
        self._note(f"reads nothing for {seconds:.1f} s")
        self.done["paused reading"] += 1
        await asyncio.sleep(seconds)

    async def _leave(self, door: Door) -> str:
        manner = self.chance.choice(("abort", "close", "cut"))
        self.done[f"left by {manner}"] += 1
        self._note(f"leaves by {manner}")
        if manner == "abort":
            door.abort()
        elif manner == "close":
            await door.close()
        return manner

    def _take(self, message: dict[str, Any]) -> bool:
        """Write down what came; False at the stream's end."""
        payload = message.get("payload")
        if message["type"] == "complete":
            if not self._is_resynced:
                self._complain("the stream ended by `complete`")
            self._is_resynced = False
            return False
        if message["type"] != "next" or payload.get("errors") or not payload.get("data"):
            self._complain(f"an error: {message}"[:400])
            return message["type"] == "next"
        (event,) = payload["data"].values()
        self._hear(event)
        return True

    def _hear(self, event: dict[str, Any]) -> None:
        cursor = FeedCursor.read(event["cursor"], self.agency.id)
        if cursor is None or cursor.sequence != event["sequence"]:
            self._complain(f"a cursor that is none of {self.agency.name}: {event}")
            return
        if event["__typename"] == "CaughtUp":
            self.done["caught up"] += 1
            if event["sequence"] < self.sequence:
                self._complain(f"caught up at {event['sequence']}, behind {self.sequence}")
        elif event["__typename"] == "Resync":
            oldest = FeedCursor.read(event["oldestReplayable"], self.agency.id)
            assert oldest is not None
            self.record.skips.append(Skip(stood=self.sequence, oldest=oldest.sequence + 1, to=event["sequence"]))
            self.done["Resync"] += 1
            self._note(f"Resync {self.record.skips[-1]}")
            self._is_resynced = True
        else:
            told = _told(event)
            if told.sequence <= self.sequence:
                self._note(f"heard {told} after {self.sequence}")
            self.record.heard.append(told)
        self.sequence = event["sequence"]

    def _met(self, code: int | None) -> None:
        self._note(f"closed with {code}")
        self.done[f"closed with {code}"] += 1
        # Over HTTP a server that cannot ask its database says 503, which is "later"; None is a broken answer.
        if code is not None and code not in COMES_BACK | {503}:
            self._complain(f"closed with {code}, after which a client gives up")

    def _complain(self, what: str) -> None:
        self._note(what)
        self.record.complaints.append(what)

    def _note(self, what: str) -> None:
        self.steps.append(f"{time.monotonic():.2f} {what}")


def _told(event: dict[str, Any]) -> Told:
    about = event.get("notification") or event
    named = ids.of("Trip", about["trip"]["id"]) if "trip" in about else None
    trip_id: UUID | None = named
    return Told(
        sequence=event["sequence"],
        kind=KINDS[event["__typename"]],
        occurred_at=datetime.fromisoformat(event["occurredAt"]),
        trip_id=trip_id,
    )
