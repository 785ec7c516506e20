"""Who hears what: for one trip, the difference between what the traveller was told and what is true.

Pure and idempotent: planning again after a plan was carried out plans nothing. Every decision compares the newest fact
with what was last *told*; what was decided and never sent keeps a reason.
"""

from travel.audience.case import (
    CANCELLATION,
    HEARD,
    Case,
    End,
    KnowGate,
    Move,
    Step,
    Tell,
    has_newer_word,
    heard,
    idempotency_hash,
    told,
)
from travel.audience.rules import left_behind, plan
from travel.audience.wanted import wanted_looks

__all__ = [
    "CANCELLATION",
    "HEARD",
    "Case",
    "End",
    "KnowGate",
    "Move",
    "Step",
    "Tell",
    "has_newer_word",
    "heard",
    "idempotency_hash",
    "left_behind",
    "plan",
    "told",
    "wanted_looks",
]
