"""Which event loop runs what."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def on_the_faster_loop(deed: Coroutine[Any, Any, T]) -> T:
    """Run it on uvloop, where the system has one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(deed)
    return uvloop.run(deed)
