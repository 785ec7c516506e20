"""The types of what the portal asks and is answered, made from schema.graphql and its documents: `python -m tests.portal.typed`.

They are a file, so that an editor knows them without a build; a test compares the file with what is made here.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    build_schema,
    get_named_type,
    parse,
    type_from_ast,
)

from tests.incidents import ROOT

PAGES = ROOT / "server" / "portal" / "pages"
TYPES = ROOT / "server" / "portal" / "api.d.ts"
NUMBERS = ("Int", "Float")


def schema() -> GraphQLSchema:
    """As every client of the API sees it."""
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))


def documents() -> dict[Path, DocumentNode]:
    """Everything that the portal asks."""
    files = sorted((PAGES / "documents").glob("*.graphql"))
    return {path: parse(path.read_text(encoding="utf-8"), no_location=True) for path in files}


class Types:
    """The declarations of one schema and the documents over it."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.inputs: dict[str, GraphQLInputObjectType] = {}

    def given(self, type_: object) -> str:
        """An argument's type."""
        if isinstance(type_, GraphQLNonNull):
            return self._given(type_.of_type)
        return f"{self._given(type_)} | null"

    def _given(self, type_: object) -> str:
        if isinstance(type_, GraphQLList):
            return f"({self.given(type_.of_type)})[]"
        named = get_named_type(type_)  # type: ignore[call-overload]
        if isinstance(named, GraphQLInputObjectType):
            self.inputs[named.name] = named
        return self._name(named)

    def _name(self, named: object) -> str:
        if isinstance(named, GraphQLEnumType | GraphQLInputObjectType):
            return named.name
        name = str(named)
        return "number" if name in NUMBERS else "boolean" if name == "Boolean" else "string"

    def answered(self, type_: object, selected: SelectionSetNode | None) -> str:
        """A field's type."""
        if isinstance(type_, GraphQLNonNull):
            return self._answered(type_.of_type, selected)
        return f"{self._answered(type_, selected)} | null"

    def _answered(self, type_: object, selected: SelectionSetNode | None) -> str:
        if isinstance(type_, GraphQLList):
            return f"({self.answered(type_.of_type, selected)})[]"
        if selected is None:
            return self._name(type_)
        return self.selection(type_, selected)

    def selection(self, type_: object, selected: SelectionSetNode) -> str:
        """What is selected of an object; of an interface, any of the objects that it may be."""
        if isinstance(type_, GraphQLInterfaceType):
            return " | ".join(self._of(each, selected) for each in self.schema.get_possible_types(type_))
        assert isinstance(type_, GraphQLObjectType)
        return self._of(type_, selected)

    def _of(self, type_: GraphQLObjectType, selected: SelectionSetNode) -> str:
        spreads, fields = [], []
        for node in self._flat(type_, selected):
            if isinstance(node, FragmentSpreadNode):
                spreads.append(node.name.value)
                continue
            name = node.name.value
            key = node.alias.value if node.alias else name
            if name == "__typename":
                fields.append(f'{key}: "{type_.name}"')
            else:
                fields.append(f"{key}: {self.answered(type_.fields[name].type, node.selection_set)}")
        own = ["{ " + "; ".join(fields) + " }"] if fields else []
        return " & ".join([*spreads, *own])

    def _flat(self, type_: GraphQLObjectType, selected: SelectionSetNode) -> Iterator[FieldNode | FragmentSpreadNode]:
        for node in selected.selections:
            if isinstance(node, InlineFragmentNode):
                on = node.type_condition.name.value if node.type_condition else type_.name
                if on == type_.name or on in {each.name for each in type_.interfaces}:
                    yield from self._flat(type_, node.selection_set)
            elif isinstance(node, FieldNode | FragmentSpreadNode):
                yield node


def declarations() -> str:
    """The whole file."""
    types = Types(schema())
    lines: dict[str, str] = {}
    operations = []
    for document in documents().values():
        for node in document.definitions:
            if isinstance(node, FragmentDefinitionNode):
                on = types.schema.type_map[node.type_condition.name.value]
                text = types.selection(on, node.selection_set)
                # The same fragment stands in every document that needs it, since each is trusted as a whole.
                assert lines.setdefault(node.name.value, text) == text, f"two fragments are named {node.name.value}"
            if isinstance(node, OperationDefinitionNode):
                assert node.name is not None, "an operation has a name"
                name, root = node.name.value, types.schema.get_root_type(node.operation)
                assert name not in lines, f"{name} is taken"
                lines[name] = types.selection(root, node.selection_set)
                variables = [_variable(types, each) for each in node.variable_definitions or ()]
                operations.append(f"    {name}: {{ data: {name}; variables: {{ {'; '.join(variables)} }} }};")
    text = [f"  type {name} = {type_};" for name, type_ in lines.items()]
    return "\n".join(
        [
            "// Made by `python -m tests.portal.typed` from schema.graphql and the documents of the portal.",
            "declare namespace Api {",
            "  interface Operations {",
            *operations,
            "  }",
            *text,
            *_inputs(types),
            *_enums(types.schema),
            "}\n",
        ]
    )


def _variable(types: Types, node: object) -> str:
    type_ = type_from_ast(types.schema, node.type)  # type: ignore[attr-defined]
    optional = "" if isinstance(type_, GraphQLNonNull) and node.default_value is None else "?"  # type: ignore[attr-defined]
    return f"{node.variable.name.value}{optional}: {types.given(type_)}"  # type: ignore[attr-defined]


def _inputs(types: Types) -> list[str]:
    done: dict[str, str] = {}
    while missing := sorted(types.inputs.keys() - done.keys()):
        for name in missing:
            fields = []
            for key, field in types.inputs[name].fields.items():
                optional = "" if isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined else "?"
                fields.append(f"{key}{optional}: {types.given(field.type)}")
            done[name] = f"  type {name} = {{ {'; '.join(fields)} }};"
    return [done[name] for name in sorted(done)]


def _enums(schema: GraphQLSchema) -> list[str]:
    found = [each for each in schema.type_map.values() if isinstance(each, GraphQLEnumType) and each.name[:2] != "__"]
    return [f"  type {each.name} = {' | '.join(repr_(name) for name in each.values)};" for each in found]


def repr_(name: str) -> str:
    """A text of TypeScript."""
    return f'"{name}"'


if __name__ == "__main__":
    TYPES.write_text(declarations(), encoding="utf-8")
    sys.stdout.write(f"{TYPES.relative_to(ROOT)}\n")
