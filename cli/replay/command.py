"""`bauhaus replay`: databases of its own, one or two runs, and what came of them."""

import gc
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.loop import on_the_faster_loop
from cli.replay.house import open_replay
from cli.replay.play import ReplayError, Span, columns, play, span_of
from cli.replay.report import ledger_lines, report_of
from cli.replay.show import show
from cli.replay.truth import departs_at, their_flight
from migrations import run as migrations
from sandbox.aeroapi.record import FIELDS
from sandbox.scenario import AgencySettings, Scenario, ScenarioError, Traveller, load_travellers, one_each
from sandbox.services import Postgres
from travel.cadence import PUSHED, Cadence
from travel.clock import VirtualClock
from travel.model import Language

Lines = list[Traveller | AgencySettings]

SAID_AT_MOST = 5
"""So many unknown fields of a scenario are named, those first that stand there most often; and so many travellers."""
WIDE = {"maxNotificationsPerHour": 100_000, "maxNotificationsPerDay": 1_000_000}
"""Of the one agency that flies everybody when no travellers are given: no agency with the usual caps has so many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What is to be played."""

    flights: Path
    travellers: Path | None
    since: datetime | None
    until: datetime | None
    owner_url: str | None
    pushes: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """By which rules: settings over those of the agencies, and distances between looks."""

    settings: Mapping[str, Any]
    timing: Mapping[str, Any]


def run(wish: Wish, compared: Rules | None, report: Path | None, ledger: Path | None) -> None:
    """Play, print, write. With `compared`, play twice and print both. Raises ReplayError."""
    console = Console()
    usual = Rules(settings={}, timing={})
    if compared is not None:
        if wish.owner_url is not None:
            raise ReplayError("A comparison plays on two databases of its own: leave --db out.")
        _cadence(wish, compared)
        columns(compared.settings)
    _not_one_file_twice(wish, report, ledger)
    for file in (report, ledger):
        if file is not None:
            _ready(file)
    scenario, lines = _loaded(wish)
    for line in _absent(scenario, lines):
        console.print(f"not in the scenario: {line}", style="yellow", markup=False)
    for name, many in _unknown(scenario).most_common(SAID_AT_MOST):
        console.print(f"no field of AeroAPI, changes nothing: {name} ({many} ×)", style="yellow", markup=False)
    found = {"as it is": _played(wish, usual, scenario, lines, console, ledger if compared is None else None)}
    if compared is not None:
        found["with the change"] = _played(wish, compared, scenario, lines, console, ledger)
    show(console, found)
    if report is not None:
        latest = list(found.values())[-1]
        compared_with = {"as_it_is": found["as it is"]} if compared is not None else {}
        report.write_bytes(orjson.dumps({**latest, **compared_with}, option=orjson.OPT_INDENT_2) + b"\n")


def _ready(file: Path) -> None:
    """Hours later would be late to learn that nothing can be written there. Raises ReplayError."""
    is_new = not file.exists()
    try:
        file.open("ab").close()
        if is_new:
            file.unlink()
    except OSError as wrong:
        raise ReplayError(str(wrong)) from wrong


def _not_one_file_twice(wish: Wish, report: Path | None, ledger: Path | None) -> None:
    """Nothing that is read is written over. Raises ReplayError."""
    read = [each.resolve() for each in (wish.flights, wish.travellers) if each is not None]
    written = [each.resolve() for each in (report, ledger) if each is not None]
    for file in written:
        if [*read, *written].count(file) > 1:
            raise ReplayError(f"{file} stands for two files: one that is written would replace the other.")


def _loaded(wish: Wish) -> tuple[Scenario, Lines]:
    """The flights, and who is on them with which settings. Raises ReplayError."""
    try:
        scenario = Scenario.load(wish.flights)
        lines: Lines = (
            list(load_travellers(wish.travellers))
            if wish.travellers
            else [AgencySettings(agency="demo", settings=WIDE), *one_each(scenario)]
        )
    except (ScenarioError, OSError) as wrong:
        raise ReplayError(str(wrong)) from wrong
    for each in lines:
        _refuse_wrong(each)
    return scenario, lines


def _refuse_wrong(line: Traveller | AgencySettings) -> None:
    """What would stop the play in the middle of the day is said before it begins. Raises ReplayError."""
    if isinstance(line, AgencySettings):
        try:
            columns(line.settings)
        except ReplayError as wrong:
            raise ReplayError(f"settings of {line.agency}: {wrong}") from wrong
    elif line.language and line.language.upper() not in set(Language):
        raise ReplayError(f"{line.traveller}: no texts in {line.language!r}; the languages are {', '.join(Language)}")


def _absent(scenario: Scenario, lines: Lines) -> Iterator[str]:
    """Who flies on what the scenario does not hold, mostly by a slip: AeroAPI will never show it to them."""
    absent = [
        each for each in lines if isinstance(each, Traveller) and departs_at(each) and not their_flight(scenario, each)
    ]
    for each in absent[:SAID_AT_MOST]:
        yield f"{each.traveller} on {each.ident} from {each.origin}, {each.departure}"
    if len(absent) > SAID_AT_MOST:
        yield f"and {len(absent) - SAID_AT_MOST} more"


def _unknown(scenario: Scenario) -> Counter[str]:
    """Fields that AeroAPI does not have, most of them misspelt, and how often each stands in the file."""
    steps = [step for flight in scenario.flights for step in flight.steps]
    given = [*(flight.fields for flight in scenario.flights), *(step.changes for step in steps)]
    unknown = Counter(name for fields in given for name in fields if name not in FIELDS)
    return unknown + Counter(f"timeline[].{key}" for step in steps for key in step.unknown)


def _played(
    wish: Wish, rules: Rules, scenario: Scenario, lines: Lines, console: Console, ledger: Path | None
) -> dict[str, Any]:
    travellers = [each for each in lines if isinstance(each, Traveller)]
    span = span_of(scenario, travellers, wish.since, wish.until)
    with _database(wish.owner_url) as (owner_url, app_url):
        return on_the_faster_loop(_run(wish, rules, scenario, lines, span, owner_url, app_url, console, ledger))


async def _run(
    wish: Wish,
    rules: Rules,
    scenario: Scenario,
    lines: Lines,
    span: Span,
    owner_url: str,
    app_url: str,
    console: Console,
    ledger: Path | None,
) -> dict[str, Any]:
    travellers = [each for each in lines if isinstance(each, Traveller)]
    began = time.monotonic()
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
    async with open_replay(
        app_url,
        owner_url,
        scenario,
        VirtualClock(span.begins),
        cadence=_cadence(wish, rules),
        pushes=wish.pushes,
    ) as replay:
        whole = (span.ends - span.begins).total_seconds()
        # What lives as long as the replay is looked through no more.
        gc.collect()
        gc.freeze()
        with bar:
            task = bar.add_task(f"{span.begins:%Y-%m-%d %H:%M}", total=whole)

            def progress(now: datetime) -> None:
                bar.update(task, completed=(now - span.begins).total_seconds(), description=f"{now:%Y-%m-%d %H:%M}")

            cast = await play(replay, lines, span, rules.settings, progress)
        if ledger is not None:
            _write(ledger, ledger_lines(replay.sandbox.twilio.ledger.lines))
        for reason in cast.refused[:5]:
            console.print(f"not booked: {reason}", style="yellow", markup=False)
        return await report_of(replay, scenario, travellers, cast, span, time.monotonic() - began)


def _write(ledger: Path, lines: list[dict[str, Any]]) -> None:
    ledger.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def _cadence(wish: Wish, rules: Rules) -> Cadence:
    try:
        return (PUSHED if wish.pushes else Cadence()).but(rules.timing)
    except ValueError as wrong:
        raise ReplayError(f"--timing: {wrong}") from wrong


@contextmanager
def _database(owner_url: str | None) -> Iterator[tuple[str, str]]:
    """The owner's and the application's address of a database that holds nothing yet."""
    if owner_url is None:
        with Postgres.start() as postgres:
            yield _prepared(postgres.owner_url)
    else:
        yield _prepared(owner_url)


def _prepared(owner_url: str) -> tuple[str, str]:
    head, _, place = owner_url.partition("@")
    scheme, _, _ = head.partition("//")
    app_url = f"{scheme}//bauhaus_replay:replay@{place}"
    try:
        migrations.upgrade(owner_url)
        migrations.admit(owner_url, app_url)
        if migrations.is_used(owner_url):
            raise ReplayError("The database of --db is in use already: a replay begins with an empty one.")
    except migrations.MigrationError as failed:
        raise ReplayError(str(failed)) from failed
    return owner_url, app_url
