"""Changing the faults in force while the sandbox runs."""

import dataclasses
from collections.abc import Mapping
from typing import Any, get_args

from sandbox.twilio.faults import RecipientFault, When


def problems(faults: Any, values: Mapping[str, Any]) -> list[str]:
    """What speaks against giving `values` to this dataclass of faults, in words; empty when nothing does."""
    known = {one.name: getattr(faults, one.name) for one in dataclasses.fields(faults)}
    found = []
    for name, value in values.items():
        if name not in known:
            found.append(f"{name}: unknown fault")
        elif name == "recipients":
            found += _recipient_problems(value)
        elif isinstance(known[name], bool):
            found += [] if isinstance(value, bool) else [f"{name}: must be true or false"]
        elif isinstance(known[name], int):
            fine = isinstance(value, int) and not isinstance(value, bool) and value >= 0
            found += [] if fine else [f"{name}: must be a whole number, 0 or more"]
        elif isinstance(known[name], float):
            found += _number_problems(name, value)
        else:
            raise NotImplementedError(f"no rule for a fault like {name}")
    return found


def change(faults: Any, values: Mapping[str, Any]) -> None:
    """Give checked values to a dataclass of faults. Recipients are added, or taken away by `"code": null`."""
    for name, value in values.items():
        if name != "recipients":
            setattr(faults, name, type(getattr(faults, name))(value))
            continue
        for one in value:
            if "code" in one and one["code"] is None:
                faults.recipients.pop(one["to"], None)
            else:
                rest = {key: part for key, part in one.items() if key != "to"}
                faults.recipients[one["to"]] = RecipientFault(**rest)


def reset(faults: Any) -> None:
    fresh = type(faults)()
    for one in dataclasses.fields(faults):
        setattr(faults, one.name, getattr(fresh, one.name))


def _number_problems(name: str, value: Any) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [f"{name}: must be a number"]
    if name.endswith("_s"):
        return [] if 0 <= value <= 86_400 else [f"{name}: seconds must be between 0 and 86400"]
    return [] if 0 <= value <= 1 else [f"{name}: a rate must be between 0 and 1"]


def _recipient_problems(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return ["recipients: must be a list of objects"]
    return [f"recipients[{i}]: {why}" for i, one in enumerate(value) if (why := _recipient_problem(one))]


def _recipient_problem(one: dict[str, Any]) -> str | None:
    unknown = set(one) - {"to", "code", "when", "times"}
    if unknown:
        return f"unknown key {', '.join(sorted(unknown))}"
    if not isinstance(one.get("to"), str):
        return "needs a `to`"
    if not isinstance(one.get("code", 0), int | None):
        return "`code` must be an integer or null"
    if one.get("when", "async") not in get_args(When):
        return f"`when` must be one of {', '.join(get_args(When))}"
    if not isinstance(one.get("times"), int | None):
        return "`times` must be an integer or null"
    return None
