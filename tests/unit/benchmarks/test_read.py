import asyncio
from collections.abc import Sequence

import pytest
import read
from harness import BenchmarkFailed

ROWS = {"ada": {"n": 1, "of": []}, "bob": {"n": None, "of": ["x"]}}
NAMES = [*ROWS]


def test_both_sides_have_to_answer_the_same() -> None:
    read.check(ROWS, {"n": [1, None], "of": [None, ["x"]]}, NAMES)

    with pytest.raises(BenchmarkFailed, match="n is not the same on both sides"):
        read.check(ROWS, {"n": [1, 2], "of": [None, ["x"]]}, NAMES)


async def test_many_at_once_are_as_many_as_said_and_each_read_is_of_one_user() -> None:
    going, most, asked = 0, 0, []

    async def reader(ids: Sequence[str]) -> None:
        nonlocal going, most
        going += 1
        most = max(most, going)
        asked.extend(ids)
        await asyncio.sleep(0)
        going -= 1

    turn = await read.Turns(NAMES, quick=True).concurrent(reader)

    assert (most, len(asked)) == (read.AT_ONCE, 800)
    assert turn.value > 0
