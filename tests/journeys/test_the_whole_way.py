"""A trip from its booking to the landing, through every part."""

from datetime import timedelta

from tests.world import World
from travel.model import NotificationStatus, NotificationType

MINUTE = timedelta(minutes=1)


async def test_a_traveller_hears_of_booking_reminder_delay_boarding_and_landing_once(world: World) -> None:
    departure = world.clock.now() + timedelta(days=2)
    world.fly(
        "ARG1303",
        departure,
        (-300 * MINUTE, {"estimated_out": departure + 45 * MINUTE}),
        (-240 * MINUTE, {"gate_origin": "A13", "terminal_origin": "A"}),
        (50 * MINUTE, {"actual_out": departure + 50 * MINUTE}),
        (65 * MINUTE, {"actual_off": departure + 65 * MINUTE, "estimated_on": departure + 160 * MINUTE}),
        (158 * MINUTE, {"actual_on": departure + 158 * MINUTE}),
        hours=2,
    )
    trip = await world.book("AR1303", departure=departure)
    await world.play(departure + timedelta(hours=6))

    assert world.heard() == [
        "RESERVATION_CONFIRMATION",
        "REMINDER_24H",
        "DELAYED",
        "BOARDING",
        "LANDING_WELCOME",
    ]
    boarding = next(line for line in world.messages if line["type"] == "BOARDING")
    assert "A13" in boarding["body"]
    assert boarding["at"] == "2026-03-12T11:15:00Z"  # 90 minutes before the new departure
    landing = next(line for line in world.messages if line["type"] == "LANDING_WELCOME")
    assert landing["at"] <= "2026-03-12T14:40:00Z"  # touchdown 14:38, seen within 120 seconds
    decided = await world.decided(trip)
    assert {each.status for each in decided} <= {NotificationStatus.DELIVERED, NotificationStatus.READ}
    assert [each.type for each in decided].count(NotificationType.LANDING_WELCOME) == 1
