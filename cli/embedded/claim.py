"""Keeping a directory to one program at a time, whatever way that program ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Held(Exception):
    """Another process holds the claim; `pid` is what it wrote there, or "?"."""

    def __init__(self, pid: str) -> None:
        super().__init__(f"held by process {pid}")
        self.pid = pid


def acquire(path: Path, *, wait: float = 0.0) -> int:
    """Lock the file and return its descriptor; closing the last copy of it gives it back.

    The kernel drops the lock with its last holder, so one left by a crash is never in the way,
    whereas a pid in a file may by now be another program's.

    Raises:
        Held: somebody else still has it after `wait` seconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                pid = os.pread(descriptor, 20, 0).decode().strip()
                os.close(descriptor)
                raise Held(pid or "?") from None
            time.sleep(0.05)
        else:
            return descriptor


def sign(descriptor: int, pid: int) -> None:
    """Write into the locked file who holds it, for the message that others will see."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{pid}\n".encode(), 0)


@contextmanager
def claimed(path: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the file while the block runs.

    Raises:
        Held: somebody else still has it after `wait` seconds.
    """
    descriptor = acquire(path, wait=wait)
    try:
        sign(descriptor, os.getpid())
        yield
    finally:
        os.close(descriptor)
