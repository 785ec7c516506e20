"""What AeroAPI costs: result sets and dollars by day, flight and agency share."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from travel.database import Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """Dollars of one agency in a day, and its budget; of the whole house where no agency is named."""

    agency_id: UUID | None
    dollars: float
    budget: float | None


async def charge(
    tx: Transaction, agency_id: UUID, flight_id: UUID, day: date, result_sets: float, dollars: float
) -> None:
    """Add an agency's share of a look."""
    await tx.run(
        """
        WITH share AS (
          INSERT INTO aeroapi_usage (day, flight_id, agency_id, result_sets, cost_usd)
          VALUES (:day, :flight, :agency, CAST(:result_sets AS float8), CAST(:dollars AS float8))
          ON CONFLICT (agency_id, day, flight_id) DO UPDATE
          SET result_sets = aeroapi_usage.result_sets + excluded.result_sets, cost_usd = aeroapi_usage.cost_usd + excluded.cost_usd
        )
        INSERT INTO aeroapi_days (day, agency_id, result_sets, cost_usd)
        VALUES (:day, :agency, CAST(:result_sets AS float8), CAST(:dollars AS float8))
        ON CONFLICT (agency_id, day) DO UPDATE
        SET result_sets = aeroapi_days.result_sets + excluded.result_sets, cost_usd = aeroapi_days.cost_usd + excluded.cost_usd
        """,
        day=day,
        flight=flight_id,
        agency=agency_id,
        result_sets=result_sets,
        dollars=dollars,
    )


async def rested(tx: Transaction, agency_id: UUID, day: date, level: int) -> bool:
    """Count a look that the budget did not allow; True the first time that a day's budget bites at this level."""
    row = await tx.one(
        """
        INSERT INTO aeroapi_days AS d (day, agency_id, rested, level) VALUES (:day, :agency, 1, 0)
        ON CONFLICT (agency_id, day) DO UPDATE SET rested = d.rested + 1
        RETURNING level
        """,
        day=day,
        agency=agency_id,
    )
    assert row is not None
    if row["level"] >= level:
        return False
    await tx.run(
        "UPDATE aeroapi_days SET level = :level WHERE agency_id = :agency AND day = :day",
        level=level,
        agency=agency_id,
        day=day,
    )
    return True


async def spent(tx: Transaction, agency_id: UUID, day: date) -> float:
    """Dollars of an agency's share on a day (UTC)."""
    return float(
        await tx.value(
            "SELECT coalesce(sum(cost_usd), 0) FROM aeroapi_days WHERE agency_id = :agency AND day = :day",
            agency=agency_id,
            day=day,
        )
    )


async def of_flight(tx: Transaction, flight_id: UUID, day: date) -> list[Spent]:
    """The agencies that have a trip on a flight, in the order in which their feeds are to be locked, and last the house."""
    rows = await tx.all("SELECT * FROM system_purses(:flight, :day)", flight=flight_id, day=day)
    return [
        Spent(
            agency_id=row["agency_id"],
            dollars=float(row["spent_usd"]),
            budget=None if row["budget_usd"] is None else float(row["budget_usd"]),
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """An agency's share of a day (UTC), and the looks that its budget did not allow."""

    day: date
    result_sets: float
    cost_usd: float
    rested: int


async def by_day(tx: Transaction, agency_id: UUID, since: date, until: date) -> list[Day]:
    """The days of a span that cost something, both ends included, the first day first."""
    rows = await tx.all(
        """
        SELECT day, result_sets, cost_usd, rested FROM aeroapi_days
        WHERE agency_id = :agency AND day BETWEEN :since AND :until ORDER BY day
        """,
        agency=agency_id,
        since=since,
        until=until,
    )
    return [
        Day(
            day=row["day"],
            result_sets=float(row["result_sets"]),
            cost_usd=float(row["cost_usd"]),
            rested=row["rested"],
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class OfFlight:
    """An agency's share of the looks at one flight."""

    ident: str
    departure_at: datetime
    result_sets: float
    cost_usd: float


async def by_flight(tx: Transaction, agency_id: UUID, since: date, until: date, most: int) -> list[OfFlight]:
    """The flights of a span that cost the agency most, both days included."""
    rows = await tx.all(
        """
        SELECT f.ident, f.booked_departure_at, sum(u.result_sets) AS sets, sum(u.cost_usd) AS dollars
        FROM aeroapi_usage u JOIN flights f ON f.id = u.flight_id
        WHERE u.agency_id = :agency AND u.day BETWEEN :since AND :until
        GROUP BY f.id ORDER BY dollars DESC, f.ident, f.booked_departure_at LIMIT :most
        """,
        agency=agency_id,
        since=since,
        until=until,
        most=most,
    )
    return [
        OfFlight(
            ident=row["ident"],
            departure_at=row["booked_departure_at"],
            result_sets=float(row["sets"]),
            cost_usd=float(row["dollars"]),
        )
        for row in rows
    ]
