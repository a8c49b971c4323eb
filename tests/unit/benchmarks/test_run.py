import platform
from datetime import UTC, datetime
from pathlib import Path

import quix
import run
from checks import pins

LINE = {
    "id": "stream.feast",
    "ours": 7000,
    "peer": 35_000,
    "unit": "events/s",
    "ratio": 0.2,
    "goal": 2,
    "rounds": 3,
    "peer_name": "Feast",
    "note": "17 user features",
}
AT = datetime(2026, 11, 24, tzinfo=UTC)


def test_what_is_below_its_goal_says_so() -> None:
    page = run.page([LINE, {**LINE, "id": "stream.quix", "ratio": 2.5}], [], quick=True, at=AT)

    assert (
        "| `stream.feast` | 7,000 | 35,000 | events/s | **0.2** (below) | 2 | 3 | Feast |" in page
    )
    assert "| 2.5 | 2 |" in page
    assert "coarse" in page
    assert "2026-11-24" in page


def test_a_benchmark_that_failed_is_named() -> None:
    assert "`memory.py` failed" in run.page([], ["memory"], quick=False, at=AT)


def test_neither_host_nor_path_is_written_down() -> None:
    page = run.page([LINE], [], quick=False, at=AT)

    assert platform.node() not in page
    assert not list(pins.private_paths(page))
    assert str(Path.home()) not in page


def test_quix_is_pinned_by_hash_and_not_by_place() -> None:
    assert list(pins.requirements(quix.REQUIREMENTS.read_text())) == []
    assert quix.version() != "unknown"


def test_every_script_is_there() -> None:
    assert all((run.HERE / f"{name}.py").exists() for name in run.SCRIPTS)
