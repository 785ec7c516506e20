"""A row of a table of measurements, and the table."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured, beside what it is compared with. `holds` is None where there is no target."""

    what: str
    ours: str
    beside: str = ""
    target: str = ""
    holds: bool | None = None


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that is not below `share` of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def show(title: str, rows: Sequence[Measured]) -> bool:
    """Print them; whether every target is reached."""
    table = Table("what", "measured", "beside it", "to reach", "", title=title)
    for row in rows:
        verdict = "" if row.holds is None else "yes" if row.holds else "[red]NO[/red]"
        table.add_row(row.what, row.ours, row.beside, row.target, verdict)
    console = Console(highlight=False, width=150)
    console.print(table)
    console.print(
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    return all(row.holds is not False for row in rows)
