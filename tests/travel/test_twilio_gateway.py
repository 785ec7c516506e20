import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.twilio import Twilio as StandIn
from sandbox.twilio.faults import RecipientFault, TwilioFaults
from tests.travel import servers
from tests.travel.values import utc
from travel.model import Channel
from travel.twilio import Accepted, Ambiguous, Outgoing, Refused, Senders, Twilio, answer_of
from travel.twilio_codes import Remedy

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "12345"
ANA, BEA = "+5491155550101", "+5491155550102"
TEMPLATE = "HX" + "b" * 32
CALLBACK = "https://agency.example/webhooks/twilio/status/t0ken?type=DELAYED#rc=5&rp=all"
SENDERS = Senders(whatsapp="+14155550100", sms="+14155550199")


def response(status, body=b"", **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, content=content, headers={name.replace("_", "-"): v for name, v in headers.items()})


def refusal(code, status=400):
    return {"code": code, "message": f"message of {code}", "more_info": "…", "status": status}


# --- what an answer means


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (response(201, {"sid": "SM1", "status": "queued"}), Accepted(sid="SM1")),
        (response(201, {"sid": "SM1", "code": 21211}), Accepted(sid="SM1")),
        (
            response(400, refusal(21211)),
            Refused(remedy=Remedy.NUMBER, http_status=400, code=21211, message="message of 21211"),
        ),
        (
            response(400, refusal(99999)),
            Refused(remedy=Remedy.UNKNOWN, http_status=400, code=99999, message="message of 99999"),
        ),
        (
            response(400, {"code": 21610}),
            Refused(remedy=Remedy.SUPPRESS, http_status=400, code=21610, message="HTTP 400"),
        ),
        (
            response(401, refusal(20003)),
            Refused(remedy=Remedy.ACCOUNT, http_status=401, code=20003, message="message of 20003"),
        ),
        (response(401), Refused(remedy=Remedy.ACCOUNT, http_status=401, code=None, message="HTTP 401")),
        (
            response(403, refusal(20005)),
            Refused(remedy=Remedy.ACCOUNT, http_status=403, code=20005, message="message of 20005"),
        ),
        (
            response(404, refusal(20404)),
            Refused(remedy=Remedy.BUG, http_status=404, code=20404, message="message of 20404"),
        ),
        (response(429), Refused(remedy=Remedy.RETRY, http_status=429, code=None, message="HTTP 429")),
        (
            response(429, refusal(20429), Retry_After="7"),
            Refused(remedy=Remedy.RETRY, http_status=429, code=20429, message="message of 20429", retry_after=7),
        ),
        (
            response(429, refusal(21611)),
            Refused(remedy=Remedy.LATER, http_status=429, code=21611, message="message of 21611"),
        ),
        (
            response(429, b"<html>slow down</html>"),
            Refused(remedy=Remedy.RETRY, http_status=429, code=None, message="HTTP 429"),
        ),
    ],
    ids=lambda each: f"{each.status_code} {each.content[:30]!r}" if isinstance(each, httpx.Response) else "",
)
def test_an_answer_of_twilio_is_a_yes_or_a_definite_no(answer, meaning):
    assert answer_of(answer) == meaning


@pytest.mark.parametrize(
    "answer",
    [
        response(500, refusal(20500, 500)),
        response(503, refusal(20503, 503)),
        response(502, b"<html>Bad gateway</html>"),
        response(504),
        response(201),
        response(201, b'{"sid": "SM'),
        response(201, b"<html>"),
        response(201, {"sid": None}),
        response(201, ["SM1"]),
        response(200, {"sid": "SM1"}),
        response(202),
        response(204),
        response(302, Location="/elsewhere"),
        response(400),
        response(403, b"<html>Forbidden</html>"),
        response(408, b"Request Timeout"),
        response(413, {"error": "too large"}),
        response(400, {"code": "21211"}),
        response(400, {"message": "no code"}),
        response(400, b"\xff\xfe"),
        response(400, refusal(20500)),
    ],
    ids=lambda each: f"{each.status_code} {each.content[:30]!r}",
)
def test_whatever_else_is_answered_nobody_knows_whether_the_message_was_taken(answer):
    assert isinstance(answer_of(answer), Ambiguous)
    assert answer_of(answer).http_status == answer.status_code


def test_too_many_requests_is_never_final_whatever_new_code_it_bears():
    """429 says that nothing was taken and that later is fine; Twilio splits its codes now and then."""
    assert answer_of(response(429, refusal(29999, 429))).remedy in (Remedy.RETRY, Remedy.LATER)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("30", 30),
        ("86400", 3600),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("²", None),
    ],
)
def test_retry_after_is_honoured_up_to_an_hour_and_ignored_where_it_is_no_number(header, seconds):
    answer = httpx.Response(429, headers=[(b"retry-after", header.encode("latin-1"))])
    assert answer_of(answer).retry_after == seconds


def test_a_long_message_of_twilio_is_cut():
    assert len(answer_of(response(400, {"code": 21211, "message": "x" * 9000})).message) == 500


# --- against the stand-in


class Line:
    """The real client, with the stand-in mounted where Twilio is."""

    def __init__(self, *, senders=SENDERS, token=TOKEN, **faults):
        self.now = utc("2026-07-15 12:00")
        self.standin = StandIn(lambda: self.now, accounts={ACCOUNT: TOKEN}, faults=TwilioFaults(**faults))
        self.standin.templates[TEMPLATE] = "Hola {{1}}, puerta {{2}}."
        self.gateway = open_(
            "https://api.twilio.com",
            senders=senders,
            token=token,
            transport=httpx.ASGITransport(Starlette(routes=self.standin.routes)),
        )

    @property
    def taken(self):
        """The form of every request that was taken, from the stand-in's own book."""
        return [line["request"] for line in self.standin.ledger.lines]


def open_(url, *, senders=SENDERS, token=TOKEN, total_seconds=5.0, read_seconds=5.0, concurrency=10, transport=None):
    return Twilio.open(
        url=url,
        account_sid=ACCOUNT,
        auth_token=token,
        senders=senders,
        connect_seconds=1,
        read_seconds=read_seconds,
        total_seconds=total_seconds,
        concurrency=concurrency,
        transport=transport,
    )


def outgoing(channel=Channel.WHATSAPP, to=ANA, body="Hola Ana", **more):
    return Outgoing(
        **{
            "channel": channel,
            "to": to,
            "body": body,
            "content_sid": None,
            "variables": (),
            "callback_url": CALLBACK,
            "validity_seconds": 600,
        }
        | more
    )


async def test_a_message_is_handed_over_once_with_all_that_twilio_needs():
    line = Line()
    answer = await line.gateway.send(outgoing())
    assert answer == Accepted(sid=line.standin.ledger.lines[0]["sid"])
    assert line.taken == [
        {
            "To": f"whatsapp:{ANA}",
            "From": "whatsapp:+14155550100",
            "Body": "Hola Ana",
            "StatusCallback": CALLBACK,
            "ValidityPeriod": "600",
        }
    ]
    await line.gateway.close()


async def test_an_sms_goes_out_from_the_sms_number_to_a_bare_number():
    line = Line()
    await line.gateway.send(outgoing(Channel.SMS))
    assert (line.taken[0]["To"], line.taken[0]["From"]) == (ANA, "+14155550199")


async def test_a_template_goes_out_with_numbered_variables_and_without_a_body():
    line = Line()
    await line.gateway.send(outgoing(content_sid=TEMPLATE, variables=('Ana "Ñ"', "A14")))
    [form] = line.taken
    assert form["ContentSid"] == TEMPLATE
    assert json.loads(form["ContentVariables"]) == {"1": 'Ana "Ñ"', "2": "A14"}
    assert "Body" not in form
    assert line.standin.ledger.lines[0]["body"] == 'Hola Ana "Ñ", puerta A14.'


@pytest.mark.parametrize(
    ("seconds", "sent"), [(-5, "1"), (0, "1"), (1, "1"), (600, "600"), (36_000, "36000"), (400_000, "36000")]
)
async def test_twilio_keeps_a_message_as_long_as_its_fact_is_useful_within_its_limits(seconds, sent):
    line = Line()
    await line.gateway.send(outgoing(validity_seconds=seconds))
    assert line.taken[0]["ValidityPeriod"] == sent


def test_without_an_sms_number_there_is_no_sms():
    with_sms = Line().gateway
    without = Line(senders=Senders(whatsapp="+14155550100", sms=None)).gateway
    assert [with_sms.can(channel) for channel in (Channel.WHATSAPP, Channel.SMS)] == [True, True]
    assert [without.can(channel) for channel in (Channel.WHATSAPP, Channel.SMS)] == [True, False]


@pytest.mark.parametrize(
    ("faults", "answer", "taken"),
    [
        ({"rate_limited": 1.0}, (Refused, "RETRY", 429, 20429), 0),
        ({"error_before": 1.0}, (Ambiguous, None, 500, None), 0),
        ({"error_after": 1.0}, (Ambiguous, None, 500, None), 1),
        ({"lost_reply": 1.0}, (Ambiguous, None, None, None), 1),
        ({"late_accept": 1.0}, (Ambiguous, None, None, None), 0),
    ],
    ids=["429", "500 before", "500 after", "lost reply", "late accept"],
)
async def test_whatever_goes_wrong_the_answer_says_what_is_known_and_nothing_is_sent_twice(faults, answer, taken):
    line = Line(**faults)
    got = await line.gateway.send(outgoing())
    kind, remedy, status, code = answer
    assert isinstance(got, kind)
    assert got.http_status == status
    if kind is Refused:
        assert (got.remedy, got.code) == (Remedy(remedy), code)
    assert len(line.taken) == taken
    assert line.standin.requests == 1


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (21211, "NUMBER"),
        (21610, "SUPPRESS"),
        (63003, "CHANNEL"),
        (63016, "WINDOW"),
        (20003, "ACCOUNT"),
        (14107, "LATER"),
    ],
)
async def test_a_refusal_names_its_remedy(code, remedy):
    line = Line(recipients={ANA: RecipientFault(code=code, when="sync")})
    answer = await line.gateway.send(outgoing())
    assert (answer.remedy, answer.code) == (Remedy(remedy), code)
    assert line.taken == []


async def test_a_wrong_token_is_a_fault_of_the_account():
    answer = await Line(token="wrong").gateway.send(outgoing())
    assert (answer.remedy, answer.http_status, answer.code) == (Remedy.ACCOUNT, 401, 20003)
    assert "wrong" not in repr(answer)


async def test_a_number_twilio_cannot_read_is_refused():
    assert (await Line().gateway.send(outgoing(to="+0"))).remedy is Remedy.NUMBER


# --- against sockets that behave badly


async def test_where_nobody_listens_nothing_left_and_the_message_is_tried_again():
    gateway = open_(servers.closed_port())
    answer = await gateway.send(outgoing())
    assert answer == Refused(remedy=Remedy.RETRY, http_status=None, code=None, message="ConnectError")
    await gateway.close()


@pytest.mark.parametrize(
    "behaviour",
    [
        servers.answer(),
        servers.answer(b"HTTP/1.1 201 Created\r\ncontent-length: 900\r\n\r\n", b'{"sid": "SM'),
        servers.answer(b"SMTP ready\r\n"),
        servers.answer(b"HTTP/1.1 201 Created\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"),
        servers.silence,
        servers.drip,
    ],
    ids=["hangs up", "hangs up in the middle", "no HTTP", "broken encoding", "silence", "one byte at a time"],
)
async def test_a_connection_that_breaks_after_the_request_left_leaves_all_open(behaviour):
    async with servers.server(behaviour) as url:
        gateway = open_(url, total_seconds=0.3)
        answer = await gateway.send(outgoing())
        await gateway.close()
    assert isinstance(answer, Ambiguous)


async def test_a_message_that_found_no_free_connection_never_left():
    """With the only connection taken by a silent call, the second message is a definite no: try again."""
    async with servers.server(servers.silence) as url:
        gateway = open_(url, total_seconds=0.3, concurrency=1)
        first, second = await asyncio.gather(gateway.send(outgoing()), gateway.send(outgoing(to=BEA)))
        await gateway.close()
    assert isinstance(first, Ambiguous)
    assert isinstance(second, Refused)
    assert second.remedy is Remedy.RETRY


# --- what was taken


async def test_what_twilio_took_for_a_traveller_is_listed_newest_first():
    line = Line()
    for minute, (to, body) in enumerate([(ANA, "one"), (BEA, "other"), (ANA, "two")]):
        line.now = utc("2026-07-15 12:00") + timedelta(minutes=minute)
        await line.gateway.send(outgoing(to=to, body=body))
    listed = await line.gateway.taken(to=ANA, channel=Channel.WHATSAPP)
    assert [(each.body, each.created_at) for each in listed] == [
        ("two", utc("2026-07-15 12:02")),
        ("one", utc("2026-07-15 12:00")),
    ]
    assert {each.to for each in listed} == {f"whatsapp:{ANA}"}
    assert [each.sid for each in reversed(listed)] == [
        row["sid"] for row in line.standin.ledger.lines if row["to"] == ANA
    ]
    assert listed[0].error_code is None
    assert await line.gateway.taken(to=ANA, channel=Channel.SMS) == []


async def test_a_message_that_was_taken_and_failed_is_listed_with_its_code():
    line = Line(recipients={ANA: RecipientFault(code=63003, when="async")})
    await line.gateway.send(outgoing())
    line.now += timedelta(minutes=5)
    await line.standin.pump()
    [listed] = await line.gateway.taken(to=ANA, channel=Channel.WHATSAPP)
    assert listed.status in ("failed", "undelivered")
    assert listed.error_code == 63003


async def test_a_list_that_twilio_does_not_give_is_an_error():
    with pytest.raises(httpx.HTTPStatusError):
        await Line(error_reads=1.0).gateway.taken(to=ANA, channel=Channel.WHATSAPP)
    with pytest.raises(httpx.ConnectError):
        await open_(servers.closed_port()).taken(to=ANA, channel=Channel.WHATSAPP)
    async with servers.server(servers.drip) as url:
        gateway = open_(url, total_seconds=0.2)
        with pytest.raises(TimeoutError):
            await gateway.taken(to=ANA, channel=Channel.WHATSAPP)
        await gateway.close()


def listing(*messages):
    body = json.dumps({"messages": list(messages)}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    return servers.answer(head + body)


async def test_one_odd_message_in_the_list_does_not_hide_the_others():
    """All fields but status and direction may be null; one such row would keep every lost answer from being settled."""
    good = {"sid": "SM1", "to": f"whatsapp:{ANA}", "body": None, "status": "sent"}
    good |= {"date_created": "Wed, 15 Jul 2026 12:00:00 +0000", "error_code": None}
    async with servers.server(listing(good | {"sid": "SM0", "date_created": None}, good)) as url:
        gateway = open_(url)
        listed = await gateway.taken(to=ANA, channel=Channel.WHATSAPP)
        await gateway.close()
    assert [(each.sid, each.body) for each in listed if each.sid == "SM1"] == [("SM1", "")]
