"""`bauhaus`: what runs the product, prepares its database and lets agencies in."""

import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from cli import agencies
from cli.loop import on_the_faster_loop
from travel import config, log
from travel.config import ConfigError
from travel.database import SchemaError
from travel.model import RefusedError
from travel.records.agencies import AgencyNotFoundError

app = typer.Typer(
    help="Bauhaus Travel watches the flights of an agency's travellers and tells them what they need to know.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(agencies.agency, name="agency")
app.add_typer(agencies.key, name="key")

errors = Console(stderr=True)


def complain(who: str, why: object) -> None:
    """One line on standard error, whatever it holds and however wide the terminal is."""
    errors.print(f"{who}: {why}", style="red", highlight=False, markup=False, soft_wrap=True)


def main() -> None:
    """The entry of the console script: an expected failure is one line and exit code 1."""
    try:
        app()
    except (ConfigError, SchemaError, RefusedError, AgencyNotFoundError) as wrong:
        complain("bauhaus", wrong)
        sys.exit(1)


@app.command()
def dev(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="Where the server listens.")] = 8000,
    speed: Annotated[
        float,
        typer.Option(min=0.001, max=10_000, help="How much faster than life the demo day runs."),
    ] = 60.0,
) -> None:
    """Run everything on this machine: databases, stand-ins for AeroAPI and Twilio, server, worker and a demo day."""
    from cli.dev import Dev

    raise typer.Exit(Dev(port=port, speed=speed).run())


@app.command()
def server() -> None:
    """Serve the GraphQL API, the webhooks and the portal. Configured by the environment, see .env.example."""
    _die_with_parent()
    from cli import serving

    serving.serve()


@app.command()
def worker() -> None:
    """Watch flights and send messages. Any number of workers may run side by side."""
    _die_with_parent()
    from jobs import worker as jobs_worker

    loaded = config.load()
    log.setup(json=loaded.environment == "production", level=loaded.log_level)
    on_the_faster_loop(jobs_worker.run(loaded))


@app.command()
def migrate(
    owner_url: Annotated[
        str, typer.Option(envvar="DATABASE_OWNER_URL", help="PostgreSQL address of the database's owner.")
    ],
    database_url: Annotated[
        str, typer.Option(envvar="DATABASE_URL", help="Address with the role of the application; made if missing.")
    ],
) -> None:
    """Bring the database to the newest schema and let the application's role in."""
    from migrations import run

    try:
        with Console().status("Migrating …"):
            run.upgrade(owner_url)
            run.admit(owner_url, database_url)
    except run.MigrationError as failed:
        complain("bauhaus migrate", failed)
        raise typer.Exit(1) from None
    typer.echo(f"The database is at revision {run.newest()}.")


@app.command()
def replay(
    flights: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The scenario: one flight a line.")],
    travellers: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Who flies; without it, one traveller on each flight."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Begin at this instant (ISO 8601); else with the first booking.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="End at this instant; else when everything has settled.")] = None,
    report: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the report here, one JSON object.")] = None,
    db: Annotated[
        str | None,
        typer.Option(help="Owner's address of an empty PostgreSQL database; else one of its own is started."),
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write every message here, one JSON line each.")
    ] = None,
    settings: Annotated[
        str | None,
        typer.Option(
            help="Compare: settings over those of every agency, as JSON or a file of it, named as in the API."
        ),
    ] = None,
    timing: Annotated[
        str | None,
        typer.Option(
            help="Compare: distances between looks in minutes, as JSON or a file of it, as in travel/cadence/distances.py."
        ),
    ] = None,
    push: Annotated[
        bool, typer.Option("--push", help="AeroAPI pushes what happens, and the looks rely on it.")
    ] = False,
) -> None:
    """Play a day of flights through the real system on a virtual clock, and say what travellers were told, when, and at what cost."""
    from cli.replay import command
    from cli.replay.play import ReplayError

    wish = command.Wish(
        flights=flights,
        travellers=travellers,
        since=_instant("--from", since),
        until=_instant("--until", until),
        owner_url=db,
        pushes=push,
    )
    rules = None
    if settings is not None or timing is not None:
        rules = command.Rules(settings=_object("--settings", settings), timing=_object("--timing", timing))
    log.setup(json=False, level="error")
    try:
        command.run(wish, rules, report, ledger)
    except ReplayError as wrong:
        complain("bauhaus replay", wrong)
        raise typer.Exit(1) from None


def _instant(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("an instant is written like 2013-09-04T12:00:00Z", param_hint=option) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _object(option: str, text: str | None) -> dict[str, Any]:
    """A JSON object, given as it is or as the file that holds it."""
    if text is None:
        return {}
    try:
        given = orjson.loads(text if text.lstrip().startswith(("{", "[")) else Path(text).read_bytes())
    except (orjson.JSONDecodeError, OSError) as wrong:
        raise typer.BadParameter(f"neither JSON nor a file of it: {wrong}", param_hint=option) from None
    if not isinstance(given, dict):
        raise typer.BadParameter("a JSON object is needed", param_hint=option)
    return given


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from graph import schema as graph_schema

    sys.stdout.write(graph_schema.printed())


@app.command()
def manifest(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Holds .graphql files, at any depth.")],
) -> None:
    """Print the manifest of trusted documents in a folder, for TRUSTED_DOCUMENTS; one document in each file."""
    from graph import schema as graph_schema
    from graph import trusted

    texts = trusted.manifest(graph_schema.build(), sorted(folder.rglob("*.graphql")))
    sys.stdout.write(orjson.dumps(texts, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n")


@app.command(hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """The stand-ins alone, as `bauhaus dev` starts them."""
    _die_with_parent()
    from sandbox import app as sandbox_app

    sandbox_app.main(context.args)


def _die_with_parent() -> None:
    """End with `bauhaus dev` even if that was killed; only its children are asked to."""
    parent = os.environ.get("BAUHAUS_DEV_PID")
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
