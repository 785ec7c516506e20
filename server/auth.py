"""Who is at the door: an API key or a token in `Authorization: Bearer …`, or in the payload of connection_init."""

from collections.abc import Mapping
from typing import Any

from graph.context import House
from server.tokens import Tokens
from travel.model import AgencyStatus, Viewer
from travel.records import agencies, keys
from travel.records.agencies import AgencyNotFoundError

LONGEST_CREDENTIAL = 8000
"""Characters. A key has 60, a token with many claims some thousand."""


def bearer(headers: Mapping[str, Any]) -> str | None:
    """The credential of an Authorization header, or of a payload shaped like one."""
    value = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
    if not isinstance(value, str) or len(value) > LONGEST_CREDENTIAL or not value.isprintable():
        return None
    scheme, _, credential = value.partition(" ")
    return credential.strip() if scheme.lower() == "bearer" and credential.strip() else None


class Door:
    """Knows those who may come in. Whoever may not is told nothing of why."""

    def __init__(self, house: House, tokens: Tokens | None = None) -> None:
        self._house = house
        self._tokens = tokens

    async def viewer(self, credential: str | None) -> Viewer | None:
        """Who presents this credential; None for nobody we know."""
        if credential is None:
            return None
        # A key holds no dot, a token just two.
        if self._tokens is not None and credential.count(".") == 2:
            return await self._active(await self._tokens.viewer(credential))
        now = self._house.clock.now()
        async with self._house.db.single() as tx:
            shown = await keys.shown(tx, credential, now)
        if shown is None:
            return None
        if shown.is_to_touch(now):
            async with self._house.db.transaction(shown.viewer.agency_id) as tx:
                await keys.touch(tx, shown.viewer, now)
        return shown.viewer

    async def _active(self, named: Viewer | None) -> Viewer | None:
        """The viewer whom a token names, if its agency is there and active."""
        if named is None:
            return None
        async with self._house.db.transaction(named.agency_id) as tx:
            try:
                agency = await agencies.get(tx, named.agency_id)
            except AgencyNotFoundError:
                return None
        return named if agency.status is AgencyStatus.ACTIVE else None
