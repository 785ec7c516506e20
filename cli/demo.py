"""The demo agency of `bauhaus dev`: its key, its approved templates, and its travellers, booked through the API."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from rich.markup import escape

from sandbox.demo import demo_lines, demo_travellers
from travel import catalogue, tenancy
from travel.clock import Clock, RealClock
from travel.database import Database
from travel.model import Language, MessageTemplate, NotificationType, Role
from travel.records import agencies

NAME = "Norte Viajes"

IMPORT = """
mutation Demo($input: ImportTripsInput!) {
  importTrips(input: $input) { created failed results { userErrors { code message path } } }
}
"""

SETTINGS = """
mutation Demo($input: UpdateAgencySettingsInput!) {
  updateAgencySettings(input: $input) { userErrors { message path } }
}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What the demo needs once the processes run."""

    key: str
    flights: list[dict[str, Any]]
    travellers: list[dict[str, Any]]
    settings: dict[str, Any]


class DemoError(Exception):
    """The demo could not be set up; the message says what was refused."""


def prepare(owner_url: str, database_url: str, clock: Clock, *, approved: bool) -> Stage:
    """Make the agency and think up its day; nothing runs yet. `approved` makes the stand-in's templates the defaults."""
    start = clock.now()
    if approved:
        asyncio.run(_approve(owner_url, start))
    key = asyncio.run(_agency(database_url))
    lines = demo_travellers(start)
    # The first hour of the demo books everybody at once, which no agency does.
    settings = {"maxNotificationsPerHour": 1000, "maxNotificationsPerDay": 5000}
    for line in lines:
        settings |= line.get("settings", {})
    return Stage(
        key=key,
        flights=demo_lines(start),
        travellers=[line for line in lines if "traveller" in line],
        settings=settings,
    )


async def _approve(owner_url: str, start: datetime) -> None:
    owner = Database(owner_url, pool_size=2)
    await owner.connect()
    try:
        async with owner.transaction() as tx:
            for type_, language in catalogue.TEXTS:
                sid = content_sid(type_, language)
                template = MessageTemplate(type=type_, language=language, content_sid=sid, body=None, updated_at=start)
                await agencies.set_template(tx, None, template)
    finally:
        await owner.disconnect()


async def _agency(database_url: str) -> str:
    db = Database(database_url, pool_size=2)
    await db.connect()
    try:
        clock = RealClock()
        agency = await tenancy.create_agency(db, clock, name=NAME, email="hola@norte.example", country="AR")
        made = await tenancy.create_key(db, clock, agency.id, name="demo", role=Role.ADMIN, expires_at=None)
        return made.secret
    finally:
        await db.disconnect()


def content_sid(type_: NotificationType, language: Language) -> str:
    """The ContentSid under which the stand-in knows a text of the catalogue."""
    return f"HX{hashlib.md5(f'{type_}:{language}'.encode(), usedforsecurity=False).hexdigest()}"


def play(address: str, sandbox_url: str, stage: Stage) -> None:
    """Tell the stand-in which templates are approved, then book the travellers as an agency would."""
    texts = {content_sid(type_, language): text for (type_, language), text in catalogue.TEXTS.items()}
    rows = [_row(line) for line in stage.travellers]
    with httpx.Client(trust_env=False, timeout=30) as client:
        client.put(f"{sandbox_url}/_sandbox/templates", json=texts).raise_for_status()
        client.post(f"{sandbox_url}/_sandbox/flights", json=stage.flights).raise_for_status()
        client.headers["Authorization"] = f"Bearer {stage.key}"
        settings = _ask(client, address, SETTINGS, {"version": 1, **stage.settings})["updateAgencySettings"]
        imported = _ask(client, address, IMPORT, {"trips": rows})["importTrips"]
    answers = [each["userErrors"] for each in imported["results"]]
    # On a slow machine the first flights have left by the time that everything has started: the day goes on without them.
    refused = settings["userErrors"] + [each for each in answers if each and not _is_late(each)]
    if refused or all(answers):
        raise DemoError(f"The demo's own travellers were refused: {refused}")


def _is_late(errors: list[dict[str, Any]]) -> bool:
    return all(each["code"] == "TOO_LATE" for each in errors)


def _ask(client: httpx.Client, address: str, document: str, given: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"{address}/graphql", json={"query": document, "variables": {"input": given}})
    answer.raise_for_status()
    body = answer.json()
    if "errors" in body:
        raise DemoError(f"The demo could not be set up: {body['errors']}")
    data: dict[str, Any] = body["data"]
    return data


def _row(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "traveller": {
            "name": line["traveller"],
            "phone": line["phone"],
            "language": (line.get("language") or "es").upper(),
        },
        "flight": line["ident"],
        "origin": line["origin"],
        "destination": line["destination"],
        "departure": line["departure"],
    }


def line(message: dict[str, Any]) -> str:
    """A message that the stand-in took, as a line on the console."""
    at = message["at"][11:16]
    return f"[dim]{at}[/dim] [cyan]{message['type'] or '?':<24}[/cyan] {message['to']}  {escape(message['body'])}"
