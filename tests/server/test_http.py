"""The doors of HTTP: who is let in, what is too large, and what a client may learn of our faults, which is nothing."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from typing import Any

import httpx
import pytest
import structlog

from graph.live import Hub
from sandbox.services import Postgres
from server import app as server_app
from tests.conftest import Services
from tests.world import ANA, PUBLIC, World
from travel import tenancy
from travel.database import Database
from travel.model import Role

VIEWER = "{ viewer { name } }"
OURS = (
    "Traceback",
    "asyncpg",
    "SELECT ",
    "psycopg",
    "/travel/",
    "/graph/",
    ".py",
    "permission denied",
    "bauhaus_app",
    "Error'",
)
"""What never leaves the house."""


@asynccontextmanager
async def house(world: World, *, db: Database | None = None, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The same house under another configuration, or over another database; faults are answered, not raised."""
    inside = replace(world.house, db=db, hub=Hub(db)) if db else world.house
    app = server_app.build(inside, world.config.model_copy(update=changes))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as http:
        yield http


async def ask(
    world: World, query: Any, http: httpx.AsyncClient | None = None, key: str | None = None
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key or world.key}"}
    return await (http or world.http).post("/graphql", json={"query": query}, headers=headers)


def messages(response: httpx.Response) -> list[str]:
    return [error["message"] for error in response.json().get("errors", [])]


# Health


async def test_the_house_says_that_it_lives_and_that_it_can_work(world: World) -> None:
    assert (await world.http.get("/healthz")).json() == {"status": "ok"}
    ready = await world.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_a_house_whose_pool_is_closed_is_not_ready_and_says_why(world: World, services: Services) -> None:
    closed = Database(services.app_url, pool_size=2)
    await closed.connect()
    await closed.disconnect()
    async with house(world, db=closed) as http:
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["status"] == "not ready"
        assert "database" in ready.json()["reason"].lower()
        assert (await http.get("/metrics")).status_code == 200


async def test_a_house_whose_database_went_away_is_not_ready_and_tells_clients_nothing(world: World) -> None:
    with Postgres.start() as postgres:
        away = Database(postgres.owner_url, pool_size=2, acquire_seconds=5)
        await away.connect()
        postgres.stop()
        async with house(world, db=away) as http:
            ready = await http.get("/readyz")
            assert ready.status_code == 503
            assert "database" in ready.json()["reason"].lower()
            assert (await http.get("/metrics")).status_code == 200
            answer = await ask(world, VIEWER, http)
            assert answer.status_code in (500, 503)
            assert not [word for word in OURS if word in answer.text]
            assert "x-request-id" in answer.headers
        await away.disconnect()


async def test_our_metrics_carry_our_name(world: World) -> None:
    await world.book()
    await world.settle()
    response = await world.http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    names = set(re.findall(r"^# TYPE (\S+)", response.text, re.MULTILINE))
    foreign = {name for name in names if not name.startswith(("bauhaus_", "python_", "process_"))}
    assert foreign == set()
    assert [name for name in names if name.startswith("bauhaus_")]
    assert ANA not in response.text


# Who is let in


async def test_nobody_passes_without_a_key(world: World) -> None:
    now, minute = world.clock.now(), timedelta(minutes=1)
    revoked = await tenancy.create_key(
        world.db, world.clock, world.agency.id, name="r", role=Role.ADMIN, expires_at=None
    )
    await tenancy.revoke_key(world.db, world.clock, world.agency.id, revoked.key.id)
    brief = await tenancy.create_key(
        world.db, world.clock, world.agency.id, name="e", role=Role.ADMIN, expires_at=now + minute
    )
    assert (await ask(world, VIEWER, key=brief.secret)).status_code == 200
    world.clock.move_to(now + minute)
    wrong: list[dict[str, str]] = [
        {}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": world.key}, {"Authorization": f"Basic {world.key}"},
        {"X-Api-Key": world.key}, {"Cookie": f"Authorization=Bearer {world.key}"},
        *({"Authorization": f"Bearer {key}"} for key in
          ("x", "bh_", "bh__", "bh_x_y", world.key + "x", world.key[:-1], world.key.upper(), "x" * 10_000, revoked.secret, brief.secret)),
    ]  # fmt: skip
    for headers in wrong:
        response = await world.http.post("/graphql", json={"query": VIEWER}, headers=headers)
        assert response.status_code == 401, headers
        assert response.headers["www-authenticate"] == "Bearer"
        assert "data" not in response.json()
    assert (
        await world.http.post(f"/graphql?Authorization=Bearer%20{world.key}", json={"query": VIEWER})
    ).status_code == 401


async def test_a_get_asks_nothing(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.key}"}
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
        response = await world.http.request(method, "/graphql", params={"query": VIEWER}, headers=headers)
        assert 400 <= response.status_code < 500, method
        assert "Norte" not in response.text
    async with house(world, environment="development") as http:
        response = await http.get(
            "/graphql", params={"query": "{ agency { name } }"}, headers={**headers, "accept": "text/html"}
        )
        assert "Norte" not in response.text


# What is too large, or no request


async def test_a_body_of_more_than_a_megabyte_is_refused(world: World) -> None:
    body = json.dumps({"query": VIEWER, "padding": "x" * 1_000_000}).encode()
    headers = {"Authorization": f"Bearer {world.key}", "content-type": "application/json"}
    assert (await world.http.post("/graphql", content=body, headers=headers)).status_code == 413
    assert (await world.http.post("/graphql", content=body)).status_code in (401, 413)
    fits = body.replace(b"x" * 1000, b"", 1)
    assert len(fits) <= 1_000_000
    assert (await world.http.post("/graphql", content=fits, headers=headers)).status_code == 200


async def test_a_body_in_pieces_is_measured_too(world: World) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"query":"{ viewer { name } }","padding":"'
        for _ in range(1100):
            yield b"x" * 1000
        yield b'"}'

    headers = {"Authorization": f"Bearer {world.key}", "content-type": "application/json"}
    assert (await world.http.post("/graphql", content=pieces(), headers=headers)).status_code == 413


@pytest.mark.parametrize("length", ["x", "1e3", "", "-5"])
async def test_a_length_that_is_no_number_is_no_fault_of_ours(world: World, length: str) -> None:
    async with house(world) as http:
        request = http.build_request(
            "POST", "/graphql", json={"query": VIEWER}, headers={"Authorization": f"Bearer {world.key}"}
        )
        request.headers["content-length"] = length
        assert (await http.send(request)).status_code < 500


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"x", b"\xff\xfe", b"null", b"5", b'"x"', b"[]", b"[{}]", b"{}", b'{"query": null}', b'{"query": 5}', b'{"query": ["x"]}', b'{"query": "{ viewer { name } }", "variables": "x"}', b'{"query": "{ viewer { name } }", "variables": [1]}', b'{"query": "{ viewer { name } }", "operationName": 5}', b"[" * 5000],
)  # fmt: skip
async def test_what_is_no_request_is_refused_without_a_fault(world: World, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {world.key}", "content-type": "application/json"}
    async with house(world) as http:
        with structlog.testing.capture_logs() as lines:
            response = await http.post("/graphql", content=body, headers=headers)
    assert response.status_code == 400 or (response.status_code == 200 and messages(response))
    assert not [word for word in OURS if word in response.text]
    assert [line for line in lines if line["log_level"] == "error"] == []


async def test_only_json_is_read(world: World) -> None:
    for type_ in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = {"Authorization": f"Bearer {world.key}", "content-type": type_}
        response = await world.http.post("/graphql", content=json.dumps({"query": VIEWER}).encode(), headers=headers)
        assert response.status_code == 415


async def test_a_subscription_is_no_request(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.key}"}
    for accept in ("application/json", "multipart/mixed;subscriptionSpec=1.0"):
        response = await world.http.post(
            "/graphql", json={"query": "subscription { events { sequence } }"}, headers={**headers, "accept": accept}
        )
        assert response.status_code >= 400 or messages(response)
        assert "CaughtUp" not in response.text
    assert world.house.hub._tails == {}


# What a client may learn


async def test_a_fault_of_ours_is_one_sentence(world: World, owner: Database) -> None:
    await world.book()
    async with owner.transaction() as tx:
        await tx.run("REVOKE SELECT ON opt_outs FROM bauhaus_app")
    try:
        async with house(world) as http:
            response = await ask(world, "{ trips { nodes { traveller { name optedOut } } } }", http)
    finally:
        async with owner.transaction() as tx:
            await tx.run("GRANT SELECT ON opt_outs TO bauhaus_app")
    assert messages(response) == ["Something went wrong on our side."]
    assert response.json()["errors"][0]["extensions"] == {"code": "INTERNAL"}
    assert not [word for word in (*OURS, "opt_outs") if word in response.text]
    assert "x-request-id" in response.headers


async def test_a_session_that_ends_under_an_answer_is_worth_another_try(world: World, owner: Database) -> None:
    await world.book()
    async with house(world) as http:
        async with owner.transaction() as tx:
            await tx.run("LOCK TABLE opt_outs IN ACCESS EXCLUSIVE MODE")
            asking = asyncio.create_task(ask(world, "{ trips { nodes { traveller { optedOut } } } }", http))
            async with world.db.transaction() as other:
                for _ in range(1000):
                    waiting = await other.value("SELECT pid FROM pg_locks WHERE NOT granted")
                    if waiting is not None:
                        break
                    await asyncio.sleep(0.01)
                assert await other.value("SELECT pg_terminate_backend(:pid)", pid=waiting)
        response = await asking
    error = response.json()["errors"][0]
    assert (error["message"], error["extensions"]) == ("Something went wrong on our side.", {"code": "UNAVAILABLE"})


async def test_a_fault_at_the_door_is_as_silent(world: World, owner: Database) -> None:
    async with owner.transaction() as tx:
        await tx.run("REVOKE UPDATE ON api_keys FROM bauhaus_app")
    try:
        async with house(world) as http:
            response = await ask(world, VIEWER, http)
    finally:
        async with owner.transaction() as tx:
            await tx.run("GRANT UPDATE ON api_keys TO bauhaus_app")
    # The database is there, and no other try would be allowed more.
    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"] == {"code": "INTERNAL"}
    assert not [word for word in (*OURS, "api_keys") if word in response.text]
    assert "x-request-id" in response.headers


async def test_every_answer_has_an_id_of_its_own(world: World) -> None:
    answers = [
        await world.http.get("/healthz"),
        await world.http.get("/nowhere"),
        await world.http.get("/portal/nowhere"),
        await world.http.put("/readyz"),
        await world.http.post("/graphql"),
        await world.http.post("/graphql", content=b"x" * 1_100_000),
        await world.http.post("/webhooks/twilio/inbound"),
        await world.http.post("/webhooks/aeroapi/wrong"),
        await ask(world, VIEWER),
        await ask(world, "{"),
    ]
    ids = [each.headers.get("x-request-id") for each in answers]
    assert all(ids)
    assert len(set(ids)) == len(ids)


async def test_logs_hold_neither_phones_nor_tokens_nor_keys(world: World) -> None:
    with structlog.testing.capture_logs() as lines:
        await ask(world, f'{{ trips(filter: {{ search: "{ANA}" }}) {{ totalCount }} }}')
        await world.http.get(f"/portal/?phone={ANA}")
        await world.http.post("/webhooks/aeroapi/push-token-of-the-tests", json={})
        await world.http.post("/webhooks/twilio/status/secret-token", content=b"To=" + ANA.encode())
    assert len([line for line in lines if line["event"] == "request"]) == 4
    assert not [
        word for word in (ANA, ANA[1:], "push-token-of-the-tests", "secret-token", world.key) if word in repr(lines)
    ]


async def test_the_portal_is_guarded(world: World) -> None:
    response = await world.http.get("/portal/")
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    for path in ("/portal/../app.py", "/portal/%2e%2e/app.py", "/portal/..%2f..%2fapp.py"):
        assert (await world.http.get(path)).status_code == 404


# Limits of a document


def nested(depth: int) -> str:
    """A valid query whose deepest field lies at this depth, of 4, 8, 12 …, or one deeper."""
    path = ["trips(first: 1)", "nodes", *["notifications(first: 1)", "nodes", "trip"] * 10]
    return "{ " + " { ".join(path[: depth - 1]) + " { __typename }" + " }" * (depth - 1)


async def test_a_document_is_at_most_twelve_levels_deep(world: World) -> None:
    assert messages(await ask(world, nested(12))) == []
    assert "12 levels" in messages(await ask(world, nested(13)))[0]
    inner = nested(12)[2:-2]
    spread = f"query {{ ...A }} fragment A on Query {{ {inner} }}"
    assert messages(await ask(world, spread)) == []
    deeper = nested(13)[2:-2]
    assert "12 levels" in messages(await ask(world, f"query {{ ...A }} fragment A on Query {{ {deeper} }}"))[0]


async def test_a_document_has_at_most_thirty_aliases(world: World) -> None:
    def aliased(count: int) -> str:
        return "{ viewer { " + " ".join(f"a{n}: name" for n in range(count)) + " } }"

    assert messages(await ask(world, aliased(30))) == []
    assert "30 aliases" in messages(await ask(world, aliased(31)))[0]
    ten = "fragment T on Viewer { " + " ".join(f"a{n}: name" for n in range(10)) + " }"
    assert messages(await ask(world, "{ viewer { ...T ...T ...T } } " + ten)) == []
    assert "30 aliases" in messages(await ask(world, "{ viewer { ...T ...T ...T ...T } } " + ten))[0]


async def test_a_document_has_at_most_four_thousand_tokens(world: World) -> None:
    def tokens(count: int) -> str:
        return "{ nodes(ids: [" + '"x" ' * (count - 12) + "]) { id } }"

    assert messages(await ask(world, tokens(4000))) == ["At most 100 ids at once."]
    assert "4000" in messages(await ask(world, tokens(4001)))[0]


async def test_fragments_upon_fragments_are_measured_at_once(world: World) -> None:
    """Each fragment names the next twice: 2^18 ways to walk, 18 fragments to read."""
    last = 18
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(last)]
    document = f"{{ ...F0 }} {' '.join(fragments)} fragment F{last} on Query {{ viewer {{ name }} }}"
    began = perf_counter()
    await ask(world, document)
    assert perf_counter() - began < 0.5


async def test_fragments_in_a_circle_and_fragments_of_nobody_are_refused(world: World) -> None:
    for document in (
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ ...A }",
    ):
        assert messages(await ask(world, document))


async def test_introspection_and_suggestions_are_for_development(world: World) -> None:
    introspection = "{ __schema { types { name } } }"
    response = await ask(world, introspection)
    assert messages(response)
    assert "TripFilter" not in response.text
    assert messages(await ask(world, '{ __type(name: "Trip") { name } }'))
    assert "Did you mean" not in (await ask(world, "{ viewr { name } }")).text
    assert (await ask(world, "{ __typename }")).json() == {"data": {"__typename": "Query"}}
    async with house(world, environment="development") as http:
        assert "TripFilter" in (await ask(world, introspection, http)).text
        assert (await http.get("/graphql", headers={"accept": "text/html"})).status_code == 200
    assert (await world.http.get("/graphql", headers={"accept": "text/html"})).status_code >= 400
