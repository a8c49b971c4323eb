import hashlib
from pathlib import Path

import pytest
import requests
from jgo.maven import PythonResolver

from attune.errors import ConfigurationError
from cli.embedded import jars
from cli.embedded.jars import Jar
from cli.embedded.report import Silent

_CONTENT = b"not really a jar"
_JAR = Jar(hashlib.sha256(_CONTENT).hexdigest(), len(_CONTENT), "org.example", "thing", "1.0")


def _put(cache: Path, content: bytes) -> Path:
    path = _JAR.within(cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _repository(monkeypatch: pytest.MonkeyPatch, cache: Path, content: bytes) -> None:
    monkeypatch.setattr(PythonResolver, "download", lambda *_: _put(cache, content))


def test_the_lock_names_kafka_itself_and_its_own_clients() -> None:
    found = {(jar.artifact, jar.version) for jar in jars.locked()}
    assert ("kafka_2.13", jars.KAFKA_VERSION) in found
    assert ("kafka-clients", jars.KAFKA_VERSION) in found
    assert all(len(jar.sha256) == 64 for jar in jars.locked())


def test_a_line_reads_back_as_it_was_written() -> None:
    assert jars.locked(_JAR.line()) == [_JAR]


def test_a_cached_jar_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _put(tmp_path, _CONTENT)
    monkeypatch.setattr(PythonResolver, "download", lambda *_: pytest.fail("fetched"))
    assert jars.ensure(Silent(), tmp_path, [_JAR]) == [path]


@pytest.mark.parametrize("damaged", [b"", b"not really", b"not really a jaR"])
def test_a_damaged_jar_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: bytes
) -> None:
    path = _put(tmp_path, damaged)
    _repository(monkeypatch, tmp_path, _CONTENT)
    jars.ensure(Silent(), tmp_path, [_JAR])
    assert path.read_bytes() == _CONTENT


def test_another_file_than_the_locked_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _repository(monkeypatch, tmp_path, b"something else!!")
    with pytest.raises(ConfigurationError, match=r"thing-1\.0\.jar as fetched is not the file"):
        jars.ensure(Silent(), tmp_path, [_JAR])
    assert not _JAR.within(tmp_path).exists()


def test_no_network_offers_the_light_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise requests.ConnectionError("name resolution failed")

    monkeypatch.setattr(PythonResolver, "download", unreachable)
    with pytest.raises(ConfigurationError, match=r"name resolution failed.*--broker light") as told:
        jars.ensure(Silent(), tmp_path, [_JAR])
    assert "\n" not in str(told.value)
