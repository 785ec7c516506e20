"""/webhooks: who sent it, store it, answer. The work is a job's."""

import hmac
from urllib.parse import parse_qsl

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from graph.context import House
from server import bodies
from travel import metrics, signature, tracking
from travel.config import Config
from travel.records import inbox

log = structlog.get_logger()

LARGEST_BODY = 256_000


class Webhooks:
    """The doors for Twilio and AeroAPI."""

    def __init__(self, house: House, config: Config) -> None:
        self._house = house
        self._base = config.public_base
        self._account_sid = config.twilio_account_sid
        tokens = (config.twilio_auth_token, config.twilio_previous_auth_token)
        self._secrets = [token.get_secret_value() for token in tokens if token is not None]
        token = config.aeroapi_webhook_token
        self._aeroapi_token = token.get_secret_value() if token else None

    @property
    def routes(self) -> list[Route]:
        """Mounted under /webhooks."""
        return [
            Route("/twilio/status/{token}", self.twilio_status, methods=["POST"]),
            Route("/twilio/inbound", self.twilio_inbound, methods=["POST"]),
            Route("/aeroapi/{token}", self.aeroapi, methods=["POST"]),
        ]

    async def twilio_status(self, request: Request) -> Response:
        """A message came further. Duplicates are dropped; a bad signature is 403 and changes nothing."""
        form = await self._signed_form(request)
        if form is None:
            return _forbidden()
        fields = {name: form.get(name, "") for name in ("MessageSid", "MessageStatus", "ErrorCode", "ErrorMessage")}
        if not fields["MessageSid"] or not fields["MessageStatus"]:
            return PlainTextResponse("MessageSid and MessageStatus are missing", status_code=400)
        token = request.path_params["token"]
        key = f"{token}:{fields['MessageSid']}:{fields['MessageStatus']}"
        return await self._store(inbox.TWILIO_STATUS, key, {"token": token, **fields})

    async def twilio_inbound(self, request: Request) -> Response:
        """A traveller wrote."""
        form = await self._signed_form(request)
        if form is None:
            return _forbidden()
        if not form.get("MessageSid") or not form.get("From"):
            return PlainTextResponse("MessageSid and From are missing", status_code=400)
        fields = {name: form.get(name, "") for name in ("MessageSid", "From", "To", "Body")}
        return await self._store(inbox.TWILIO_INBOUND, fields["MessageSid"], fields)

    async def aeroapi(self, request: Request) -> Response:
        """AeroAPI pushed something: the flight is looked at now. Its words are not believed."""
        given = request.path_params["token"]
        if self._aeroapi_token is None or not hmac.compare_digest(given.encode(), self._aeroapi_token.encode()):
            return PlainTextResponse("Not found", status_code=404)
        body = await _body(request)
        try:
            flight = orjson.loads(body or b"").get("flight") or {}
            fa_flight_id = flight.get("fa_flight_id")
        except (orjson.JSONDecodeError, AttributeError):
            return PlainTextResponse("This is no push of AeroAPI", status_code=400)
        if isinstance(fa_flight_id, str):
            known = fa_flight_id.replace("\x00", "")
            await tracking.push(self._house.db, self._house.wakeups, self._house.clock, known, body or b"")
        return Response(status_code=200)

    async def _signed_form(self, request: Request) -> dict[str, str] | None:
        body = await _body(request)
        if body is None:
            return None
        is_json = request.headers.get("content-type", "").startswith("application/json")
        try:
            pairs = [] if is_json else parse_qsl(body.decode(), keep_blank_values=True)
        except (UnicodeDecodeError, ValueError):
            return None
        query = f"?{request.url.query}" if request.url.query else ""
        valid = signature.is_valid(
            secrets=self._secrets,
            # As configured: neither the Host header nor a proxy has a say in it.
            url=f"{self._base}{request.url.path}{query}",
            parameters=pairs,
            given=request.headers.get("x-twilio-signature", ""),
            settings=request.headers.get("x-twilio-webhooks-signature-settings", ""),
            json_body=body if is_json else None,
        )
        form = dict(pairs)
        # A request of another account is none of ours, however well it is signed.
        if not valid or form.get("AccountSid", self._account_sid) != self._account_sid:
            metrics.receipts.labels("any", "forged").inc()
            return None
        return form

    async def _store(self, provider: str, key: str, body: dict[str, str]) -> Response:
        house = self._house
        clean = {name: value.replace("\x00", "") for name, value in body.items()}
        async with house.db.single() as tx:
            inbox_id = await inbox.store(tx, provider, key.replace("\x00", ""), clean, house.clock.now())
        if inbox_id is not None:
            await house.wakeups.process_webhooks()
        return Response(status_code=204)


async def _body(request: Request) -> bytes | None:
    """The body; None where it is too large, or does not come."""
    try:
        return await bodies.whole(request, LARGEST_BODY)
    except TimeoutError:
        return None


def _forbidden() -> Response:
    return PlainTextResponse("The signature does not fit", status_code=403)
