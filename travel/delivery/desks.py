"""What lies on the desk while an agency's due messages are judged: everything they ask for, fetched many at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from travel import audience, status
from travel.admission import Never, Request
from travel.database import Transaction
from travel.model import (
    Agency,
    AgencySettings,
    ByHand,
    Channel,
    Flight,
    Language,
    MessageTemplate,
    Notification,
    NotificationType,
    SendingPause,
    Trip,
)
from travel.model import (
    NotificationReason as Reason,
)
from travel.model import (
    NotificationStatus as Status,
)
from travel.records import agencies, attempts, flights, history, notifications, travellers, trips
from travel.records.attempts import Tried


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """All that the judgements of one claim read."""

    agency: Agency
    settings: AgencySettings
    templates: Mapping[tuple[NotificationType, Language], MessageTemplate]
    trips: Mapping[UUID, Trip]
    flights: Mapping[UUID, Flight]
    by_hand: Mapping[UUID, ByHand]
    opted_out: set[str]
    window_open: set[str]
    tried: Mapping[UUID, Tried]
    others: Mapping[UUID, Sequence[Notification]]
    pauses: dict[Channel, SendingPause]
    now: datetime

    def request(self, notification: Notification) -> Request:
        """The notification with all that may speak against it."""
        trip = self.trips.get(notification.trip_id) if notification.trip_id else None
        flight = self.flights.get(notification.flight_id) if notification.flight_id else None
        if trip is not None and flight is not None:
            flight = status.corrected(flight, self.by_hand.get(trip.id, ByHand()))
        return Request(
            notification=notification,
            trip=trip,
            flight=flight,
            settings=self.settings,
            agency_status=self.agency.status,
            opted_out=recipient(notification, trip) in self.opted_out,
            now=self.now,
        )

    def overtaken(self, notification: Notification) -> Never | None:
        """While a first try was out, it counted as told and newer news may have followed: it must not follow them."""
        others = self.others.get(notification.trip_id, ()) if notification.trip_id else ()
        if notification.fence and audience.has_newer_word(notification, others):
            return Never(Status.SUPERSEDED, Reason.NEWER_FACTS)
        return None


async def lay(
    tx: Transaction,
    agency_id: UUID,
    due: Sequence[Notification],
    settings: AgencySettings,
    paused: dict[Channel, SendingPause],
    now: datetime,
) -> Desk:
    """Fetch it, in the transaction of the claim."""
    trip_ids = list({each.trip_id for each in due if each.trip_id})
    tried_before = [each.id for each in due if each.fence]
    again = [each.trip_id for each in due if each.fence and each.trip_id]
    travelling = await trips.many(tx, agency_id, trip_ids)
    phones = list({recipient(each, travelling.get(each.trip_id) if each.trip_id else None) for each in due})
    return Desk(
        agency=await agencies.get(tx, agency_id),
        settings=settings,
        templates=await agencies.templates(tx, agency_id),
        trips=travelling,
        flights=await flights.many(tx, list({each.flight_id for each in due if each.flight_id})),
        by_hand=await history.by_hand(tx, agency_id, trip_ids),
        opted_out=await travellers.opted_out(tx, agency_id, phones),
        window_open=await travellers.with_open_window(tx, agency_id, phones, now),
        tried=await attempts.tried(tx, agency_id, tried_before) if tried_before else {},
        others=await notifications.of_trips(tx, agency_id, again) if again else {},
        pauses=paused,
        now=now,
    )


def recipient(notification: Notification, trip: Trip | None) -> str:
    """The phone it goes to: the trip's as it is now."""
    return trip.phone if trip else notification.recipient
