"""What an agency can ask: its own data only, page by page without a hole, and as many round trips for a hundred trips as for one."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.graph.test_mutations import force, global_id, id_of, key_of, order, text
from tests.world import World
from travel.database import Database, Transaction
from travel.model import Role, Trip

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
PAGE = """
query($first: Int, $after: String, $last: Int, $before: String, $filter: TripFilter, $orderBy: TripOrder) {
  trips(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    edges { cursor node { id } } nodes { id reference status } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


def phone(number: int) -> str:
    return f"+549115556{number:04d}"


async def book(world: World, number: int, **given: Any) -> Trip:
    return await world.book(phone=phone(number), reference=f"R-{number}", **given)


async def trips(world: World, **given: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await world.data(PAGE, **given))["trips"]
    assert [each["node"]["id"] for each in page["edges"]] == [each["id"] for each in page["nodes"]]
    return page


async def references(world: World, **filter_: Any) -> list[str]:
    page = await trips(world, filter=filter_)
    assert page["totalCount"] == len(page["nodes"])
    return [each["reference"] for each in page["nodes"]]


async def test_the_viewer_and_its_agency(world: World) -> None:
    asked = "{ viewer { name role expiresAt agency { id name country status } } agency { id email settings { version maxRetryAttempts } } }"
    data = await world.data(asked)
    agency = data["viewer"]["agency"]
    assert data["viewer"] == {"name": "test", "role": "ADMIN", "expiresAt": None, "agency": agency}
    assert (agency["name"], agency["country"], agency["status"]) == ("Norte Viajes", "AR", "ACTIVE")
    assert data["agency"] == {
        "id": agency["id"],
        "email": "hola@agency.example",
        "settings": {"version": 1, "maxRetryAttempts": 3},
    }
    keys = "{ agency { apiKeys { name } messageTemplates { type language } } }"
    seen = (await world.data(keys))["agency"]
    assert seen["apiKeys"] == [{"name": "test"}]
    assert len(seen["messageTemplates"]) == 33
    agent = await key_of(world, Role.AGENT)
    assert (await world.data(keys, agent))["agency"]["apiKeys"] == []


async def test_a_node_is_found_by_its_id_and_others_by_nobody(world: World) -> None:
    other, _ = await world.another_agency()
    trip, theirs = await world.book(), await world.book("AR1305", agency_id=other.id)
    own = {
        "Trip": trip.id, "Flight": trip.id, "Agency": world.agency.id, "Notification": (await world.decided(trip))[0].id,
    }  # fmt: skip
    foreign = {
        "Trip": theirs.id, "Flight": theirs.id, "Agency": other.id, "Notification": (await world.decided(theirs))[0].id,
    }  # fmt: skip
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    ids = [global_id(*each) for each in own.items()]
    found = (await world.data(document, ids=ids))["nodes"]
    assert found == [{"__typename": name, "id": global_id(name, id_)} for name, id_ in own.items()]
    nothing = [global_id(*each) for each in foreign.items()]
    nothing += [
        global_id("Trip", uuid4()),
        global_id("Query", trip.id),
        "",
        "x",
        "é😀",
        "====",
        "\x00",
        "x" * 10_000,
        str(trip.id),
    ]
    assert (await world.data(document, ids=nothing))["nodes"] == [None] * len(nothing)
    for id_ in nothing:
        single = "query($id: ID!) { node(id: $id) { id } trip(id: $id) { id } notification(id: $id) { id } }"
        assert await world.data(single, id=id_) == {"node": None, "trip": None, "notification": None}


async def test_more_than_a_hundred_nodes_are_refused_rather_than_forgotten(world: World) -> None:
    answer = await world.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 101)
    assert "errors" in answer or len(answer["data"]["nodes"]) == 101


async def test_every_filter_finds_what_it_names(world: World) -> None:
    now = world.clock.now()
    await world.book("AR1303", name="Ana Pérez", phone=phone(1), reference="R-1", departure=now + 2 * DAY)
    await world.book(
        "AA900",
        name="Bea_Díaz 100%",
        phone=phone(2),
        reference="R-2",
        departure=now + 3 * DAY,
        origin="JFK",
        destination="MAD",
    )
    gone = await world.book("AR1305", name="Carla", phone=phone(3), reference="R-3", departure=now + 2 * HOUR)
    await world.book("AR1307", name="Dora", phone=phone(4), reference="R-4", departure=now + 4 * DAY)
    await order(world, "archiveTrip", tripId=id_of(await book(world, 5, departure=now + 5 * DAY)))
    assert await references(world) == ["R-3", "R-1", "R-2", "R-4"]
    assert await references(world, includeArchived=True) == ["R-3", "R-1", "R-2", "R-4", "R-5"]
    for search, found in {
        "pérez": ["R-1"], "_": ["R-2"], "%": ["R-2"], "\\": [], phone(2): ["R-2"], "r-3": ["R-3"], "AR1303": ["R-1"], "ARG1303": ["R-1"],
        "aal900": ["R-2"], "nobody": [], "": ["R-3", "R-1", "R-2", "R-4"], "x" * 10_000: [],
    }.items():  # fmt: skip
        assert await references(world, search=search) == found, search
    assert await references(world, flight="AA 900") == ["R-2"]
    assert await references(world, flight="nonsense") == []
    assert await references(world, origin="jfk") == await references(world, destination="LEMD") == ["R-2"]
    assert await references(world, origin="XXX") == []
    assert await references(world, departureFrom=text(now + 2 * DAY), departureUntil=text(now + 4 * DAY)) == [
        "R-1",
        "R-2",
    ]
    assert await references(world, status=["DEPARTING"]) == ["R-3"]
    assert await references(world, status=["UPCOMING", "ARCHIVED"]) == ["R-1", "R-2", "R-4", "R-5"]
    assert await references(world, status=[]) == []
    await force(world, "UPDATE trips SET phase = 'AIRBORNE' WHERE id = :id", id=gone.id)
    assert await references(world, status=["IN_FLIGHT"]) == ["R-3"]


async def test_the_status_filter_finds_what_the_status_says_also_when_it_was_written_by_hand(world: World) -> None:
    trip = await book(world, 1)
    await order(world, "recordFlightStatus", tripId=id_of(trip), cancelled=True)
    (shown,) = (await trips(world))["nodes"]
    assert shown["status"] == "CANCELLED"
    assert await references(world, status=["CANCELLED"]) == ["R-1"]
    assert await references(world, status=["UPCOMING"]) == []


async def test_a_search_for_what_no_database_can_hold_finds_nothing(world: World) -> None:
    await book(world, 1)
    assert await references(world, search="a\x00b") == []


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["DEPARTURE", "CREATED", "UPDATED"])
async def test_every_order_pages_forward_and_backward_without_a_hole_while_trips_come(
    world: World, field: str, direction: str
) -> None:
    now = world.clock.now()
    for number in range(25):
        # Groups of five share every instant, so that only the id tells them apart.
        world.clock.move_to(now + (number // 5) * MINUTE)
        await book(world, number, departure=now + 2 * DAY + (number // 5) * HOUR)
    wanted = {"field": field, "direction": direction}
    whole = [each["id"] for each in (await trips(world, first=100, orderBy=wanted))["nodes"]]
    assert len(whole) == 25
    for way, edge, size in (("after", "endCursor", "first"), ("before", "startCursor", "last")):
        seen: list[str] = []
        cursor, more = None, True
        while more:
            page = await trips(world, **{size: 7, way: cursor}, orderBy=wanted)
            ids = [each["id"] for each in page["nodes"]]
            seen = [*seen, *ids] if way == "after" else [*ids, *seen]
            cursor, more = (
                page["pageInfo"][edge],
                page["pageInfo"]["hasNextPage" if way == "after" else "hasPreviousPage"],
            )
            # What comes meanwhile lies on the pages that were read already.
            early = (direction == "ASC") == (way == "after")
            departure = now + (DAY if early else 9 * DAY) + timedelta(seconds=len(seen))
            if field == "DEPARTURE":
                await book(world, 100 + len(seen) + (1000 if way == "before" else 0), departure=departure)
        assert [each for each in seen if each in whole] == whole
        assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    "given",
    [
        {"first": 101},
        {"last": 101},
        {"first": -1},
        {"last": -1},
        {"first": 1, "last": 1},
        {"after": "garbage"},
        {"before": ""},
        {"after": "é😀"},
    ],
)
async def test_paging_that_makes_no_page_is_a_clear_error(world: World, given: dict[str, Any]) -> None:
    await refuse_page(world, **given)


async def refuse_page(world: World, **given: Any) -> None:
    for document in (
        PAGE,
        PAGE.replace("TripFilter", "NotificationFilter")
        .replace(", $orderBy: TripOrder", "")
        .replace(", orderBy: $orderBy", "")
        .replace("trips(", "notifications(")
        .replace("id reference status", "id"),
    ):
        (error,) = (await world.ask(document, **given))["errors"]
        assert "our side" not in error["message"]
        assert any(word in error["message"] for word in ("cursor", "page", "first"))
        # By its path alone it would look like a fault of ours.
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    "place",
    ['["2026-03-10T12:00:00+00:00","no uuid"]', '[5,"no uuid"]', "[5,5]", "[]", "5", '["soon","{id}"]', "[99999999999999999999,\"{id}\"]", '["2026-03-10T12:00:00+00:00","\\u0000"]'],
)  # fmt: skip
async def test_a_cursor_that_was_made_up_is_a_clear_error(world: World, place: str) -> None:
    await book(world, 1)
    cursor = base64.urlsafe_b64encode(place.replace("{id}", str(uuid4())).encode()).decode()
    for way in ("after", "before"):
        await refuse_page(world, **{way: cursor})


async def test_a_cursor_of_another_list_is_a_clear_error(world: World) -> None:
    await book(world, 1)
    asked = "{ trips { pageInfo { endCursor } } notifications { pageInfo { endCursor } } }"
    cursors = {name: each["pageInfo"]["endCursor"] for name, each in (await world.data(asked)).items()}
    for document, cursor in (
        ("query($c: String) { trips(after: $c) { nodes { id } } }", cursors["notifications"]),
        ("query($c: String) { notifications(after: $c) { nodes { id } } }", cursors["trips"]),
        ("query($c: String) { trips { nodes { notifications(after: $c) { nodes { id } } } } }", cursors["trips"]),
        ("query($c: String) { trips { nodes { statusHistory(before: $c) { nodes { id } } } } }", cursors["trips"]),
    ):
        (error,) = (await world.ask(document, c=cursor))["errors"]
        assert "cursor" in error["message"], document


@pytest.mark.parametrize("asked", ["CREATED, direction: ASC", "CREATED, direction: DESC", "DEPARTURE, direction: DESC"])
async def test_a_cursor_of_another_order_is_a_clear_error(world: World, asked: str) -> None:
    """A departure taken for the moment of a booking skips trips without a word."""
    await book(world, 1)
    by_departure = (await trips(world))["pageInfo"]["endCursor"]
    document = f"query($c: String) {{ trips(after: $c, orderBy: {{ field: {asked} }}) {{ nodes {{ id }} }} }}"
    (error,) = (await world.ask(document, c=by_departure))["errors"]
    assert error["message"] == "This cursor is of another order."
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_page_of_none_and_the_ends_of_a_list(world: World) -> None:
    empty = await trips(world, first=0)
    assert (empty["nodes"], empty["totalCount"], empty["pageInfo"]["endCursor"]) == ([], 0, None)
    for number in range(3):
        await book(world, number, departure=world.clock.now() + (2 + number) * DAY)
    page = await trips(world, first=2)
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (
        3,
        True,
        False,
    )
    page = await trips(world, first=2, after=page["pageInfo"]["endCursor"])
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (
        1,
        False,
        True,
    )
    assert (await trips(world, first=0))["pageInfo"]["hasNextPage"] is True


async def test_a_trip_shows_its_history_its_messages_and_what_was_told(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    trip = await world.book(departure=departure)
    await world.settle()
    await order(world, "recordFlightStatus", tripId=id_of(trip), gateOrigin="A13")
    late = departure + 50 * MINUTE
    await order(world, "recordFlightStatus", tripId=id_of(trip), departureEstimatedAt=text(late))
    await world.settle()
    asked = """query($id: ID!) { trip(id: $id) {
      told { departureAt gate cancelled landed at } latestStatus { id departureEstimatedAt }
      statusHistory(first: 1) { totalCount nodes { id } pageInfo { hasNextPage } }
      sent: notifications(filter: { status: [SENT, DELIVERED, READ] }) { totalCount nodes { type attempts { number outcome twilioSid } causedBy { id } trip { id } } }
      waiting: notifications(filter: { status: [PENDING] }) { totalCount nodes { type dueAt } }
      late: notifications(filter: { type: [DELAYED] }, last: 1) { nodes { type body } }
      never: notifications(filter: { until: "2020-01-01T00:00:00Z" }) { totalCount } } }"""
    seen = (await world.data(asked, id=id_of(trip)))["trip"]
    assert seen["told"] == {
        "departureAt": text(late),
        "gate": None,
        "cancelled": False,
        "landed": False,
        "at": text(world.clock.now()),
    }
    assert seen["statusHistory"] == {
        "totalCount": 2,
        "nodes": [{"id": seen["latestStatus"]["id"]}],
        "pageInfo": {"hasNextPage": True},
    }
    assert seen["latestStatus"]["departureEstimatedAt"] == text(late)
    assert [each["type"] for each in seen["sent"]["nodes"]] == ["DELAYED", "RESERVATION_CONFIRMATION"]
    delayed, confirmed = seen["sent"]["nodes"]
    assert delayed["causedBy"] == {"id": seen["latestStatus"]["id"]}
    assert confirmed["causedBy"] is None
    assert [(each["number"], each["outcome"]) for each in delayed["attempts"]] == [(1, "ACCEPTED")]
    assert {each["type"] for each in seen["waiting"]["nodes"]} == {"REMINDER_24H", "BOARDING"}
    assert seen["late"]["nodes"][0]["body"] == world.messages[-1]["body"]
    assert seen["never"]["totalCount"] == 0


async def test_the_activity_is_what_happened(world: World) -> None:
    first = await book(world, 1)
    await book(world, 2)
    await order(world, "setOptOut", phone=phone(3), optedOut=True)
    await book(world, 3)
    await world.settle()
    await order(world, "archiveTrip", tripId=id_of(first))
    asked = """query($from: DateTime!, $until: DateTime!) { agency { activity(from: $from, until: $until) {
      trips notificationsByStatus { status count } notificationsByType { type count } suppressedByReason { reason count }
      latencies { stage count p50Seconds maxSeconds } aeroapiResultSets aeroapiCostUsd } } }"""
    now = world.clock.now()
    seen = (await world.data(asked, **{"from": text(now), "until": text(now + HOUR)}))["agency"]["activity"]
    assert seen["trips"] == 3
    by_type = {each["type"]: each["count"] for each in seen["notificationsByType"]}
    assert by_type == {"RESERVATION_CONFIRMATION": 3, "REMINDER_24H": 3, "BOARDING": 3}
    assert {each["reason"]: each["count"] for each in seen["suppressedByReason"]} == {
        "OPTED_OUT": 1,
        "TRIP_ARCHIVED": 2,
    }
    assert sum(each["count"] for each in seen["notificationsByStatus"]) == 9
    accepted = next(each for each in seen["latencies"] if each["stage"] == "DECIDED_TO_ACCEPTED")
    assert (accepted["count"], accepted["maxSeconds"]) == (2, 0.0)
    assert (seen["aeroapiResultSets"], seen["aeroapiCostUsd"]) == (0, 0.0)
    before = (await world.data(asked, **{"from": text(now - HOUR), "until": text(now)}))["agency"]["activity"]
    assert (before["trips"], before["notificationsByStatus"]) == (0, [])


async def test_a_preview_says_what_would_be_sent_in_every_language(world: World) -> None:
    trip = await world.book()
    asked = "query($id: ID!, $type: NotificationType!, $language: Language) { previewMessage(tripId: $id, type: $type, language: $language) { body contentSid variables } }"
    begins = {
        "ES": "Hola Ana Pérez, tu vuelo AR1303",
        "EN": "Hello Ana Pérez, your flight AR1303",
        "PT": "Olá Ana Pérez, seu voo AR1303",
        None: "Hola Ana",
    }
    for language, beginning in begins.items():
        shown = (await world.data(asked, id=id_of(trip), type="RESERVATION_CONFIRMATION", language=language))[
            "previewMessage"
        ]
        assert shown["body"].startswith(beginning)
        assert shown["contentSid"].startswith("HX")
        assert all(variable in shown["body"] for variable in shown["variables"])
    await world.settle()
    confirmed = (await world.data(asked, id=id_of(trip), type="RESERVATION_CONFIRMATION"))["previewMessage"]
    assert confirmed["body"] == world.messages[0]["body"]
    assert "Norte Viajes" in (await world.data(asked, id=id_of(trip), type="TEST"))["previewMessage"]["body"]
    assert (await world.data(asked, id="garbage", type="TEST"))["previewMessage"] is None


async def test_a_preview_knows_what_was_written_by_hand(world: World) -> None:
    trip = await world.book()
    await world.settle()
    late = text(trip.created_at + 2 * DAY + 50 * MINUTE)
    await order(world, "recordFlightStatus", tripId=id_of(trip), departureEstimatedAt=late)
    await world.settle()
    asked = "query($id: ID!) { previewMessage(tripId: $id, type: DELAYED) { body } }"
    assert (await world.data(asked, id=id_of(trip)))["previewMessage"]["body"] == world.messages[-1]["body"]


async def test_a_flight_is_the_same_by_its_id_as_through_its_trip(world: World) -> None:
    trip = await world.book()
    await order(world, "recordFlightStatus", tripId=id_of(trip), gateOrigin="A13")
    asked = "query($id: ID!) { trip(id: $id) { flight { id departure { gate } } } }"
    through = (await world.data(asked, id=id_of(trip)))["trip"]["flight"]
    by_id = await world.data(
        "query($id: ID!) { node(id: $id) { ... on Flight { id departure { gate } } } }", id=through["id"]
    )
    assert by_id["node"] == through


class Counted:
    """What is asked of the database while it is entered."""

    def __init__(self, db: Database, patch: pytest.MonkeyPatch) -> None:
        self.statements = self.transactions = self.snapshots = 0
        for read in ("all", "one", "value"):
            patch.setattr(Transaction, read, self._counting(getattr(Transaction, read), "statements"))
        patch.setattr(db, "transaction", self._counting(db.transaction, "transactions"))
        patch.setattr(db, "snapshot", self._counting(db.snapshot, "snapshots"))

    def _counting(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            setattr(self, name, getattr(self, name) + 1)
            return real(*given, **named)

        return counted


async def test_the_round_trips_of_a_query_do_not_grow_with_its_trips(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = """{ trips(first: 100) { totalCount nodes { id status told { at } traveller { optedOut } flight { phase } latestStatus { id }
      statusHistory(first: 5) { totalCount nodes { id } }
      notifications(first: 5) { totalCount nodes { id attempts { number } causedBy { id } trip { id flight { ident } } } } } } }"""
    counts = []
    for number in range(30):
        trip = await book(world, number, departure=world.clock.now() + (2 + number) * DAY)
        if number % 3 == 0:
            await order(world, "recordFlightStatus", tripId=id_of(trip), gateOrigin="A1")
        if number in (0, 29):
            with monkeypatch.context() as patch:
                counted = Counted(world.db, patch)
                assert len((await world.data(asked))["trips"]["nodes"]) == number + 1
            counts.append(counted.statements)
    assert counts[0] >= counts[1] - 1
    assert counts[1] <= 20


async def test_a_query_is_answered_as_of_one_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a change between the cursor and the page is told to nobody."""
    trip = await world.book()
    await world.settle()
    asked = """query($id: ID!, $from: DateTime!, $until: DateTime!, $keyId: ID!) {
      before: agency { eventCursor }
      viewer { agency { name } }
      agency {
        settings { version } messageTemplates { type } sendingPauses { channel } apiKeys { id }
        activity(from: $from, until: $until) {
          trips notificationsByStatus { count } suppressedByReason { count } latencies { stage } aeroapiCostUsd aeroapiByDay { day } aeroapiByFlight { ident }
        }
      }
      node(id: $id) { id }
      key: node(id: $keyId) { id }
      trip(id: $id) { id flight { phase } notifications(first: 5) { totalCount nodes { id attempts { number } } } }
      trips(first: 5) { totalCount nodes { status told { at } traveller { optedOut } statusHistory(first: 5) { totalCount } } }
      notifications(first: 5) { totalCount nodes { id trip { id } } }
      previewMessage(tripId: $id, type: BOARDING) { body }
      after: agency { eventCursor }
    }"""
    keys = "{ agency { apiKeys { id } } }"
    key = (await world.data(keys))["agency"]["apiKeys"][0]["id"]
    now = world.clock.now()
    counts = []
    for document in ("{ __typename }", asked):
        with monkeypatch.context() as patch:
            counted = Counted(world.db, patch)
            variables = {"id": id_of(trip), "from": text(now - DAY), "until": text(now), "keyId": key}
            await world.data(document, **variables if document == asked else {})
        counts.append(counted)
    door, whole = counts
    assert (door.snapshots, whole.snapshots) == (0, 1)
    assert whole.transactions == door.transactions, "and nothing was read beside it"
    assert whole.statements > door.statements + 10


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("eze", "EZE"),
        ("SAEZ", "EZE"),
        ("ezei", "EZE"),
        ("Sao Paulo", "GRU"),
        ("São paulo", "GRU"),
        ("buenos aires ezeiza", "EZE"),
        ("heathrow", "LHR"),
        ("jfk", "JFK"),
        # A whole code comes first, even where a city begins alike: LIMA is an airfield near Turin.
        ("LIMA", "LIMA"),
        ("lima", "LIM"),
    ],
)
async def test_an_airport_is_found_by_code_city_or_name(world: World, typed: str, found: str) -> None:
    asked = "query($search: String!) { airports(search: $search) { code icao name city timezone } }"
    assert found in [each["code"] for each in (await world.data(asked, search=typed))["airports"]]


async def test_airports_are_few_and_best_first(world: World) -> None:
    asked = "query($search: String!, $first: Int) { airports(search: $search, first: $first) { code icao timezone } }"
    first = {"code": "EZE", "icao": "SAEZ", "timezone": "America/Argentina/Buenos_Aires"}
    assert (await world.data(asked, search="eze", first=3))["airports"][0] == first
    assert len((await world.data(asked, search="san", first=3))["airports"]) == 3
    for nothing in ("", "  ", "qqqq", "\x00", "(", "x" * 5000):
        assert (await world.data(asked, search=nothing))["airports"] == []
