"""Steps as a person sees them: a line each, with its time; a bar while something is fetched."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from cli.embedded.process import Abandoned
from cli.embedded.report import Step


class Steps:
    """A `Report` on a console. Finished steps are lines that stay; those under way are below.

    On a terminal the steps under way spin; elsewhere (CI, a log) there are only the lines.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._waiting = 0
        self._lock = Lock()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show one step from entering to leaving."""
        self._enter()
        task = self._progress.add_task(name, total=None)
        started = time.monotonic()
        shown = _Shown(self._progress, task)
        try:
            yield shown
        except Abandoned:
            self._line("[dim]-", name, "given up", started)
            raise
        except BaseException:
            self._line("[red]✗", name, "failed", started)
            raise
        else:
            self._line("[green]✓", name, "; ".join(shown.notes), started)
        finally:
            self._progress.remove_task(task)
            self._leave()

    def _line(self, mark: str, name: str, ending: str, started: float) -> None:
        seconds = time.monotonic() - started
        line = f"{mark}[/] {name:<44} {seconds:5.1f} s  [dim]{escape(ending)}[/]"
        self._console.print(line, highlight=False)

    def _enter(self) -> None:
        with self._lock:
            if self._waiting == 0:
                self._progress.start()
            self._waiting += 1

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1
            if self._waiting == 0:
                self._progress.stop()


@dataclass(frozen=True, slots=True)
class _Shown(Step):
    shown: Progress
    task: TaskID
    notes: list[str] = field(default_factory=list)

    def progress(self, done: int, total: int, unit: str) -> None:  # noqa: ARG002 - bytes are all there is
        """Move the bar."""
        self.shown.update(self.task, completed=done, total=total)

    def note(self, text: str) -> None:
        """Put it behind the step's line when that is done."""
        self.notes.append(text)
