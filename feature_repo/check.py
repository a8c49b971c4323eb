"""The checks before anything is registered: what is declared, where it lies, what it does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from attune.adapters.feast import field_of, state_feature, state_view
from attune.errors import ConfigurationError
from attune.features.check.complaint import Complaint
from attune.features.check.cost import Cost, check_cost, cost_of
from attune.features.check.declared import check_names
from attune.features.check.tried import check_feature
from attune.features.feature_set import FeatureSet


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying every view on made-up histories."""

    costs: tuple[Cost, ...]
    complaints: tuple[Complaint, ...]


def declared(every: Sequence[FeatureSet]) -> list[Complaint]:
    """Return what is wrong with names, types and places; takes a millisecond."""
    return [*check_names(every), *(c for features in every for c in _collisions(features))]


def tried(every: Sequence[FeatureSet]) -> Trial:
    """Run every feature on made-up histories, and measure it; takes some seconds."""
    costs, complaints = [], []
    for view in (view for features in every for view in features.views):
        found = [c for feature in view.features for c in check_feature(view, feature)]
        complaints += found
        if not found:
            costs.append(cost := cost_of(view, perf_counter))
            complaints += check_cost(cost)
    return Trial(tuple(costs), tuple(complaints))


def refuse(complaints: Sequence[Complaint], *, force: bool = False) -> None:
    """Raise what is complained of; with `force` only what is no matter of judgement.

    Raises:
        ConfigurationError: all of it, a sentence a line.
    """
    kept = [str(each) for each in complaints if not (force and each.forcible)]
    if kept:
        many = f"{len(kept)} things in feature_repo/ are to be mended"
        head = "feature_repo/ is to be mended" if len(kept) == 1 else many
        raise ConfigurationError("\n  ".join((f"{head}:", *kept)))


def _collisions(features: FeatureSet) -> Iterator[Complaint]:
    """Yield what would lie in one place of an entity's hash: Feast names a place by four bytes."""
    taken: dict[bytes, str] = {}
    for view, feature in _places(features):
        place = f"{view}:{feature}"
        other = taken.setdefault(field_of(view, feature), place)
        if other != place:
            yield Complaint(
                place,
                f"would have the same place in the store as {other}, by the hash of their names",
                field_of(view, feature).hex(),
                "rename one of them",
            )


def _places(features: FeatureSet) -> Iterator[tuple[str, str]]:
    for view in features.views:
        yield state_view(features.entity), state_feature(view)
    for plain in features.plain:
        for field in plain.fields:
            yield plain.name, field.name
