"""Folding made-up events; whatever raises says what it was doing."""

from collections.abc import Callable, Sequence
from typing import Any

from attune.collect.event import Event
from attune.features.feature import Feature, Untakable, act_of


class Broken(Exception):
    """A feature raised; `doing` says at what, in words."""

    def __init__(self, doing: str, cause: Exception) -> None:
        super().__init__(f"{doing} raises {type(cause).__name__}: {cause}")


def fold(feature: Feature[Any], events: Sequence[Event], odd: str = "") -> Any:  # noqa: ANN401 - a state
    """Return the state of the events that concern the feature.

    Raises:
        Broken: `update` raises.
    """
    state = run("empty", feature.empty)
    for event in events:
        act = act_of(event)
        if act not in feature.acts or not _takes(feature, event):
            continue
        told = f"update on {'an' if act[0] in 'aeiou' else 'a'} {act!r} event"
        told += f" with {odd}" if odd else ""
        state = run(told, feature.step(act).update, state, event, event.at)
    return state


def _takes(feature: Feature[Any], event: Event) -> bool:
    try:
        feature.check(event)
    except Untakable:
        return False
    except Exception as error:
        raise Broken("check", error) from error
    return True


def run(doing: str, function: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401 - as it is
    """Return what the function returns.

    Raises:
        Broken: it raises.
    """
    try:
        return function(*given)
    except Exception as error:
        raise Broken(doing, error) from error
