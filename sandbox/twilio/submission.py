"""What a client asks Twilio to send, read from the form and checked as Twilio checks it."""

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sandbox.twilio.refusal import Refused

E164 = re.compile(r"\+[1-9]\d{6,14}")
# A short code, or an alphanumeric sender of at most 11 characters of which one is a letter.
NAMED_SENDER = re.compile(r"\d{3,6}|(?=.*[A-Za-z])[A-Za-z0-9 &._+-]{1,11}")
SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
WHATSAPP = "whatsapp:"
LONGEST_BODY = 1600
LONGEST_CALLBACK = 4000
LONGEST_VALIDITY_S = 36_000
EARLIEST_SEND, LATEST_SEND = timedelta(minutes=15), timedelta(days=35)


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A request that passed Twilio's checks. `body` is the text the recipient would read."""

    account_sid: str
    to: str
    from_: str | None
    service_sid: str | None
    body: str
    content_sid: str | None
    content_problem: int | None
    media: int
    status_callback: str | None
    validity: timedelta
    send_at: datetime | None
    request: Mapping[str, str | list[str]]

    @property
    def whatsapp(self) -> bool:
        return self.to.startswith(WHATSAPP)

    @property
    def sender(self) -> str:
        """The number the recipient sees. A Messaging Service picks it from its pool, here always the same."""
        if self.from_:
            return self.from_
        number = f"+1555{zlib.crc32((self.service_sid or '').encode()) % 10**7:07d}"
        return WHATSAPP + number if self.whatsapp else number


def read(
    account_sid: str,
    pairs: Sequence[tuple[str, str]],
    *,
    templates: Mapping[str, str],
    approvals: Mapping[str, str],
    now: datetime,
) -> Submission:
    """The submission in these form fields, or the refusal Twilio would answer them with."""
    form = dict(pairs)
    media = [value for name, value in pairs if name == "MediaUrl" and value]
    _check_presence(form, media)
    _check_addresses(form)
    body, problem = _text(form, templates, approvals)
    _check_callback(form.get("StatusCallback"))
    return Submission(
        account_sid=account_sid,
        to=form["To"],
        from_=form.get("From") or None,
        service_sid=form.get("MessagingServiceSid") or None,
        body=body,
        content_sid=form.get("ContentSid") or None,
        content_problem=problem,
        media=len(media),
        status_callback=form.get("StatusCallback") or None,
        validity=_validity(form.get("ValidityPeriod")),
        send_at=_send_at(form, now),
        request=as_sent(pairs),
    )


def as_sent(pairs: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """The fields under their names; a field sent more than once is a list."""
    fields: dict[str, str | list[str]] = {}
    for name, value in pairs:
        before = fields.get(name)
        if before is None:
            fields[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            fields[name] = [before, value]
    return fields


def _check_presence(form: Mapping[str, str], media: Sequence[str]) -> None:
    if not form.get("To"):
        raise Refused(21604)
    if not form.get("From") and not form.get("MessagingServiceSid"):
        raise Refused(21603)
    if not (form.get("Body") or form.get("ContentSid") or media):
        raise Refused(21602)
    if len(form.get("Body", "")) > LONGEST_BODY:
        raise Refused(21617)


def _check_addresses(form: Mapping[str, str]) -> None:
    to, sender = form["To"], form.get("From", "")
    if not E164.fullmatch(to.removeprefix(WHATSAPP)):
        raise Refused(21211, f"Invalid 'To' Phone Number: {to}")
    if form.get("MessagingServiceSid") and not SERVICE_SID.fullmatch(form["MessagingServiceSid"]):
        raise Refused(21705, "The Messaging Service Sid is invalid.")
    if not sender:
        return
    number = sender.removeprefix(WHATSAPP)
    if not E164.fullmatch(number) and (number != sender or not NAMED_SENDER.fullmatch(sender)):
        raise Refused(21212, f"The 'From' number {sender} is not a valid phone number, short code or sender ID.")
    if to.startswith(WHATSAPP) != sender.startswith(WHATSAPP):
        raise Refused(21910, "Invalid From and To pair. From and To should be of the same channel")
    if to == sender:
        raise Refused(21266, "'To' and 'From' number cannot be the same")


def _text(
    form: Mapping[str, str], templates: Mapping[str, str], approvals: Mapping[str, str]
) -> tuple[str, int | None]:
    """The text, and the code it fails with on WhatsApp if the template or a variable is not fit."""
    content_sid = form.get("ContentSid")
    if not content_sid:
        return form.get("Body", ""), None
    if not CONTENT_SID.fullmatch(content_sid) or content_sid not in templates:
        raise Refused(21655, "The ContentSid Parameter is invalid")
    variables = _variables(form.get("ContentVariables"))
    template = templates[content_sid]
    text = PLACEHOLDER.sub(lambda found: variables.get(found[1], found[0]), template)
    return text, _template_problem(approvals.get(content_sid, "approved"), template, variables)


def _variables(text: str | None) -> dict[str, str]:
    try:
        variables: Any = json.loads(text) if text else {}
    except ValueError:
        variables = None
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise Refused(21656, "The ContentVariables Parameter is invalid")
    return variables


def _template_problem(approval: str, template: str, variables: Mapping[str, str]) -> int | None:
    if approval != "approved":
        return {"paused": 63041, "disabled": 63042}.get(approval, 63040)
    if set(PLACEHOLDER.findall(template)) - set(variables):
        return 63028
    if any("\n" in value or " " * 5 in value for value in variables.values()):
        return 63013
    return None


def _check_callback(url: str | None) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or "_" in host or len(url) > LONGEST_CALLBACK:
        raise Refused(21609, f"The 'StatusCallback' URL {url[:100]} is not a valid URL.")


def _validity(text: str | None) -> timedelta:
    if text is None:
        return timedelta(seconds=LONGEST_VALIDITY_S)
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= LONGEST_VALIDITY_S:
        raise Refused(90007, f"The ValidityPeriod {text[:20]} is invalid: it must be 1 to {LONGEST_VALIDITY_S}.")
    return timedelta(seconds=int(text))


def _send_at(form: Mapping[str, str], now: datetime) -> datetime | None:
    if not form.get("ScheduleType") and not form.get("SendAt"):
        return None
    if not form.get("MessagingServiceSid"):
        raise Refused(35118, "MessagingServiceSid is required to schedule a message")
    try:
        send_at = datetime.fromisoformat(form.get("SendAt", ""))
    except ValueError:
        raise Refused(35111, "The SendAt Parameter is missing or invalid") from None
    send_at = send_at if send_at.tzinfo else send_at.replace(tzinfo=UTC)
    if form.get("ScheduleType") != "fixed" or not EARLIEST_SEND <= send_at - now <= LATEST_SEND:
        raise Refused(35114, "The SendAt time must be 15 minutes to 35 days from now")
    return send_at
