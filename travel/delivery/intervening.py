"""What a person may do with a message: send it again, withdraw it, or try the line with a test."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from travel import audience, booking_form, wording
from travel.clock import Clock
from travel.database import Database, Transaction
from travel.delivery.carrier import publish
from travel.enqueue import Wakeups
from travel.model import (
    Agency,
    AgencyStatus,
    Channel,
    Notification,
    NotificationType,
    RefusedError,
    Tells,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.model import (
    UserErrorCode as Code,
)
from travel.records import agencies, notifications, sent, travellers, trips

TEST_IS_USEFUL_FOR = timedelta(hours=1)


async def resend(db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID, notification_id: UUID) -> Notification:
    """Send again what FAILED, or what is UNKNOWN and held for a person; never what was accepted. Raises RefusedError."""
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        notification = await _locked(tx, agency_id, notification_id)
        await _refuse_silenced(tx, agency_id, notification.recipient, "notificationId")
        if notification.expires_at <= now:
            raise RefusedError.one(Code.TOO_LATE, "What it says is no longer useful.", "notificationId")
        if notification.trip_id is not None:
            trip = await trips.get(tx, agency_id, notification.trip_id)
            if trip is not None and trip.archived_at is not None:
                raise RefusedError.one(Code.TOO_LATE, "Its trip is archived.", "notificationId")
            others = (await notifications.of_trips(tx, agency_id, [notification.trip_id]))[notification.trip_id]
            if audience.has_newer_word(notification, others):
                raise RefusedError.one(Code.CONFLICT, "Something newer was said about this since.", "notificationId")
        if not await sent.reopen(tx, notification, now=now):
            message = "Only what FAILED, or is UNKNOWN and held for a person, can be sent again."
            raise RefusedError.one(Code.CONFLICT, message, "notificationId")
        await publish(tx, [notification], now)
        reopened = await notifications.get(tx, agency_id, notification_id)
    assert reopened is not None
    await wakeups.deliver(agency_id)
    return reopened


async def cancel(db: Database, clock: Clock, agency_id: UUID, notification_id: UUID) -> Notification:
    """Withdraw what has not been handed to the carrier yet, or what is UNKNOWN and held for a person. Raises RefusedError."""
    now = clock.now()
    async with db.transaction(agency_id) as tx:
        notification = await _locked(tx, agency_id, notification_id)
        if not await sent.withdraw(tx, notification, now=now):
            raise RefusedError.one(Code.TOO_LATE, "It is no longer waiting to be sent.", "notificationId")
        await publish(tx, [notification], now)
        withdrawn = await notifications.get(tx, agency_id, notification_id)
    assert withdrawn is not None
    return withdrawn


async def send_test(
    db: Database, wakeups: Wakeups, clock: Clock, agency_id: UUID, phone: str, channel: Channel
) -> Notification:
    """One message to a phone of the agency's own: it takes the way of every other message. Raises RefusedError."""
    now = clock.now()
    number = booking_form.phone_number(phone)
    if number is None:
        raise RefusedError.one(Code.INVALID, "This is no phone number in E.164 form, such as +5491155550101.", "phone")
    async with db.transaction(agency_id) as tx:
        agency = await _refuse_silenced(tx, agency_id, number, "phone")
        settings = await agencies.settings(tx, agency_id)
        template = (await agencies.templates(tx, agency_id)).get((NotificationType.TEST, settings.language))
        draft = notifications.Draft(
            trip_id=None,
            flight_id=None,
            type=NotificationType.TEST,
            # Every test is its own intent, so its hash is drawn by chance.
            idempotency_hash=hashlib.sha256(secrets.token_bytes(32)).digest(),
            status=Status.PENDING,
            reason=None,
            due_at=now,
            expires_at=now + TEST_IS_USEFUL_FOR,
            tells=Tells(),
            channel=channel,
            language=settings.language,
            recipient=number,
            body=wording.test_message(agency.name, settings.language, template).body,
            caused_by_id=None,
        )
        notification = await notifications.write(tx, agency_id, draft, now)
        assert notification is not None
        await publish(tx, [notification], now)
    await wakeups.deliver(agency_id)
    return notification


async def _locked(tx: Transaction, agency_id: UUID, notification_id: UUID) -> Notification:
    notification = await notifications.lock(tx, agency_id, notification_id, wait=True)
    if notification is None:
        raise RefusedError.one(Code.NOT_FOUND, "The agency has no such notification.", "notificationId")
    return notification


async def _refuse_silenced(tx: Transaction, agency_id: UUID, phone: str, field: str) -> Agency:
    """The agency, if it may write to this phone at all."""
    agency = await agencies.get(tx, agency_id)
    if agency.status is AgencyStatus.SUSPENDED:
        raise RefusedError.one(Code.FORBIDDEN, "The agency is suspended.", field)
    if await travellers.opted_out(tx, agency_id, [phone]):
        raise RefusedError.one(Code.FORBIDDEN, "This phone opted out of messages.", field)
    return agency
