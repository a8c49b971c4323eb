"""Fixtures of every suite: those of the embedded stack, which starts when a test asks for it."""

import prometheus_client  # noqa: F401 - before feast, see `feature_repo.unmetered`
from hypothesis import HealthCheck, settings

pytest_plugins = ["stack_fixtures"]

# The machine that runs the tests may be slow and busy: that is no property of the code.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")
