"""Two agencies with a row in every table, and eyes that no policy binds."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.conftest import Services
from tests.world import ANA, World
from travel import booking, tenancy, tracking
from travel.database import Database
from travel.model import Agency, Channel, Language, NotificationType, SendingPause, Trip
from travel.records import pauses


@dataclass(frozen=True, kw_only=True)
class Tenants:
    """Two agencies, the database as the application sees it, and as nobody's policy hides it."""

    ours: Agency
    theirs: Agency
    app: Database
    god: Database


@pytest.fixture(scope="session")
async def god(services: Services) -> AsyncIterator[Database]:
    """The same database as a superuser sees it: nothing is hidden."""
    database = Database(services.postgres.superuser_url.removesuffix("/postgres") + "/bauhaus", pool_size=2)
    await database.connect()
    yield database
    await database.disconnect()


@pytest.fixture
async def tenants(world: World, god: Database) -> Tenants:
    """Each row is made by the product's own actions, so that the matrix runs over what really is written."""
    departure = world.clock.now() + timedelta(hours=30)
    world.fly("ARG1303", departure)
    theirs, _ = await world.another_agency()
    for agency in (world.agency, theirs):
        trip = await world.book(departure=departure, agency_id=agency.id, phone=ANA)
        await _fill(world, agency, trip)
    await world.settle()
    await world.sandbox.twilio.inbound(f"whatsapp:{ANA}", "BAJA")
    await world.settle()
    return Tenants(ours=world.agency, theirs=theirs, app=world.db, god=god)


async def _fill(world: World, agency: Agency, trip: Trip) -> None:
    db, clock = world.db, world.clock
    sid = "HX" + "a" * 32
    await tenancy.set_template(db, clock, agency.id, NotificationType.DELAYED, Language.EN, sid, None)
    await tracking.record_by_hand(db, world.house.wakeups, clock, agency.id, trip.id, {"terminal_origin": "A"})
    await booking.set_opt_out(db, clock, agency.id, "+5491155550199", opted_out=True)
    async with db.transaction(agency.id) as tx:
        pause = SendingPause(
            channel=Channel.SMS,
            error_code=21703,
            error_message="no sender",
            paused_at=clock.now(),
            probe_at=clock.now() + timedelta(days=9),
            probes=0,
            awaits_receipt=False,
        )
        await pauses.begin(tx, agency.id, pause)
