"""What Twilio and WhatsApp remember of who wrote to whom: the 24 h window and the opt-outs."""

from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)
STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
START_WORDS = frozenset({"START", "UNSTOP", "YES"})
# A traveller who writes before anyone wrote to them writes to every sender at once.
ANY_SENDER = "*"


class Conversations:
    """Addresses are as on the wire, `whatsapp:` included, so that the two channels never mix."""

    def __init__(self) -> None:
        self._heard_at: dict[tuple[str, str], datetime] = {}
        self._opted_out: set[tuple[str, str]] = set()
        self._last_sender: dict[str, tuple[str, str]] = {}

    def wrote(self, account_sid: str, sender: str, recipient: str) -> None:
        self._last_sender[recipient] = (account_sid, sender)

    def last_sender(self, recipient: str) -> tuple[str, str] | None:
        """The account and sender that wrote to this recipient last."""
        return self._last_sender.get(recipient)

    def heard(self, recipient: str, sender: str, body: str, now: datetime) -> None:
        """The recipient wrote back. Twilio itself acts on a STOP by SMS, not on one by WhatsApp."""
        self._heard_at[(sender, recipient)] = now
        if recipient.startswith("whatsapp:"):
            return
        word = body.strip().upper()
        if word in STOP_WORDS:
            self._opted_out.add((sender, recipient))
        elif word in START_WORDS:
            self._opted_out -= {(sender, recipient), (ANY_SENDER, recipient)}

    def window_open(self, recipient: str, sender: str, now: datetime) -> bool:
        heard = [self._heard_at.get((one, recipient)) for one in (sender, ANY_SENDER)]
        return any(at is not None and now < at + WINDOW for at in heard)

    def opted_out(self, recipient: str, sender: str) -> bool:
        return bool({(sender, recipient), (ANY_SENDER, recipient)} & self._opted_out)
