import base64
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from twilio.base.version import Version
from twilio.request_validator import RequestValidator
from twilio.rest.api.v2010.account.message import MessageInstance

from sandbox.twilio import Twilio, callbacks, journey, message
from sandbox.twilio.faults import RecipientFault, TwilioFaults

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "12345"
OTHER_ACCOUNT = "ACffffffffffffffffffffffffffffffff"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
SERVICE = "MG" + "a" * 32
TEMPLATE = "HX" + "b" * 32
SENDER, ANA, BEA = "+14155550100", "+5491155550101", "+5491155550102"
HOOK = "https://agency.example/hooks/twilio?m=41f2"
INBOUND = "https://agency.example/hooks/inbound"
START = datetime(2013, 9, 4, 9, 40, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def forward(self, **span):
        self.at += timedelta(**span)


class Receiver:
    """The customer's web server: keeps what it got and answers what the test wants."""

    def __init__(self):
        self.got, self.answers = [], []

    async def __call__(self, scope, receive, send):
        body = b""
        while (event := await receive())["type"] == "http.request":
            body += event["body"]
            if not event["more_body"]:
                break
        url = f"{scope['scheme']}://agency.example{scope['path']}"
        url += "?" + scope["query_string"].decode() if scope["query_string"] else ""
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.got.append((url, parse_qsl(body.decode(), keep_blank_values=True), headers))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        await send({"type": "http.response.start", "status": answer, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def statuses(self):
        return [dict(form)["MessageStatus"] for _, form, _ in self.got]


class World:
    def __init__(self, ledger_path=None, accounts=None):
        self.clock, self.receiver, self.faults = Clock(), Receiver(), TwilioFaults()
        self.twilio = Twilio(
            self.clock,
            accounts=accounts or {ACCOUNT: TOKEN},
            callbacks=httpx.ASGITransport(self.receiver),
            faults=self.faults,
            ledger_path=ledger_path,
            inbound_url=INBOUND,
        )
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(Starlette(routes=self.twilio.routes)),
            base_url="https://api.twilio.com",
            auth=(ACCOUNT, TOKEN),
        )

    async def send(self, to=ANA, body="Hola", *, sender=SENDER, **more):
        form = {"To": to, "From": sender, "Body": body, **more}
        return await self.client.post(MESSAGES, data={k: v for k, v in form.items() if v is not None})

    async def send_whatsapp(self, body="Hola", **more):
        return await self.send(f"whatsapp:{ANA}", body, sender=f"whatsapp:{SENDER}", **more)

    async def live(self, **span):
        """Jump from one due moment to the next until the span is over."""
        until = self.clock.at + timedelta(**span)
        while (due := self.twilio.next_due()) is not None and due <= until:
            self.clock.at = max(due, self.clock.at)
            await self.twilio.pump()
        self.clock.at = until

    async def fetch(self, sid):
        return (await self.client.get(MESSAGES.replace(".json", f"/{sid}.json"))).json()


@pytest.fixture
def world():
    return World()


# A message is created.


async def test_a_taken_message_has_every_key_and_kind_of_value(world):
    response = await world.send(StatusCallback=HOOK)
    assert response.status_code == 201
    sid = response.json()["sid"]
    assert len(sid) == 34
    assert sid.startswith("SM")
    assert response.json() == {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": "Hola",
        "date_created": "Wed, 04 Sep 2013 09:40:00 +0000",
        "date_sent": None,
        "date_updated": "Wed, 04 Sep 2013 09:40:00 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": SENDER,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media.json"},
        "to": ANA,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
    }


async def test_the_official_library_reads_the_resource(world):
    sid = (await world.send()).json()["sid"]
    await world.live(minutes=1)
    read = MessageInstance(Version(None, "2010-04-01"), await world.fetch(sid), account_sid=ACCOUNT)
    assert (read.status, read.price, read.num_segments) == ("delivered", "-0.00750", "1")
    assert START < read.date_sent + timedelta(seconds=1) < START + timedelta(seconds=10)


async def test_a_messaging_service_picks_the_sender_later(world):
    taken = (await world.send(sender=None, MessagingServiceSid=SERVICE)).json()
    assert (taken["status"], taken["from"], taken["num_segments"]) == ("accepted", None, "0")
    assert taken["messaging_service_sid"] == SERVICE
    await world.live(minutes=1)
    later = await world.fetch(taken["sid"])
    assert later["from"].startswith("+1555")
    assert later["num_segments"] == "1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "5491155550101"}, 21211),
        ({"To": "+54 911"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "whatsapp:Bauhaus"}, 21212),
        ({"From": "whatsapp:+14155550100"}, 21910),
        ({"From": ANA}, 21266),
        ({"MessagingServiceSid": "MG1"}, 21705),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"ContentSid": "HX1"}, 21655),
        ({"ContentSid": "HX" + "c" * 32}, 21655),
        ({"ContentSid": TEMPLATE, "ContentVariables": "{1: Ana}"}, 21656),
        ({"ContentSid": TEMPLATE, "ContentVariables": '{"1": 7}'}, 21656),
        ({"StatusCallback": "https://my_host.example/"}, 21609),
        ({"StatusCallback": "mailto:x@example.com"}, 21609),
        ({"StatusCallback": "https://agency.example/" + "a" * 4000}, 21609),
        ({"ValidityPeriod": "0"}, 90007),
        ({"ValidityPeriod": "36001"}, 90007),
        ({"ScheduleType": "fixed", "SendAt": "2013-09-04T10:00:00Z"}, 35118),
        ({"MessagingServiceSid": SERVICE, "ScheduleType": "fixed"}, 35111),
        ({"MessagingServiceSid": SERVICE, "ScheduleType": "fixed", "SendAt": "2013-09-04T09:41:00Z"}, 35114),
    ],
)
async def test_bad_parameters_are_refused_with_twilios_body(world, change, code):
    world.twilio.templates[TEMPLATE] = "Hola {{1}}"
    form = {"To": ANA, "From": SENDER, "Body": "Hola", **change}
    response = await world.client.post(MESSAGES, data=form)
    answer = response.json()
    assert (response.status_code, answer["status"], answer["code"]) == (400, 400, code)
    assert set(answer) == {"code", "message", "more_info", "status"}
    assert answer["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert world.twilio.ledger.lines == []


@pytest.mark.parametrize("auth", [None, (ACCOUNT, "wrong"), (OTHER_ACCOUNT, TOKEN), (ACCOUNT, "")])
async def test_wrong_credentials_are_refused(world, auth):
    world.client.auth = auth
    response = await world.send()
    assert (response.status_code, response.json()["code"]) == (401, 20003)
    assert response.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("ñ" * 160, 1),
    ],
)
def test_segments(body, segments):
    assert message.segments(body) == segments


async def test_a_template_is_rendered_into_the_ledger(world):
    world.twilio.templates[TEMPLATE] = "Hola {{1}}, tu vuelo {{2}} sale {{3}}."
    variables = json.dumps({"1": "Ana", "2": "AR1304", "3": "a las 10:05"})
    response = await world.send_whatsapp(body=None, ContentSid=TEMPLATE, ContentVariables=variables)
    assert response.json()["body"] == "Hola Ana, tu vuelo AR1304 sale a las 10:05."
    line = world.twilio.ledger.lines[0]
    assert line["body"] == "Hola Ana, tu vuelo AR1304 sale a las 10:05."
    assert line["request"]["ContentVariables"] == variables


# Reading, listing, changing.


async def test_the_list_is_newest_first_and_filters_by_address_and_day(world):
    first = (await world.send(ANA, "1")).json()["sid"]
    second = (await world.send(BEA, "2")).json()["sid"]
    await world.live(days=1)
    third = (await world.send(ANA, "3", sender="+14155550199")).json()["sid"]
    await world.live(minutes=1)
    fourth = (await world.send(ANA, "not sent yet")).json()["sid"]

    async def sids(**query):
        names = {"before": "DateSent<", "after": "DateSent>"}
        response = await world.client.get(MESSAGES, params={names.get(k, k): v for k, v in query.items()})
        return [one["sid"] for one in response.json()["messages"]]

    assert await sids() == [fourth, third, second, first]
    assert await sids(To=ANA) == [fourth, third, first]
    assert await sids(To=ANA, From=SENDER) == [fourth, first]
    assert await sids(DateSent="2013-09-04") == [second, first]
    assert await sids(DateSent="2013-09-05T00:00:00Z") == [third]
    assert await sids(before="2013-09-04") == [second, first]
    assert await sids(after="2013-09-05") == [third]
    assert await sids(To="whatsapp:" + ANA) == []
    bad = await world.client.get(MESSAGES, params={"DateSent": "yesterday"})
    assert bad.status_code == 400


async def test_pages_link_to_each_other_and_stay_put(world):
    sids = [(await world.send(body=str(number))).json()["sid"] for number in range(5)]
    page = (await world.client.get(MESSAGES, params={"To": ANA, "PageSize": 2})).json()
    assert (page["page"], page["page_size"], page["start"], page["end"]) == (0, 2, 0, 1)
    assert page["previous_page_uri"] is None
    assert page["next_page_uri"].startswith(MESSAGES + "?To=%2B5491155550101&PageSize=2&Page=1&PageToken=PASM")
    seen = [one["sid"] for one in page["messages"]]
    await world.send(body="arrives while paging")
    while page["next_page_uri"]:
        page = (await world.client.get(page["next_page_uri"])).json()
        seen += [one["sid"] for one in page["messages"]]
    assert seen == sids[::-1]
    assert (page["page"], len(page["messages"])) == (2, 1)
    back = (await world.client.get(page["previous_page_uri"])).json()
    assert [one["sid"] for one in back["messages"]] == [sids[2], sids[1]]


async def test_reading_one(world):
    sid = (await world.send()).json()["sid"]
    assert (await world.fetch(sid))["sid"] == sid
    assert (await world.fetch("SM" + "0" * 32))["code"] == 20404


async def test_one_account_never_sees_another():
    world = World(accounts={ACCOUNT: TOKEN, OTHER_ACCOUNT: "secret"})
    sid = (await world.send()).json()["sid"]
    world.client.auth = (OTHER_ACCOUNT, "secret")
    theirs = MESSAGES.replace(ACCOUNT, OTHER_ACCOUNT)
    assert (await world.client.get(theirs)).json()["messages"] == []
    assert (await world.client.get(theirs.replace(".json", f"/{sid}.json"))).status_code == 404
    assert (await world.client.get(MESSAGES)).status_code == 401


async def test_a_scheduled_message_waits_and_can_be_canceled(world):
    schedule = {"MessagingServiceSid": SERVICE, "ScheduleType": "fixed", "SendAt": "2013-09-04T10:40:00Z"}
    kept, dropped = [(await world.send(sender=None, **schedule)).json() for _ in range(2)]
    assert kept["status"] == "scheduled"
    address = MESSAGES.replace(".json", f"/{dropped['sid']}.json")
    canceled = await world.client.post(address, data={"Status": "canceled"})
    assert canceled.json()["status"] == "canceled"
    await world.live(minutes=59)
    assert (await world.fetch(kept["sid"]))["status"] == "scheduled"
    await world.live(minutes=2)
    assert (await world.fetch(kept["sid"]))["status"] == "delivered"
    assert (await world.fetch(dropped["sid"]))["status"] == "canceled"
    again = await world.client.post(address, data={"Status": "canceled"})
    assert (again.status_code, again.json()["code"]) == (400, 30409)


async def test_redaction_and_deletion_leave_the_ledger_alone(world):
    sid = (await world.send()).json()["sid"]
    address = MESSAGES.replace(".json", f"/{sid}.json")
    assert (await world.client.delete(address)).json()["code"] == 20009
    await world.live(minutes=1)
    assert (await world.client.post(address, data={"Body": ""})).json()["body"] == ""
    assert (await world.client.post(address, data={"Body": "new"})).json()["code"] == 30400
    assert (await world.client.delete(address)).status_code == 204
    assert (await world.client.get(address)).status_code == 404
    for query in ({}, {"To": ANA}):
        assert (await world.client.get(MESSAGES, params=query)).json()["messages"] == []
    assert [line["body"] for line in world.twilio.ledger.lines] == ["Hola"]


# Life and callbacks.


async def test_a_message_reaches_its_statuses_in_time_and_each_but_the_first_is_called_back(world):
    sid = (await world.send(StatusCallback=HOOK)).json()["sid"]
    assert await world.twilio.pump() == 0
    assert world.receiver.got == []
    await world.live(seconds=30)
    assert world.receiver.statuses() == ["sending", "sent", "delivered"]
    url, form, _ = world.receiver.got[-1]
    assert url == HOOK
    named = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "delivered",
        "To": ANA,
        "From": SENDER,
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "RawDlrDoneDate": "1309040940",
    }
    assert named.items() <= dict(form).items()
    assert world.twilio.next_due() is None


async def test_no_read_before_delivered_and_only_on_whatsapp(world):
    await world.twilio.inbound(f"whatsapp:{ANA}", "hola")
    for _ in range(20):
        await world.send(StatusCallback=HOOK)
        await world.send_whatsapp(StatusCallback=HOOK)
    world.receiver.got.clear()
    await world.live(minutes=5)
    addressed = [dict(form)["To"].startswith("whatsapp:") for _, form, _ in world.receiver.got]
    seen = Counter(zip(addressed, world.receiver.statuses(), strict=True))
    assert seen[(True, "delivered")] == seen[(False, "delivered")] == 20
    assert 0 < seen[(True, "read")] < 20
    assert seen[(False, "read")] == 0
    whatsapp = next(form for _, form, _ in world.receiver.got if ("MessageStatus", "read") in form)
    assert {("ChannelPrefix", "whatsapp"), ("ChannelToAddress", ANA), ("EventType", "READ")} <= set(whatsapp)


async def test_every_callback_is_signed_as_the_official_validator_wants_it(world):
    validator = RequestValidator(TOKEN)
    for number in range(20):
        await world.send(body=f"día {number}", StatusCallback=HOOK + f"&value=2013-09-04T10:05:00Z&n={number}#rc=5")
    await world.live(minutes=1)
    assert len(world.receiver.got) == 60
    for url, form, headers in world.receiver.got:
        assert "#" not in url
        assert validator.validate(url, dict(form), headers["x-twilio-signature"])
        assert headers["i-twilio-idempotency-token"]
    known = {"MessageSid", "SmsSid", "MessageStatus", "SmsStatus", "To", "From", "AccountSid", "ApiVersion"}
    extras = {name for _, form, _ in world.receiver.got for name, _ in form} - known - {"RawDlrDoneDate"}
    assert extras, "now and then there is a parameter nobody knows"


CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+12349013030"),
    ("Digits", "1234"),
    ("From", "+12349013030"),
    ("To", "+18005551212"),
]
DELIVERED = [
    ("MessageSid", "SM0123456789abcdef0123456789abcdef"), ("SmsSid", "SM0123456789abcdef0123456789abcdef"),
    ("MessageStatus", "delivered"), ("SmsStatus", "delivered"), ("To", "whatsapp:+5491155550101"),
    ("From", "whatsapp:+14155550100"), ("AccountSid", ACCOUNT), ("ApiVersion", "2010-04-01"),
    ("ProfileName", "Ana Pérez"),
]  # fmt: skip
HASHED = "https://mycompany.com/myapp.php?bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
MEDIA = [
    ("Body", "Hola"),
    ("MediaUrl", "https://b.example/2"),
    ("MediaUrl", "https://a.example/1"),
    ("MediaUrl", "https://a.example/1"),
]


@pytest.mark.parametrize(
    ("url", "params", "signature"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", CALL, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
        (HASHED, [], "y77kIzt2vzLz71DgmJGsen2scGs="),
        (HOOK, [*DELIVERED, ("ErrorCode", "")], "5kT0A7QUB1WiMw2VZ8sH8acF9rs="),
        (HOOK, DELIVERED, "D//VoKwouLCDT6tmnr+hLt+L8AM="),
        ("https://agency.example/in", MEDIA, "aXpcebM6FpBTPi0aLTA2tuwxPpI="),
    ],
)
def test_signature_vectors(url, params, signature):
    assert callbacks.sign(url, params, "12345") == signature


async def test_by_default_only_a_failed_connection_is_tried_again_and_once(world):
    world.receiver.answers = [httpx.ConnectError("down")] * 6
    await world.send(StatusCallback=HOOK)
    await world.live(minutes=10)
    assert world.receiver.statuses() == ["sending", "sent", "sending", "delivered", "sent", "delivered"]
    world.receiver.got.clear()
    world.receiver.answers = [500, httpx.ReadTimeout("slow"), 404]
    await world.send(StatusCallback=HOOK)
    await world.live(minutes=10)
    assert Counter(world.receiver.statuses()) == {"sending": 1, "sent": 1, "delivered": 1}


@pytest.mark.parametrize(
    ("fragment", "answers", "calls"),
    [
        ("#rc=5&rp=all", [500, RuntimeError("a bug of the receiver"), httpx.ReadTimeout("slow"), 404], 5),
        ("#rc=2&rp=all", [500] * 9, 3),
        ("#rc=5&rp=5xx", [500, 503, 404], 3),
        ("#rc=5&rp=ct,4xx", [404, httpx.ConnectError("down"), 500], 3),
        ("#rc=0&rp=all", [500], 1),
        ("#rc=99&rp=all", [500] * 9, 6),
        ("#nonsense", [500], 1),
    ],
)
async def test_the_fragment_rules_the_retries(world, fragment, answers, calls):
    world.receiver.answers = list(answers)
    world.faults.recipients[ANA] = RecipientFault(when="silent")
    await world.send(StatusCallback=HOOK + fragment)
    while world.receiver.statuses() == []:
        world.clock.at = world.twilio.next_due()
        await world.twilio.pump()
    # Only the first status counts here: later ones would eat the answers meant for its retries.
    for one in world.twilio.carrier.messages.values():
        one.status = "canceled"
    await world.live(hours=1)
    assert world.receiver.statuses() == ["sending"] * calls


async def test_a_name_and_a_password_in_the_address_are_told_as_twilio_tells_them(world):
    await world.send(StatusCallback=HOOK.replace("https://", "https://ana:s%20cret@"))
    await world.live(minutes=5)
    _, _, headers = world.receiver.got[0]
    assert headers["authorization"] == "Basic " + base64.b64encode(b"ana:s cret").decode()


async def test_an_unreachable_receiver_breaks_nothing(world):
    world.receiver.answers = [httpx.ConnectError("down")] * 100
    sid = (await world.send(StatusCallback=HOOK + "#rc=5&rp=all")).json()["sid"]
    await world.live(hours=1)
    assert (await world.fetch(sid))["status"] == "delivered"


async def test_callbacks_lost_duplicated_reordered_and_missigned(world):
    for fault, expected in [
        ("callbacks_lost", []),
        ("callbacks_duplicated", ["delivered", "delivered", "sending", "sending", "sent", "sent"]),
        ("callbacks_delayed", ["delivered", "sending", "sent"]),
    ]:
        world.receiver.got.clear()
        setattr(world.faults, fault, 1.0)
        await world.send(StatusCallback=HOOK)
        await world.live(minutes=5)
        assert sorted(world.receiver.statuses()) == expected, fault
        setattr(world.faults, fault, 0.0)
    world.receiver.got.clear()
    world.faults.callbacks_reordered = 1.0
    await world.send(StatusCallback=HOOK)
    await world.live(minutes=5)
    order = world.receiver.statuses()
    assert sorted(order) == ["delivered", "sending", "sent"]
    assert order.index("sent") > order.index("delivered")
    world.faults.callbacks_reordered, world.faults.callbacks_missigned = 0.0, 1.0
    world.receiver.got.clear()
    await world.send(StatusCallback=HOOK)
    await world.live(minutes=5)
    url, form, headers = world.receiver.got[0]
    assert not RequestValidator(TOKEN).validate(url, dict(form), headers["x-twilio-signature"])


async def test_waiting_longer_than_valid_expires(world):
    world.faults.queue_s = 600
    late = (await world.send(ValidityPeriod="300", StatusCallback=HOOK)).json()["sid"]
    fine = (await world.send(ValidityPeriod="900")).json()["sid"]
    await world.live(seconds=301)
    assert ((await world.fetch(late))["status"], (await world.fetch(late))["error_code"]) == ("failed", 30036)
    await world.live(minutes=6)
    assert (await world.fetch(fine))["status"] == "delivered"


# What Twilio and WhatsApp know of the recipient.


async def test_free_text_outside_the_window_is_taken_and_fails_later(world):
    taken = await world.send_whatsapp(StatusCallback=HOOK)
    assert taken.status_code == 201
    await world.live(minutes=1)
    assert world.receiver.statuses() == ["sending", "failed"]
    assert dict(world.receiver.got[-1][1])["ErrorCode"] == "63016"
    failed = await world.fetch(taken.json()["sid"])
    assert (failed["status"], failed["error_code"]) == ("failed", 63016)


async def test_an_inbound_message_opens_the_window_for_24_hours(world):
    await world.send_whatsapp()
    await world.twilio.inbound(f"whatsapp:{ANA}", "hola")
    codes = []
    for wait in (timedelta(hours=23, minutes=58), timedelta(minutes=3)):
        await world.live(seconds=wait.total_seconds())
        sid = (await world.send_whatsapp()).json()["sid"]
        await world.live(minutes=1)
        codes.append((await world.fetch(sid))["error_code"])
    assert codes == [None, 63016]


async def test_the_window_belongs_to_one_sender_and_one_channel(world):
    await world.send_whatsapp()
    await world.twilio.inbound(f"whatsapp:{ANA}", "hola")
    same = (await world.send_whatsapp()).json()["sid"]
    foreign = (await world.send(f"whatsapp:{ANA}", sender="whatsapp:+14155550199")).json()["sid"]
    await world.twilio.inbound(BEA, "an SMS opens nothing on WhatsApp")
    other = (await world.send(f"whatsapp:{BEA}", sender=f"whatsapp:{SENDER}")).json()["sid"]
    await world.live(minutes=1)
    codes = [(await world.fetch(sid))["error_code"] for sid in (same, foreign, other)]
    assert codes == [None, 63016, 63016]


@pytest.mark.parametrize(
    ("approval", "variables", "code"),
    [
        ("approved", {"1": "Ana", "2": "AR1304"}, None),
        ("approved", {"1": "Ana"}, 63028),
        ("approved", {"1": "Ana", "2": "AR\n1304"}, 63013),
        ("paused", {"1": "Ana", "2": "AR1304"}, 63041),
        ("rejected", {"1": "Ana", "2": "AR1304"}, 63040),
    ],
)
async def test_outside_the_window_a_template_goes_if_it_is_fit(world, approval, variables, code):
    world.twilio.templates[TEMPLATE] = "Hola {{1}}, vuelo {{2}}."
    world.twilio.approvals[TEMPLATE] = approval
    taken = await world.send_whatsapp(None, ContentSid=TEMPLATE, ContentVariables=json.dumps(variables))
    await world.live(minutes=2)
    assert (await world.fetch(taken.json()["sid"]))["error_code"] == code


async def test_stop_by_sms_blocks_until_start(world):
    await world.send()
    await world.twilio.inbound(ANA, " Stop ")
    refused = await world.send()
    assert (refused.status_code, refused.json()["code"]) == (400, 21610)
    assert (await world.send(sender="+14155550199")).status_code == 201
    await world.twilio.inbound(ANA, "START", to=SENDER)
    assert (await world.send()).status_code == 201


async def test_stop_on_whatsapp_is_only_a_message(world):
    await world.twilio.inbound(f"whatsapp:{ANA}", "STOP")
    assert (await world.send_whatsapp()).status_code == 201


async def test_an_inbound_message_is_told_to_the_customer_signed(world):
    await world.send_whatsapp()
    message = await world.twilio.inbound(f"whatsapp:{ANA}", "¿dónde?", profile="Ana Pérez")
    url, form, headers = world.receiver.got[0]
    named = {
        "MessageSid": message.sid,
        "From": f"whatsapp:{ANA}",
        "To": f"whatsapp:{SENDER}",
        "Body": "¿dónde?",
        "WaId": "5491155550101",
        "ProfileName": "Ana Pérez",
        "NumMedia": "0",
        "AccountSid": ACCOUNT,
    }
    assert named.items() <= dict(form).items()
    assert url == INBOUND
    assert RequestValidator(TOKEN).validate(url, dict(form), headers["x-twilio-signature"])
    assert len(world.twilio.ledger.lines) == 1


async def test_the_fate_of_a_number(world):
    world.faults.recipients[ANA] = RecipientFault(code=21614, when="sync", times=1)
    refused = await world.send()
    assert (refused.status_code, refused.json()["code"]) == (400, 21614)
    assert (await world.send()).status_code == 201
    world.faults.recipients[f"whatsapp:{ANA}"] = RecipientFault(code=63003, when="async")
    world.faults.recipients[BEA] = RecipientFault(code=30003)
    sids = [(await one).json()["sid"] for one in (world.send_whatsapp(), world.send(BEA), world.send())]
    world.faults.recipients[BEA] = RecipientFault(when="silent")
    sids.append((await world.send(BEA)).json()["sid"])
    await world.live(hours=1)
    ends = [((await world.fetch(sid))["status"], (await world.fetch(sid))["error_code"]) for sid in sids]
    assert ends == [("failed", 63003), ("undelivered", 30003), ("delivered", None), ("sent", None)]


# Faults of the request, and the evidence.


async def test_a_ledger_line_says_what_twilios_wire_does_not(tmp_path):
    world = World(ledger_path=tmp_path / "ledger.jsonl")
    told = "&agency=north&type=DELAYED&ident=AAL1141&value=2013-09-04T10%3A05%3A00Z"
    sid = (await world.send_whatsapp("Se demora", StatusCallback=HOOK + told + "#rc=5&rp=all")).json()["sid"]
    await world.send()
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text("utf-8").splitlines()]
    assert lines == world.twilio.ledger.lines
    request = lines[0].pop("request")
    assert lines[0] == {
        "at": "2013-09-04T09:40:00Z",
        "agency": "north",
        "to": ANA,
        "type": "DELAYED",
        "ident": "AAL1141",
        "value": "2013-09-04T10:05:00Z",
        "body": "Se demora",
        "sid": sid,
    }
    assert request["To"] == f"whatsapp:{ANA}"
    assert request["StatusCallback"].endswith("#rc=5&rp=all")
    assert [lines[1][name] for name in ("agency", "type", "ident", "value")] == [None] * 4


async def test_rate_limited_and_error_before_take_nothing(world):
    world.faults.rate_limited = 1.0
    limited = await world.send()
    assert (limited.status_code, limited.json()["code"]) == (429, 20429)
    assert limited.headers["Twilio-Concurrent-Requests"] == "1"
    world.faults.rate_limited, world.faults.error_before = 0.0, 1.0
    failed = await world.send()
    assert (failed.status_code, failed.json()["code"]) == (500, 20500)
    assert world.twilio.ledger.lines == []
    assert (await world.client.get(MESSAGES)).json()["messages"] == []


async def test_an_error_after_taking_is_still_a_message(world):
    world.faults.error_after = 1.0
    assert (await world.send(StatusCallback=HOOK)).status_code == 500
    assert len(world.twilio.ledger.lines) == 1
    assert len((await world.client.get(MESSAGES)).json()["messages"]) == 1
    await world.live(minutes=1)
    assert world.receiver.statuses() == ["sending", "sent", "delivered"]


async def test_a_lost_reply_leaves_the_line_on_disk(tmp_path):
    world = World(ledger_path=tmp_path / "ledger.jsonl")
    world.faults.lost_reply = 1.0
    with pytest.raises(httpx.ReadTimeout):
        await world.send()
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 1


async def test_a_late_message_is_taken_after_the_client_gave_up(world):
    world.faults.late_accept, world.faults.late_accept_s = 1.0, 20.0
    with pytest.raises(httpx.ReadTimeout):
        await world.send(StatusCallback=HOOK)
    await world.live(seconds=19)
    assert world.twilio.ledger.lines == []
    await world.live(seconds=10)
    assert [line["at"] for line in world.twilio.ledger.lines] == ["2013-09-04T09:40:20Z"]
    await world.live(minutes=1)
    assert world.receiver.statuses() == ["sending", "sent", "delivered"]


async def test_reads_fail_on_demand_and_a_slow_answer_arrives(world):
    world.faults.error_reads = 1.0
    assert (await world.client.get(MESSAGES)).status_code == 500
    world.faults.slow, world.faults.slow_s = 1.0, 0.001
    assert (await world.send()).status_code == 201


async def test_rates_hold_roughly_and_alike_for_the_same_seed():
    codes = []
    for _ in range(2):
        world = World()
        world.faults.rate_limited = 0.3
        codes.append([(await world.send()).status_code for _ in range(200)])
    assert codes[0] == codes[1]
    assert 35 <= codes[0].count(429) <= 85


def test_journey_of_a_scheduled_message_passes_every_status():
    stages = journey.plan(whatsapp=False, first="scheduled", dice=Random(1))
    assert [stage.status for stage in stages] == ["accepted", "queued", "sending", "sent", "delivered"]
    times = [stage.after_s for stage in stages]
    assert times == sorted(times)
