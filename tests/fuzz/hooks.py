"""What schemathesis is told of this API, and what it asks of every answer beyond its own checks; loaded in its process."""

import json
import re
from typing import Any

import schemathesis
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLResolveInfo,
    NameNode,
    SelectionSetNode,
    Visitor,
    build_schema,
    execute_sync,
    parse,
    validate,
    visit,
)
from hypothesis import strategies as st
from schemathesis.graphql import nodes, scalar

from tests.incidents import ROOT

SCHEMA = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
SHAPES = {
    "Date": r"\d{4}-\d\d-\d\d",
    "DateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "LocalTime": r"([01]\d|2[0-3]):[0-5]\d",
    "PhoneNumber": r"\+[1-9]\d{6,14}",
}
"""What the scalars of our own look like in an answer."""

scalar("LocalTime", st.times().map(lambda time: nodes.String(time.strftime("%H:%M"))))
scalar("PhoneNumber", st.from_regex(r"\+5491155550[0-9]{3}", fullmatch=True).map(nodes.String))


def _shaped(name: str) -> Any:
    def coerce(value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(SHAPES[name], value):
            raise ValueError(f"{value!r} is no {name}.")
        return value

    return coerce


for each in SHAPES:
    SCHEMA.type_map[each].coerce_output_value = _shaped(each)  # type: ignore[attr-defined]


class Plain(Visitor):
    """Has every object say what it is, and asks for pages that there can be: chance knows no cursors, and gives `first` and `last`."""

    def leave_field(self, node: FieldNode, *_: Any) -> FieldNode:
        names = {argument.name.value for argument in node.arguments}
        if "first" not in names:
            return node
        kept = [each for each in node.arguments if each.name.value not in ("last", "after", "before")]
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=tuple(kept),
            directives=node.directives,
            selection_set=node.selection_set,
        )

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        return SelectionSetNode(selections=(*node.selections, FieldNode(name=NameNode(value="__typename"))))


@schemathesis.hook
def map_body(context: Any, body: DocumentNode) -> DocumentNode:
    """What is invalid stays as it is: it could become valid."""
    return body if validate(SCHEMA, body) else visit(body, Plain())


@schemathesis.check
def answer_fits_the_schema(ctx: Any, response: Any, case: Any) -> None:
    """Executed over an answer, its document gives this answer again: no field more, less, null or of another type."""
    answer = response.json()
    assert set(answer) <= {"data", "errors", "extensions"}, sorted(answer)
    assert all(isinstance(error["message"], str) for error in answer.get("errors", [])), answer["errors"]
    if answer.get("data") is None:
        assert answer.get("errors"), "An answer without data says why."
        return
    again = execute_sync(
        SCHEMA,
        parse(case.body),
        answer["data"],
        field_resolver=_said,
        type_resolver=lambda value, *_: value["__typename"],
    )
    assert not again.errors, again.errors
    assert json.dumps(again.data) == json.dumps(answer["data"])


def _said(source: Any, info: GraphQLResolveInfo, **_: Any) -> Any:
    return source[info.path.key]
