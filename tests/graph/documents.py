"""Documents made at random from the schema: valid, with aliases, fragments, directives and variables."""

from random import Random
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
)

PLAIN = ["", "(first: 2)", "(first: 3)", "(first: $few)", "(first: 0)"]
ARGUMENTS = {
    "statusHistory": [*PLAIN * 3, "(last: 2)", "(first: 101)"],
    "notifications": [*PLAIN * 3, "(last: 1)", "(filter: {status: [SENT]})", "(first: -1)"],
}
VARIABLES = ("$few: Int", "$yes: Boolean!", "$no: Boolean!")
UNCOMMON = {"causedBy", "trip"}
"""Now and then only: they go the ordinary way."""


class Maker:
    """One document."""

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self._schema = schema
        self._random = random
        self._fragments: list[str] = []

    def document(self) -> str:
        """A query for a page of trips."""
        trip = self._object("Trip")
        nodes = f"nodes {self.selection(trip, 4)}"
        if self._random.random() < 0.3:
            nodes += f" again: nodes {self.selection(trip, 3)}"
        if self._random.random() < 0.3:
            nodes += f" edges {{ cursor node {self.selection(trip, 3)} }}"
        if self._random.random() < 0.5:
            nodes += " pageInfo { hasNextPage endCursor } totalCount"
        body = "\n".join([f"{{ trips(first: 50) {{ {nodes} }} }}", *self._fragments])
        used = [variable for variable in VARIABLES if variable.split(":")[0] in body]
        return f"query({', '.join(used)}) {body}" if used else body

    def selection(self, type_: GraphQLObjectType, depth: int) -> str:
        """Some of its fields, in some order."""
        names = list(type_.fields)
        chosen = self._random.sample(names, self._random.randint(1, min(len(names), 8)))
        parts = [part for name in chosen if (part := self._field(type_, name, depth))]
        if self._random.random() < 0.2 or not parts:
            parts.append("__typename")
        inside = " ".join(parts)
        shape = self._random.random()
        if shape < 0.1:
            return f"{{ ... on {type_.name} {{ {inside} }} __typename }}"
        if shape < 0.2:
            name = f"F{len(self._fragments)}"
            self._fragments.append(f"fragment {name} on {type_.name} {{ {inside} }}")
            return f"{{ ...{name} ... @include(if: $no) {{ __typename }} }}" if shape < 0.12 else f"{{ ...{name} }}"
        return f"{{ {inside} }}"

    def _field(self, type_: GraphQLObjectType, name: str, depth: int) -> str:
        if name in UNCOMMON and self._random.random() < 0.9:
            return ""
        below: Any = get_named_type(type_.fields[name].type)
        text = f"{self._alias(name)}{name}{self._random.choice(ARGUMENTS.get(name, ['']))}{self._directive()}"
        if not is_composite_type(below):
            return text
        if depth == 0:
            return ""
        if isinstance(below, GraphQLInterfaceType):
            return f"{text} {{ id }}"
        return f"{text} {self.selection(below, depth - 1)}"

    def _alias(self, name: str) -> str:
        # Arguments of one name must agree, so fields with arguments always get a name of their own.
        if name in ARGUMENTS or self._random.random() < 0.15:
            return f"a{self._random.randrange(10**6)}: "
        return ""

    def _directive(self) -> str:
        return self._random.choice(["", "", "", "", "", " @include(if: $yes)", " @skip(if: $no)", " @include(if: $no)"])

    def _object(self, name: str) -> GraphQLObjectType:
        found = self._schema.type_map[name]
        assert isinstance(found, GraphQLObjectType)
        return found
