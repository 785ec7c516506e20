"""`python -m benchmarks`: measure what the design promises, and fail where a number is not reached."""

import argparse
import asyncio
import sys

from benchmarks import delivery, picking
from benchmarks.measured import show


def main() -> None:
    """Run every table; there is nothing to choose."""
    argparse.ArgumentParser(
        prog="python -m benchmarks", description=f"{__doc__} It takes about three minutes."
    ).parse_args()
    looking = show("Looking", asyncio.run(picking.measure()))
    delivering = show("Delivery", asyncio.run(delivery.measure()))
    sys.exit(0 if looking and delivering else 1)


if __name__ == "__main__":
    main()
