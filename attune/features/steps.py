"""What events do to states of a feature, one step an act."""

from collections.abc import Callable
from typing import Any

from mypy_extensions import mypyc_attr

from attune.collect.event import Event


@mypyc_attr(acyclic=True)
class Step:
    """Folds an event in; a class for the same reason as `Codec`."""

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401 - of any type
        """Return the state with the event taken in; `at` is its time in ms since 1970."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Calling(Step):
    """Has the feature itself do it."""

    def __init__(self, update: Callable[[Any, Event, int], Any]) -> None:
        self._update = update

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401 - as above
        """Return what it makes of the state."""
        return self._update(state, event, at)
