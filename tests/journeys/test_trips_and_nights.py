"""Bookings at odd hours, the same traveller twice, and what the hours of the day do to messages."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.world import ANA, World, text
from travel.model import NotificationReason, NotificationType, RefusedError, UserErrorCode

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def test_who_books_at_three_in_the_night_is_confirmed_in_the_morning_and_never_told_of_a_day_ahead(
    world: World,
) -> None:
    """03:00 in Buenos Aires, fourteen hours before departure: a message at 03:01 spoke of 24 hours."""
    world.clock.move_to(datetime(2026, 3, 11, 6, 0, tzinfo=UTC))
    departure = world.clock.now() + 14 * HOUR
    world.fly("ARG1303", departure, (timedelta(), {"actual_out": departure}))
    trip = await world.book(departure=departure)
    await world.play(departure + 6 * HOUR)
    heard = [(line["type"], line["at"]) for line in world.messages]
    assert heard == [
        ("RESERVATION_CONFIRMATION", "2026-03-11T12:00:00Z"),
        ("BOARDING", text(departure - 90 * MINUTE)),
    ]
    reminders = [each for each in await world.decided(trip) if each.type is NotificationType.REMINDER_24H]
    assert [each.reason for each in reminders] == [NotificationReason.BOOKED_LATE]


async def test_the_same_traveller_books_the_same_flight_number_for_january_and_for_july(world: World) -> None:
    world.clock.move_to(datetime(2026, 12, 1, 12, 0, tzinfo=UTC))
    january, july = datetime(2027, 1, 2, 21, 0, tzinfo=UTC), datetime(2027, 7, 20, 21, 0, tzinfo=UTC)
    first = await world.book("AR1304", departure=january)
    second = await world.book("AR1304", departure=july)
    assert first.id != second.id
    for again in (january, july):
        with pytest.raises(RefusedError) as refused:
            await world.book("AR1304", departure=again)
        assert refused.value.refusals[0].code is UserErrorCode.TAKEN
    await world.settle()
    assert world.heard(ANA) == ["RESERVATION_CONFIRMATION", "RESERVATION_CONFIRMATION"]


async def test_a_traveller_from_rome_sleeps_by_the_clock_of_rome(world: World) -> None:
    """Rome was missing in a table of thirty airports, so its nights were those of UTC."""
    world.clock.move_to(datetime(2026, 7, 14, 21, 30, tzinfo=UTC))  # 23:30 in Rome
    await world.book("AZ610", departure=datetime(2026, 7, 17, 8, 0, tzinfo=UTC), origin="FCO", destination="JFK")
    await world.play(datetime(2026, 7, 15, 12, 0, tzinfo=UTC))
    assert [line["at"] for line in world.messages] == ["2026-07-15T07:00:00Z"], "09:00 in Rome"


async def test_who_lands_the_day_before_leaving_is_welcomed_by_the_clock_of_where_they_are(world: World) -> None:
    """Auckland to Honolulu: over the date line, from Thursday evening into the small hours of the same Thursday."""
    departure = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)  # Thursday 22:00 in Auckland
    landed = departure + 8 * HOUR  # Thursday 07:00 in Honolulu, still quiet
    world.fly(
        "HAL446",
        departure,
        (timedelta(), {"actual_out": departure}),
        (10 * MINUTE, {"actual_off": departure + 10 * MINUTE, "estimated_on": landed}),
        (8 * HOUR, {"actual_on": landed}),
        origin="NZAA",
        destination="PHNL",
        hours=8,
    )
    await world.book("HA446", departure=departure, origin="AKL", destination="HNL")
    await world.play(landed + 12 * HOUR)
    (confirmation, *_, welcome) = world.messages
    assert "jueves 12 de marzo, 22:00 (AKL)" in confirmation["body"]
    assert (welcome["type"], welcome["at"]) == ("LANDING_WELCOME", "2026-03-12T19:00:00Z"), "09:00 in Honolulu"


async def test_an_agent_reads_every_instant_in_utc_beside_the_zone_of_its_airport(world: World) -> None:
    """An arrival was read as UTC and then once more as the destination's local time."""
    departure = world.clock.now() + 20 * HOUR
    world.fly("ARG1303", departure, hours=9)
    await world.book(departure=departure.astimezone(timezone(timedelta(hours=2))).isoformat())
    await world.settle()
    end = "scheduledAt airport { code timezone }"
    seen = await world.data(f"{{ trips {{ nodes {{ flight {{ departure {{ {end} }} arrival {{ {end} }} }} }} }} }}")
    assert seen["trips"]["nodes"][0]["flight"] == {
        "departure": {
            "scheduledAt": "2026-03-11T08:00:00Z",
            "airport": {"code": "EZE", "timezone": "America/Argentina/Buenos_Aires"},
        },
        "arrival": {
            "scheduledAt": "2026-03-11T17:00:00Z",
            "airport": {"code": "MIA", "timezone": "America/New_York"},
        },
    }
