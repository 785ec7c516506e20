"""Hypothesis as these tests use it: a slow machine is no failure."""

from hypothesis import HealthCheck, settings

settings.register_profile("travel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("travel")
