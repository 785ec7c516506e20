"""An expected refusal: something the caller can mend, said about one argument."""

from collections.abc import Sequence
from dataclasses import dataclass

from travel.model.enums import UserErrorCode


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one argument was refused; `path` leads to it from the input's root."""

    code: UserErrorCode
    message: str
    path: tuple[str, ...]


class RefusedError(Exception):
    """Raised by an action before it has written anything; carries every refusal found."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = tuple(refusals)

    @classmethod
    def one(cls, code: UserErrorCode, message: str, *path: str) -> "RefusedError":
        """A single refusal."""
        return cls([Refusal(code, message, path)])
