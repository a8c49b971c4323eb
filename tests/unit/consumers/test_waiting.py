"""A backfill waits for the archive, but not for what will never be in it."""

from collections.abc import Mapping

import pytest

from attune.errors import Unavailable
from attune.ports import Places
from attune.stream import BEHAVIORAL, CONTEXTUAL
from consumers.backfill import waiting
from consumers.backfill.progress import Progress
from consumers.backfill.waiting import Waiting

QUIET, BUSY = (BEHAVIORAL, 0), (CONTEXTUAL, 0)


class Reaching:
    """An archive that has so much."""

    def __init__(self, reached: Mapping[tuple[str, int], int]) -> None:
        self._reached = reached

    def reached(self) -> Mapping[tuple[str, int], int]:
        return self._reached


async def wait(reached: Places, passed: Places, needed: Places) -> None:
    async def going_on() -> Places:
        return passed

    await Waiting(Reaching(reached), going_on, Progress()).until(needed)


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_LOOK_AGAIN", 0.0)
    monkeypatch.setattr(waiting, "_PATIENCE", 0.0)


async def test_poison_at_the_end_of_a_quiet_partition_is_not_waited_for() -> None:
    await wait({QUIET: 5, BUSY: 9}, {QUIET: 8, BUSY: 10}, {QUIET: 7, BUSY: 9})


async def test_nor_is_a_partition_that_has_nothing_any_more() -> None:
    await wait({BUSY: 9}, {QUIET: 40, BUSY: 10}, {QUIET: 39, BUSY: 9})


async def test_what_its_consumer_has_not_passed_is_waited_for() -> None:
    with pytest.raises(Unavailable, match="lacks 2 messages"):
        await wait({QUIET: 5}, {QUIET: 6}, {QUIET: 7})


async def test_an_archive_with_nothing_in_it_is_another_one_than_was_written() -> None:
    with pytest.raises(Unavailable, match="lacks 8 messages"):
        await wait({}, {QUIET: 8}, {QUIET: 7})
