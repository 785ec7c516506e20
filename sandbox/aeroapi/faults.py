"""What goes wrong with the stand-in for AeroAPI on demand."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class AeroFaults:
    """Rates are 0 to 1 per request and exclude one another; fields ending in `_s` are seconds of the machine.

    `timeout` holds the reply for `timeout_s` and then gives up as a gateway does: 504, at once with 0.
    `truncated` answers 200 with half of the JSON, `html` 200 with a page that is no JSON, `slow` drips.
    `result_sets_per_minute` is the tier (Personal: 10) on the stand-in's clock; 0 is no limit.
    """

    rate_limited: float = 0.0
    server_error: float = 0.0
    timeout: float = 0.0
    timeout_s: float = 30.0
    truncated: float = 0.0
    html: float = 0.0
    slow: float = 0.0
    slow_s: float = 2.0
    result_sets_per_minute: int = 0
    localised_status: bool = False
    drop_optional_keys: bool = False

    def pick(self, draw: float) -> str | None:
        """The fault that a number drawn evenly from 0 to 1 falls on."""
        for name in ("rate_limited", "server_error", "timeout", "truncated", "html", "slow"):
            rate: float = getattr(self, name)
            if draw < rate:
                return name
            draw -= rate
        return None


@dataclass(kw_only=True)
class PushFaults:
    """Rates are 0 to 1 per push and independent of one another; `late_s` passes on the world's clock.

    `bare` holds nothing of the flight but `fa_flight_id` and `error`, `unknown_code` an event code of tomorrow,
    `unknown_flight` a `fa_flight_id` of nobody. A late push still tells what was true when it should have come.
    """

    lost: float = 0.0
    duplicated: float = 0.0
    late: float = 0.0
    late_s: float = 300.0
    bare: float = 0.0
    unknown_code: float = 0.0
    unknown_flight: float = 0.0
