"""At the gate, in the air and after touchdown: what travellers stood or waited for in vain."""

from datetime import datetime, timedelta

import pytest

from tests.actions.test_tracking import flight_of, leg
from tests.journeys.wire import wire
from tests.world import World, text
from travel import tenancy

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def of_type(world: World, type_: str) -> list[dict[str, object]]:
    return [line for line in world.messages if line["type"] == type_]


# ---- gates and boarding


@pytest.mark.parametrize(
    ("gates", "told"),
    [
        ([None, "A13", None, "A14"], ["A14"]),
        ([None, "A13", None, None], []),
        (["A13", None, "A13"], []),
    ],
    ids=["unknown, A13, unknown, A14", "first assignment lost again", "gone and back"],
)
async def test_a_first_gate_and_a_gate_that_is_unknown_for_a_while_are_no_changes(
    world: World, gates: list[str | None], told: list[str]
) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    async with wire(world) as aeroapi:
        for gate in gates:
            await aeroapi.shows(trip, leg(departure, gate_origin=gate), after=10 * MINUTE)
        await world.play(world.clock.now() + 10 * MINUTE)
    assert [line["value"] for line in of_type(world, "GATE_CHANGE")] == told
    (last_known,) = [gate for gate in gates if gate][-1:]
    assert (await flight_of(world, trip)).state.gate_origin == last_known, "an unknown gate erases none"


async def test_a_gate_that_is_back_within_minutes_is_never_told(world: World) -> None:
    departure = world.clock.now() + 20 * HOUR
    trip = await world.book(departure=departure)
    async with wire(world) as aeroapi:
        for gate in ("A13", "B2", "A13"):
            await aeroapi.shows(trip, leg(departure, gate_origin=gate), after=2 * MINUTE)
        await world.play(world.clock.now() + HOUR)
    assert of_type(world, "GATE_CHANGE") == []


async def test_a_gate_that_became_known_minutes_ago_stands_in_the_boarding_message(world: World) -> None:
    """AA1641: "see the screens", and five minutes later the gate in a second message."""
    departure = world.clock.now() + 8 * HOUR
    world.fly("ARG1303", departure, (-94 * MINUTE, {"gate_origin": "D16"}))
    await world.book(departure=departure)
    await world.play(departure - 60 * MINUTE)
    (boarding,) = of_type(world, "BOARDING")
    assert "Puerta D16." in str(boarding["body"])
    assert of_type(world, "GATE_CHANGE") == []


async def test_a_gate_assigned_after_the_boarding_message_brings_no_second_one(world: World) -> None:
    departure = world.clock.now() + 8 * HOUR
    world.fly("ARG1303", departure, (-84 * MINUTE, {"gate_origin": "A13"}))
    await world.book(departure=departure)
    await world.play(departure - 5 * MINUTE)
    (boarding,) = of_type(world, "BOARDING")
    assert "pantallas" in str(boarding["body"])


async def test_the_newest_gate_wins_over_the_one_that_was_known_first(world: World) -> None:
    """AA837: D19 was seen, and the message named the gate that lay in the trip."""
    departure = world.clock.now() + 8 * HOUR
    world.fly("ARG1303", departure, (-100 * MINUTE, {"gate_origin": "D19"}), gate_origin="D4")
    trip = await world.book(departure=departure)
    await world.play(departure - 30 * MINUTE)
    (boarding,) = of_type(world, "BOARDING")
    assert "D19" in str(boarding["body"])
    assert "D4" not in str(boarding["body"])
    seen = await world.data("{ trips { nodes { told { gate at } flight { departure { gate } lastCheckedAt } } } }")
    node = seen["trips"]["nodes"][0]
    assert (node["told"]["gate"], node["flight"]["departure"]["gate"]) == ("D19", "D19")
    checked = (await flight_of(world, trip)).last_checked_at
    assert checked is not None
    assert node["flight"]["lastCheckedAt"] == text(checked)


# ---- landings


def flying(departure: datetime, landed: datetime, hours: int) -> list[tuple[timedelta, dict[str, object]]]:
    """The timeline of a flight that leaves on time and lands then; what is expected comes nearer to the truth on the way."""
    off, off_by = departure + 10 * MINUTE, departure + hours * HOUR - landed
    revised = [
        (off + landed_in * (landed - off) / 12, {"estimated_on": landed + off_by * (12 - landed_in) / 12})
        for landed_in in range(12)
    ]
    return [
        (timedelta(), {"actual_out": departure}),
        (10 * MINUTE, {"actual_off": off}),
        *((at - departure, change) for at, change in revised),
        (landed - departure, {"actual_on": landed}),
    ]


async def test_who_flies_for_thirteen_hours_is_welcomed_too(world: World) -> None:
    """SQ321: candidates for a landing were only those up to eight hours after departure."""
    departure = datetime.fromisoformat("2026-03-11T19:00:00Z")
    landed = departure + 13 * HOUR  # 16:00 in Singapore
    world.fly(
        "SIA321", departure, *flying(departure, landed, 13), origin="EGLL", destination="WSSS", ident_icao="SIA321", hours=13
    )  # fmt: skip
    await world.book("SQ321", departure=departure, origin="LHR", destination="SIN")
    await world.play(landed + 3 * HOUR)
    (welcome,) = of_type(world, "LANDING_WELCOME")
    assert "Singap" in str(welcome["body"])
    assert welcome["at"] <= text(landed + 2 * MINUTE)


async def test_a_landing_is_told_within_two_minutes_however_far_off_its_estimate_it_is(world: World) -> None:
    departure = world.clock.now() + 3 * HOUR
    landings = {}
    for number, minutes in enumerate((-12, -4, 0, 3, 9, 25, 70)):
        ident, phone = f"ARG130{number}", f"+54911555504{number:02}"
        landed = departure + 3 * HOUR + minutes * MINUTE
        landings[phone] = landed
        world.fly(ident, departure, *flying(departure, landed, 3), hours=3)
        await world.book(ident, departure=departure, phone=phone)
    await world.play(departure + 6 * HOUR)
    welcomed = {str(line["to"]): datetime.fromisoformat(str(line["at"])) for line in of_type(world, "LANDING_WELCOME")}
    assert welcomed.keys() == landings.keys()
    late = {phone: (welcomed[phone] - landed).total_seconds() for phone, landed in landings.items()}
    assert all(0 <= seconds <= 120 for seconds in late.values()), late


async def test_a_welcome_goes_as_the_approved_template_and_with_the_hotel_that_the_agency_wrote(world: World) -> None:
    """The hotel lay in a bag of JSON that the next poll replaced, and the text went out where only a template may."""
    departure = world.clock.now() + 6 * HOUR
    landed = departure + 2 * HOUR
    world.fly(
        "ARG1303",
        departure,
        (-5 * HOUR, {"gate_origin": "A1"}),
        (-4 * HOUR, {"estimated_out": departure + 5 * MINUTE}),
        *flying(departure, landed, 2),
    )
    trip = await world.book(departure=departure, lodging="Hotel Azul, 5th Street", notes="VIP\nwindow", reference="R-1")
    await world.play(landed + HOUR)
    (welcome,) = of_type(world, "LANDING_WELCOME")
    assert "Hotel Azul, 5th Street" in str(welcome["body"])
    request = welcome["request"]
    assert isinstance(request, dict)
    assert request["ContentSid"].startswith("HX")
    assert "Body" not in request
    assert len(await world.history(trip)) >= 4
    seen = await world.data("{ trips { nodes { lodging notes reference } } }")
    kept = {"lodging": "Hotel Azul, 5th Street", "notes": "VIP\nwindow", "reference": "R-1"}
    assert seen["trips"]["nodes"] == [kept]


async def test_who_landed_is_welcomed_once_though_the_source_goes_on_talking(world: World) -> None:
    """Nine welcomes: what was known of the landing was overwritten by the airline's next text."""
    departure = world.clock.now() + 2 * HOUR
    trip = await world.book(departure=departure)
    left = {"actual_out": text(departure), "actual_off": text(departure + 10 * MINUTE)}
    landed = departure + 210 * MINUTE
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, leg(departure))
        flying_now = leg(departure, **left, scheduled_on=text(landed))
        await aeroapi.shows(trip, flying_now, after=departure + 15 * MINUTE - world.clock.now())
        aeroapi.says = [leg(departure, **left, scheduled_on=text(landed), actual_on=text(landed), status="Landed")]
        await world.play(landed + 5 * MINUTE)
        for words in ("Arrived / Gate Arrival", "Scheduled", "En Route / Delayed"):
            aeroapi.says = [leg(departure, **left, scheduled_on=text(landed), status=words)]
            await tenancy.change_settings(
                world.db,
                world.house.wakeups,
                world.clock,
                world.agency.id,
                (await world.data("{ agency { settings { version } } }"))["agency"]["settings"]["version"],
                {"delay_threshold_minutes": 20 + len(words)},
            )
            await world.play(world.clock.now() + 90 * MINUTE)
    assert world.heard().count("LANDING_WELCOME") == 1


async def test_a_flight_that_seems_to_be_there_is_no_landing_and_in_the_end_the_agent_reads_that_it_is_lost(
    world: World,
) -> None:
    departure = world.clock.now() + 2 * HOUR
    trip = await world.book(departure=departure)
    left = {"actual_out": text(departure), "actual_off": text(departure + 10 * MINUTE)}
    async with wire(world) as aeroapi:
        await aeroapi.shows(trip, leg(departure))
        there = leg(departure, **left, estimated_on=text(departure + 2 * HOUR), progress_percent=100)
        await aeroapi.shows(trip, there, after=departure + 2 * HOUR - world.clock.now())
        assert (await world.data("{ trips { nodes { status } } }"))["trips"]["nodes"] == [{"status": "IN_FLIGHT"}]
        await world.play(departure + 30 * HOUR)
    assert of_type(world, "LANDING_WELCOME") == []
    assert (await world.data("{ trips { nodes { status } } }"))["trips"]["nodes"] == [{"status": "LOST"}]
