"""Structured logs: JSON in production, readable in development, phones masked in both."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_PHONE = re.compile(r"(?:\+|%2B)[0-9](?:[ ().-]{0,3}[0-9]){7,14}", re.IGNORECASE)
_NEVER_PHONES = frozenset({"timestamp", "level", "logger"})


def mask(text: str) -> str:
    """Every phone number in a text with all but its last two digits hidden."""
    return _PHONE.sub(_hide, text)


def _hide(found: re.Match[str]) -> str:
    return f"+…{found.group()[-2:]}"


def _mask_values(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if key not in _NEVER_PHONES:
            entry[key] = _masked(value)
    return entry


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _masked(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each) for each in value]
    return value


def setup(*, json: bool, level: str = "info") -> None:
    """Send structlog's and the standard library's records through one chain to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_values,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # One line per request to a provider would drown everything else.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    # arq says at each start which jobs it knows, and it starts anew while Redis is away.
    logging.getLogger("arq").setLevel(logging.WARNING)
