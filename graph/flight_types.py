"""The object types of flights: airports, what a flight does, and its history."""

from datetime import datetime

import strawberry

from graph import ids
from graph.context import Info
from graph.ids import Node
from travel import airlines, airports, cadence, model, status
from travel.model import FlightPhase, StatusChangeKind, StatusSource


@strawberry.type(description="An airport.")
class Airport:
    code: str = strawberry.field(description="IATA code, or ICAO where there is none.")
    icao: str = strawberry.field(description="ICAO code.")
    name: str = strawberry.field(description="Its full name.")
    city: str = strawberry.field(description="The city it serves.")
    timezone: str = strawberry.field(
        description="IANA time zone; all times shown to travellers of this airport are in it."
    )

    @classmethod
    def of(cls, code: str) -> "Airport":
        found = airports.find(code)
        if found is None:
            return cls(code=code, icao=code, name=code, city=code, timezone="UTC")
        return cls.shown(found)

    @classmethod
    def shown(cls, value: model.Airport) -> "Airport":
        return cls(code=value.shown, icao=value.code, name=value.name, city=value.city, timezone=value.timezone)


@strawberry.type(description="One end of a flight: where and when it leaves, or arrives.")
class FlightEnd:
    airport: Airport = strawberry.field(description="Where; after a diversion, where it really goes.")
    scheduled_at: datetime | None = strawberry.field(
        description="As booked for the departure; null for an arrival that no source has told yet."
    )
    estimated_at: datetime | None = strawberry.field(description="At the gate, as now expected.")
    actual_at: datetime | None = strawberry.field(description="At the gate, as it happened.")
    runway_at: datetime | None = strawberry.field(description="Off or on the runway, as it happened.")
    gate: str | None = strawberry.field(description="Null while unknown.")
    terminal: str | None = strawberry.field(description="Null while unknown.")
    baggage_claim: str | None = strawberry.field(description="At the arrival, where known.")


@strawberry.type(description="One dated operation of a flight, as it counts for the viewer's trip.")
class Flight(Node):
    value: strawberry.Private[model.Flight]

    @classmethod
    def of(cls, value: model.Flight, trip: model.Trip) -> "Flight":
        # What was written by hand counts for one trip, so one trip's flight is not another's, in no client's cache.
        return cls(id=strawberry.ID(ids.encode("Flight", trip.id)), value=value)

    @strawberry.field(description="Flight number with the airline's ICAO designator, as booked.")
    def ident(self) -> str:
        return self.value.ident

    @strawberry.field(description="Flight number with the airline's IATA designator, where it has one.")
    def ident_iata(self) -> str | None:
        return self.value.ident_iata or airlines.iata(self.value.ident)

    @strawberry.field(description="What it is doing.")
    def phase(self) -> FlightPhase:
        return self.value.phase

    @strawberry.field(description="Where and when it leaves.")
    def departure(self) -> FlightEnd:
        state = self.value.state
        return FlightEnd(
            airport=Airport.of(self.value.origin),
            scheduled_at=self.value.booked_departure_at,
            estimated_at=state.estimated_out or state.estimated_off,
            actual_at=state.actual_out,
            runway_at=state.actual_off,
            gate=state.gate_origin,
            terminal=state.terminal_origin,
            baggage_claim=None,
        )

    @strawberry.field(description="Where and when it arrives.")
    def arrival(self) -> FlightEnd:
        state = self.value.state
        return FlightEnd(
            airport=Airport.of(state.diverted_to or self.value.destination),
            scheduled_at=state.scheduled_in or state.scheduled_on,
            estimated_at=state.estimated_in or state.estimated_on,
            actual_at=state.actual_in,
            runway_at=state.actual_on,
            gate=state.gate_destination,
            terminal=state.terminal_destination,
            baggage_claim=state.baggage_claim,
        )

    @strawberry.field(description="True while the source says so; also when it merely lost track.")
    def cancelled(self) -> bool:
        return self.value.state.cancelled

    @strawberry.field(description="True once it goes somewhere else.")
    def diverted(self) -> bool:
        return self.value.state.diverted

    @strawberry.field(description="Later (positive) or earlier (negative) than booked, at the departure gate.")
    def departure_delay_minutes(self) -> int | None:
        if self.value.state == status.UNKNOWN:
            return None
        moved = self.value.best_departure_at - self.value.booked_departure_at
        return round(moved.total_seconds() / 60)

    @strawberry.field(description="From take-off to touchdown, 0 to 100.")
    def progress_percent(self) -> int | None:
        return self.value.state.progress_percent

    @strawberry.field(description="When AeroAPI was last asked.")
    def last_checked_at(self) -> datetime | None:
        return self.value.last_checked_at

    @strawberry.field(description="When AeroAPI will be asked next; null once the flight is over.")
    def next_check_at(self) -> datetime | None:
        return self.value.next_check_at

    @strawberry.field(description="Why the last look brought nothing; null if it did.")
    def last_failure(self) -> str | None:
        return self.value.last_failure

    @strawberry.field(description="True when the last good answer is older than the phase allows.")
    def stale(self, info: Info) -> bool:
        return cadence.is_stale(self.value, info.context.house.clock.now())


@strawberry.type(description="One difference between two states of a flight.")
class StatusChange:
    kind: StatusChangeKind = strawberry.field(description="What changed.")
    before: str | None = strawberry.field(
        description="Canonical text: an instant in UTC, a gate, a code; null if unknown."
    )
    after: str | None = strawberry.field(description="Canonical text, likewise.")


@strawberry.type(description="A line of a flight's history: the whole state after a change.")
class FlightStatusRecord(Node):
    value: strawberry.Private[model.FlightStatusRecord]

    @classmethod
    def of(cls, value: model.FlightStatusRecord) -> "FlightStatusRecord":
        return cls(id=strawberry.ID(ids.encode("FlightStatusRecord", value.id)), value=value)

    @strawberry.field(description="What the flight was doing.")
    def phase(self) -> FlightPhase:
        return self.value.phase

    @strawberry.field(description="Expected departure: the gate's, else the runway's.")
    def departure_estimated_at(self) -> datetime | None:
        return self.value.state.estimated_out or self.value.state.estimated_off

    @strawberry.field(description="Departure as it happened: the gate's, else the runway's.")
    def departure_actual_at(self) -> datetime | None:
        return self.value.state.actual_out or self.value.state.actual_off

    @strawberry.field(description="Expected arrival: the gate's, else the runway's.")
    def arrival_estimated_at(self) -> datetime | None:
        return self.value.state.estimated_in or self.value.state.estimated_on

    @strawberry.field(description="Arrival as it happened: the gate's, else the runway's.")
    def arrival_actual_at(self) -> datetime | None:
        return self.value.state.actual_in or self.value.state.actual_on

    @strawberry.field(description="Gate of departure.")
    def gate_origin(self) -> str | None:
        return self.value.state.gate_origin

    @strawberry.field(description="Gate of arrival.")
    def gate_destination(self) -> str | None:
        return self.value.state.gate_destination

    @strawberry.field(description="Terminal of departure.")
    def terminal_origin(self) -> str | None:
        return self.value.state.terminal_origin

    @strawberry.field(description="Terminal of arrival.")
    def terminal_destination(self) -> str | None:
        return self.value.state.terminal_destination

    @strawberry.field(description="True while the source said so.")
    def cancelled(self) -> bool:
        return self.value.state.cancelled

    @strawberry.field(description="True once it went somewhere else.")
    def diverted(self) -> bool:
        return self.value.state.diverted

    @strawberry.field(description="What was different from the record before.")
    def changes(self) -> list[StatusChange]:
        return [StatusChange(kind=each.kind, before=each.before, after=each.after) for each in self.value.changes]

    @strawberry.field(description="Who said so.")
    def source(self) -> StatusSource:
        return self.value.source

    @strawberry.field(description="When we saw it.")
    def recorded_at(self) -> datetime:
        return self.value.recorded_at
