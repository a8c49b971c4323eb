"""Files are joined and removed, and nobody who reads the archive can tell, whatever happens."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, Tape, event, shopped, taken

from attune.adapters.archive.compaction import Compacted, Compactor
from attune.adapters.archive.reader import Archive
from attune.adapters.archive.writer import ArchiveWriter
from attune.errors import Unavailable
from attune.ports import Taken

DAY = NOON.date()
HOUR = timedelta(hours=1)


def later(hours: float = 0.0) -> datetime:
    """Files are written now: what rests or is obsolete is so by the clock of the disk."""
    return datetime.now(UTC) + timedelta(hours=hours, seconds=1)


def stream(count: int) -> list[Taken]:
    """Messages over two days; some are sent again later, with the same id."""
    tape = Tape()
    return [
        one
        for n in range(count)
        for one in tape(
            event(
                f"user-{n % 3}",
                NOON + timedelta(hours=n * 5 % 24),
                received_at=NOON + timedelta(days=2, minutes=n),
                id=f"m-{n % 7}",
                session_id=f"s-{n}",
            ),
            shopped("purchased", at=NOON + timedelta(minutes=n)),
        )
    ]


def archived(root: Path, *batches: list[Taken]) -> Archive:
    for batch in batches:
        ArchiveWriter(root).write(batch)
    return Archive(root)


def parquet(root: Path) -> list[Path]:
    return sorted(root.rglob("*.parquet"))


def one_by_one(root: Path, count: int) -> tuple[Archive, list[Taken]]:
    history = taken(*(event(at=NOON + timedelta(minutes=n)) for n in range(count)))
    return archived(root, *([one] for one in history)), history


def test_a_day_becomes_one_file_and_what_was_joined_goes_when_no_reader_wants_it(
    tmp_path: Path,
) -> None:
    kept, history = one_by_one(tmp_path, 5)
    compactor = Compactor(tmp_path)

    assert compactor.compact(DAY, later()) == Compacted(DAY, joined=5, removed=0)
    assert len(parquet(tmp_path)) == 6
    assert list(kept.taken()) == history
    assert compactor.compact(DAY, later(0.9)) == Compacted(DAY, 0, 0)

    assert compactor.compact(DAY, later(1.1)) == Compacted(DAY, joined=0, removed=5)
    assert len(parquet(tmp_path)) == 1
    assert list(kept.taken()) == history


def test_a_reader_that_has_listed_files_still_opens_them(tmp_path: Path) -> None:
    kept, history = one_by_one(tmp_path, 4)
    listed = parquet(tmp_path)
    reading = kept.taken()
    next(reading)

    Compactor(tmp_path).tidy(DAY, later(2))
    Compactor(tmp_path).tidy(DAY, later(0.5))

    assert [pq.read_metadata(path).num_rows for path in listed] == [1, 1, 1, 1]
    assert list(reading) == history[1:]


def test_a_day_on_which_the_stream_still_writes_is_joined_by_levels(tmp_path: Path) -> None:
    compactor, tape = Compactor(tmp_path, bound=3), Tape()
    joined = []
    for n in range(9):
        archived(tmp_path, tape(event(at=NOON + timedelta(minutes=n))))
        joined.append(compactor.tidy(DAY, later()).joined)
    joined.append(compactor.tidy(DAY, later()).joined)

    assert joined == [0, 0, 3, 0, 0, 3, 0, 0, 3, 3]
    assert len(list(Archive(tmp_path).events())) == 9


def test_a_day_that_came_to_rest_is_joined_and_then_left_alone(tmp_path: Path) -> None:
    _, history = one_by_one(tmp_path, 2)
    compactor = Compactor(tmp_path)

    assert compactor.tidy(DAY, later(0.9)).joined == 0
    assert compactor.tidy(DAY, later(1.1)).joined == 2
    assert compactor.tidy(DAY, later(2.2)) == Compacted(DAY, 0, 2)
    assert compactor.tidy(DAY, later(9)) == Compacted(DAY, 0, 0)
    assert list(Archive(tmp_path).taken()) == history


def test_events_that_come_late_join_a_day_that_was_joined(tmp_path: Path) -> None:
    tape = Tape()
    archived(tmp_path, tape(event(at=NOON)), tape(event(at=NOON)))
    compactor = Compactor(tmp_path)
    compactor.compact(DAY, later())
    compactor.compact(DAY, later(2))

    late = event(at=NOON + HOUR)
    kept = archived(tmp_path, tape(late))

    assert compactor.compact(DAY, later()).joined == 2
    compactor.compact(DAY, later(2))
    assert len(parquet(tmp_path)) == 1
    assert [*kept.events()][-1] == late


def test_a_file_written_anew_with_more_in_it_is_not_taken_for_the_one_that_was_joined(
    tmp_path: Path,
) -> None:
    """A replay under a decoder that reads what an older one put aside; the name is the same."""
    first, between, last = taken(*(event(at=NOON + timedelta(minutes=n)) for n in range(3)))
    kept = archived(tmp_path, [first, last], [first])
    compactor = Compactor(tmp_path)
    compactor.compact(DAY, later())

    archived(tmp_path, [first, between, last])
    compactor.compact(DAY, later(2))
    compactor.compact(DAY, later(4))

    assert list(kept.taken()) == [first, between, last]


def test_a_message_that_was_sent_twice_keeps_both_its_offsets(tmp_path: Path) -> None:
    """Else the archive would reach less far than before, and miss it for a reader up to there."""
    tape = Tape()
    early, late = event(id="m", received_at=NOON + HOUR), event(id="m", received_at=NOON + 2 * HOUR)
    kept = archived(tmp_path, tape(late), tape(early))
    compactor = Compactor(tmp_path)

    compactor.compact(DAY, later())
    compactor.compact(DAY, later(2))

    assert [one.event for one in kept.taken()] == [early]
    assert [one.event for one in kept.taken(upto={("events.behavioral", 0): 0})] == [late]


def test_drafts_of_a_crash_are_swept(tmp_path: Path) -> None:
    one_by_one(tmp_path, 1)
    draft = tmp_path / f"day={DAY}" / ".0123.draft"
    draft.write_bytes(b"half a fi")

    assert Compactor(tmp_path).tidy(DAY, later()).removed == 0
    assert Compactor(tmp_path).tidy(DAY, later(2)).removed == 1
    assert not draft.exists()


def test_a_file_that_cannot_be_read_is_named_and_nothing_goes(tmp_path: Path) -> None:
    one_by_one(tmp_path, 3)
    broken = parquet(tmp_path)[1]
    broken.write_bytes(b"not Parquet")

    with pytest.raises(Unavailable, match=broken.name):
        Compactor(tmp_path).compact(DAY, later())
    assert len(parquet(tmp_path)) == 3


def test_two_that_compact_at_the_same_time_do_no_harm(tmp_path: Path) -> None:
    kept, history = one_by_one(tmp_path / "one", 4)
    copytree(tmp_path / "one", tmp_path / "two")  # times and all
    Compactor(tmp_path / "one").compact(DAY, later())
    for path in parquet(tmp_path / "two")[:1]:
        path.unlink()  # the other looked a moment earlier
    Compactor(tmp_path / "two").compact(DAY, later())
    copytree(tmp_path / "two", tmp_path / "one", dirs_exist_ok=True)

    for hours in (0, 2, 4):
        Compactor(tmp_path / "one").compact(DAY, later(hours))
        assert list(kept.taken()) == history
    assert len(parquet(tmp_path / "one")) == 1


class Killed(BaseException):
    """The process is no more: it does not even clean up."""


@contextmanager
def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let nothing more reach the disk from the given step on."""
    steps: list[str] = []

    def dying(name: str, real: object) -> object:
        def act(*args: object, **kwargs: object) -> object:
            if len(steps) >= step:
                raise Killed
            steps.append(name)
            return real(*args, **kwargs)

        return act

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink", "open"):
            patch.setattr(Path, name, dying(name, getattr(Path, name)))
        patch.setattr(os, "fsync", dying("fsync", os.fsync))
        yield steps


@pytest.mark.parametrize("hours", [0, 2])
def test_a_crash_at_any_step_changes_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    """At 0 hours a file is made; at 2 another one is, and those joined at 0 are removed."""
    history = stream(8)
    batches = [history[n : n + 4] for n in range(0, len(history), 4)]
    archived(tmp_path / "start", *batches[:2])
    if hours:
        Compactor(tmp_path / "start").compact(DAY, later())
        archived(tmp_path / "start", *batches[2:])
    before = list(Archive(tmp_path / "start").taken())

    crashes = 0
    for step in range(100):
        root = tmp_path / str(step)
        copytree(tmp_path / "start", root)
        try:
            with killed_at(step, monkeypatch):
                Compactor(root).compact(DAY, later(hours))
        except Killed:
            crashes += 1
        else:
            break
        assert list(Archive(root).taken()) == before
        for after in (0, 2, 4):
            Compactor(root).compact(DAY, later(after))
            assert list(Archive(root).taken()) == before
        assert len(parquet(root / f"day={DAY}")) == 1

    assert crashes >= (9 if hours else 5)


_SLICES = st.tuples(st.integers(0, 30), st.integers(1, 12))
_WRITE = st.tuples(st.just("write"), _SLICES)
_TIDY = st.tuples(st.sampled_from(["tidy", "compact"]), st.sampled_from([0.0, 0.5, 1.5, 3.0]))


@settings(max_examples=12)
@given(st.lists(_WRITE | _TIDY, max_size=12), st.integers(1, 8))
def test_any_batches_and_any_compaction_among_them_read_the_same(
    steps: list[tuple[str, object]], size: int
) -> None:
    history = stream(16)
    with TemporaryDirectory() as folder, TemporaryDirectory() as plain:
        whole = archived(Path(plain), history)
        cut = [("write", (start, size)) for start in range(0, len(history), size)]
        half = len(steps) // 2
        compactor = Compactor(Path(folder), bound=3)
        for what, how in [*steps[:half], *cut, *steps[half:]]:
            if what == "write":
                start, length = how
                ArchiveWriter(Path(folder)).write(history[start : start + length])
                continue
            for day in compactor.days():
                getattr(compactor, what)(day, later(how))
        kept = Archive(Path(folder))

        assert list(kept.taken()) == list(whole.taken())
        assert list(kept.events()) == [one.event for one in whole.taken()]
        assert kept.reached() == whole.reached()
        for end in (0, 7):
            upto = {("events.behavioral", 0): end}
            assert list(kept.taken(upto=upto)) == list(whole.taken(upto=upto))
