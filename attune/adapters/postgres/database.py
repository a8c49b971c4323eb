"""Connections to PostgreSQL: pooled, with time-outs, in the installation's schema."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from attune.errors import ConfigurationError, Unavailable
from attune.settings import Settings

CONNECT_TIMEOUT = 5.0
"""Seconds to open a connection, or to wait for a free one."""
COMMAND_TIMEOUT = 10.0
"""Seconds a statement may take; ours take milliseconds."""
MAX_CONNECTIONS = 4
"""Per process. Requests do not touch PostgreSQL; consumers and refreshes need one at a time."""

_AWAY = (
    OSError,  # TimeoutError among them
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, cancelled by an operator
    asyncpg.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.ReadOnlySQLTransactionError,  # a replica: failover is under way
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InternalClientError,  # the server's farewell arrived, the end of the stream not yet
)
"""What another attempt may find mended."""

_MISCONFIGURED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)


class Database:
    """A pool that connects when it is first used, and again after every loss."""

    def __init__(self, pool: Any, schema: str) -> None:  # noqa: ANN401 - asyncpg is untyped
        self._pool = pool
        self.schema = schema

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """Yield a connection.

        Raises:
            Unavailable: PostgreSQL is away, or went away meanwhile.
            ConfigurationError: it refuses us, or the schema has not been migrated.
        """
        connection = None
        try:
            async with self._pool.acquire(timeout=CONNECT_TIMEOUT) as connection:
                yield connection
        except _AWAY as error:
            raise Unavailable("PostgreSQL", _reason(error)) from error
        except _MISCONFIGURED as error:
            raise ConfigurationError(f"ATTUNE_POSTGRES is refused: {error}") from error
        except asyncpg.UndefinedTableError as error:
            raise ConfigurationError(
                f"schema {self.schema} is not migrated: run `attune migrate` ({error})"
            ) from error
        except asyncpg.InterfaceError as error:
            # Also asyncpg's word for a wrong call; only a lost connection is worth waiting for.
            if connection is None or _is_lost(connection):
                raise Unavailable("PostgreSQL", _reason(error)) from error
            raise

    @asynccontextmanager
    async def transaction(self, **how: object) -> AsyncIterator[Any]:
        """Yield a connection in a transaction, committed at the end; raises as `connection`.

        `how` is asyncpg's: isolation, readonly.
        """
        async with self.connection() as connection, connection.transaction(**how):
            yield connection


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Yield the database; PostgreSQL need not be there yet."""
    pool = asyncpg.create_pool(
        str(settings.postgres),
        min_size=0,
        max_size=MAX_CONNECTIONS,
        init=_speak_json,
        **_session(settings),
    )
    await pool
    try:
        yield Database(pool, settings.postgres_schema)
    finally:
        await _close(pool)


@asynccontextmanager
async def listen(settings: Settings, channel: str) -> AsyncIterator[tuple[Any, asyncio.Queue[str]]]:
    """Yield a connection of its own, and the payloads it hears on the channel.

    An empty payload says that the connection is lost.

    Raises:
        Unavailable: PostgreSQL is away.
    """
    heard: asyncio.Queue[str] = asyncio.Queue()
    try:
        connection = await asyncpg.connect(str(settings.postgres), **_session(settings))
    except (*_AWAY, *_MISCONFIGURED) as error:
        raise Unavailable("PostgreSQL", _reason(error)) from error
    try:
        connection.add_termination_listener(lambda _: heard.put_nowait(""))
        await connection.add_listener(channel, lambda *told: heard.put_nowait(told[3]))
        yield connection, heard
    except _AWAY as error:
        raise Unavailable("PostgreSQL", _reason(error)) from error
    finally:
        connection.terminate()


def _session(settings: Settings) -> dict[str, Any]:
    return {
        "timeout": CONNECT_TIMEOUT,
        "command_timeout": COMMAND_TIMEOUT,
        "server_settings": {
            "application_name": "attune",
            "search_path": f'"{settings.postgres_schema}", public',
        },
    }


async def _speak_json(connection: Any) -> None:  # noqa: ANN401 - asyncpg is untyped
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_json, decoder=msgspec.json.decode
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _close(pool: Any) -> None:  # noqa: ANN401 - asyncpg is untyped
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await pool.close()
    except TimeoutError:  # a server that hangs must not keep us
        pool.terminate()


def _is_lost(connection: Any) -> bool:  # noqa: ANN401 - asyncpg is untyped
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back already, because it is
        return True


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
