"""What every job needs: made once per process, closed with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from arq.connections import ArqRedis

from travel import delivery, enqueue, metrics, readiness
from travel.aeroapi import AeroApi
from travel.cadence import PUSHED, Cadence
from travel.clock import Clock
from travel.config import Config, ConfigError
from travel.database import STARTING_SECONDS, Database
from travel.delivery import Carrier
from travel.enqueue import Wakeups
from travel.model import Channel
from travel.pace import Pace, Rate
from travel.throttle import Throttle
from travel.tracking import AEROAPI, Watcher
from travel.twilio import Senders, Twilio


@dataclass(frozen=True, kw_only=True)
class Context:
    """The process's means."""

    db: Database
    watcher: Watcher
    carrier: Carrier
    wakeups: Wakeups
    clock: Clock
    rounds: "dict[UUID, asyncio.Task[None]]" = field(default_factory=dict)
    """Agencies whose due messages this process is handing over at the moment, by the sweep's word."""


def aeroapi_of(config: Config) -> AeroApi:
    """The gateway to AeroAPI that a configuration describes."""
    return AeroApi.open(
        url=str(config.aeroapi_url),
        key=config.aeroapi_key.get_secret_value(),
        timeout_seconds=config.aeroapi_timeout_seconds,
    )


def twilio_of(config: Config) -> Twilio:
    """The gateway to Twilio that a configuration describes."""
    return Twilio.open(
        url=str(config.twilio_url),
        account_sid=config.twilio_account_sid,
        auth_token=config.twilio_auth_token.get_secret_value(),
        senders=Senders(whatsapp=config.twilio_whatsapp_from, sms=config.twilio_sms_from),
        connect_seconds=config.twilio_connect_timeout_seconds,
        read_seconds=config.twilio_read_timeout_seconds,
        total_seconds=config.twilio_total_timeout_seconds,
        concurrency=config.twilio_concurrency,
    )


def pace_of(config: Config, db: Database, twilio: Twilio, redis: ArqRedis | None) -> Pace:
    """How fast the configured senders may write."""
    rates = {Channel.WHATSAPP: config.twilio_whatsapp_per_second, Channel.SMS: config.twilio_sms_per_second}
    return Pace(
        db=db,
        throttle=Throttle(redis) if redis is not None else None,
        rates={twilio.sender(channel): Rate.per_second(rate) for channel, rate in rates.items() if twilio.can(channel)},
    )


TIERS = {
    "personal": {AEROAPI: Rate.within(10, 60)},
    "standard": {AEROAPI: Rate.within(5, 1)},
    "premium": {AEROAPI: Rate.within(100, 1)},
    "unlimited": {},
}
"""Result sets that AeroAPI's tiers allow, as its price page of 2026-09 has them."""


def watcher_of(
    config: Config, db: Database, source: AeroApi, wakeups: Wakeups, clock: Clock, redis: ArqRedis | None
) -> Watcher:
    """How flights are looked at. Raises ConfigError."""
    try:
        cadence = (PUSHED if config.aeroapi_pushes else Cadence()).but(config.aeroapi_cadence)
    except ValueError as wrong:
        raise ConfigError(f"AEROAPI_CADENCE is not usable: {wrong}.") from None
    return Watcher(
        db=db,
        source=source,
        wakeups=wakeups,
        clock=clock,
        pace=Pace(
            db=db,
            throttle=Throttle(redis) if redis is not None else None,
            rates=TIERS[config.aeroapi_tier],
            counter=metrics.looks_paced,
        ),
        dollars=config.aeroapi_dollars_per_result_set,
        daily_budget=config.aeroapi_daily_budget_usd,
        cadence=cadence,
    )


@asynccontextmanager
async def open_context(config: Config) -> AsyncIterator[Context]:
    """Connect to everything, or say in one line what is wrong; close it at the end."""
    db = Database(config.database_url.get_secret_value(), pool_size=config.database_pool_size)
    await db.connect(patience=STARTING_SECONDS)
    redis = enqueue.connect(config.redis_url.get_secret_value()) if config.redis_url else None
    source, twilio, clock = aeroapi_of(config), twilio_of(config), config.clock()
    wakeups = Wakeups(redis)
    try:
        await readiness.verify(db)
        await db.correct(clock)
        yield Context(
            db=db,
            watcher=watcher_of(config, db, source, wakeups, clock, redis),
            carrier=delivery.Carrier(
                db=db,
                twilio=twilio,
                clock=clock,
                public_base=config.public_base,
                lease=timedelta(seconds=config.delivery_lease_seconds),
                settling=timedelta(seconds=config.settling_seconds),
                receipt=timedelta(seconds=config.receipt_seconds),
                places=delivery.Places(config.twilio_concurrency),
                pace=pace_of(config, db, twilio, redis),
            ),
            wakeups=wakeups,
            clock=clock,
        )
    finally:
        await source.close()
        await twilio.close()
        if redis is not None:
            await redis.aclose(close_connection_pool=True)
        await db.disconnect()
