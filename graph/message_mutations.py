"""What an agency can order about its messages and about whom they go to."""

from typing import Annotated, Any

import strawberry

from graph import inputs as given
from graph.answering import answered, row_of
from graph.context import Info
from graph.trip_types import Notification
from travel import booking, delivery
from travel.model import Role


@strawberry.type
class MessageMutations:
    @strawberry.mutation(
        description="Send again what FAILED, or what is UNKNOWN and held for a person; never what was accepted. Needs the "
        "role AGENT."
    )
    async def resend_notification(
        self,
        info: Info,
        input: Annotated[given.ResendNotificationInput, strawberry.argument(description="Which one.")],  # noqa: A002
    ) -> given.ResendNotificationPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            id_ = row_of("Notification", input.notification_id, "notificationId")
            agency_id = info.context.asking.agency_id
            resent = await delivery.resend(house.db, house.wakeups, house.clock, agency_id, id_)
            return {"notification": Notification.of(resent)}

        return await answered(info, Role.AGENT, given.ResendNotificationPayload, ("notification",), act)

    @strawberry.mutation(
        description="Withdraw what has not been handed to the carrier yet, or what is UNKNOWN and held for a person. Needs the "
        "role AGENT."
    )
    async def cancel_notification(
        self,
        info: Info,
        input: Annotated[given.CancelNotificationInput, strawberry.argument(description="Which one.")],  # noqa: A002
    ) -> given.CancelNotificationPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            id_ = row_of("Notification", input.notification_id, "notificationId")
            withdrawn = await delivery.cancel(house.db, house.clock, info.context.asking.agency_id, id_)
            return {"notification": Notification.of(withdrawn)}

        return await answered(info, Role.AGENT, given.CancelNotificationPayload, ("notification",), act)

    @strawberry.mutation(
        description="One message to a phone of the agency's own, to see that credentials, sender and template work. Needs "
        "the role ADMIN."
    )
    async def send_test_message(
        self,
        info: Info,
        input: Annotated[given.SendTestMessageInput, strawberry.argument(description="Where to.")],  # noqa: A002
    ) -> given.SendTestMessagePayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            agency_id = info.context.asking.agency_id
            sent = await delivery.send_test(house.db, house.wakeups, house.clock, agency_id, input.phone, input.channel)
            return {"notification": Notification.of(sent)}

        return await answered(info, Role.ADMIN, given.SendTestMessagePayload, ("notification",), act)

    @strawberry.mutation(
        description="Respect that a phone wants no messages, or write to it again. Needs the role AGENT."
    )
    async def set_opt_out(
        self,
        info: Info,
        input: Annotated[given.SetOptOutInput, strawberry.argument(description="Which phone.")],  # noqa: A002
    ) -> given.SetOptOutPayload:
        async def act() -> dict[str, Any]:
            house = info.context.house
            phone = await booking.set_opt_out(
                house.db, house.clock, info.context.asking.agency_id, input.phone, opted_out=input.opted_out
            )
            return {"phone": phone, "opted_out": input.opted_out}

        return await answered(info, Role.AGENT, given.SetOptOutPayload, ("phone", "opted_out"), act)
