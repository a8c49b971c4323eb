"""A feature service: what a program that asks wants of an entity, under one name, as in Feast."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from attune.errors import ConfigurationError
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet
from attune.features.plain import PlainView
from attune.features.view import FeatureView

Chosen = tuple[FeatureView | PlainView, tuple[Field, ...]]
"""A view, and which of its fields."""


@dataclass(frozen=True)
class FeatureService:
    """Views of one entity, or some fields of them; Feast has a service of the same name.

    `fields` names views as GraphQL does (`activity`); no names of fields are all of the view. No
    views at all are all of the entity.

    Raises:
        ConfigurationError: a view or a field is named that is not there.
    """

    name: str
    description: str
    features: FeatureSet
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the names."""
        views = {view.name: view for view in self.features.all_views}
        for view, names in self.fields.items():
            if view not in views:
                raise self._unknown("view", view, views)
            held = [each.name for each in views[view].fields]
            for name in names:
                if name not in held:
                    raise self._unknown(f"field of {view}", name, held)

    def _unknown(self, what: str, name: str, known: Iterable[str]) -> ConfigurationError:
        return ConfigurationError(
            f"feature service {self.name} names a {what} that is not there, {name!r}: choose of "
            + ", ".join(known)
        )

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        """Views with their fields, in the order of the entity's views."""
        return tuple(
            (view, self._chosen(view))
            for view in self.features.all_views
            if not self.fields or view.name in self.fields
        )

    def _chosen(self, view: FeatureView | PlainView) -> tuple[Field, ...]:
        names = self.fields.get(view.name, ())
        return tuple(each for each in view.fields if not names or each.name in names)
