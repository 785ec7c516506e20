"""Asking AeroAPI about one flight: the pinned id first; where it is gone, or none is pinned, the ident."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from travel import metrics, status
from travel.aeroapi import AeroApi, Answer, LookFailedError, LookFailure
from travel.model import Flight, FlightSnapshot

WINDOW_AHEAD = timedelta(hours=47, minutes=45)
"""How far ahead a window may reach: AeroAPI refuses exactly 48 hours. Its end does not belong to it, and we ask from 47 hours on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What AeroAPI brought: a snapshot of the flight, or why there is none; and what was charged."""

    asked_at: datetime
    snapshot: FlightSnapshot | None
    failure: LookFailedError | None
    result_sets: int


async def ask(source: AeroApi, flight: Flight, now: datetime) -> Look:
    """One look. It never raises for what AeroAPI may answer."""
    charged = 0
    try:
        if flight.fa_flight_id is not None:
            answer = await _pinned(source, flight.fa_flight_id)
            charged += answer.result_sets
            snapshot = _match(flight, answer)
            if snapshot is not None:
                return Look(asked_at=now, snapshot=snapshot, failure=None, result_sets=charged)
        answer = await _resolve(source, flight, now)
        charged += answer.result_sets
        snapshot = _match(replace(flight, fa_flight_id=None), answer)
        if snapshot is not None:
            return Look(asked_at=now, snapshot=snapshot, failure=None, result_sets=charged)
        failure = LookFailedError(
            LookFailure.NO_MATCH, "AeroAPI knows no such flight on this route near this departure"
        )
    except LookFailedError as failed:
        failure = failed
        # Of all errors only a 404 is billed.
        charged += failed.kind is LookFailure.NOT_FOUND
    return Look(asked_at=now, snapshot=None, failure=failure, result_sets=charged)


async def _pinned(source: AeroApi, fa_flight_id: str) -> Answer:
    """The pinned flight; an id that AeroAPI does not take any more is as good as gone."""
    try:
        return await source.by_id(fa_flight_id)
    except LookFailedError as failed:
        if failed.kind is not LookFailure.UNKNOWN_IDENT and failed.kind is not LookFailure.NOT_FOUND:
            raise
        return Answer(snapshots=(), result_sets=1 if failed.kind is LookFailure.NOT_FOUND else 0)


async def _resolve(source: AeroApi, flight: Flight, now: datetime) -> Answer:
    # The newest timetable counts: a flight that was moved by hours may get a new id.
    around = status.best_scheduled(flight.state, flight.booked_departure_at)
    start, end = around - status.MATCH_WITHIN, around + status.MATCH_WITHIN
    # Until the flight itself can be seen, a neighbour that is seen already would be taken for it.
    if around >= now + WINDOW_AHEAD:
        raise LookFailedError(LookFailure.NO_MATCH, "too far ahead for AeroAPI")
    return await source.by_ident(flight.ident, start, min(end, now + WINDOW_AHEAD))


def _match(flight: Flight, answer: Answer) -> FlightSnapshot | None:
    for leg in answer.snapshots:
        if not status.is_known_text(str(leg.raw.get("status") or "unknown")):
            metrics.odd_statuses.inc()
    return status.match(flight, answer.snapshots)
