"""What `feast -c feature_repo apply` finds: Feast collects the objects that a module holds.

Feast imports this file as plain `definitions`. So it only names what `feature_repo.objects`
makes, and `.feastignore` hides the other files: imported by bare name, each would be there twice.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from attune.settings import Settings
from feature_repo.objects import repo_contents
from feature_repo.views import FEATURES

_settings = Settings()
_contents = repo_contents(FEATURES, _settings.project, _settings.data)
_objects: Iterable[Any] = chain.from_iterable(_contents)

globals().update({f"{type(it).__name__}_{it.name}": it for it in _objects})
