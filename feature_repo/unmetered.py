"""Undoes what importing feast does to metrics: import this wherever feast is imported.

Feast 0.67 sets variables that turn prometheus_client's mode for several processes on, in this
process and, because they are inherited, in every role that `attune up` starts: their metrics would
be files that are gone when this process ends. Variables that somebody else has set stay, and so do
all in Feast's own command line, where that mode is on before we are asked.
"""

import os

import feast.metrics  # noqa: F401 - it sets them when it is imported
from prometheus_client.values import MutexValue, ValueClass

if ValueClass is MutexValue:
    for _name in ("PROMETHEUS_MULTIPROCESS_DIR", "PROMETHEUS_MULTIPROC_DIR"):
        if "feast_metrics_" in os.environ.get(_name, ""):
            del os.environ[_name]
