"""What journeys put on the stand-in's stage, and how they look at it."""

from datetime import datetime, timedelta
from typing import Any

from tests.world import ANA, World, shown, text
from travel import tracking
from travel.model import Flight, Trip
from travel.records import flights

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BOB = "+5491155550202"
QUIET_FLIGHT = ["RESERVATION_CONFIRMATION", "REMINDER_24H", "BOARDING", "LANDING_WELCOME"]
"""What a traveller hears of a flight of which nothing is to be said."""

Step = tuple[timedelta, dict[str, Any]]


def flown(departure: datetime) -> tuple[Step, Step, Step]:
    """It leaves on time and touches down after 110 minutes; the gate of its arrival is never reported."""
    return (
        (2 * MINUTE, {"actual_out": departure + 2 * MINUTE}),
        (12 * MINUTE, {"actual_off": departure + 12 * MINUTE}),
        (110 * MINUTE, {"actual_on": departure + 110 * MINUTE}),
    )


def directed(
    world: World, ident: str, departure: datetime, *steps: tuple[timedelta, dict[str, Any]], **fields: Any
) -> str:
    """A flight like those of `world.fly`, with whole steps of a scenario: `set`, `replace_id`, `gone`."""
    fa_flight_id = f"{ident}-{int(departure.timestamp())}-airline-0001"
    line = {
        "fa_flight_id": fa_flight_id,
        "ident": ident,
        "ident_icao": ident,
        "origin": "SAEZ",
        "destination": "KMIA",
        "scheduled_out": text(departure),
        "scheduled_off": text(departure + 10 * MINUTE),
        "scheduled_on": text(departure + 110 * MINUTE),
        "scheduled_in": text(departure + 120 * MINUTE),
        **fields,
        "timeline": [{**step, "at": text(departure + at), "set": shown(step.get("set", {}))} for at, step in steps],
    }
    world.sandbox.scenario.add([line])
    return fa_flight_id


async def flight_of(world: World, trip: Trip) -> Flight:
    """The trip's flight as the database has it."""
    async with world.db.transaction(trip.agency_id) as tx:
        return await flights.get(tx, trip.flight_id)


async def look(world: World, trip: Trip, at: datetime) -> None:
    """Let the world go on until `at`, where an agent asks for a look."""
    await world.play(at)
    await tracking.check_trip(world.db, world.house.wakeups, world.clock, trip.agency_id, trip.id)
    await world.settle()


def told(world: World, *types: str, phone: str = ANA) -> list[tuple[str, str | None]]:
    """Type and value of a phone's messages, in order; all of them, or those of some types."""
    return [
        (line["type"], line["value"])
        for line in world.messages
        if line["to"] == phone and (not types or line["type"] in types)
    ]


def sent_at(world: World, type_: str, phone: str = ANA) -> str:
    """When the one message of a type was taken."""
    [at] = [line["at"] for line in world.messages if (line["to"], line["type"]) == (phone, type_)]
    return str(at)
