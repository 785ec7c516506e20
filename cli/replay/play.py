"""Time passes: from one due moment to the next, the same deeds are done that the worker's timers do."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from cli.replay.house import Replay
from jobs import delivery as delivery_jobs
from jobs import polling, upkeep
from jobs.guard import guarded
from sandbox.scenario import AgencySettings, Scenario, Traveller
from travel import booking, delivery, model, tenancy
from travel.booking_form import TripForm
from travel.model import Feature, Language, RefusedError, Watch
from travel.records import agencies, flights, outbox

BEAT = timedelta(seconds=1)
"""As the worker's sweep beats."""
CALLBACKS = timedelta(seconds=60)
"""Twilio's callbacks are taken in together so often: nothing of what is measured waits for them."""
SETTLES = timedelta(hours=36)
"""After the last thing that the scenario shows: a welcome that waits for the morning has come by then."""


class ReplayError(Exception):
    """The replay cannot be played; the message says why in one line."""


@dataclass(kw_only=True)
class Cast:
    """The agencies by name, and who could not be booked, with the reason."""

    agencies: dict[str, UUID] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    booked: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """The part of the scenario that is played."""

    begins: datetime
    ends: datetime


def span_of(
    scenario: Scenario, travellers: Sequence[Traveller], since: datetime | None, until: datetime | None
) -> Span:
    """From the first booking to when everything has settled, unless said otherwise."""
    moments = [moment for flight in scenario.flights for moment in flight.moments if flight.steps]
    departures = [flight.departure_at for flight in scenario.flights]
    begins = since or min((each.booked_at for each in travellers), default=min(departures, default=None))
    if begins is None:
        raise ReplayError("The scenario holds no flight.")
    ends = until or max([*moments, *departures]) + SETTLES
    if ends <= begins:
        raise ReplayError(f"There is nothing between {begins:%Y-%m-%dT%H:%M:%SZ} and {ends:%Y-%m-%dT%H:%M:%SZ}.")
    return Span(begins=begins, ends=ends)


async def play(
    replay: Replay,
    lines: Sequence[Traveller | AgencySettings],
    span: Span,
    settings: Mapping[str, Any],
    progress: Callable[[datetime], None],
) -> Cast:
    """Book everybody when they book, and let the world go on until the end of the span."""
    cast = Cast()
    await _found(replay, lines, settings, cast)
    queue = sorted(
        (each for each in lines if isinstance(each, Traveller)), key=lambda each: (each.booked_at, each.phone)
    )
    waiting = iter(queue)
    coming = next(waiting, None)
    pumped_at = span.begins
    look_at, message_at = await _ahead(replay)
    while True:
        now = replay.clock.now()
        while coming is not None and coming.booked_at <= now:
            await _book(replay, coming, cast)
            coming = next(waiting, None)
            look_at = now
        if await replay.sandbox.aeroapi.pushes.pump():
            look_at, message_at = await _ahead(replay)
        while look_at is not None and look_at <= now:
            await _look(replay)
            look_at, message_at = await _ahead(replay)
        if message_at is not None and message_at <= now:
            await _deliver(replay)
            look_at, message_at = await _ahead(replay)
        callback_at = replay.sandbox.twilio.next_due()
        if callback_at is not None and now >= max(callback_at, pumped_at + CALLBACKS):
            pumped_at = now
            await _take_callbacks(replay)
            callback_at = replay.sandbox.twilio.next_due()
            look_at, message_at = await _ahead(replay)
        moments = [look_at, message_at, replay.sandbox.aeroapi.pushes.next_due(), coming.booked_at if coming else None]
        if callback_at is not None:
            moments.append(max(callback_at, pumped_at + CALLBACKS))
        ahead = [moment for moment in moments if moment is not None]
        progress(now)
        if not ahead or min(ahead) > span.ends or now >= span.ends:
            return cast
        replay.clock.move_to(max(min(ahead), now + BEAT))


async def _look(replay: Replay) -> None:
    """The due looks in an order that two runs share: ids are drawn, idents are not."""
    async with replay.db.single() as tx:
        due = [
            each
            for watch in (Watch.LANDING, Watch.DEPARTURE)
            for each in await flights.due(tx, watch, replay.clock.now(), polling.AT_ONCE)
        ]
        known = await flights.many(tx, due) if len(due) > 1 else {}
    if known:
        due.sort(key=lambda id_: (known[id_].ident, known[id_].booked_departure_at, known[id_].origin))
    for flight_id in due:
        await guarded("check_flight", polling.check_flight(replay.context, flight_id))


async def _deliver(replay: Replay) -> None:
    async with replay.db.single() as tx:
        due = await outbox.agencies_with_due(tx, replay.clock.now())
    for agency_id in due:
        while await delivery.deliver(replay.context.carrier, agency_id):
            pass


async def _take_callbacks(replay: Replay) -> None:
    await replay.sandbox.twilio.pump()
    deeds: Iterable[Callable[..., Awaitable[int]]] = (
        delivery_jobs.sweep_webhooks,
        delivery_jobs.sweep_unknown,
        delivery_jobs.sweep_unconfirmed,
        upkeep.replan_changed_agencies,
    )
    for deed in deeds:
        await deed(replay.context)


async def _ahead(replay: Replay) -> tuple[datetime | None, datetime | None]:
    """When the next look is due, and when the next message wants attention."""
    row = await replay.eyes.fetchrow(
        """
        SELECT least((SELECT min(next_check_at) FROM flights WHERE watch = 'LANDING'),
                     (SELECT min(next_check_at) FROM flights WHERE watch = 'DEPARTURE')) AS look,
          (SELECT due_at FROM system_next_delivery()) AS message
        """
    )
    return row["look"], row["message"]


async def _found(
    replay: Replay, lines: Sequence[Traveller | AgencySettings], settings: Mapping[str, Any], cast: Cast
) -> None:
    """The agencies, each made when it is first named, with the settings of its own lines and those of the comparison."""
    chosen: dict[str, dict[str, Any]] = {}
    for line in lines:
        own = chosen.setdefault(line.agency, {})
        if isinstance(line, AgencySettings):
            own.update(line.settings)
    for name, own in chosen.items():
        made = await tenancy.create_agency(
            replay.db, replay.clock, name=name, email="replay@agency.example", country="US"
        )
        cast.agencies[name] = made.id
        values = columns({**own, **settings})
        if values:
            async with replay.db.transaction(made.id) as tx:
                version = (await agencies.settings(tx, made.id)).version
            try:
                await tenancy.change_settings(replay.db, replay.context.wakeups, replay.clock, made.id, version, values)
            except RefusedError as refused:
                raise ReplayError(f"settings of {name}: {_said(refused)}") from refused


def columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings named as in UpdateAgencySettingsInput, as the columns they are. Raises ReplayError."""
    known = {each.name for each in fields(model.AgencySettings)} - {"agency_id", "version", "updated_at"}
    values: dict[str, Any] = {}
    for name, value in given.items():
        column = re.sub("(?<!^)([A-Z])", lambda found: f"_{found[1].lower()}", name).replace(
            "reminder24h", "reminder_24h"
        )
        if column not in known:
            raise ReplayError(f"{name} is no setting of an agency.")
        values[column] = _value(name, column, value)
    try:
        tenancy.refuse_wrong(values)
    except RefusedError as refused:
        raise ReplayError(_said(refused)) from refused
    return values


def _said(refused: RefusedError) -> str:
    return "; ".join(f"{'.'.join(each.path)}: {each.message}" for each in refused.refusals)


def _value(name: str, column: str, value: Any) -> Any:
    if column.startswith("quiet_hours"):
        local = tenancy.local_time(value) if isinstance(value, str) else None
        if local is None:
            raise ReplayError(f"{name}: a time of day is written HH:MM.")
        return local
    if column == "features":
        return _features(name, value)
    try:
        return TypeAdapter(get_type_hints(model.AgencySettings)[column]).validate_python(value)
    except ValidationError as wrong:
        raise ReplayError(f"{name}: {wrong.errors()[0]['msg']}") from wrong


def _features(name: str, value: Any) -> dict[str, bool]:
    """As an object, or as the API has them: a list of `name` and `enabled`."""
    try:
        pairs = value.items() if isinstance(value, dict) else [(each["name"], each["enabled"]) for each in value]
        features = {Feature(feature).value: enabled for feature, enabled in pairs}
    except (TypeError, KeyError, ValueError) as wrong:
        raise ReplayError(f"{name}: the features are {', '.join(Feature)}; each is true or false") from wrong
    if not all(isinstance(enabled, bool) for enabled in features.values()):
        raise ReplayError(f"{name}: each is true or false")
    return features


async def _book(replay: Replay, traveller: Traveller, cast: Cast) -> None:
    form = TripForm(
        traveller_name=traveller.traveller,
        phone=traveller.phone,
        language=Language(traveller.language.upper()) if traveller.language else None,
        flight=traveller.ident,
        origin=traveller.origin,
        destination=traveller.destination,
        departure=traveller.departure,
    )
    agency_id = cast.agencies[traveller.agency]
    try:
        await booking.create_trip(replay.db, replay.context.wakeups, replay.clock, agency_id, form)
        cast.booked += 1
    except RefusedError as refused:
        cast.refused.append(f"{traveller.traveller} on {traveller.ident}: {refused}")
