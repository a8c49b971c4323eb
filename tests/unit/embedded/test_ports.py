import socket
from pathlib import Path

import pytest

from cli.embedded import ports


def test_the_well_known_port_is_taken_if_free() -> None:
    chosen = ports.choose(["redis"], {}, {"redis": 6379}, free=lambda _: True)
    assert chosen == {"redis": 6379}


def test_the_port_of_last_time_comes_first() -> None:
    chosen = ports.choose(["redis"], {"redis": 25_000}, {"redis": 6379}, free=lambda _: True)
    assert chosen == {"redis": 25_000}


def test_a_port_in_use_is_avoided() -> None:
    chosen = ports.choose(
        ["redis"], {"redis": 25_000}, {"redis": 6379}, free=lambda port: port not in {25_000, 6379}
    )
    assert 20_000 <= chosen["redis"] <= 32_767
    assert chosen["redis"] != 25_000


def test_no_two_servers_get_one_port() -> None:
    remembered = {"kafka": 25_000, "redis": 25_000}
    chosen = ports.choose(["kafka", "redis"], remembered, {}, free=lambda _: True)
    assert chosen["kafka"] != chosen["redis"]


def test_ports_are_remembered(tmp_path: Path) -> None:
    ports.remember(tmp_path / "ports.json", {"kafka": 9092})
    assert ports.recall(tmp_path / "ports.json") == {"kafka": 9092}


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"kafka": "9092"}'])
def test_damaged_memory_is_no_memory(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "ports.json").write_text(damaged)
    assert ports.recall(tmp_path / "ports.json") == {}


@pytest.mark.enable_socket
def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.accepts(port)
    assert ports.is_free(port)
    assert not ports.accepts(port)
