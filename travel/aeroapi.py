"""FlightAware AeroAPI v4, the two questions we ask. Source of fields and errors: FlightAware's OpenAPI 4.28.

An answer is either snapshots or a LookFailedError whose kind says what it means; the kinds are never mixed, because an
unknown ident, a missing key and an outage ask for different things.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from travel import airports
from travel.model import FlightSnapshot, FlightState

LARGEST_ANSWER = 1_000_000
"""Bytes. A page holds 15 flights of about 3 kB; more than this is not an answer."""

_TIMES = tuple(
    f"{kind}_{moment}" for moment in ("out", "off", "on", "in") for kind in ("scheduled", "estimated", "actual")
)
_TEXTS = ("gate_origin", "gate_destination", "terminal_origin", "terminal_destination", "baggage_claim")


class LookFailure(StrEnum):
    """Why a look brought nothing."""

    UNKNOWN_IDENT = "UNKNOWN_IDENT"
    KEY_REFUSED = "KEY_REFUSED"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    MALFORMED = "MALFORMED"
    NO_MATCH = "NO_MATCH"
    """AeroAPI answered, but not about this flight."""


class LookFailedError(Exception):
    """A look that brought no snapshot. `detail` is for people; it never holds the key."""

    def __init__(self, kind: LookFailure, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one request brought; `result_sets` is what it costs."""

    snapshots: tuple[FlightSnapshot, ...]
    result_sets: int


class AeroApi:
    """Asks AeroAPI. One instance per process; its client keeps the connections."""

    def __init__(self, client: httpx.AsyncClient, total_seconds: float) -> None:
        self._client = client
        self._total_seconds = total_seconds

    @classmethod
    def open(
        cls, *, url: str, key: str, timeout_seconds: float, transport: httpx.AsyncBaseTransport | None = None
    ) -> "AeroApi":
        """A gateway to `url` with its own pool; `transport` lets a stand-in be mounted."""
        return cls(
            httpx.AsyncClient(
                base_url=url.rstrip("/") + "/",
                headers={"x-apikey": key, "Accept": "application/json", "Accept-Language": "en"},
                timeout=timeout_seconds,
                transport=transport,
                follow_redirects=False,
            ),
            total_seconds=2 * timeout_seconds,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def by_id(self, fa_flight_id: str) -> Answer:
        """The legs of a pinned flight: one, or more after a diversion, or none if the id is gone."""
        return await self._ask(fa_flight_id, {"ident_type": "fa_flight_id"})

    async def by_ident(self, ident: str, start: datetime, end: datetime) -> Answer:
        """All flights of a designator that depart in [start, end), latest first."""
        window = {"start": _text_of(start), "end": _text_of(end)}
        return await self._ask(ident, {"ident_type": "designator", **window})

    async def _ask(self, ident: str, query: Mapping[str, str]) -> Answer:
        try:
            path = f"flights/{quote(ident, safe='')}"
            async with (
                asyncio.timeout(self._total_seconds),
                self._client.stream("GET", path, params={**query, "max_pages": "1"}) as response,
            ):
                body = await _read(response)
        except (httpx.HTTPError, TimeoutError) as broken:
            raise LookFailedError(LookFailure.UNAVAILABLE, type(broken).__name__) from broken
        if response.status_code != 200:
            raise LookFailedError(_failure_of(response.status_code), _reason_of(response.status_code, body))
        return parse_answer(body)


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise LookFailedError(LookFailure.MALFORMED, f"more than {LARGEST_ANSWER} bytes")
    return bytes(body)


def _failure_of(status: int) -> LookFailure:
    return {
        400: LookFailure.UNKNOWN_IDENT,
        401: LookFailure.KEY_REFUSED,
        403: LookFailure.KEY_REFUSED,
        404: LookFailure.NOT_FOUND,
        429: LookFailure.RATE_LIMITED,
    }.get(status, LookFailure.UNAVAILABLE)


def _reason_of(status: int, body: bytes) -> str:
    try:
        error = orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"HTTP {status}"
    if not isinstance(error, dict):
        return f"HTTP {status}"
    return f"HTTP {status} {error.get('title') or ''}: {error.get('detail') or ''}"[:200]


def parse_answer(body: bytes) -> Answer:
    """The body of GET /flights/{ident}; raises LookFailedError(MALFORMED) naming what is wrong."""
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise LookFailedError(LookFailure.MALFORMED, "not JSON") from broken
    flights = envelope.get("flights") if isinstance(envelope, dict) else None
    if not isinstance(flights, list):
        raise LookFailedError(LookFailure.MALFORMED, "no list of flights")
    pages = envelope.get("num_pages")
    return Answer(
        snapshots=tuple(parse_flight(flight) for flight in flights),
        result_sets=pages if isinstance(pages, int) and pages >= 1 else 1,
    )


def parse_flight(raw: Any) -> FlightSnapshot:
    """One flight object. Any key may be missing or null; a value of a wrong type makes the whole answer malformed."""
    if not isinstance(raw, dict):
        raise LookFailedError(LookFailure.MALFORMED, "a flight that is no object")
    fa_flight_id, ident = _text(raw, "fa_flight_id"), _text(raw, "ident")
    if fa_flight_id is None or ident is None:
        raise LookFailedError(LookFailure.MALFORMED, "a flight without fa_flight_id or ident")
    destination = _airport_codes(raw, "destination")
    times: dict[str, Any] = {name: _instant(raw, name) for name in _TIMES}
    texts: dict[str, Any] = {name: _text(raw, name) for name in _TEXTS}
    return FlightSnapshot(
        fa_flight_id=fa_flight_id,
        ident=ident.upper(),
        ident_icao=_text(raw, "ident_icao"),
        ident_iata=_text(raw, "ident_iata"),
        origin_codes=_airport_codes(raw, "origin"),
        destination_codes=destination,
        destination_code=_canonical(destination),
        state=FlightState(
            **times,
            **texts,
            cancelled=_flag(raw, "cancelled"),
            diverted=_flag(raw, "diverted"),
            filed_ete_seconds=_whole(raw, "filed_ete"),
            progress_percent=_whole(raw, "progress_percent"),
        ),
        raw=_without_nul(raw),
    )


def _without_nul(value: Any) -> Any:
    """PostgreSQL's texts hold no NUL, not even in JSON."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(each) for name, each in value.items()}
    return [_without_nul(each) for each in value] if isinstance(value, list) else value


def _wrong(name: str, value: Any) -> LookFailedError:
    return LookFailedError(LookFailure.MALFORMED, f"{name} is {type(value).__name__}")


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 500:
        raise _wrong(name, value)
    return value.replace("\x00", "").strip() or None


def _flag(raw: Mapping[str, Any], name: str) -> bool:
    value = raw.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _wrong(name, value)
    return value


def _whole(raw: Mapping[str, Any], name: str) -> int | None:
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**31 - 1:
        raise _wrong(name, value)
    return value


def _instant(raw: Mapping[str, Any], name: str) -> datetime | None:
    value = raw.get(name)
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise _wrong(name, value)
        return instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as broken:
        raise _wrong(name, value) from broken


def _airport_codes(raw: Mapping[str, Any], name: str) -> frozenset[str]:
    airport = raw.get(name)
    if airport is None:
        return frozenset()
    if not isinstance(airport, dict):
        raise _wrong(name, airport)
    texts = (_text(airport, key) for key in ("code_icao", "code_iata", "code"))
    codes = {code.upper() for code in texts if code}
    # A booking keeps ICAO codes, which the source may leave out.
    return frozenset(codes | {known.code for code in codes if (known := airports.find(code))})


def _canonical(codes: frozenset[str]) -> str | None:
    known = [airport.code for code in sorted(codes) if (airport := airports.find(code))]
    return known[0] if known else min(codes, default=None)


def _text_of(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
