"""`attune doctor`: what is reachable, what is wrong, and what to do about it."""

import platform
import sys
from collections.abc import Awaitable, Callable

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from attune.adapters.postgres.database import open_database
from attune.adapters.redis import open_redis
from attune.errors import AttuneError
from attune.settings import Settings
from cli.finding import Finding
from cli.streams import consumers, kafka
from cli.unfilled import unfilled

_OLDEST_PYTHON = (3, 11)
_LISTPACK_VALUE = 2048
"""Bytes; with Redis' default of 64 a longer state doubles what a profile takes."""


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a part that is away never hides another."""
    looks: dict[str, Callable[[Settings], Awaitable[list[Finding]]]] = {
        "Python": _python,
        "Kafka": kafka,
        "consumers": consumers,
        "Redis": _redis,
        "features": unfilled,
        "PostgreSQL": _postgres,
        "API": _api,
    }
    findings = []
    for part, look in looks.items():
        try:
            findings += await look(settings)
        except _ERRORS as error:
            findings.append(Finding(part, str(error) or type(error).__name__, _START[part]))
    return findings


# The last two are of addresses that are none.
_ERRORS = (AttuneError, RedisError, httpx.TransportError, OSError, httpx.InvalidURL, ValueError)
_START = {
    "Python": "",
    "consumers": "start them (`attune consume all`), or look at ATTUNE_CONSUME__METRICS_PORT",
    "Kafka": "start it (`attune up --only services`) or set ATTUNE_KAFKA__BROKERS",
    "Redis": "start it (`attune up --only services`) or set ATTUNE_REDIS",
    "features": "",
    "PostgreSQL": "start it (`attune up --only services`) or set ATTUNE_POSTGRES",
    "API": "start it: `attune api`, or `attune up` for everything",
}


async def _python(_: Settings) -> list[Finding]:
    old = sys.version_info < _OLDEST_PYTHON
    return [Finding("Python", platform.python_version(), "use Python 3.11 or newer" if old else "")]


async def _redis(settings: Settings) -> list[Finding]:
    async with open_redis(str(settings.redis)) as client:
        version = (await client.info("server"))["redis_version"]
        return [Finding("Redis", f"{version}, answers"), await memory(client)]


async def memory(client: Redis) -> Finding:
    """Look at the setting that decides what a profile takes; each version has its name for it."""
    try:
        found = await client.config_get("hash-max-*-value")
    except ResponseError:  # Redis as a service seldom lets anybody look
        found = {}
    named = {_text(name): int(value) for name, value in found.items()}
    if not named:
        return Finding("Redis memory", "it does not tell its hash-max-listpack-value")
    name = max(named, key=lambda each: "listpack" in each)
    small = named[name] < _LISTPACK_VALUE
    remedy = f"set {name} {_LISTPACK_VALUE}: profiles take half the memory" if small else ""
    return Finding("Redis memory", f"{name} {named[name]}", remedy)


def _text(raw: str | bytes) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw


async def _postgres(settings: Settings) -> list[Finding]:
    async with open_database(settings) as database, database.connection() as connection:
        version = await connection.fetchval("show server_version")
    return [Finding("PostgreSQL", f"{version}, answers"), _schema(settings)]


def _schema(settings: Settings) -> Finding:
    try:
        from attune.adapters.postgres.migrate import pending  # noqa: PLC0415 - not in every image
    except ModuleNotFoundError as error:
        return Finding("PostgreSQL schema", f"not looked at: {error.name} is not installed here")
    waiting = pending(settings)
    return Finding(
        "PostgreSQL schema",
        f"{len(waiting)} revisions behind" if waiting else "up to date",
        "run `attune migrate`" if waiting else "",
    )


async def _api(settings: Settings) -> list[Finding]:
    address = f"http://{settings.api.host}:{settings.api.port}"
    # No proxy of the environment knows the way to it.
    async with httpx.AsyncClient(base_url=address, timeout=2, trust_env=False) as client:
        ready = _ready(await client.get("/health/ready"))
    if ready is None:
        remedy = "end what listens there, or choose another port: ATTUNE_API__PORT"
        return [Finding("API", f"{address} answers, but it is not Attune", remedy)]
    status = ready.pop("status")
    parts = ", ".join(f"{part} {state}" for part, state in ready.items())
    return [
        Finding(
            "API", f"{address}, {status}: {parts}", "" if status == "ready" else "see the parts"
        )
    ]


def _ready(reply: httpx.Response) -> dict[str, str] | None:
    """Return what the API says of itself, None if it was not the API that answered."""
    try:
        found = reply.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) and "status" in found else None


def show(findings: list[Finding]) -> None:
    """Print them as a table, what is wrong in red, with its remedy."""
    table = Table("", "part", "found", "what to do", title="attune doctor")
    for finding in findings:
        mark = "[green]✓[/]" if finding.well else "[red]✗[/]"
        table.add_row(mark, *map(escape, (finding.part, finding.found, finding.remedy)))
    Console().print(table)
