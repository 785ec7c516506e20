"""The sandbox's own door, `/_sandbox`: what was sent, what shall go wrong, what else happens in its world."""

import dataclasses
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import faults
from sandbox.aeroapi import AeroApi
from sandbox.scenario import Scenario, ScenarioError
from sandbox.twilio import Twilio
from sandbox.twilio.ledger import instant
from sandbox.twilio.submission import CONTENT_SID, E164, WHATSAPP

Handler = Callable[[Request], Awaitable[Response]]
CALLBACKS = "callbacks_"
APPROVALS = frozenset({"approved", "pending", "received", "unsubmitted", "rejected", "paused", "disabled"})


class BadRequest(Exception):  # noqa: N818 - an expected answer, not an error of the sandbox.
    """The caller asked for something that cannot be; the text tells what."""


@dataclass(frozen=True, kw_only=True)
class Control:
    now: Callable[[], datetime]
    speed: float
    scenario: Scenario
    aeroapi: AeroApi
    twilio: Twilio

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/messages", self.messages, methods=["GET"]),
            Route("/faults", self.show_faults, methods=["GET"]),
            Route("/faults", _explained(self.set_faults), methods=["POST"]),
            Route("/flights", _explained(self.add_flights), methods=["POST"]),
            Route("/inbound", _explained(self.inbound), methods=["POST"]),
            Route("/templates", _explained(self.add_templates), methods=["PUT"]),
            Route("/clock", self.clock, methods=["GET"]),
            Route("/usage", self.usage, methods=["GET"]),
        ]

    async def messages(self, request: Request) -> Response:
        """Every message taken, in order, as ledger lines."""
        return JSONResponse(self.twilio.ledger.lines)

    async def show_faults(self, request: Request) -> Response:
        return JSONResponse(self._in_force())

    async def set_faults(self, request: Request) -> Response:
        """Twilio's faults stand at the top or under `twilio`, or without prefix under `callbacks`.

        AeroAPI's stand under `aeroapi`, those of what it pushes under `pushes`.
        """
        asked = _object(await _json(request))
        start_anew = asked.pop("reset", False)
        aeroapi = _object(asked.pop("aeroapi", {}), "aeroapi")
        pushes = _object(asked.pop("pushes", {}), "pushes")
        callbacks = _object(asked.pop("callbacks", {}), "callbacks")
        prefixed = {CALLBACKS + name.removeprefix(CALLBACKS): value for name, value in callbacks.items()}
        twilio = asked | _object(asked.pop("twilio", {}), "twilio") | prefixed
        wrong = faults.problems(self.twilio.faults, twilio)
        wrong += [f"aeroapi: {problem}" for problem in faults.problems(self.aeroapi.faults, aeroapi)]
        wrong += [f"pushes: {problem}" for problem in faults.problems(self.aeroapi.pushes.faults, pushes)]
        if not isinstance(start_anew, bool):
            wrong.append("reset: must be true or false")
        if wrong:
            raise BadRequest("; ".join(wrong))
        for standing, values in (
            (self.twilio.faults, twilio),
            (self.aeroapi.faults, aeroapi),
            (self.aeroapi.pushes.faults, pushes),
        ):
            if start_anew:
                faults.reset(standing)
            faults.change(standing, values)
        return JSONResponse(self._in_force())

    async def add_flights(self, request: Request) -> Response:
        """Scenario lines, as a JSON list or as JSON Lines; they play from now on."""
        text = await _text(request)
        lines: list[Any]
        try:
            # One line of JSON Lines is itself a JSON document, but an object and not a list.
            lines = json.loads(text) if text.lstrip().startswith("[") else text.splitlines()
            added = self.scenario.add(lines, source="line")
        except (ScenarioError, ValueError) as error:
            raise BadRequest(str(error)) from error
        return JSONResponse({"added": len(added), "flights": len(self.scenario.flights)})

    async def inbound(self, request: Request) -> Response:
        """A traveller writes back on WhatsApp or by SMS."""
        asked = _object(await _json(request))
        unknown = sorted(set(asked) - {"from", "body", "channel", "to", "profile"})
        if unknown:
            raise BadRequest(f"{', '.join(unknown)}: unknown key")
        texts = {name: asked[name] for name in ("from", "body", "to", "profile") if asked.get(name) is not None}
        wrong = [name for name, value in texts.items() if not isinstance(value, str)]
        if wrong:
            raise BadRequest(f"{', '.join(wrong)}: must be a text")
        number = texts.pop("from", "").removeprefix(WHATSAPP)
        if not E164.fullmatch(number):
            raise BadRequest("from: must be a number like +5491155550101")
        by_default = "whatsapp" if str(asked.get("from")).startswith(WHATSAPP) else "sms"
        channel = asked.get("channel", by_default)
        if channel not in ("whatsapp", "sms"):
            raise BadRequest("channel: must be whatsapp or sms")
        sender = WHATSAPP + number if channel == "whatsapp" else number
        message = await self.twilio.inbound(sender, texts.pop("body", ""), **texts)
        return JSONResponse({"sid": message.sid, "from": sender, "to": message.to})

    async def add_templates(self, request: Request) -> Response:
        """ContentSid to text with {{1}}, or to {"text": ..., "approval": "paused"}."""
        asked = _object(await _json(request))
        texts, approvals = {}, {}
        for content_sid, said in asked.items():
            whole = said if isinstance(said, dict) else {"text": said}
            if not CONTENT_SID.fullmatch(content_sid):
                raise BadRequest(f"{content_sid}: a ContentSid is HX and 32 hexadecimal digits")
            if not isinstance(whole.get("text"), str) or set(whole) - {"text", "approval"}:
                raise BadRequest(f"{content_sid}: must be a text, or an object of text and approval")
            if whole.get("approval", "approved") not in APPROVALS:
                raise BadRequest(f"{content_sid}: approval must be one of {', '.join(sorted(APPROVALS))}")
            texts[content_sid], approvals[content_sid] = whole["text"], whole.get("approval", "approved")
        self.twilio.templates.update(texts)
        self.twilio.approvals.update(approvals)
        return JSONResponse(self.twilio.templates)

    async def clock(self, request: Request) -> Response:
        return JSONResponse({"now": instant(self.now()), "speed": self.speed})

    async def usage(self, request: Request) -> Response:
        """What the product cost so far: AeroAPI's result sets and pushes by kind, Twilio's requests and messages."""
        sets = self.aeroapi.result_sets
        by_name = {str(name): count for name, count in sets.items()}
        twilio = {"requests": self.twilio.requests, "messages": len(self.twilio.ledger.lines)}
        pushes = {"pushed": dict(self.aeroapi.pushes.pushed), "lost": self.aeroapi.pushes.lost}
        return JSONResponse({"aeroapi": {"result_sets": sets.total(), "by": by_name, **pushes}, "twilio": twilio})

    def _in_force(self) -> dict[str, Any]:
        twilio = dataclasses.asdict(self.twilio.faults)
        twilio["recipients"] = [{"to": to, **fate} for to, fate in twilio["recipients"].items()]
        return {
            "twilio": twilio,
            "aeroapi": dataclasses.asdict(self.aeroapi.faults),
            "pushes": dataclasses.asdict(self.aeroapi.pushes.faults),
        }


def _explained(handler: Handler) -> Handler:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except BadRequest as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


async def _text(request: Request) -> str:
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8: {error}") from error


async def _json(request: Request) -> Any:
    try:
        return json.loads(await _text(request))
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error


def _object(value: Any, name: str = "the body") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{name}: must be a JSON object")
    return value
