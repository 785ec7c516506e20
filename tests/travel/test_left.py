"""Whether a message may have left: a definite no is tried again at once, and of anything else Twilio is asked first."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from tests.travel.test_twilio_gateway import open_, outgoing, refusal
from tests.travel.values import utc
from travel.twilio import LEFT, Accepted, Ambiguous, Answer, Refused, Withheld
from travel.twilio_codes import Remedy

NEVER_LEFT = {
    httpx.PoolTimeout,
    httpx.ConnectTimeout,
    httpx.ConnectError,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
}
"""By httpx's own descriptions: raised before the first byte of the request was written."""


def leaves(of: type[httpx.RequestError]) -> Iterator[type[httpx.RequestError]]:
    below = of.__subclasses__()
    if not below:
        yield of
    for each in below:
        yield from leaves(each)


THEIRS = [each for each in leaves(httpx.RequestError) if each.__module__.startswith("httpx")]


async def answer_to(handler: Callable[[httpx.Request], httpx.Response], seconds: float | None = None) -> Answer:
    gateway = open_("https://api.twilio.com", transport=httpx.MockTransport(handler))
    try:
        return await gateway.send(outgoing(), seconds=seconds)
    finally:
        await gateway.close()


def raising(failure: type[httpx.RequestError]) -> Callable[[httpx.Request], httpx.Response]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure("on purpose", request=request)

    return fail


def test_every_way_in_which_a_request_can_fail_is_judged() -> None:
    """A new version of httpx may bring another."""
    assert set(THEIRS) == set(LEFT)
    assert len(THEIRS) == 14


@pytest.mark.parametrize("failure", THEIRS, ids=lambda each: each.__name__)
async def test_only_what_certainly_never_left_is_tried_again_unasked(failure: type[httpx.RequestError]) -> None:
    answer = await answer_to(raising(failure))
    if failure in NEVER_LEFT:
        assert answer == Refused(remedy=Remedy.RETRY, http_status=None, code=None, message=failure.__name__)
    else:
        assert answer == Ambiguous(http_status=None, message=failure.__name__)


async def test_a_failure_that_nobody_has_judged_leaves_all_open() -> None:
    class NewFailure(httpx.ConnectError):
        """Even of a kind that is judged: what it means nobody has read yet."""

    assert await answer_to(raising(NewFailure)) == Ambiguous(http_status=None, message="NewFailure")


async def test_who_hears_nothing_in_time_does_not_know() -> None:
    async def silent(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    gateway = open_("https://api.twilio.com", transport=httpx.MockTransport(silent), total_seconds=0.05)
    assert await gateway.send(outgoing()) == Ambiguous(http_status=None, message="TimeoutError")
    assert await gateway.send(outgoing(), seconds=0.01) == Ambiguous(http_status=None, message="TimeoutError")
    await gateway.close()


@pytest.mark.parametrize("seconds", [0, -1, -0.001])
async def test_where_no_time_is_left_nothing_is_sent(seconds: float) -> None:
    asked: list[httpx.Request] = []

    def count(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201, json={"sid": "SM1"})

    assert isinstance(await answer_to(count, seconds), Withheld)
    assert asked == []
    assert await answer_to(count, 1.0) == Accepted(sid="SM1")
    assert len(asked) == 1


DATE = utc("2026-10-21 07:28")


@pytest.mark.parametrize(
    ("later", "seconds"),
    [
        (timedelta(seconds=90), 90),
        (timedelta(), 0),
        (timedelta(seconds=-30), 0),
        (timedelta(days=1), 3600),
    ],
)
async def test_retry_after_may_be_a_date_that_is_read_by_twilios_own_clock(later: timedelta, seconds: float) -> None:
    headers = {"Date": format_datetime(DATE, usegmt=True), "Retry-After": format_datetime(DATE + later, usegmt=True)}
    answer = await answer_to(lambda _: httpx.Response(429, headers=headers, json=refusal(20429, 429)))
    assert isinstance(answer, Refused)
    assert answer.retry_after == seconds


@pytest.mark.parametrize("date", ["", "yesterday", "Wed, 32 Oct 2026 07:28:00 GMT"])
async def test_a_date_without_twilios_own_says_nothing(date: str) -> None:
    headers = {"Date": date, "Retry-After": format_datetime(DATE, usegmt=True)}
    answer = await answer_to(lambda _: httpx.Response(429, headers=headers, json=refusal(20429, 429)))
    assert isinstance(answer, Refused)
    assert answer.retry_after is None


async def test_a_date_without_a_zone_says_nothing() -> None:
    """One aware and one naive date cannot be subtracted; the message must not be lost over that."""
    headers = {"Date": format_datetime(DATE, usegmt=True), "Retry-After": "Wed, 21 Oct 2026 07:28:00 -0000"}
    answer = await answer_to(lambda _: httpx.Response(429, headers=headers, json=refusal(20429, 429)))
    assert isinstance(answer, Refused)
    assert answer.remedy is Remedy.RETRY
