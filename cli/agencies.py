"""`bauhaus agency` and `bauhaus key`: let agencies and their programs in."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from travel import config, readiness, tenancy
from travel.clock import Clock, RealClock
from travel.database import Database
from travel.model import AgencyStatus, Role
from travel.records import agencies, keys

T = TypeVar("T")

agency = typer.Typer(help="Make, list and suspend agencies.", no_args_is_help=True)
key = typer.Typer(help="Make, list and revoke the API keys of an agency.", no_args_is_help=True)

AgencyId = Annotated[UUID, typer.Option("--agency", help="The agency's id; `bauhaus agency list` shows it.")]


def _with_database(deed: Callable[[Database, Clock], Awaitable[T]]) -> T:

    async def run() -> T:
        db = Database(config.database_url(), pool_size=2)
        await db.connect()
        try:
            await readiness.verify(db)
            return await deed(db, RealClock())
        finally:
            await db.disconnect()

    return asyncio.run(run())


@agency.command("create")
def create_agency(
    name: Annotated[str, typer.Argument(help="As travellers know it.")],
    email: Annotated[str, typer.Option(help="Where the agency is reached.")],
    country: Annotated[str, typer.Option(help="Two letters, such as AR.")],
    phone: Annotated[str | None, typer.Option(help="E.164, such as +5491155550101.")] = None,
) -> None:
    """Make an agency with default settings, and print its id."""

    made = _with_database(
        lambda db, clock: tenancy.create_agency(db, clock, name=name, email=email, country=country, phone=phone)
    )
    typer.echo(made.id)


@agency.command("list")
def list_agencies() -> None:
    """Show every agency."""

    async def read(db: Database, _: Clock) -> Any:
        async with db.transaction() as tx:
            return await agencies.everyone(tx)

    _show(["Id", "Name", "Status"], [[str(id_), name, status] for id_, name, status in _with_database(read)])


@agency.command("status")
def set_agency_status(
    agency_id: AgencyId, status: Annotated[AgencyStatus, typer.Argument(help="ACTIVE, SUSPENDED or PENDING.")]
) -> None:
    """Suspend an agency, or let it work again. What waits is judged anew when it is due."""

    async def write(db: Database, _: Clock) -> None:
        async with db.transaction(agency_id) as tx:
            await agencies.get(tx, agency_id)
            await agencies.set_status(tx, agency_id, status)

    _with_database(write)
    typer.echo(f"The agency is {status} now.")


@key.command("create")
def create_key(
    agency_id: AgencyId,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    role: Annotated[
        Role, typer.Option(help="VIEWER reads, AGENT works with trips, ADMIN also changes settings and keys.")
    ],
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never, if left out.")] = None,
) -> None:
    """Make a key and print its secret, which is shown this once."""

    made = _with_database(
        lambda db, clock: tenancy.create_key(
            db,
            clock,
            agency_id,
            name=name,
            role=role,
            expires_at=clock.now() + timedelta(days=days) if days else None,
        )
    )
    typer.echo(made.secret)


@key.command("list")
def list_keys(agency_id: AgencyId) -> None:
    """Show the keys of an agency."""

    async def read(db: Database, _: Clock) -> Any:
        async with db.transaction(agency_id) as tx:
            await agencies.get(tx, agency_id)
            return await keys.of_agency(tx, agency_id)

    rows = []
    for each in _with_database(read):
        moments = (each.last_used_at, each.expires_at, each.revoked_at)
        shown = [f"{moment:%Y-%m-%d %H:%M}" if moment else "–" for moment in moments]
        rows.append([str(each.id), each.name, each.role, f"bh_{each.prefix}", *shown])
    _show(["Id", "Name", "Role", "Begins with", "Last used", "Expires", "Revoked"], rows)


def _show(titles: list[str], rows: list[list[str]]) -> None:
    """A table that hides nothing: ids are there to be copied, and names are what agencies typed, not markup."""
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, no_wrap=True, overflow="ignore")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 240).print(table, crop=False, soft_wrap=True)


@key.command("revoke")
def revoke_key(
    agency_id: AgencyId,
    key_id: Annotated[UUID, typer.Argument(help="The key's id.")],
    hours: Annotated[float | None, typer.Option(min=0, help="Hours until it ends; at once, if left out.")] = None,
) -> None:
    """End a key at once, or in some hours, so that its successor is in use before."""

    ended = _with_database(
        lambda db, clock: tenancy.revoke_key(
            db, clock, agency_id, key_id, clock.now() + timedelta(hours=hours) if hours else None
        )
    )
    typer.echo("The key is revoked." if ended.revoked_at else f"The key ends at {ended.expires_at:%Y-%m-%d %H:%M} UTC.")
