"""An agency with 200 trips, six records on each flight and four messages to each traveller; and what peers need of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from benchmarks.stage import Stage
from travel import airports
from travel.database import Database
from travel.model import EventKind, News

TRIPS, RECORDS, NOTIFICATIONS = 200, 6, 4
PLACES = ("SAEZ", "KMIA", "LEMD", "SBGR", "SCEL", "KJFK", "SKBO")

FLIGHTS = """
INSERT INTO flights (ident, origin, destination, booked_departure_at, fa_flight_id, scheduled_out, estimated_out, scheduled_in, estimated_in,
  gate_origin, gate_destination, terminal_origin, terminal_destination, phase, best_departure_at, next_check_at, last_checked_at,
  last_good_at, created_at)
SELECT 'ARG' || 1000 + n, (CAST(:places AS text[]))[n % 7 + 1], (CAST(:places AS text[]))[(n + 3) % 7 + 1], leaves, 'ARG' || 1000 + n || '-1-airline-0001',
  leaves, moved, leaves + interval '9 hours', moved + interval '9 hours', CAST(n % 30 + 1 AS text), 'D' || n % 20, 'A', 'N', 'SCHEDULED', moved,
  CAST(:now AS timestamptz) + interval '2 hours', :now, :now, :now
FROM generate_series(1, CAST(:trips AS integer)) n,
  LATERAL (SELECT CAST(:now AS timestamptz) + interval '5 hours' + n * interval '20 minutes' AS leaves) planned,
  LATERAL (SELECT leaves + n % 4 * interval '10 minutes' AS moved) expected
"""

TRIPS_OF_THEM = """
INSERT INTO trips (agency_id, flight_id, traveller_name, phone, language, reference, phase, best_departure_at, booked_at, created_at, updated_at)
SELECT :agency, f.id, 'María Fernández ' || f.ident, '+54911' || 40000000 + row_number() OVER (ORDER BY f.ident), 'ES', 'NV-' || f.ident, f.phase,
  f.best_departure_at, :now, :now, :now
FROM flights f
"""

HISTORY = """
INSERT INTO flight_status_history (flight_id, source, phase, scheduled_out, estimated_out, scheduled_in, estimated_in, gate_origin, terminal_origin,
  cancelled, diverted, changes, recorded_at)
SELECT f.id, CASE WHEN n % 2 = 0 THEN 'WEBHOOK' ELSE 'AEROAPI' END, 'SCHEDULED', f.scheduled_out, f.estimated_out, f.scheduled_in, f.estimated_in,
  CAST(n + 10 AS text), 'A', false, false,
  jsonb_build_array(jsonb_build_object('kind', 'GATE_ORIGIN', 'before', CAST(n + 9 AS text), 'after', CAST(n + 10 AS text))),
  CAST(:now AS timestamptz) - (CAST(:records AS integer) - n) * interval '10 minutes'
FROM flights f, generate_series(1, CAST(:records AS integer)) n
ORDER BY n, f.ident
"""

MESSAGES = """
INSERT INTO notifications_log (agency_id, trip_id, flight_id, notification_type, idempotency_hash, status, due_at, expires_at, told_departure_at,
  told_gate, channel, language, recipient, body, accepted_at, delivered_at, read_at, created_at, updated_at)
SELECT :agency, t.id, t.flight_id, CASE WHEN n = 1 THEN 'RESERVATION_CONFIRMATION' ELSE 'GATE_CHANGE' END,
  sha256(convert_to(t.id || ' ' || n, 'UTF8')), CASE WHEN n % 2 = 0 THEN 'READ' ELSE 'DELIVERED' END, sent, sent + interval '1 day',
  t.best_departure_at, CASE WHEN n > 1 THEN CAST(n + 10 AS text) END, 'WHATSAPP', t.language, t.phone,
  'Hola ' || t.traveller_name || ': tu vuelo ' || t.reference || ' sale por la puerta ' || n + 10 || '. Te avisaremos de cualquier cambio.',
  sent + interval '1 second', sent + interval '3 seconds', CASE WHEN n % 2 = 0 THEN sent + interval '1 minute' END, sent, sent
FROM trips t, generate_series(1, CAST(:messages AS integer)) n,
  LATERAL (SELECT CAST(:now AS timestamptz) - (CAST(:messages AS integer) - n) * interval '10 minutes' AS sent) planned
WHERE t.agency_id = :agency
ORDER BY n, t.reference
"""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What is in the database now."""

    environment: dict[str, str]
    """For the peers: whose data to read, from where, and the airports, which no table of the product holds."""
    news: Sequence[News]
    """A status change of each trip, to publish."""


async def fill(stage: Stage) -> Filled:
    """Write it all, with fresh statistics."""
    known, now = _airports(), stage.house.clock.now()
    async with stage.db.transaction(stage.agency_id) as tx:
        await tx.run(FLIGHTS, now=now, trips=TRIPS, places=list(PLACES))
        await tx.run(TRIPS_OF_THEM, agency=stage.agency_id, now=now)
        await tx.run(HISTORY, now=now, records=RECORDS)
        await tx.run(MESSAGES, agency=stage.agency_id, now=now, messages=NOTIFICATIONS)
    await _keep_airports(stage.owner_url, known)
    return Filled(
        environment={
            "DATABASE_URL": stage.house.environment["DATABASE_URL"],
            "AGENCY_ID": str(stage.agency_id),
            "AIRPORTS": orjson.dumps(known).decode(),
        },
        news=await _news(stage.db, stage.agency_id),
    )


def _airports() -> dict[str, dict[str, str]]:
    found = {icao: airports.find(icao) for icao in PLACES}
    return {
        icao: {"code": airport.shown, "city": airport.city, "timezone": airport.timezone}
        for icao, airport in found.items()
        if airport is not None
    }


async def _keep_airports(owner_url: str, known: dict[str, dict[str, str]]) -> None:
    """PostgreSQL's own JSON needs the airports in a table; only the owner may make one, and refresh the statistics."""
    owner = Database(owner_url, pool_size=2)
    await owner.connect()
    try:
        async with owner.transaction() as tx:
            await tx.run("CREATE TABLE benchmark_airports (icao text PRIMARY KEY, code text, city text, timezone text)")
            await tx.many(
                "INSERT INTO benchmark_airports (icao, code, city, timezone) VALUES (:icao, :code, :city, :timezone)",
                [{"icao": icao, **airport} for icao, airport in known.items()],
            )
            await tx.run("GRANT SELECT ON benchmark_airports TO bauhaus_app")
        async with owner.transaction() as tx:
            await tx.run("ANALYZE")
    finally:
        await owner.disconnect()


async def _news(db: Database, agency_id: UUID) -> list[News]:
    async with db.transaction(agency_id) as tx:
        rows = await tx.all(
            """
            SELECT t.id AS trip_id, (SELECT h.id FROM flight_status_history h WHERE h.flight_id = t.flight_id ORDER BY h.ordinal DESC LIMIT 1) AS record_id
            FROM trips t WHERE t.agency_id = :agency ORDER BY t.best_departure_at, t.id
            """,
            agency=agency_id,
        )
    return [
        News(kind=EventKind.TRIP_STATUS_CHANGED, trip_id=row["trip_id"], record_id=row["record_id"]) for row in rows
    ]
