"""Several workers: replaced under load, stopped with requests in hand, counted together."""

import asyncio
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from roles import Role, role, wait_for

from attune.settings import Settings

QUESTION = {"query": "{ user(id: 1) { id degraded } }"}
ASKERS = 8


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def workers(settings: Settings, count: int = 2, **env: str) -> Iterator[tuple[Role, str]]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with role(
        settings, "api", "--workers", str(count), ATTUNE_API__PORT=str(port), **env
    ) as running:
        try:
            wait_for(lambda: answers(running, address) and len(children(running)) == count)
            yield running, address
        finally:
            for child in children(running):
                child.kill()


def children(running: Role) -> set[psutil.Process]:
    """The workers; beside them runs what cleans up after them."""
    try:
        found = psutil.Process(running.process.pid).children()
        return {each for each in found if "spawn_main" in " ".join(each.cmdline())}
    except psutil.NoSuchProcess:
        return set()


def answers(running: Role, address: str) -> bool:
    assert running.process.poll() is None, running.output()
    try:
        return httpx.get(f"{address}/health/live", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


async def ask_until(done: asyncio.Event, address: str) -> int:
    """Ask again as soon as there is an answer, on one connection; any failure fails the test."""
    count = 0
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as client:
        while not done.is_set():
            reply = await client.post("/graphql", json=QUESTION)
            assert reply.status_code == 200
            assert reply.json()["data"]["user"]["id"] == "1"
            count += 1
    return count


@pytest.mark.parametrize("count", [1, 2])
async def test_workers_are_replaced_under_load_and_no_request_fails(
    settings: Settings, count: int
) -> None:
    with workers(settings, count) as (running, address):
        before = children(running)
        done = asyncio.Event()
        asking = [asyncio.create_task(ask_until(done, address)) for _ in range(ASKERS)]

        running.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(wait_for, lambda: "workers replaced" in running.output())
        done.set()
        counts = await asyncio.gather(*asking)

        assert all(counts)
        after = children(running)
        assert len(after) == len(before) == count
        assert not after & before
        assert counted(address) >= sum(counts)  # also what the workers counted that are gone


async def test_requests_in_hand_are_answered_before_the_end(settings: Settings) -> None:
    body = b'{"query": "{ __typename }"}'
    with workers(settings) as (running, address):
        port = httpx.URL(address).port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        writer.write(head + b"content-length: %d\r\nexpect: 100-continue\r\n\r\n" % len(body))
        assert b"100 Continue" in await reader.readline()  # it is in a handler's hand

        running.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(wait_for, lambda: refuses(port))
        writer.write(body)
        answer = await reader.read()
        writer.close()

        assert answer.strip().endswith(b'{"data":{"__typename":"Query"}}')
        assert b"connection: close" in answer
        assert await asyncio.to_thread(running.process.wait, 20) == 0


def refuses(port: int | None) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port or 0)) != 0


def counted(address: str, name: str = "attune_answer_seconds_count") -> int:
    page = httpx.get(f"{address}/metrics", trust_env=False).text
    (found,) = re.findall(rf"^{name} ([\d.]+)$", page, re.MULTILINE)
    return int(float(found))


def test_metrics_of_all_workers_add_up(settings: Settings, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"a": "{ __typename }", "b": "{ exposures { shown } }"}')
    with workers(settings, ATTUNE_API__MANIFESTS=str(manifest)) as (_, address):
        for _ in range(30):  # each on a connection of its own, whichever worker takes it
            httpx.post(f"{address}/graphql", json=QUESTION, trust_env=False)

        assert {counted(address) for _ in range(6)} == {30}
        # A gauge is that of the worker with the least, and 0 while one starts.
        wait_for(lambda: counted(address, "attune_documents_known") == 2)

        manifest.write_text('{"a": "{ __typename }"}')  # every worker reads it again
        wait_for(lambda: counted(address, "attune_documents_known") == 1)
        known = {
            httpx.get(f"{address}/graphql?documentId={id_}", trust_env=False).text
            for id_ in "a" * 10
        }
        assert known == {'{"data":{"__typename":"Query"}}'}


def test_workers_end_with_their_supervisor(settings: Settings) -> None:
    with workers(settings) as (running, _):
        left = children(running)
        running.kill()

        _, alive = psutil.wait_procs(left, timeout=20)
        assert not alive


@pytest.mark.parametrize("arguments", [(), ("--workers", "1"), ("--workers", "2")])
def test_a_start_that_fails_ends_with_what_is_wrong(
    settings: Settings, arguments: tuple[str, ...]
) -> None:
    with role(
        settings,
        "api",
        *arguments,
        ATTUNE_API__PORT=str(free_port()),
        ATTUNE_API__DOCUMENTS="known",
    ) as running:
        assert running.process.wait(60) == 3
        assert "only known documents are to be answered" in running.output()


def test_without_workers_it_goes_on_and_says_that_it_cannot_reload(settings: Settings) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with role(settings, "api", ATTUNE_API__PORT=str(port)) as running:
        wait_for(lambda: answers(running, address))

        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "--workers 1" in running.output())

        assert answers(running, address)
        assert running.stop() == -signal.SIGTERM  # as it was told
