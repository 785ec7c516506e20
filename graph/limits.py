"""What a document may ask for, before anything runs. `server.limits` bounds who may ask, how often and for how long."""

from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

CHARACTERS = 64_000
"""Of a document. Comments and texts in it are no tokens of their own."""
TOKENS = 4000
"""Of a document. The parser stops there."""
SELECTIONS = 400
"""Fields and fragments of a document, as written. Validation compares each with each to see whether they can be merged: 4,000
tokens of them kept a process busy for 1.8 s, 400 for a quarter of a second at the most (measured)."""
DEPTH = 12
"""Levels of an operation."""
ALIASES = 30
"""Of an operation."""
DIRECTIVES = 50
"""Of a document."""
COST = 50_000
"""Fields that the answer may hold, counted by `graph.cost`: 100 trips, each with 25 records and 25 notifications, fit with room."""

VALUES = 20_000
"""In an operation's variables. Each is looked at alone: 120,000 kept a process busy for 0.4 s (measured); an import of 1,000 trips
has 15,000."""


class BoundedDocument(ValidationRule):
    """Refuses an operation nested too deeply, or with too many aliases or directives. Unknown and circular fragments end
    the descent: other rules speak of them."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._measured: dict[str, tuple[int, int]] = {}
        self._directives = 0

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Count; the first one too many is told."""
        self._directives += 1
        if self._directives == DIRECTIVES + 1:
            self.report_error(GraphQLError(f"The document has more than {DIRECTIVES} directives.", node))

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Measure one operation with its fragments."""
        depth, aliases = self._measure(node.selection_set)
        if depth > DEPTH:
            self.report_error(GraphQLError(f"The operation is nested deeper than {DEPTH} levels.", node))
        if aliases > ALIASES:
            self.report_error(GraphQLError(f"The operation has more than {ALIASES} aliases.", node))

    def _measure(self, selections: SelectionSetNode) -> tuple[int, int]:
        depth = aliases = 0
        for selection in selections.selections:
            below, more = self._measure_one(selection)
            depth, aliases = max(depth, below), aliases + more
        return depth, aliases

    def _measure_one(self, selection: Any) -> tuple[int, int]:
        if isinstance(selection, FieldNode):
            aliased = int(selection.alias is not None)
            if selection.selection_set is None:
                return 1, aliased
            depth, aliases = self._measure(selection.selection_set)
            return depth + 1, aliases + aliased
        if isinstance(selection, InlineFragmentNode):
            return self._measure(selection.selection_set)
        assert isinstance(selection, FragmentSpreadNode)
        return self._measure_fragment(selection.name.value)

    def _measure_fragment(self, name: str) -> tuple[int, int]:
        """Each fragment is measured once, however often it is spread: else fragments of fragments double the work."""
        if name not in self._measured:
            fragment = self.context.get_fragment(name)
            # A circle meets this while it is being measured.
            self._measured[name] = (0, 0)
            if fragment is not None:
                self._measured[name] = self._measure(fragment.selection_set)
        return self._measured[name]
