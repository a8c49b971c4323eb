import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from attune.errors import ConfigurationError
from cli.embedded import claim, process
from cli.embedded.process import Abandoned, Child, Launch


def _shell(script: str) -> Launch:
    return Launch(["/bin/sh", "-c", script])


def _never() -> bool:
    return False


def test_a_server_that_ends_while_starting_is_told_with_its_reason(tmp_path: Path) -> None:
    child = Child("Redis", _shell("echo 'Bad directive'; exit 3"), tmp_path)
    with pytest.raises(ConfigurationError, match=r"Redis ended \(exit code 3\): Bad directive"):
        child.wait_until(_never, 10, Event())


def test_a_port_taken_meanwhile_has_its_remedy(tmp_path: Path) -> None:
    child = Child("Redis", _shell("echo 'bind: Address already in use'; exit 1"), tmp_path)
    with pytest.raises(ConfigurationError, match="start again and it gets another port"):
        child.wait_until(_never, 10, Event())


def test_a_server_that_never_answers_is_told_with_its_log(tmp_path: Path) -> None:
    child = Child("Redis", _shell("exec sleep 60"), tmp_path)
    with pytest.raises(ConfigurationError, match=r"not ready after 0 s.*redis\.log"):
        child.wait_until(_never, 0.1, Event())
    child.kill()


def test_waiting_is_given_up_when_something_else_failed(tmp_path: Path) -> None:
    child = Child("Redis", _shell("exec sleep 60"), tmp_path)
    abandoned = Event()
    abandoned.set()
    with pytest.raises(Abandoned):
        child.wait_until(_never, 60, abandoned)
    child.kill()


def test_a_server_that_does_not_stop_is_ended_by_force(tmp_path: Path) -> None:
    script = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
    child = Child("Redis", _shell(script), tmp_path)
    child.wait_until(lambda: "deaf" in child.output(), 10, Event())
    child.stop(timeout=0.3)
    assert child.ended()
    assert "SIGKILL" in child.last_words()


def test_a_missing_program_is_told(tmp_path: Path) -> None:
    child = Child("Redis", Launch(["/nowhere/redis-server"]), tmp_path)
    with pytest.raises(ConfigurationError, match="/nowhere/redis-server: No such file"):
        child.wait_until(_never, 10, Event())


def test_only_this_start_is_quoted_from_the_log(tmp_path: Path) -> None:
    first = Child("Redis", _shell("echo first"), tmp_path)
    first.wait_until(first.ended, 10, Event())
    second = Child("Redis", _shell("echo second"), tmp_path)
    second.wait_until(second.ended, 10, Event())
    assert second.output() == "second\n"
    assert second.log.read_text() == "first\nsecond\n"


def test_a_server_left_over_is_not_joined_by_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_LEFTOVER", 0.1)
    first = Child("Redis", _shell("exec sleep 60"), tmp_path)
    with pytest.raises(ConfigurationError, match=rf"earlier run \(process {first.pid}\)"):
        Child("Redis", _shell("true"), tmp_path)
    first.kill()
    Child("Redis", _shell("true"), tmp_path).stop()


def test_a_failed_preparation_is_told_with_what_it_printed() -> None:
    with pytest.raises(ConfigurationError, match=r"initdb failed \(exit code 2\): no space left"):
        process.run("initdb", _shell("echo no space left; exit 2"))


def test_a_stack_trace_is_told_by_its_causes() -> None:
    output = "ERROR Exiting\njava.io.IOException: no\n\tat kafka.Kafka\nCaused by: it\n\t... 5 more"
    assert process.reason(output) == "ERROR Exiting | java.io.IOException: no | Caused by: it"
    assert process.reason("") == "it said nothing"


def test_a_server_does_not_outlive_a_program_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import time\n"
        "from pathlib import Path\n"
        "from cli.embedded.process import Child, Launch\n"
        f"child = Child('Redis', Launch(['/bin/sleep', '60']), Path({str(tmp_path)!r}))\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    os.kill(pid, 0)  # it lives
    parent.kill()
    parent.communicate()

    os.close(claim.acquire(tmp_path / "run" / "redis.lock", wait=10))  # free once it is gone


def test_a_claim_ends_with_its_holder_and_says_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with claim.claimed(path), pytest.raises(claim.Held) as held:
        claim.acquire(path)
    assert held.value.pid == str(os.getpid())

    path.write_text("1\n")  # what a crash leaves: a pid that lives, and no lock
    with claim.claimed(path):
        pass


def test_stopping_is_by_the_signal_that_the_server_wants(tmp_path: Path) -> None:
    script = "trap 'echo fast; exit 0' INT; echo up; while :; do sleep 0.05; done"
    launch = Launch(["/bin/sh", "-c", script], stop_signal=signal.SIGINT)
    child = Child("PostgreSQL", launch, tmp_path)
    child.wait_until(lambda: "up" in child.output(), 10, Event())
    child.stop()
    assert child.output().split() == ["up", "fast"]
