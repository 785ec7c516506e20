"""Where the measurements play: real servers and processes, and an agency that nothing holds back."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from migrations import run as migrations
from sandbox.services import Postgres, Valkey, free_port
from tests.processes import House, processes, wait_for
from tests.world import approve_templates, make_agency
from travel.database import Database

PUSH_TOKEN = "push-token-of-the-benchmark"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Running processes and an agency with a key."""

    house: House
    valkey: Valkey
    owner_url: str
    """PostgreSQL as the owner of the tables."""
    db: Database
    agency_id: UUID
    key: str


class Staged:
    """`async with`: servers, processes, and an agency without caps and quiet hours.

    With `swift_ms`, Twilio is `benchmarks.swift`, which answers after so many milliseconds and does nothing else.
    """

    def __init__(self, *, speed: float = 1, swift_ms: float | None = None, **environment: str) -> None:
        self._speed, self._swift_ms, self._environment = speed, swift_ms, environment

    async def __aenter__(self) -> Stage:
        self._scope = self._services()
        postgres, valkey, house = next(self._scope)
        self._db = Database(postgres.owner_url.replace("//bauhaus_owner:", "//bauhaus_login:"), pool_size=8)
        owner = Database(postgres.owner_url, pool_size=2)
        await self._db.connect()
        await owner.connect()
        templates = await approve_templates(owner, house.clock)  # type: ignore[arg-type]
        await owner.disconnect()
        house.control("PUT", "templates", templates)
        agency, key = await make_agency(self._db, house.clock, "Norte Viajes")  # type: ignore[arg-type]
        async with self._db.transaction(agency.id) as tx:
            await tx.run(
                """
                UPDATE agencies_settings SET quiet_hours_start = '00:00', quiet_hours_end = '00:00',
                  max_notifications_per_hour = 100000, max_notifications_per_day = 100000
                """
            )
        return Stage(
            house=house, valkey=valkey, owner_url=postgres.owner_url, db=self._db, agency_id=agency.id, key=key
        )

    async def __aexit__(self, *_: object) -> None:
        await self._db.disconnect()
        for _ in self._scope:
            raise AssertionError("the services end once")

    def _services(self) -> Iterator[tuple[Postgres, Valkey, House]]:
        with Postgres.start(durable=True) as postgres, Valkey.start() as valkey:
            app_url = postgres.owner_url.replace("//bauhaus_owner:", "//bauhaus_login:")
            migrations.upgrade(postgres.owner_url)
            migrations.admit(postgres.owner_url, app_url)
            changes = {
                "AEROAPI_WEBHOOK_TOKEN": PUSH_TOKEN,
                "TWILIO_TOTAL_TIMEOUT_SECONDS": "15",
                "DELIVERY_LEASE_SECONDS": "25",
                "SWEEP_SECONDS": "1",
                "DATABASE_POOL_SIZE": "10",
                # A few keys ask as fast as they can; what a client may take is not what is measured.
                "REQUESTS_PER_MINUTE": "1000000000",
                **self._environment,
            }
            swift = free_port()
            if self._swift_ms is not None:
                changes["TWILIO_URL"] = f"http://127.0.0.1:{swift}"
            with processes(app_url, valkey.url, speed=self._speed, **changes) as house:
                if self._swift_ms is not None:
                    house.start(
                        "swift", "--port", str(swift), "--wait-ms", str(self._swift_ms), module="benchmarks.swift"
                    )
                    wait_for(f"http://127.0.0.1:{swift}/")
                yield postgres, valkey, house
