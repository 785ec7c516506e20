"""What Twilio's words mean for a notification. Pure tables."""

from dataclasses import dataclass
from datetime import timedelta

from travel import timing
from travel.model import AgencySettings, Channel, Feature
from travel.model import NotificationReason as Reason
from travel.model import NotificationStatus as Status
from travel.twilio_codes import Remedy

RETRIED = frozenset({Remedy.RETRY, Remedy.LATER})
"""Refusals after which the same message may go through another time: a try of those that the agency allows."""
PAUSES = frozenset({Remedy.ACCOUNT, Remedy.SENDER})
"""Refusals that are no message's fault: the agency's sending pauses, and the message waits for its end."""
NO_TRY = PAUSES | {Remedy.DESTINATION}
"""Refusals that use up none of the tries that the agency allows."""

TRIED_AGAIN = RETRIED | NO_TRY | {Remedy.CHANNEL, Remedy.WINDOW}
"""Refusals after which the message may be sent once more, by whatever way."""

LATER_MEANS = timedelta(minutes=5)
"""How long a refusal that says "later" is left alone at the least."""
REGISTERING_TAKES = timedelta(minutes=15)
"""How often a destination is tried that the sender may not write to."""
FIRST_PROBE, LONGEST_PROBE = timedelta(minutes=1), timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A message that Twilio refused, or took and could not deliver.

    `tries` counts those that the agency allows, this one included. `taken` says that Twilio had it: then it ends
    UNDELIVERED, not FAILED.
    """

    remedy: Remedy
    taken: bool
    tries: int
    channel: Channel
    by_template: bool
    retry_after: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How the message stands now. `wait` is until the next try, where there is one."""

    status: Status
    reason: Reason
    wait: timedelta = timedelta()
    channel: Channel | None = None
    """The channel it goes by from now on, where it is another."""


def verdict(failure: Failure, settings: AgencySettings, *, has_sms: bool, chance: float) -> Verdict:
    """What becomes of it. `chance` is a random number in [0, 1) for the jitter.

    | remedy                     | verdict                                                              |
    |----------------------------|----------------------------------------------------------------------|
    | ACCOUNT, SENDER            | waits for the end of the pause, SENDER_PAUSED; no try                |
    | DESTINATION                | waits a quarter of an hour, RETRYING; no try                         |
    | RETRY, LATER, tries left   | waits, RETRYING: backoff with full jitter, Retry-After the least     |
    | ... none left, was taken   | by SMS where the agency wants that                                   |
    | WINDOW, went as free text  | again at once, RETRYING, this time by template                       |
    | CHANNEL                    | by SMS where the agency wants that                                   |
    | all else                   | an end with its reason: FAILED, or UNDELIVERED where Twilio had it   |
    """
    remedy, tries_left = failure.remedy, failure.tries < settings.max_retry_attempts
    if remedy in PAUSES:
        return Verdict(status=Status.PENDING, reason=Reason.SENDER_PAUSED, wait=FIRST_PROBE)
    if remedy is Remedy.DESTINATION:
        return Verdict(status=Status.PENDING, reason=Reason.RETRYING, wait=REGISTERING_TAKES)
    if remedy in RETRIED and tries_left:
        jittered = timing.retry_wait(settings, failure.tries, chance, failure.retry_after)
        least = LATER_MEANS if remedy is Remedy.LATER else timedelta()
        return Verdict(status=Status.PENDING, reason=Reason.RETRYING, wait=max(jittered, least))
    if remedy is Remedy.WINDOW and not failure.by_template and tries_left:
        return Verdict(status=Status.PENDING, reason=Reason.RETRYING)
    unreachable = remedy is Remedy.CHANNEL or (remedy in RETRIED and failure.taken)
    if unreachable and goes_by_sms(failure.channel, settings, has_sms=has_sms):
        return Verdict(status=Status.PENDING, reason=Reason.RETRYING, channel=Channel.SMS)
    return Verdict(status=Status.UNDELIVERED if failure.taken else Status.FAILED, reason=failure_reason(remedy))


def goes_by_sms(channel: Channel, settings: AgencySettings, *, has_sms: bool) -> bool:
    """Whether SMS is tried where WhatsApp does not arrive: the agency wants it, and there is a sender."""
    return channel is Channel.WHATSAPP and has_sms and settings.enabled(Feature.SMS_FALLBACK)


def jittered(seconds: float, chance: float) -> timedelta:
    """At least so many seconds, and up to half as many again, so that those who were put off do not come back together."""
    return timedelta(seconds=seconds * (1 + chance / 2))


def next_probe(probes: int) -> timedelta:
    """How long a pause lasts before the next message tries: a minute, doubling up to a quarter of an hour."""
    doubled: int = 2 ** min(probes, 10)
    return min(FIRST_PROBE * doubled, LONGEST_PROBE)


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
    Status.SENT: 1,
    Status.UNDELIVERED: 2,
    Status.DELIVERED: 2,
    Status.READ: 3,
}
_MAY_FAIL = frozenset({Status.SENDING, Status.UNKNOWN, Status.SENT})


def moves(current: Status, reported: Status) -> bool:
    """Whether a callback may move a notification: only upwards, so a late `sent` never overwrites `delivered`.

    That a message came further is proof that Twilio took a try whose answer was lost, so it also moves what was given up
    meanwhile. That one failed says nothing of what has ended or is to be sent again.
    """
    if reported is Status.UNDELIVERED:
        return current in _MAY_FAIL
    return _RANK[reported] > _RANK.get(current, 0)


def failure_reason(remedy: Remedy) -> Reason:
    """Why a message ended undelivered, as the agency reads it."""
    return {
        Remedy.NUMBER: Reason.INVALID_RECIPIENT,
        Remedy.SUPPRESS: Reason.OPTED_OUT,
        Remedy.RETRY: Reason.ATTEMPTS_EXHAUSTED,
        Remedy.LATER: Reason.ATTEMPTS_EXHAUSTED,
        Remedy.STALE: Reason.NO_LONGER_USEFUL,
    }.get(remedy, Reason.PROVIDER_REFUSED)
