"""The form fields of Twilio's own requests."""

from datetime import UTC, datetime

from sandbox.twilio.message import API_VERSION, Message
from sandbox.twilio.submission import WHATSAPP


def status(message: Message, at: datetime) -> list[tuple[str, str]]:
    params = [
        ("SmsSid", message.sid),
        ("SmsStatus", message.status),
        ("MessageStatus", message.status),
        ("To", message.to),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        ("ApiVersion", API_VERSION),
    ]
    if message.from_:
        params.append(("From", message.from_))
    if message.service_sid:
        params.append(("MessagingServiceSid", message.service_sid))
    if message.error_code is not None:
        params.append(("ErrorCode", str(message.error_code)))
    if message.whatsapp:
        params += [("ChannelPrefix", "whatsapp"), ("ChannelToAddress", message.to.removeprefix(WHATSAPP))]
        if message.status in ("delivered", "read"):
            params.append(("EventType", message.status.upper()))
    elif message.status in ("delivered", "undelivered"):
        params.append(("RawDlrDoneDate", at.astimezone(UTC).strftime("%y%m%d%H%M")))
    return params


def inbound(message: Message, profile: str) -> list[tuple[str, str]]:
    params = [
        ("SmsMessageSid", message.sid),
        ("NumMedia", "0"),
        ("SmsSid", message.sid),
        ("SmsStatus", "received"),
        ("Body", message.body),
        ("To", message.to),
        ("NumSegments", "1"),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        ("From", message.from_ or ""),
        ("ApiVersion", API_VERSION),
    ]
    if message.whatsapp:
        params += [("ProfileName", profile), ("WaId", (message.from_ or "").removeprefix("whatsapp:+"))]
    return params
