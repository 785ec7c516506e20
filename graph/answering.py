"""How a mutation answers: with what it did, or with its refusals."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from graph import ids
from graph.context import Info
from graph.inputs import UserError
from travel.model import RefusedError, Role, UserErrorCode

Payload = TypeVar("Payload")


async def answered(
    info: Info,
    role: Role,
    payload: Callable[..., Payload],
    fields: tuple[str, ...],
    act: Callable[[], Awaitable[dict[str, Any]]],
) -> Payload:
    """The payload of an action, or of its refusals; nothing read before it is believed after it."""
    # The payload of an earlier mutation was read at a moment that is over.
    info.context.forget()
    try:
        info.context.require(role)
        answer = await act()
    except RefusedError as refused:
        return payload(**dict.fromkeys(fields), user_errors=UserError.of(refused))
    info.context.forget()
    return payload(**answer, user_errors=[])


_SPOKEN = {"ApiKey": "API key"}


def row_of(type_name: str, global_id: str, field: str) -> UUID:
    """The row that an input field names. Raises RefusedError."""
    id_ = ids.of(type_name, global_id)
    if id_ is None:
        raise RefusedError.one(
            UserErrorCode.NOT_FOUND, f"The agency has no such {_SPOKEN.get(type_name, type_name.lower())}.", field
        )
    return id_
