"""The schema: the three roots, the scalars, and what every document passes through."""

from typing import Any

import strawberry
import structlog
from graphql import GraphQLError
from strawberry.extensions import MaskErrors
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.execution import ExecutionContext
from strawberry.types.graphql import OperationType

from graph import enums, subscriptions
from graph.checks import Checks, OpenChecks
from graph.direct.executor import DirectExecutor
from graph.mutations import Mutation
from graph.overdue import Timed
from graph.queries import Query
from graph.scalars import SCALARS
from graph.subscriptions import Subscription
from travel.database import AWAY

log = structlog.get_logger()

assert enums, "importing it registers the vocabularies"


def is_fault(error: GraphQLError) -> bool:
    """Whether an error is ours, and so none of the client's business; what the document did wrong is told as it is."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return False
    # Strawberry's own exceptions speak of documents: none given, no such operation.
    return not type(cause).__module__.startswith("strawberry.")


FAULT = "Something went wrong on our side."
"""All that a client is told of a fault of ours, but for its code."""


def code_of(fault: BaseException | None) -> str:
    """Whether a fault of ours is worth another try (UNAVAILABLE) or a defect (INTERNAL)."""
    return "UNAVAILABLE" if isinstance(fault, AWAY) else "INTERNAL"


class Masked(MaskErrors):
    """Whatever is a fault of ours becomes one sentence and a code."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=is_fault, error_message=FAULT)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """What the client is told of it."""
        masked = super().anonymise_error(error)
        masked.extensions = {"code": code_of(error.original_error)}
        return masked


class Schema(strawberry.Schema):
    """Logs faults, once and with their cause, and nothing that a client did wrong.

    An event whose answer a lost database tore is marked in its stream's place: sent with errors in the place of its data,
    it would be a hole in what the client knows.
    """

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Called by Strawberry with every error of an answer."""
        for error in errors:
            if is_fault(error):
                log.error("resolver_failed", path=error.path, exc_info=error.original_error)
        is_away = any(isinstance(error.original_error, AWAY) for error in errors)
        if is_away and execution_context and execution_context.operation_type is OperationType.SUBSCRIPTION:
            execution_context.context.place.is_torn = True


def build(*, introspection: bool = False, direct: bool = True, seconds: float = 20) -> Schema:
    """The schema. Introspection and suggestions are for development; the printed schema.graphql says the same.

    `direct` lets the database complete lists of trips (`graph.direct`); the answers are the same.
    No operation, and no event, takes longer than `seconds`.
    """
    executes: Any = DirectExecutor if direct else StrawberryGraphQLCoreExecutionContext
    in_time = type("InTime", (Timed, executes), {"seconds": seconds, "suggests": introspection})
    extensions: list[Any] = [OpenChecks if introspection else Checks, Masked]
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[
            subscriptions.TripCreated,
            subscriptions.TripUpdated,
            subscriptions.TripStatusChanged,
            subscriptions.NotificationUpdated,
            subscriptions.SettingsUpdated,
            subscriptions.SendingPaused,
            subscriptions.SendingResumed,
            subscriptions.BudgetReached,
            subscriptions.CaughtUp,
            subscriptions.Resync,
        ],
        extensions=extensions,
        execution_context_class=in_time,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=not introspection),
    )


def printed() -> str:
    """The schema as text, as it stands in schema.graphql."""
    return build(introspection=True).as_str() + "\n"
