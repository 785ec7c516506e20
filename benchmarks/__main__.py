"""`python -m benchmarks`: measure what the design promises, and fail where a number is not reached."""

import argparse
import asyncio
import sys

from benchmarks import delivery, picking
from benchmarks.graph import report
from benchmarks.measured import show
from cli.loop import on_the_faster_loop


def main() -> None:
    """Run every table; there is nothing to choose."""
    argparse.ArgumentParser(
        prog="python -m benchmarks", description=f"{__doc__} It takes about eight minutes."
    ).parse_args()
    looking = show("Looking", asyncio.run(picking.measure()))
    delivering = show("Delivery", asyncio.run(delivery.measure()))
    graph = show("Graph", on_the_faster_loop(report.measure()).rows())
    sys.exit(0 if looking and delivering and graph else 1)


if __name__ == "__main__":
    main()
