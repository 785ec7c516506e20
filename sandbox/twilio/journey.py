"""What becomes of a message after Twilio took it: which status it reaches when."""

from dataclasses import dataclass
from random import Random

EXPIRED_IN_QUEUE = 30036
# Failures the carrier reports after it got the message; with any other code Twilio never handed it over.
AFTER_HANDOVER = frozenset({30003, 30004, 30005, 30006, 30007, 30008, 30017, 30410, 63032, 63049})
READ_RATE = 0.6


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The status a message reaches `after_s` seconds after its start."""

    after_s: float
    status: str
    code: int | None = None


def plan(
    *,
    whatsapp: bool,
    first: str,
    dice: Random,
    failure: int | None = None,
    silent: bool = False,
    queue_s: float = 0.0,
    validity_s: float = 36_000.0,
) -> list[Stage]:
    """The stages after the initial status `first`, in order of time.

    | case | stages |
    |---|---|
    | SMS | sending, sent, delivered |
    | WhatsApp | sending, sent, delivered, mostly read |
    | first is `scheduled` or `accepted` | `accepted`, `queued` come in between |
    | waits in the queue longer than it is valid | failed with 30036 |
    | failure before handover to the carrier | sending, failed |
    | failure after it | sending, sent, undelivered |
    | silent | sending, sent, and nothing more |
    """
    stages: list[Stage] = []
    passed = 0.0

    def then(status: str, least_s: float, most_s: float, code: int | None = None) -> None:
        nonlocal passed
        passed += dice.uniform(least_s, most_s)
        stages.append(Stage(after_s=passed, status=status, code=code))

    if first == "scheduled":
        then("accepted", 0, 0)
    if first in ("scheduled", "accepted"):
        then("queued", 0.1, 0.5)
    if queue_s > validity_s:
        return [*stages, Stage(after_s=max(passed, validity_s), status="failed", code=EXPIRED_IN_QUEUE)]
    then("sending", queue_s + 0.2, queue_s + 1)
    if failure is not None and failure not in AFTER_HANDOVER:
        then("failed", 0.2, 1, failure)
        return stages
    then("sent", 0.3, 1.5)
    if failure is not None:
        then("undelivered", 1, 5, failure)
    elif not silent:
        then("delivered", 1, 5)
        if whatsapp and dice.random() < READ_RATE:
            then("read", 3, 60)
    return stages
