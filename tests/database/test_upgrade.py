"""The step from each release to the next, with the data of a working agency in it: nothing is lost, and work goes on."""

import asyncpg
import pytest

from migrations import run as migrations
from tests.conftest import Services
from tests.database.test_database import at, scratch
from travel import readiness
from travel.clock import RealClock
from travel.database import Database
from travel.model import NotificationStatus
from travel.records import attempts, notifications, outbox

STATES = {
    # How a message stands in the old release: what it must have beside it.
    "PENDING": "",
    "SENDING": "lease_until = clock_timestamp() - interval '1 s'",
    "UNKNOWN": "settle_at = clock_timestamp() - interval '1 s'",
    "SENT": "accepted_at = clock_timestamp()",
    "DELIVERED": "accepted_at = clock_timestamp(), delivered_at = clock_timestamp()",
    "FAILED": "reason = 'ATTEMPTS_EXHAUSTED'",
    "SUPPRESSED": "reason = 'OPTED_OUT'",
}

AN_AGENCY_AT_WORK = """
INSERT INTO agencies (id, name, email, country, created_at)
VALUES ('00000000-0000-0000-0000-00000000000a', 'Norte', 'a@b.example', 'AR', now());
INSERT INTO agencies_settings (agency_id, updated_at) VALUES ('00000000-0000-0000-0000-00000000000a', now());
INSERT INTO feed_heads (agency_id, sequence) VALUES ('00000000-0000-0000-0000-00000000000a', 1);
INSERT INTO events (agency_id, sequence, kind, occurred_at)
VALUES ('00000000-0000-0000-0000-00000000000a', 1, 'SETTINGS_UPDATED', now());
INSERT INTO webhook_inbox (provider, dedupe_key, body, received_at) VALUES ('TWILIO_STATUS', 'k', '{"token": "t"}', now());
"""

A_MESSAGE = """
INSERT INTO notifications_log (id, agency_id, notification_type, idempotency_hash, status, reason, due_at, expires_at, channel,
  language, recipient, body, fence, created_at, updated_at, lease_until)
VALUES ($1, '00000000-0000-0000-0000-00000000000a', 'TEST', sha256(CAST($3 AS bytea)), $2,
  CASE WHEN $2 IN ('FAILED', 'SUPPRESSED') THEN 'OPTED_OUT' END, now(), now() + interval '1 day', 'WHATSAPP', 'ES', '+5491155550101',
  'Hola', 1, now(), now(), CASE WHEN $2 = 'SENDING' THEN now() END)
"""

ITS_ATTEMPT = """
INSERT INTO delivery_attempts (notification_id, agency_id, number, fence, token, channel, started_at)
VALUES ($1, '00000000-0000-0000-0000-00000000000a', 1, 1, $2, 'WHATSAPP', now())
"""


@pytest.mark.parametrize("release", ["0001", "0002", "0003"])
async def test_a_release_with_data_in_it_goes_on_working_after_the_step_to_the_newest(
    services: Services, release: str
) -> None:
    async with scratch(services, migrated=False) as name:
        migrations.upgrade(at(services.owner_url, name), release)
        god = await asyncpg.connect(at(services.postgres.superuser_url, name))
        await god.execute(AN_AGENCY_AT_WORK)
        ids = {}
        for number, (status, beside) in enumerate(STATES.items(), start=1):
            ids[status] = f"00000000-0000-0000-0000-0000000000{number:02}"
            await god.execute(A_MESSAGE, ids[status], status, bytes([number]))
            await god.execute(ITS_ATTEMPT, ids[status], f"token-{number}")
            if beside:
                await god.execute(f"UPDATE notifications_log SET {beside} WHERE id = $1", ids[status])
        migrations.upgrade(at(services.owner_url, name))
        agency_id = await god.fetchval("SELECT id FROM agencies")
        kept = await god.fetch("SELECT id, status FROM notifications_log ORDER BY id")
        await god.close()
        assert [(str(row["id"]), row["status"]) for row in kept] == [(id_, status) for status, id_ in ids.items()]

        db = Database(at(services.app_url, name), pool_size=2)
        await db.connect()
        try:
            await readiness.verify(db)
            now = RealClock().now()
            async with db.transaction() as tx:
                assert await outbox.agencies_with_due(tx, now) == [agency_id]
                strays = await outbox.strays(tx, now, 10)
            assert {each.status for each in strays} == {NotificationStatus.SENDING, NotificationStatus.UNKNOWN}
            async with db.transaction(agency_id) as tx:
                tried = await attempts.of(tx, agency_id, [row["id"] for row in kept])
                found = await notifications.many(tx, agency_id, [row["id"] for row in kept])
            assert len(found) == len(STATES)
            assert all(attempt.counted for tries in tried.values() for attempt in tries)
        finally:
            await db.disconnect()
