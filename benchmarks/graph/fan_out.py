"""What an event costs the server for each of a thousand identical subscribers, and how soon after its commit they hear it.

Ours are published in the database; the peers make theirs in their own process, as many a second and as long.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from benchmarks.graph.filling import Filled
from benchmarks.graph.listening import Crowd, Hello, crowd
from benchmarks.graph.running import Peer, Running, running
from benchmarks.measured import Measured, percentile
from benchmarks.stage import Stage
from travel import tenancy
from travel.model import Role
from travel.records import feed

OURS = "ours"
GRAPHQL_WS, BROADCAST = "graphql-ws on Node", "bare websockets.broadcast"
PEERS = (
    Peer(name="stock Strawberry", source="stock"),
    Peer(name="Mercurius", source="mercurius.mjs"),
    Peer(name=GRAPHQL_WS, source="graphql-ws.mjs"),
    Peer(name=BROADCAST, source="broadcast"),
)
AIMS = {GRAPHQL_WS: 0.4, BROADCAST: 1.3}
"""Our CPU over theirs, at most."""
SUBSCRIBERS, KEYS = 1000, 4
EVENTS_PER_SECOND, SECONDS, SETTLING_SECONDS, ROUNDS = 10.0, 5.0, 1.0, 5
SLOW_PER_SECOND, SLOW_SECONDS, LAST_SECONDS = 5.0, 20.0, 5.0
AIM_MS = 50.0
DOCUMENT = (Path(__file__).parent / "events.graphql").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What a server did for its subscribers in a while."""

    cpu_us: float | None
    """Of the server's process, for one event at one subscriber."""
    per_second: float
    bytes: float
    """The length of a message."""


@dataclass(frozen=True, kw_only=True)
class Delays:
    """From a commit to its subscribers, in milliseconds; one that never came counts as long as it was waited for."""

    all_of_them: list[float]
    missing: int


async def measure(stage: Stage, filled: Filled, *, with_node: bool) -> tuple[dict[str, Delivered], Delays]:
    """The median of some rounds, in which all take their turns; ours first, since the peers' messages are as long."""
    server = Running(pid=stage.house.running["server"].pid, port=int(stage.house.environment["PORT"]))
    hello = Hello(document=DOCUMENT, keys=await _keys(stage))
    async with crowd(server, hello, SUBSCRIBERS) as subscribers:
        delays = await _delays(stage, filled, subscribers)
    rounds = []
    for _ in range(ROUNDS):
        async with crowd(server, hello, SUBSCRIBERS) as subscribers, _published(stage, filled):
            ours = await _watch(server, subscribers)
        beside = {peer.name: await _beside(peer, filled, ours.bytes) for peer in PEERS if with_node or not peer.is_node}
        rounds.append({OURS: ours, **beside})
    return {name: _middle([each[name] for each in rounds]) for name in rounds[0]}, delays


async def _beside(peer: Peer, filled: Filled, size: float) -> Delivered:
    """A peer with messages of about the same size; raises RuntimeError where they are not."""
    given = {"EVENTS_PER_SECOND": str(EVENTS_PER_SECOND), "PAYLOAD_BYTES": str(round(size))}
    hello = Hello(document=None if peer.name == BROADCAST else DOCUMENT)
    with running(peer, filled.environment | given) as process:
        async with crowd(process, hello, SUBSCRIBERS) as subscribers:
            found = await _watch(process, subscribers)
    if not 0.9 < found.bytes / size < 1.1:
        raise RuntimeError(f"{peer.name}: {found.bytes:.0f} bytes where ours are {size:.0f}")
    return found


def _middle(rounds: Sequence[Delivered]) -> Delivered:
    cpus = [each.cpu_us for each in rounds if each.cpu_us is not None]
    return Delivered(
        cpu_us=median(cpus) if cpus else None,
        per_second=median(each.per_second for each in rounds),
        bytes=median(each.bytes for each in rounds),
    )


async def _keys(stage: Stage) -> list[str]:
    """Several keys of one role: what they see is identical, whatever one key's limit may be."""
    db, clock = stage.db, stage.house.clock
    made = [
        await tenancy.create_key(db, clock, stage.agency_id, name=f"screen {number}", role=Role.VIEWER, expires_at=None)
        for number in range(KEYS)
    ]
    return [each.secret for each in made]


async def _watch(server: Running, subscribers: Crowd) -> Delivered:
    """What the server spends while events flow."""
    await asyncio.sleep(SETTLING_SECONDS)
    subscribers.lengths.clear()
    began, spent_before, heard_before = time.perf_counter(), server.spent(), subscribers.heard
    await asyncio.sleep(SECONDS)
    took, spent, heard = time.perf_counter() - began, server.spent(), subscribers.heard - heard_before
    if not heard:
        raise RuntimeError(f"Nothing was heard within {SECONDS:g} s.")
    _check(subscribers)
    cpu = (spent - spent_before) * 1e6 / heard if spent is not None and spent_before is not None else None
    length = sum(length * many for length, many in subscribers.lengths.items()) / subscribers.lengths.total()
    return Delivered(cpu_us=cpu, per_second=heard / took, bytes=length)


def _check(subscribers: Crowd) -> None:
    """Raises RuntimeError if a GraphQL server said something else than the document asks for."""
    if subscribers.hello.document is None:
        return
    message = orjson.loads(subscribers.last)
    payload = message.get("payload")
    if message["type"] != "next" or "errors" in payload or payload["data"]["events"].keys() != {
        "cursor", "sequence", "occurredAt", "trip", "record",
    }:  # fmt: skip
        raise RuntimeError(f"This is no event: {subscribers.last!r}")


@asynccontextmanager
async def _published(stage: Stage, filled: Filled) -> AsyncIterator[None]:
    """While this is open, events are committed one by one."""

    async def publish() -> None:
        number, due = 0, time.perf_counter()
        while True:
            number, due = number + 1, due + 1 / EVENTS_PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await _commit(stage, filled, number)

    writing = asyncio.create_task(publish())
    try:
        yield
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _commit(stage: Stage, filled: Filled, number: int) -> float:
    """Publish one status change; the instant at which its COMMIT left."""
    news = filled.news[number % len(filled.news)]
    async with stage.db.transaction(stage.agency_id) as tx:
        await feed.publish(tx, stage.agency_id, [news], stage.house.clock.now())
        return time.perf_counter()


async def _delays(stage: Stage, filled: Filled, subscribers: Crowd) -> Delays:
    """A few events a second: each is through before the next one comes."""
    await asyncio.sleep(SETTLING_SECONDS)
    events = int(SLOW_PER_SECOND * SLOW_SECONDS)
    arrivals, committed = subscribers.listen(events), []
    for number in range(events):
        began = time.perf_counter()
        committed.append(await _commit(stage, filled, number))
        await asyncio.sleep(max(0.0, began + 1 / SLOW_PER_SECOND - time.perf_counter()))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_SECONDS):
            await subscribers.moved.wait()
    now = time.perf_counter()
    found = [(at - committed[number - 1]) * 1000 for number, at in arrivals]
    heard = [member.heard for member in subscribers.members]
    late = [(now - at) * 1000 for many in heard for at in committed[many:]]
    return Delays(all_of_them=found + late, missing=len(late))


def rows(found: Mapping[str, Delivered], delays: Delays) -> list[Measured]:
    """One row for each peer, and the delay."""
    ours = found[OURS]
    table = []
    for peer in PEERS:
        beside, aim = found.get(peer.name), AIMS.get(peer.name)
        ratio = ours.cpu_us / beside.cpu_us if beside and beside.cpu_us and ours.cpu_us else None
        table.append(
            Measured(
                what=f"server CPU per delivered event of {ours.bytes:.0f} bytes, {SUBSCRIBERS:,} identical subscribers",
                ours=_said(ours),
                beside=f"{peer.name} {_said(beside)}" + (f" (ratio {ratio:.2f})" if ratio else "")
                if beside
                else f"{peer.name}: left out",
                target=f"≤ {aim:g} × {peer.name}" if aim else "",
                holds=ratio <= aim if aim and ratio else None,
            )
        )
    late = percentile(delays.all_of_them, 0.99)
    table.append(
        Measured(
            what=f"COMMIT → subscriber, {SUBSCRIBERS:,} subscribers, {SLOW_PER_SECOND:g} events a second for {SLOW_SECONDS:g} s",
            ours=f"p50 {percentile(delays.all_of_them, 0.5):.0f} ms, p99 {late:.0f} ms",
            beside=f"{delays.missing:,} of {len(delays.all_of_them):,} did not come in time" if delays.missing else "",
            target=f"p99 ≤ {AIM_MS:g} ms",
            holds=late <= AIM_MS and not delays.missing,
        )
    )
    return table


def _said(delivered: Delivered) -> str:
    cpu = "no /proc to read it from" if delivered.cpu_us is None else f"{delivered.cpu_us:.1f} µs"
    return f"{cpu} at {delivered.per_second:.0f}/s"
