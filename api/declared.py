"""The feature declarations that lie here: `feature_repo/`, as it is on disk now."""

import importlib
import linecache
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from attune.features.feature_set import FeatureSet

_PACKAGE = "feature_repo"


class Declared(Protocol):
    """What may be imported again while a server runs."""

    def load(self) -> Sequence[FeatureSet]:
        """Return the declarations as they are now.

        Raises:
            Exception: whatever importing them raises.
        """

    def stamps(self) -> object:
        """Return what is another value as soon as another `load` may have another result."""


class FeatureRepo:
    """The package `feature_repo`."""

    def load(self) -> Sequence[FeatureSet]:
        """Import it anew; what was imported before stays what it is for its users.

        Raises:
            Exception: whatever importing it raises; the modules before are in place again then.
        """
        before = {name: sys.modules.pop(name) for name in _modules()}
        importlib.invalidate_caches()
        linecache.checkcache()
        try:
            found: Sequence[FeatureSet] = importlib.import_module(f"{_PACKAGE}.views").FEATURES
        except BaseException:
            for name in _modules():
                del sys.modules[name]
            sys.modules.update(before)
            raise
        return found

    def stamps(self) -> object:
        """Return when each of its files was changed."""
        return stamps(sys.modules[_PACKAGE].__path__)


def stamps(folders: Iterable[str]) -> frozenset[tuple[str, int, int]]:
    """Return path, time of change (ns) and size (bytes) of each Python file in the folders."""
    files = (path for folder in folders for path in Path(folder).rglob("*.py"))
    found = ((str(path), path.stat()) for path in files)
    return frozenset((path, stat.st_mtime_ns, stat.st_size) for path, stat in found)


def _modules() -> list[str]:
    return [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]
