"""The requests Twilio makes to its customer: signed, sent, tried again by the rules in the URL's fragment."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit

import httpx

from sandbox.posting import post

Failure = Literal["ct", "rt", "4xx", "5xx"]
MOST_RETRIES = 5


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One request to make, after those of the same `key` that were due before.

    `url` is as configured, with the fragment that is never sent. A `token` of None spoils the signature.
    """

    key: str
    url: str
    params: tuple[tuple[str, str], ...]
    token: str | None
    idempotency_token: str
    attempt: int = 0

    def may_retry(self, failure: Failure) -> bool:
        return retry_rule(self.url).allows(failure, self.attempt)

    def again(self) -> "Webhook":
        return replace(self, attempt=self.attempt + 1)


@dataclass(frozen=True, kw_only=True)
class RetryRule:
    """Twilio's connection overrides: how often, on which failures, and the timeouts in seconds."""

    retries: int
    on: frozenset[str]
    connect_s: float
    read_s: float
    total_s: float

    def allows(self, failure: Failure, attempt: int) -> bool:
        return attempt < self.retries and bool({failure, "all"} & self.on)


def sign(url: str, params: Iterable[tuple[str, str]], token: str) -> str:
    """X-Twilio-Signature: HMAC-SHA1 of the URL and every distinct name and value in code-point order."""
    said = url + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.digest(token.encode(), said.encode(), hashlib.sha1)).decode()


def retry_rule(url: str) -> RetryRule:
    """The rule in the fragment. Without one: a single retry, and only when no connection was made."""
    said = {name: values[-1] for name, values in parse_qs(urlsplit(url).fragment).items()}

    def number(name: str, default: int, most: int) -> int:
        text = said.get(name, "")
        return min(int(text), most) if text.isdecimal() else default

    return RetryRule(
        retries=number("rc", 1, MOST_RETRIES),
        on=frozenset(said.get("rp", "ct").split(",")),
        connect_s=number("ct", 5_000, 10_000) / 1000,
        read_s=number("rt", 15_000, 15_000) / 1000,
        total_s=number("tt", 15_000, 15_000) / 1000,
    )


async def deliver(transport: httpx.AsyncBaseTransport, webhook: Webhook) -> Failure | None:
    """Make the request once; the kind of failure, or None when the receiver took it."""
    rule = retry_rule(webhook.url)
    url = urldefrag(webhook.url).url
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "User-Agent": "TwilioProxy/1.1",
        "I-Twilio-Idempotency-Token": webhook.idempotency_token,
        "X-Twilio-Signature": sign(url, webhook.params, webhook.token or "not the token"),
    }
    timeout = httpx.Timeout(rule.read_s, connect=rule.connect_s)
    try:
        async with asyncio.timeout(rule.total_s):
            status = await post(transport, url, urlencode(webhook.params).encode(), headers, timeout)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL, httpx.UnsupportedProtocol):
        return "ct"
    except (httpx.TransportError, TimeoutError):
        return "rt"
    except Exception:  # noqa: BLE001 - a receiver mounted in this process fails here; on the wire it is a 500.
        return "5xx"
    if status < 400:
        return None
    return "4xx" if status < 500 else "5xx"
