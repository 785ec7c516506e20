"""`python -m tests.fuzz`: broken, odd and hostile input at real servers, and what broke, which is nothing."""

import asyncio
import random
import re
import time
from typing import Annotated

import typer
from rich.console import Console

from migrations import run as migrations
from sandbox.services import Postgres, Valkey
from tests.fuzz import generated
from tests.fuzz.run import Verdict, run
from travel import tenancy
from travel.clock import RealClock
from travel.database import Database
from travel.model import Role

console = Console(highlight=False, width=120, soft_wrap=True)


def main(
    inputs: Annotated[int, typer.Option(min=1, help="How many requests and frames.")] = 100_000,
    seed: Annotated[int | None, typer.Option(help="Of every chance in it; printed, to have the same again.")] = None,
    documents: Annotated[
        int, typer.Option(min=1, help="How many at the most schemathesis makes for each root field.")
    ] = 40,
) -> None:
    """Requests and conversations that begin as good ones and are bent; then documents of the schema. Each has a server of its own."""
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    console.print(f"seed {seed}")
    with Postgres.start() as postgres, Valkey.start() as valkey:
        app_url = postgres.owner_url.replace("//bauhaus_owner:", "//bauhaus_login:")
        migrations.upgrade(postgres.owner_url)
        migrations.admit(postgres.owner_url, app_url)
        began = time.perf_counter()
        verdict = asyncio.run(run(app_url, valkey.url, asyncio.run(_key(app_url)), seed=seed, inputs=inputs))
        _tell(verdict, time.perf_counter() - began)
        made = generated.run(app_url, valkey.url, asyncio.run(_key(app_url)), seed=seed, examples=documents)
        _tell_generated(made)
    raise typer.Exit(not (verdict.passed and made.passed))


async def _key(app_url: str) -> str:
    """Of an agency that is made for it."""
    db, clock = Database(app_url, pool_size=2), RealClock()
    await db.connect()
    agency = await tenancy.create_agency(db, clock, name="Norte", email="hola@agency.example", country="AR")
    made = await tenancy.create_key(db, clock, agency.id, name="fuzz", role=Role.ADMIN, expires_at=None)
    await db.disconnect()
    return made.secret


def _tell(verdict: Verdict, seconds: float) -> None:
    outcome = verdict.outcome
    console.print(f"{outcome.inputs} inputs in {seconds:.0f} s")
    console.print(f"HTTP: {dict(sorted(outcome.statuses.items()))}")
    console.print(f"sockets closed: {dict(sorted(outcome.closes.items(), key=str))}")
    console.print(
        f"tracebacks: {verdict.log.tracebacks}, errors in the log: {len(verdict.log.errors)} of {verdict.log.lines} lines"
    )
    console.print(f"faults told to clients: {len(outcome.faults)}, never answered: {len(outcome.silences)}")
    console.print(f"slowest answer: {outcome.slowest:.2f} s, to {outcome.slowest_input[-300:]}", markup=False)
    console.print(f"alive at the end: {verdict.alive}, {verdict.megabytes or 0:.0f} MB")
    for each in [*verdict.log.errors[:5], *outcome.faults[:5], *outcome.silences[:5]]:
        console.print(re.sub(r"(.)\1{40,}", r"\1…\1", each), markup=False)
    console.print("passed" if verdict.passed else "failed")


def _tell_generated(made: generated.Generated) -> None:
    if not made.passed:
        console.print(made.said, *made.log.errors[:5], sep="\n", markup=False)
    console.print(str(made), markup=False)
    console.print("passed" if made.passed else "failed")


if __name__ == "__main__":
    typer.run(main)
