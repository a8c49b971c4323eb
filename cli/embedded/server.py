"""One server of the running stack, to be stopped, killed and started again."""

from pathlib import Path
from threading import Event, RLock

from cli.embedded.process import Abandoned, Child
from cli.embedded.refusals import told_plainly
from cli.embedded.report import Silent, Step
from cli.embedded.service import Service


class _Abandonable:
    """A step that is left at its next sign of progress once the start is given up."""

    def __init__(self, step: Step, abandoned: Event) -> None:
        self._step = step
        self._abandoned = abandoned
        self.note = step.note

    def progress(self, done: int, total: int, unit: str) -> None:
        """Pass it on.

        Raises:
            Abandoned: the event was set meanwhile.
        """
        if self._abandoned.is_set():
            raise Abandoned
        self._step.progress(done, total, unit)


class Server:
    """One server of the stack. All methods block, and may be called from any thread."""

    def __init__(self, service: Service, data: Path) -> None:
        self._service = service
        self._data = data
        self._child: Child | None = None
        self._lock = RLock()

    @property
    def name(self) -> str:
        """What people call it."""
        return self._service.name

    @property
    def endpoint(self) -> str:
        """Where it answers, in the form of its setting."""
        return self._service.endpoint

    @property
    def pid(self) -> int | None:
        """Of its (main) process; None if it was not started or was stopped."""
        return self._child.pid if self._child else None

    def start(self, step: Step, abandoned: Event) -> None:
        """Start it and return when it answers.

        Raises:
            ConfigurationError: it cannot be started; says why and what to do.
            Abandoned: the event was set meanwhile.
        """
        with self._lock, told_plainly(self._data):
            self._service.prepare(_Abandonable(step, abandoned))
            self._child = child = Child(self.name, self._service.launch(), self._data)
            child.wait_until(
                lambda: self._service.is_ready(child), self._service.timeout, abandoned
            )

    def stop(self) -> None:
        """End it properly; it can be started again with `restart`."""
        with self._lock:
            if self._child:
                self._child.stop()
                self._child = None

    def kill(self) -> None:
        """End it by SIGKILL, as a crash would; `died` then says so."""
        with self._lock:
            if self._child:
                self._child.kill()

    def restart(self) -> None:
        """Start it again on its data, at the same address, having stopped it if it still ran.

        Raises:
            ConfigurationError: it cannot be started.
        """
        with self._lock:
            self.stop()
            self.start(Silent(), Event())

    def died(self) -> bool:
        """Tell whether it ended without having been stopped."""
        return self._child is not None and self._child.ended()

    def last_words(self) -> str:
        """Return one line on how it ended."""
        return self._child.last_words() if self._child else f"{self.name} was stopped"
