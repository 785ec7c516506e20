"""A selection on trips, compiled to one statement.

Row by row PostgreSQL builds the JSON; what only Python knows (airports, designators of airlines) it leaves as marks, texts
that no user can have written, since they hold a secret of this process.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLObjectType, get_named_type
from graphql.execution.executor import Executor
from graphql.execution.values import get_argument_values

from graph.direct import columns
from graph.direct.columns import Expressions, Rows, plain
from graph.paging import PagingError, window
from travel import airlines, airports

SECRET = secrets.token_hex(8)
_MARK = re.compile(rf'"{SECRET}(\d+:[^"]*)"'.encode())
REMEMBERED = 500

Fields = Sequence[Any]
"""The places of one response name in a document, as graphql-core collects them."""


class NotPlainError(Exception):
    """The selection asks for something that goes the ordinary way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A statement with a row of JSON for each trip, and what completes the marks in it."""

    sql: str
    marks: tuple[Callable[[str], bytes], ...]
    reads_flight: bool
    known: dict[bytes, bytes] = field(default_factory=dict)
    """What marks were completed to; airports do not change while a process lives."""

    def complete(self, json: bytes) -> bytes:
        """The JSON with its marks completed."""
        if not self.marks:
            return json
        pieces = _MARK.split(json)
        pieces[1::2] = [self.known.get(mark) or self._known(mark) for mark in pieces[1::2]]
        return b"".join(pieces)

    def _known(self, mark: bytes) -> bytes:
        number, _, given = mark.decode().partition(":")
        if len(self.known) >= REMEMBERED:
            self.known.clear()
        self.known[mark] = self.marks[int(number)](given)
        return self.known[mark]


def compiled(executor: Executor[Any], fields: Fields) -> Plan:
    """The plan for a list of trips that was asked for by these fields; raises NotPlainError."""
    compiler = _Compiler(executor)
    trip = executor.schema.type_map["Trip"]
    assert isinstance(trip, GraphQLObjectType)
    node = compiler.trip(trip, fields)
    sql = f"""
        SELECT t.id, convert_to({node}, 'UTF8') AS node,
          (SELECT true FROM flight_status_history h WHERE h.trip_id = t.id AND h.flight_id = t.flight_id LIMIT 1) AS by_hand
        FROM trips t JOIN flights f ON f.id = t.flight_id
        WHERE t.agency_id = :agency AND t.id = ANY(:trips)
    """  # noqa: S608
    return Plan(sql=sql, marks=tuple(compiler.marks), reads_flight=compiler.reads_flight)


@dataclass
class _Compiler:
    executor: Executor[Any]
    marks: list[Callable[[str], bytes]] = field(default_factory=list)
    reads_flight: bool = False

    def trip(self, type_: GraphQLObjectType, fields: Fields) -> str:
        return self._row(
            type_,
            fields,
            columns.TRIP,
            {
                "traveller": lambda below, asked: self._row(below, asked, columns.TRAVELLER, {}),
                "flight": self._flight,
                "told": self._told,
                "statusHistory": lambda below, asked: self._connection(below, asked, columns.HISTORY, self._record),
                "latestStatus": self._latest,
                "notifications": lambda below, asked: self._connection(
                    below, asked, columns.MESSAGES, self._notification
                ),
            },
        )

    def _flight(self, type_: GraphQLObjectType, fields: Fields) -> str:
        self.reads_flight = True
        ident_iata = f"coalesce(CAST(to_json(nullif(f.ident_iata, '')) AS text), {self._mark(_designated, 'f.ident')})"
        return self._row(
            type_,
            fields,
            {**columns.FLIGHT, "identIata": ident_iata},
            {
                "departure": lambda below, asked: self._end(below, asked, columns.DEPARTURE, "f.origin"),
                "arrival": lambda below, asked: self._end(
                    below, asked, columns.ARRIVAL, "coalesce(nullif(f.diverted_to, ''), f.destination)"
                ),
            },
        )

    def _end(self, type_: GraphQLObjectType, fields: Fields, known: Expressions, airport: str) -> str:
        return self._row(type_, fields, known, {"airport": lambda below, asked: self._airport(below, asked, airport)})

    def _airport(self, type_: GraphQLObjectType, fields: Fields, code: str) -> str:
        names = [(name, asked[0].node.name.value) for name, asked in self._below(type_, fields).items()]

        def complete(code: str) -> bytes:
            found = airports.find(code)
            known = {
                "code": found.shown if found else code,
                "icao": found.code if found else code,
                "name": found.name if found else code,
                "city": found.city if found else code,
                "timezone": found.timezone if found else "UTC",
                "__typename": type_.name,
            }
            return orjson.dumps({name: known[asked] for name, asked in names})

        return self._mark(complete, code)

    def _told(self, type_: GraphQLObjectType, fields: Fields) -> str:
        return f"(SELECT {self._row(type_, fields, columns.TOLD, {})} FROM {columns.TOLD_SOURCE})"  # noqa: S608

    def _record(self, type_: GraphQLObjectType, fields: Fields) -> str:
        return self._row(type_, fields, columns.RECORD, {"changes": self._changes})

    def _changes(self, type_: GraphQLObjectType, fields: Fields) -> str:
        row = self._row(type_, fields, columns.CHANGE, {})
        several = _array(columns.CHANGES, row.replace("{change}", columns.A_CHANGE))
        one = row.replace("{change}", columns.THE_CHANGE)
        # Most records hold one change; unrolling it costs half of a row of its own.
        return f"CASE jsonb_array_length({columns.ALL_CHANGES}) WHEN 1 THEN '[' || {one} || ']' ELSE {several} END"

    def _notification(self, type_: GraphQLObjectType, fields: Fields) -> str:
        return self._row(type_, fields, columns.NOTIFICATION, {"attempts": self._attempts})

    def _attempts(self, type_: GraphQLObjectType, fields: Fields) -> str:
        return _array(columns.TRIES, self._row(type_, fields, columns.ATTEMPT, {}))

    def _latest(self, type_: GraphQLObjectType, fields: Fields) -> str:
        rows = columns.HISTORY
        newest = f"SELECT {self._record(type_, fields)} FROM {rows.source} ORDER BY {rows.order} LIMIT 1"  # noqa: S608
        return f"coalesce(({newest}), 'null')"

    def _connection(
        self, type_: GraphQLObjectType, fields: Fields, rows: Rows, node: Callable[[GraphQLObjectType, Fields], str]
    ) -> str:
        limit = self._limit(fields)
        place = columns.place(rows.of)

        def nodes(below: GraphQLObjectType, asked: Fields) -> str:
            return _array(rows, node(below, asked), limit)

        def edges(below: GraphQLObjectType, asked: Fields) -> str:
            return _array(rows, self._row(below, asked, {"cursor": place}, {"node": node}), limit)

        def page_info(below: GraphQLObjectType, asked: Fields) -> str:
            page = f"SELECT {place} AS place FROM {rows.source} ORDER BY {rows.order} LIMIT {limit}"  # noqa: S608
            known = {
                "hasNextPage": plain(f"EXISTS (SELECT FROM {rows.source} OFFSET {limit})"),
                "hasPreviousPage": "'false'",
                "startCursor": f"coalesce((SELECT p.place FROM ({page}) p LIMIT 1), 'null')",  # noqa: S608
                "endCursor": f"coalesce((SELECT (array_agg(p.place))[count(*)] FROM ({page}) p), 'null')",  # noqa: S608
            }
            return self._row(below, asked, known, {})

        total = plain(f"(SELECT count(*) FROM {rows.source})")  # noqa: S608
        return self._row(type_, fields, {"totalCount": total}, {"nodes": nodes, "edges": edges, "pageInfo": page_info})

    def _limit(self, fields: Fields) -> int:
        """How many rows a page has; only pages from the start are plain."""
        details = fields[0]
        trip = self.executor.schema.type_map["Trip"]
        assert isinstance(trip, GraphQLObjectType)
        definition = trip.fields[details.node.name.value]
        given = get_argument_values(
            definition, details.node, self.executor.variable_values, details.fragment_variable_values
        )
        if any(given.get(name) is not None for name in ("after", "last", "before", "filter")):
            raise NotPlainError
        try:
            return window(given.get("first"), None, None, None).limit
        except PagingError as refused:
            raise NotPlainError from refused

    def _row(
        self,
        type_: GraphQLObjectType,
        fields: Fields,
        known: Expressions,
        below: Mapping[str, Callable[[GraphQLObjectType, Fields], str]],
    ) -> str:
        """An object, with the names and in the order of the document."""
        parts: list[str] = []
        for name, asked in self._below(type_, fields).items():
            field_name = asked[0].node.name.value
            if field_name == "__typename":
                expression = f"'\"{type_.name}\"'"
            elif field_name in known:
                expression = known[field_name]
            elif field_name in below:
                inner = get_named_type(type_.fields[field_name].type)
                assert isinstance(inner, GraphQLObjectType)
                expression = below[field_name](inner, asked)
            else:
                raise NotPlainError
            parts.append(f"'{'{' if not parts else ','}\"{name}\":' || {expression}")
        return f"({' || '.join(parts)} || '}}')"

    def _below(self, type_: GraphQLObjectType, fields: Fields) -> Mapping[str, Fields]:
        collected = self.executor.collect_subfields(type_, fields)  # type: ignore[arg-type]
        found = collected.grouped_field_set
        if collected.new_defer_usages or not found:
            raise NotPlainError
        return found

    def _mark(self, complete: Callable[[str], bytes], value: str) -> str:
        self.marks.append(complete)
        return f"'\"{SECRET}{len(self.marks) - 1}:' || {value} || '\"'"


def _array(rows: Rows, row: str, limit: int | None = None) -> str:
    bound = "" if limit is None else f" LIMIT {limit}"
    each = f"SELECT {row} FROM {rows.source} ORDER BY {rows.order}{bound}"  # noqa: S608
    return f"'[' || array_to_string(ARRAY({each}), ',') || ']'"


def _designated(ident: str) -> bytes:
    return orjson.dumps(airlines.iata(ident))
