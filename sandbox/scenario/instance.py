"""Flight instances: one line of a scenario each, and what the source shows of one at an instant."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TIMES = tuple(f"{kind}_{what}" for what in ("out", "off", "on", "in") for kind in ("scheduled", "estimated", "actual"))
NAMES = ("ident", "ident_icao", "ident_iata", "registration", "fa_flight_id")
NAME_LISTS = ("codeshares", "codeshares_iata")
TEXTS = ("status", "gate_origin", "gate_destination", "terminal_origin", "terminal_destination", "baggage_claim")
FLAGS = ("blocked", "diverted", "cancelled", "position_only")
PLACES = ("origin", "destination")
REQUIRED = ("fa_flight_id", "ident", "scheduled_out", "timeline")
# Keys of a line that direct the play and are no field of AeroAPI.
DIRECTIONS = frozenset({"visible_from", "timeline"})
STEP_KEYS = frozenset({"at", "set", "replace_id", "gone"})


class ScenarioError(ValueError):
    """A line that cannot be played. The message begins with the file and the line number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What the source shows from one instant on."""

    at: datetime
    changes: Mapping[str, Any]
    replace_id: str | None = None
    gone: bool | None = None
    unknown: frozenset[str] = frozenset()
    """Keys of it that mean nothing."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Flight:
    """One line: one flight instance with everything that will become known of it, steps in order of time."""

    fa_flight_id: str
    ident: str
    fields: Mapping[str, Any]
    steps: tuple[Step, ...]
    visible_from: datetime | None = None

    @property
    def departure_at(self) -> datetime:
        """The departure as it was published first: gate, or runway where there is no gate time."""
        departure: datetime = self.fields.get("scheduled_out") or self.fields["scheduled_off"]
        return departure

    @property
    def ids(self) -> set[str]:
        """Every `fa_flight_id` that the instance ever goes by."""
        return {self.fa_flight_id, *(step.replace_id for step in self.steps if step.replace_id)}

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The instants at which the source shows something new of this flight."""
        instants = {step.at for step in self.steps}
        if self.visible_from:
            instants = {max(at, self.visible_from) for at in instants} | {self.visible_from}
        return tuple(sorted(instants))


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """The fields that scenario and timeline have set, and by which step (-1: the line itself)."""

    fields: Mapping[str, Any]
    set_by: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """A touchdown, and the instant from which the source shows it."""

    touchdown_at: datetime
    shown_at: datetime


def raw_at(flight: Flight, instant: datetime, *, even_if_hidden: bool = False) -> Raw | None:
    """What is set at `instant`; None while the flight is not yet, or no longer, known to the source."""
    if flight.visible_from and instant < flight.visible_from and not even_if_hidden:
        return None
    fields, set_by, gone = dict(flight.fields), dict.fromkeys(flight.fields, -1), False
    for number, step in enumerate(flight.steps):
        if step.at > instant:
            break
        fields.update(step.changes)
        set_by.update(dict.fromkeys(step.changes, number))
        if step.replace_id is not None:
            fields["fa_flight_id"] = step.replace_id
        gone = gone if step.gone is None else step.gone
    return None if gone else Raw(fields=fields, set_by=set_by)


def landing(flight: Flight) -> Landing | None:
    """When the flight really touched down, as the scenario says in the end; None if it never did."""
    touchdown_at = _last_known(flight).get("actual_on")
    if not touchdown_at:
        return None
    if flight.fields.get("actual_on"):
        return Landing(touchdown_at=touchdown_at, shown_at=flight.visible_from or touchdown_at)
    known = ((moment, raw_at(flight, moment)) for moment in flight.moments)
    shown_at = next(moment for moment, raw in known if raw and raw.fields.get("actual_on"))
    return Landing(touchdown_at=touchdown_at, shown_at=shown_at)


def ends_cancelled(flight: Flight) -> bool:
    return bool(_last_known(flight).get("cancelled"))


def _last_known(flight: Flight) -> Mapping[str, Any]:
    for moment in reversed(flight.moments):
        if raw := raw_at(flight, moment):
            return raw.fields
    return flight.fields


def read(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as lines:
        try:
            yield from parse(lines, str(path))
        except UnicodeDecodeError as broken:
            raise ScenarioError(f"{path}: not UTF-8: {broken}") from broken


def parse(lines: Iterable[str | Mapping[str, Any]], source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        place = f"{source}:{number}"
        if isinstance(line, str):
            if not line.strip():
                continue
            try:
                line = json.loads(line)
            except ValueError as error:
                raise ScenarioError(f"{place}: not JSON: {error}") from error
        if not isinstance(line, Mapping):
            raise ScenarioError(f"{place}: a line is one JSON object, not {type(line).__name__}")
        yield place, dict(line)


def flight_of(line: dict[str, Any], place: str) -> Flight:
    missing = [key for key in REQUIRED if key not in line]
    if missing:
        raise ScenarioError(f"{place}: {', '.join(missing)} missing")
    for key in ("fa_flight_id", "ident"):
        if not isinstance(line[key], str) or not line[key]:
            raise ScenarioError(f"{place}: {key} must be a text that is not empty")
    if not isinstance(line["timeline"], list):
        raise ScenarioError(f"{place}: timeline must be a list")
    fields = _fields({key: value for key, value in line.items() if key not in DIRECTIONS}, place)
    if not (fields["scheduled_out"] or fields.get("scheduled_off")):
        raise ScenarioError(f"{place}: scheduled_out may be null only where scheduled_off is set")
    steps = [_step(step, f"{place}: timeline[{number}]") for number, step in enumerate(line["timeline"])]
    visible_from = line.get("visible_from")
    return Flight(
        fa_flight_id=line["fa_flight_id"],
        ident=line["ident"],
        fields=fields,
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        visible_from=None if visible_from is None else instant_of(visible_from, f"{place}: visible_from"),
    )


def _step(step: Any, place: str) -> Step:
    if not isinstance(step, Mapping) or "at" not in step:
        raise ScenarioError(f"{place} must be an object with `at`")
    changes, replace_id, gone = step.get("set") or {}, step.get("replace_id"), step.get("gone")
    if not isinstance(changes, Mapping):
        raise ScenarioError(f"{place}: set must be an object")
    if replace_id is not None and (not isinstance(replace_id, str) or not replace_id):
        raise ScenarioError(f"{place}: replace_id must be a text that is not empty")
    if gone is not None and not isinstance(gone, bool):
        raise ScenarioError(f"{place}: gone must be true or false")
    at = instant_of(step["at"], f"{place}: at")
    unknown = frozenset(step) - STEP_KEYS
    return Step(at=at, changes=_fields(changes, place), replace_id=replace_id, gone=gone, unknown=unknown)


def _fields(values: Mapping[str, Any], place: str) -> dict[str, Any]:
    for key, value in values.items():
        if key in (*NAMES, *TEXTS) and not (value is None or _is_text(value)):
            raise ScenarioError(f"{place}: {key} must be a text or null")
        if key in FLAGS and not (value is None or isinstance(value, bool)):
            raise ScenarioError(f"{place}: {key} must be true, false or null")
        if key in NAME_LISTS and not (value is None or (isinstance(value, list) and all(map(_is_text, value)))):
            raise ScenarioError(f"{place}: {key} must be a list of texts or null")
        if key in PLACES and not (value is None or _is_text(value) or isinstance(value, Mapping)):
            raise ScenarioError(f"{place}: {key} must be the code of an airport or null")
    return {
        key: instant_of(value, f"{place}: {key}") if key in TIMES and value is not None else value
        for key, value in values.items()
    }


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def instant_of(value: Any, place: str) -> datetime:
    """An aware instant in UTC, whole seconds as AeroAPI serves them."""
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{place}: {value!r} is no ISO 8601 instant") from error
    if instant.tzinfo is None:
        raise ScenarioError(f"{place}: {value!r} needs an offset, such as Z")
    return instant.astimezone(UTC).replace(microsecond=0)
