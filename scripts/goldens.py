"""Write the golden states anew: `make goldens`, after a format has changed on purpose.

What was stored before such a change cannot be read after it. Of a release that anybody runs, raise
the `version` of the view instead: then `attune backfill` builds its states anew.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from attune.collect.event import Event, decode
from attune.features.feature import DAY, HOUR, MINUTE, Value, act_of
from attune.features.feature_set import FeatureSet
from attune.features.folded import Folded
from attune.features.view import FeatureView
from feature_repo.views import FEATURES

STATES = Path(__file__).resolve().parent.parent / "tests" / "golden" / "states"
HISTORIES = STATES / "histories.json"

AFTER = {"at once": 0, "40 minutes later": 40 * MINUTE, "2 days later": 2 * DAY + HOUR}
"""When states are read: so long after the latest event of the history."""

FEW = 4
"""Products or visits of a history."""

Golden: TypeAlias = dict[str, dict[str, Any]]


def histories() -> dict[str, list[Event]]:
    """Return the events of each history, in the order of their arrival."""
    found = json.loads(HISTORIES.read_text())
    return {
        name: [decode(json.dumps(event).encode()) for event in events]
        for name, events in found.items()
    }


def path_of(view: FeatureView) -> Path:
    """Return where a view's golden states are; those of older versions stay beside them."""
    return STATES / f"v{view.version}" / f"{view.full_name}.json"


def entities(features: FeatureSet, events: Sequence[Event]) -> dict[str, list[Event]]:
    """Return what the first few entities of a history see of it; its users are all one."""
    if features.entity.of_profiles:
        return {"user": list(events)}
    parts: dict[str, list[Event]] = {}
    for event in events:
        for entity, part in features.entity.slices(event):
            parts.setdefault(entity, []).append(part)
    return dict(islice(parts.items(), FEW))


def fold(features: FeatureSet, events: Sequence[Event]) -> Folded:
    """Return the states of an entity that was given these events."""
    folded = Folded(features, {})
    for event in events:
        folded.update(act_of(event), event, event.at)
    return folded


def read(folded: Folded, view: FeatureView, latest: int) -> dict[str, dict[str, Value]]:
    """Return the values of a view at each moment."""
    return {name: folded.read(view, latest + after) for name, after in AFTER.items()}


def golden(features: FeatureSet, view: FeatureView) -> Golden:
    """Return what is to stand in the golden file of a view."""
    return {
        f"{name}: {entity}": {
            "stored": fold(features, part).states()[view.state_name].hex(),
            "read": read(fold(features, part), view, max(event.at for event in part)),
        }
        for name, events in histories().items()
        for entity, part in entities(features, events).items()
        if any(act_of(event) in view.acts for event in part)
    }


def written(found: Golden) -> str:
    """Return the text of a golden file: a line for what is stored, and one for each moment."""
    parts = []
    for name, known in found.items():
        lines = [f'  "stored": {_json(known["stored"])}']
        lines += [f"  {_json(moment)}: {_json(values)}" for moment, values in known["read"].items()]
        parts.append(f" {_json(name)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def every_view() -> Iterator[tuple[FeatureSet, FeatureView]]:
    """Yield every view that is declared, and its set."""
    for features in FEATURES:
        for view in features.views:
            yield features, view


def main() -> None:
    """Write every file, and say which have changed."""
    for features, view in every_view():
        path = path_of(view)
        text = written(golden(features, view))
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"written: {path.relative_to(STATES)}")


if __name__ == "__main__":
    main()
