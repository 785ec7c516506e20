"""A flood of callbacks, many times the same, in any order and a third of them forged, leaves every row as the true order would.

There are 100,000 of them; `BAUHAUS_FLOOD` makes it another number.
"""

import asyncio
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from jobs import delivery as jobs
from tests.world import ACCOUNT, PUBLIC, TOKEN, World
from travel import signature
from travel.model import (
    AttemptOutcome,
    Channel,
    DeliveryAttempt,
    Language,
    Notification,
    NotificationStatus,
    NotificationType,
    Tells,
)
from travel.records import attempts, feed, notifications, outbox
from travel.records.attempts import Finished
from travel.records.outbox import Claimed, Settled

REQUESTS = int(os.environ.get("BAUHAUS_FLOOD", "100000"))
MESSAGES = REQUESTS // 50
AT_A_TIME, SIDE_BY_SIDE = 2_500, 8
QUERY = "agency=Norte+Viajes&type=TEST"

STORIES: tuple[tuple[tuple[str, str], ...], ...] = (
    (("queued", ""), ("sending", ""), ("sent", ""), ("delivered", ""), ("read", "")),
    (("sent", ""), ("delivered", ""), ("read", "")),
    (("sent", ""), ("delivered", "")),
    (("sent", ""), ("read", "")),
    (("queued", ""), ("sent", "")),
    (("sent", ""), ("undelivered", "30005")),
    (("sent", ""), ("undelivered", "30007")),
    (("sent", ""), ("undelivered", "30004")),
    (("sending", ""), ("failed", "63003")),
    (("failed", "99999"),),
    (),
    # Twilio contradicts itself: what came first stands.
    (("sent", ""), ("undelivered", "30005"), ("delivered", "")),
    (("failed", "30007"), ("sent", ""), ("delivered", ""), ("read", "")),
)
REASONS = {"30004": "OPTED_OUT", "30005": "INVALID_RECIPIENT"}
RANKS = {"queued": 1, "sending": 1, "sent": 1, "delivered": 2, "read": 3}
STATES = {1: "SENT", 2: "DELIVERED", 3: "READ"}


@dataclass(frozen=True, kw_only=True)
class Message:
    """One that Twilio took, and what it will say of it."""

    id: UUID
    phone: str
    token: str
    sid: str
    story: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Post:
    """A request to the door, and the answer that it must get."""

    path: str
    body: bytes
    signature: str
    status: int


# ---- what was sent


async def hand_over(world: World, dice: Random) -> list[Message]:
    """Test messages as they are after Twilio took them, many rows at a time."""
    now, agency_id = world.clock.now(), world.agency.id
    async with world.db.transaction(agency_id) as tx:
        notes = [await notifications.write(tx, agency_id, draft(number, now), now) for number in range(MESSAGES)]
        written = [note for note in notes if note is not None]
        claimed = [
            Claimed(id=note.id, recipient=note.recipient, language=note.language, body=note.body, tells=Tells())
            for note in written
        ]
        fences = await outbox.claim(tx, agency_id, claimed, timedelta(seconds=25), now)
        tries = [attempt(note, fences[note.id], now) for note in written]
        await attempts.begin(tx, agency_id, tries)
        settled = [
            Settled(id=note.id, fence=fences[note.id], status=NotificationStatus.SENT, reason=None) for note in written
        ]
        await outbox.settle(tx, agency_id, settled, now)
        sids = [f"SM{dice.getrandbits(128):032x}" for _ in tries]
        taken = [
            Finished(
                notification_id=each.notification_id,
                number=1,
                outcome=AttemptOutcome.ACCEPTED,
                http_status=201,
                twilio_sid=sid,
            )
            for each, sid in zip(tries, sids, strict=True)
        ]
        await attempts.finish(tx, agency_id, taken, now)
    return [
        Message(id=note.id, phone=note.recipient, token=each.token, sid=sid, story=dice.choice(STORIES))
        for note, each, sid in zip(written, tries, sids, strict=True)
    ]


def draft(number: int, now: Any) -> notifications.Draft:
    return notifications.Draft(
        trip_id=None,
        flight_id=None,
        type=NotificationType.TEST,
        idempotency_hash=hashlib.sha256(str(number).encode()).digest(),
        status=NotificationStatus.PENDING,
        reason=None,
        due_at=now,
        expires_at=now + timedelta(hours=1),
        tells=Tells(),
        channel=Channel.WHATSAPP,
        language=Language.ES,
        recipient=f"+54911{number:08}",
        body="Mensaje de prueba.",
        caused_by_id=None,
    )


def attempt(note: Notification, fence: int, now: Any) -> DeliveryAttempt:
    return DeliveryAttempt(
        notification_id=note.id,
        number=1,
        fence=fence,
        token=hashlib.sha256(note.id.bytes).hexdigest(),
        channel=note.channel,
        content_sid=None,
        started_at=now,
        finished_at=None,
        outcome=AttemptOutcome.IN_FLIGHT,
        counted=True,
        http_status=None,
        error_code=None,
        error_message=None,
        twilio_sid=None,
    )


# ---- what is posted


def report(message: Message, word: str, code: str = "") -> list[tuple[str, str]]:
    """The form of a callback."""
    said = {
        "AccountSid": ACCOUNT,
        "MessageSid": message.sid,
        "MessageStatus": word,
        "To": f"whatsapp:{message.phone}",
        "ErrorCode": code,
    }
    return list(said.items())


def address(token: str) -> str:
    return f"{PUBLIC}/webhooks/twilio/status/{token}?{QUERY}"


def post(token: str, form: list[tuple[str, str]], given: str, status: int) -> Post:
    return Post(path=f"/webhooks/twilio/status/{token}", body=urlencode(form).encode(), signature=given, status=status)


def signed(token: str, form: list[tuple[str, str]]) -> Post:
    return post(token, form, signature.sign(TOKEN, address(token), form), 204)


def forged(dice: Random, message: Message, other: Message) -> Post:
    """It says what would change the row, were it believed."""
    form = report(message, dice.choice(["read", "delivered", "failed", "undelivered"]), dice.choice(["", "21610"]))
    good = signature.sign(TOKEN, address(message.token), form)
    match dice.randrange(5):
        case 0:
            return post(message.token, form, dice.choice(["", "x", good[::-1], good.lower()]), 403)
        case 1:
            return post(other.token, form, good, 403)
        case 2:
            return post(message.token, [*form[:2], ("MessageStatus", "canceled"), *form[3:]], good, 403)
        case 3:
            return post(message.token, [*form, ("Extra", "1")], good, 403)
        case _:
            return post(message.token, form, signature.sign("another secret", address(message.token), form), 403)


def noise(dice: Random, message: Message) -> Post:
    """It is Twilio's, and says nothing to us: a word that we do not know, or a try that we never made."""
    if dice.random() < 0.5:
        return signed(message.token, report(message, dice.choice(["unheard-of", "SENT", "partially_delivered"])))
    return signed(hashlib.sha256(message.token.encode()).hexdigest(), report(message, "failed", "21610"))


def flood(dice: Random, messages: Sequence[Message]) -> list[Post]:
    """Everything true at least once, a third forged, a bit of noise, and the true again and again; shuffled."""
    true = [signed(message.token, report(message, *said)) for message in messages for said in message.story]
    lies = [forged(dice, *dice.sample(messages, 2)) for _ in range(REQUESTS // 3)]
    vague = [noise(dice, dice.choice(messages)) for _ in range(REQUESTS // 50)]
    again = dice.choices(true, k=REQUESTS - len(true) - len(lies) - len(vague))
    posts = [*true, *lies, *vague, *again]
    dice.shuffle(posts)
    return posts


async def ask(app: Any, asked: Post) -> int:
    """One request to the server as an ASGI server makes it; the answer's status."""
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    headers = [
        (b"host", b"bauhaus.example"),
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-twilio-signature", asked.signature.encode()),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": QUERY.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("bauhaus.example", 443),
    }
    await app(scope, receive, send)
    status: int = said[0]["status"]
    return status


async def pour(world: World, posts: Sequence[Post]) -> Counter[tuple[int, int]]:
    """Post them, some side by side; how often which answer came to whom which was due."""
    answers: Counter[tuple[int, int]] = Counter()
    waiting = iter(posts)

    async def one_after_the_other(some: Iterator[Post]) -> None:
        for each in some:
            answers[each.status, await ask(world.server, each)] += 1

    await asyncio.gather(*(one_after_the_other(waiting) for _ in range(SIDE_BY_SIDE)))
    return answers


# ---- what must be


def fold(words: Sequence[tuple[str, str]]) -> tuple[str, str | None]:
    """How a message stands after these words: the highest wins, a failure only what has no end, and the first end stays."""
    status, reason = "SENT", None
    for word, code in words:
        if word in ("undelivered", "failed"):
            if status == "SENT":
                status, reason = "UNDELIVERED", REASONS.get(code, "PROVIDER_REFUSED")
        elif RANKS[word] > {"SENT": 1, "UNDELIVERED": 2, "DELIVERED": 2, "READ": 3}[status]:
            status, reason = STATES[RANKS[word]], None
    return status, reason


async def rows(world: World, sql: str) -> list[Any]:
    async with world.db.transaction(world.agency.id) as tx:
        return list(await tx.all(sql))


async def heard(world: World) -> dict[str, list[tuple[str, str]]]:
    """Token → what was stored of it, in the order in which it came."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in await rows(world, "SELECT body FROM webhook_inbox ORDER BY id"):
        body = row["body"]
        found.setdefault(body["token"], []).append((body["MessageStatus"], body["ErrorCode"]))
    return found


async def test_a_flood_of_callbacks_leaves_every_row_as_the_true_order_would(world: World) -> None:
    dice = Random(1912)
    messages = await hand_over(world, dice)
    posts = flood(dice, messages)
    answers: Counter[tuple[int, int]] = Counter()
    waiting = iter(posts)
    while some := list(islice(waiting, AT_A_TIME)):
        answers += await pour(world, some)
        await jobs.sweep_webhooks(world.context)
    while await jobs.sweep_webhooks(world.context):
        pass

    lies = sum(each.status == 403 for each in posts)
    assert len(posts) == REQUESTS
    assert answers == {(403, 403): lies, (204, 204): REQUESTS - lies}

    came = await heard(world)
    distinct = {(each.path, each.body) for each in posts if each.status == 204}
    assert sum(len(words) for words in came.values()) == len(distinct), "each is kept once, and nothing that was forged"
    assert await rows(world, "SELECT id FROM webhook_inbox WHERE processed_at IS NULL") == []

    stands = {
        row["id"]: row
        for row in await rows(world, "SELECT id, status, reason, delivered_at, read_at FROM notifications_log")
    }
    stopped: set[str] = set()
    for message in messages:
        words = [said for said in came.get(message.token, []) if said in message.story]
        assert sorted(words) == sorted(message.story)
        row, expected = stands[message.id], fold(words)
        assert (row["status"], row["reason"]) == expected, words
        assert (row["delivered_at"] is not None) == (expected[0] in ("DELIVERED", "READ"))
        assert (row["read_at"] is not None) == (expected[0] == "READ")
        stopped |= {message.phone} if expected[1] == "OPTED_OUT" else set()
        if len({word for word, _ in words} & {"undelivered", "failed", "delivered"}) < 2:
            assert expected == fold(message.story), "in whatever order they came"

    tries = await rows(world, "SELECT notification_id, outcome, twilio_sid FROM delivery_attempts")
    assert {(row["notification_id"], row["twilio_sid"]) for row in tries} == {(each.id, each.sid) for each in messages}
    assert len(tries) == len(messages)
    assert {row["outcome"] for row in tries} == {"ACCEPTED"}
    assert {row["phone"] for row in await rows(world, "SELECT phone FROM opt_outs")} == stopped
    async with world.db.transaction(world.agency.id) as tx:
        head = await feed.head(tx, world.agency.id)
        events = await feed.after(tx, world.agency.id, 0, 1_000_000)
    assert [each.sequence for each in events] == list(range(1, head.sequence + 1))
