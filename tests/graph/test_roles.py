"""VIEWER < AGENT < ADMIN: the schema says of every field what it needs, and what it says holds. All cases are found in the schema."""

import re
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLSchema

from graph import schema
from tests.graph.test_mutations import (
    INPUTS,
    NEEDED,
    everything,
    force,
    form,
    global_id,
    id_of,
    key_of,
    notification_id,
    order,
)
from tests.world import ANA, World
from travel import tenancy
from travel.model import Role

BEA = "+5491155550102"
CLOSED = {"Agency.apiKeys": Role.ADMIN}
"""What not everybody may read."""
SAID = re.compile(r"[Nn]eeds the role (VIEWER|AGENT|ADMIN)\b")


@pytest.fixture(scope="module")
def built() -> GraphQLSchema:
    return schema.build()._schema


def said(built: GraphQLSchema) -> dict[str, list[Role]]:
    """`Type.field` → the roles that its description names, for all that names one."""
    found = {
        f"{type_.name}.{name}": [Role(each) for each in SAID.findall(field.description or "")]
        for type_ in built.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
    }
    return {name: roles for name, roles in found.items() if roles}


def test_every_mutation_says_which_role_it_needs_and_so_does_what_is_closed(built: GraphQLSchema) -> None:
    assert built.mutation_type is not None
    assert set(built.mutation_type.fields) == set(NEEDED)
    needed = {**{f"Mutation.{name}": role for name, role in NEEDED.items()}, **CLOSED}
    assert said(built) == {name: [role] for name, role in needed.items()}


def test_what_everybody_may_is_said_once_at_the_root(built: GraphQLSchema) -> None:
    for root in (built.query_type, built.subscription_type):
        assert root is not None
        assert "The role VIEWER is enough" in (root.description or "")


async def orders(world: World) -> dict[str, dict[str, Any]]:
    """For each mutation an input that nothing but the role speaks against; what ends others comes last."""
    trip = await world.book(departure=world.clock.now() + timedelta(hours=20))
    failed, waiting = [await notification_id(world, trip, each) for each in ("RESERVATION_CONFIRMATION", "BOARDING")]
    await force(
        world,
        "UPDATE notifications_log SET status = 'FAILED', reason = 'PROVIDER_REFUSED' WHERE notification_type LIKE 'RES%'",
    )
    world.clock.move_to(world.clock.now() + timedelta(minutes=1))
    key = await tenancy.create_key(world.db, world.clock, world.agency.id, name="x", role=Role.VIEWER, expires_at=None)
    return {
        "createTrip": form(world, flight="AR2000"),
        "importTrips": {"trips": [form(world, flight="AR2001")]},
        "updateTrip": {"tripId": id_of(trip), "notes": "x"},
        "checkTrip": {"tripId": id_of(trip)},
        "recordFlightStatus": {"tripId": id_of(trip), "gateOrigin": "A1"},
        "updateAgencySettings": {"version": 1, "maxRetryAttempts": 4},
        "setMessageTemplate": {"type": "DELAYED", "language": "ES", "body": "x"},
        "resendNotification": {"notificationId": failed},
        "cancelNotification": {"notificationId": waiting},
        "sendTestMessage": {"phone": ANA},
        "setOptOut": {"phone": BEA, "optedOut": True},
        "createApiKey": {"name": "x", "role": "ADMIN"},
        "revokeApiKey": {"apiKeyId": global_id("ApiKey", key.key.id)},
        "archiveTrip": {"tripId": id_of(trip)},
    }


@pytest.mark.parametrize("role", Role)
async def test_a_role_may_what_it_may_and_of_the_rest_nothing_happens(
    world: World, built: GraphQLSchema, role: Role
) -> None:
    assert built.mutation_type is not None
    cases = await orders(world)
    assert set(cases) == set(built.mutation_type.fields) == set(INPUTS), "a new mutation needs a case here"
    secret = await key_of(world, role)
    for name, given in cases.items():
        before = await everything(world)
        payload = await order(world, name, secret, **given)
        errors = payload.pop("userErrors")
        if role.rank < NEEDED[name].rank:
            assert errors == [{"code": "FORBIDDEN", "path": []}], name
            assert not any(payload.values()), f"{name}: a refusal carries nothing"
            assert await everything(world) == before, name
        else:
            assert errors == [], name
            assert await everything(world) != before, f"{name}: its input must be one that does something"


async def test_who_may_not_learns_nothing_of_what_is_there(world: World) -> None:
    viewer = await key_of(world, Role.VIEWER)
    payload = await order(world, "archiveTrip", viewer, tripId="garbage")
    assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]


async def test_a_viewer_may_ask_everything_but_the_keys(world: World, built: GraphQLSchema) -> None:
    trip = await world.book()
    one = id_of(trip)
    notification = global_id("Notification", (await world.decided(trip))[0].id)
    key = global_id("ApiKey", (await tenancy.create_key(world.db, world.clock, world.agency.id, name="x", role=Role.VIEWER, expires_at=None)).key.id)  # fmt: skip
    asked = {
        "viewer": "{ viewer { role } }",
        "agency": "{ agency { name settings { version } messageTemplates { type } eventCursor } }",
        "node": f'{{ node(id: "{one}") {{ id }} }}',
        "nodes": f'{{ nodes(ids: ["{one}", "{notification}"]) {{ id }} }}',
        "trip": f'{{ trip(id: "{one}") {{ id }} }}',
        "trips": "{ trips { nodes { id traveller { phone } } totalCount } }",
        "notification": f'{{ notification(id: "{notification}") {{ id body }} }}',
        "notifications": "{ notifications { nodes { id } totalCount } }",
        "airports": '{ airports(search: "eze") { code } }',
        "previewMessage": f'{{ previewMessage(tripId: "{one}", type: BOARDING) {{ body }} }}',
    }
    assert built.query_type is not None
    assert set(asked) == set(built.query_type.fields), "a new query needs a case here"
    for role in Role:
        secret = await key_of(world, role)
        for name, document in asked.items():
            assert (await world.data(document, secret))[name], (role, name)
        keys = await world.data(f'{{ agency {{ apiKeys {{ id }} }} node(id: "{key}") {{ id }} nodes(ids: ["{key}"]) {{ id }} }}', secret)  # fmt: skip
        seen = [bool(keys["agency"]["apiKeys"]), keys["node"] is not None, keys["nodes"] != [None]]
        assert seen == [role is Role.ADMIN] * 3, role
