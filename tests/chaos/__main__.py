"""`python -m tests.chaos`: everything that can break breaks, and what Twilio took is counted at the end."""

import asyncio
import logging
import random
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.chaos import matrix, stopping, storm
from tests.chaos.storm import Outcome, Storm
from tests.chaos.streams import __main__ as streams
from tests.chaos.streams.run import Plan

console = Console(highlight=False, width=120, soft_wrap=False)
CRASH_TO_RETRY_SECONDS = 30.0
MESSAGES_A_TRIP = len(storm.TYPES)


def main(
    messages: Annotated[int, typer.Option(help="How many messages the storm decides at the least.")] = 5000,
    workers: Annotated[int, typer.Option(help="Worker processes.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Of every chance in it; printed, to have the same again.")] = None,
    cells: Annotated[
        int | None, typer.Option(help="So many cells of the matrix, drawn by chance; all without it.")
    ] = None,
    naive_messages: Annotated[int, typer.Option(help="How many the deliberately naive sender gets.")] = 200,
    subscribers: Annotated[int, typer.Option(help="How many follow the streams.")] = 60,
    sockets: Annotated[
        int, typer.Option(help="How many sockets a server that is stopped has; fewer where the limits say so.")
    ] = 5000,
    parts: Annotated[
        str,
        typer.Option(
            help="Which parts, in this order: matrix (about 1 min), storm (3 min), naive (half a minute), streams (2 min), stopping (half a minute)."
        ),
    ] = "matrix,storm,naive,streams,stopping",
) -> None:
    """Crash points by faults, a storm over several workers, a naive sender whose duplicates must be found, and streams."""
    # The pools complain of every restart of the database, which is what a storm is.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    console.print(f"seed {seed}")
    # A storm keeps a look from its flight now and then, so that a few are never decided or come too late.
    trips = -(-messages * 51 // (50 * MESSAGES_A_TRIP))
    runs = {
        "matrix": lambda: _matrix(seed, cells),
        "storm": lambda: _storm(Storm(trips=trips, workers=workers, seed=seed)),
        "naive": lambda: _naive(-(-naive_messages // MESSAGES_A_TRIP), seed),
        "streams": lambda: streams.played(Plan(seed=seed, subscribers=subscribers)),
        "stopping": lambda: stopping.stopped(sockets),
    }
    wanted = [part.strip() for part in parts.split(",")]
    if not set(wanted) <= set(runs):
        raise typer.BadParameter(f"the parts are {', '.join(runs)}", param_hint="--parts")
    holds = [runs[part]() for part in wanted]
    console.print("every number holds" if all(holds) else "[red]a number does not hold[/red]")
    raise typer.Exit(0 if all(holds) else 1)


def _matrix(seed: int, cells: int | None) -> bool:
    results = matrix.run(seed, cells)
    table = Table(pad_edge=False, title="Crash points by faults of the first request: messages that Twilio took")
    table.add_column("dies at")
    for fault in matrix.FAULTS:
        table.add_column(fault)
    for label in matrix.LABELS:
        table.add_row(
            label, *(results[label, fault].shown if (label, fault) in results else "·" for fault in matrix.FAULTS)
        )
    console.print(table)
    console.print("· is a cell that was not played, or that cannot be: only a refused account pauses")
    good = sum(result.holds for result in results.values())
    console.print(f"matrix: {good} of {len(results)} cells hold")
    return good == len(results) > 0


def _storm(planned: Storm) -> bool:
    outcome = asyncio.run(storm.run(planned, lambda line: console.print(f"[dim]{line}[/dim]")))
    rows = [*_counts(outcome), *_times(outcome)]
    console.print(_table(f"A storm over {planned.workers} workers, seed {planned.seed}", rows))
    console.print(", ".join(f"{many} × {what}" for what, many in sorted(outcome.done.items())))
    return all(holds for *_, holds in rows)


def _counts(outcome: Outcome) -> list[tuple[str, str, str, bool]]:
    verdict = outcome.verdict
    few = verdict.decided * 3 // 100
    return [
        ("decided", str(verdict.decided), "", True),
        ("taken by Twilio", str(verdict.taken), "", True),
        ("tries, of them of unknown fate", f"{outcome.attempts}, {outcome.unknown}", "", True),
        ("never decided", str(verdict.undecided), "0", verdict.undecided == 0),
        ("lost", str(verdict.lost), "0", verdict.lost == 0),
        ("duplicated", str(verdict.duplicated), "0", verdict.duplicated == 0),
        ("not in an end state", str(verdict.unfinished), "0", verdict.unfinished == 0),
        ("ended without a reason", str(verdict.unexplained), "0", verdict.unexplained == 0),
        ("given up after all tries, with a reason", str(verdict.given_up), f"≤ {few}", verdict.given_up <= few),
    ]


def _times(outcome: Outcome) -> list[tuple[str, str, str, bool]]:
    most = f"≤ {CRASH_TO_RETRY_SECONDS:.0f} s"
    return [
        ("messages in the hands of a process that died or froze", str(outcome.orphans), "> 0", outcome.orphans > 0),
        (
            "crash to somebody's noticing",
            f"{outcome.noticed_seconds:.1f} s",
            most,
            outcome.noticed_seconds <= CRASH_TO_RETRY_SECONDS,
        ),
        (
            "crash to the next try",
            f"{outcome.retried_seconds:.1f} s",
            most,
            outcome.retried_seconds <= CRASH_TO_RETRY_SECONDS,
        ),
        ("took", f"{outcome.seconds:.0f} s", "", True),
    ]


def _naive(trips: int, seed: int) -> bool:
    planned = Storm(trips=trips, workers=1, seed=seed, worker_module="tests.chaos.naive", disturb=False, short=True)
    verdict = asyncio.run(storm.run(planned, lambda _: None)).verdict
    rows = [
        ("taken by Twilio", str(verdict.taken), "", True),
        ("duplicates found", str(verdict.duplicated), "> 0", verdict.duplicated > 0),
    ]
    console.print(_table("A naive sender, which must be found out", rows))
    return verdict.duplicated > 0


def _table(title: str, rows: list[tuple[str, str, str, bool]]) -> Table:
    table = Table("what", "measured", "to reach", "", title=title)
    for what, measured, target, holds in rows:
        table.add_row(what, measured, target, "" if not target else "yes" if holds else "[red]NO[/red]")
    return table


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
