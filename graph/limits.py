"""What a document may ask for: bounded in depth and size before anything runs."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

DEPTH = 12
TOKENS = 4000
ALIASES = 30


class BoundedDocument(ValidationRule):
    """Refuses an operation nested too deeply, or with too many aliases. Unknown and circular fragments end the descent:
    other rules speak of them."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._measured: dict[str, tuple[int, int]] = {}

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
