"""Of all that AeroAPI says under a flight number, a traveller hears what is true of the flight that was booked."""

from datetime import timedelta

import pytest

from tests.journeys.stage import BOB, HOUR, MINUTE, QUIET_FLIGHT, flight_of, flown, look, sent_at, told
from tests.world import ANA, World, text

DAY = timedelta(days=1)


async def test_of_yesterday_today_and_tomorrow_the_booked_day_is_told(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    for days, late in ((-1, 60), (0, 45), (1, 90)):
        out = departure + days * DAY
        world.fly(
            "ARG1303",
            out,
            (-5 * HOUR, {"estimated_out": out + late * MINUTE, "gate_origin": f"G{late}"}),
            ((late + 1) * MINUTE, {"actual_out": out + (late + 1) * MINUTE}),
            ((late + 9) * MINUTE, {"actual_off": out + (late + 9) * MINUTE}),
            ((late + 100) * MINUTE, {"actual_on": out + (late + 100) * MINUTE}),
            visible_from=text(out - 2 * DAY),
        )
    trip = await world.book("AR1303", departure=departure)
    await world.play(departure + 2 * DAY)
    assert told(world) == [
        ("RESERVATION_CONFIRMATION", "2026-03-12T12:00:00Z"),
        ("REMINDER_24H", "2026-03-12T12:00:00Z"),
        ("DELAYED", "2026-03-12T12:45:00Z"),
        ("BOARDING", "G45"),
        ("LANDING_WELCOME", "KMIA"),
    ]
    assert "2026-03-12T14:25:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T14:27:00Z"
    assert (await flight_of(world, trip)).fa_flight_id == f"ARG1303-{int(departure.timestamp())}-airline-0001"


async def test_a_flight_that_is_seen_first_is_not_the_one_that_was_booked(world: World) -> None:
    """Two flights of one number and route on a day; the earlier one comes into AeroAPI's sight some hours sooner."""
    departure = world.clock.now() + 3 * DAY
    earlier = departure - 4 * HOUR
    for out, gate in ((earlier, "E1"), (departure, "L2")):
        world.fly("ARG1303", out, (-20 * HOUR, {"gate_origin": gate}), *flown(out), visible_from=text(out - 2 * DAY))
    trip = await world.book("AR1303", departure=departure)
    await world.play(departure + DAY)
    assert told(world) == [
        ("RESERVATION_CONFIRMATION", "2026-03-13T12:00:00Z"),
        ("REMINDER_24H", "2026-03-13T12:00:00Z"),
        ("BOARDING", "L2"),
        ("LANDING_WELCOME", "KMIA"),
    ]
    assert (await flight_of(world, trip)).fa_flight_id == f"ARG1303-{int(departure.timestamp())}-airline-0001"


async def test_the_first_look_that_an_agent_may_ask_for_finds_the_flight(world: World) -> None:
    """A look is refused until 47 hours before the departure, because AeroAPI cannot know the flight; then it can."""
    departure = world.clock.now() + 5 * DAY
    late = {"scheduled_out": text(departure + 2 * HOUR), "estimated_out": text(departure + 2 * HOUR)}
    world.fly("ARG1303", departure, **late, visible_from=text(departure - 2 * DAY))
    world.fly("ARG1305", departure, visible_from=text(departure - 2 * DAY))
    moved = await world.book("AR1303", departure=departure)
    on_time = await world.book("AR1305", departure=departure, phone=BOB)
    await look(world, on_time, departure - 47 * HOUR)
    assert (await flight_of(world, on_time)).fa_flight_id is not None
    await look(world, moved, departure - 45 * HOUR)
    assert told(world, "DELAYED") == [("DELAYED", "2026-03-15T14:00:00Z")]


async def test_of_two_legs_under_one_number_each_traveller_hears_of_their_own(world: World) -> None:
    """AeroAPI lists the later leg first; it is cancelled, and only who booked it hears so."""
    departure = world.clock.now() + 2 * DAY
    onward = departure + 4 * HOUR
    world.fly("ARG1303", departure, *flown(departure))
    world.fly(
        "ARG1303",
        onward,
        (-9 * HOUR, {"cancelled": True}),
        origin="KMIA",
        destination="KJFK",
        fa_flight_id="ARG1303-1773000000-airline-0002",
    )
    await world.book("AR1303", departure=departure)
    await world.book("AR1303", departure=onward, origin="MIA", destination="JFK", phone=BOB)
    await world.play(departure + DAY)
    assert world.heard(ANA) == QUIET_FLIGHT
    assert world.heard(BOB) == ["RESERVATION_CONFIRMATION", "REMINDER_24H", "CANCELLED"]


async def test_who_booked_by_the_partners_number_hears_of_the_flight_that_operates_it(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    operating = world.fly(
        "ARG1303",
        departure,
        (-5 * HOUR, {"estimated_out": departure + 45 * MINUTE}),
        (46 * MINUTE, {"actual_out": departure + 46 * MINUTE}),
        (56 * MINUTE, {"actual_off": departure + 56 * MINUTE}),
        (150 * MINUTE, {"actual_on": departure + 150 * MINUTE}),
        ident_iata="AR1303",
        codeshares=["IBE7456", "GLO3234"],
        codeshares_iata=["IB7456", "G33234"],
    )
    phones = {"AR1303": ANA, "IB7456": BOB, "G33234": "+5491155550303"}
    trips = {number: await world.book(number, departure=departure, phone=phone) for number, phone in phones.items()}
    await world.play(departure + DAY)
    for number, phone in phones.items():
        assert told(world, phone=phone) == [
            ("RESERVATION_CONFIRMATION", "2026-03-12T12:00:00Z"),
            ("REMINDER_24H", "2026-03-12T12:00:00Z"),
            ("DELAYED", "2026-03-12T12:45:00Z"),
            ("BOARDING", "2026-03-12T12:45:00Z"),
            ("LANDING_WELCOME", "KMIA"),
        ]
        bodies = [line["body"] for line in world.messages if line["to"] == phone]
        assert all(number in body for body in bodies[:-1]), "each reads the number that stands on the ticket"
        assert (await flight_of(world, trips[number])).fa_flight_id == operating


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("G33234", {"ident_icao": "GLO3234", "ident_iata": "G33234"}),
        ("5O123", {"ident_icao": "FPO123", "ident_iata": "5O123"}),
        # The designator of an airline outside our table: AeroAPI knows it.
        ("9Z77", {"ident_icao": None, "ident_iata": "9Z77"}),
    ],
)
async def test_an_airline_whose_letters_hold_a_digit_is_found(
    world: World, typed: str, fields: dict[str, str | None]
) -> None:
    departure = world.clock.now() + 2 * DAY
    world.fly(fields["ident_icao"] or typed, departure, *flown(departure), **fields)
    # Its registration reads like the flight number: whoever asks without a type gets the aircraft.
    world.fly("ARG99", departure + HOUR, registration=typed, fa_flight_id="ARG99-1773000000-airline-0001")
    await world.book(typed, departure=departure)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT


async def test_a_timetable_that_creeps_is_told_against_what_was_told_and_the_booking_stays(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    moves = [(-30 * HOUR, 10), (-29 * HOUR, 20), (-28 * HOUR, 30), (-27 * HOUR, 40), (-26 * HOUR, -20)]
    world.fly(
        "ARG1303",
        departure,
        *((at, {"scheduled_out": departure + late * MINUTE}) for at, late in moves),
        (-25 * HOUR, {"destination": "KFLL", "ident": "ARG9999", "codeshares": ["ARG1303"]}),
        (-24 * HOUR, {"destination": "KMIA", "origin": "SAEZ"}),
    )
    trip = await world.book("AR1303", departure=departure)
    for at, _ in moves:
        await look(world, trip, departure + at + MINUTE)
    assert told(world, "DELAYED", "EARLIER") == [
        ("DELAYED", "2026-03-12T12:20:00Z"),
        ("DELAYED", "2026-03-12T12:40:00Z"),
        ("EARLIER", "2026-03-12T11:40:00Z"),
    ]
    await world.play(departure)
    flight = await flight_of(world, trip)
    identity = (flight.ident, flight.origin, flight.destination, flight.booked_departure_at)
    assert identity == ("ARG1303", "SAEZ", "KMIA", departure)


async def test_a_timetable_that_differs_from_the_ticket_is_told_at_the_first_look(world: World) -> None:
    departure = world.clock.now() + 30 * HOUR
    world.fly("ARG1303", departure + 40 * MINUTE)
    world.fly("ARG1305", departure - 40 * MINUTE)
    await world.book("AR1303", departure=departure)
    await world.book("AR1305", departure=departure, phone=BOB)
    await world.settle()
    assert told(world, phone=ANA)[1:] == [("DELAYED", "2026-03-11T18:40:00Z")]
    assert told(world, phone=BOB)[1:] == [("EARLIER", "2026-03-11T17:20:00Z")]


@pytest.mark.parametrize("listed", [-MINUTE, 40 * MINUTE], ids=["original leg listed first", "new leg listed first"])
async def test_a_diverted_traveller_hears_of_the_new_airport_and_is_welcomed_there(
    world: World, listed: timedelta
) -> None:
    departure = world.clock.now() + 2 * DAY
    fa_flight_id = world.fly("ARG1303", departure, *flown(departure)[:2], (HOUR, {"diverted": True}))
    world.fly(
        "ARG1303",
        departure + listed,
        (131 * MINUTE - listed, {"actual_on": departure + 131 * MINUTE}),
        fa_flight_id=fa_flight_id,
        destination="KTPA",
        visible_from=text(departure + HOUR),
        actual_off=text(departure + 12 * MINUTE),
        estimated_on=text(departure + 130 * MINUTE),
        gate_destination="F7",
    )
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure + 61 * MINUTE)
    await world.play(departure + DAY)
    assert told(world)[2:] == [
        ("BOARDING", "2026-03-12T12:00:00Z"),
        ("DIVERTED", "KTPA"),
        ("LANDING_WELCOME", "KTPA"),
    ]
    assert "2026-03-12T14:11:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T14:13:00Z"
    welcome = world.messages[-1]["body"]
    assert "Tampa (TPA)" in welcome
    assert "Miami" not in welcome
    flight = await flight_of(world, trip)
    assert (flight.destination, flight.booked_departure_at) == ("KMIA", departure)


async def test_an_aircraft_that_goes_elsewhere_without_the_flag_does_not_welcome_to_the_booked_city(
    world: World,
) -> None:
    """One record, whose destination is another one from take-off on: nobody is in Miami."""
    departure = world.clock.now() + 2 * DAY
    world.fly("ARG1303", departure, *flown(departure), (HOUR, {"destination": "KTPA"}))
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure + 61 * MINUTE)
    await world.play(departure + DAY)
    assert ("LANDING_WELCOME", "KMIA") not in told(world)
