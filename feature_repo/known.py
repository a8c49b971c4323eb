"""What Feast's registry knows of each view's meaning, and what has changed since."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import feast

from attune.adapters.feast import state_view
from attune.features.check.complaint import Complaint
from attune.features.feature_set import FeatureSet
from attune.features.meaning import fingerprint
from attune.features.view import FeatureView

_TAG = re.compile(r"version (?P<version>\d+)(, meaning (?P<meaning>\w+))?")


def tags_of(features: FeatureSet) -> dict[str, str]:
    """Return the tags of an entity's state view: version and meaning of each of our views."""
    return {
        view.name: f"version {view.version}, meaning {fingerprint(view)}" for view in features.views
    }


@dataclass(frozen=True, slots=True)
class Known:
    """A view as it was applied last. `meaning` is None if it was before meanings were kept."""

    version: int
    meaning: str | None


def known(store: feast.FeatureStore) -> Mapping[str, Mapping[str, str]]:
    """Return the tags of every plain Feast view in the registry, by its name."""
    return {view.name: view.tags for view in store.list_feature_views()}


def unfilled(every: Sequence[FeatureSet], tags: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return which views have no state yet of what happened before: new, or of a new version."""
    found = []
    for features, view, before in _each(every, tags):
        if state_view(features.entity) in tags and before is None:
            found.append(f"{view.full_name}: new")
        elif before is not None and before.version < view.version:
            found.append(f"{view.full_name}: version {before.version} -> {view.version}")
    return found


def changed(
    every: Sequence[FeatureSet], tags: Mapping[str, Mapping[str, str]]
) -> Iterator[Complaint]:
    """Yield the views that mean something else than what their stored states were made by."""
    for _, view, before in _each(every, tags):
        if before is None or before.version < view.version:
            continue
        if before.version > view.version:
            yield Complaint(
                view.full_name,
                f"goes back from version {before.version}",
                f"version {view.version}",
                f"count on to {before.version + 1}: states of the old version are out of date",
                forcible=True,
            )
        elif before.meaning not in (None, fingerprint(view)):
            yield Complaint(
                view.full_name,
                f"has changed: raise its version to {view.version + 1}",
                f"version {view.version} was applied with another meaning",
                "its state is then rebuilt from the archive by `attune backfill`; or, if every "
                "event still gives the same state and the same values, --same-meaning",
            )


def _each(
    every: Sequence[FeatureSet], tags: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[FeatureSet, FeatureView, Known | None]]:
    for features in every:
        of_entity = tags.get(state_view(features.entity), {})
        for view in features.views:
            found = _TAG.fullmatch(of_entity.get(view.name, ""))
            yield features, view, Known(int(found["version"]), found["meaning"]) if found else None
