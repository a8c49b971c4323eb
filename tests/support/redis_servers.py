"""Redis servers of a test's own, beside the embedded one: other settings, or several of them."""

import asyncio
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from redis.asyncio import Redis

from cli.embedded.ports import LOOPBACK
from cli.embedded.redis import find_program

SLOTS = 16_384


@contextmanager
def _process(directory: Path, *options: str) -> Iterator[None]:
    program, _ = find_program()
    quiet = ["--save", "", "--appendonly", "no", "--dir", str(directory), "--loglevel", "warning"]
    server = subprocess.Popen([str(program), *quiet, *options], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    """A port on which nobody listens, nor 10,000 further, where a cluster talks."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        port: int = one.getsockname()[1]
    return port if port < 55_000 else free_port()


@asynccontextmanager
async def redis_server(*options: str, port: int | None = None) -> AsyncIterator[Redis]:
    """A server with these options; it is ready."""
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="attune-redis-") as directory:
        home = Path(directory)
        with _process(home, "--port", str(port), "--bind", LOOPBACK, *options):
            async with Redis(host=LOOPBACK, port=port) as client:
                await _ready(client)
                yield client


async def _ready(client: Redis) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await client.ping()
            except OSError:
                await asyncio.sleep(0.01)
            except Exception as error:  # noqa: BLE001 - it answers, if only that it wants a password
                if "Connection" not in type(error).__name__:
                    return
                await asyncio.sleep(0.01)
            else:
                return


def port_of(client: Redis) -> int:
    """Where the server of a client listens."""
    port: int = client.connection_pool.connection_kwargs["port"]
    return port


@asynccontextmanager
async def redis_cluster(size: int = 3) -> AsyncIterator[list[Redis]]:
    """A cluster of masters that share the slots evenly, in order; each knows of all."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                redis_server("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
            )
            for _ in range(size)
        ]
        for number, node in enumerate(nodes):
            own = range(SLOTS * number // size, SLOTS * (number + 1) // size)
            await node.execute_command("CLUSTER", "ADDSLOTS", *own)
            await node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            await node.execute_command("CLUSTER", "MEET", LOOPBACK, port_of(nodes[0]))
        async with asyncio.timeout(20):
            while not all([await _whole(node, size) for node in nodes]):
                await asyncio.sleep(0.05)
        yield nodes


async def _whole(node: Redis, size: int) -> bool:
    told = await node.execute_command("CLUSTER", "INFO")
    lines = (
        told if isinstance(told, dict) else dict(line.split(":") for line in told.decode().split())
    )
    masters = await node.execute_command("CLUSTER", "SLOTS")
    return lines["cluster_state"] == "ok" and len(masters) >= size


async def move_slot(slot: int, source: Redis, target: Redis, others: list[Redis]) -> None:
    """Move one slot with its keys, as `redis-cli --cluster reshard` does."""
    from_id = await source.execute_command("CLUSTER", "MYID")
    to_id = await target.execute_command("CLUSTER", "MYID")
    await target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", from_id)
    await source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", to_id)
    while keys := await source.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 2):
        for key in keys:
            await source.execute_command("MIGRATE", LOOPBACK, port_of(target), key, 0, 1000)
            await asyncio.sleep(0)  # readers have their turn in between
    for node in (target, source, *others):
        await node.execute_command("CLUSTER", "SETSLOT", slot, "NODE", to_id)
