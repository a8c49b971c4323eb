"""How the stack tells a person what it is doing; `attune up` draws it, tests are silent."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Step(Protocol):
    """One thing under way, such as starting Redis."""

    def progress(self, done: int, total: int, unit: str) -> None:
        """Say how far it is: `done` of `total`, in `unit` ("bytes")."""

    def note(self, text: str) -> None:
        """Say something that the reader should know and need not act on."""


class Report(Protocol):
    """Where steps are shown. Steps run at the same time in several threads."""

    def step(self, name: str) -> AbstractContextManager[Step]:
        """Show a step from entering to leaving, with its time.

        Left by an error it failed; left by `process.Abandoned` it was given up because of another.
        """


class Silent:
    """Shows nothing; both a `Report` and a `Step`."""

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:  # noqa: ARG002  (the protocol names it)
        """Yield a step that shows nothing."""
        yield self

    def progress(self, done: int, total: int, unit: str) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""
