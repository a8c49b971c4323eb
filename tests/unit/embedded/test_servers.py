"""What each server is told, and which program it is; nothing is started here."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from attune.errors import ConfigurationError
from cli.embedded import java, kafka, postgres, redis, service
from cli.embedded.process import User

_EVERYBODY = 0o755


@pytest.fixture
def bare_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH with nothing on it but what the test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _program(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(_EVERYBODY)
    return program


def _without_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (java, redis, postgres):
        monkeypatch.setattr(module, "find_spec", lambda _: None)


def test_kafka_is_one_node_that_creates_no_topic_by_itself() -> None:
    lines = kafka.render(Path("/d/log"), 9092, 9093).splitlines()
    assert "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093" in lines
    assert "auto.create.topics.enable=false" in lines
    assert "log.dirs=/d/log" in lines


@pytest.mark.parametrize(
    ("version", "setting"),
    [((6, 2), "hash-max-ziplist-value 2048"), ((7, 2), "hash-max-listpack-value 2048")],
)
def test_redis_gets_the_name_that_its_version_knows(version: tuple[int, int], setting: str) -> None:
    lines = redis.render(Path("/d"), 6379, version).splitlines()
    assert setting in lines
    assert "appendfsync everysec" in lines
    assert "bind 127.0.0.1" in lines


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_401"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", 0),
    ],
)
def test_java_says_its_version(printed: str, version: int) -> None:
    assert java.version_of(printed) == version


def test_a_new_enough_java_on_path_comes_first(bare_path: Path) -> None:
    program = _program(bare_path, "java", "echo 'openjdk version \"21.0.1\"' >&2")
    assert java.find() == str(program)


def test_an_old_java_on_path_gives_way_to_the_wheel(bare_path: Path) -> None:
    program = _program(bare_path, "java", "echo 'openjdk version \"11.0.1\"' >&2")
    assert java.find() != str(program)


@pytest.mark.usefixtures("bare_path")
def test_no_java_offers_the_light_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_wheels(monkeypatch)
    with pytest.raises(ConfigurationError, match="--broker light"):
        java.find()


def test_an_old_redis_on_path_gives_way_to_the_wheel(bare_path: Path) -> None:
    program = _program(bare_path, "redis-server", "echo 'Redis server v=5.0.3 sha=0'")
    found, version = redis.find_program()
    assert found != program
    assert version >= (6, 2)


@pytest.mark.usefixtures("bare_path")
def test_no_redis_names_the_extra_and_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_wheels(monkeypatch)
    with pytest.raises(ConfigurationError, match=r"`embedded` extra.*ATTUNE_REDIS"):
        redis.find_program()


def test_no_postgres_names_the_extra_and_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    _without_wheels(monkeypatch)
    with pytest.raises(ConfigurationError, match=r"`embedded` extra.*ATTUNE_POSTGRES"):
        postgres.find_programs()


def test_a_directory_closed_to_postgres_is_found() -> None:
    stranger = User(uid=2**31 - 7, gid=2**31 - 7, name="stranger")
    owner = User(os.getuid(), os.getgid(), "owner")
    with TemporaryDirectory() as closed:  # made for its owner only
        data = Path(closed, "data")
        assert postgres.closed_directory(data, stranger) == Path(closed)
        assert postgres.closed_directory(data, owner) is None
        Path(closed).chmod(_EVERYBODY)
        assert postgres.closed_directory(data, stranger) is None


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="needs /proc")
@pytest.mark.parametrize("left", [f"{os.getpid()}\n/d\n", ""])
def test_the_pid_file_of_a_crashed_postgres_is_no_hindrance(tmp_path: Path, left: str) -> None:
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(left)  # the pid now belongs to this test
    postgres.forget_stale_pid(pid_file)
    assert not pid_file.exists()


def test_an_interrupted_creation_is_begun_anew(tmp_path: Path) -> None:
    def fail_halfway(place: Path) -> None:
        (place / "half").touch()
        raise KeyboardInterrupt

    place = tmp_path / "data"
    with pytest.raises(KeyboardInterrupt):
        service.create_once(place, fail_halfway)
    assert not place.exists()

    service.create_once(place, lambda new: (new / "whole").touch())
    assert [found.name for found in place.iterdir()] == ["whole"]

    service.create_once(place, fail_halfway)  # is not called again
