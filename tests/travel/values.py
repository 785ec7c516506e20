"""Small builders for the values that rules are asked with: every one has a default, a test names what it is about."""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from travel import audience, wording
from travel.audience import Case, End, KnowGate, Move, Step, Tell
from travel.model import (
    AgencySettings,
    Channel,
    Flight,
    FlightPhase,
    FlightSnapshot,
    FlightState,
    Language,
    Notification,
    NotificationReason,
    NotificationStatus,
    NotificationType,
    Tells,
    Trip,
    UnknownDeliveryPolicy,
    Watch,
)

AGENCY_ID, TRIP_ID, FLIGHT_ID = (UUID(int=number) for number in (1, 2, 3))


def utc(text: str) -> datetime:
    """ "07-15 21:00" in the year 2026, or with a year of its own; UTC."""
    return datetime.fromisoformat(text if len(text) > 15 or text.startswith("20") else f"2026-{text}").replace(
        tzinfo=UTC
    )


BOOKED = utc("07-15 21:00")
"""18:00 at Ezeiza, three hours behind UTC all the year; 17:00 in Miami in July."""


def settings(**changes) -> AgencySettings:
    return replace(
        AgencySettings(
            agency_id=AGENCY_ID,
            quiet_hours_start=time(22),
            quiet_hours_end=time(9),
            timezone_override=None,
            boarding_notification_offset_minutes=90,
            landing_notification_enabled=True,
            reminder_24h_enabled=True,
            delay_threshold_minutes=15,
            max_retry_attempts=3,
            retry_initial_delay_seconds=5,
            retry_backoff_factor=2.0,
            retry_max_delay_seconds=300,
            max_notifications_per_hour=50,
            max_notifications_per_day=200,
            language=Language.ES,
            on_unknown_delivery=UnknownDeliveryPolicy.RESEND_AFTER_SETTLING,
            daily_aeroapi_budget_usd=None,
            features={},
            version=1,
            updated_at=utc("07-01 00:00"),
        ),
        **changes,
    )


SCHEDULED = FlightState(scheduled_out=BOOKED)


def flight(state: FlightState = SCHEDULED, **changes) -> Flight:
    return replace(
        Flight(
            id=FLIGHT_ID,
            ident="ARG1304",
            origin="SAEZ",
            destination="KMIA",
            booked_departure_at=BOOKED,
            ident_icao="ARG1304",
            ident_iata="AR1304",
            fa_flight_id=None,
            state=state,
            phase=FlightPhase.SCHEDULED,
            best_departure_at=BOOKED,
            cancelled_seen_at=None,
            watch=Watch.DEPARTURE,
            next_check_at=None,
            last_checked_at=None,
            last_good_at=None,
            checks=0,
            consecutive_failures=0,
            last_failure=None,
            pushed_at=None,
            asked_at=None,
        ),
        **changes,
    )


def trip(**changes) -> Trip:
    return replace(
        Trip(
            id=TRIP_ID,
            agency_id=AGENCY_ID,
            flight_id=FLIGHT_ID,
            traveller_name="Ana Pérez",
            phone="+5491155550101",
            language=Language.ES,
            reference=None,
            lodging=None,
            notes=None,
            first_gate=None,
            phase=FlightPhase.UNKNOWN,
            best_departure_at=utc("07-16 18:00"),
            booked_at=changes.get("created_at", utc("07-10 15:00")),
            created_at=utc("07-10 15:00"),
            updated_at=utc("07-10 15:00"),
            archived_at=None,
        ),
        **changes,
    )


def notification(type_: NotificationType, status: NotificationStatus = NotificationStatus.PENDING, **changes):
    now = changes.get("created_at", utc("07-15 12:00"))
    ordinal = changes.get("ordinal", 1)
    return replace(
        Notification(
            id=UUID(int=1000 + ordinal),
            ordinal=ordinal,
            agency_id=AGENCY_ID,
            trip_id=TRIP_ID,
            flight_id=FLIGHT_ID,
            type=type_,
            status=status,
            reason=None,
            idempotency_hash=b"",
            due_at=now,
            expires_at=BOOKED,
            tells=Tells(),
            channel=Channel.WHATSAPP,
            language=Language.ES,
            recipient="+5491155550101",
            body="",
            caused_by_id=None,
            fence=0,
            accepted_at=now if status in (NotificationStatus.SENT, NotificationStatus.DELIVERED) else None,
            delivered_at=None,
            read_at=None,
            created_at=now,
            updated_at=now,
        ),
        **changes,
    )


def snapshot(state: FlightState = SCHEDULED, **changes) -> FlightSnapshot:
    return replace(
        FlightSnapshot(
            fa_flight_id="ARG1304-1784000000-airline-0001",
            ident="ARG1304",
            ident_icao="ARG1304",
            ident_iata="AR1304",
            origin_codes=frozenset({"SAEZ", "EZE"}),
            destination_codes=frozenset({"KMIA", "MIA"}),
            destination_code="KMIA",
            state=state,
            raw={},
        ),
        **changes,
    )


@dataclass
class Desk:
    """One trip and its ledger. What is planned is written down, and what is due is handed over, as in the product."""

    flight: Flight = field(default_factory=flight)
    trip: Trip = field(default_factory=trip)
    settings: AgencySettings = field(default_factory=settings)
    rows: list[Notification] = field(default_factory=list)
    read: list[tuple[NotificationType, Tells]] = field(default_factory=list)
    """What the traveller has read, in the order in which it came."""

    def case(self, now: datetime) -> Case:
        return Case(trip=self.trip, flight=self.flight, settings=self.settings, notifications=tuple(self.rows), now=now)

    def plan(self, now: datetime) -> list[Step]:
        steps = audience.plan(self.case(now))
        for step in steps:
            self.carry_out(step, now)
        return steps

    def carry_out(self, step: Step, now: datetime) -> None:
        match step:
            case Tell():
                if any((row.type, row.idempotency_hash) == (step.type, step.hash) for row in self.rows):
                    return
                row = notification(step.type, step.status, ordinal=len(self.rows) + 1, created_at=now)
                self.rows.append(
                    replace(
                        row,
                        reason=step.reason,
                        tells=step.tells,
                        due_at=step.due_at,
                        expires_at=step.expires_at,
                        idempotency_hash=step.hash,
                        accepted_at=None,
                    )
                )
            case End(notification_id=id_):
                self._change(id_, status=step.status, reason=step.reason, updated_at=now)
            case Move(notification_id=id_):
                self._change(id_, due_at=step.due_at, expires_at=step.expires_at, reason=step.reason, updated_at=now)
            case KnowGate(gate=gate):
                self.trip = replace(self.trip, first_gate=gate)

    def _change(self, id_: UUID, **changes) -> None:
        """As the SQL does it: only what is pending changes."""
        self.rows = [
            replace(row, **changes) if row.id == id_ and row.status is NotificationStatus.PENDING else row
            for row in self.rows
        ]

    def look(self, now: datetime, **seen) -> list[Step]:
        """The source was asked and said this; what it does not say stays as it was."""
        state = replace(self.flight.state, **seen)
        seen_at = (self.flight.cancelled_seen_at or now) if state.cancelled else None
        self.flight = replace(
            self.flight, state=state, cancelled_seen_at=seen_at, last_checked_at=now, last_good_at=now
        )
        return self.plan(now)

    def failed_look(self, now: datetime) -> list[Step]:
        """The source was asked and did not answer."""
        self.flight = replace(self.flight, last_checked_at=now)
        return self.plan(now)

    def hand_over(
        self,
        now: datetime,
        status: NotificationStatus = NotificationStatus.SENT,
        reason: NotificationReason | None = None,
    ) -> list[tuple[str, str | None]]:
        """Everything that is due and useful ends in `status`. What is told is told with the newest facts."""
        gone = []
        for number, row in enumerate(self.rows):
            if row.status is NotificationStatus.PENDING and row.due_at <= now < row.expires_at:
                tells = wording.current(row.type, row.tells, self.flight)
                accepted = now if status is NotificationStatus.SENT else None
                self.rows[number] = replace(
                    row, status=status, reason=reason, tells=tells, accepted_at=accepted, updated_at=now
                )
                gone.append((str(row.type), tells.value))
                if status is NotificationStatus.SENT:
                    self.read.append((row.type, tells))
        return gone

    def step(self, now: datetime, **seen) -> list[tuple[str, str | None]]:
        """A look, and all that is due at that moment goes out."""
        self.look(now, **seen)
        return self.hand_over(now)

    def of(self, type_: NotificationType) -> list[tuple[str, str | None]]:
        """Status and reason of every row of a type, oldest first."""
        return [(str(row.status), row.reason and str(row.reason)) for row in self.rows if row.type is type_]

    def waiting(self, type_: NotificationType) -> Notification:
        """The one that waits."""
        [row] = [row for row in self.rows if row.type is type_ and row.status is NotificationStatus.PENDING]
        return row

    def withdraw(self, type_: NotificationType, now: datetime) -> None:
        """An agent takes back what waits."""
        self._change(
            self.waiting(type_).id,
            status=NotificationStatus.WITHDRAWN,
            reason=NotificationReason.WITHDRAWN_BY_AGENT,
            updated_at=now,
        )


def quiet_desk(**changes) -> Desk:
    """A desk whose confirmation, reminder and boarding are out of the way, so that only news remains."""
    desk = Desk(**changes)
    done = NotificationStatus.EXPIRED
    for type_ in (
        NotificationType.RESERVATION_CONFIRMATION,
        NotificationType.REMINDER_24H,
        NotificationType.BOARDING,
    ):
        desk.rows.append(notification(type_, done, ordinal=len(desk.rows) + 1))
    return desk


STATE_FIELDS = tuple(each.name for each in fields(FlightState))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
