"""Twilio's Messages API: send one, list what was taken. Source: Twilio's OpenAPI 2026-04, twilio-python 9.13.

Messages have no idempotency key, so the answer to a send is one of four facts, and only AMBIGUOUS leaves open whether
Twilio took the message. Nothing here retries: the rows of the attempts decide that.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson

from travel import twilio_codes
from travel.connections import Connections
from travel.model import Channel
from travel.twilio_codes import Remedy

LEFT: dict[type[httpx.RequestError], bool] = {
    httpx.PoolTimeout: False,
    httpx.ConnectTimeout: False,
    httpx.ConnectError: False,
    httpx.ProxyError: False,
    httpx.UnsupportedProtocol: False,
    httpx.LocalProtocolError: True,
    httpx.WriteTimeout: True,
    httpx.WriteError: True,
    httpx.ReadTimeout: True,
    httpx.ReadError: True,
    httpx.CloseError: True,
    httpx.RemoteProtocolError: True,
    httpx.DecodingError: True,
    httpx.TooManyRedirects: True,
}
"""Whether a byte of the request may have left when httpx failed so: no means refused for certain, yes that nobody knows.

A failure that is not in the table counts as the latter.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """One message to hand over. `content_sid` replaces the body where it is set."""

    channel: Channel
    to: str
    body: str
    content_sid: str | None
    variables: tuple[str, ...]
    callback_url: str
    validity_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """201: Twilio has it."""

    sid: str
    http_status: int = 201


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A definite no; `remedy` says what may help. `retry_after` in seconds."""

    remedy: Remedy
    http_status: int | None
    code: int | None
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ambiguous:
    """Nobody knows whether Twilio took it."""

    http_status: int | None
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Withheld:
    """It was not sent: our own time for it was over, or the sender's pace asks to wait so many seconds."""

    seconds: float
    message: str


Answer = Accepted | Refused | Ambiguous | Withheld


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A message as Twilio lists it."""

    sid: str
    to: str
    body: str
    status: str
    error_code: int | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Senders:
    """The numbers messages come from, E.164; no SMS number means no SMS."""

    whatsapp: str
    sms: str | None


class Twilio:
    """Talks to one account. One instance per process; its client keeps the connections."""

    def __init__(self, client: httpx.AsyncClient, *, account_sid: str, senders: Senders, total_seconds: float) -> None:
        self._client = client
        self._messages = f"/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._senders = senders
        self._total_seconds = total_seconds
        # Address and headers of every send are the same: working them out anew costs a fifth of the request.
        template = client.build_request("POST", self._messages, data={"To": ""})
        self._address_of_all = template.url
        self._headers_of_all = [each for each in template.headers.raw if each[0].lower() != b"content-length"]
        self._extensions_of_all = {"timeout": client.timeout.as_dict()}

    @classmethod
    def open(
        cls,
        *,
        url: str,
        account_sid: str,
        auth_token: str,
        senders: Senders,
        connect_seconds: float,
        read_seconds: float,
        total_seconds: float,
        concurrency: int,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> "Twilio":
        """A gateway with its own pool; `transport` lets a stand-in be mounted."""
        client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            auth=(account_sid, auth_token),
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds, pool=total_seconds / 2),
            transport=transport or Connections(concurrency),
            follow_redirects=False,
        )
        return cls(client, account_sid=account_sid, senders=senders, total_seconds=total_seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def can(self, channel: Channel) -> bool:
        """Whether there is a sender for the channel."""
        return channel is Channel.WHATSAPP or self._senders.sms is not None

    async def send(self, message: Outgoing, *, seconds: float | None = None) -> Answer:
        """Hand one message over, once, within the total time of the configuration, or `seconds` where they are fewer."""
        left = self._total_seconds if seconds is None else min(seconds, self._total_seconds)
        if left <= 0:
            return Withheld(seconds=0, message="no time was left for the request")
        try:
            async with asyncio.timeout(left):
                response = await self._client.send(self._request(message))
        except httpx.RequestError as failed:
            if LEFT.get(type(failed), True):
                return Ambiguous(http_status=None, message=type(failed).__name__)
            return Refused(remedy=Remedy.RETRY, http_status=None, code=None, message=type(failed).__name__)
        except TimeoutError as lost:
            return Ambiguous(http_status=None, message=type(lost).__name__)
        return answer_of(response)

    async def fetch(self, sid: str) -> Listed | None:
        """How a message stands; None where Twilio knows it no more. Raises httpx.HTTPError or TimeoutError."""
        async with asyncio.timeout(self._total_seconds):
            response = await self._client.get(f"{self._messages.removesuffix('.json')}/{sid}.json")
        if response.status_code == 404:
            return None
        response.raise_for_status()
        return _listed(response.json())

    async def taken(self, *, to: str, channel: Channel) -> list[Listed]:
        """What the account took for a recipient, newest first, up to 200. Raises httpx.HTTPError or TimeoutError.

        It is not asked by day: a message that is still queued has no date of sending and would be left out.
        """
        query = {"To": self._address(to, channel), "PageSize": "200"}
        async with asyncio.timeout(self._total_seconds):
            response = await self._client.get(self._messages, params=query)
        response.raise_for_status()
        # One that has no SID, recipient or date yet cannot be anybody's lost message.
        whole = (each for each in response.json()["messages"] if each.get("sid") and each.get("to"))
        return [_listed(message) for message in whole if message.get("date_created")]

    def sender(self, channel: Channel) -> str:
        """The address that messages of a channel come from."""
        number = self._senders.whatsapp if channel is Channel.WHATSAPP else self._senders.sms
        assert number is not None, "delivery checks can() before it sends"
        return self._address(number, channel)

    def _address(self, phone: str, channel: Channel) -> str:
        return f"whatsapp:{phone}" if channel is Channel.WHATSAPP else phone

    def _request(self, message: Outgoing) -> httpx.Request:
        return httpx.Request(
            "POST",
            self._address_of_all,
            headers=self._headers_of_all,
            content=urlencode(self._form(message)).encode(),
            extensions=self._extensions_of_all,
        )

    def _form(self, message: Outgoing) -> dict[str, str]:
        form = {
            "To": self._address(message.to, message.channel),
            "From": self.sender(message.channel),
            "StatusCallback": message.callback_url,
            "ValidityPeriod": str(max(1, min(message.validity_seconds, 36_000))),
        }
        if message.content_sid is None:
            return {**form, "Body": message.body}
        numbered = {str(number): value for number, value in enumerate(message.variables, start=1)}
        return {
            **form,
            "ContentSid": message.content_sid,
            "ContentVariables": orjson.dumps(numbered).decode(),
        }


def answer_of(response: httpx.Response) -> Answer:
    """What an HTTP answer means.

    | answer                                     | meaning                         |
    |--------------------------------------------|---------------------------------|
    | 201 with a sid                             | accepted                        |
    | 4xx with Twilio's code, 429                | refused; the code's remedy      |
    | anything else: 5xx, a proxy's 4xx, bad 2xx | ambiguous                       |
    """
    body = _json(response)
    status = response.status_code
    if status == 201 and isinstance(body.get("sid"), str):
        return Accepted(sid=body["sid"])
    said = body.get("code")
    code = said if isinstance(said, int) and abs(said) < 2**31 else None
    message = str(body.get("message") or f"HTTP {status}")[:500].replace("\x00", "")
    if status == 429:
        return Refused(
            remedy=Remedy.LATER if twilio_codes.remedy(code) is Remedy.LATER else Remedy.RETRY,
            http_status=status,
            code=code,
            message=message,
            retry_after=_retry_after(response),
        )
    remedy = Remedy.ACCOUNT if status == 401 else twilio_codes.remedy(code)
    if remedy is not Remedy.RECONCILE and (status == 401 or (400 <= status < 500 and code is not None)):
        return Refused(remedy=remedy, http_status=status, code=code, message=message)
    return Ambiguous(http_status=status, message=message)


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, as a number or as a date; up to an hour."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(float(value), 3600)
    try:
        # Both dates are Twilio's, so that our own clock has no say in it.
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return min(max(wait.total_seconds(), 0.0), 3600)


def _listed(message: dict[str, Any]) -> Listed:
    code = message.get("error_code")
    return Listed(
        sid=message["sid"],
        to=message["to"],
        body=message.get("body") or "",
        status=message["status"],
        error_code=int(code) if code is not None else None,
        created_at=parsedate_to_datetime(message["date_created"]).astimezone(UTC),
    )
