"""`python -m tests.chaos.streams`: subscribers drop and come back while everything breaks; nobody may miss or hear twice."""

import asyncio
import logging
import random
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.chaos.streams.run import LOG, Outcome, Plan, run

console = Console(highlight=False, width=120, soft_wrap=False)


def main(
    seed: Annotated[int | None, typer.Option(help="Of every chance in it; printed, to have the same again.")] = None,
    subscribers: Annotated[int, typer.Option(help="How many listen.")] = 60,
    seconds: Annotated[float, typer.Option(help="How long it storms.")] = 60.0,
    servers: Annotated[int, typer.Option(help="Server processes on one database.")] = 3,
) -> None:
    """Kill, stop and freeze servers, the database and the queue under live streams, and compare what was heard."""
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    console.print(f"seed {seed}")
    raise typer.Exit(0 if played(Plan(seed=seed, subscribers=subscribers, seconds=seconds, servers=servers)) else 1)


def played(plan: Plan) -> bool:
    """One run with its summary; whether every promise held."""
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    outcome = asyncio.run(run(plan, lambda line: console.print(f"[dim]{line}[/dim]")))
    console.print(_table(plan, outcome))
    console.print(", ".join(f"{many} × {what}" for what, many in sorted(outcome.done.items())))
    for violation in outcome.violations:
        console.print(violation, style="red", markup=False, soft_wrap=True)
    if outcome.violations:
        again = f"--seed {plan.seed} --subscribers {plan.subscribers} --seconds {plan.seconds:g}"
        console.print(f"again: python -m tests.chaos.streams {again}; the servers' own words are in {LOG}")
    return not outcome.violations


def _table(plan: Plan, outcome: Outcome) -> Table:
    table = Table("what", "measured", title=f"Streams of {plan.subscribers} subscribers under chaos, seed {plan.seed}")
    for what, measured in (
        ("events in the tables", outcome.events),
        ("transactions kept, undone, of unknown fate", f"{outcome.kept}, {outcome.undone}, {outcome.unknown}"),
        ("events heard", outcome.heard),
        ("came back", outcome.done["came back"]),
        ("Resyncs, all where rows were forgotten", outcome.done["Resync"]),
        ("slowest stop of a server", f"{outcome.slowest_stop:.1f} s"),
        ("everybody had everything after", f"{outcome.settled_seconds:.1f} s"),
        ("violations", len(outcome.violations)),
        ("took", f"{outcome.seconds:.0f} s"),
    ):
        table.add_row(what, str(measured))
    return table


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
