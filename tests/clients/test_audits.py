"""What graphql-http, the reference of GraphQL over HTTP, finds when it audits the server."""

import pytest

from tests.clients.conftest import Line

# One server serves them all.
pytestmark = pytest.mark.xdist_group("clients")

WITHOUT_GET = {
    "5A70": "GET is switched off: it would be the one way in for requests that a foreign page can forge.",
    "D6D5": "Likewise.",
    "6A70": "Likewise.",
}
"""Audits that the server does not pass on purpose; each of them is a MAY."""


async def test_every_audit_of_the_reference_passes_except_those_of_get(line: Line) -> None:
    async with line.client("audits.mjs") as client:
        audits = [said async for said in client.listen()]
    assert len(audits) == 61
    failed = {each["id"]: each for each in audits if each["status"] != "ok"}
    assert {id_: each for id_, each in failed.items() if id_ not in WITHOUT_GET} == {}
    assert failed.keys() == WITHOUT_GET.keys()
    assert all(each["name"].startswith("MAY ") for each in failed.values())
