"""Twilio's Messages API as it looks from the wire; what happens after the answer is the carrier's."""

import asyncio
import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from random import Random
from urllib.parse import parse_qsl

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.twilio import message_list, submission
from sandbox.twilio.carrier import Carrier
from sandbox.twilio.faults import TwilioFaults
from sandbox.twilio.ledger import Ledger
from sandbox.twilio.message import API_VERSION, CANCELABLE, FINISHED, Message
from sandbox.twilio.refusal import Refused

Handler = Callable[[str, Request], Awaitable[Response]]


class Twilio:
    """The stand-in.

    `accounts` is account SID to auth token. Without `callbacks`, a transport to make requests by, nobody is
    called back. `templates` is ContentSid to text, `approvals` ContentSid to WhatsApp's word on the template,
    `approved` if missing.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        accounts: dict[str, str],
        callbacks: httpx.AsyncBaseTransport | None = None,
        ledger_path: Path | None = None,
        faults: TwilioFaults | None = None,
        inbound_url: str | None = None,
        seed: int = 0,
    ) -> None:
        self.faults = faults if faults is not None else TwilioFaults()
        self.ledger = Ledger(ledger_path)
        self.templates: dict[str, str] = {}
        self.approvals: dict[str, str] = {}
        self.requests = 0
        self.carrier = Carrier(
            now,
            tokens=accounts,
            transport=callbacks,
            ledger=self.ledger,
            faults=self.faults,
            inbound_url=inbound_url,
            seed=seed,
        )
        self._now = now
        self._accounts = accounts
        self._dice = Random(f"requests {seed}")
        self._in_flight = 0
        many = f"/{API_VERSION}/Accounts/{{account_sid}}/Messages.json"
        one = f"/{API_VERSION}/Accounts/{{account_sid}}/Messages/{{sid}}.json"
        self.routes = [
            Route(many, self._face(self._create), methods=["POST"]),
            Route(many, self._face(self._list), methods=["GET"]),
            Route(one, self._face(self._fetch), methods=["GET"]),
            Route(one, self._face(self._update), methods=["POST"]),
            Route(one, self._face(self._delete), methods=["DELETE"]),
        ]

    async def inbound(self, from_: str, body: str, *, to: str | None = None, profile: str = "Traveller") -> Message:
        """A traveller writes back: opens the 24 h window, may opt out, and is told to `inbound_url`."""
        return await self.carrier.inbound(from_, body, to=to, profile=profile)

    async def pump(self) -> int:
        return await self.carrier.pump()

    def next_due(self) -> datetime | None:
        return self.carrier.next_due()

    async def run(self) -> None:
        await self.carrier.run()

    def _face(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """What all requests share: who asks, how many at once, and the faults that hit any of them."""

        async def endpoint(request: Request) -> Response:
            self.requests += 1
            self._in_flight += 1
            load = str(self._in_flight)
            try:
                account_sid = self._authenticate(request)
                if self._luck(self.faults.rate_limited):
                    raise Refused(20429)
                response = await handler(account_sid, request)
                if self._luck(self.faults.slow):
                    await asyncio.sleep(self.faults.slow_s)
            except Refused as refused:
                response = refused.response()
            finally:
                self._in_flight -= 1
            response.headers["Twilio-Concurrent-Requests"] = load
            return response

        return endpoint

    async def _create(self, account_sid: str, request: Request) -> Response:
        faults = self.faults
        if self._luck(faults.error_before):
            raise Refused(20500)
        asked = submission.read(
            account_sid,
            await _form(request),
            templates=self.templates,
            approvals=self.approvals,
            now=self._now(),
        )
        fate = self.carrier.admit(asked)
        certain = fate.when if fate else ""
        if certain == "rate_limited":
            raise Refused(20429)
        if certain == "error_before":
            raise Refused(20500)
        if certain == "late_accept" or self._luck(faults.late_accept):

            def take_late() -> None:
                self.carrier.take_later(asked, fate, after_s=faults.late_accept_s)

            return LostReply(hold_s=faults.lost_reply_s, afterwards=take_late)
        message = self.carrier.take(asked, fate)
        if certain == "lost_reply" or self._luck(faults.lost_reply):
            return LostReply(hold_s=faults.lost_reply_s)
        if certain == "error_after" or self._luck(faults.error_after):
            raise Refused(20500)
        if certain == "slow":
            await asyncio.sleep(faults.slow_s)
        return JSONResponse(message.as_json(), 201)

    async def _list(self, account_sid: str, request: Request) -> Response:
        self._may_fail_reading()
        return JSONResponse(message_list.page(account_sid, self.carrier.messages, dict(request.query_params)))

    async def _fetch(self, account_sid: str, request: Request) -> Response:
        self._may_fail_reading()
        return JSONResponse(self._message(account_sid, request).as_json())

    async def _update(self, account_sid: str, request: Request) -> Response:
        message, form = self._message(account_sid, request), dict(await _form(request))
        if "Status" in form:
            if form["Status"] != "canceled" or "Body" in form:
                raise Refused(30400, "Parameters are not valid")
            if message.status not in CANCELABLE:
                raise Refused(30409, "This message cannot be canceled")
            self.carrier.cancel(message)
        elif form.get("Body") == "":
            message.body = ""
        else:
            raise Refused(30400, "Parameters are not valid")
        return JSONResponse(message.as_json())

    async def _delete(self, account_sid: str, request: Request) -> Response:
        message = self._message(account_sid, request)
        if message.status not in FINISHED and message.status != "sent":
            raise Refused(20009, "Resource not complete: the message is still on its way")
        del self.carrier.messages[message.sid]
        return Response(status_code=204)

    def _message(self, account_sid: str, request: Request) -> Message:
        message = self.carrier.messages.get(request.path_params["sid"])
        if message is None or message.account_sid != account_sid:
            raise Refused(20404, f"The requested resource {request.url.path} was not found")
        return message

    def _authenticate(self, request: Request) -> str:
        """The account of the path, if name and password of Basic authentication are its SID and token."""
        asked: str = request.path_params["account_sid"]
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            sid, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Refused(20003) from None
        expected = self._accounts.get(asked)
        known = expected is not None and hmac.compare_digest(token.encode(), expected.encode())
        if scheme.lower() != "basic" or sid != asked or not known:
            raise Refused(20003)
        return asked

    def _may_fail_reading(self) -> None:
        if self._luck(self.faults.error_reads):
            raise Refused(20500)

    def _luck(self, rate: float) -> bool:
        return rate > 0 and self._dice.random() < rate


class LostReply(Response):
    """An answer that never arrives.

    Over a socket the connection is held until the client gives up, at most `hold_s` seconds, and then broken
    in the middle of an answer. Mounted in the client's own process there is no connection to break and httpx
    would wait for ever, so what its time-out would raise is raised at once.
    """

    def __init__(self, *, hold_s: float, afterwards: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._hold_s = hold_s
        self._afterwards = afterwards

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if _in_process(scope):
                raise httpx.ReadTimeout("the reply was lost on purpose")
            await self._hold(receive)
            # A length that no body follows makes the server drop the connection.
            headers = [(b"content-type", b"application/json"), (b"content-length", b"900")]
            await send({"type": "http.response.start", "status": 201, "headers": headers})
        finally:
            if self._afterwards:
                self._afterwards()

    async def _hold(self, receive: Receive) -> None:
        try:
            async with asyncio.timeout(self._hold_s):
                while (await receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            pass


def _in_process(scope: Scope) -> bool:
    """Servers say which ASGI specification they follow, httpx.ASGITransport does not."""
    return "spec_version" not in scope["asgi"]


async def _form(request: Request) -> list[tuple[str, str]]:
    return parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
