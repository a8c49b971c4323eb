"""When nearly everything is put aside it is not the messages that are wrong."""

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import NOON, event
from polling import SETTINGS, Recording, driven, messages, scripted
from structlog.testing import capture_logs

from attune.errors import TooMuchPoison
from attune.ports import Refused, Taken
from attune.settings import Consume, Settings
from attune.stream import BEHAVIORAL, Position
from consumers import main
from consumers import share as share_module
from consumers.main import consume
from consumers.runner import run
from consumers.share import FEWEST, Aside, Share

SMALL = 60
"""A window that is soon full."""
POISON = b"\xff no event"


def asides(flags: Sequence[bool]) -> list[Aside]:
    return [
        Aside(place, Refused(Position(BEHAVIORAL, 0, place), "because"))
        for place, dead in enumerate(flags)
        if dead
    ]


def allowed(flags: Sequence[bool], limit: float) -> bool:
    """Counted anew at every message."""
    for end in range(1, len(flags) + 1):
        window = flags[max(0, end - SMALL) : end]
        if flags[end - 1] and sum(window) >= FEWEST and sum(window) / len(window) > limit:
            return False
    return True


@given(
    st.lists(st.tuples(st.integers(1, 150), st.floats(0, 0.5)), max_size=5),
    st.floats(0.001, 1),
    st.integers(),
)
def test_a_batch_is_stopped_where_the_share_of_the_last_messages_breaks_the_limit(
    batches: list[tuple[int, float]], limit: float, seed: int
) -> None:
    with patch.object(share_module, "WINDOW", SMALL):
        _in_step(batches, limit, seed)


def _in_step(batches: list[tuple[int, float]], limit: float, seed: int) -> None:
    chance = random.Random(seed)
    share = Share("features", limit)
    past: list[bool] = []
    for size, poisoned in batches:
        flags = [chance.random() < poisoned for _ in range(size)]
        if not allowed(past + flags, limit):
            with pytest.raises(TooMuchPoison):
                share.check(asides(flags))
            return
        share.check(asides(flags))
        share.passed(size, asides(flags))
        past += flags


async def test_it_stops_before_anything_is_put_aside_or_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = [event() for _ in range(980)]
    source = scripted(monkeypatch, messages(*good, *[POISON] * 53))
    consumer = Recording()

    with pytest.raises(TooMuchPoison) as stopped:
        await run(consumer, SETTINGS, source.stop, lambda: NOON)

    assert (source.letters, source.commits, consumer.taken) == ([], 0, [])
    told = str(stopped.value)
    assert "\n" not in told
    assert "consumer recording stops: 5.1% of its last messages" in told
    assert "51 of them for: JSON is malformed" in told
    assert "events.behavioral/0 at 980, 981, 982, 983, 984." in told
    assert "ATTUNE_CONSUME__MAX_DEAD_LETTER_SHARE is 0.05" in told
    assert "attune dead list" in told


async def test_few_bad_messages_prove_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    source = await driven(monkeypatch, Recording(), messages(*[POISON] * (FEWEST - 1), event()))

    assert len(source.letters) == FEWEST - 1
    assert source.commits == 1


async def test_it_counts_from_batch_to_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [messages(POISON, start=offset) for offset in range(2 * FEWEST)]
    source = scripted(monkeypatch, *batches)

    with pytest.raises(TooMuchPoison, match=r"100\.0% of its last messages"):
        await run(Recording(), SETTINGS, source.stop, lambda: NOON)

    assert len(source.letters) == source.commits == FEWEST - 1


async def test_a_consumer_that_everything_breaks_is_stopped_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Broken(Recording):
        times = 0

        async def take(self, _: Sequence[Taken]) -> Sequence[Refused]:
            self.times += 1
            raise KeyError("a mistake in a feature")

    source = scripted(monkeypatch, messages(*(event() for _ in range(2_000))))
    broken = Broken()

    with (
        capture_logs(),
        pytest.raises(TooMuchPoison, match="20 of them for: KeyError: 'a mistake in a feature'"),
    ):
        await run(broken, SETTINGS, source.stop, lambda: NOON)

    assert broken.times < 60
    assert (source.letters, source.commits) == ([], 0)


async def test_what_the_consumer_refuses_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = Recording({f"m{n}": "no such act" for n in range(FEWEST)})
    source = scripted(monkeypatch, messages(*(event(id=f"m{n}") for n in range(100))))

    with pytest.raises(TooMuchPoison, match="for: no such act"):
        await run(refusing, SETTINGS, source.stop, lambda: NOON)

    assert (source.letters, source.commits) == ([], 0)


async def test_a_limit_of_all_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    source = scripted(monkeypatch, messages(*[POISON] * 500))
    everything = Settings(_env_file=None, consume=Consume(max_dead_letter_share=1))

    await run(Recording(), everything, source.stop, lambda: NOON)

    assert len(source.letters) == 500


async def test_when_one_consumer_stops_the_others_finish_and_the_program_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = asyncio.Event()
    finished = []

    class Failing(Recording):
        async def take(self, _: Sequence[Taken]) -> Sequence[Refused]:
            failed.set()
            raise TooMuchPoison("too much")

    class Slow(Recording):
        async def take(self, batch: Sequence[Taken]) -> Sequence[Refused]:
            await failed.wait()
            finished.append(len(batch))
            return ()

    async def open_failing(_: AsyncExitStack, __: Settings) -> Recording:
        return Failing()

    async def open_slow(_: AsyncExitStack, __: Settings) -> Recording:
        return Slow()

    source = scripted(monkeypatch, messages(event()))
    monkeypatch.setattr(main, "CONSUMERS", {"failing": open_failing, "slow": open_slow})

    with pytest.raises(TooMuchPoison, match="too much"):
        await consume(SETTINGS, ["failing", "slow"])

    assert (finished, source.commits) == ([1], 1)


async def test_a_consumer_that_cannot_finish_is_left_and_the_program_ends_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hanging(Recording):
        async def take(self, _: Sequence[Taken]) -> Sequence[Refused]:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(3600)
            return ()

    async def opened(_: AsyncExitStack, __: Settings) -> Recording:
        return Hanging()

    source = scripted(monkeypatch, messages(event()))
    monkeypatch.setattr(main, "CONSUMERS", {"hanging": opened})
    soon = Settings(_env_file=None, consume=Consume(drain=0.05))

    async with asyncio.timeout(5):
        await consume(soon, ["hanging"])

    assert source.commits == 0
