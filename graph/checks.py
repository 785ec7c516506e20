"""What every operation passes before it runs, over whatever it came: it is read, validated, chosen and priced, and remembered."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError, GraphQLSchema, NoSchemaIntrospectionCustomRule, specified_rules, validate
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graph import cost, documents
from graph.limits import VALUES, BoundedDocument
from graph.remembered import Remembered

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule, BoundedDocument)


_FAULTS: Remembered[tuple[GraphQLSchema, str, bool], tuple[GraphQLError, ...]] = Remembered()


def faults(schema: GraphQLSchema, query: str, *, open_: bool) -> tuple[GraphQLError, ...]:
    """What is wrong with a document that could be read. An open schema may be asked what it holds, and suggests."""
    key = schema, query, open_
    known = _FAULTS.get(key)
    return known if known is not None else _FAULTS.keep(key, _faults(schema, query, open_=open_), len(query))


def _faults(schema: GraphQLSchema, query: str, *, open_: bool) -> tuple[GraphQLError, ...]:
    rules = RULES if open_ else (*RULES, NoSchemaIntrospectionCustomRule)
    return tuple(validate(schema, documents.read(query), rules, hide_suggestions=not open_))


def check(schema: GraphQLSchema, query: str, *, open_: bool) -> list[GraphQLError]:
    """All that is wrong with a document, whichever of its operations is to be run."""
    try:
        documents.read(query)
    except GraphQLError as unreadable:
        return [unreadable]
    return list(faults(schema, query, open_=open_))


def is_bounded(variables: Any) -> bool:
    """Whether variables hold no more values than may be looked at one by one."""
    found, coming = 0, [variables]
    while coming:
        value = coming.pop()
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        found += len(inner)
        if found > VALUES:
            return False
        coming.extend(inner)
    return True


class Checks(SchemaExtension):
    """Stands in for Strawberry's own caches, limiter and rules, which look the whole document up again and again."""

    open_ = False

    def on_parse(self) -> Iterator[None]:
        """Read the document."""
        context = self.execution_context
        context.graphql_document = documents.read(context.query or "")
        yield

    def on_validate(self) -> Iterator[None]:
        """Say what is wrong with it."""
        context = self.execution_context
        # An error is looked up again with each request, and Strawberry writes into the list.
        context.pre_execution_errors = [
            *faults(context.schema._schema, context.query or "", open_=self.open_)
        ] or self._refused()
        yield

    def _refused(self) -> list[GraphQLError]:
        context = self.execution_context
        assert context.graphql_document is not None, "it was read"
        name = context._provided_operation_name
        try:
            documents.chosen(context.graphql_document, name)
        except GraphQLError as open_question:
            return [open_question]
        if not is_bounded(context.variables):
            return [GraphQLError(f"The variables hold more than {VALUES} values.", extensions={"code": "TOO_COSTLY"})]
        schema = context.schema._schema
        costs = cost.too_costly(schema, context.query or "", name, context.variables)
        return [cost.refusal(costs)] if costs is not None else []


class OpenChecks(Checks):
    """In development."""

    open_ = True
