"""A message as Twilio keeps it and shows it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

API_VERSION = "2010-04-01"
END_STATES = frozenset({"failed", "undelivered", "canceled"})
CANCELABLE = frozenset({"scheduled", "accepted", "queued"})
FINISHED = END_STATES | {"delivered", "read", "received"}
SMS_PRICE_USD, WHATSAPP_PRICE_USD = 0.0075, 0.005

# The 7-bit alphabet of GSM 03.38; the second row costs two places each.
GSM = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿")
GSM |= set("abcdefghijklmnopqrstuvwxyzäöñüà")
GSM_DOUBLE = set("^{}\\[~]|€\f")


@dataclass(kw_only=True, slots=True)
class Message:
    sid: str
    account_sid: str
    to: str
    from_: str | None
    service_sid: str | None
    body: str
    media: int
    status: str
    direction: str
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    error_code: int | None = None
    status_callback: str | None = None
    pool_sender: str | None = None

    @property
    def whatsapp(self) -> bool:
        return self.to.startswith("whatsapp:")

    @property
    def uri(self) -> str:
        return f"/{API_VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}.json"

    def as_json(self) -> dict[str, Any]:
        """The resource on the wire: RFC 2822 dates, numbers as strings, an integer error code."""
        return {
            "body": self.body,
            "num_segments": str(self._segments()) if self.from_ else "0",
            "direction": self.direction,
            "from": self.from_,
            "to": self.to,
            "date_updated": rfc2822(self.updated_at),
            "price": self._price() if self.sent_at else None,
            "error_message": None if self.error_code is None else f"Error {self.error_code}",
            "uri": self.uri,
            "account_sid": self.account_sid,
            "num_media": str(self.media),
            "status": self.status,
            "messaging_service_sid": self.service_sid,
            "sid": self.sid,
            "date_sent": rfc2822(self.sent_at) if self.sent_at else None,
            "date_created": rfc2822(self.created_at),
            "error_code": self.error_code,
            "price_unit": "USD",
            "api_version": API_VERSION,
            "subresource_uris": {"media": self.uri.removesuffix(".json") + "/Media.json"},
        }

    def _segments(self) -> int:
        return 1 if self.whatsapp else segments(self.body)

    def _price(self) -> str:
        each = WHATSAPP_PRICE_USD if self.whatsapp else SMS_PRICE_USD
        return f"-{each * self._segments():.5f}"


def segments(body: str) -> int:
    """How many SMS a text costs: 160 places of GSM-7 or 70 of UCS-2, a few less each when joined."""
    if all(letter in GSM or letter in GSM_DOUBLE for letter in body):
        places = sum(2 if letter in GSM_DOUBLE else 1 for letter in body)
        single, joined = 160, 153
    else:
        places = len(body.encode("utf-16-be")) // 2
        single, joined = 70, 67
    return 1 if places <= single else -(-places // joined)


def rfc2822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC).replace(microsecond=0))
