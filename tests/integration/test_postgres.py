"""PostgreSQL as it misbehaves: away, restarted, half migrated, written by several at once."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

import asyncpg
import pytest

from attune.adapters.postgres.content import PostgresContent
from attune.adapters.postgres.database import Database, open_database
from attune.adapters.postgres.migrate import migrate, pending
from attune.adapters.postgres.models import PostgresModels
from attune.decide.content import Content, Slot
from attune.errors import ConfigurationError, Unavailable
from attune.settings import Settings
from cli.seed.load import DEMO, read_seed, seed

pytestmark = pytest.mark.integration

ALL = ["0001", "0002"]
"""Migrations."""


class Line:
    """A wire to PostgreSQL that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._ends: list[asyncio.StreamWriter] = []
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._ends += [writer, far_writer]
        with suppress(OSError):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
async def line(settings: Settings) -> AsyncIterator[Line]:
    host = settings.postgres.hosts()[0]
    line = Line(host["host"] or "", host["port"] or 5432)
    await line.mend()
    yield line
    await line.cut()


def through(settings: Settings, line: Line) -> Settings:
    host = settings.postgres.hosts()[0]
    wired = str(settings.postgres).replace(
        f"{host['host']}:{host['port']}", f"127.0.0.1:{line.port}"
    )
    return settings.model_copy(update={"postgres": wired})


async def fetch(settings: Settings, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(str(settings.postgres))
    try:
        await connection.execute(f"SET search_path TO {settings.postgres_schema}")
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def test_migrating_twice_applies_everything_once(settings: Settings) -> None:
    assert pending(settings) == ALL
    assert migrate(settings) == ALL
    assert pending(settings) == []
    assert migrate(settings) == []


def test_programs_that_start_at_once_migrate_once(settings: Settings) -> None:
    program = (
        "from attune.adapters.postgres.migrate import migrate\n"
        "from attune.settings import Settings\n"
        "print(migrate(Settings()))"
    )
    environment = {
        **os.environ,
        "ATTUNE_POSTGRES": str(settings.postgres),
        "ATTUNE_POSTGRES_SCHEMA": settings.postgres_schema,
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]

    assert sorted(one.communicate()[0].strip() for one in started) == [str(ALL), "[]", "[]"]


async def test_each_installation_has_its_own_schema(settings: Settings) -> None:
    other = settings.model_copy(update={"postgres_schema": f"{settings.postgres_schema}_b"})
    for each in (settings, other):
        await asyncio.to_thread(migrate, each)

    async with open_database(settings) as database:
        await PostgresContent(database, settings).replace(
            Content(slots=(Slot("hero"),)), actor="test"
        )

    assert await fetch(other, "SELECT key FROM slots") == []
    assert await fetch(settings, "SELECT key FROM slots") == [("hero",)]


def test_migrating_without_postgres_says_that_it_is_away(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"postgres": "postgresql://postgres@127.0.0.1:1/postgres"})

    with pytest.raises(Unavailable, match="PostgreSQL is unavailable"):
        migrate(nowhere)


async def test_a_schema_that_was_not_migrated_is_named(settings: Settings) -> None:
    async with open_database(settings) as database:
        with pytest.raises(ConfigurationError, match="not migrated"):
            await PostgresContent(database, settings).load()


async def test_a_wrong_database_is_a_matter_of_configuration(settings: Settings) -> None:
    wrong = settings.model_copy(
        update={"postgres": str(settings.postgres).replace("/postgres", "/nowhere")}
    )
    async with open_database(wrong) as database:
        with pytest.raises(ConfigurationError, match="nowhere"):
            await PostgresContent(database, wrong).load()


async def test_programs_start_without_postgres_and_find_it_later(
    settings: Settings, line: Line
) -> None:
    await asyncio.to_thread(migrate, settings)
    await line.cut()
    wired = through(settings, line)

    async with open_database(wired) as database:
        content = PostgresContent(database, wired)
        with pytest.raises(Unavailable):
            await content.load()
        await line.mend()
        assert await content.load() == Content()


async def test_a_lost_connection_is_said_and_then_replaced(settings: Settings, line: Line) -> None:
    await asyncio.to_thread(migrate, settings)
    wired = through(settings, line)
    async with open_database(wired) as database:
        content = PostgresContent(database, wired)
        assert await content.load() == Content()
        await line.cut()
        with pytest.raises(Unavailable):
            await content.load()
        await line.mend()

        assert await content.load() == Content()


async def _insert_and_cut(database: Database, line: Line) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO slots VALUES ('hero', 0, '', NULL)")
        await line.cut()
        await connection.execute("SELECT 1")


async def test_a_connection_lost_within_a_transaction_changes_nothing(
    settings: Settings, line: Line
) -> None:
    await asyncio.to_thread(migrate, settings)
    wired = through(settings, line)

    async with open_database(wired) as database:
        with pytest.raises(Unavailable):
            await _insert_and_cut(database, line)

    assert await fetch(settings, "SELECT * FROM slots") == []


async def test_a_server_that_is_restarted_is_found_again(settings: Settings) -> None:
    await asyncio.to_thread(migrate, settings)
    async with open_database(settings) as database:
        content = PostgresContent(database, settings)
        await content.load()
        await fetch(
            settings,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'attune' AND pid <> pg_backend_pid()",
        )
        with suppress(Unavailable):
            await content.load()

        assert await content.load() == Content()


async def test_a_listener_comes_back_and_tells_what_it_may_have_missed(
    settings: Settings, line: Line
) -> None:
    await asyncio.to_thread(migrate, settings)
    wired = through(settings, line)
    async with open_database(settings) as database, asyncio.timeout(20):
        content = PostgresContent(database, settings)
        deaf = PostgresContent(database, wired)
        async with aclosing(deaf.changes()) as changes:
            assert {await anext(changes), await anext(changes)} == {"content", "models"}
            await line.cut()
            await content.replace(Content(slots=(Slot("hero"),)), actor="test")
            hearing = asyncio.create_task(anext(changes))
            await asyncio.sleep(0.1)
            await line.mend()

            assert await hearing == "content"


async def test_a_change_is_heard_at_once_and_of_this_installation_only(settings: Settings) -> None:
    other = settings.model_copy(update={"postgres_schema": f"{settings.postgres_schema}_b"})
    for each in (settings, other):
        await asyncio.to_thread(migrate, each)
    async with open_database(settings) as database, open_database(other) as theirs:
        content = PostgresContent(database, settings)
        async with aclosing(content.changes()) as changes, asyncio.timeout(5):
            assert {await anext(changes), await anext(changes)} == {"content", "models"}
            hearing = asyncio.create_task(anext(changes))
            await asyncio.sleep(0.1)
            await PostgresContent(theirs, other).replace(
                Content(slots=(Slot("theirs"),)), actor="test"
            )
            await PostgresModels(database).publish("purchase", b"", {}, actor="test")

            assert await hearing == "models"


async def test_the_poll_tells_of_everything_now_and_then(settings: Settings) -> None:
    async with open_database(settings) as database, asyncio.timeout(5):
        content = PostgresContent(database, settings, poll_every=0.05)
        async with aclosing(content.changes()) as changes:
            nouns = [await anext(changes) for _ in range(6)]

    assert nouns == ["content", "models"] * 3


async def test_a_reader_never_sees_half_a_replacement(settings: Settings) -> None:
    await asyncio.to_thread(migrate, settings)
    async with open_database(settings) as database:
        content = PostgresContent(database, settings)
        sizes = set()

        async def write() -> None:
            for number in range(20):
                slots = tuple(Slot(f"s{number}-{n}") for n in range(number % 2 * 5))
                await content.replace(Content(slots=slots), actor="test")

        writing = asyncio.create_task(write())
        while not writing.done():
            sizes.add(len((await content.load()).slots))
        await writing

    assert sizes <= {0, 5}


async def test_a_change_is_in_the_audit_with_who_made_it(settings: Settings) -> None:
    await asyncio.to_thread(migrate, settings)
    async with open_database(settings) as database:
        content = PostgresContent(database, settings)
        for _ in range(2):
            await content.replace(Content(slots=(Slot("hero"),)), actor="ada")
        await PostgresModels(database).publish("purchase", b"", {}, actor="train")

    assert await fetch(settings, "SELECT actor, action FROM audit ORDER BY id") == [
        ("ada", "content.replace"),
        ("train", "model.publish"),
    ]


async def test_the_demo_content_is_loaded_as_it_was_seeded(settings: Settings) -> None:
    await asyncio.to_thread(migrate, settings)
    counted = await seed(settings, DEMO)
    async with open_database(settings) as database:
        stored = await PostgresContent(database, settings).load()

    seeded = read_seed(DEMO)
    assert counted["rules"] == len(stored.rules) > 0
    assert [slot.key for slot in stored.slots] == [slot.key for slot in seeded.slots]
    assert {block.key: block for block in stored.blocks} == {
        block.key: block for block in seeded.blocks
    }
    assert {rule.id for rule in stored.rules} == {rule.id for rule in seeded.rules}
