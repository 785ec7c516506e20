"""The harness itself: what the checker counts, that no label is forgotten, and a sample of the matrix and of the naive sender."""

import asyncio
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos import matrix
from tests.chaos.checker import Orphan, Row, check, recovery

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def row(status: str, reason: str | None = None, recipient: str = "+1", type_: str = "DELAYED") -> Row:
    return Row(recipient=recipient, type=type_, status=status, reason=reason)


def line(recipient: str = "+1", type_: str = "DELAYED") -> dict[str, str]:
    return {"to": recipient, "type": type_}


@pytest.mark.parametrize(
    ("rows", "ledger", "wrong"),
    [
        ([row("DELIVERED")], [line()], {}),
        ([row("DELIVERED")], [], {"lost": 1}),
        ([row("DELIVERED")], [line(), line()], {"duplicated": 1}),
        ([row("DELIVERED")], [line(), line("+2")], {"duplicated": 1}),
        ([row("DELIVERED"), row("READ")], [line()], {"lost": 1}),
        ([row("UNDELIVERED", "PROVIDER_REFUSED")], [line()], {}),
        ([row("UNDELIVERED")], [line()], {"unexplained": 1}),
        ([row("PENDING")], [], {"unfinished": 1, "lost": 1}),
        ([row("UNKNOWN")], [line()], {"unfinished": 1}),
        ([row("SENT")], [line()], {"unfinished": 1}),
        ([row("FAILED", "ATTEMPTS_EXHAUSTED")], [], {"given_up": 1}),
        ([row("FAILED")], [], {"given_up": 1, "unexplained": 1}),
        ([row("EXPIRED", "NO_LONGER_USEFUL")], [], {}),
        ([row("SUPERSEDED", "NEWER_FACTS")], [line()], {}),
        ([], [], {"undecided": 1}),
    ],
)
def test_the_checker_counts_what_is_wrong_and_nothing_else(rows, ledger, wrong):
    verdict = check(rows, ledger, {("+1", "DELAYED"): 1})
    counted = ("lost", "duplicated", "unfinished", "unexplained", "given_up", "undecided")
    assert {name: getattr(verdict, name) for name in counted if getattr(verdict, name)} == wrong
    assert verdict.holds == (wrong.keys() <= {"given_up"})


def test_the_time_from_a_crash_is_measured_from_the_first_that_can_have_been_it():
    second = timedelta(seconds=1)
    orphan = Orphan(started_at=START, noticed_at=START + 60 * second, next_at=START + 120 * second)
    crashes = [START - second, START + 10 * second, START + 30 * second]
    assert recovery(crashes, [orphan], 2.0) == (25.0, 55.0)
    assert recovery([START - second], [orphan], 2.0) == (0.0, 0.0)


def test_every_labelled_instruction_of_delivery_is_in_the_matrix():
    sources = (ROOT / "travel" / "delivery").glob("*.py")
    labels = {label for source in sources for label in re.findall(r'crash_at\("(\w+)"\)', source.read_text())}
    assert labels == set(matrix.LABELS)


async def chaos(*options: str) -> tuple[int | None, str]:
    command = [sys.executable, "-m", "tests.chaos", *options]
    run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    async with asyncio.timeout(240):
        said, _ = await run.communicate()
    return run.returncode, said.decode()


async def test_a_worker_that_dies_anywhere_under_any_fault_leaves_one_message():
    """A sample of the matrix; `make chaos` runs all of its cells."""
    code, said = await chaos("--parts", "matrix", "--cells", "16", "--seed", "20261125")
    assert "16 of 16 cells hold" in said, said
    assert code == 0


async def test_a_naive_sender_is_found_out():
    code, said = await chaos("--parts", "naive", "--naive-messages", "120", "--seed", "7")
    assert "duplicates found" in said, said
    assert code == 0, said
