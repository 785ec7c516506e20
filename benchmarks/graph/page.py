"""A portal page: fifty trips with five records and three messages each, asked of us and of others over the same rows."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson

from benchmarks.graph.asking import CONNECTIONS, Figures, ask, request
from benchmarks.graph.filling import Filled
from benchmarks.graph.running import Peer, Running, running
from benchmarks.measured import Measured
from benchmarks.stage import Stage

OURS = "ours"
MERCURIUS, JSON = "Mercurius + JIT", "PostgreSQL's own JSON"
PEERS = (
    Peer(name="stock Strawberry", source="stock"),
    Peer(name="GraphQL Yoga", source="yoga.mjs"),
    Peer(name=MERCURIUS, source="mercurius.mjs"),
    Peer(name=JSON, source="database_json"),
)
AIMS = {MERCURIUS: 2.0, JSON: 0.5}
"""Our requests a second over theirs, at least."""
WARMING_SECONDS, SECONDS, ROUNDS = 2.0, 4.0, 3
DOCUMENT = (Path(__file__).parent / "page.graphql").read_text(encoding="utf-8")


class DifferentAnswerError(Exception):
    """A peer answers something else than we do, so comparing them says nothing."""


async def measure(stage: Stage, filled: Filled, *, with_node: bool) -> dict[str, Figures]:
    """The median of some rounds, in which all take their turns."""
    asked = request(orjson.dumps({"query": DOCUMENT}), stage.key)
    with ExitStack() as started:
        servers = {
            OURS: Running(pid=stage.house.running["server"].pid, port=int(stage.house.environment["PORT"])),
            **{
                peer.name: started.enter_context(running(peer, filled.environment))
                for peer in PEERS
                if with_node or not peer.is_node
            },
        }
        await _compare(servers, stage.key)
        for server in servers.values():
            await ask(server, asked, WARMING_SECONDS)
        rounds = [{name: await ask(server, asked, SECONDS) for name, server in servers.items()} for _ in range(ROUNDS)]
    return {name: _middle([each[name] for each in rounds]) for name in servers}


def _middle(rounds: Sequence[Figures]) -> Figures:
    cpus = [each.cpu_ms for each in rounds if each.cpu_ms is not None]
    return Figures(
        per_second=median(each.per_second for each in rounds),
        cpu_ms=median(cpus) if cpus else None,
    )


async def _compare(servers: Mapping[str, Running], key: str) -> None:
    """Raises DifferentAnswerError unless all answers have the same nodes and leaves, and the same texts in them."""
    answers = {}
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {key}"}) as client:
        for name, server in servers.items():
            response = await client.post(f"http://127.0.0.1:{server.port}/graphql", json={"query": DOCUMENT})
            answers[name] = response.raise_for_status().json()
    ours = answers[OURS]
    if "errors" in ours or leaves(ours) < 5000:
        raise DifferentAnswerError(f"{OURS}: {orjson.dumps(ours)[:500]!r}")
    for name, answer in answers.items():
        if _shape(answer) != _shape(ours) or _texts(answer) != _texts(ours):
            raise DifferentAnswerError(f"{name}: {orjson.dumps(answer)[:500]!r}")


def leaves(value: Any) -> int:
    """How many values an answer has."""
    if isinstance(value, dict):
        return sum(leaves(each) for each in value.values())
    return sum(leaves(each) for each in value) if isinstance(value, list) else 1


def _shape(value: Any) -> Any:
    """All of it, but of each leaf only whether it is null."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else value is None


def _texts(answer: Any) -> list[Any]:
    """What no server words in its own way."""
    return [
        (
            trip["reference"],
            trip["status"],
            trip["traveller"],
            [each["body"] for each in trip["notifications"]["nodes"]],
        )
        for trip in answer["data"]["trips"]["nodes"]
    ]


def rows(figures: Mapping[str, Figures]) -> list[Measured]:
    """One row for each peer."""
    ours = figures[OURS]
    table = []
    for peer in PEERS:
        beside = figures.get(peer.name)
        ratio = ours.per_second / beside.per_second if beside else 0.0
        aim = AIMS.get(peer.name)
        table.append(
            Measured(
                what=f"portal page, 50 trips × 5 records × 3 messages, {CONNECTIONS} connections",
                ours=_said(ours),
                beside=f"{peer.name} {_said(beside)} (ratio {ratio:.2f})" if beside else f"{peer.name}: left out",
                target=f"≥ {aim:g} × {peer.name}" if aim else "",
                holds=ratio >= aim if aim and beside else None,
            )
        )
    return table


def _said(figures: Figures) -> str:
    cpu = "" if figures.cpu_ms is None else f", {figures.cpu_ms:.1f} ms CPU each"
    return f"{figures.per_second:.0f}/s{cpu}"
