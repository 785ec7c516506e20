"""What an operator and an attacker met: doors that stood open, jobs that never ran, queries against columns that are not there."""

import ast
import importlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from starlette.routing import BaseRoute, Mount, Route

from jobs import worker
from tests.conftest import Services
from tests.database.test_database import at, scratch, verdict
from tests.world import World, text
from travel import metrics
from travel.database import Database, positional

ROOT = Path(__file__).parents[2]
OPEN = {"/healthz", "/readyz", "/metrics", "/portal"}
"""What answers a stranger: how the process is, and pages that hold no data."""


# ---- doors


def doors(routes: list[BaseRoute], under: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every HTTP address of the server with its methods."""
    for route in routes:
        if isinstance(route, Mount) and route.routes:
            yield from doors(list(route.routes), under + route.path)
        elif isinstance(route, Mount):
            yield under + route.path, {"GET"}
        elif isinstance(route, Route):
            yield under + route.path, (route.methods or {"GET", "POST", "PUT", "DELETE"}) - {"HEAD"}


async def test_a_stranger_finds_every_door_shut_but_those_that_say_how_the_house_is(world: World) -> None:
    found = dict(doors(list(world.server.routes)))
    assert found.keys() > OPEN
    for path, methods in found.items():
        if path in OPEN:
            continue
        for method in methods:
            answer = await world.http.request(
                method, path.replace("{token}", "guess"), json={"query": "{ viewer { name } }"}
            )
            assert answer.status_code in (401, 403, 404, 405), (method, path)
            assert "data" not in answer.text


async def test_no_door_deletes_everything_or_lets_a_stranger_send(world: World) -> None:
    await world.book()
    found = dict(doors(list(world.server.routes)))
    assert found.keys() == {
        *OPEN,
        "/graphql",
        "/webhooks/twilio/status/{token}",
        "/webhooks/twilio/inbound",
        "/webhooks/aeroapi/{token}",
    }
    for path in ("/_sandbox/messages", "/_sandbox/faults", "/_sandbox/flights", "/admin", "/debug", "/test"):
        for method in ("GET", "POST", "DELETE"):
            assert (await world.http.request(method, path)).status_code == 404, path
    send = 'mutation { sendTestMessage(input: { phone: "+5491155550101" }) { userErrors { code } } }'
    assert (await world.http.post("/graphql", json={"query": send})).status_code == 401
    async with world.db.transaction(world.agency.id) as tx:
        assert await tx.value("SELECT count(*) FROM trips") == 1


# ---- the operator


async def test_every_job_and_every_timer_of_the_worker_does_its_work_without_a_fault(world: World) -> None:
    """The boarding job raised a NameError at every hit, and nobody saw it."""
    trip = await world.book()
    arguments = {"check_flight": trip.flight_id, "check_landing": trip.flight_id, "process_webhooks": None}
    before = failures()
    for function in worker.functions(world.context):
        argument = arguments.get(function.name, trip.agency_id)
        await function.coroutine({}, *([] if argument is None else [str(argument)]))
    for timer in worker.timers_of(world.config):
        assert isinstance(await timer.deed(world.context), int)
    while world.context.rounds:
        await next(iter(world.context.rounds.values()))
    assert failures() == before
    assert world.heard() == ["RESERVATION_CONFIRMATION"]


async def test_a_job_that_fails_is_an_alarm(world: World) -> None:
    before = failures()
    (job,) = [each for each in worker.functions(world.context) if each.name == "check_flight"]
    await job.coroutine({}, str(UUID(int=1)))  # there is no such flight
    assert failures() == before + 1


def failures() -> float:
    """Jobs that ended in an exception, over all names."""
    return sum(
        sample.value
        for family in metrics.job_failures.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    )


async def test_a_house_that_may_not_write_its_messages_is_not_ready(world: World, owner: Database) -> None:
    assert (await world.http.get("/readyz")).status_code == 200
    for lost in ("UPDATE ON notifications_log", "INSERT ON delivery_attempts", "INSERT ON flight_status_history"):
        async with owner.transaction() as tx:
            await tx.run(f"REVOKE {lost} FROM bauhaus_app")
        try:
            ready = await world.http.get("/readyz")
        finally:
            async with owner.transaction() as tx:
                await tx.run(f"GRANT {lost} TO bauhaus_app")
        assert ready.status_code == 503
        assert lost.split(" ON ")[1] in ready.json()["reason"]
    assert (await world.http.get("/readyz")).status_code == 200


@pytest.mark.parametrize("table", ["flight_status_history", "notifications_log", "delivery_attempts", "trips"])
async def test_a_database_without_one_of_its_tables_is_refused_at_the_start(services: Services, table: str) -> None:
    """The history was absent for two days, and the system ran on blind."""
    async with scratch(services, f"DROP TABLE {table} CASCADE") as name:
        assert table in await verdict(at(services.app_url, name))


async def test_an_agency_of_which_nothing_is_known_reads_zeros_and_nothing_invented(world: World) -> None:
    """Satisfaction 0.94, response 1.8 s, revenue fifty a trip: constants, shown as facts."""
    document = """query($from: DateTime!, $until: DateTime!) { agency { activity(from: $from, until: $until) {
      trips notificationsByStatus { count } notificationsByType { count } suppressedByReason { count }
      latencies { stage count p50Seconds } aeroapiResultSets aeroapiCostUsd } } }"""
    now = world.clock.now()
    span = {"from": text(now - timedelta(days=30)), "until": text(now + timedelta(days=1))}
    seen = (await world.data(document, **span))["agency"]["activity"]
    assert seen == {
        "trips": 0,
        "notificationsByStatus": [],
        "notificationsByType": [],
        "suppressedByReason": [],
        "latencies": [],
        "aeroapiResultSets": 0,
        "aeroapiCostUsd": 0.0,
    }


# ---- the data


async def test_every_instant_in_the_database_is_an_instant_and_no_text(owner: Database) -> None:
    async with owner.transaction() as tx:
        columns = await tx.all(
            """
            SELECT table_name || '.' || column_name AS name, data_type FROM information_schema.columns
            WHERE table_schema = 'public'
            """
        )
    kinds = {row["name"]: row["data_type"] for row in columns}
    instants = {name for name in kinds if name.endswith(("_at", "_out", "_off", "_on", "_in", "_until"))}
    assert {"flights.scheduled_out", "flight_status_history.actual_on", "notifications_log.due_at"} <= instants
    assert {name for name in instants if kinds[name] != "timestamp with time zone"} == set()
    assert "timestamp without time zone" not in kinds.values()


def statements() -> Iterator[tuple[str, str]]:
    """Every SQL text that the product hands to its database, with where it stands; f-strings are filled with module constants."""
    for path in sorted(ROOT.glob("travel/**/*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        known = vars(importlib.import_module(module))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
                continue
            if call.func.attr not in ("all", "one", "value", "run", "many"):
                continue
            sql = said(call.args[0], known)
            if sql is not None:
                yield f"{path.relative_to(ROOT)}:{call.lineno}", sql


def said(text_: ast.expr, known: dict[str, Any]) -> str | None:
    """The text of an expression, or None where it depends on more than the module's constants."""
    if isinstance(text_, ast.Constant) and isinstance(text_.value, str):
        return text_.value
    if isinstance(text_, ast.JoinedStr):
        try:
            filled = eval(compile(ast.Expression(text_), "<sql>", "eval"), dict(known))  # noqa: S307
        except NameError:
            return None
        return str(filled)
    return None


async def test_every_query_of_the_product_fits_the_tables_that_are_there(services: Services, db: Database) -> None:
    """Writes to a column that does not exist failed for days, half-way."""
    connection = await asyncpg.connect(services.app_url)
    wrong, prepared = [], 0
    try:
        for where, sql in statements():
            if not sql.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
                continue
            try:
                await connection.prepare(positional(sql)[0])
            except asyncpg.PostgresError as broken:
                wrong.append(f"{where}: {broken}")
            prepared += 1
    finally:
        await connection.close()
    assert wrong == []
    assert prepared >= 80
