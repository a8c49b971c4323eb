"""However the program ends, no server of it remains, and the next start finds all in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from confluent_kafka.admin import AdminClient

from attune.errors import ConfigurationError
from cli.embedded.report import Silent
from cli.embedded.stack import Broker, start

_PROGRAM = """
import signal, sys, time
from contextlib import contextmanager
from pathlib import Path
from cli.embedded.report import Silent
from cli.embedded.stack import start

class Said(Silent):
    @contextmanager
    def step(self, name):
        sys.stdout.write(name + "\\n")  # in one piece: steps run in several threads
        sys.stdout.flush()
        yield self

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, where tests run in background
with start(Path(sys.argv[1]), broker=sys.argv[2], report=Said(), preferred={}):
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """One directory for all of these, so that only the first start is a cold one."""
    with TemporaryDirectory(prefix="attune-", ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)


@contextmanager
def _program(data: Path, broker: Broker, until: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs the stack, yielded once it has said `until`."""
    command = [sys.executable, "-c", _PROGRAM, str(data), broker]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        try:
            assert any(line.strip() == until for line in program.stdout)
            yield program
        finally:
            program.kill()


def _descendants(pid: int) -> list[psutil.Process]:
    return list(psutil.Process(pid).children(recursive=True))


def _names(processes: list[psutil.Process]) -> set[str]:
    return {process.name().split(":")[0] for process in processes}


def test_leaving_the_block_stops_all_servers(data: Path) -> None:
    before = _descendants(os.getpid())
    with start(data, report=Silent(), preferred={}):
        started = [process for process in _descendants(os.getpid()) if process not in before]
        assert {"java", "redis-server", "postgres"} <= _names(started)
    assert not [process for process in started if process.is_running()]


def test_a_killed_program_leaves_no_server_behind_and_its_data_start_again(data: Path) -> None:
    with _program(data, "kafka", until="up") as program:
        started = _descendants(program.pid)
        assert {"java", "redis-server", "postgres"} <= _names(started)
        program.kill()
        _, alive = psutil.wait_procs(started, timeout=10)
        assert alive == []
    with start(data, report=Silent(), preferred={}) as stack:
        assert stack.died() == []


def test_ctrl_c_while_starting_leaves_no_server_behind(data: Path) -> None:
    with _program(data, "kafka", until="Kafka") as program:
        time.sleep(0.5)  # Redis is up, PostgreSQL perhaps, Kafka not yet
        started = _descendants(program.pid)
        program.send_signal(signal.SIGINT)
        assert program.wait(20) == -signal.SIGINT
        assert not [process for process in started if process.is_running()]


def test_a_second_program_on_the_same_data_is_refused_while_the_first_lives(data: Path) -> None:
    with _program(data, "light", until="up") as program:
        with (
            pytest.raises(ConfigurationError, match=rf"in use .*\(process {program.pid}\)"),
            start(data, report=Silent()),
        ):
            pytest.fail("it started")
        program.send_signal(signal.SIGINT)
        program.wait(20)
    with start(data, broker="light", report=Silent(), preferred={}) as stack:
        assert stack.died() == []


def test_the_light_broker_says_what_it_is_and_has_its_topics(data: Path) -> None:
    notes: list[str] = []

    class Noting(Silent):
        def note(self, text: str) -> None:
            notes.append(text)

    with start(data, broker="light", report=Noting(), preferred={}, topics=["one"]) as stack:
        first = stack.endpoints.brokers
        assert "one" in AdminClient({"bootstrap.servers": first}).list_topics(timeout=5).topics
        stack.kafka.kill()
        assert stack.died() == [stack.kafka]
        assert "SIGKILL" in stack.kafka.last_words()
        stack.kafka.restart()
        assert stack.died() == []
        assert stack.endpoints.brokers != first
    assert any("memory only" in note for note in notes)
