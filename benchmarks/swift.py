"""`python -m benchmarks.swift`: a Twilio that takes every message after so many milliseconds, and does nothing else.

The stand-in of `sandbox/` checks, remembers and calls back, which costs more than what is measured here. This one writes each
recipient down, so that what arrived can be counted.
"""

import argparse
import asyncio
import itertools
from typing import Any
from urllib.parse import parse_qs

import orjson
import uvicorn


class Swift:
    """An ASGI application: POST takes a message, GET tells how many recipients there were and how many messages."""

    def __init__(self, wait_seconds: float) -> None:
        self._wait = wait_seconds
        self._number = itertools.count()
        self._recipients: dict[str, int] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if scope["method"] == "POST":
            status, answer = 201, await self._take(parse_qs(body.decode())["To"][0])
        else:
            status, answer = 200, {"recipients": len(self._recipients), "messages": sum(self._recipients.values())}
        content = orjson.dumps(answer)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _take(self, to: str) -> dict[str, str]:
        self._recipients[to] = self._recipients.get(to, 0) + 1
        if self._wait:
            await asyncio.sleep(self._wait)
        return {"sid": f"SM{next(self._number):032x}", "status": "queued"}


def main() -> None:
    """Serve on a port of 127.0.0.1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swift", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--wait-ms", type=float, default=0)
    given = parser.parse_args()
    uvicorn.run(Swift(given.wait_ms / 1000), port=given.port, log_level="error", access_log=False, lifespan="off")


if __name__ == "__main__":
    main()
