"""A feature to begin with: its file, its test, and its place in `feature_repo/views.py`."""

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import feature_repo
from attune.errors import ConfigurationError
from attune.features.check.declared import OF_USER, RESERVED
from attune.features.feature_set import FeatureSet
from attune.features.spelling import camel, pascal
from cli.features.adding import added, lines_of
from feature_repo.views import FEATURES

REPO = Path(feature_repo.__file__).parent
_TEMPLATES = Path(__file__).parent / "templates"
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_FIELDS = {
    "count": ("{}_1h", "{}_24h", "{}_7d", "{}_30d"),
    "latest": ("last_{}",),
    "own": ("{}_count", "{}_days"),
}
"""What the views of the templates answer."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and what to do next."""

    feature: Path
    test: Path
    told: Sequence[str]


def write(name: str, entity: str, kind: str, *, add: bool) -> Written:
    """Write the files; nothing is written unless all of it can be.

    Raises:
        ConfigurationError: the name or the entity will not do, or a file is there already.
    """
    features = _set_of(entity)
    _check(name, kind, features)
    root = REPO.parent
    if not (root / "pyproject.toml").exists():
        raise ConfigurationError(
            f"{REPO} is an installed package: run it in a checkout, where feature_repo/ is yours"
        )
    feature, test = REPO / f"{name}.py", root / "tests" / "features" / f"test_{name}.py"
    for path in (feature, test):
        if path.exists():
            raise ConfigurationError(f"{path.relative_to(root)} is there already: choose a name")
    views = REPO / "views.py"
    changed = added(views.read_text(), name, entity) if add else None
    words = _words(name, features)
    test.parent.mkdir(parents=True, exist_ok=True)
    feature.write_text(_filled(f"{kind}.txt", words))
    test.write_text(_filled("test.txt", words) + _filled(f"test_{kind}.txt", words))
    if changed:
        views.write_text(changed)
    return Written(feature, test, _told(root, feature, test, name, entity, add=add))


def _told(  # noqa: PLR0913 - one is a flag
    root: Path, feature: Path, test: Path, name: str, entity: str, *, add: bool
) -> list[str]:
    imported, element = lines_of(name)
    place = f"{entity.upper()}_FEATURES in feature_repo/views.py"
    return [
        f"wrote {feature.relative_to(root)}",
        f"wrote {test.relative_to(root)}",
        f"added it to {place}" if add else f"to stream it, add to {place}:",
        *(() if add else (f"  {imported}", f"  {element}")),
        f"next: change it, run `pytest {test.relative_to(root)}`, then `attune features apply`",
    ]


def _set_of(entity: str) -> FeatureSet:
    known = {features.entity.name: features for features in FEATURES}
    if entity not in known:
        raise ConfigurationError(
            f"--entity {entity}: unknown entity type; events are about {', '.join(known)}"
        )
    return known[entity]


def _check(name: str, kind: str, features: FeatureSet) -> None:
    if not _SNAKE.fullmatch(name) or keyword.iskeyword(name) or name.startswith("defin"):
        raise ConfigurationError(f"{name}: no name for a view; write one in snake_case")
    if name in features.by_name:
        raise ConfigurationError(f"{name}: {features.by_name[name].full_name} is there already")
    taken = {camel(field.name) for field in features.fields} | RESERVED.keys() | OF_USER.keys()
    for field in (pattern.format(name) for pattern in _FIELDS[kind]):
        if camel(field) in taken:
            raise ConfigurationError(f"{name}: it would have a field {field}, which is taken")


def _words(name: str, features: FeatureSet) -> dict[str, str]:
    entity = features.entity.name
    of_user = entity == "user"
    return {
        "name": name,
        "CONSTANT": name.upper(),
        "Class": pascal(name),
        "entity": entity,
        "given": "" if of_user else f"    entity={entity.upper()},\n",
        "imported": ("" if of_user else f"from attune.features.entities import {entity.upper()}\n"),
    }


def _filled(template: str, words: dict[str, str]) -> str:
    return Template((_TEMPLATES / template).read_text()).substitute(words)
