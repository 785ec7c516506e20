"""What AeroAPI costs the agency, by day and by flight."""

from datetime import UTC, date, datetime

import strawberry

from graph.context import Info
from travel.records import usage


@strawberry.type(description="What AeroAPI cost the agency in a day (UTC): its share of every look at its flights.")
class AeroApiDay:
    day: date = strawberry.field(description="Which one.")
    result_sets: float = strawberry.field(description="Result sets; of a look that agencies share, the agency's part.")
    cost_usd: float = strawberry.field(description="Dollars.")
    rested_looks: int = strawberry.field(description="Looks that were not made since a budget was short.")

    @classmethod
    def of(cls, value: usage.Day) -> "AeroApiDay":
        return cls(day=value.day, result_sets=value.result_sets, cost_usd=value.cost_usd, rested_looks=value.rested)


@strawberry.type(description="What AeroAPI cost the agency for one flight in a span.")
class AeroApiFlight:
    ident: str = strawberry.field(description="Flight number with the airline's ICAO designator.")
    departure_at: datetime = strawberry.field(description="The departure as booked.")
    result_sets: float = strawberry.field(description="Result sets; of a look that agencies share, the agency's part.")
    cost_usd: float = strawberry.field(description="Dollars.")


async def by_day(info: Info, since: datetime, until: datetime) -> list[AeroApiDay]:
    """The days that a span touches."""
    agency_id = info.context.asking.agency_id
    days = await info.context.loaders.read(lambda tx: usage.by_day(tx, agency_id, _day(since), _day(until)))
    return [AeroApiDay.of(each) for each in days]


async def by_flight(info: Info, since: datetime, until: datetime, most: int) -> list[AeroApiFlight]:
    """The flights that cost most on the days that a span touches."""
    agency_id = info.context.asking.agency_id
    read = info.context.loaders.read
    return [
        AeroApiFlight(
            ident=each.ident,
            departure_at=each.departure_at,
            result_sets=each.result_sets,
            cost_usd=each.cost_usd,
        )
        for each in await read(lambda tx: usage.by_flight(tx, agency_id, _day(since), _day(until), most))
    ]


def _day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()
