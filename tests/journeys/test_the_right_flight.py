"""Of all that AeroAPI says under a flight number, a traveller hears what is true of the flight that was booked."""

from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest

from tests.journeys.stage import BOB, HOUR, MINUTE, QUIET_FLIGHT, directed, flight_of, flown, look, sent_at, told
from tests.world import ANA, World, text
from travel.aeroapi import AeroApi

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


# ---- midnight, and the nights in which the clocks are changed


@pytest.mark.parametrize(
    ("origin", "local", "instant", "said"),
    [
        ("EZE", "2026-03-12T23:30", "2026-03-13T02:30:00Z", "jueves 12 de marzo, 23:30 (EZE)"),
        ("EZE", "2026-03-13T00:30", "2026-03-13T03:30:00Z", "viernes 13 de marzo, 00:30 (EZE)"),
        ("JFK", "2026-03-12T20:30", "2026-03-13T00:30:00Z", "jueves 12 de marzo, 20:30 (JFK)"),
        ("SYD", "2026-03-13T07:00", "2026-03-12T20:00:00Z", "viernes 13 de marzo, 07:00 (SYD)"),
    ],
)
async def test_a_flight_near_midnight_is_the_one_of_the_travellers_own_date(
    world: World, origin: str, local: str, instant: str, said: str
) -> None:
    departure = datetime.fromisoformat(instant)
    as_if_utc = datetime.fromisoformat(f"{local}:00Z")
    others = {departure - DAY, departure + DAY, as_if_utc} - {departure}
    mine = world.fly("ARG1303", departure, *flown(departure), origin=origin)
    for number, other in enumerate(sorted(others)):
        wrong = {"estimated_out": other + 5 * HOUR, "gate_origin": "WRONG"}
        world.fly(
            "ARG1303",
            other,
            (-20 * HOUR, wrong),
            origin=origin,
            fa_flight_id=f"ARG1303-177300000{number}-x-0001",
            visible_from=text(departure - 40 * HOUR),
        )
    trip = await world.book("AR1303", departure=local, origin=origin)
    await world.play(departure + 30 * HOUR)
    assert world.heard() == QUIET_FLIGHT
    assert (await flight_of(world, trip)).fa_flight_id == mine
    [confirmation] = [line["body"] for line in world.messages if line["type"] == "RESERVATION_CONFIRMATION"]
    assert said in confirmation


CLOCKS_CHANGE = [
    # New York: 01:59 is followed by 03:00, and in autumn by 01:00 again; of two half past ones the first counts.
    ("JFK", "2027-03-14T01:30", "2027-03-14T06:30:00Z"),
    ("JFK", "2027-03-14T03:30", "2027-03-14T07:30:00Z"),
    ("JFK", "2027-03-14T23:30", "2027-03-15T03:30:00Z"),
    ("JFK", "2026-11-01T00:30", "2026-11-01T04:30:00Z"),
    ("JFK", "2026-11-01T01:30", "2026-11-01T05:30:00Z"),
    ("JFK", "2026-11-01T02:30", "2026-11-01T07:30:00Z"),
    ("LHR", "2026-03-29T00:30", "2026-03-29T00:30:00Z"),
    ("LHR", "2026-03-29T02:30", "2026-03-29T01:30:00Z"),
    ("LHR", "2026-10-25T00:30", "2026-10-24T23:30:00Z"),
    ("LHR", "2026-10-25T02:30", "2026-10-25T02:30:00Z"),
    # Santiago changes at midnight: 23:00 to 24:00 comes twice in autumn, 00:00 to 01:00 never in spring.
    ("SCL", "2026-04-04T23:30", "2026-04-05T02:30:00Z"),
    ("SCL", "2026-04-05T00:30", "2026-04-05T04:30:00Z"),
    ("SCL", "2026-09-05T23:30", "2026-09-06T03:30:00Z"),
    ("SCL", "2026-09-06T01:30", "2026-09-06T04:30:00Z"),
    ("SYD", "2026-04-05T03:30", "2026-04-04T17:30:00Z"),
    ("SYD", "2026-10-04T03:30", "2026-10-03T16:30:00Z"),
]


@pytest.mark.parametrize(("origin", "local", "instant"), CLOCKS_CHANGE, ids=[f"{c[0]} {c[1]}" for c in CLOCKS_CHANGE])
async def test_a_flight_on_the_day_the_clocks_change_is_found_and_boarded_on_time(
    world: World, origin: str, local: str, instant: str
) -> None:
    departure = datetime.fromisoformat(instant)
    world.clock.move_to(departure - 3 * DAY)
    mine = world.fly("ARG1303", departure, *flown(departure), origin=origin)
    for number, off in enumerate((-DAY, -HOUR, HOUR, DAY)):
        world.fly(
            "ARG1303",
            departure + off,
            origin=origin,
            fa_flight_id=f"ARG1303-177300000{number}-x-0001",
            visible_from=text(departure - 40 * HOUR),
        )
    trip = await world.book("AR1303", departure=local, origin=origin)
    await world.play(departure + 30 * HOUR)
    assert world.heard() == QUIET_FLIGHT
    assert (await flight_of(world, trip)).fa_flight_id == mine
    assert sent_at(world, "BOARDING") == text(departure - 90 * MINUTE)
    [boarding] = [line["body"] for line in world.messages if line["type"] == "BOARDING"]
    assert f"{local[11:]} ({origin})" in boarding


# ---- names that change


async def test_a_flight_that_is_given_new_ids_is_neither_cancelled_nor_reminded_twice_and_lands(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    ids = [f"ARG1303-177320000{number}-airline-000{number}" for number in range(5)]
    times = (-30 * HOUR, -23 * HOUR, -5 * HOUR, -40 * MINUTE, 60 * MINUTE)
    directed(
        world,
        "ARG1303",
        departure,
        *((at, {"replace_id": id_}) for at, id_ in zip(times, ids, strict=True)),
        *((at, {"set": change}) for at, change in flown(departure)),
    )
    trip = await world.book("AR1303", departure=departure)
    for at in times:
        await look(world, trip, departure + at + MINUTE)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT
    assert "2026-03-12T13:50:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T13:52:00Z"
    assert (await flight_of(world, trip)).fa_flight_id == ids[-1]


async def test_a_flight_moved_by_hours_and_given_a_new_id_is_still_the_same_flight(world: World) -> None:
    """The airline moves it by seven hours, and AeroAPI makes a new id of it: the last told departure is known."""
    departure = world.clock.now() + 2 * DAY
    new = departure + 7 * HOUR
    moved = {
        "scheduled_out": new,
        "scheduled_off": new + 10 * MINUTE,
        "scheduled_on": new + 110 * MINUTE,
        "scheduled_in": new + 120 * MINUTE,
    }
    directed(
        world,
        "ARG1303",
        departure,
        (-20 * HOUR, {"set": moved}),
        (-10 * HOUR, {"replace_id": "ARG1303-1773300000-airline-0009"}),
        *((7 * HOUR + at, {"set": change}) for at, change in flown(new)),
    )
    trip = await world.book("AR1303", departure=departure)
    await look(world, trip, departure - 19 * HOUR)
    assert told(world, "DELAYED") == [("DELAYED", "2026-03-12T19:00:00Z")]
    await world.play(departure + 2 * DAY)
    assert told(world)[2:] == [
        ("DELAYED", "2026-03-12T19:00:00Z"),
        ("BOARDING", "2026-03-12T19:00:00Z"),
        ("LANDING_WELCOME", "KMIA"),
    ]


async def test_a_record_that_disappears_and_comes_back_is_no_cancellation_and_lands(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    absences = ((-31 * HOUR, -29 * HOUR), (-6 * HOUR, -4 * HOUR), (30 * MINUTE, 60 * MINUTE))
    directed(
        world,
        "ARG1303",
        departure,
        *((at, {"gone": gone}) for pair in absences for at, gone in zip(pair, (True, False), strict=True)),
        *((at, {"set": change}) for at, change in flown(departure)),
    )
    trip = await world.book("AR1303", departure=departure)
    for gone, back in absences:
        await look(world, trip, departure + gone + MINUTE)
        await look(world, trip, departure + back - MINUTE)
    await world.play(departure + DAY)
    assert world.heard() == QUIET_FLIGHT
    assert "2026-03-12T13:50:00Z" <= sent_at(world, "LANDING_WELCOME") <= "2026-03-12T13:52:00Z"


async def test_a_record_that_disappears_for_good_is_never_called_cancelled_and_shown_as_lost(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    directed(world, "ARG1303", departure, (-6 * HOUR, {"gone": True}))
    await world.book("AR1303", departure=departure)
    await world.play(departure + 2 * DAY)
    assert world.heard() == ["RESERVATION_CONFIRMATION", "REMINDER_24H", "BOARDING"]
    shown = await world.data("{ trips { nodes { status } } }")
    assert shown["trips"]["nodes"] == [{"status": "LOST"}]


async def test_a_flight_whose_result_is_unknown_ends_without_a_word_that_is_not_true(world: World) -> None:
    departure = world.clock.now() + 2 * DAY
    world.fly("ARG1303", departure, (HOUR, {"status": "result unknown"}))
    world.fly("ARG1305", departure, *flown(departure)[:2], (HOUR, {"status": "result unknown"}))
    await world.book("AR1303", departure=departure)
    await world.book("AR1305", departure=departure, phone=BOB)
    await world.play(departure + 2 * DAY)
    for phone in (ANA, BOB):
        assert world.heard(phone) == ["RESERVATION_CONFIRMATION", "REMINDER_24H", "BOARDING"]
    shown = await world.data("{ trips { nodes { status } } }")
    assert shown["trips"]["nodes"] == [{"status": "LOST"}, {"status": "LOST"}]
    async with world.db.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM flights WHERE next_check_at IS NOT NULL") == 0


async def test_a_number_that_aeroapi_refuses_for_a_day_is_watched_all_the_same(world: World) -> None:
    """400 is also the answer to an ident it does not know yet; it is no outage, and other flights are told of."""
    departure = world.clock.now() + 2 * DAY
    late = {"estimated_out": departure + 45 * MINUTE}
    for ident in ("ARG1303", "ARG1305"):
        world.fly(ident, departure, (-40 * HOUR, late))
    refuses = True
    stand_in = httpx.ASGITransport(world.sandbox.app)

    class Refusing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if refuses and "1303" in request.url.path:
                return httpx.Response(
                    400, json={"title": "Invalid argument", "status": 400, "detail": "", "reason": ""}
                )
            return await stand_in.handle_async_request(request)

    source = AeroApi.open(url="http://x/aeroapi", key="key-of-the-stand-in", timeout_seconds=5, transport=Refusing())
    world.context = replace(world.context, source=source)
    await world.book("AR1303", departure=departure)
    await world.book("AR1305", departure=departure, phone=BOB)
    await world.play(departure - 23 * HOUR)
    assert told(world, "DELAYED", phone=ANA) == []
    assert told(world, "DELAYED", phone=BOB) == [("DELAYED", "2026-03-12T12:45:00Z")]
    refuses = False
    await world.play(departure)
    await source.close()
    assert world.heard(ANA) == ["RESERVATION_CONFIRMATION", "REMINDER_24H", "DELAYED", "BOARDING"]
    assert told(world, "DELAYED", phone=ANA) == [("DELAYED", "2026-03-12T12:45:00Z")]


# ---- what was booked stays what was booked


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
