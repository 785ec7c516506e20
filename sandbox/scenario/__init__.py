"""A day of flights as the world revealed it: `instance` is one line of it, `stage` all of them and their travellers."""

from sandbox.scenario.instance import TIMES, Flight, Landing, Raw, ScenarioError, Step, ends_cancelled, landing, raw_at
from sandbox.scenario.stage import (
    AgencySettings,
    Scenario,
    Traveller,
    airports_of,
    load_travellers,
    one_each,
    parse_travellers,
    phone,
)

__all__ = [
    "TIMES",
    "AgencySettings",
    "Flight",
    "Landing",
    "Raw",
    "Scenario",
    "ScenarioError",
    "Step",
    "Traveller",
    "airports_of",
    "ends_cancelled",
    "landing",
    "load_travellers",
    "one_each",
    "parse_travellers",
    "phone",
    "raw_at",
]
