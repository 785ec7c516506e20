"""`python -m tests.fuzz`: broken, odd and hostile input at a real server, and what broke, which is nothing."""

import asyncio
import random
import re
import time
from typing import Annotated

import typer
from rich.console import Console

from migrations import run as migrations
from sandbox.services import Postgres, Valkey
from tests.fuzz.run import Verdict, run
from travel import tenancy
from travel.clock import RealClock
from travel.database import Database
from travel.model import Role

console = Console(highlight=False, width=120, soft_wrap=True)


def main(
    inputs: Annotated[int, typer.Option(min=1, help="How many requests and frames.")] = 100_000,
    seed: Annotated[int | None, typer.Option(help="Of every chance in it; printed, to have the same again.")] = None,
) -> None:
    """Requests and conversations that begin as good ones and are bent, against a server of its own."""
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    console.print(f"seed {seed}")
    began = time.perf_counter()
    verdict = asyncio.run(_attacked(seed, inputs))
    _tell(verdict, time.perf_counter() - began)
    raise typer.Exit(not verdict.passed)


async def _attacked(seed: int, inputs: int) -> Verdict:
    with Postgres.start() as postgres, Valkey.start() as valkey:
        app_url = postgres.owner_url.replace("//bauhaus_owner:", "//bauhaus_login:")
        migrations.upgrade(postgres.owner_url)
        migrations.admit(postgres.owner_url, app_url)
        db, clock = Database(app_url, pool_size=2), RealClock()
        await db.connect()
        agency = await tenancy.create_agency(db, clock, name="Norte", email="hola@agency.example", country="AR")
        made = await tenancy.create_key(db, clock, agency.id, name="fuzz", role=Role.ADMIN, expires_at=None)
        await db.disconnect()
        return await run(app_url, valkey.url, made.secret, seed=seed, inputs=inputs)


def _tell(verdict: Verdict, seconds: float) -> None:
    outcome = verdict.outcome
    console.print(f"{outcome.inputs} inputs in {seconds:.0f} s")
    console.print(f"HTTP: {dict(sorted(outcome.statuses.items()))}")
    console.print(f"sockets closed: {dict(sorted(outcome.closes.items(), key=str))}")
    console.print(
        f"tracebacks: {verdict.tracebacks}, errors in the log: {len(verdict.errors)} of {verdict.lines} lines"
    )
    console.print(f"faults told to clients: {len(outcome.faults)}, never answered: {len(outcome.silences)}")
    console.print(f"slowest answer: {outcome.slowest:.2f} s, to {outcome.slowest_input[-300:]}", markup=False)
    console.print(f"alive at the end: {verdict.alive}, {verdict.megabytes or 0:.0f} MB")
    for each in [*verdict.errors[:5], *outcome.faults[:5], *outcome.silences[:5]]:
        console.print(re.sub(r"(.)\1{40,}", r"\1…\1", each), markup=False)
    console.print("passed" if verdict.passed else "failed")


if __name__ == "__main__":
    typer.run(main)
