"""GraphQL over HTTP: the media type that was asked for, and a status that says whether a request was executed."""

import json
from typing import Any

import httpx
import pytest

from server.over_http import JSON, RESPONSE, STREAM, is_json, media_type
from tests.world import World

VIEWER = "{ viewer { name } }"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("Application/JSON; charset=utf-8", JSON),
        ("text/html, */*;q=0.1", JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", RESPONSE),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{RESPONSE};q=0.9, {JSON}", JSON),
        (f"{RESPONSE};q=0, */*", JSON),
        (f"{RESPONSE}, */*;q=0.5", RESPONSE),
        (URQL, RESPONSE),
        (STREAM, STREAM),
        (f"{STREAM}, */*", STREAM),
        (f"{STREAM}, multipart/mixed", STREAM),
        (f"{STREAM}, {JSON}", JSON),
        (f"{STREAM}, {RESPONSE}", RESPONSE),
        (f"{STREAM};q=0", None),
        ("text/html", None),
        (f"{JSON};q=0", None),
        ("multipart/mixed;subscriptionSpec=1.0", None),
        (",;,", None),
    ],
)
def test_the_media_type_is_the_one_that_was_asked_for(accept: str | None, answer: str | None) -> None:
    assert media_type(accept) == answer


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ('Application/JSON;charset="UTF-8"', True),
        ("application/json; charset=latin-1", False),
        ("application/jsonp", False),
        ("text/plain; application/json", False),
        ("", False),
        (None, False),
    ],
)
def test_a_body_is_json_in_utf_8(content_type: str | None, answer: bool) -> None:
    assert is_json(content_type) is answer


async def post(world: World, body: Any, accept: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {world.key}", "accept": accept, "content-type": "application/json"}
    return await world.http.post("/graphql", content=json.dumps(body).encode(), headers=headers)


@pytest.mark.parametrize(
    "request_",
    [
        {"query": ""},
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query($id: ID!) { trip(id: $id) { id } }"},
        {"query": "query A { __typename }", "operationName": "B"},
        {"query": "{ trips(first: -1) { totalCount } x: nothing }"},
        {"query": "subscription { events { sequence } }"},
    ],
)
async def test_a_document_that_cannot_be_executed_has_no_data(world: World, request_: dict[str, Any]) -> None:
    for accept, status in ((RESPONSE, 400), (JSON, 200)):
        response = await post(world, request_, accept)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
        assert response.json().keys() == {"errors"}


async def test_what_was_executed_is_answered_with_200_also_where_a_field_failed(world: World) -> None:
    for accept in (RESPONSE, JSON):
        response = await post(world, {"query": VIEWER}, accept)
        assert (response.status_code, response.json().keys()) == (200, {"data"})
        response = await post(world, {"query": "{ trips(first: 101) { totalCount } }"}, accept)
        assert (response.status_code, response.json()["data"]) == (200, None)
        assert response.json()["errors"][0]["path"] == ["trips"]


async def test_a_refusal_is_of_the_media_type_too(world: World) -> None:
    for accept in (RESPONSE, JSON):
        response = await post(world, {"query": 5}, accept)
        assert (response.status_code, response.headers["content-type"]) == (400, accept)
        response = await world.http.post("/graphql", json={"query": VIEWER}, headers={"accept": accept})
        assert (response.status_code, response.headers["content-type"]) == (401, accept)
        assert response.json()["errors"][0]["message"]


async def test_what_is_not_spoken_is_named(world: World) -> None:
    response = await post(world, {"query": VIEWER}, "text/html")
    assert response.status_code == 406
    assert RESPONSE in response.text
    response = await world.http.get("/graphql", params={"query": VIEWER})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
