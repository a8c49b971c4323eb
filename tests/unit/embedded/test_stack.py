import errno
import os
from pathlib import Path

import pytest

from attune.errors import ConfigurationError
from cli.embedded import claim
from cli.embedded.refusals import told_plainly
from cli.embedded.report import Silent
from cli.embedded.stack import Endpoints, start

_ELSEWHERE = Endpoints("kafka:9092", "redis://redis:6379/0", "postgresql://db/attune")


@pytest.mark.enable_socket  # looks which ports are free
def test_servers_that_are_elsewhere_are_not_started(tmp_path: Path) -> None:
    with start(tmp_path, report=Silent(), external=_ELSEWHERE.as_env(), preferred={}) as stack:
        assert stack.endpoints == _ELSEWHERE
        assert not stack.servers
        assert stack.died() == []


def test_endpoints_are_the_settings_of_every_role() -> None:
    assert _ELSEWHERE.as_env() == {
        "ATTUNE_KAFKA__BROKERS": "kafka:9092",
        "ATTUNE_REDIS": "redis://redis:6379/0",
        "ATTUNE_POSTGRES": "postgresql://db/attune",
    }


def test_a_second_program_on_the_same_data_is_told_who_has_it(tmp_path: Path) -> None:
    with (
        claim.claimed(tmp_path / "lock"),
        pytest.raises(ConfigurationError, match=rf"in use by.*\(process {os.getpid()}\).*DATA"),
        start(tmp_path, report=Silent()),
    ):
        pytest.fail("it started")


def test_a_file_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match=r"cannot use .*file.*ATTUNE_DATA"),
        start(tmp_path / "file" / "data", report=Silent()),
    ):
        pytest.fail("it started")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EACCES, "no permission to write"),
        (errno.EROFS, "no permission to write"),
        (errno.ENOSPC, "the disk is full"),
    ],
)
def test_what_the_file_system_refuses_is_told_plainly(tmp_path: Path, code: int, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{said}.*ATTUNE_DATA"), told_plainly(tmp_path):
        raise OSError(code, os.strerror(code), str(tmp_path / "redis"))


def test_a_refusal_of_the_cache_names_the_cache(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="XDG_CACHE_HOME"), told_plainly(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/jars")


@pytest.mark.enable_socket  # looks which ports are free
def test_an_error_of_the_caller_is_left_alone(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError),
        start(tmp_path, report=Silent(), external=_ELSEWHERE.as_env()),
    ):
        raise FileNotFoundError(errno.ENOENT, "the caller's own")
