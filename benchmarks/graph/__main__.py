"""`python -m benchmarks.graph [PICTURE.svg]`: measure the graph alone, and draw it where a file is named."""

import argparse
import sys
from pathlib import Path

from benchmarks.graph.report import measure
from benchmarks.measured import show
from cli.loop import on_the_faster_loop


def main() -> None:
    """Run every row of the graph."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graph", description=f"{measure.__doc__}")
    parser.add_argument("picture", nargs="?", type=Path, help="write the comparison here, as SVG")
    given = parser.parse_args()
    report = on_the_faster_loop(measure())
    if given.picture is not None:
        given.picture.write_text(report.drawn(), encoding="utf-8")
    sys.exit(0 if show("Graph", report.rows()) else 1)


if __name__ == "__main__":
    main()
