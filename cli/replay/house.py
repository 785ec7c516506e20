"""The whole product in one process for a replay: a real database, the real clients, and the stand-ins mounted into them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import httpx
from starlette.applications import Starlette

from cli.demo import content_sid
from graph.context import House
from graph.live import Hub
from jobs.context import Context
from sandbox.app import Sandbox
from sandbox.scenario import Scenario
from server import app as server_app
from travel import catalogue, delivery
from travel.aeroapi import AeroApi
from travel.cadence import Cadence
from travel.clock import VirtualClock
from travel.config import Config
from travel.database import Database
from travel.enqueue import Wakeups
from travel.model import MessageTemplate
from travel.pace import Pace
from travel.records import agencies
from travel.tracking import Watcher
from travel.twilio import Senders, Twilio

ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "token-of-the-stand-in"
KEY, PUSH_TOKEN = "key-of-the-stand-in", "push-token-of-the-replay"
PUBLIC = "https://replay.example"
PUSHED_CODES = ("on", "cancelled", "uncancelled", "diverted", "change")
"""What is worth its price: that a flight left the gate or the ground, the looks that come anyway see."""
SENDERS = Senders(whatsapp="+14155550100", sms="+14155550199")


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Everything that a replay moves."""

    db: Database
    clock: VirtualClock
    sandbox: Sandbox
    context: Context
    eyes: asyncpg.Connection
    """Looks ahead for the clock; what it sees decides nothing."""


@asynccontextmanager
async def open_replay(
    app_url: str,
    owner_url: str,
    scenario: Scenario,
    clock: VirtualClock,
    *,
    cadence: Cadence,
    pushes: bool,
) -> AsyncIterator[Replay]:
    """Wire it, as `jobs.context` and `server.app` do it for real processes."""
    db = Database(app_url, pool_size=8)
    await db.connect()
    house = House(db=db, wakeups=Wakeups(None), clock=clock, hub=Hub(db))
    sandbox = Sandbox(
        clock.now,
        scenario=scenario,
        twilio_accounts={ACCOUNT: TOKEN},
        aeroapi_keys={KEY},
        callbacks=httpx.ASGITransport(_server(house, app_url)),
        push_codes=PUSHED_CODES,
        push_url=f"{PUBLIC}/webhooks/aeroapi/{PUSH_TOKEN}" if pushes else None,
    )
    sandbox.twilio.templates.update(await _approve(owner_url, clock))
    mounted = httpx.ASGITransport(sandbox.app)
    source = AeroApi.open(url="http://sandbox/aeroapi", key=KEY, timeout_seconds=30, transport=mounted)
    twilio = Twilio.open(
        url="http://sandbox",
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        senders=SENDERS,
        connect_seconds=10,
        read_seconds=30,
        total_seconds=30,
        concurrency=50,
        transport=mounted,
    )
    free = Pace(db=db, throttle=None, rates={})
    context = Context(
        db=db,
        watcher=Watcher(
            db=db, source=source, wakeups=house.wakeups, clock=clock, pace=free, dollars=0.005, cadence=cadence
        ),
        carrier=delivery.Carrier(
            db=db,
            twilio=twilio,
            clock=clock,
            public_base=PUBLIC,
            lease=timedelta(seconds=120),
            settling=timedelta(seconds=180),
            places=delivery.Places(50),
            pace=free,
        ),
        wakeups=house.wakeups,
        clock=clock,
    )
    eyes = await asyncpg.connect(app_url)
    try:
        yield Replay(db=db, clock=clock, sandbox=sandbox, context=context, eyes=eyes)
    finally:
        await eyes.close()
        await source.close()
        await twilio.close()
        await db.disconnect()


def _server(house: House, app_url: str) -> Starlette:
    config = Config(
        _env_file=None,  # type: ignore[call-arg]  # what the environment says is about another house
        database_url=app_url,  # type: ignore[arg-type]
        public_url=PUBLIC,  # type: ignore[arg-type]
        aeroapi_key=KEY,  # type: ignore[arg-type]
        aeroapi_webhook_token=PUSH_TOKEN,  # type: ignore[arg-type]
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=TOKEN,  # type: ignore[arg-type]
        twilio_whatsapp_from=SENDERS.whatsapp,
        twilio_sms_from=SENDERS.sms,
    )
    return server_app.build(house, config)


async def _approve(owner_url: str, clock: VirtualClock) -> dict[str, str]:
    """The catalogue as approved templates, in the database and at the stand-in."""
    owner = Database(owner_url, pool_size=2)
    await owner.connect()
    try:
        async with owner.transaction() as tx:
            for type_, language in catalogue.TEXTS:
                sid = content_sid(type_, language)
                template = MessageTemplate(
                    type=type_, language=language, content_sid=sid, body=None, updated_at=clock.now()
                )
                await agencies.set_template(tx, None, template)
    finally:
        await owner.disconnect()
    return {content_sid(type_, language): text for (type_, language), text in catalogue.TEXTS.items()}
