"""Hearing that the server is about to stop, before it waits for what is under way."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def before_stop(end: Callable[[], None]) -> Iterator[None]:
    """Have `end` called when a signal tells the server to stop, while the block runs.

    ASGI says so only when all replies are complete, and a stream never is by itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals go to the main thread: a test that serves from another one
        return
    servers = {number: signal.getsignal(number) for number in _SIGNALS}

    def handler(number: int, frame: FrameType | None) -> None:
        end()
        servers_own: Any = servers[signal.Signals(number)]
        if callable(servers_own):
            servers_own(number, frame)

    for number, own in servers.items():
        if callable(own):
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, own in servers.items():
            if signal.getsignal(number) is handler:
                signal.signal(number, own)
