"""What happened in a span, counted in SQL: the numbers behind a dashboard. What is unknown is not in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from travel.database import Transaction
from travel.model import NotificationReason, NotificationStatus, NotificationType, Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """Seconds from one stage to the next."""

    stage: Stage
    count: int
    p50_seconds: float
    p95_seconds: float
    max_seconds: float


async def trips(tx: Transaction, agency_id: UUID, since: datetime, until: datetime) -> int:
    """Trips made in the span."""
    made: int = await tx.value(
        "SELECT count(*) FROM trips WHERE agency_id = :agency AND created_at >= :since AND created_at < :until",
        agency=agency_id,
        since=since,
        until=until,
    )
    return made


async def _counted(
    tx: Transaction, column: str, where: str, agency_id: UUID, since: datetime, until: datetime
) -> Mapping[str, int]:
    rows = await tx.all(
        f"""
        SELECT {column} AS what, count(*) AS many FROM notifications_log
        WHERE agency_id = :agency AND created_at >= :since AND created_at < :until AND {where}
        GROUP BY 1 ORDER BY 2 DESC, 1
        """,  # noqa: S608
        agency=agency_id,
        since=since,
        until=until,
    )
    return {row["what"]: row["many"] for row in rows}


async def by_status(
    tx: Transaction, agency_id: UUID, since: datetime, until: datetime
) -> dict[NotificationStatus, int]:
    """Notifications made in the span, by how they stand now."""
    counted = await _counted(tx, "status", "true", agency_id, since, until)
    return {NotificationStatus(each): many for each, many in counted.items()}


async def by_type(tx: Transaction, agency_id: UUID, since: datetime, until: datetime) -> dict[NotificationType, int]:
    """Notifications made in the span, by type."""
    counted = await _counted(tx, "notification_type", "true", agency_id, since, until)
    return {NotificationType(each): many for each, many in counted.items()}


async def silences(tx: Transaction, agency_id: UUID, since: datetime, until: datetime) -> dict[NotificationReason, int]:
    """Why notifications made in the span were not sent."""
    ended = "status IN ('SUPPRESSED', 'SUPERSEDED', 'EXPIRED', 'WITHDRAWN') AND reason IS NOT NULL"
    counted = await _counted(tx, "reason", ended, agency_id, since, until)
    return {NotificationReason(each): many for each, many in counted.items()}


async def latencies(tx: Transaction, agency_id: UUID, since: datetime, until: datetime) -> list[Latency]:
    """How long each stage took, for notifications made in the span."""
    rows = await tx.all(
        """
        WITH spans AS (
          SELECT 'OCCURRED_TO_SEEN' AS stage, extract(epoch FROM h.recorded_at - h.actual_on) AS seconds
          FROM notifications_log n JOIN flight_status_history h ON h.id = n.caused_by_id
          WHERE n.agency_id = :agency AND n.created_at >= :since AND n.created_at < :until
            AND n.notification_type = 'LANDING_WELCOME' AND h.actual_on IS NOT NULL
          UNION ALL
          SELECT 'SEEN_TO_DECIDED', extract(epoch FROM n.created_at - h.recorded_at)
          FROM notifications_log n JOIN flight_status_history h ON h.id = n.caused_by_id
          WHERE n.agency_id = :agency AND n.created_at >= :since AND n.created_at < :until
          UNION ALL
          SELECT 'DECIDED_TO_ACCEPTED', extract(epoch FROM n.accepted_at - greatest(n.created_at, n.due_at))
          FROM notifications_log n
          WHERE n.agency_id = :agency AND n.created_at >= :since AND n.created_at < :until AND n.accepted_at IS NOT NULL
          UNION ALL
          SELECT 'ACCEPTED_TO_DELIVERED', extract(epoch FROM n.delivered_at - n.accepted_at)
          FROM notifications_log n
          WHERE n.agency_id = :agency AND n.created_at >= :since AND n.created_at < :until AND n.delivered_at IS NOT NULL
        )
        SELECT stage, count(*) AS many, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95, max(seconds) AS most
        FROM spans GROUP BY stage ORDER BY stage
        """,
        agency=agency_id,
        since=since,
        until=until,
    )
    return [
        Latency(
            stage=Stage(row["stage"]),
            count=row["many"],
            p50_seconds=float(row["p50"]),
            p95_seconds=float(row["p95"]),
            max_seconds=float(row["most"]),
        )
        for row in rows
    ]


async def aeroapi(tx: Transaction, agency_id: UUID, since: datetime, until: datetime) -> tuple[float, float]:
    """The agency's share of result sets and dollars, by whole days (UTC) that the span touches."""
    row = await tx.one(
        """
        SELECT coalesce(sum(result_sets), 0) AS sets, coalesce(sum(cost_usd), 0) AS dollars FROM aeroapi_days
        WHERE agency_id = :agency AND day >= :since AND day <= :until
        """,
        agency=agency_id,
        since=since.astimezone(UTC).date(),
        until=until.astimezone(UTC).date(),
    )
    assert row is not None
    return float(row["sets"]), float(row["dollars"])
