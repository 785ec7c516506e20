"""What goes wrong with Twilio on demand: rates, spans, and the fate of single recipients."""

import dataclasses
from dataclasses import dataclass, field
from typing import Literal

When = Literal[
    "sync", "async", "silent", "rate_limited", "error_before", "error_after", "lost_reply", "late_accept", "slow"
]


@dataclass(frozen=True, kw_only=True)
class RecipientFault:
    """What Twilio makes of every message to one number, `times` times or (None) for ever.

    `sync` refuses with `code`, `async` takes the message and fails it with `code`, `silent` leaves it `sent`
    for ever, as WhatsApp does for somebody who blocked the sender. The rest are the rates of `TwilioFaults`, for certain.
    """

    code: int = 30008
    when: When = "async"
    times: int | None = None


@dataclass(kw_only=True)
class TwilioFaults:
    """Rates are 0 to 1 per request or callback; fields ending in `_s` are seconds.

    `slow_s` and `lost_reply_s` are seconds of the machine, the other spans pass on the world's clock.
    """

    rate_limited: float = 0.0
    error_before: float = 0.0
    error_after: float = 0.0
    error_reads: float = 0.0
    lost_reply: float = 0.0
    lost_reply_s: float = 30.0
    late_accept: float = 0.0
    late_accept_s: float = 20.0
    slow: float = 0.0
    slow_s: float = 2.0
    queue_s: float = 0.0
    callbacks_lost: float = 0.0
    callbacks_duplicated: float = 0.0
    callbacks_reordered: float = 0.0
    callbacks_delayed: float = 0.0
    callbacks_delayed_s: float = 60.0
    callbacks_missigned: float = 0.0
    recipients: dict[str, RecipientFault] = field(default_factory=dict)

    def fate(self, to: str) -> RecipientFault | None:
        """The fault of this address, used up by one. One set for a bare number holds on every channel."""
        number = to if to in self.recipients else to.removeprefix("whatsapp:")
        fate = self.recipients.get(number)
        if fate is not None and fate.times is not None:
            if fate.times <= 1:
                del self.recipients[number]
            else:
                self.recipients[number] = dataclasses.replace(fate, times=fate.times - 1)
        return fate
