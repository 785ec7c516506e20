"""What Twilio's words mean for a notification. Pure tables."""

from datetime import timedelta

from travel.model import AgencySettings, Channel, Feature
from travel.model import NotificationReason as Reason
from travel.model import NotificationStatus as Status
from travel.twilio_codes import Remedy

RETRIED = frozenset({Remedy.RETRY, Remedy.LATER, Remedy.CONFIG})
"""Refusals after which the same message may go through another time."""

SOON_ENOUGH = timedelta(minutes=5)
"""How long a refusal that says "later" is left alone, and an account at fault before it is tried again."""


def is_retried(remedy: Remedy, attempt_number: int, most_attempts: int) -> bool:
    """Whether the message waits for another try; a fault of sender or account is no attempt's: it waits while useful."""
    return remedy is Remedy.CONFIG or (remedy in RETRIED and attempt_number < most_attempts)


def goes_by_sms(remedy: Remedy, channel: Channel, settings: AgencySettings, *, has_sender: bool) -> bool:
    """Whether SMS is tried now: WhatsApp does not reach this phone, the agency wants it, and there is a sender."""
    wanted = settings.enabled(Feature.SMS_FALLBACK) and has_sender
    return wanted and remedy is Remedy.CHANNEL and channel is Channel.WHATSAPP


def least_wait(remedy: Remedy) -> timedelta:
    """How long to wait at the least before the next try."""
    return SOON_ENOUGH if remedy in (Remedy.CONFIG, Remedy.LATER) else timedelta()


STATUS_OF = {
    "accepted": Status.SENT,
    "scheduled": Status.SENT,
    "queued": Status.SENT,
    "sending": Status.SENT,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.UNDELIVERED,
    "canceled": Status.UNDELIVERED,
}
"""Twilio's word to ours. FAILED is kept for what Twilio never took."""

_RANK = {
    Status.PENDING: 0,
    Status.SENDING: 0,
    Status.UNKNOWN: 0,
    Status.SENT: 1,
    Status.UNDELIVERED: 2,
    Status.DELIVERED: 2,
    Status.READ: 3,
}


def moves(current: Status, reported: Status) -> bool:
    """Whether a callback may move a notification: only upwards, so a late `sent` never overwrites `delivered`.

    One that is PENDING or UNKNOWN moves too: the callback proves that an attempt whose answer was lost was taken.
    """
    return current in _RANK and _RANK[reported] > _RANK[current]


def failure_reason(remedy: Remedy) -> Reason:
    """Why a message ended undelivered, as the agency reads it."""
    return {
        Remedy.NUMBER: Reason.INVALID_RECIPIENT,
        Remedy.SUPPRESS: Reason.OPTED_OUT,
        Remedy.RETRY: Reason.ATTEMPTS_EXHAUSTED,
        Remedy.LATER: Reason.ATTEMPTS_EXHAUSTED,
        Remedy.STALE: Reason.NO_LONGER_USEFUL,
    }.get(remedy, Reason.PROVIDER_REFUSED)
