import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.travel.values import utc
from travel.clock import RealClock, ScaledClock, VirtualClock


def test_the_real_clock_is_the_machines_and_knows_its_zone():
    before, now, after = time.time(), RealClock().now(), time.time()
    assert now.tzinfo is UTC
    # An instant is rounded to the microsecond.
    assert before - 1e-6 <= now.timestamp() <= after + 1e-6


@pytest.mark.parametrize(("ago", "speed", "passed"), [(0, 60, 0), (10, 60, 600), (10, 1, 10), (10, 0.5, 5)])
def test_a_scaled_clock_has_run_so_many_times_as_fast_since_its_origin(ago, speed, passed):
    clock = ScaledClock(start=utc("07-15 12:00"), origin=time.time() - ago, speed=speed)
    expected = utc("07-15 12:00") + timedelta(seconds=passed)
    assert timedelta() <= clock.now() - expected < timedelta(seconds=speed)


def test_processes_that_share_the_numbers_share_the_time():
    numbers = {"start": utc("07-15 12:00"), "origin": time.time() - 5, "speed": 60}
    one, other = ScaledClock(**numbers).now(), ScaledClock(**numbers).now()
    assert timedelta() <= other - one < timedelta(seconds=60)


def test_a_virtual_clock_stands_until_it_is_moved_and_never_goes_back():
    clock = VirtualClock(utc("07-15 12:00"))
    assert clock.now() == clock.now() == datetime(2026, 7, 15, 12, tzinfo=UTC)
    clock.move_to(utc("07-15 13:00"))
    clock.move_to(utc("07-15 13:00"))
    with pytest.raises(ValueError, match="does not go back"):
        clock.move_to(utc("07-15 12:59"))
    assert clock.now() == utc("07-15 13:00")
