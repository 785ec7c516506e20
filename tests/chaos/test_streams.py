"""The streams under chaos: what the checker finds, and a sample of the storm; `make chaos` runs the whole of it."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.chaos.streams.checker import Filter, Record, Skip, Told, check

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TRIPS = [UUID(int=1), UUID(int=2)]


def told(sequence: int, kind: str = "TRIP_UPDATED") -> Told:
    at = START + timedelta(seconds=sequence)
    return Told(sequence=sequence, kind=kind, occurred_at=at, trip_id=TRIPS[sequence % 2])


ROWS = [told(number) for number in range(1, 7)]
FOREIGN = Told(sequence=3, kind="TRIP_UPDATED", occurred_at=START, trip_id=TRIPS[1])


@pytest.mark.parametrize(
    ("heard", "skips", "found"),
    [
        (ROWS, [], []),
        (ROWS[:3] + ROWS[4:], [], ["a hole"]),
        (ROWS[:-1], [], ["a hole"]),
        ([*ROWS[:3], ROWS[2], *ROWS[3:]], [], ["heard twice"]),
        ([*ROWS, *ROWS[3:]], [], ["heard twice", "out of order"]),
        ([ROWS[1], ROWS[0], *ROWS[2:]], [], ["out of order"]),
        ([*ROWS[:2], FOREIGN, *ROWS[3:]], [], ["foreign", "a hole"]),
        (ROWS[:1] + ROWS[4:], [Skip(stood=1, oldest=4, to=4)], []),
        (ROWS[:2] + ROWS[4:], [Skip(stood=2, oldest=3, to=4)], ["a Resync without need"]),
        (ROWS[:1] + ROWS[4:], [Skip(stood=1, oldest=5, to=4)], ["a Resync without need"]),
        (ROWS[:1] + ROWS[5:], [Skip(stood=1, oldest=4, to=4)], ["a hole"]),
        (ROWS, [Skip(stood=1, oldest=4, to=4)], ["a Resync passed over"]),
    ],
)
def test_the_checker_finds_what_is_wrong_and_nothing_else(heard: list[Told], skips: list[Skip], found: list[str]):
    record = Record(filter=Filter(), heard=heard, skips=skips)
    complaints = check(record, ROWS, frozenset({4}))
    assert len(complaints) == len(found)
    for complaint, beginning in zip(complaints, found, strict=True):
        assert complaint.startswith(beginning)


def test_a_filter_is_held_to_what_it_keeps():
    record = Record(filter=Filter(trip_id=TRIPS[0]), heard=ROWS[1::2])
    assert check(record, ROWS, frozenset()) == []
    record.heard = ROWS
    assert [each.split(":")[0] for each in check(record, ROWS, frozenset())] == ["not of its filter"]
    record = Record(filter=Filter(kinds=frozenset({"SETTINGS_UPDATED"})), heard=[])
    rows = [*ROWS, told(7, "SETTINGS_UPDATED")]
    assert [each.split(":")[0] for each in check(record, rows, frozenset())] == ["a hole"]


def test_what_was_wrong_at_its_moment_is_not_forgotten():
    record = Record(filter=Filter(), heard=ROWS, complaints=["closed with 1011"])
    assert check(record, ROWS, frozenset()) == ["closed with 1011"]


async def said_by(module: str, *options: str) -> str:
    """What a program of chaos says that ended well."""
    command = [sys.executable, "-m", f"tests.chaos.{module}", *options]
    run = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    async with asyncio.timeout(300):
        said, _ = await run.communicate()
    assert run.returncode == 0, said.decode()
    return said.decode()


async def test_nobody_misses_or_hears_twice_while_everything_breaks():
    said = await said_by("streams", "--seed", "20261127", "--subscribers", "12", "--seconds", "8")
    assert "came back" in said


async def test_a_server_with_many_sockets_is_gone_in_time():
    assert "{1012: 200}" in await said_by("stopping", "--sockets", "200")
