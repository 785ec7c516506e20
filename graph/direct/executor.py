"""The execution of documents: lists of trips are completed by the database where their selection is plain."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import FragmentSpreadNode, GraphQLNonNull, GraphQLOutputType, VariableNode, Visitor, visit
from graphql.execution.executor import Executor as CoreExecutor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.context import Context
from graph.direct.plan import NotPlainError, Plan, compiled
from graph.paging import Nodes
from graph.remembered import Remembered
from travel.database import Transaction


class Plans:
    """The plans of documents, by their places in the document and the values of the variables that are used below them."""

    def __init__(self) -> None:
        self._known: Remembered[tuple[Any, ...], tuple[Any, Plan | None]] = Remembered()
        self._variables: Remembered[tuple[int, ...], tuple[Any, frozenset[str]]] = Remembered()

    def of(self, executor: CoreExecutor[Any], fields: Any) -> Plan | None:
        """The plan for a list; None where it goes the ordinary way."""
        nodes = [each.node for each in fields]
        place = tuple(map(id, nodes))
        coerced = executor.variable_values.coerced
        values = tuple((name, coerced.get(name)) for name in sorted(self._used(executor, nodes, place)))
        # A digest, since a client may give a megabyte of them.
        key = (*place, hashlib.sha256(repr(values).encode()).digest())
        known = self._known.get(key)
        # The nodes are kept, so that their identities are given to no others.
        if known is not None:
            return known[1]
        try:
            plan = compiled(executor, fields)
        except NotPlainError:
            plan = None
        self._known.keep(key, (nodes, plan), _characters(nodes))
        return plan

    def _used(self, executor: CoreExecutor[Any], nodes: list[Any], place: tuple[int, ...]) -> frozenset[str]:
        known = self._variables.get(place)
        if known is None:
            found = _Variables(executor)
            for node in nodes:
                visit(node, found)
            known = nodes, frozenset(found.names)
            self._variables.keep(place, known, _characters(nodes))
        return known[1]


def _characters(nodes: list[Any]) -> int:
    """Of the document that they keep."""
    return len(nodes[0].loc.source.body)


class _Variables(Visitor):
    """The variables in a part of a document, and in the fragments that are spread there."""

    def __init__(self, executor: CoreExecutor[Any]) -> None:
        super().__init__()
        self._fragments = executor.fragments
        self._seen: set[str] = set()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        name = node.name.value
        if name not in self._seen:
            self._seen.add(name)
            visit(self._fragments[name].definition, self)


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
        if getattr(named, "name", None) != "Trip" or not isinstance(items, Nodes) or not items:
            return ordinary()
        plan = PLANS.of(self, field_details_list)
        if plan is None:
            return ordinary()

        async def completed() -> Any:
            nodes = await _read(plan, info.context, items.ids)
            if nodes is not None:
                return nodes
            completed_ordinarily = ordinary()
            return await completed_ordinarily if self.is_awaitable(completed_ordinarily) else completed_ordinarily

        return completed()


async def _read(plan: Plan, context: Context, trips: list[str]) -> Any:
    """The trips as JSON, in their order; None where what was written by hand counts for one of them."""
    agency_id, now = context.asking.agency_id, context.house.clock.now()

    async def read(tx: Transaction) -> Sequence[Mapping[str, Any]]:
        return await tx.all(plan.sql, agency=agency_id, trips=trips, now=now)

    rows = await context.loaders.read(read)
    found = {str(row["id"]): row for row in rows}
    if len(found) < len(set(trips)) or (plan.reads_flight and any(row["by_hand"] for row in rows)):
        return None
    return orjson.Fragment(plan.complete(b"[%b]" % b",".join([found[id_]["node"] for id_ in trips])))
