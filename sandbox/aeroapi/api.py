"""A stand-in for AeroAPI 4 that plays a scenario: its answers, limits and errors, and never the future."""

import asyncio
import json
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.aeroapi import record, schedules, usage
from sandbox.aeroapi import window as windows
from sandbox.aeroapi.faults import AeroFaults
from sandbox.aeroapi.pushes import DEFAULT_CODES, Pushes
from sandbox.aeroapi.window import PAGE, Refused, Window
from sandbox.scenario import Scenario
from sandbox.scenario.instance import Flight, Raw, raw_at

__all__ = ["AeroApi", "AeroFaults"]

FLIGHTS, CANONICAL = "/flights/{ident}", "/flights/{ident}/canonical"
SCHEDULES, USAGE = "/schedules/{date_start}/{date_end}", "/account/usage"
ENDPOINT, DELIVERY = "/alerts/endpoint", "alert delivery"
# Dollars per result set and per push, from the price page as read in September 2026.
PRICES = {FLIGHTS: 0.005, CANONICAL: 0.001, SCHEDULES: 0.020, USAGE: 0.0, ENDPOINT: 0.0}
DELIVERY_PRICE = 0.020
# The shape of every id in the real samples, such as JZA8838-1679178960-schedule-0347.
FLIGHT_ID = re.compile(r"[A-Z0-9]+-\d{9,11}-[a-z_]+-\w+")
DESIGNATORS = ("ident", "ident_icao", "ident_iata", "codeshares", "codeshares_iata")
KINDS = {"designator": DESIGNATORS, "registration": ("registration",), "fa_flight_id": ("fa_flight_id",)}
# AeroAPI reads an ident without a type as a registration if it can.
UNTYPED = ("registration", "designator", "fa_flight_id")

Endpoint = Callable[[Request], Awaitable[tuple[dict[str, Any] | None, int]]]


class AeroApi:
    """Mount `routes` under `/aeroapi`. `faults` may be changed or replaced while it runs.

    Counted by endpoint: `requests`, `result_sets` (pages answered with 200) and `errors` (400 and above).
    Of `/flights/{ident}`: `asked` counts result sets by the name asked for, and `by_flight` charges each
    to the flight meant, by the `fa_flight_id` of its scenario line, even where the answer was empty.

    With a transport `callbacks` it pushes the `push_codes` to `push_url`, or to the address set by `PUT /alerts/endpoint`;
    `pushes` does it, and must be pumped.
    """

    def __init__(
        self,
        scenario: Scenario,
        now: Callable[[], datetime],
        *,
        api_keys: Collection[str] | None = None,
        faults: AeroFaults | None = None,
        callbacks: httpx.AsyncBaseTransport | None = None,
        push_url: str | None = None,
        push_codes: Collection[str] = DEFAULT_CODES,
        seed: int = 1,
    ) -> None:
        self.scenario = scenario
        self.now = now
        self.api_keys = api_keys
        self.faults = faults or AeroFaults()
        self.requests: Counter[str] = Counter()
        self.result_sets: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.by_flight: Counter[str] = Counter()
        self.pushes = Pushes(scenario, now, transport=callbacks, url=push_url, codes=push_codes, seed=seed)
        self._random = Random(seed)
        self._spent: deque[tuple[datetime, int]] = deque()
        self.routes = [
            Route(CANONICAL, self._guarded(CANONICAL, self._canonical)),
            Route(FLIGHTS, self._guarded(FLIGHTS, self._flights)),
            Route(SCHEDULES, self._guarded(SCHEDULES, self._schedules)),
            Route(USAGE, self._guarded(USAGE, self._usage)),
            Route(ENDPOINT, self._guarded(ENDPOINT, self._endpoint), methods=["GET", "PUT", "DELETE"]),
        ]

    def _guarded(self, name: str, answer: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.requests[name] += 1
            response = await self._answer(name, answer, request)
            if response.status_code >= 400:
                self.errors[name] += 1
            return response

        return endpoint

    async def _answer(self, name: str, answer: Endpoint, request: Request) -> Response:
        key = request.headers.get("x-apikey", "")
        if not key or (self.api_keys is not None and key not in self.api_keys):
            return error(401, "Invalid API key", "INVALID_API_KEY", "Provided API key is not valid")
        fault = self.faults.pick(self._random.random())
        if fault == "rate_limited" or self._rate_is_used_up():
            return error(429, "Too Many Requests", "RATE_LIMIT_ERROR", "Rate limit exceeded")
        if fault == "server_error":
            return error(500, "Internal Server Error", "INTERNAL_ERROR", "An internal error occurred")
        if fault == "timeout":
            await _held(request, self.faults.timeout_s)
            return error(504, "Gateway Timeout", "GATEWAY_TIMEOUT", "The request took too long")
        if fault == "html":
            return HTMLResponse("<!DOCTYPE html><html><body><h1>Service unavailable</h1></body></html>")
        try:
            body, pages = await answer(request)
        except Refused as refusal:
            self._spend(1)
            return error(400, "Invalid argument", "INVALID_ARGUMENT", str(refusal))
        self._spend(pages)
        self.result_sets[name] += pages
        return Response(status_code=204) if body is None else _sent(body, fault, self.faults.slow_s)

    def _rate_is_used_up(self) -> bool:
        limit, now = self.faults.result_sets_per_minute, self.now()
        while self._spent and self._spent[0][0] <= now - timedelta(minutes=1):
            self._spent.popleft()
        return bool(limit) and sum(units for _, units in self._spent) >= limit

    def _spend(self, units: int) -> None:
        self._spent.append((self.now(), units))

    async def _flights(self, request: Request) -> tuple[dict[str, Any], int]:
        ident, query, now = request.path_params["ident"], dict(request.query_params), self.now()
        kind = query.get("ident_type")
        if kind is not None and kind not in KINDS:
            raise Refused("ident_type must be one of designator, registration, fa_flight_id")
        if kind == "fa_flight_id" and not self._is_id(ident):
            raise Refused("ident is not a valid fa_flight_id")
        window = windows.of_flights(query, now)
        found = self._found(ident, kind, window, now)
        page = found[window.offset : window.offset + PAGE * window.max_pages]
        pages = max(1, -(-len(page) // PAGE))
        self._charge(ident, window.middle or now, pages)
        return {
            "links": self._next(f"/flights/{quote(ident)}", window, len(found), kind=kind),
            "num_pages": pages,
            "flights": [self._record(raw, now) for raw in page],
        }, pages

    def _is_id(self, text: str) -> bool:
        """Whether it has the usual shape, or is the id of a flight after all: ids are opaque."""
        return bool(FLIGHT_ID.fullmatch(text)) or any(text in one.ids for one in self.scenario.under(text))

    def _found(self, ident: str, kind: str | None, window: Window, now: datetime) -> list[Raw]:
        """The visible instances of this name in the window, latest departure first."""
        visible = [raw for flight in self.scenario.under(ident) if (raw := raw_at(flight, now))]
        for one in [kind] if kind else UNTYPED:
            named = [raw for raw in visible if _bears(raw, ident, one)]
            if named:
                # A pinned id is found wherever it lies; a name only within AeroAPI's own limits.
                limits = window if one == "fa_flight_id" else windows.bounded(window, now)
                dated = [(_departure(raw), raw) for raw in named if limits.holds(_departure(raw))]
                dated.sort(key=lambda each: each[0].timestamp() if each[0] else 0.0, reverse=True)
                return [raw for _, raw in dated]
        return []

    def _record(self, raw: Raw, now: datetime) -> dict[str, Any]:
        served = record.of(raw, now)
        if self.faults.localised_status:
            served["status"] = record.LOCALISED.get(served["status"], served["status"])
        return record.without_optional_keys(served) if self.faults.drop_optional_keys else served

    def _charge(self, ident: str, meant_at: datetime, pages: int) -> None:
        self.asked[ident] += pages
        candidates = self.scenario.under(ident)
        if candidates:
            meant: Flight = min(candidates, key=lambda flight: abs(flight.departure_at - meant_at))
            self.by_flight[meant.fa_flight_id] += pages

    @staticmethod
    def _next(path: str, window: Window, total: int, **query: str | None) -> dict[str, str] | None:
        """The way to the next page, relative to the base address: without `/aeroapi`."""
        offset = window.offset + PAGE * window.max_pages
        if offset >= total:
            return None
        given = {name: value for name, value in query.items() if value is not None}
        if "kind" in given:
            given["ident_type"] = given.pop("kind")
        return {"next": f"{path}?{urlencode(given | {'cursor': window.cursor(offset)})}"}

    async def _canonical(self, request: Request) -> tuple[dict[str, Any], int]:
        return {"idents": schedules.canonical(self.scenario, request.path_params["ident"], self.now())}, 1

    async def _schedules(self, request: Request) -> tuple[dict[str, Any], int]:
        query, now = dict(request.query_params), self.now()
        dates = request.path_params["date_start"], request.path_params["date_end"]
        window = windows.of_schedules(*dates, query, now)
        rows = schedules.rows(self.scenario, window, query, now)
        page = rows[window.offset : window.offset + PAGE * window.max_pages]
        pages = max(1, -(-len(page) // PAGE))
        filters = {name: query[name] for name in schedules.FILTERS if name in query}
        links = self._next(f"/schedules/{dates[0]}/{dates[1]}", window, len(rows), **filters)
        return {"links": links, "num_pages": pages, "scheduled": page}, pages

    async def _usage(self, request: Request) -> tuple[dict[str, Any], int]:
        details = [
            usage.detail(name, price, calls=self.requests[name], pages=self.result_sets[name], failed=self.errors[name])
            for name, price in PRICES.items()
            if name != USAGE
        ]
        made = self.pushes.pushed.total()
        details.append(usage.detail(DELIVERY, DELIVERY_PRICE, calls=made, pages=made, failed=self.pushes.lost))
        return usage.account(details), 0

    async def _endpoint(self, request: Request) -> tuple[dict[str, Any] | None, int]:
        """The address for pushes: PUT sets it, DELETE takes it away, GET shows it, null where there is none."""
        if request.method == "PUT":
            self.pushes.point_at(_url(await request.body()))
        elif request.method == "DELETE":
            self.pushes.point_at(None)
        else:
            return {"url": self.pushes.url}, 0
        return None, 0


def error(status: int, title: str, reason: str, detail: str) -> Response:
    """The body of every error; there is no Retry-After, as there is none at AeroAPI."""
    return _json({"title": title, "reason": reason, "detail": detail, "status": status}, status)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status, media_type="application/json; charset=UTF-8")


def _sent(body: dict[str, Any], fault: str | None, slow_s: float) -> Response:
    whole = _json(body)
    if fault == "truncated":
        return Response(bytes(whole.body)[: len(whole.body) // 2], media_type=whole.media_type)
    if fault == "slow":
        return StreamingResponse(_dripping(bytes(whole.body), slow_s), media_type=whole.media_type)
    return whole


async def _dripping(body: bytes, seconds: float) -> AsyncIterator[bytes]:
    step = max(1, len(body) // 10)
    for start in range(0, len(body), step):
        await asyncio.sleep(seconds / 10)
        yield body[start : start + step]


async def _held(request: Request, seconds: float) -> None:
    """Waits, but no longer than the client does: nothing must be left hanging when the stand-in ends."""
    for _ in range(int(seconds * 4)):
        if await request.is_disconnected():
            return
        await asyncio.sleep(0.25)
    await asyncio.sleep(seconds % 0.25)


def _url(body: bytes) -> str:
    try:
        asked = json.loads(body)
    except ValueError:
        raise Refused("the body must be JSON") from None
    url = asked.get("url") if isinstance(asked, dict) else None
    if not isinstance(url, str) or not re.fullmatch(r"https?://[^\s/]+\S*", url):
        raise Refused("url must be an http or https address")
    return url


def _bears(raw: Raw, ident: str, kind: str) -> bool:
    names: list[str] = []
    for key in KINDS[kind]:
        value = raw.fields.get(key) or []
        names += [value] if isinstance(value, str) else value
    return ident.upper() in (name.upper() for name in names)


def _departure(raw: Raw) -> datetime | None:
    departure: datetime | None = raw.fields.get("scheduled_out") or raw.fields.get("scheduled_off")
    return departure
