"""Watching flights: what the clock asks for, what people and the source itself ask for, and what comes of it.

`looking` takes what is due, `resolving` asks AeroAPI, `observing` writes down and decides. `asking` is what somebody outside may
want, `replanning` follows an agency's settings.
"""

from travel.tracking.asking import BY_HAND, check_trip, push, record_by_hand
from travel.tracking.looking import check_flight
from travel.tracking.observing import Payment, observe
from travel.tracking.replanning import replan_agency
from travel.tracking.resolving import Look
from travel.tracking.watcher import AEROAPI, Watcher

__all__ = [
    "AEROAPI",
    "BY_HAND",
    "Look",
    "Payment",
    "Watcher",
    "check_flight",
    "check_trip",
    "observe",
    "push",
    "record_by_hand",
    "replan_agency",
]
