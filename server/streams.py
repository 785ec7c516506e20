"""Subscriptions over server-sent events, for clients that cannot hold a websocket: one answer that goes on and on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from strawberry.http.streaming import SSETransport

from graph.context import Place

HEARTBEAT_SECONDS = 15.0
"""Proxies cut what is silent for longer, commonly after 30 or 60 seconds."""


class ServerSentEvents(SSETransport):
    """The protocol graphql-sse with distinct connections."""

    def __init__(self) -> None:
        super().__init__(heartbeat_interval=HEARTBEAT_SECONDS)


class Stream:
    """One answer under way, which can be ended from our side."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._over = asyncio.Event()
        self._closing: asyncio.Task[None] | None = None

    def end(self) -> None:
        """End it without the word that it is complete, so that the client comes back."""
        self._over.set()

    async def turn_out(self) -> None:
        """End it: its credential counts no more."""
        self.end()

    async def until_over(self, messages: AsyncIterator[str]) -> AsyncGenerator[str, None]:
        """The messages up to their end, or to ours; none passes once it is over."""
        over = asyncio.create_task(self._over.wait())
        upcoming: asyncio.Task[str | None] | None = None
        try:
            while True:
                upcoming = asyncio.create_task(_next(messages))
                await asyncio.wait({upcoming, over}, return_when=asyncio.FIRST_COMPLETED)
                # Whoever ended the stream may have done so in this very turn of the loop, by the message that came of it.
                if self._over.is_set() or self._place.is_torn or (message := upcoming.result()) is None:
                    return
                yield message
        finally:
            over.cancel()
            if upcoming is not None:
                # Whoever ends an answer may cancel it again and again; what is freed here must not be torn by that.
                self._closing = asyncio.create_task(_close(upcoming, messages))
                await asyncio.shield(self._closing)


async def _close(upcoming: "asyncio.Task[str | None]", messages: AsyncIterator[str]) -> None:
    upcoming.cancel()
    await asyncio.gather(upcoming, return_exceptions=True)
    assert isinstance(messages, AsyncGenerator), "Strawberry's streams are generators"
    await messages.aclose()


async def _next(messages: AsyncIterator[str]) -> str | None:
    return await anext(messages, None)
