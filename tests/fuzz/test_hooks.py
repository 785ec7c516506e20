"""What schemathesis is told finds an answer that the schema does not allow."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.fuzz import hooks

TRIP = '{ trip(id: "1") { id createdAt __typename } }'
GOOD = {"id": "1", "createdAt": "2026-11-22T14:05:00Z", "__typename": "Trip"}


def check(answer: dict[str, Any], document: str = TRIP) -> None:
    hooks.answer_fits_the_schema(None, SimpleNamespace(json=lambda: answer), SimpleNamespace(body=document))


@pytest.mark.parametrize("trip", [GOOD, None])
def test_an_answer_of_the_schema_fits(trip: Any) -> None:
    check({"data": {"trip": trip}})


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None},
        {"data": {}},
        {"data": {"trip": GOOD}, "more": 1},
        {"data": {"trip": GOOD, "viewer": None}},
        {"data": {"trip": {**GOOD, "id": None}}},
        {"data": {"trip": {**GOOD, "id": 1}}},
        {"data": {"trip": {**GOOD, "more": 1}}},
        {"data": {"trip": {**GOOD, "createdAt": "2026-11-22 14:05"}}},
        {"data": {"trip": {"createdAt": GOOD["createdAt"], "id": "1", "__typename": "Trip"}}},
        {"data": {"trip": [GOOD]}},
        {"data": {"trip": {**GOOD, "__typename": "Flight"}}},
    ],
)
def test_another_does_not(answer: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check(answer)
