"""Global ids: opaque texts that name a type and a row."""

import base64
import binascii
from uuid import UUID

import strawberry


@strawberry.interface(description="Anything that has a global id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, unique over all types.")


def encode(type_name: str, id_: UUID) -> str:
    """The global id of a row."""
    return base64.urlsafe_b64encode(f"{type_name}:{id_}".encode()).decode().rstrip("=")


def decode(global_id: str) -> tuple[str, UUID] | None:
    """The type and row that a global id names, or None if it is none of ours."""
    if len(global_id) > 100:
        return None
    try:
        padded = global_id.encode() + b"=" * (-len(global_id) % 4)
        name, _, id_ = base64.urlsafe_b64decode(padded).decode().partition(":")
        return name, UUID(id_)
    except (binascii.Error, ValueError):
        return None


def of(type_name: str, global_id: str) -> UUID | None:
    """The row of a global id of one type; None for any other text."""
    named = decode(global_id)
    return named[1] if named is not None and named[0] == type_name else None
