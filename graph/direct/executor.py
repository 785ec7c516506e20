"""The execution of documents: lists of trips are completed by the database where their selection is plain."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import structlog
from graphql import GraphQLNonNull, GraphQLOutputType
from graphql.execution.executor import Executor as CoreExecutor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.context import Context
from graph.direct.plan import NotPlainError, Plan, compiled

log = structlog.get_logger()

REMEMBERED = 500


class Plans:
    """The plans of documents, by their place in the document and the values of its variables."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[Any, Plan | None]] = {}

    def of(self, executor: CoreExecutor[Any], fields: Any) -> Plan | None:
        """The plan for a list; None where it goes the ordinary way."""
        node = fields[0].node
        key = (id(node), repr(executor.variable_values.coerced))
        known = self._known.get(key)
        # The node is kept, so that its identity is not given to another one.
        if known is not None and known[0] is node:
            return known[1]
        try:
            plan = compiled(executor, fields)
        except NotPlainError:
            plan = None
        if len(self._known) >= REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[key] = (node, plan)
        return plan


PLANS = Plans()


class DirectExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, but for lists of trips."""

    def complete_iterable_value(
        self, item_type: GraphQLOutputType, field_details_list: Any, info: Any, path: Any, items: Iterable[Any],
        position_context: Any,
    ) -> Any:  # fmt: skip
        """Complete a list."""

        def ordinary() -> Any:
            return super(DirectExecutor, self).complete_iterable_value(
                item_type, field_details_list, info, path, items, position_context
            )

        named = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
        if getattr(named, "name", None) != "Trip" or not isinstance(items, list) or not items:
            return ordinary()
        plan = PLANS.of(self, field_details_list)
        if plan is None:
            return ordinary()

        async def completed() -> Any:
            nodes = await _read(plan, info.context, [item.value.id for item in items])
            if nodes is not None:
                return nodes
            completed_ordinarily = ordinary()
            return await completed_ordinarily if self.is_awaitable(completed_ordinarily) else completed_ordinarily

        return completed()


async def _read(plan: Plan, context: Context, trips: list[UUID]) -> Any:
    """The trips as JSON, in their order; None where what was written by hand counts for one of them."""
    agency_id, now = context.asking.agency_id, context.house.clock.now()
    rows = await context.loaders.read(lambda tx: tx.all(plan.sql, agency=agency_id, trips=trips, now=now))
    found = {row["id"]: row for row in rows}
    if len(found) < len(set(trips)) or (plan.reads_flight and any(row["by_hand"] for row in rows)):
        return None
    return orjson.Fragment(plan.complete(f"[{','.join([found[id_]['node'] for id_ in trips])}]"))
