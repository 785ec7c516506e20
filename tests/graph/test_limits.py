"""What a document may ask for: exactly so much passes, one more does not, and the refusal names the limit."""

from time import perf_counter
from typing import Any

import pytest

from graph import checks, cost, schema
from graph.checks import check
from graph.limits import COST, VALUES
from graph.remembered import Remembered
from tests.world import World

CLOSED, OPEN = schema.build(), schema.build(introspection=True)


def price(document: str, name: str | None = None, **variables: Any) -> int:
    return cost.price(CLOSED._schema, document, name).of(variables)


def faults(document: str, *, open_: bool = False) -> list[str]:
    return [each.message for each in check((OPEN if open_ else CLOSED)._schema, document, open_=open_)]


async def refused(world: World, document: str, **variables: Any) -> list[str]:
    return [each["message"] for each in (await world.ask(document, **variables)).get("errors", [])]


@pytest.mark.parametrize(
    ("document", "variables", "costs"),
    [
        ("{ viewer { name role } }", {}, 3),
        ("{ trips { nodes { id } } }", {}, 1 + 25 * 2),
        ("{ trips(first: 3) { nodes { id } } }", {}, 1 + 3 * 2),
        ("{ trips(last: 3) { totalCount nodes { id } } }", {}, 1 + 3 * 3),
        ("{ trips(first: 0) { nodes { id } } }", {}, 1),
        ("{ trips(first: -5) { nodes { id } } }", {}, 1),
        ("{ trips(first: 1000000) { nodes { id } } }", {}, 1 + 100 * 2),
        ("{ trips(first: null) { nodes { id } } }", {}, 1 + 25 * 2),
        ("{ trips(first: 2) { nodes { notifications(first: 5) { nodes { id } } } } }", {}, 1 + 2 * (2 + 5 * 2)),
        ("query($n: Int) { trips(first: $n) { nodes { id } } }", {}, 1 + 25 * 2),
        ("query($n: Int) { trips(first: $n) { nodes { id } } }", {"n": 4}, 1 + 4 * 2),
        ("query($n: Int = 7) { trips(first: $n) { nodes { id } } }", {}, 1 + 7 * 2),
        ("query($n: Int = 7) { trips(first: $n) { nodes { id } } }", {"n": 4}, 1 + 4 * 2),
        ("query($n: Int) { trips(first: $n) { nodes { id } } }", {"n": True}, 1 + 25 * 2),
        ("query($n: Int) { trips(first: $n) { nodes { id } } }", {"n": [[1]] * 3}, 1 + 25 * 2),
        ('{ nodes(ids: ["a", "b"]) { id } }', {}, 1 + 2),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 100}, 1 + 100),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {}, 1),
        ("{ agency { activity(from: 1, until: 2) { aeroapiByFlight { ident } } } }", {}, 3 + 10),
        ("{ agency { activity(from: 1, until: 2) { aeroapiByFlight(first: 30) { ident } } } }", {}, 3 + 30),
        ("mutation($in: ImportTripsInput!) { importTrips(input: $in) { results { trip { id } } } }", {"in": {"trips": [{}] * 9}}, 1 + 9 * 3),
        ("mutation($t: [CreateTripInput!]!) { importTrips(input: { trips: $t }) { created } }", {"t": [{}] * 9}, 1 + 9),
        ("subscription { events { cursor ... on TripCreated { trip { id } } } }", {}, 4),
        ("{ ...A ...A } fragment A on Query { viewer { name } }", {}, 2),
        ("{ ... { ...A } ... on Query { ...A } } fragment A on Query { viewer { name } }", {}, 4),
        ("{ __typename viewer { __typename } }", {}, 3),
    ],
)  # fmt: skip
def test_a_field_costs_one_as_often_as_it_may_be_answered(document: str, variables: dict[str, Any], costs: int) -> None:
    assert price(document, **variables) == costs


def test_fragments_of_fragments_are_priced_at_once() -> None:
    """Each is spread twice by the one before: 2^18 ways to walk."""
    last = 18
    fragments = [
        f"fragment F{n} on Trip {{ ...F{n + 1} ... {{ ...F{n + 1} }} ... {{ ...F{n + 1} }} }}" for n in range(last)
    ]
    document = f"{{ trips {{ nodes {{ ...F0 }} }} }} {' '.join(fragments)} fragment F{last} on Trip {{ id }}"
    began = perf_counter()
    assert price(document) == 1 + 25 * (1 + 3**last)
    assert perf_counter() - began < 0.5


async def test_an_operation_costs_at_most_fifty_thousand(world: World) -> None:
    assert COST == 50_000
    # 1 + 100 × (1 + 1 + 99 × (1 + 4) + 2) = 49,901, and 99 more.
    page = "trips(first: 100) { nodes { notifications(first: 99) { nodes { id type status body } } id reference } }"
    document = "{ " + page + " viewer { " + "name " * 98 + "%s } }"
    assert price(document % "") == 50_000
    assert await refused(world, document % "") == []
    answer = await world.ask(document % "role")
    assert "costs 50001, which is more than 50000" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"] == {"code": "TOO_COSTLY", "cost": 50_001, "limit": 50_000}
    variable = "query($n: Int!) { " + page.replace("100", "$n") + " viewer { " + "name " * 98 + "%s } }"
    assert await refused(world, variable % "", n=100) == []
    assert await refused(world, variable % "role", n=99) == []
    assert await refused(world, variable % "role", n=100) == [answer["errors"][0]["message"]]


async def test_a_page_of_a_hundred_trips_with_their_records_and_notifications_is_not_too_much(world: World) -> None:
    document = """
    { trips(first: 100) { pageInfo { hasNextPage endCursor } nodes {
        id reference status traveller { name phone } flight { ident departure { airport { code city } scheduledAt estimatedAt } }
        statusHistory { nodes { id phase gateOrigin recordedAt source } }
        notifications { nodes { id type status body dueAt reason deliveredAt readAt } }
    } } }
    """
    assert price(document) < COST
    assert await refused(world, document) == []


async def test_a_document_has_at_most_fifty_directives(world: World) -> None:
    def decorated(count: int) -> str:
        return "{ viewer { " + "name @include(if: true) " * count + "} }"

    assert await refused(world, decorated(50)) == []
    assert await refused(world, decorated(51)) == ["The document has more than 50 directives."]
    spread = "{ viewer { ...A " + "name @include(if: true) " * 30 + "} } fragment A on Viewer { %s }"
    assert faults(spread % ("name @skip(if: false) " * 20)) == []
    assert faults(spread % ("name @skip(if: false) " * 21)) == ["The document has more than 50 directives."]


async def test_a_document_has_at_most_four_hundred_fields_and_fragments(world: World) -> None:
    def wide(count: int) -> str:
        return "{ viewer { " + "name " * (count - 1) + "} }"

    assert await refused(world, wide(400)) == []
    assert await refused(world, wide(401)) == ["The document has more than 400 fields and fragments."]
    spread = "{ viewer { " + "...A " * 398 + "} } fragment A on Viewer { %s }"
    assert faults(spread % "name") == []
    assert faults(spread % "name role") == ["The document has more than 400 fields and fragments."]


@pytest.mark.parametrize(
    "document", ["{" + " viewer { name }" * 900 + " }", "{" + " trips { nodes { id } }" * 500 + " }"]
)
def test_what_takes_long_to_be_compared_is_refused_before_it_is(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """1.8 s of a process for each of these before there was a limit."""
    monkeypatch.setattr(checks, "validate", lambda *_, **__: pytest.fail("it was compared"))
    assert faults(document) == ["The document has more than 400 fields and fragments."]


async def test_a_document_has_at_most_64000_characters(world: World) -> None:
    def long(size: int) -> str:
        return "{ viewer { name } } #".ljust(size, "x")

    assert await refused(world, long(64_000)) == []
    assert await refused(world, long(64_001)) == ["A document has at most 64000 characters."]


DEEP = "... on Trip { notifications(%s) { nodes { trip { notifications(%s) { nodes { trip { notifications(%s) { nodes { id } } } } } } } } }"


@pytest.mark.parametrize("sizes", ["first: 100", "first: null, last: 100", "first: $page"])
async def test_no_way_to_say_it_makes_a_large_page_cheap(world: World, sizes: str) -> None:
    """A value alone is a list of one; null is no size; 100.0 is a hundred."""
    asked = '{ nodes(ids: "X") { ' + DEEP % (sizes, sizes, sizes) + " } }"
    document = "query($page: Int) " + asked if "$" in sizes else asked
    answer = await world.ask(document, **({"page": 100.0} if "$" in sizes else {}))
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["TOO_COSTLY"]


@pytest.mark.parametrize("document", ["{ a" * 1300, "{ nodes(ids: " + "[" * 2000, "{ nodes(ids: " + "{ a: " * 900])
def test_what_is_nested_without_end_is_refused_and_no_fault(document: str) -> None:
    assert [message for message in faults(document) if "nested" in message]


TWO = "query A { viewer { name } } query B { viewer { role } }"


async def test_one_of_several_operations_must_be_named(world: World) -> None:
    async def named(document: str, name: str | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {world.key}"}
        body = {"query": document, "operationName": name}
        answer: dict[str, Any] = (await world.http.post("/graphql", json=body, headers=headers)).json()
        return answer

    assert (await named(TWO, "A"))["data"] == {"viewer": {"name": "test"}}
    assert (await named(TWO, "B"))["data"] == {"viewer": {"role": "ADMIN"}}
    assert (await named("{ viewer { name } }", None))["data"] == {"viewer": {"name": "test"}}
    for document, name in ((TWO, None), (TWO, "C"), (TWO, ""), ("{ viewer { name } }", "A")):
        answer = await named(document, name)
        assert answer.keys() == {"errors"}, (document, name)
    assert "operationName" in (await named(TWO, None))["errors"][0]["message"]
    mixed = 'query A { viewer { name } } mutation B { archiveTrip(input: { tripId: "x" }) { trip { id } } }'
    assert (await named(mixed, None)).keys() == {"errors"}


SLIPS = {
    "a field": "{ viewer { nam } }",
    "an argument": "{ trips(frist: 5) { totalCount } }",
    "a type": "{ ... on Querry { viewer { name } } }",
    "a value": "{ trips(orderBy: { field: DEPARTUR, direction: ASC }) { totalCount } }",
    "an input": "{ trips(filter: { searc: null }) { totalCount } }",
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_helped_in_development_only(slip: str) -> None:
    assert [message for message in faults(SLIPS[slip], open_=True) if "Did you mean" in message]
    assert faults(SLIPS[slip])
    assert not [message for message in faults(SLIPS[slip]) if "Did you mean" in message]


async def test_a_slip_in_a_variable_is_not_helped_either(world: World) -> None:
    document = "query($o: TripOrder, $f: TripFilter) { trips(orderBy: $o, filter: $f) { totalCount } }"
    for variables in ({"o": {"field": "DEPARTUR", "direction": "ASC"}}, {"f": {"searc": "x"}}):
        messages = await refused(world, document, **variables)
        assert messages
        assert not [message for message in messages if "Did you mean" in message]


@pytest.mark.parametrize(("values", "passes"), [(VALUES - 2, True), (VALUES - 1, False)])
async def test_variables_hold_at_most_so_many_values(world: World, values: int, passes: bool) -> None:
    """The filter and its list are two more; they may lie as deep as they like."""
    document = "query($f: TripFilter) { trips(filter: $f) { totalCount } }"
    said = await refused(world, document, f={"status": ["LOST"] * values})
    assert said == ([] if passes else [f"The variables hold more than {VALUES} values."])


def test_what_is_remembered_of_documents_has_room_for_so_many_characters() -> None:
    remembered = Remembered[str, int](room=100)
    for number in range(10):
        assert remembered.keep(f"key {number}", number, 30) == number
    assert [remembered.get(f"key {number}") for number in range(6, 10)] == [None, 7, 8, 9]
    remembered.get("key 7")
    remembered.keep("key 10", 10, 30)
    assert [remembered.get(f"key {number}") for number in (7, 8)] == [7, None], "who was asked for last stays"
    remembered.keep("key 7", 70, 5)
    remembered.keep("key 11", 11, 30)
    assert [remembered.get(f"key {number}") for number in (7, 9, 10, 11)] == [70, 9, 10, 11]
    remembered.keep("longer than the room", 1, 101)
    assert len(remembered) == 0
