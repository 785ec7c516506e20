"""The evidence: every message Twilio took, in order, written down at the moment of taking."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Ledger:
    """Append-only. What was taken stays, whatever becomes of the message, its reply or this process."""

    def __init__(self, path: Path | None = None) -> None:
        self.lines: list[dict[str, Any]] = []
        self._path = path

    def take(
        self,
        *,
        at: datetime,
        sid: str,
        to: str,
        body: str,
        status_callback: str | None,
        request: Mapping[str, Any],
    ) -> None:
        """Write one line.

        Whose message it was and what it said of which flight is not on Twilio's wire, so the product says it
        in the query of its StatusCallback address.
        """
        told = dict(parse_qsl(urlsplit(status_callback or "").query))
        line = {
            "at": instant(at),
            "agency": told.get("agency"),
            "to": to.removeprefix("whatsapp:"),
            "type": told.get("type"),
            "ident": told.get("ident"),
            "value": told.get("value"),
            "body": body,
            "sid": sid,
            "request": dict(request),
        }
        self.lines.append(line)
        if self._path is not None:
            # Opened anew for each line, so that the line is with the kernel before any reply leaves.
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
