"""Documents as they come: parsed once, however often they are sent."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    parse,
    validate,
    visit,
)
from strawberry.extensions import SchemaExtension

from graph.limits import TOKENS

REMEMBERED = 1000


class Remembered(SchemaExtension):
    """Parses and validates each text once.

    Strawberry's own cache of validations is keyed by the document, and to hash the tree of a portal page costs more than
    to look it up; the same text is the same tree here, so its identity will do. The rules are the same for every request.
    """

    _validated: ClassVar[dict[tuple[int, int], tuple[Any, DocumentNode, list[GraphQLError]]]] = {}

    def on_parse(self) -> Iterator[None]:
        """A text that is no document is left to the execution."""
        context = self.execution_context
        if context.query is not None:
            context.graphql_document = parsed(context.query)
        yield

    def on_validate(self) -> Iterator[None]:
        """What a document does wrong, or that it does nothing wrong."""
        context = self.execution_context
        schema, document = context.schema._schema, context.graphql_document
        assert document is not None, "validation follows parsing"
        key = (id(schema), id(document))
        known = self._validated.get(key)
        # Both are kept, so that their identities are given to no others.
        if known is None or known[0] is not schema or known[1] is not document:
            if len(self._validated) >= REMEMBERED:
                self._validated.pop(next(iter(self._validated)))
            known = schema, document, validate(schema, document, context.validation_rules)
            self._validated[key] = known
        context.pre_execution_errors = known[2]
        yield


@lru_cache(maxsize=REMEMBERED)
def parsed(query: str) -> DocumentNode | None:
    """The document; None for what is none, of which the execution itself will speak."""
    try:
        return parse(query, max_tokens=TOKENS)
    except GraphQLError:
        return None


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """The operation that is to be run; None where the name leaves it open."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    named = [each for each in operations if name is None or (each.name is not None and each.name.value == name)]
    return named[0] if len(named) == 1 else None


def is_subscription(operation: OperationDefinitionNode | None) -> bool:
    """Whether it opens a stream."""
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


@lru_cache(maxsize=REMEMBERED)
def position_variable(query: str, name: str | None) -> str | None:
    """The variable that holds the cursor to begin after, if that is all it is used for."""
    document = parsed(query)
    operation = operation_of(document, name) if document else None
    if document is None or operation is None:
        return None
    places = [
        argument.value
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
        for argument in field.arguments or ()
        if argument.name.value == "after"
    ]
    if len(places) != 1 or not isinstance(places[0], VariableNode):
        return None
    variable = places[0].name.value
    return variable if _uses(document, variable) == 1 else None


def _uses(document: DocumentNode, variable: str) -> int:
    """How often a variable is read in a document."""
    counted = _Count(variable)
    visit(document, counted)
    return counted.uses - counted.definitions


class _Count(Visitor):
    def __init__(self, variable: str) -> None:
        super().__init__()
        self._variable = variable
        self.uses = self.definitions = 0

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.uses += node.name.value == self._variable

    def enter_variable_definition(self, node: Any, *_: Any) -> None:
        self.definitions += node.variable.name.value == self._variable
