"""All feature views of an installation, checked once and grouped by what concerns them."""

from collections import Counter
from collections.abc import Iterable, Mapping

from attune.errors import ConfigurationError
from attune.features.feature import Act, Field
from attune.features.view import FeatureView


class FeatureSet:
    """The views of one entity. Field names are unique across them: rules use them bare."""

    def __init__(self, views: Iterable[FeatureView]) -> None:
        self.views = tuple(views)
        self.by_name: Mapping[str, FeatureView] = {view.name: view for view in self.views}
        self._by_act: dict[Act, tuple[FeatureView, ...]] = {}
        acts = {act for view in self.views for act in view.acts}
        for act in acts:
            self._by_act[act] = tuple(view for view in self.views if act in view.acts)
        self._check()

    def concerned(self, act: Act) -> tuple[FeatureView, ...]:
        """Return the views that an event of this act changes."""
        return self._by_act.get(act, ())

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, view by view."""
        return tuple(field for view in self.views for field in view.fields)

    def _check(self) -> None:
        for what, names in (
            ("feature view", [view.name for view in self.views]),
            ("field", [field.name for field in self.fields]),
        ):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ConfigurationError(
                    f"{what} {twice[0]!r} is declared twice in feature_repo/: rename one of them"
                )
