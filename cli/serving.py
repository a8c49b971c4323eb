"""Runs the API: this process, or workers that share a port and are replaced without a lost request.

uvicorn does the work. What is added here: an idle connection is not cut off while its next request
may be on its way, workers end with their supervisor, their metrics add up, and a start that fails
is one. A single worker is worth its supervisor, of 40 MB, only where somebody replaces it:
containers are replaced as a whole, and workers do not tell their CPU and memory in `/metrics`.
"""

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors.multiprocess import Multiprocess

from attune.settings import Api
from cli.logs import configure_logs

_log = structlog.get_logger()

_LAST_REQUEST: Final = 1.0
"""Seconds in which a caller may still send on a connection that we are about to close."""
_IN_HAND: Final = 10
"""Seconds for requests in hand to be answered, then they are given up."""
_SILENT: Final = 10
"""Seconds for a worker to say that it lives; then it is killed, and another takes its place."""
_START: Final = 60
"""Seconds for a new worker to be ready, on a busy machine; then the old one stays."""
_METRICS: Final = "PROMETHEUS_MULTIPROC_DIR"


def serve(settings: Api, workers: int | None) -> None:
    """Serve until SIGTERM; SIGHUP replaces workers, where there are any, one after the other."""
    config = configuration(settings, workers or 1)
    if workers is None:
        _serve_alone(uvicorn.Server(config))
    else:
        with _shared_metrics() as folder:
            _Supervisor(config, folder).run()


def configuration(settings: Api, workers: int) -> uvicorn.Config:
    """Return how uvicorn is to run."""
    return _Config(
        "api.app:application",
        host=settings.host,
        port=settings.port,
        workers=workers,
        http=_Http,
        loop="auto",  # uvloop, where there is one for the platform
        lifespan="on",
        access_log=False,
        proxy_headers=False,  # nothing here asks from where a request comes
        log_config=None,
        callback_notify=_end_with_supervisor,
        timeout_notify=1,
        timeout_graceful_shutdown=_IN_HAND,
        timeout_worker_healthcheck=_SILENT,
    )


class _Config(uvicorn.Config):
    def configure_logging(self) -> None:
        """Set up our logs, in each worker: uvicorn calls this first of all."""
        configure_logs()


class _Http(HttpToolsProtocol):
    """A connection whose caller is told that it ends, before it does.

    uvicorn closes idle ones at once, and a request that is on its way then is lost: with callers
    that ask again as soon as they are answered, that is one in each connection.
    """

    _ending = False

    def shutdown(self) -> None:
        self._ending = True
        if self._idle:
            self.loop.call_later(_LAST_REQUEST, self._close)
        else:
            self.cycle.keep_alive = False

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._ending:
            self.cycle.keep_alive = False  # the answer says so: `connection: close`

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close(self) -> None:
        if self._idle and not self.transport.is_closing():
            self.transport.close()


class _Supervisor(Multiprocess):
    def __init__(self, config: uvicorn.Config, metrics: Path) -> None:
        super().__init__(config, sockets=[config.bind_socket()])
        self._folder = metrics
        for number in (signal.SIGINT, signal.SIGTERM):
            # At once, also in the middle of replacing workers.
            signal.signal(number, lambda *_: self.should_exit.set())

    def run(self) -> None:
        super().run()
        if any(process.exitcode == STARTUP_FAILURE for process in self.processes):
            sys.exit(STARTUP_FAILURE)

    def terminate_all(self) -> None:
        # Else callers would go on to connect, and wait for workers that are ending.
        for bound in self.sockets:
            bound.close()
        super().terminate_all()

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        living = {process.pid for process in self.processes}
        for file in self._folder.glob("gauge_live*_*.db"):
            pid = int(file.stem.rpartition("_")[2])
            if pid not in living:
                mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def handle_hup(self) -> None:
        before = {process.pid for process in self.processes}
        self.config.timeout_worker_healthcheck = _START
        super().handle_hup()
        self.config.timeout_worker_healthcheck = _SILENT
        new = {process.pid for process in self.processes} - before
        if len(new) == len(self.processes):
            _log.info("workers replaced", workers=len(new))
        elif not self.should_exit.is_set():
            _log.error("workers not replaced, see above: those that ran stay", replaced=len(new))


def _serve_alone(server: uvicorn.Server) -> None:
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _cannot_reload)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def _cannot_reload(*_: object) -> None:
    _log.warning("not reloaded: only workers can be replaced while they serve: --workers 1 or more")


@contextmanager
def _shared_metrics() -> Iterator[Path]:
    """Have workers write their metrics where each can add up those of all."""
    with TemporaryDirectory(prefix="attune-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[_METRICS] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[_METRICS]


async def _end_with_supervisor() -> None:
    """End as if told to, where the supervisor was killed: nobody else would."""
    supervisor = multiprocessing.parent_process()
    if supervisor and not supervisor.is_alive():
        logging.getLogger("uvicorn.error").warning("the supervisor is gone: so are we")
        signal.raise_signal(signal.SIGTERM)
