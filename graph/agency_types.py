"""The agency, what it chose, and who may speak for it."""

from datetime import datetime
from typing import Annotated

import strawberry

from graph import ids
from graph.activity_types import AgencyActivity
from graph.context import Info
from graph.feed_cursor import FeedCursor
from graph.ids import Node
from graph.paging import PagingError
from graph.scalars import LocalTime
from travel import catalogue, model
from travel.model import (
    AgencyStatus,
    Channel,
    Feature,
    Language,
    NotificationType,
    Role,
    UnknownDeliveryPolicy,
)
from travel.records import feed, keys, pauses


@strawberry.type(description="A switch, and how it stands.")
class FeatureFlag:
    name: Feature = strawberry.field(description="Which one.")
    enabled: bool = strawberry.field(description="Whether it is on.")


@strawberry.type(description="What an agency chose. A change is obeyed by the very next decision.")
class AgencySettings:
    quiet_hours_start: LocalTime = strawberry.field(description="From then on, what can wait waits.")
    quiet_hours_end: LocalTime = strawberry.field(description="Until then. Equal to the start: no quiet hours.")
    timezone_override: str | None = strawberry.field(
        description="Overrides where the traveller is, for agencies whose travellers stay in one zone (IANA name)."
    )
    boarding_notification_offset_minutes: int = strawberry.field(
        description="How long before departure boarding is told."
    )
    landing_notification_enabled: bool = strawberry.field(description="Whether travellers are welcomed.")
    reminder24h_enabled: bool = strawberry.field(
        name="reminder24hEnabled", description="Whether travellers are reminded."
    )
    delay_threshold_minutes: int = strawberry.field(
        description="How far a departure must move from what the traveller was last told before it is news."
    )
    max_retry_attempts: int = strawberry.field(description="Tries per message, the first included.")
    retry_initial_delay_seconds: int = strawberry.field(description="The longest first wait between tries.")
    retry_backoff_factor: float = strawberry.field(description="By which the wait grows.")
    retry_max_delay_seconds: int = strawberry.field(description="Beyond which it does not grow.")
    max_notifications_per_hour: int = strawberry.field(description="Messages in any 60 minutes; the rest wait.")
    max_notifications_per_day: int = strawberry.field(description="Messages in any 24 hours; the rest wait.")
    language: Language = strawberry.field(description="For travellers without a language of their own.")
    on_unknown_delivery: UnknownDeliveryPolicy = strawberry.field(
        description="What happens to a message of which nobody knows whether Twilio took it, after the settling time."
    )
    daily_aeroapi_budget_usd: float | None = strawberry.field(
        description="Dollars a day that this agency's share of AeroAPI may cost; null is no limit."
    )
    features: list[FeatureFlag] = strawberry.field(description="All switches.")
    version: int = strawberry.field(
        description="Goes up by one with every change; an update names the version it was made from."
    )
    updated_at: datetime = strawberry.field(description="When they last changed.")

    @classmethod
    def of(cls, value: model.AgencySettings) -> "AgencySettings":
        return cls(
            quiet_hours_start=LocalTime(f"{value.quiet_hours_start:%H:%M}"),
            quiet_hours_end=LocalTime(f"{value.quiet_hours_end:%H:%M}"),
            timezone_override=value.timezone_override,
            boarding_notification_offset_minutes=value.boarding_notification_offset_minutes,
            landing_notification_enabled=value.landing_notification_enabled,
            reminder24h_enabled=value.reminder_24h_enabled,
            delay_threshold_minutes=value.delay_threshold_minutes,
            max_retry_attempts=value.max_retry_attempts,
            retry_initial_delay_seconds=value.retry_initial_delay_seconds,
            retry_backoff_factor=value.retry_backoff_factor,
            retry_max_delay_seconds=value.retry_max_delay_seconds,
            max_notifications_per_hour=value.max_notifications_per_hour,
            max_notifications_per_day=value.max_notifications_per_day,
            language=value.language,
            on_unknown_delivery=value.on_unknown_delivery,
            daily_aeroapi_budget_usd=value.daily_aeroapi_budget_usd,
            features=[FeatureFlag(name=each, enabled=value.enabled(each)) for each in Feature],
            version=value.version,
            updated_at=value.updated_at,
        )


@strawberry.type(description="How a type is worded in a language.")
class MessageTemplate:
    type: NotificationType = strawberry.field(description="What it is about.")
    language: Language = strawberry.field(description="In which language.")
    content_sid: str | None = strawberry.field(
        description="The approved WhatsApp template, for those outside the 24 h window."
    )
    body: str = strawberry.field(description="The text; {{1}}, {{2}} … are its variables.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, value: model.MessageTemplate) -> "MessageTemplate":
        return cls(
            type=value.type,
            language=value.language,
            content_sid=value.content_sid,
            body=value.body or catalogue.TEXTS[value.type, value.language],
            updated_at=value.updated_at,
        )


@strawberry.type(description="A credential of the agency. Its secret was shown once.")
class ApiKey(Node):
    name: str = strawberry.field(description="What the agency calls it.")
    role: Role = strawberry.field(description="What it may do.")
    prefix: str = strawberry.field(description="How its secret begins.")
    created_at: datetime = strawberry.field(description="When it was made.")
    last_used_at: datetime | None = strawberry.field(description="When it was last used, to the minute.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself.")
    revoked_at: datetime | None = strawberry.field(description="Since when it is refused.")

    @classmethod
    def of(cls, value: model.ApiKey) -> "ApiKey":
        return cls(
            id=strawberry.ID(ids.encode("ApiKey", value.id)),
            name=value.name,
            role=value.role,
            prefix=f"bh_{value.prefix}",
            created_at=value.created_at,
            last_used_at=value.last_used_at,
            expires_at=value.expires_at,
            revoked_at=value.revoked_at,
        )


@strawberry.type(description="A channel on which nothing is sent, since Twilio refuses the account or the sender.")
class SendingPause:
    channel: Channel = strawberry.field(description="Which one.")
    paused_at: datetime = strawberry.field(description="Since when.")
    next_try_at: datetime = strawberry.field(
        description="From then on, the next message that is due tries whether it works again. A test message tries at once."
    )
    error_code: int | None = strawberry.field(description="Twilio's code.")
    error_message: str = strawberry.field(description="Twilio's words.")

    @classmethod
    def of(cls, value: model.SendingPause) -> "SendingPause":
        return cls(
            channel=value.channel,
            paused_at=value.paused_at,
            next_try_at=value.probe_at,
            error_code=value.error_code,
            error_message=value.error_message,
        )


async def pauses_of(info: Info) -> list[SendingPause]:
    """The pauses of the viewer's agency."""
    agency_id = info.context.asking.agency_id
    found = await info.context.loaders.read(lambda tx: pauses.of(tx, agency_id))
    return [SendingPause.of(each) for each in found.values()]


@strawberry.type(description="The agency of the viewer.")
class Agency(Node):
    name: str = strawberry.field(description="As travellers know it.")
    email: str = strawberry.field(description="Where the agency is reached.")
    phone: str | None = strawberry.field(description="Likewise, E.164.")
    country: str = strawberry.field(description="ISO 3166 code of two letters.")
    status: AgencyStatus = strawberry.field(description="A suspended agency sends nothing.")

    @classmethod
    def of(cls, value: model.Agency) -> "Agency":
        return cls(
            id=strawberry.ID(ids.encode("Agency", value.id)),
            name=value.name,
            email=value.email,
            phone=value.phone,
            country=value.country,
            status=value.status,
        )

    @strawberry.field(description="What the agency chose.")
    async def settings(self, info: Info) -> AgencySettings:
        return AgencySettings.of(await info.context.loaders.settings.load(info.context.asking.agency_id))

    @strawberry.field(
        description="How every type is worded in every language where the agency or the operator chose so."
    )
    async def message_templates(self, info: Info) -> list[MessageTemplate]:
        chosen = await info.context.loaders.templates.load(info.context.asking.agency_id)
        return [MessageTemplate.of(each) for each in chosen.values()]

    @strawberry.field(description="Channels on which Twilio refuses the account or the sender, so that messages wait.")
    async def sending_pauses(self, info: Info) -> list[SendingPause]:
        return await pauses_of(info)

    @strawberry.field(description="All keys, newest first. Needs the role ADMIN; empty for others.")
    async def api_keys(self, info: Info) -> list[ApiKey]:
        viewer = info.context.asking
        if viewer.role is not Role.ADMIN:
            return []
        found = await info.context.loaders.read(lambda tx: keys.of_agency(tx, viewer.agency_id))
        return [ApiKey.of(each) for each in found]

    @strawberry.field(
        description="Where the agency's event stream stands. A query is answered as of one moment: subscribe after this cursor, and "
        "every change is told that the rest of the answer does not show."
    )
    async def event_cursor(self, info: Info) -> str:
        agency_id = info.context.asking.agency_id
        head = await info.context.loaders.read(lambda tx: feed.head(tx, agency_id))
        return FeedCursor(agency_id, head.sequence).text()

    @strawberry.field(description="What happened in a span: the numbers behind the portal's dashboard.")
    def activity(
        self,
        info: Info,
        from_: Annotated[datetime, strawberry.argument(name="from", description="Begin of the span, included.")],
        until: Annotated[datetime, strawberry.argument(description="End of the span, excluded.")],
    ) -> AgencyActivity:
        if until < from_:
            raise PagingError("The span ends before it begins.")
        return AgencyActivity(since=from_, until=until)
