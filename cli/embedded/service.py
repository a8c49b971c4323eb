"""What the stack needs to know of a server."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from cli.embedded.process import Child, Launch
from cli.embedded.report import Step


class Service(ABC):
    """One server: what it needs before its first start, how it is started, where it answers."""

    name: ClassVar[str]
    timeout: ClassVar[float] = 120.0
    """Seconds to get ready in: a busy machine under a full recovery, not the usual case."""

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """Where it answers, in the form that the setting takes; known once it is ready."""

    @abstractmethod
    def prepare(self, step: Step) -> None:
        """Do what must be done before a start: fetch, create, write the configuration.

        Raises:
            ConfigurationError: it cannot be done on this machine.
        """

    @abstractmethod
    def launch(self) -> Launch:
        """Return how to start it."""

    @abstractmethod
    def is_ready(self, child: Child) -> bool:
        """Tell whether it answers; asked again and again while the child lives."""


def create_once(place: Path, create: Callable[[Path], None]) -> None:
    """Let `create` fill a new directory and put it in place, whole or not at all."""
    if place.exists():
        return
    new = place.with_name(f"{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)  # of a start that was interrupted
    new.mkdir(mode=0o700, parents=True)
    create(new)
    new.replace(place)
