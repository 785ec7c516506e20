"""Trusted documents: asked for by their digest over every transport, and with nothing else executed, if so wished."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from typer.testing import CliRunner

from cli.main import app
from graph import schema
from graph.trusted import ManifestError, Trusted, digest
from server import app as server_app
from tests.graph.test_subscriptions import Line, Socket, listening
from tests.server.test_http import house
from tests.server.test_over_http import JSON, RESPONSE
from tests.server.test_streams import event
from tests.world import World
from travel.config import Config

NAME, ROLE = "{ viewer { name } }", "{ viewer { role } }"
FEED = "subscription Feed { events { __typename } }"
NOWHERE = "0" * 64
NAMED = {"viewer": {"name": "test"}}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.json"
    path.write_bytes(orjson.dumps({digest(each): each for each in (NAME, FEED)}))
    return path


async def ask(world: World, http: httpx.AsyncClient, body: Any, accept: str = JSON) -> httpx.Response:
    return await http.post("/graphql", json=body, headers={"Authorization": f"Bearer {world.key}", "accept": accept})


def persisted(name: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": name}}, **more}


def code(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


async def test_a_document_is_asked_for_by_its_digest(world: World, manifest: Path) -> None:
    async with house(world, trusted_documents=manifest) as http:
        for body in (
            persisted(digest(NAME)),
            persisted(digest(NAME), query=None),
            persisted(digest(NAME), query=NAME),
            {"documentId": digest(NAME)},
            {"documentId": f"sha256:{digest(NAME)}"},
            {"documentId": digest(NAME).upper(), "variables": None},
            {"query": NAME},
        ):
            assert (await ask(world, http, body)).json() == {"data": NAMED}, body
        # Without the wish for nothing else, anything else is executed too.
        assert (await ask(world, http, {"query": ROLE})).json() == {"data": {"viewer": {"role": "ADMIN"}}}


async def test_a_digest_that_nobody_knows_is_named(world: World, manifest: Path) -> None:
    async with house(world, trusted_documents=manifest) as http:
        for body in (persisted(NOWHERE), {"documentId": NOWHERE}):
            for accept, status in ((JSON, 200), (RESPONSE, 400)):
                answer = await ask(world, http, body, accept)
                assert answer.status_code == status
                assert code(answer.json()) == "PERSISTED_QUERY_NOT_FOUND"
                assert NOWHERE in answer.json()["errors"][0]["message"]
                assert "data" not in answer.json()
        assert code((await ask(world, http, persisted(digest(NAME), query=ROLE))).json()) == "HASH_MISMATCH"
        for shape in ({"documentId": 5}, {"documentId": None}, {"extensions": {"persistedQuery": digest(NAME)}}):
            assert (await ask(world, http, shape)).status_code == 400
        assert (await ask(world, http, persisted(5))).status_code == 400  # type: ignore[arg-type]
    assert code((await ask(world, world.http, persisted(digest(NAME)))).json()) == "PERSISTED_QUERY_NOT_SUPPORTED"


async def test_only_what_is_trusted_is_executed(world: World, manifest: Path) -> None:
    async with house(world, trusted_documents=manifest, trusted_documents_only=True) as http:
        for body in (persisted(digest(NAME)), {"documentId": digest(NAME)}, {"query": NAME}):
            assert (await ask(world, http, body)).json() == {"data": NAMED}
        for body in ({"query": ROLE}, {"query": NAME + " "}, persisted(digest(ROLE), query=ROLE), {"query": "{"}):
            assert code((await ask(world, http, body)).json()) == "UNTRUSTED_DOCUMENT"
        raw = json.dumps({"query": "\ud800"}).encode()
        headers = {"Authorization": f"Bearer {world.key}", "content-type": JSON}
        assert (await http.post("/graphql", content=raw, headers=headers)).status_code in (200, 400)


@asynccontextmanager
async def strict(world: World, manifest: Path) -> AsyncIterator[Line]:
    config = world.config.model_copy(update={"trusted_documents": manifest, "trusted_documents_only": True})
    async with listening(server_app.build(world.house, config), world.key) as line:
        yield line


async def subscribed(socket: Socket, payload: Any) -> Any:
    await socket.say({"id": "1", "type": "subscribe", "payload": payload})
    return await socket.hear()


async def test_the_same_goes_for_sockets(world: World, manifest: Path) -> None:
    async with strict(world, manifest) as line, line.open() as socket:
        for payload in (persisted(digest(NAME)), {"documentId": digest(NAME)}, {"query": NAME}):
            assert (await subscribed(socket, payload))["payload"] == {"data": NAMED}
            assert (await socket.hear())["type"] == "complete"
        for payload, why in (
            ({"query": ROLE}, "UNTRUSTED_DOCUMENT"),
            ({"documentId": NOWHERE}, "PERSISTED_QUERY_NOT_FOUND"),
            (persisted(NOWHERE), "PERSISTED_QUERY_NOT_FOUND"),
            (persisted(NOWHERE, query=NAME), "HASH_MISMATCH"),
        ):
            answer = await subscribed(socket, payload)
            assert (answer["type"], answer["id"]) == ("error", "1")
            assert code({"errors": answer["payload"]}) == why
        answer = await subscribed(socket, {"documentId": digest(FEED), "operationName": "Feed"})
        assert answer["payload"]["data"]["events"] == {"__typename": "CaughtUp"}
        await world.book()
        assert (await socket.event()) == {"__typename": "TripCreated"}


async def test_the_same_goes_for_streams(world: World, manifest: Path) -> None:
    headers = {"Authorization": f"Bearer {world.key}", "accept": "text/event-stream"}
    async with strict(world, manifest) as line, httpx.AsyncClient(trust_env=False) as http:
        url = line.url.replace("ws://", "http://")
        async with http.stream("POST", url, json={"documentId": digest(FEED)}, headers=headers) as response:
            assert (await event(response.aiter_lines()))[1]["data"]["events"] == {"__typename": "CaughtUp"}
        refused = await http.post(url, json={"documentId": NOWHERE}, headers=headers)
        assert refused.status_code == 400
        assert code(refused.json()) == "PERSISTED_QUERY_NOT_FOUND"


BROKEN = {
    "no file": (None, "is no manifest"),
    "no JSON": (b"{", "is no manifest"),
    "a list": (b"[]", "is no manifest"),
    "a number": (b'{"x": 5}', "is no manifest"),
    "a wrong digest": (orjson.dumps({NOWHERE: NAME}), f"has the SHA-256 {digest(NAME)}"),
    "an upper-case digest": (orjson.dumps({digest(NAME).upper(): NAME}), "has the SHA-256"),
    "no document": (orjson.dumps({digest("{"): "{"}), "Syntax Error"),
    "no such field": (orjson.dumps({digest("{ x }"): "{ x }"}), "Cannot query field 'x'"),
    "too deep": (orjson.dumps({digest(text := "{" + "a{" * 500): text}), "nested too deeply"),
    "no operation": (orjson.dumps({digest(text := "fragment A on Viewer { name }"): text}), "is not valid"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_manifest_that_cannot_be_trusted_is_no_start(tmp_path: Path, name: str) -> None:
    content, why = BROKEN[name]
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ManifestError, match=why) as wrong:
        Trusted.of(schema.build(), path, only=False)
    assert str(path) in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_to_trust_nothing_is_no_configuration(world: World) -> None:
    given = world.config.model_dump() | {"trusted_documents_only": True}
    with pytest.raises(ValueError, match="TRUSTED_DOCUMENTS_ONLY needs TRUSTED_DOCUMENTS"):
        Config(**given, _env_file=None)


def test_the_command_prints_a_manifest_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "name.graphql").write_text(f"\n{NAME}\n", encoding="utf-8")
    (tmp_path / "deeper" / "feed.graphql").write_text(FEED, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    printed = CliRunner().invoke(app, ["manifest", str(tmp_path)])
    assert printed.exit_code == 0
    path = tmp_path / "manifest.json"
    path.write_text(printed.stdout, encoding="utf-8")
    assert json.loads(printed.stdout) == {hashlib.sha256(each.encode()).hexdigest(): each for each in (NAME, FEED)}
    assert Trusted.of(schema.build(), path, only=True).text({"documentId": digest(FEED)}) == FEED
    (tmp_path / "wrong.graphql").write_text("{ nothing }", encoding="utf-8")
    failed = CliRunner().invoke(app, ["manifest", str(tmp_path)])
    assert isinstance(failed.exception, ManifestError)
    assert "wrong.graphql is not valid: Cannot query field 'nothing'" in str(failed.exception)
