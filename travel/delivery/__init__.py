"""Delivering: from a due notification to the receipt on the traveller's phone.

`sending` claims and hands over, `settling` finds out about lost answers, `receipts` reads callbacks, `intervening` is
what a person may do.
"""

from travel.delivery.carrier import Carrier
from travel.delivery.intervening import cancel, resend, send_test
from travel.delivery.receipts import process_webhook
from travel.delivery.sending import deliver
from travel.delivery.settling import recover, settle_unknown

__all__ = [
    "Carrier",
    "cancel",
    "deliver",
    "process_webhook",
    "recover",
    "resend",
    "send_test",
    "settle_unknown",
]
