"""A trip: one traveller on one flight, made by an agency."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from travel.model.enums import FlightPhase, Language


@dataclass(frozen=True, kw_only=True, slots=True)
class Trip:
    """One traveller on one flight."""

    id: UUID
    agency_id: UUID
    flight_id: UUID
    traveller_name: str
    phone: str
    language: Language
    reference: str | None
    lodging: str | None
    notes: str | None
    first_gate: str | None
    phase: FlightPhase
    """How the flight counts for this trip, with what was written by hand."""
    best_departure_at: datetime
    booked_at: datetime
    """When the agency chose this flight: at first, or when it moved the trip here."""
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """What an agent asked for, checked and normalised; `origin` and `destination` are ICAO codes."""

    traveller_name: str
    phone: str
    language: Language
    ident: str
    origin: str
    destination: str
    departure_at: datetime
    reference: str | None = None
    lodging: str | None = None
    notes: str | None = None
    idempotency_key: str | None = None
