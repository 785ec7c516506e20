"""`python -m benchmarks`: measure what the design promises, and fail where a number is not reached."""

import asyncio
import sys

from benchmarks import delivery
from benchmarks.measured import show


def main() -> None:
    """Run every table."""
    rows = asyncio.run(delivery.measure())
    sys.exit(0 if show("Delivery", rows) else 1)


if __name__ == "__main__":
    main()
