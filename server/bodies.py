"""Bodies of requests: of bounded size, and in bounded time."""

import asyncio

from starlette.requests import Request

from server.limits import BODY_SECONDS


async def whole(request: Request, most: int) -> bytes | None:
    """The body; None where it has more than `most` bytes. Raises TimeoutError, and ClientDisconnect."""
    body = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        async for piece in request.stream():
            body += piece
            if len(body) > most:
                return None
    return bytes(body)
