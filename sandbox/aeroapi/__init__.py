"""The stand-in for FlightAware AeroAPI v4."""

from sandbox.aeroapi.api import AeroApi
from sandbox.aeroapi.faults import AeroFaults, PushFaults

__all__ = ["AeroApi", "AeroFaults", "PushFaults"]
