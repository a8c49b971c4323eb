"""What may be given in place of a value: something to await, an exception, nothing."""

from asyncio import Future, gather
from collections.abc import Awaitable
from inspect import iscoroutine
from typing import Any

from graphql import Undefined
from strawberry.execution.is_awaitable import optimized_is_awaitable


def is_odd(value: object) -> bool:
    """Say whether a value is no object that fields could be read of."""
    if value is None or value is Undefined or isinstance(value, Exception):
        return True
    return optimized_is_awaitable(value)


def let_go_of(value: Any) -> Any:  # noqa: ANN401 - whatever a function of the schema says
    """Return the value, and let go of it if it is to be awaited."""
    if optimized_is_awaitable(value):
        _let_go(value)
    return value


_behind: set[Future[Any]] = set()
"""What goes on in the background, so that it is not collected before its end."""


def _let_go(awaitable: Awaitable[Any]) -> None:
    """Have a coroutine never begin, and anything else come to its end unseen."""
    if iscoroutine(awaitable):
        awaitable.close()
        return
    future = gather(awaitable, return_exceptions=True)
    _behind.add(future)
    future.add_done_callback(_behind.discard)
