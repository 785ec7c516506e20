"""The course of a real flight: in which steps its made-up details and its real times became known."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

GATE_CHANGES = 0.12
NEVER_SHOWS_GATE_ARRIVAL = 1 / 12
# A smaller change of the departure shows only when the aircraft moves.
ANNOUNCED = timedelta(minutes=10)
TAXI_IN_USUAL = timedelta(minutes=8)
BOARDING_TAKES = (30, 50)
"""Minutes. Nobody brings a departure forward to a moment at which the cabin would still be empty."""
TERMINALS = {"JFK": "124578", "EWR": "ABC", "LGA": "ABCD"}

Step = tuple[datetime, dict[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """One set of the four instants of a flight: gate, take-off, touchdown, gate."""

    out: datetime
    off: datetime
    on: datetime
    into: datetime


def before(scheduled: Times, departs: datetime, origin: str, tail: str | None, rng: Random) -> list[Step]:
    """The aircraft and the gate: assigned some hours ahead, the gate changed for one flight in eight."""
    terminal = rng.choice(TERMINALS.get(origin, "ABC"))
    gates = [f"{rng.choice('ABCD')}{number}" for number in rng.sample(range(1, 40), 2)]
    assigned_at = scheduled.out - minutes(rng.randint(120, 240))
    steps: list[Step] = [(assigned_at, {"gate_origin": gates[0], "terminal_origin": terminal})]
    if tail:
        steps.append((scheduled.out - minutes(rng.randint(360, 1440)), {"registration": tail}))
    if rng.random() < GATE_CHANGES:
        steps.append((departs - minutes(rng.randint(30, 100)), {"gate_origin": gates[1]}))
    return steps


def delay(scheduled: Times, departs: datetime, rng: Random) -> list[Step]:
    """What was expected on the way to the real departure: one estimate if early, up to five if late."""
    late = departs - scheduled.out
    if abs(late) < ANNOUNCED:
        return []
    if late < timedelta(0):
        return [(departs - minutes(rng.randint(40, 90)), _moved(scheduled, late + minutes(rng.randint(-2, 2))))]
    first_at = scheduled.out - minutes(rng.randint(40, 150))
    last_at = departs - minutes(rng.randint(8, 25))
    count = 1 + min(4, int(late / minutes(25)))
    shares = sorted(rng.uniform(0.35, 1.0) for _ in range(count - 1))
    if count > 2 and rng.random() < 0.3:
        # Now and then the outlook is darker than what comes. A departure is brought forward while boarding still fits in.
        shares[-1] = rng.uniform(1.05, 1.25)
        last_at = departs - minutes(rng.randint(*BOARDING_TAKES))
    steps: list[Step] = []
    for number, share in enumerate([*shares, 1.0]):
        at = first_at + (last_at - first_at) * ((number + 1) / count if count > 1 else rng.uniform(0.0, 1.0))
        moved = minutes(round(late / minutes(1) * share) + (rng.randint(-3, 3) if share == 1.0 else 0))
        if scheduled.out + moved > at + minutes(3):
            steps.append((at, _moved(scheduled, moved)))
    return steps


def departure(scheduled: Times, out: datetime, off: datetime, rng: Random) -> list[Step]:
    """Push-back and take-off, shown a little after the fact; then the arrival is reckoned anew."""
    out_at = out + timedelta(seconds=rng.randint(20, 240))
    off_at = max(off + timedelta(seconds=rng.randint(5, 50)), out_at)
    on = off + (scheduled.on - scheduled.off)
    airborne = {"actual_off": off, "estimated_on": on, "estimated_in": whole_minute(on + TAXI_IN_USUAL)}
    return [(out_at, {"actual_out": out}), (off_at, airborne)]


def arrival(real: Times, rng: Random) -> list[Step]:
    """Better estimates halfway and near the end, touchdown within 90 s of the fact, and mostly the gate."""
    halfway = real.off + (real.on - real.off) / 2
    steps = [(halfway, _expected(real.on + minutes(rng.randint(-5, 5)), halfway))]
    near = real.on - minutes(25)
    if near > halfway:
        gate = f"{rng.choice('ABCDE')}{rng.randint(1, 60)}"
        steps.append((near, _expected(real.on + minutes(rng.randint(-2, 2)), near) | {"gate_destination": gate}))
    landed = {"actual_on": real.on, "estimated_in": whole_minute(real.on + TAXI_IN_USUAL)}
    steps.append((real.on + timedelta(seconds=rng.randint(10, 90)), landed))
    if rng.random() < 0.4:
        steps.append((real.on + timedelta(seconds=91), {"baggage_claim": str(rng.randint(1, 12))}))
    if rng.random() >= NEVER_SHOWS_GATE_ARRIVAL:
        seen_at = max(real.into, real.on + timedelta(seconds=90)) + timedelta(seconds=rng.randint(30, 300))
        steps.append((seen_at, {"actual_in": real.into}))
    return steps


def cancellation(scheduled: Times, rng: Random) -> list[Step]:
    """Announced 1 to 6 hours ahead, for half of the flights after a delay that was to save them."""
    announced_at = scheduled.out - minutes(rng.randint(60, 360))
    steps: list[Step] = [(announced_at, {"cancelled": True})]
    if rng.random() < 0.5:
        hoped_for = minutes(rng.randint(4, 18) * 5)
        steps.insert(0, (announced_at - minutes(rng.randint(20, 90)), _moved(scheduled, hoped_for)))
    return steps


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def whole_minute(instant: datetime) -> datetime:
    """Gate times have no seconds at AeroAPI; only runway times do."""
    return instant.replace(second=0, microsecond=0)


def _moved(scheduled: Times, by: timedelta) -> dict[str, Any]:
    return {
        "estimated_out": scheduled.out + by,
        "estimated_off": scheduled.off + by,
        "estimated_on": scheduled.on + by,
        "estimated_in": scheduled.into + by,
    }


def _expected(on: datetime, now: datetime) -> dict[str, Any]:
    on = max(on, now + minutes(3))
    return {"estimated_on": on, "estimated_in": whole_minute(on + TAXI_IN_USUAL)}
