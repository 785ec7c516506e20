"""Documents as they come: parsed once, however often they are sent."""

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    parse,
    visit,
)

from graph.limits import CHARACTERS, SELECTIONS, TOKENS
from graph.remembered import Remembered

_DOCUMENTS: Remembered[str, DocumentNode] = Remembered()
_POSITIONS: Remembered[tuple[str, str | None], tuple[str | None]] = Remembered()


def read(query: str) -> DocumentNode:
    """The document of a text; raises GraphQLError for what is none, or too large to be validated in reasonable time."""
    if len(query) > CHARACTERS:
        raise GraphQLError(f"A document has at most {CHARACTERS} characters.")
    return _DOCUMENTS.get(query) or _DOCUMENTS.keep(query, _read(query), len(query))


def _read(query: str) -> DocumentNode:
    document = parse(query, max_tokens=TOKENS)
    counted = _Selections()
    visit(document, counted)
    if counted.found > SELECTIONS:
        raise GraphQLError(f"The document has more than {SELECTIONS} fields and fragments.")
    return document


def parsed(query: str) -> DocumentNode | None:
    """The document; None for what is none, of which the execution itself will speak."""
    try:
        return read(query)
    except GraphQLError:
        return None


def chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation that is to be run; raises GraphQLError where the name leaves it open, or there is none of that name."""
    operation = operation_of(document, name)
    if operation is not None:
        return operation
    if name is not None:
        raise GraphQLError(f"The document has no operation {name[:100]!r}, or several.")
    raise GraphQLError("The document has several operations, or none: `operationName` must name one of them.")


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    """The operation that is to be run; None where the name leaves it open."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    named = [each for each in operations if name is None or (each.name is not None and each.name.value == name)]
    return named[0] if len(named) == 1 else None


def is_subscription(operation: OperationDefinitionNode | None) -> bool:
    """Whether it opens a stream."""
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


def position_variable(query: str, name: str | None) -> str | None:
    """The variable that holds the cursor to begin after, if that is all it is used for."""
    (found,) = _POSITIONS.get((query, name)) or _POSITIONS.keep((query, name), (_position(query, name),), len(query))
    return found


def _position(query: str, name: str | None) -> str | None:
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


class _Selections(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = 0

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> None:
        self.found += len(node.selections)


class _Count(Visitor):
    def __init__(self, variable: str) -> None:
        super().__init__()
        self._variable = variable
        self.uses = self.definitions = 0

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.uses += node.name.value == self._variable

    def enter_variable_definition(self, node: Any, *_: Any) -> None:
        self.definitions += node.variable.name.value == self._variable
