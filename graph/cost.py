"""What an operation costs: the fields that its answer may hold, known before it runs.

A field costs 1, and so many times what it selects as it may bring: a connection as many as its page, `nodes` as many as it is
given ids, an import as many as it is given trips. Other lists are short by nature and count once. Directives are not looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    get_named_type,
    value_from_ast_untyped,
)

from graph import documents
from graph.limits import COST
from graph.paging import DEFAULT, LARGEST
from graph.remembered import Remembered

LISTS = {("Query", "nodes"): ("ids",), ("Mutation", "importTrips"): ("input", "trips")}
"""Fields that bring one for each that they are given, by where that is given."""


@dataclass(frozen=True, slots=True)
class _Times:
    """How often a selection is answered: a number, or what an argument says."""

    default: int
    given: tuple[ValueNode, ...] = ()
    path: tuple[str, ...] | None = None
    """Where in the argument a list lies that says it; None for the sizes of a page."""

    def of(self, variables: dict[str, Any]) -> int:
        values = [value_from_ast_untyped(each, variables) for each in self.given]
        if self.path is not None:
            return self._listed(values[0] if values else None)
        sizes = [int(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        # More than a page is refused by the page itself.
        return min(max(*sizes, 0), LARGEST) if sizes else self.default

    def _listed(self, value: Any) -> int:
        for name in self.path or ():
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, list):
            return len(value)
        # A value alone stands for a list of one.
        return 0 if value is None or value is Undefined else 1


@dataclass(slots=True)
class _Selection:
    """One selection: its own fields, and what is selected below, each so many times."""

    fields: int = 0
    below: list[tuple[_Times, "_Selection"]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Price:
    """The cost of an operation, as far as it is known without its variables."""

    selection: _Selection
    defaults: dict[str, Any]

    def of(self, variables: Mapping[str, Any] | None) -> int:
        """The cost with these variables."""
        given = {**self.defaults, **(variables or {})}
        known: dict[int, int] = {}

        def total(selection: _Selection) -> int:
            # A fragment may be spread in many places; it is counted once.
            found = known.get(id(selection))
            if found is None:
                found = selection.fields + sum(times.of(given) * total(below) for times, below in selection.below)
                known[id(selection)] = found
            return found

        return total(self.selection)


def too_costly(schema: GraphQLSchema, query: str, name: str | None, variables: Mapping[str, Any] | None) -> int | None:
    """What a valid operation costs, if that is too much."""
    cost = price(schema, query, name).of(variables)
    return cost if cost > COST else None


_PRICES: Remembered[tuple[GraphQLSchema, str, str | None], Price] = Remembered()


def price(schema: GraphQLSchema, query: str, name: str | None) -> Price:
    """The price of one operation of a valid document."""
    key = schema, query, name
    return _PRICES.get(key) or _PRICES.keep(key, _price(schema, query, name), len(query))


def _price(schema: GraphQLSchema, query: str, name: str | None) -> Price:
    document = documents.read(query)
    operation = documents.operation_of(document, name)
    assert operation is not None, "asked for an operation that is there"
    root = schema.get_root_type(operation.operation)
    assert root is not None, "validation knows the roots"
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    return Price(_Pricing(schema, fragments).selected(operation.selection_set, root), _defaults(operation))


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }


class _Pricing:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema, self._fragments = schema, fragments
        self._known: dict[str, _Selection] = {}

    def selected(self, selections: SelectionSetNode, on: GraphQLNamedType) -> _Selection:
        selection, spread = _Selection(), set()
        for each in selections.selections:
            if isinstance(each, FieldNode):
                selection.fields += 1
                if each.selection_set is not None:
                    selection.below.append(self._field(each, each.selection_set, on))
            elif isinstance(each, InlineFragmentNode):
                inner = self._schema.type_map[each.type_condition.name.value] if each.type_condition else on
                selection.below.append((_Times(1), self.selected(each.selection_set, inner)))
            elif isinstance(each, FragmentSpreadNode) and each.name.value not in spread:
                spread.add(each.name.value)
                selection.below.append((_Times(1), self._fragment(each.name.value)))
        return selection

    def _fragment(self, name: str) -> _Selection:
        if name not in self._known:
            fragment = self._fragments[name]
            on = self._schema.type_map[fragment.type_condition.name.value]
            self._known[name] = self.selected(fragment.selection_set, on)
        return self._known[name]

    def _field(self, node: FieldNode, below: SelectionSetNode, on: GraphQLNamedType) -> tuple[_Times, _Selection]:
        name = node.name.value
        known: Mapping[str, GraphQLField] = getattr(on, "fields", {})
        if name not in known:
            # The introspection, where it is allowed.
            return _Times(1), self.selected(below, on)
        given = {each.name.value: each.value for each in node.arguments or ()}
        type_ = get_named_type(known[name].type)
        return _times(on.name, name, known[name].args, given), self.selected(below, type_)


def _times(type_name: str, name: str, takes: Mapping[str, GraphQLArgument], given: Mapping[str, ValueNode]) -> _Times:
    if (type_name, name) in LISTS:
        argument, *path = LISTS[type_name, name]
        return _Times(0, (given[argument],) if argument in given else (), tuple(path))
    if "first" not in takes:
        return _Times(1)
    default = takes["first"].default_value
    sizes = tuple(given[each] for each in ("first", "last") if each in given)
    page = _Times(DEFAULT if default is Undefined or default is None else int(default), sizes)
    is_literal = sizes and all(isinstance(each, IntValueNode) for each in sizes)
    return _Times(page.of({})) if is_literal else page


def refusal(cost: int) -> GraphQLError:
    """What a client hears."""
    return GraphQLError(
        f"The operation costs {cost}, which is more than {COST}: ask for smaller pages or fewer fields.",
        extensions={"code": "TOO_COSTLY", "cost": cost, "limit": COST},
    )
