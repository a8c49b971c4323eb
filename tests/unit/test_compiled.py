import subprocess
import sys
from pathlib import Path

import pytest

from attune import compiled


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "compiled.txt"
    monkeypatch.setattr(compiled, "MANIFEST", path)
    return path


def test_without_a_compiler_there_is_nothing_to_check(manifest: Path) -> None:
    assert not manifest.exists()
    compiled.check()


def test_what_was_compiled_from_the_sources_that_are_here_may_run(manifest: Path) -> None:
    manifest.write_text("".join(f"{compiled.digest(path)} {path}\n" for path in compiled.MODULES))

    compiled.check()


def test_what_was_compiled_from_another_source_is_refused_with_the_remedy(manifest: Path) -> None:
    manifest.write_text(f"{'0' * 64} attune/adapters/feast.py\n")

    with pytest.raises(ImportError, match=r"attune/adapters/feast\.py was changed .* make compile"):
        compiled.check()


def test_every_module_that_is_to_be_compiled_is_there() -> None:
    assert [path for path in compiled.MODULES if not (compiled.ROOT / path).exists()] == []


def test_it_is_told_which_build_runs() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from attune.compiled import build; print(build())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()

    assert told == ("compiled" if compiled.MANIFEST.exists() else "interpreted")
