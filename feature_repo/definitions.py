"""What `feast -c feature_repo apply` finds: Feast collects the objects that a module holds.

Feast imports this file as plain `definitions`. So it only names what `feature_repo.objects`
makes, and `.feastignore` hides the other files: imported by bare name, each would be there twice.
"""

from attune.settings import Settings
from feature_repo.objects import feast_objects
from feature_repo.views import USER_FEATURES

_settings = Settings()

globals().update(
    {
        f"{type(thing).__name__}_{thing.name}": thing
        for thing in feast_objects(USER_FEATURES, _settings.project, _settings.data)
    }
)
