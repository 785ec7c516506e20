"""What a replay prints: its summary, or two of them side by side."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

Report = Mapping[str, Any]


def show(console: Console, reports: Mapping[str, Report]) -> None:
    """A table with a column for each report."""
    table = Table(show_header=len(reports) > 1, box=None, pad_edge=False)
    table.add_column("")
    for name in reports:
        table.add_column(name, justify="right")
    columns = [dict(_rows(report)) for report in reports.values()]
    for name in dict.fromkeys(name for column in columns for name in column):
        table.add_row(name, *(column.get(name, "–") for column in columns))
    console.print(table)


def _rows(report: Report) -> Iterator[tuple[str, str]]:
    aeroapi, landings = report["aeroapi"], report["landings"]
    yield "flights", f"{report['flights']:,}"
    yield "travellers", f"{report['travellers']:,}"
    yield "played in", f"{report['wall_s']:.0f} s for {report['virtual_span_s'] / 3600:.0f} h"
    yield (
        "result sets per flight",
        f"{aeroapi['per_flight_mean']:.2f} (p95 {aeroapi['per_flight_p95']}, max {aeroapi['per_flight_max']})",
    )
    if aeroapi["pushes"]:
        yield "pushes", f"{aeroapi['pushes']:,}"
    yield "cost", f"${aeroapi['cost_usd']:.2f}"
    share = 100 * landings["within_120_s"] / landings["true"] if landings["true"] else 0
    yield "landings seen within 120 s", f"{landings['within_120_s']} of {landings['true']} ({share:.2f} %)"
    yield "landings, seconds late", _spread(landings["lateness_s"])
    for type_, change in report["changes"].items():
        yield f"{type_}, told of true", f"{change['told']} of {change['true']}"
        yield f"{type_}, seconds late", _spread(change["lateness_s"])
    departures = report["departures"]
    yield (
        "last told departure true",
        f"{departures['within_threshold']} of {departures['true']}, {departures['not_shown']} not shown, {departures['missed']} missed",
    )
    cancelled = report["cancellations"]
    yield (
        "cancelled, told of true",
        f"{cancelled['told']} of {cancelled['true']}, {cancelled['false_uncorrected']} false",
    )
    for type_, many in report["messages"].items():
        yield f"sent: {type_}", f"{many:,}"
    for reason, many in report["suppressed"].items():
        yield f"not sent: {reason}", f"{many:,}"
    yield "duplicates", str(report["duplicates"])
    yield "unsettled", str(report["unsettled"])
    if report["refused"]:
        yield "travellers refused", str(report["refused"])


def _spread(spread: Mapping[str, float] | None) -> str:
    return "–" if spread is None else f"p50 {spread['p50']:.0f}, p95 {spread['p95']:.0f}, max {spread['max']:.0f}"
