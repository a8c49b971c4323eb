from pathlib import Path

import pytest
from serving import serving

from attune.errors import ConfigurationError
from attune.settings import Api, Settings
from cli import running, up
from cli.embedded.stack import Stack
from cli.running import Running
from cli.sending import SendingFailed


def running_at(port: int) -> Running:
    settings = Settings(_env_file=None, data=Path("none"), api=Api(port=port))
    return Running(settings, Stack({}, {}))


async def test_a_collector_that_stays_away_ends_the_start_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def failing(*_: object) -> None:
        raise SendingFailed("gave up after 12 attempts: 503")

    monkeypatch.setattr(up, "simulate", failing)

    with pytest.raises(ConfigurationError, match="gave up after 12 attempts"):
        await up._simulate(running_at(1), 5)  # noqa: SLF001 - the rest of `up` starts servers


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("body", "ready"), [(b'{"status": "ready"}', True), (b'{"status": "degraded"}', False)]
)
def test_a_proxy_is_not_asked_about_this_machine(
    monkeypatch: pytest.MonkeyPatch, body: bytes, *, ready: bool
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    with serving(body) as port:
        assert running._ready(running_at(port)) is ready  # noqa: SLF001 - as above


@pytest.mark.parametrize("name", ["Bob's shop", 'a "b" $HOME #c', "back\\slash", "\\'"])
def test_roles_find_what_is_here_whatever_the_directory_is_called(
    tmp_path: Path, name: str
) -> None:
    data = tmp_path / name
    data.mkdir()
    endpoints = {"ATTUNE_KAFKA__BROKERS": "127.0.0.1:9999"}

    written = running._write_env(Settings(_env_file=None, data=data), endpoints)  # noqa: SLF001 - as above

    assert (written.data, written.kafka.brokers) == (data, "127.0.0.1:9999")
    assert running._environment(written)["ATTUNE_DATA"] == str(data)  # noqa: SLF001 - as above
    assert (data / "env").stat().st_mode & 0o077 == 0
