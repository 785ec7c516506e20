"""The whole product in one process: real database, real queue, real clients against the stand-ins, a clock moved by hand.

The server is mounted as the receiver of the stand-in's callbacks, the jobs run in a real arq worker, and time jumps from
one due moment to the next, so that a day of flights takes seconds and nothing ever sleeps.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from arq.connections import ArqRedis
from arq.constants import default_queue_name
from starlette.applications import Starlette

from cli.demo import content_sid
from graph.context import House
from graph.live import Hub
from jobs import delivery as delivery_jobs
from jobs import landing, polling, upkeep
from jobs.context import Context
from jobs.guard import guarded
from jobs.worker import arq_worker
from sandbox.app import Sandbox
from server import app as server_app
from travel import booking, catalogue, delivery, enqueue, tenancy
from travel.aeroapi import AeroApi
from travel.booking_form import TripForm
from travel.clock import VirtualClock
from travel.config import Config
from travel.database import Database
from travel.delivery import Carrier
from travel.enqueue import Wakeups
from travel.model import Agency, Language, MessageTemplate, Notification, Role, Trip
from travel.pace import Pace
from travel.records import agencies, history, notifications, outbox
from travel.tracking import Watcher
from travel.twilio import Senders, Twilio

ACCOUNT, TOKEN = "AC0123456789abcdef0123456789abcdef", "token-of-the-stand-in"
PUBLIC = "https://bauhaus.example"
ANA = "+5491155550101"


@dataclass(kw_only=True)
class World:
    """Everything, and a few verbs to act on it."""

    db: Database
    clock: VirtualClock
    sandbox: Sandbox
    house: House
    context: Context
    server: Starlette
    http: httpx.AsyncClient
    config: Config
    redis: ArqRedis
    agency: Agency
    key: str
    crash_at: Callable[[str], None] = field(default=lambda _: None)

    async def another_agency(self, name: str = "Sur Viajes") -> tuple[Agency, str]:
        """A second tenant and an ADMIN key of it."""
        return await make_agency(self.db, self.clock, name)

    async def book(self, ident: str = "AR1303", *, agency_id: UUID | None = None, **given: Any) -> Trip:
        """A trip of Ana's from Ezeiza to Miami, departing a day after tomorrow, unless said otherwise."""
        departure = given.pop("departure", self.clock.now() + timedelta(days=2))
        form = TripForm(
            traveller_name=given.pop("name", "Ana Pérez"),
            phone=given.pop("phone", ANA),
            language=given.pop("language", Language.ES),
            flight=ident,
            origin=given.pop("origin", "EZE"),
            destination=given.pop("destination", "MIA"),
            departure=departure.isoformat() if isinstance(departure, datetime) else departure,
            **given,
        )
        return await booking.create_trip(self.db, self.house.wakeups, self.clock, agency_id or self.agency.id, form)

    def fly(self, ident: str, departure: datetime, *timeline: tuple[timedelta, dict[str, Any]], **fields: Any) -> str:
        """Put a flight of two hours on the stand-in's stage; the timeline is relative to its departure."""
        fa_flight_id = fields.pop("fa_flight_id", f"{ident}-{int(departure.timestamp())}-airline-0001")
        hours = fields.pop("hours", 2)
        off, on = departure + timedelta(minutes=10), departure + timedelta(hours=hours, minutes=-10)
        line = {
            "fa_flight_id": fa_flight_id,
            "ident": ident,
            "ident_icao": ident,
            "origin": "SAEZ",
            "destination": "KMIA",
            "scheduled_out": text(departure),
            "scheduled_off": text(off),
            "scheduled_on": text(on),
            "scheduled_in": text(departure + timedelta(hours=hours)),
            **fields,
            "timeline": [{"at": text(departure + at), "set": shown(change)} for at, change in timeline],
        }
        self.sandbox.scenario.add([line])
        return fa_flight_id

    async def settle(self) -> None:
        """Do all that is due now: wake-ups in the queue, what the timers would find, and what the stand-ins call back or push."""
        for _ in range(50):
            done = await self._sweep()
            done += await self._run_queue()
            done += await self.sandbox.pump()
            if not done:
                return
        raise AssertionError("the house does not come to rest")

    async def _sweep(self) -> int:
        deeds = (
            polling.check_due_flights,
            landing.check_due_landings,
            sweep_notifications,
            sweep_strays,
            delivery_jobs.sweep_webhooks,
            upkeep.replan_changed_agencies,
        )
        return sum([await deed(self.context) for deed in deeds])

    async def _run_queue(self) -> int:
        if not await self.redis.zcard(default_queue_name):
            return 0
        worker = arq_worker(self.context, self.redis, burst=True)
        await worker.async_run()
        return worker.jobs_complete + worker.jobs_failed

    async def play(self, until: datetime, *, beat: timedelta = timedelta(seconds=1)) -> None:
        """Let the world go on, from one due moment to the next, in steps of at least `beat`."""
        await self.settle()
        while (moment := await self._next_moment()) is not None and moment <= until:
            self.clock.move_to(min(until, max(moment, self.clock.now() + beat)))
            await self.settle()
        self.clock.move_to(until)
        await self.settle()

    async def _next_moment(self) -> datetime | None:
        async with self.db.transaction() as tx:
            looks = await tx.value("SELECT min(next_check_at) FROM flights")
            everyone = await agencies.everyone(tx)
        moments = [looks, self.sandbox.next_due()]
        for agency_id, _, _ in everyone:
            async with self.db.transaction(agency_id) as tx:
                moments.append(
                    await tx.value(
                        """
                        SELECT min(coalesce(receipt_due_at, settle_at, due_at)) FROM notifications_log
                        WHERE status = 'PENDING' OR settle_at IS NOT NULL OR receipt_due_at IS NOT NULL
                        """
                    )
                )
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the stand-in for Twilio took, in order."""
        return self.sandbox.twilio.ledger.lines

    def heard(self, phone: str = ANA) -> list[str]:
        """The types of the messages that a phone was sent, in order."""
        return [line["type"] for line in self.messages if line["to"] == phone]

    async def decided(self, trip: Trip) -> list[Notification]:
        """All notifications of a trip, oldest first."""
        async with self.db.transaction(trip.agency_id) as tx:
            return (await notifications.of_trips(tx, trip.agency_id, [trip.id]))[trip.id]

    async def history(self, trip: Trip) -> list[Any]:
        """The flight's records, oldest first."""
        async with self.db.transaction(trip.agency_id) as tx:
            rows = await tx.all(
                f"SELECT {history.COLUMNS} FROM flight_status_history WHERE flight_id = :id ORDER BY ordinal",
                id=trip.flight_id,
            )
        return [history.from_row(row) for row in rows]

    async def ask(self, document: str, key: str | None = None, **variables: Any) -> dict[str, Any]:
        """One GraphQL operation over HTTP; its whole answer."""
        response = await self.http.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {key or self.key}"},
        )
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, document: str, key: str | None = None, **variables: Any) -> dict[str, Any]:
        """The data of an operation that must not fail."""
        answer = await self.ask(document, key, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data


async def sweep_notifications(context: Context) -> int:
    """What the rounds of one process do, waited for; how many messages were seen to."""
    async with context.db.transaction() as tx:
        due = await outbox.agencies_with_due(tx, context.clock.now())
    seen = 0

    async def deliver(agency_id: UUID) -> None:
        nonlocal seen
        seen += await delivery.deliver(context.carrier, agency_id)

    async with asyncio.TaskGroup() as group:
        for agency_id in due:
            group.create_task(guarded("deliver_due", deliver(agency_id)))
    return seen


async def sweep_strays(context: Context) -> int:
    """What the sweeps for messages of which nobody hears do."""
    sweeps = delivery_jobs.sweep_orphans, delivery_jobs.sweep_unknown, delivery_jobs.sweep_unconfirmed
    return sum([await sweep(context) for sweep in sweeps])


def text(instant: datetime) -> str:
    """An instant as AeroAPI writes it."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def shown(change: dict[str, Any]) -> dict[str, Any]:
    """Values of a timeline as JSON."""
    return {name: text(value) if isinstance(value, datetime) else value for name, value in change.items()}


async def make_agency(db: Database, clock: VirtualClock, name: str) -> tuple[Agency, str]:
    """An agency and an ADMIN key of it."""
    agency = await tenancy.create_agency(db, clock, name=name, email="hola@agency.example", country="AR")
    made = await tenancy.create_key(db, clock, agency.id, name="test", role=Role.ADMIN, expires_at=None)
    return agency, made.secret


async def approve_templates(owner: Database, clock: VirtualClock) -> dict[str, str]:
    """The default templates in the database, and the same as the stand-in knows them."""
    async with owner.transaction() as tx:
        for type_, language in catalogue.TEXTS:
            sid = content_sid(type_, language)
            await agencies.set_template(
                tx,
                None,
                MessageTemplate(type=type_, language=language, content_sid=sid, body=None, updated_at=clock.now()),
            )
    return {content_sid(type_, language): body for (type_, language), body in catalogue.TEXTS.items()}


def configuration(redis_url: str) -> Config:
    """The configuration of the process under test."""
    return Config(
        database_url="postgresql://unused",  # type: ignore[arg-type]
        redis_url=redis_url,  # type: ignore[arg-type]
        public_url=PUBLIC,  # type: ignore[arg-type]
        aeroapi_key="key-of-the-stand-in",  # type: ignore[arg-type]
        aeroapi_webhook_token="push-token-of-the-tests",  # type: ignore[arg-type]
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=TOKEN,  # type: ignore[arg-type]
        twilio_whatsapp_from="+14155550100",
        twilio_sms_from="+14155550199",
    )


@asynccontextmanager
async def open_world(db: Database, owner: Database, clock: VirtualClock, redis_url: str) -> AsyncIterator[World]:
    """Wire everything together, as `jobs.context` and `server.app` do it for real processes."""
    config = configuration(redis_url)
    redis = enqueue.connect(redis_url)
    await redis.flushall()
    hub = Hub(db)
    house = House(db=db, wakeups=Wakeups(redis), clock=clock, hub=hub)
    server = server_app.build(house, config)
    receiver = httpx.ASGITransport(server)
    http = httpx.AsyncClient(transport=receiver, base_url=PUBLIC)
    sandbox = Sandbox(
        clock.now,
        twilio_accounts={ACCOUNT: TOKEN},
        aeroapi_keys={"key-of-the-stand-in"},
        callbacks=receiver,
        inbound_url=f"{PUBLIC}/webhooks/twilio/inbound",
    )
    mounted = httpx.ASGITransport(sandbox.app)
    source = AeroApi.open(
        url="http://stand-in/aeroapi", key="key-of-the-stand-in", timeout_seconds=5, transport=mounted
    )
    twilio = Twilio.open(
        url="http://stand-in",
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        senders=Senders(whatsapp="+14155550100", sms="+14155550199"),
        connect_seconds=1,
        read_seconds=2,
        total_seconds=3,
        concurrency=20,
        transport=mounted,
    )
    sandbox.twilio.templates.update(await approve_templates(owner, clock))
    agency, key = await make_agency(db, clock, "Norte Viajes")
    carrier = Carrier(
        db=db,
        twilio=twilio,
        clock=clock,
        public_base=PUBLIC,
        lease=timedelta(seconds=25),
        settling=timedelta(seconds=180),
        pace=Pace(db=db, throttle=None, rates={}),
    )
    watcher = Watcher(
        db=db,
        source=source,
        wakeups=house.wakeups,
        clock=clock,
        pace=Pace(db=db, throttle=None, rates={}),
        dollars=0.005,
    )
    context = Context(db=db, watcher=watcher, carrier=carrier, wakeups=house.wakeups, clock=clock)
    try:
        async with http:
            yield World(
                db=db,
                clock=clock,
                sandbox=sandbox,
                house=house,
                context=context,
                server=server,
                http=http,
                config=config,
                redis=redis,
                agency=agency,
                key=key,
            )
    finally:
        await source.close()
        await twilio.close()
        await redis.aclose(close_connection_pool=True)
