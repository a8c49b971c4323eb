"""What this installation computes: feature views here, and the same as Feast objects.

Add a feature by adding it to a view in `views.py`; `attune features apply` tells Feast.
"""

import prometheus_client  # noqa: F401 - before feast, see `feature_repo.unmetered`
