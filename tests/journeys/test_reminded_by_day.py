"""A traveller is reminded about a day before, whatever the hour of the departure, and never woken for it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.stage import HOUR
from tests.world import World, text

DAY = timedelta(days=1)

# Local hour of the departure: day and hour of the reminder at the origin. Nobody is woken between 22:00 and 09:00.
ORDINARY = {
    **dict.fromkeys(range(9), (-1, 9)),
    **{hour: (-1, hour) for hour in range(9, 22)},
    22: (0, 9),
    23: (0, 9),
}
# 24 hours before are an hour earlier on the clocks of the day before: the night has lost one.
SPRING = {
    **dict.fromkeys(range(10), (-1, 9)),
    **{hour: (-1, hour - 1) for hour in range(10, 23)},
    23: (0, 9),
}
# And an hour later where the night has gained one.
AUTUMN = {
    **dict.fromkeys(range(8), (-1, 9)),
    **{hour: (-1, hour + 1) for hour in range(8, 21)},
    21: (0, 9),
    22: (0, 9),
    23: (0, 9),
}

EVERY_HOUR = range(24)
AROUND_THE_NIGHT = (1, 3, 7, 8, 9, 10, 20, 21, 22, 23)
DAYS = [
    ("EZE", "America/Argentina/Buenos_Aires", "2026-03-14", ORDINARY, EVERY_HOUR),
    ("JFK", "America/New_York", "2027-03-14", SPRING, sorted({*EVERY_HOUR} - {2})),
    ("JFK", "America/New_York", "2026-11-01", AUTUMN, EVERY_HOUR),
    ("LHR", "Europe/London", "2026-03-29", SPRING, AROUND_THE_NIGHT[1:]),
    ("LHR", "Europe/London", "2026-10-25", AUTUMN, AROUND_THE_NIGHT),
    # Santiago changes its clocks at midnight: in autumn it is the evening before that has an hour more.
    ("SCL", "America/Santiago", "2026-09-06", SPRING, AROUND_THE_NIGHT),
    ("SCL", "America/Santiago", "2026-04-05", AUTUMN, AROUND_THE_NIGHT),
    ("SYD", "Australia/Sydney", "2026-10-04", SPRING, AROUND_THE_NIGHT),
    ("SYD", "Australia/Sydney", "2026-04-05", AUTUMN, AROUND_THE_NIGHT),
]


@pytest.mark.parametrize(
    ("origin", "zone", "day", "reminded", "hours"), DAYS, ids=[f"{each[0]} {each[2]}" for each in DAYS]
)
async def test_a_departure_at_each_hour_is_reminded_by_day(
    world: World, origin: str, zone: str, day: str, reminded: dict[int, tuple[int, int]], hours: Iterable[int]
) -> None:
    destination = "MIA" if origin != "SYD" else "AKL"
    first = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    world.clock.move_to(first - 60 * HOUR)
    expected: dict[str, str] = {}
    for hour in hours:
        local = datetime.fromisoformat(f"{day}T{hour:02}:00").replace(tzinfo=ZoneInfo(zone))
        world.fly(f"ARG{2000 + hour}", datetime.fromtimestamp(local.timestamp(), first.tzinfo), origin=origin)
        phone = f"+54911555502{hour:02}"
        await world.book(
            f"AR{2000 + hour}", departure=f"{day}T{hour:02}:00", origin=origin, destination=destination, phone=phone
        )
        days, at = reminded[hour]
        morning = date.fromisoformat(day) + timedelta(days=days)
        allowed = datetime(morning.year, morning.month, morning.day, at, tzinfo=ZoneInfo(zone))
        expected[phone] = text(datetime.fromtimestamp(allowed.timestamp(), first.tzinfo))
    await world.play(first + 15 * HOUR)
    reminders = [line for line in world.messages if line["type"] == "REMINDER_24H"]
    assert {line["to"]: line["at"] for line in reminders} == expected
    assert len(reminders) == len(expected)
