"""What travellers write back."""

from travel.delivery.carrier import Carrier
from travel.model import Channel, OptOutSource
from travel.records import inbox, travellers, trips
from travel.records.inbox import Webhook

STOP_WORDS = frozenset(
    {
        "STOP",
        "BAJA",
        "PARAR",
        "CANCELAR",
        "CANCEL",
        "UNSUBSCRIBE",
        "END",
        "QUIT",
        "STOPALL",
        "REVOKE",
        "OPTOUT",
        "SAIR",
    }
)
START_WORDS = frozenset({"START", "ALTA", "UNSTOP", "VOLTAR"})


async def listen(carrier: Carrier, webhook: Webhook) -> None:
    """A traveller wrote: the window of free text opens, and a word to stop or start is obeyed by every agency concerned."""
    body, now = webhook.body, webhook.received_at
    sender = body["From"]
    channel = Channel.WHATSAPP if sender.startswith("whatsapp:") else Channel.SMS
    phone = sender.removeprefix("whatsapp:")
    text = body.get("Body", "")
    word = text.strip().strip(".!¡").upper()
    async with carrier.db.transaction() as tx:
        if not await inbox.finish(tx, [webhook.id], carrier.clock.now()):
            return
        for agency_id in await trips.agencies_of_phone(tx, phone):
            await tx.become(agency_id)
            await travellers.wrote(
                tx,
                agency_id,
                message_sid=body["MessageSid"],
                phone=phone,
                channel=channel,
                body=text.replace("\x00", "")[:4096],
                now=now,
            )
            if word in STOP_WORDS:
                await travellers.opt_out(tx, agency_id, phone, OptOutSource.TRAVELLER, now)
            elif word in START_WORDS:
                await travellers.opt_in(tx, agency_id, phone)
