"""A place in an agency's feed, as an opaque text that no other agency's stream takes."""

import base64
import binascii
from dataclasses import dataclass
from uuid import UUID

import orjson


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """The event of this number was seen."""

    agency_id: UUID
    sequence: int

    def text(self) -> str:
        """As clients keep it."""
        return base64.urlsafe_b64encode(orjson.dumps([self.agency_id.hex[:8], self.sequence])).decode()

    @classmethod
    def read(cls, text: str, agency_id: UUID) -> "FeedCursor | None":
        """The place that a text names in this agency's feed; None if it names none."""
        try:
            stamp, sequence = orjson.loads(base64.urlsafe_b64decode(text.encode()))
        except (binascii.Error, ValueError, TypeError):
            return None
        valid = (
            stamp == agency_id.hex[:8]
            and isinstance(sequence, int)
            and not isinstance(sequence, bool)
            and sequence >= 0
        )
        return cls(agency_id, sequence) if valid else None
