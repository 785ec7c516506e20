"""Open sockets by the credential that opened them: when that is revoked or over, they are closed."""

import asyncio
from typing import Protocol

import structlog

from server.auth import Door
from travel.database import BROKEN

log = structlog.get_logger()

CHECK_SECONDS = 3.0


class Session(Protocol):
    """A socket that can be shown the door."""

    async def turn_out(self) -> None:
        """Close it: its credential counts no more."""
        ...


class Sessions:
    """All sockets of a process."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._open: dict[Session, str] = {}

    def open(self, session: Session, credential: str | None) -> None:
        """A socket was let in with a credential."""
        if credential is not None:
            self._open[session] = credential

    def close(self, session: Session) -> None:
        """A socket is gone."""
        self._open.pop(session, None)

    async def run(self) -> None:
        """Ask every few seconds, once per credential, whether it still counts."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.check()
            except BROKEN as away:
                log.warning("sessions_not_checked", error=type(away).__name__)

    async def check(self) -> None:
        """Close the sockets of credentials that count no more."""
        for credential in set(self._open.values()):
            if await self._door.viewer(credential) is None:
                ended = [session for session, own in self._open.items() if own == credential]
                for session in ended:
                    self.close(session)
                # Together: one that takes nothing must not hold up the rest.
                await asyncio.gather(*map(self._turn_out, ended))

    async def _turn_out(self, session: Session) -> None:
        try:
            await session.turn_out()
        except Exception:
            # It may be closing by itself; whatever it is, the others must still be asked.
            log.info("session_was_closing", exc_info=True)
