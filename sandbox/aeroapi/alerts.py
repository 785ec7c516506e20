"""Which alerts a flight of the scenario raises, and from which instant on the source knows the fact behind each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.aeroapi import record
from sandbox.scenario.instance import Flight, Raw, raw_at

CODES = frozenset(
    {"filed", "out", "off", "departure", "on", "arrival", "in", "cancelled", "uncancelled", "diverted", "change"}
)
# A time that appears raises these; the last one is AeroAPI's older word for the same thing.
TIMES = {
    "actual_out": ("out",),
    "actual_off": ("off", "departure"),
    "actual_on": ("on", "arrival"),
    "actual_in": ("in",),
}
# "Estimate changes trigger only above 1801 s", and AeroAPI's limits per alert: 3 of each, and 5 changes.
CHANGED = timedelta(seconds=1801)
MOST = {"cancelled": 3, "uncancelled": 3, "change": 5}


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One thing to push: `code` is the event code, `shown_at` the instant from which the source shows it."""

    flight: Flight
    code: str
    shown_at: datetime


def of(flight: Flight) -> list[Alert]:
    """The alerts of a flight, in order of time.

    | code             | raised when                                                             |
    |------------------|-------------------------------------------------------------------------|
    | filed            | the flight becomes visible (one that was always known is not filed)     |
    | out, off, on, in | the actual time appears; once more only if it was taken back in between |
    | departure        | with off                                                                |
    | arrival          | with on                                                                 |
    | cancelled        | the flag is raised, at most 3 times                                     |
    | uncancelled      | the flag is taken back, at most 3 times                                 |
    | diverted         | the flag is raised                                                      |
    | change           | before `out`, not cancelled, at most 5 times: the estimated departure   |
    |                  | is over 1801 s from the last one pushed, or a known gate is another     |

    What the line itself says is where the flight starts from, and no news. A flight that is gone raises nothing;
    when it comes back, it is compared with what was shown last.
    """
    alerts: list[Alert] = []
    counted = dict.fromkeys(MOST, 0)
    before: Mapping[str, Any] = flight.fields
    told = _Departure.of(Raw(fields=flight.fields, set_by={}))
    filed = flight.visible_from is None
    for moment in flight.moments:
        raw = raw_at(flight, moment)
        if raw is None:
            continue
        codes = list(_turns(before, raw.fields))
        shown = _Departure.of(raw)
        if not filed:
            codes, told, filed = ["filed", *codes], shown, True
        elif _may_change(raw.fields) and shown.differs(told):
            codes.append("change")
            told = shown.with_gate(shown.gate or told.gate)
        told = told.with_gate(told.gate or shown.gate)
        for code in codes:
            if code in MOST:
                counted[code] += 1
                if counted[code] > MOST[code]:
                    continue
            alerts.append(Alert(flight=flight, code=code, shown_at=moment))
        before = raw.fields
    return alerts


def _turns(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for flag, undone in (("cancelled", "uncancelled"), ("diverted", None)):
        if after.get(flag) and not before.get(flag):
            yield flag
        elif undone and before.get(flag) and not after.get(flag):
            yield undone
    for name, codes in TIMES.items():
        if after.get(name) and not before.get(name):
            yield from codes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Departure:
    """What a change is measured by."""

    at: datetime | None
    gate: str | None

    @classmethod
    def of(cls, raw: Raw) -> "_Departure":
        estimates = record.estimates(raw)
        return cls(
            at=estimates["estimated_out"] or estimates["estimated_off"],
            gate=raw.fields.get("gate_origin") or None,
        )

    def differs(self, told: "_Departure") -> bool:
        moved = self.at is not None and told.at is not None and abs(self.at - told.at) > CHANGED
        return moved or (self.gate is not None and told.gate is not None and self.gate != told.gate)

    def with_gate(self, gate: str | None) -> "_Departure":
        """A gate that was unknown so far is no change, and one that is taken back stays the last known."""
        return self if self.gate == gate else _Departure(at=self.at, gate=gate)


def _may_change(fields: Mapping[str, Any]) -> bool:
    return not (fields.get("cancelled") or fields.get("actual_out") or fields.get("actual_off"))
