"""Watching flights: `looking` is what the clock asks for, `asking` what people and the source itself ask for."""

from travel.tracking.asking import BY_HAND, check_trip, push, record_by_hand
from travel.tracking.looking import Look, check_flight, observe, replan_agency

__all__ = ["BY_HAND", "Look", "check_flight", "check_trip", "observe", "push", "record_by_hand", "replan_agency"]
