"""A flight: what was booked, what the source says of it, and what changed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from travel.model.enums import FlightPhase, StatusChangeKind, StatusSource, Watch


@dataclass(frozen=True, kw_only=True, slots=True)
class Airport:
    """One airport. `code` is the ICAO code, by which flights keep it; `shown` is what a traveller reads."""

    code: str
    iata: str | None
    name: str
    city: str
    timezone: str

    @property
    def shown(self) -> str:
        """The IATA code where there is one."""
        return self.iata or self.code


@dataclass(frozen=True, kw_only=True, slots=True)
class FlightState:
    """Everything a decision reads of a flight, in the provider's names; out and in are the gate, off and on the runway."""

    scheduled_out: datetime | None = None
    estimated_out: datetime | None = None
    actual_out: datetime | None = None
    scheduled_off: datetime | None = None
    estimated_off: datetime | None = None
    actual_off: datetime | None = None
    scheduled_on: datetime | None = None
    estimated_on: datetime | None = None
    actual_on: datetime | None = None
    scheduled_in: datetime | None = None
    estimated_in: datetime | None = None
    actual_in: datetime | None = None
    gate_origin: str | None = None
    gate_destination: str | None = None
    terminal_origin: str | None = None
    terminal_destination: str | None = None
    baggage_claim: str | None = None
    cancelled: bool = False
    diverted: bool = False
    diverted_to: str | None = None
    """ICAO code of the airport it really goes to, once a diversion has one."""
    filed_ete_seconds: int | None = None
    """Runway to runway, as filed."""
    progress_percent: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FlightSnapshot:
    """What AeroAPI said of one leg at one moment, parsed. Codes are upper case; instants are aware."""

    fa_flight_id: str
    ident: str
    ident_icao: str | None
    ident_iata: str | None
    origin_codes: frozenset[str]
    destination_codes: frozenset[str]
    destination_code: str | None
    """ICAO where known, else what the source gives."""
    state: FlightState
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flight:
    """One dated operation, shared by all trips and agencies. The first four fields are what was booked."""

    id: UUID
    ident: str
    origin: str
    destination: str
    booked_departure_at: datetime
    ident_icao: str | None
    ident_iata: str | None
    fa_flight_id: str | None
    state: FlightState
    phase: FlightPhase
    best_departure_at: datetime
    cancelled_seen_at: datetime | None
    watch: Watch
    next_check_at: datetime | None
    last_checked_at: datetime | None
    last_good_at: datetime | None
    checks: int
    consecutive_failures: int
    last_failure: str | None
    pushed_at: datetime | None
    """When the source pushed something that the looks since have not answered."""
    asked_at: datetime | None
    """When somebody outside asked for the look that is due."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChange:
    """One difference between two states; before and after are canonical texts (UTC instants, codes)."""

    kind: StatusChangeKind
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FlightStatusRecord:
    """A row of flight_status_history: the whole state after the change."""

    id: UUID
    ordinal: int
    flight_id: UUID
    trip_id: UUID | None
    source: StatusSource
    phase: FlightPhase
    state: FlightState
    changes: tuple[StatusChange, ...]
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """One field that an agent wrote by hand for a trip, over what the source said at that time."""

    field: str
    """A name of FlightState."""
    value: datetime | str | bool | None
    over: datetime | str | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ByHand:
    """All that agents wrote by hand for a trip; each field counts until the source itself says something new about it."""

    corrections: tuple[Correction, ...] = ()
    at: datetime | None = None
