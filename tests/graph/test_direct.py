"""What the database completes is what the resolvers say, byte for byte, for whatever is asked and whatever lies in the rows."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest

from graph import schema as graph_schema
from graph.context import Context
from graph.direct import executor
from graph.direct.plan import SECRET
from tests.graph.documents import Maker
from tests.world import World
from travel import tracking
from travel.database import Database
from travel.model import (
    AttemptOutcome,
    Channel,
    FlightPhase,
    Language,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    Role,
    StatusChangeKind,
    StatusSource,
    TripStatus,
    Viewer,
)
from travel.records.flights import STATE

STOCK = graph_schema.build(introspection=True, direct=False)
DIRECT = graph_schema.build(introspection=True, direct=True)
VOCABULARIES = (
    Language,
    FlightPhase,
    TripStatus,
    StatusSource,
    StatusChangeKind,
    NotificationType,
    NotificationStatus,
    NotificationReason,
    Channel,
    AttemptOutcome,
)
ODD = [
    'quote " and \\ back',
    "line\nbreak\ttab",
    "ñandú 東京 🛫",
    "\x01\x1f\x7f",
    "</script>",
    "",
    "&amp; %s :name $1",
    "\u2028",
]


async def answer(schema: graph_schema.Schema, world: World, document: str, **variables: Any) -> bytes:
    """The whole answer, as it is sent."""
    viewer = Viewer(agency_id=world.agency.id, key_id=world.agency.id, name="k", role=Role.VIEWER, expires_at=None)
    context = Context(house=world.house, viewer=viewer)
    result = await schema.execute(document, variable_values=variables, context_value=context)
    errors = [error.formatted for error in result.errors or []]
    return orjson.dumps({"data": result.data, "errors": errors})


@pytest.fixture
def directly(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each list that had a plan, whether the database completed it."""
    read, went = executor._read, []

    async def noted(*given: Any) -> Any:
        found = await read(*given)
        went.append(found is not None)
        return found

    monkeypatch.setattr(executor, "_read", noted)
    return went


async def fill(world: World, owner: Database, random: Random) -> None:
    """Trips in every state, odd ones too."""
    trips = [
        await world.book(f"AR{1300 + number}", phone=f"+5491155560{number:03d}", name="Ana") for number in range(14)
    ]
    await world.settle()
    await world.play(world.clock.now() + timedelta(hours=30))
    async with owner.transaction(world.agency.id) as tx:
        for trip in trips:
            await _shuffle_flight(tx, random, trip.flight_id)
            await tx.run(
                "UPDATE trips SET traveller_name = :name, lodging = :lodging, notes = :notes, reference = :reference, "
                "archived_at = :archived, created_at = :at, phase = (SELECT phase FROM flights WHERE id = flight_id), "
                "best_departure_at = (SELECT best_departure_at FROM flights WHERE id = flight_id) WHERE id = :id",
                id=trip.id,
                name=random.choice(ODD) or "x",
                lodging=random.choice(ODD) or None,
                notes=random.choice(ODD) or None,
                reference=random.choice([None, str(trip.id)]),
                archived=random.choice([None, None, moment(random)]),
                at=moment(random),
            )
            await _shuffle_messages(tx, random, trip.id)
        await tx.run(
            "INSERT INTO opt_outs (agency_id, phone, source, created_at) SELECT agency_id, phone, 'AGENCY', created_at FROM trips LIMIT 3"
        )


def moment(random: Random) -> datetime:
    """Some instants have no fraction, some an odd one."""
    return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(
        seconds=random.randint(0, 10**6), microseconds=random.choice([0, 0, 0, 1, 400, 120_000, 999_999])
    )


async def _shuffle_flight(tx: Any, random: Random, flight_id: UUID) -> None:
    types = {
        row["column_name"]: row["data_type"]
        for row in await tx.all(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'flights'"
        )
    }
    for table, key in (("flights", "id"), ("flight_status_history", "flight_id")):
        for name in STATE:
            if table == "flights" and random.random() < 0.5:
                continue
            value: Any = {
                "timestamp with time zone": moment(random),
                "boolean": random.random() < 0.2,
                "integer": random.randint(0, 100),
                "text": random.choice(["A1", "", "B'2", 'C"3']),
            }[types[name]]
            if name == "diverted_to":
                value = random.choice([None, "KJFK", "LFPG"])
            elif name.startswith("cancelled") or types[name] == "boolean":
                pass
            elif random.random() < 0.3:
                value = None
            await tx.run(f"UPDATE {table} SET {name} = :value WHERE {key} = :id", value=value, id=flight_id)
    watch = random.choice(["DEPARTURE", "LANDING", "DONE"])
    await tx.run(
        "UPDATE flights SET phase = :phase, watch = :watch, ident_iata = :iata, consecutive_failures = :failures, "
        "last_failure = :failure, next_check_at = :next, best_departure_at = booked_departure_at + :late WHERE id = :id",
        id=flight_id,
        phase=random.choice(list(FlightPhase)),
        watch=watch,
        iata=random.choice([None, "", "AR1"]),
        failures=random.randint(0, 3),
        failure=random.choice([None, *ODD]),
        next=None if watch == "DONE" else moment(random),
        late=timedelta(seconds=random.choice([0, 30, 90, 150, -30, -90, -150, 12345])),
    )


async def _shuffle_messages(tx: Any, random: Random, trip_id: UUID) -> None:
    for row in await tx.all("SELECT id FROM notifications_log WHERE trip_id = :id", id=trip_id):
        await tx.run(
            "UPDATE notifications_log SET status = :status, reason = NULL, body = :body, told_departure_at = :departure, told_gate = :gate, "
            "accepted_at = :accepted, delivered_at = :delivered WHERE id = :id",
            id=row["id"],
            status=random.choice(["SENT", "DELIVERED", "READ", "SENT"]),
            body=random.choice(ODD),
            departure=random.choice([None, moment(random)]),
            gate=random.choice([None, "", "A1", "B2"]),
            accepted=random.choice([None, moment(random)]),
            delivered=random.choice([None, moment(random)]),
        )


async def test_whatever_is_asked_both_ways_answer_the_same(world: World, owner: Database, directly: list[bool]) -> None:
    random = Random(4)
    await fill(world, owner, random)
    errors = 0
    for seed in range(250):
        maker = Maker(DIRECT._schema, Random(seed))
        document = maker.document()
        variables = {"few": random.choice([None, 1, 2, 50]), "yes": True, "no": False}
        expected = await answer(STOCK, world, document, **variables)
        direct = await answer(DIRECT, world, document, **variables)
        assert direct == expected, document
        assert SECRET.encode() not in direct
        errors += b'"errors":[]' not in expected
    # It would prove little if hardly any went the other way, or if nothing was ever refused.
    assert len(directly) > 150
    assert all(directly)
    assert 5 < errors < 100


async def test_what_was_written_by_hand_goes_the_ordinary_way(world: World, directly: list[bool]) -> None:
    trip = await world.book()
    house = world.house
    await tracking.record_by_hand(house.db, house.wakeups, house.clock, trip.agency_id, trip.id, {"gate_origin": "Z9"})
    document = "{ trips { nodes { id flight { departure { gate } } } } }"
    direct = await answer(DIRECT, world, document)
    assert b'"gate":"Z9"' in direct
    assert direct == await answer(STOCK, world, document)
    assert directly == [False]


async def test_the_same_place_of_a_document_may_be_asked_for_more_elsewhere(world: World) -> None:
    await world.book(reference="R-1")
    fragment = "fragment F on TripConnection { nodes { id } }"
    for asked in (
        "a: trips { ...F nodes { reference } } b: trips { ...F }",
        "b: trips { ...F } a: trips { ...F nodes { reference } }",
    ):
        document = f"{{ {asked} }} {fragment}"
        assert await answer(DIRECT, world, document) == await answer(STOCK, world, document)


async def test_plans_depend_on_the_variables_below_them_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    document = "query($c: String, $s: Boolean!) { trips(after: $c) { nodes { ...F } } } fragment F on Trip { id notes @skip(if: $s) }"
    monkeypatch.setattr(executor, "PLANS", executor.Plans())
    for skipped, many in ((True, 1), (False, 2), (True, 2)):
        assert await answer(DIRECT, world, document, s=skipped) == await answer(STOCK, world, document, s=skipped)
        await world.book(f"AR{1400 + many}", phone=f"+54911555700{many}{int(skipped)}")
        assert await answer(DIRECT, world, document, s=skipped) == await answer(STOCK, world, document, s=skipped)
    assert len(executor.PLANS._known) == 2


async def test_another_agency_is_seen_by_neither_way(world: World) -> None:
    other, _ = await world.another_agency()
    await world.book(agency_id=other.id)
    assert await answer(DIRECT, world, "{ trips { nodes { id } totalCount } }") == (
        b'{"data":{"trips":{"nodes":[],"totalCount":0}},"errors":[]}'
    )


def test_the_values_of_enums_are_stored_as_their_names() -> None:
    for enum in VOCABULARIES:
        assert [member.name for member in enum] == [member.value for member in enum]
