"""What happened in an agency in a span, counted by the database."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from graph import spending
from graph.context import Info
from graph.paging import window
from graph.spending import AeroApiDay, AeroApiFlight
from travel.database import Transaction
from travel.model import NotificationReason, NotificationStatus, NotificationType, Stage
from travel.records import activity

T = TypeVar("T")


@strawberry.type(description="Notifications in one state.")
class NotificationStatusCount:
    status: NotificationStatus = strawberry.field(description="The state they are in now.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="Notifications of one type.")
class NotificationTypeCount:
    type: NotificationType = strawberry.field(description="What they are about.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="Notifications that were not sent, by why.")
class ReasonCount:
    reason: NotificationReason = strawberry.field(description="Why.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="How long one stage took.")
class StageLatency:
    stage: Stage = strawberry.field(description="From which moment to which.")
    count: int = strawberry.field(description="How many were measured.")
    p50_seconds: float = strawberry.field(name="p50Seconds", description="Half took no longer.")
    p95_seconds: float = strawberry.field(name="p95Seconds", description="95 in 100 took no longer.")
    max_seconds: float = strawberry.field(description="The longest.")


@strawberry.type(description="What happened in a span: counted, never estimated.")
class AgencyActivity:
    since: strawberry.Private[datetime]
    until: strawberry.Private[datetime]

    @strawberry.field(description="Trips made in the span.")
    async def trips(self, info: Info) -> int:
        return await self._count(info, activity.trips)

    @strawberry.field(description="Notifications made in the span, by how they stand now.")
    async def notifications_by_status(self, info: Info) -> list[NotificationStatusCount]:
        counted = await self._count(info, activity.by_status)
        return [NotificationStatusCount(status=each, count=many) for each, many in counted.items()]

    @strawberry.field(description="Notifications made in the span, by type.")
    async def notifications_by_type(self, info: Info) -> list[NotificationTypeCount]:
        counted = await self._count(info, activity.by_type)
        return [NotificationTypeCount(type=each, count=many) for each, many in counted.items()]

    @strawberry.field(description="Why messages were not sent.")
    async def suppressed_by_reason(self, info: Info) -> list[ReasonCount]:
        counted = await self._count(info, activity.silences)
        return [ReasonCount(reason=each, count=many) for each, many in counted.items()]

    @strawberry.field(description="Seconds from one stage to the next; a stage that nothing passed is left out.")
    async def latencies(self, info: Info) -> list[StageLatency]:
        measured = await self._count(info, activity.latencies)
        return [
            StageLatency(
                stage=each.stage,
                count=each.count,
                p50_seconds=each.p50_seconds,
                p95_seconds=each.p95_seconds,
                max_seconds=each.max_seconds,
            )
            for each in measured
        ]

    @strawberry.field(description="The agency's share of AeroAPI's result sets, rounded up, by whole days in UTC.")
    async def aeroapi_result_sets(self, info: Info) -> int:
        return -int(-(await self._cost(info))[0] // 1)

    @strawberry.field(description="What that share cost in dollars, by whole days in UTC.")
    async def aeroapi_cost_usd(self, info: Info) -> float:
        return (await self._cost(info))[1]

    @strawberry.field(description="The same by days in UTC; a day that cost nothing is left out.")
    async def aeroapi_by_day(self, info: Info) -> list[AeroApiDay]:
        return await spending.by_day(info, self.since, self.until)

    @strawberry.field(description="The flights that cost the agency most, the dearest first.")
    async def aeroapi_by_flight(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="How many, 100 at the most.")] = 10,
    ) -> list[AeroApiFlight]:
        return await spending.by_flight(info, self.since, self.until, window(first, None, None, None).limit)

    async def _count(self, info: Info, question: Callable[[Transaction, UUID, datetime, datetime], Awaitable[T]]) -> T:
        agency_id = info.context.asking.agency_id
        return await info.context.loaders.read(lambda tx: question(tx, agency_id, self.since, self.until))

    async def _cost(self, info: Info) -> tuple[float, float]:
        return await self._count(info, activity.aeroapi)
