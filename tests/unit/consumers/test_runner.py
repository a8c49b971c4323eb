"""One message must not stop a consumer, and a consumer that cannot run must say so in a line."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import msgspec
import pytest
from making import NOON, event
from polling import SETTINGS, Recording, driven, messages, scripted
from structlog.testing import capture_logs

from attune.collect.event import encode
from attune.errors import ConfigurationError, Emptied, Unavailable
from attune.ports import Places, Refused, Taken
from attune.settings import Settings
from attune.stream import BEHAVIORAL
from consumers import main, runner, taking
from consumers.main import consume
from consumers.runner import run


async def test_what_breaks_the_consumer_is_put_aside_and_the_rest_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Recording(m3=OverflowError("too large"), m8=ValueError("no"))

    batch = messages(*(event(id=f"m{n}") for n in range(10)))

    with capture_logs():
        source = await driven(monkeypatch, consumer, batch)

    assert consumer.taken == ["m0", "m1", "m2", "m4", "m5", "m6", "m7", "m9"]
    assert [(letter.offset, letter.reason) for letter in source.letters] == [
        (3, "OverflowError: too large"),
        (8, "ValueError: no"),
    ]
    assert source.letters[0].value == encode(event(id="m3"))
    assert source.commits == 1


async def test_what_a_consumer_refuses_is_put_aside_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Recording({"m1": "revenue_micros: too large", "m3": "no product"})

    source = await driven(monkeypatch, consumer, messages(*(event(id=f"m{n}") for n in range(5))))

    assert consumer.taken == ["m0", "m2", "m4"]
    assert [(letter.offset, letter.reason) for letter in source.letters] == [
        (1, "revenue_micros: too large"),
        (3, "no product"),
    ]
    assert source.letters[0].value == encode(event(id="m1"))
    assert source.commits == 1


async def test_what_was_sent_again_for_others_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = messages(event(id="m0"), event(id="m1"), event(id="m2"), b"poison")
    batch[0] = msgspec.structs.replace(batch[0], only=("archive", "features"))
    batch[1] = msgspec.structs.replace(batch[1], only=("archive", "recording"))
    batch[3] = msgspec.structs.replace(batch[3], only=("archive",))
    consumer = Recording()

    source = await driven(monkeypatch, consumer, batch)

    assert consumer.taken == ["m1", "m2"]
    assert (source.letters, source.commits) == ([], 1)


async def test_a_time_without_a_zone_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = encode(event(id="m1")).replace(b"12:00:00Z", b"12:00:00")

    class Reading(Recording):
        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            assert all(taken.event.at for taken in batch)
            return await super().take(batch)

    source = await driven(monkeypatch, Reading(), messages(raw))

    assert len(source.letters) == 1
    assert source.commits == 1


async def test_poison_is_put_aside_and_a_store_that_is_away_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away(Recording):
        times = 2

        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            if self.times:
                self.times -= 1
                raise Unavailable("Redis", "injected")
            return await super().take(batch)

    consumer = Away()

    source = await driven(monkeypatch, consumer, messages(b"\xff", event(id="m1"), b""))

    assert consumer.taken == ["m1"]
    assert [letter.offset for letter in source.letters] == [0, 2]
    assert source.commits == 1


async def test_nothing_is_committed_when_told_to_stop_while_the_store_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away(Recording):
        times = 0

        async def take(self, _: Sequence[Taken]) -> Sequence[Refused]:
            self.times += 1
            asyncio.get_running_loop().call_soon(source.stop.set)
            raise Unavailable("Redis", "injected")

    source = scripted(monkeypatch, messages(b"poison", event()), messages(event()))
    away = Away()

    await run(away, SETTINGS, source.stop, lambda: NOON)

    assert (away.times, source.commits, source.letters) == (1, 0, [])


async def test_while_the_store_is_away_it_keeps_its_place_in_the_group_and_polls_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away(Recording):
        times = 0

        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            self.times += 1
            assert source.yielded == 1
            assert source.holds >= self.times
            if self.times < 30:
                raise Unavailable("Redis", "injected")
            return await super().take(batch)

    monkeypatch.setattr(taking, "_LONGEST_WAIT", 0.001)
    monkeypatch.setattr(taking, "_FIRST_WAIT", 0.001)
    source = scripted(monkeypatch, messages(event(id="m0")))
    away = Away()

    await run(away, SETTINGS, source.stop, lambda: NOON)

    assert (away.times, away.taken, source.commits) == (30, ["m0"], 1)


async def test_where_all_partitions_go_on_is_told_first_and_then_where_each_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = Recording()

    # What cannot be read was read as well: what comes behind it is not the beginning.
    await driven(
        monkeypatch, consumer, messages(b"poison", start=7), messages(event(id="m1"), start=8)
    )

    assert consumer.told == ["joins", "begins", "m1"]
    assert (consumer.joined, consumer.begun) == ([{(BEHAVIORAL, 0): 0}], [{(BEHAVIORAL, 0): 7}])


async def test_when_the_group_has_formed_anew_it_joins_before_it_takes_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Rebalanced(Recording):
        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            source.joins = "m0" not in self.taken
            return await super().take(batch)

    source = scripted(monkeypatch, *(messages(event(id=f"m{n}"), start=n) for n in range(3)))
    consumer = Rebalanced()

    await run(consumer, SETTINGS, source.stop, lambda: NOON)

    assert consumer.told == ["joins", "begins", "m0", "joins", "begins", "m1", "m2"]


async def test_a_store_that_is_away_when_it_joins_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Away(Recording):
        times = 0

        async def joins(self, expected: Places) -> None:
            self.times += 1
            assert source.holds >= self.times
            if self.times < 10:
                raise Unavailable("Redis", "injected")
            await super().joins(expected)

    monkeypatch.setattr(taking, "_LONGEST_WAIT", 0.001)
    monkeypatch.setattr(taking, "_FIRST_WAIT", 0.001)
    source = scripted(monkeypatch, messages(event(id="m0")))
    away = Away()

    await run(away, SETTINGS, source.stop, lambda: NOON)

    assert (away.times, away.told) == (10, ["joins", "begins", "m0"])


async def test_a_store_that_was_emptied_is_joined_anew_before_anything_is_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Forgotten(Recording):
        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            assert source.commits == 0
            if len(self.joined) == 1:
                raise Emptied("Redis")
            return await super().take(batch)

    monkeypatch.setattr(runner, "_RECONNECT_AFTER", 0.0)
    source = scripted(monkeypatch, messages(event(id="m0"), event(id="m1"), start=5))
    consumer = Forgotten()

    with capture_logs() as logs:
        await run(consumer, SETTINGS, source.stop, lambda: NOON)

    assert consumer.told == ["joins", "begins", "joins", "begins", "m0", "m1"]
    assert consumer.begun == [{(BEHAVIORAL, 0): 5}] * 2
    assert (source.letters, source.commits) == ([], 1)
    assert any("emptied" in str(line.get("reason")) for line in logs)


async def test_a_store_that_is_not_set_up_ends_the_program_and_no_event_is_put_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusing = Recording(m0=ConfigurationError("schema attune is not migrated"))
    source = scripted(monkeypatch, messages(event(id="m0"), event(id="m1")))

    async def open_consumer(_: AsyncExitStack, __: Settings) -> Recording:
        return refusing

    monkeypatch.setattr(main, "CONSUMERS", {"one": open_consumer, "two": open_consumer})

    with pytest.raises(ConfigurationError, match="is not migrated"):
        await consume(Settings(_env_file=None), ["one", "two"])

    assert (source.letters, source.commits) == ([], 0)
