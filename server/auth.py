"""Who is at the door: an API key in `Authorization: Bearer …`, or in the payload of connection_init."""

from collections.abc import Mapping
from typing import Any

from travel.clock import Clock
from travel.database import Database
from travel.model import Viewer
from travel.records import keys


def bearer(headers: Mapping[str, Any]) -> str | None:
    """The credential of an Authorization header, or of a payload shaped like one."""
    value = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
    if not isinstance(value, str) or len(value) > 2000 or not value.isprintable():
        return None
    scheme, _, credential = value.partition(" ")
    return credential.strip() if scheme.lower() == "bearer" and credential.strip() else None


async def viewer(db: Database, clock: Clock, credential: str | None) -> Viewer | None:
    """Who presents this credential; None for nobody we know."""
    if credential is None:
        return None
    now = clock.now()
    async with db.transaction() as tx:
        found = await keys.viewer(tx, credential, now)
        if found is not None:
            await tx.become(found.agency_id)
            await keys.touch(tx, found, now)
    return found
