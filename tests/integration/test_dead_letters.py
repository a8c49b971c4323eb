"""Put aside with its reason, mended, and sent again: counted once by everybody."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from histories import append, history
from making import event
from polling import Recording
from roles import as_env, consumer, wait_for
from typer.testing import CliRunner, Result

from attune.adapters.archive.reader import Archive
from attune.adapters.archive.writer import ArchiveWriter
from attune.adapters.kafka.admin import create_topics, lag
from attune.adapters.kafka.dead import read_letters
from attune.adapters.postgres.database import open_database
from attune.adapters.postgres.migrate import migrate
from attune.adapters.postgres.profiles import PostgresProfiles
from attune.collect.event import Event, encode
from attune.ports import Consumer
from attune.settings import Settings
from attune.stream import BEHAVIORAL, EVENTS
from cli.main import app
from consumers.archive import Archiving
from consumers.profiles import Profiles
from consumers.runner import run

BROKEN = [f"m{n}" for n in range(0, 60, 20)]


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in as_env(settings).items():
        if name.startswith("ATTUNE_"):
            monkeypatch.setenv(name, value)


def attune(*arguments: str, given: str | None = None) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(app, ["dead", *arguments], input=given)


async def commanded(*arguments: str) -> Result:
    result = await asyncio.to_thread(attune, *arguments)
    assert result.exit_code == 0, result.output
    return result


@asynccontextmanager
async def running(settings: Settings, *consumers: Consumer) -> AsyncIterator[None]:
    """Consumers in this process; when the block ends, they have committed all there is."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for one in consumers:
            tasks.create_task(run(one, settings, stop, lambda: datetime.now(UTC)))
        try:
            yield
            async with asyncio.timeout(60):
                for one in consumers:
                    while await lag(settings.kafka, one.name, one.topics):
                        await asyncio.sleep(0.1)
        finally:
            stop.set()


def archived(settings: Settings) -> list[Event]:
    return list(Archive(settings.data / "archive").events())


async def recorded(settings: Settings) -> list[str]:
    """Everything that PostgreSQL knows of visitors."""
    async with open_database(settings) as database, database.connection() as connection:
        tables = await connection.fetch(
            "select table_name from information_schema.tables where table_schema = $1",
            settings.postgres_schema,
        )
        names = sorted(row["table_name"] for row in tables)
        return [
            str(row)
            for name in names
            for row in await connection.fetch(
                f"select t::text from {settings.postgres_schema}.{name} t order by 1"
            )
        ]


async def test_who_put_it_aside_takes_it_when_it_is_sent_again_and_nobody_else_does(
    settings: Settings,
) -> None:
    await asyncio.to_thread(migrate, settings)
    await create_topics(settings.kafka)
    events = [event(f"u{n % 7}", id=f"m{n}", traits={"n": n}) for n in range(60)]
    await append(settings, events)
    picky = Recording(dict.fromkeys(BROKEN, "properties.price: not yet"))
    async with open_database(settings) as database:
        others = (
            Archiving(ArchiveWriter(settings.data / "archive")),
            Profiles(PostgresProfiles(database)),
        )
        async with running(settings, picky, *others):
            pass
        assert set(picky.taken) == {one.id for one in events} - set(BROKEN)
        files = sorted((settings.data / "archive").rglob("*.parquet"))
        before = archived(settings), await recorded(settings)
        assert len(before[0]) == 60

        (group,) = json.loads((await commanded("list", "--json")).stdout)
        assert (group["consumer"], group["letters"], group["replayed"]) == ("recording", 3, 0)
        await commanded("replay", "--reason", "not yet")
        assert "0 messages" in (await commanded("replay", "--all")).stdout
        (group,) = json.loads((await commanded("list", "--json")).stdout)
        assert (group["letters"], group["replayed"]) == (3, 3)

        mended = Recording()
        async with running(settings, mended, *others):
            pass

    assert sorted(mended.taken) == sorted(BROKEN)
    assert sorted((settings.data / "archive").rglob("*.parquet")) == files
    assert (archived(settings), await recorded(settings)) == before


async def test_messages_that_come_again_for_everybody_change_nothing_in_archive_and_records(
    settings: Settings,
) -> None:
    await asyncio.to_thread(migrate, settings)
    events = history(11, 400)
    await append(settings, events)
    async with open_database(settings) as database:
        consumers: Sequence[Consumer] = (
            Archiving(ArchiveWriter(settings.data / "archive")),
            Profiles(PostgresProfiles(database)),
        )
        async with running(settings, *consumers):
            pass
        before = archived(settings), await recorded(settings)
        await append(settings, events)
        async with running(settings, *consumers):
            pass

    assert (archived(settings), await recorded(settings)) == before


async def put(settings: Settings, *values: bytes) -> None:
    """Messages as somebody writes them who is not the collector."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.brokers)
    await producer.start()
    for value in values:
        topic = settings.kafka.topic_prefix + BEHAVIORAL
        await producer.send_and_wait(topic, value, key=b"ada", partition=1)
    await producer.stop()


async def test_a_message_that_cannot_be_read_is_mended_by_hand(
    settings: Settings, tmp_path: Path
) -> None:
    right = encode(event(id="m1"))
    wrong = right.replace(b'"type":"track"', b'"type":"tracked"')
    await create_topics(settings.kafka)
    await put(settings, wrong, b"\xff not an event")
    first, second = Recording(), Recording()
    second.name = "second"
    async with running(settings, first, second):
        pass
    letters = await read_letters(settings.kafka)
    assert len(letters) == 4
    (one,) = (
        each.id
        for each in letters
        if each.letter.value == wrong and each.letter.consumer == "second"
    )

    shown = (await commanded("show", one)).stdout
    assert "field" in shown
    assert '"tracked"' in shown

    # What nobody can read yet is not sent round in a circle.
    refused = await asyncio.to_thread(attune, "replay", "--all")
    assert refused.exit_code == 1
    assert "0 messages" in refused.stdout
    assert "mend them one by one with --edit" in refused.stderr
    file = tmp_path / "event.json"
    file.write_bytes(wrong)
    refused = await asyncio.to_thread(attune, "replay", one, "--edit", str(file))
    assert "the mended message is no event: type: Invalid enum value" in str(refused.exception)

    file.write_text(await as_text("show", one, "--value"))
    file.write_bytes(file.read_bytes().replace(b"tracked", b"track"))
    await commanded("replay", one, "--edit", str(file), "--dry-run")
    await commanded("replay", one, "--edit", str(file))
    async with running(settings, first, second):
        pass

    assert (first.taken, second.taken) == (["m1"], ["m1"])
    table = json.loads((await commanded("list", "--each", "--json")).stdout)
    assert sum(each["replayed"] is not None for each in table) == 2


async def as_text(*arguments: str) -> str:
    return (await commanded(*arguments)).stdout


async def test_a_message_too_large_for_its_letter_is_sent_again_whole(settings: Settings) -> None:
    large = event(id="large", properties={"text": "x" * 900_000})
    await create_topics(settings.kafka)
    await append(settings, [large])
    picky = Recording({"large": "too large for us"})
    async with running(settings, picky):
        pass

    (letter,) = await read_letters(settings.kafka)
    assert len((await commanded("show", letter.id, "--value")).stdout) > 900_000

    await commanded("replay", "--all")
    mended = Recording()
    async with running(settings, mended):
        pass

    assert mended.taken == ["large"]


def test_without_a_letter_it_says_so(settings: Settings) -> None:
    assert attune("list").stdout == "no dead letters\n"
    asyncio.run(create_topics(settings.kafka))
    assert attune("list", "--each").stdout == "no dead letters\n"
    assert "no dead letter 0:1" in str(attune("show", "0:1").exception)
    assert attune("replay").exit_code == 2
    assert attune("list", "--since", "yesterday").exit_code == 2


def test_a_consumer_that_would_put_everything_aside_ends_with_one_line(settings: Settings) -> None:
    asyncio.run(create_topics(settings.kafka))
    asyncio.run(put(settings, *[b"\xff"] * 30))
    with consumer(settings) as stopped:
        wait_for(lambda: stopped.process.poll() is not None)

    assert stopped.process.returncode == 1
    said = stopped.output()
    assert "Traceback" not in said
    assert "attune: consumer features stops: 100.0% of its last messages" in " ".join(said.split())
    assert asyncio.run(lag(settings.kafka, "features", EVENTS)) == 30
    assert asyncio.run(read_letters(settings.kafka)) == []
