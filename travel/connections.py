"""Connections to one host, each taken by one request at a time and given back.

httpx's own pool looks through all its connections for each request: at 50 of them that costs more than the request
(measured: 1.7 to 4.4 ms of CPU against 0.6). Here each connection is a pool of one, and a free one is the last that
was given back, so that few stay warm.
"""

import asyncio

import httpx


class Connections(httpx.AsyncBaseTransport):
    """Up to `most` connections, opened when they are needed. A request waits where all are taken."""

    def __init__(self, most: int) -> None:
        self._trusted = httpx.create_ssl_context()
        self._free = [self._fresh() for _ in range(most)]
        self._taken: set[httpx.AsyncHTTPTransport] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(most)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request; its answer is read to the end here, so that the connection is free again. Raises httpx's errors."""
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                await self._places.acquire()
        except TimeoutError as crowded:
            raise httpx.PoolTimeout("every connection is taken", request=request) from crowded
        connection = self._free.pop()
        self._taken.add(connection)
        given_back = connection
        try:
            response = await connection.handle_async_request(request)
            await response.aread()
            return response
        except BaseException:
            # A request that was cancelled at the wrong moment counts as active in its pool for ever.
            given_back = self._fresh()
            self._close_meanwhile(connection)
            raise
        finally:
            self._taken.discard(connection)
            self._free.append(given_back)
            self._places.release()

    async def aclose(self) -> None:
        """Close them all."""
        for connection in (*self._free, *self._taken):
            await connection.aclose()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _fresh(self) -> httpx.AsyncHTTPTransport:
        alone = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        return httpx.AsyncHTTPTransport(verify=self._trusted, limits=alone)

    def _close_meanwhile(self, connection: httpx.AsyncHTTPTransport) -> None:
        closing = asyncio.create_task(connection.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
