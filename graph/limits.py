"""What a document may ask for: bounded in depth and size before anything runs."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationRule,
)

DEPTH = 12
TOKENS = 4000
ALIASES = 30


class BoundedDocument(ValidationRule):
    """Refuses an operation nested too deeply, or with too many aliases. Unknown and circular fragments end the descent:
    other rules speak of them."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Measure one operation with its fragments."""
        depth, aliases = self._measure(node.selection_set, frozenset())
        if depth > DEPTH:
            self.report_error(GraphQLError(f"The operation is nested deeper than {DEPTH} levels.", node))
        if aliases > ALIASES:
            self.report_error(GraphQLError(f"The operation has more than {ALIASES} aliases.", node))

    def _measure(self, selections: SelectionSetNode, inside: frozenset[str]) -> tuple[int, int]:
        depth = aliases = 0
        for selection in selections.selections:
            below, more = self._measure_one(selection, inside)
            depth, aliases = max(depth, below), aliases + more
        return depth, aliases

    def _measure_one(self, selection: Any, inside: frozenset[str]) -> tuple[int, int]:
        if isinstance(selection, FieldNode):
            aliased = int(selection.alias is not None)
            if selection.selection_set is None:
                return 1, aliased
            depth, aliases = self._measure(selection.selection_set, inside)
            return depth + 1, aliases + aliased
        if isinstance(selection, InlineFragmentNode):
            return self._measure(selection.selection_set, inside)
        assert isinstance(selection, FragmentSpreadNode)
        name = selection.name.value
        fragment = self.context.get_fragment(name)
        if fragment is None or name in inside:
            return 0, 0
        return self._measure(fragment.selection_set, inside | {name})
