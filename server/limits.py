"""Who may ask how much, how often and for how long. What a single document may ask for stands in `graph.limits`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from travel.config import Config

LARGEST_REQUEST = 1_000_000
"""Bytes of a request over HTTP: an import of 1,000 trips is about 400 kB."""
LARGEST_HEAD = 64 * 1024
"""Bytes of a request's head. Longer ones are no request of anybody's."""
HEAD_SECONDS = 10.0
"""From connecting, or from a head's first byte, to its last one; then the connection is cut."""
BODY_SECONDS = 30.0
"""From a request's head to the end of its body; then 408."""
LARGEST_FRAME = 256 * 1024
"""Bytes of a message over a socket. A larger one closes it with 1009, after which clients do not send it again."""
OPERATIONS_PER_SOCKET = 50
"""At the same time. One more is answered with an `error` for its id."""
INIT_WITHIN = timedelta(seconds=10)
"""A socket that says nothing for so long is closed with 4408."""

FULL = 1013
"""Closes a socket for which the process has no room: "try again later", and reference clients do."""
CROWDED = 4430
"""Closes a socket whose key has enough of them; reference clients try again, as they would not after 4429."""
RETRY_SECONDS = 5
"""After which a stream over HTTP that found no room may try again."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an operator may choose. Each process counts for itself."""

    sockets_per_key: int
    sockets_per_process: int
    requests_per_minute: int
    operation_seconds: float

    @classmethod
    def of(cls, config: Config) -> Self:
        """As the environment says."""
        return cls(
            sockets_per_key=config.sockets_per_key,
            sockets_per_process=config.sockets_per_process,
            requests_per_minute=config.requests_per_minute,
            operation_seconds=config.operation_seconds,
        )
