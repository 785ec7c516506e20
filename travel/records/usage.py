"""What AeroAPI costs: result sets and dollars by day, flight and agency share."""

from datetime import date
from uuid import UUID

from travel.database import Transaction


async def charge(
    tx: Transaction, agency_id: UUID, flight_id: UUID, day: date, result_sets: float, dollars: float
) -> None:
    """Add an agency's share of a look."""
    await tx.run(
        """
        INSERT INTO aeroapi_usage (day, flight_id, agency_id, result_sets, cost_usd)
        VALUES (:day, :flight, :agency, CAST(:result_sets AS float8), CAST(:dollars AS float8))
        ON CONFLICT (agency_id, day, flight_id) DO UPDATE
        SET result_sets = aeroapi_usage.result_sets + excluded.result_sets, cost_usd = aeroapi_usage.cost_usd + excluded.cost_usd
        """,
        day=day,
        flight=flight_id,
        agency=agency_id,
        result_sets=result_sets,
        dollars=dollars,
    )


async def spent(tx: Transaction, agency_id: UUID, day: date) -> float:
    """Dollars of an agency's share on a day (UTC)."""
    return float(
        await tx.value(
            "SELECT coalesce(sum(cost_usd), 0) FROM aeroapi_usage WHERE agency_id = :agency AND day = :day",
            agency=agency_id,
            day=day,
        )
    )
