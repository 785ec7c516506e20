"""What an agency can order about itself: its settings, its wording and its keys."""

from typing import Annotated, Any

import strawberry

from graph import inputs as given
from graph.agency_types import AgencySettings, ApiKey, MessageTemplate
from graph.answering import answered, row_of
from graph.context import Info
from travel import tenancy
from travel.model import Feature, RefusedError, Role
from travel.model import UserErrorCode as Code


@strawberry.type
class AgencyMutations:
    @strawberry.mutation(
        description="Change what the agency chose; refused if somebody else did since `version`. Needs the role ADMIN."
    )
    async def update_agency_settings(
        self,
        info: Info,
        input: Annotated[given.UpdateAgencySettingsInput, strawberry.argument(description="The change.")],  # noqa: A002
    ) -> given.UpdateAgencySettingsPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            agency_id = info.context.asking.agency_id
            changed = await tenancy.change_settings(
                house.db, house.wakeups, house.clock, agency_id, input.version, _settings_values(input)
            )
            return {"settings": AgencySettings.of(changed)}

        return await answered(info, Role.ADMIN, given.UpdateAgencySettingsPayload, ("settings",), act)

    @strawberry.mutation(description="Word a type of message in the agency's own way. Needs the role ADMIN.")
    async def set_message_template(
        self,
        info: Info,
        input: Annotated[given.SetMessageTemplateInput, strawberry.argument(description="The wording.")],  # noqa: A002
    ) -> given.SetMessageTemplatePayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            template = await tenancy.set_template(
                house.db,
                house.clock,
                info.context.asking.agency_id,
                input.type,
                input.language,
                input.content_sid,
                input.body,
            )
            return {"template": MessageTemplate.of(template)}

        return await answered(info, Role.ADMIN, given.SetMessageTemplatePayload, ("template",), act)

    @strawberry.mutation(description="Make a key; its secret is shown this once. Needs the role ADMIN.")
    async def create_api_key(
        self,
        info: Info,
        input: Annotated[given.CreateApiKeyInput, strawberry.argument(description="The key.")],  # noqa: A002
    ) -> given.CreateApiKeyPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            made = await tenancy.create_key(
                house.db,
                house.clock,
                info.context.asking.agency_id,
                name=input.name,
                role=input.role,
                expires_at=input.expires_at,
            )
            return {"api_key": ApiKey.of(made.key), "secret": made.secret}

        return await answered(info, Role.ADMIN, given.CreateApiKeyPayload, ("api_key", "secret"), act)

    @strawberry.mutation(
        description="End a key at once, or soon, so that its successor is in use before. Sockets and streams of it end within "
        "ten seconds of that. Needs the role ADMIN."
    )
    async def revoke_api_key(
        self,
        info: Info,
        input: Annotated[given.RevokeApiKeyInput, strawberry.argument(description="Which key.")],  # noqa: A002
    ) -> given.RevokeApiKeyPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            id_ = row_of("ApiKey", input.api_key_id, "apiKeyId")
            key = await tenancy.revoke_key(house.db, house.clock, info.context.asking.agency_id, id_, input.at)
            return {"api_key": ApiKey.of(key)}

        return await answered(info, Role.ADMIN, given.RevokeApiKeyPayload, ("api_key",), act)


NULLABLE_SETTINGS = frozenset({"timezone_override", "daily_aeroapi_budget_usd"})


def _settings_values(change: given.UpdateAgencySettingsInput) -> dict[str, Any]:
    """Column → value of what the input names; null is a value only where the column can be null."""
    named = {
        name: value
        for name, value in vars(change).items()
        if name != "version" and value is not strawberry.UNSET and (value is not None or name in NULLABLE_SETTINGS)
    }
    for name, field in (("quiet_hours_start", "quietHoursStart"), ("quiet_hours_end", "quietHoursEnd")):
        if name in named:
            local = tenancy.local_time(named[name])
            if local is None:
                raise RefusedError.one(Code.INVALID, "A time of day is written HH:MM.", field)
            named[name] = local
    if "reminder24h_enabled" in named:
        named["reminder_24h_enabled"] = named.pop("reminder24h_enabled")
    if "features" in named:
        named["features"] = {Feature(flag.name).value: flag.enabled for flag in named["features"]}
    return named
