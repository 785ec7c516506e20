"""Delivering: from a due notification to the receipt on the traveller's phone.

`claiming` takes what is due and judges it from `desks`, `sending` hands it over at the sender's pace, `settling` writes down the
answers. `pausing` holds an agency whose sender is refused, `reconciling` finds out about lost answers, `receipts` reads
callbacks, `listening` hears travellers, `intervening` is what a person may do.
"""

from travel.delivery.carrier import Carrier, Places
from travel.delivery.intervening import cancel, resend, send_test
from travel.delivery.receipts import process_webhooks
from travel.delivery.reconciling import chase, recover, settle_unknown
from travel.delivery.sending import deliver

__all__ = [
    "Carrier",
    "Places",
    "cancel",
    "chase",
    "deliver",
    "process_webhooks",
    "recover",
    "resend",
    "send_test",
    "settle_unknown",
]
