"""The fields of the graph that the database can answer, by object type: what stands in `graph.*_types` as a resolver, as SQL.

Every expression is a JSON text, never NULL. In them `t` is the trip, `f` its flight, `n` a notification, `h` a record of the history, `a` a try, `c` a change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from travel import cadence, status
from travel.audience import CANCELLATION, HEARD
from travel.model import NotificationType
from travel.records.flights import STATE
from travel.records.trip_pages import STATUS

Expressions = Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Rows of another table that belong to a row: where they come from, and their order, the first first."""

    of: str
    source: str
    order: str


def text(value: str) -> str:
    """What may hold anything."""
    return f"coalesce(CAST(to_json({value}) AS text), 'null')"


def word(value: str) -> str:
    """A text that holds nothing to be escaped: names of enums, ids, numbers of flights."""
    return f"coalesce('\"' || {value} || '\"', 'null')"


def plain(value: str) -> str:
    """A number, a truth, or JSON."""
    return f"coalesce(CAST({value} AS text), 'null')"


def instant(value: str) -> str:
    """As the scalar DateTime shows it; hardly any has a fraction of a second."""
    in_utc = f"{value} AT TIME ZONE 'UTC'"
    whole = f"'\"' || replace(CAST({in_utc} AS text), ' ', 'T') || 'Z\"'"
    parts = f"""'"' || to_char({in_utc}, 'YYYY-MM-DD"T"HH24:MI:SS.MS') || 'Z"'"""
    return f"coalesce(CASE WHEN CAST({value} AS timestamptz(0)) = {value} THEN {whole} ELSE {parts} END, 'null')"


def global_id(type_name: str, column: str) -> str:
    """As `graph.ids.encode` makes it. No letter, digit, colon or hyphen is encoded to a + or a /, and lines are longer."""
    return f"'\"' || replace(encode(CAST('{type_name}:' || {column} AS bytea), 'base64'), '=', '') || '\"'"


def place(table: str) -> str:
    """As `travel.records.pages.Place.cursor` makes it."""
    named = f"CAST('[' || {table}.ordinal || ',\"' || {table}.id || '\"]' AS bytea)"
    return f"'\"' || translate(encode({named}, 'base64'), E'+/\\n', '-_') || '\"'"


def _names(values: frozenset[NotificationType] | frozenset[object]) -> str:
    return ", ".join(sorted(f"'{value}'" for value in values))


def _seconds(span: timedelta) -> str:
    return f"interval '{span.total_seconds():.0f} seconds'"


_TOLD_ORDER = "ORDER BY coalesce(n.accepted_at, n.updated_at) DESC, n.ordinal DESC"
# One row, whatever is asked of it and whether or not anything was said.
TOLD_SOURCE = f"""
  notifications_log n WHERE n.agency_id = :agency AND n.trip_id = t.id AND n.flight_id = t.flight_id AND n.status IN ({_names(HEARD)})
  GROUP BY ()
"""
_UNSEEN = " AND ".join(
    f"f.{name} IS NOT TRUE" if name in ("cancelled", "diverted") else f"f.{name} IS NULL" for name in STATE
)
_STALE_AFTER = f"CASE WHEN f.watch = 'LANDING' THEN {_seconds(cadence.STALE_AFTER_ON_APPROACH)} ELSE {_seconds(cadence.STALE_AFTER)} END"

TRIP: Expressions = {
    "id": global_id("Trip", "t.id"),
    "reference": text("t.reference"),
    "status": word(STATUS),
    "lodging": text("t.lodging"),
    "notes": text("t.notes"),
    "createdAt": instant("t.created_at"),
    "updatedAt": instant("t.updated_at"),
    "archivedAt": instant("t.archived_at"),
}
TRAVELLER: Expressions = {
    "name": text("t.traveller_name"),
    "phone": word("t.phone"),
    "language": word("t.language"),
    "optedOut": plain("EXISTS (SELECT FROM opt_outs o WHERE o.agency_id = :agency AND o.phone = t.phone)"),
}
FLIGHT: Expressions = {
    "id": global_id("Flight", "t.id"),
    "ident": word("f.ident"),
    "phase": word("f.phase"),
    "cancelled": plain("f.cancelled"),
    "diverted": plain("f.diverted"),
    "departureDelayMinutes": plain(
        f"CASE WHEN {_UNSEEN} THEN NULL ELSE CAST(round(CAST(extract(epoch FROM f.best_departure_at "
        "- f.booked_departure_at) AS double precision) / 60) AS integer) END"
    ),
    "progressPercent": plain("f.progress_percent"),
    "lastCheckedAt": instant("f.last_checked_at"),
    "nextCheckAt": instant("f.next_check_at"),
    "lastFailure": text("f.last_failure"),
    "stale": plain(
        "f.next_check_at IS NOT NULL AND (f.consecutive_failures > 1 "
        f"OR CAST(:now AS timestamptz) - f.next_check_at > {_STALE_AFTER})"
    ),
}
DEPARTURE: Expressions = {
    "scheduledAt": instant("f.booked_departure_at"),
    "estimatedAt": instant("coalesce(f.estimated_out, f.estimated_off)"),
    "actualAt": instant("f.actual_out"),
    "runwayAt": instant("f.actual_off"),
    "gate": text("f.gate_origin"),
    "terminal": text("f.terminal_origin"),
    "baggageClaim": text("CAST(NULL AS text)"),
}
ARRIVAL: Expressions = {
    "scheduledAt": instant("coalesce(f.scheduled_in, f.scheduled_on)"),
    "estimatedAt": instant("coalesce(f.estimated_in, f.estimated_on)"),
    "actualAt": instant("f.actual_in"),
    "runwayAt": instant("f.actual_on"),
    "gate": text("f.gate_destination"),
    "terminal": text("f.terminal_destination"),
    "baggageClaim": text("f.baggage_claim"),
}
TOLD: Expressions = {
    "departureAt": instant(
        f"(array_agg(n.told_departure_at {_TOLD_ORDER}) FILTER (WHERE n.told_departure_at IS NOT NULL))[1]"
    ),
    "gate": text(f"(array_agg(n.told_gate {_TOLD_ORDER}) FILTER (WHERE n.told_gate <> ''))[1]"),
    "cancelled": plain(
        f"coalesce((array_agg(n.notification_type {_TOLD_ORDER}) "
        f"FILTER (WHERE n.notification_type IN ({_names(CANCELLATION)})))[1] = 'CANCELLED', false)"
    ),
    "landed": plain("coalesce(bool_or(n.notification_type = 'LANDING_WELCOME'), false)"),
    "at": instant(f"(array_agg(coalesce(n.accepted_at, n.updated_at) {_TOLD_ORDER}))[1]"),
}
RECORD: Expressions = {
    "id": global_id("FlightStatusRecord", "h.id"),
    "phase": word("h.phase"),
    "departureEstimatedAt": instant("coalesce(h.estimated_out, h.estimated_off)"),
    "departureActualAt": instant("coalesce(h.actual_out, h.actual_off)"),
    "arrivalEstimatedAt": instant("coalesce(h.estimated_in, h.estimated_on)"),
    "arrivalActualAt": instant("coalesce(h.actual_in, h.actual_on)"),
    "gateOrigin": text("h.gate_origin"),
    "gateDestination": text("h.gate_destination"),
    "terminalOrigin": text("h.terminal_origin"),
    "terminalDestination": text("h.terminal_destination"),
    "cancelled": plain("h.cancelled"),
    "diverted": plain("h.diverted"),
    "source": word("h.source"),
    "recordedAt": instant("h.recorded_at"),
}
CHANGE: Expressions = {name: plain(f"{{change}}->'{name}'") for name in ("kind", "before", "after")}
"""`{change}` stands for the change as JSON."""
NOTIFICATION: Expressions = {
    "id": global_id("Notification", "n.id"),
    "type": word("n.notification_type"),
    "status": word("n.status"),
    "reason": word("n.reason"),
    "channel": word("n.channel"),
    "language": word("n.language"),
    "body": text("n.body"),
    "dueAt": instant("n.due_at"),
    "expiresAt": instant("n.expires_at"),
    "acceptedAt": instant("n.accepted_at"),
    "deliveredAt": instant("n.delivered_at"),
    "readAt": instant("n.read_at"),
    "idempotencyHash": word("encode(n.idempotency_hash, 'hex')"),
    "createdAt": instant("n.created_at"),
    "updatedAt": instant("n.updated_at"),
}
ATTEMPT: Expressions = {
    "number": plain("a.number"),
    "startedAt": instant("a.started_at"),
    "finishedAt": instant("a.finished_at"),
    "outcome": word("a.outcome"),
    "counted": plain("a.counted"),
    "httpStatus": plain("a.http_status"),
    "errorCode": plain("a.error_code"),
    "errorMessage": text("a.error_message"),
    "twilioSid": text("a.twilio_sid"),
}

HISTORY = Rows(
    of="h",
    source="flight_status_history h WHERE h.flight_id = t.flight_id AND (h.trip_id IS NULL OR h.trip_id = t.id)",
    order="h.ordinal DESC",
)
MESSAGES = Rows(
    of="n", source="notifications_log n WHERE n.agency_id = :agency AND n.trip_id = t.id", order="n.ordinal DESC"
)
CHANGES = Rows(of="c", source="jsonb_array_elements(h.changes) WITH ORDINALITY AS c(value, place)", order="c.place")
ALL_CHANGES, THE_CHANGE, A_CHANGE = "h.changes", "(h.changes->0)", "c.value"
TRIES = Rows(
    of="a", source="delivery_attempts a WHERE a.agency_id = :agency AND a.notification_id = n.id", order="a.number"
)

assert status.UNKNOWN.cancelled is False, "a state of which nothing is known is no cancellation"
assert status.UNKNOWN.diverted is False, "nor a diversion"
