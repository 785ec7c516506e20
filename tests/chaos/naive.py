"""A sender as one writes it first: look what is due, send it, try again on any error, then write down that it was sent.

It has no claim, no fence and no look-up. The checker must find what it sends twice: one that cannot find anything proves
nothing.
"""

import asyncio
from uuid import UUID

import httpx

from jobs import delivery, landing, polling, timers
from jobs.context import Context, open_context
from jobs.timers import Timer
from travel import config
from travel.records import outbox

TRIES = 5


async def send_what_is_due(context: Context) -> int:
    """One look and its messages, one after the other."""
    now = context.clock.now()
    async with context.db.transaction() as tx:
        agencies = await outbox.agencies_with_due(tx, now)
    sent = 0
    for agency_id in agencies:
        async with context.db.transaction(agency_id) as tx:
            rows = await tx.all(
                "SELECT id, recipient, notification_type, body FROM notifications_log WHERE status = 'PENDING' AND due_at <= :now LIMIT 50",
                now=now,
            )
        for row in rows:
            sent += await _send(context, agency_id, row["id"], row["recipient"], row["notification_type"], row["body"])
    return sent


async def _send(context: Context, agency_id: UUID, id_: UUID, phone: str, type_: str, body: str) -> int:
    loaded = config.load()
    form = {
        "To": f"whatsapp:{phone}",
        "From": f"whatsapp:{loaded.twilio_whatsapp_from}",
        "Body": body,
        "StatusCallback": f"{loaded.public_base}/webhooks/twilio/status/naive?type={type_}",
    }
    account = (loaded.twilio_account_sid, loaded.twilio_auth_token.get_secret_value())
    address = f"{str(loaded.twilio_url).rstrip('/')}/2010-04-01/Accounts/{account[0]}/Messages.json"
    async with httpx.AsyncClient(auth=account, timeout=loaded.twilio_total_timeout_seconds, trust_env=False) as client:
        for _ in range(TRIES):
            try:
                if (await client.post(address, data=form)).status_code == 201:
                    break
            except httpx.HTTPError:
                continue
    async with context.db.transaction(agency_id) as tx:
        await tx.run("UPDATE notifications_log SET status = 'SENT', reason = NULL WHERE id = :id", id=id_)
    return 1


async def main() -> None:
    """Everything else is the real worker's."""
    loaded = config.load()
    async with open_context(loaded) as context:
        deeds = (polling.check_due_flights, landing.check_due_landings, delivery.sweep_webhooks, send_what_is_due)
        await timers.run(context, [Timer(deed=deed, every=0.2) for deed in deeds], asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main())
