"""The report of a replay: what the scenario says beside what the system did, counted from its tables and from Twilio's ledger."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import mean
from typing import Any

from cli.replay.house import Replay
from cli.replay.play import Cast, Span
from cli.replay.truth import Truth, named, their_flight, truth_of
from sandbox.scenario import Flight, Scenario, Traveller
from travel.records import agencies

Line = Mapping[str, Any]
PRICE, PUSH_PRICE = 0.005, 0.02
PROMISE = 120
ENDED_SILENT = "status IN ('SUPPRESSED', 'SUPERSEDED', 'EXPIRED', 'WITHDRAWN')"
UNSETTLED = "status IN ('PENDING', 'SENDING', 'UNKNOWN')"


async def report_of(
    replay: Replay, scenario: Scenario, travellers: Sequence[Traveller], cast: Cast, span: Span, wall_s: float
) -> dict[str, Any]:
    """One JSON object, with the keys of the scenario specification first."""
    ledger = replay.sandbox.twilio.ledger.lines
    booked = {each: found for each in travellers if (found := their_flight(scenario, each)) is not None}
    flown = list({id(flight): flight for flight in booked.values()}.values())
    thresholds = await _thresholds(replay, cast)
    truths = [
        truth_of(scenario, flight, min(thresholds.values(), default=timedelta(minutes=15)), span.ends)
        for flight in flown
    ]
    seen = await _landings_seen(replay)
    by_flight: dict[int, list[Line]] = defaultdict(list)
    of_phone = {(each.phone, named(found.ident)): found for each, found in booked.items()}
    for line in ledger:
        # One phone may be on several flights: the ident tells them apart.
        if (found := of_phone.get(_words_for(line))) is not None:
            by_flight[id(found)].append(line)
    sets = [replay.sandbox.aeroapi.by_flight[flight.fa_flight_id] for flight in flown]
    total = sum(replay.sandbox.aeroapi.asked.values())
    silent, unsettled = await _notifications(replay, cast)
    said = await _departures_said(replay, cast)
    return {
        "flights": len(flown),
        "travellers": cast.booked,
        "virtual_span_s": int((span.ends - span.begins).total_seconds()),
        "wall_s": round(wall_s, 1),
        "aeroapi": {
            "result_sets": total,
            "per_flight_mean": round(total / max(len(flown), 1), 2),
            "per_flight_p95": _percentile(sets, 0.95),
            "per_flight_max": max(sets, default=0),
            "cost_usd": round(total * PRICE + sum(replay.sandbox.aeroapi.pushes.pushed.values()) * PUSH_PRICE, 2),
            "errors": sum(replay.sandbox.aeroapi.errors.values()),
            "pushes": sum(replay.sandbox.aeroapi.pushes.pushed.values()),
        },
        "landings": _landings(truths, seen, by_flight),
        "changes": {type_: _changes(truths, by_flight, type_) for type_ in _told_types(truths)},
        "departures": _departures(booked, truths, ledger, said, thresholds),
        "cancellations": _cancellations(booked, truths, ledger),
        "messages": dict(sorted(Counter(str(line["type"]) for line in ledger).items())),
        "duplicates": _duplicates(ledger),
        "suppressed": silent,
        "unsettled": unsettled,
        "refused": len(cast.refused),
    }


def _words_for(line: Line) -> tuple[str, str]:
    """Whom a message was for, and about which flight."""
    return line["to"], named(line["ident"] or "")


async def _thresholds(replay: Replay, cast: Cast) -> dict[str, timedelta]:
    """How far each agency lets a departure move in silence."""
    found = {}
    for name, agency_id in cast.agencies.items():
        async with replay.db.transaction(agency_id) as tx:
            found[name] = timedelta(minutes=(await agencies.settings(tx, agency_id)).delay_threshold_minutes)
    return found


async def _landings_seen(replay: Replay) -> dict[str, datetime]:
    """When a landing was first written down, by every id that the flight bore."""
    async with replay.db.transaction() as tx:
        rows = await tx.all(
            """
            SELECT h.raw ->> 'fa_flight_id' AS fa, min(l.recorded_at) AS at
            FROM flight_status_history h
            JOIN (SELECT flight_id, min(recorded_at) AS recorded_at FROM flight_status_history
                  WHERE actual_on IS NOT NULL OR actual_in IS NOT NULL GROUP BY flight_id) l ON l.flight_id = h.flight_id
            WHERE h.source <> 'MANUAL' GROUP BY 1
            """
        )
    return {row["fa"]: row["at"] for row in rows}


def _landings(
    truths: Sequence[Truth], seen: Mapping[str, datetime], by_flight: Mapping[int, Sequence[Line]]
) -> dict[str, Any]:
    landed = [(each, each.landing) for each in truths if each.landing is not None]
    late, since_touchdown, welcomed = [], [], []
    for truth, landing in landed:
        at = min((seen[id_] for id_ in truth.flight.ids if id_ in seen), default=None)
        if at is None:
            continue
        late.append((at - landing.shown_at).total_seconds())
        since_touchdown.append((at - landing.touchdown_at).total_seconds())
        welcomes = [line for line in by_flight.get(id(truth.flight), ()) if line["type"] == "LANDING_WELCOME"]
        welcomed += [(_instant(line["at"]) - landing.shown_at).total_seconds() for line in welcomes]
    return {
        "true": len(landed),
        "detected": len(late),
        "within_120_s": sum(each <= PROMISE for each in late),
        "lateness_s": _spread(late),
        "since_touchdown_s": _spread(since_touchdown),
        "welcomes": {"sent": len(welcomed), "within_120_s": sum(each <= PROMISE for each in welcomed)},
    }


def _told_types(truths: Sequence[Truth]) -> list[str]:
    return sorted({news.type for truth in truths for news in truth.news})


def _changes(truths: Sequence[Truth], by_flight: Mapping[int, Sequence[Line]], type_: str) -> dict[str, Any]:
    """Counted per flight and news; late from the moment the source shows it to the first message about it.

    Who never heard of a cancellation needs no word that it was taken back.
    """
    true, late = 0, []
    for truth in truths:
        lines = by_flight.get(id(truth.flight), ())
        for news in truth.news:
            if news.type != type_:
                continue
            if type_ == "REINSTATED" and not any(
                line["type"] == "CANCELLED" and _instant(line["at"]) < news.at for line in lines
            ):
                continue
            true += 1
            told = [
                _instant(line["at"])
                for line in lines
                if line["type"] == type_
                and _instant(line["at"]) >= news.at
                and (news.value is None or line["value"] == news.value)
            ]
            if told:
                late.append((min(told) - news.at).total_seconds())
    return {"true": true, "told": len(late), "lateness_s": _spread(late)}


async def _departures_said(replay: Replay, cast: Cast) -> dict[str, datetime]:
    """The departure that a message named, by its SID; a boarding message names one beside its gate."""
    said: dict[str, datetime] = {}
    for agency_id in cast.agencies.values():
        async with replay.db.transaction(agency_id) as tx:
            rows = await tx.all(
                """
                SELECT a.twilio_sid, n.told_departure_at
                FROM delivery_attempts a JOIN notifications_log n ON n.agency_id = a.agency_id AND n.id = a.notification_id
                WHERE a.agency_id = :a AND a.twilio_sid IS NOT NULL AND n.told_departure_at IS NOT NULL
                """,
                a=agency_id,
            )
            said |= {row["twilio_sid"]: row["told_departure_at"] for row in rows}
    return said


def _departures(
    booked: Mapping[Traveller, Flight],
    truths: Sequence[Truth],
    ledger: Sequence[Line],
    said: Mapping[str, datetime],
    thresholds: Mapping[str, timedelta],
) -> dict[str, int]:
    """Whether what a traveller was last told before the flight left was within the agency's threshold of when it left.

    Where it was not, the source may have shown it three minutes before at the earliest, or moved within the threshold of what
    was told: `not_shown`. The rest is `missed`, and so is a flight that left while its traveller believed it cancelled.
    """
    of = {id(truth.flight): truth for truth in truths}
    told = defaultdict(list)
    for line in ledger:
        if line["sid"] in said or line["type"] == "CANCELLED":
            told[_words_for(line)].append(line)
    counted: Counter[str] = Counter()
    for traveller, flight in booked.items():
        truth = of[id(flight)]
        if truth.out_at is None:
            continue
        words = told[traveller.phone, named(flight.ident)]
        lines = [line for line in words if _instant(line["at"]) <= truth.out_at]
        counted["true"] += 1
        if lines and lines[-1]["type"] == "CANCELLED":
            counted["missed"] += 1
            continue
        last = said[lines[-1]["sid"]] if lines else flight.departure_at
        threshold = thresholds[traveller.agency]
        if abs(last - truth.out_at) <= threshold:
            counted["within_threshold"] += 1
        elif truth.shown_before_leaving is None or abs(last - truth.shown_before_leaving) < threshold:
            counted["not_shown"] += 1
        else:
            counted["missed"] += 1
    return {name: counted[name] for name in ("true", "within_threshold", "not_shown", "missed")}


def _cancellations(
    booked: Mapping[Traveller, Flight], truths: Sequence[Truth], ledger: Sequence[Line]
) -> dict[str, int]:
    of = {id(truth.flight): truth for truth in truths}
    last: dict[tuple[str, str], str] = {}
    for line in ledger:
        if line["type"] in ("CANCELLED", "REINSTATED"):
            last[_words_for(line)] = line["type"]
    counted: Counter[str] = Counter()
    for traveller, flight in booked.items():
        truth = of[id(flight)]
        heard = last.get((traveller.phone, named(flight.ident)))
        counted["true"] += truth.cancelled
        counted["told"] += truth.cancelled and heard == "CANCELLED"
        counted["false_uncorrected"] += not truth.cancelled and heard == "CANCELLED"
    return {name: counted[name] for name in ("true", "told", "false_uncorrected")}


def _duplicates(ledger: Sequence[Line]) -> int:
    told = Counter((line["agency"], line["to"], line["type"], line["ident"], line["body"]) for line in ledger)
    return sum(many - 1 for many in told.values())


async def _notifications(replay: Replay, cast: Cast) -> tuple[dict[str, int], int]:
    silent: Counter[str] = Counter()
    unsettled = 0
    for agency_id in cast.agencies.values():
        async with replay.db.transaction(agency_id) as tx:
            rows = await tx.all(
                f"SELECT reason, count(*) AS many FROM notifications_log WHERE agency_id = :a AND {ENDED_SILENT} GROUP BY 1",  # noqa: S608
                a=agency_id,
            )
            silent.update({row["reason"]: row["many"] for row in rows})
            unsettled += await tx.value(
                f"SELECT count(*) FROM notifications_log WHERE agency_id = :a AND {UNSETTLED}",  # noqa: S608
                a=agency_id,
            )
    return dict(sorted(silent.items())), unsettled


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {
        "p50": round(_percentile(values, 0.5)),
        "p95": round(_percentile(values, 0.95)),
        "max": round(max(values)),
        "mean": round(mean(values)),
    }


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ledger_lines(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The ledger as the scenario specification names it."""
    names = ("at", "agency", "to", "type", "ident", "value", "body", "sid")
    return [{name: line[name] for name in names} for line in lines]
