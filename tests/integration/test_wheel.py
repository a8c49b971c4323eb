"""The wheel is tested, not the checkout: built, unpacked far from the sources, and run."""

from pathlib import Path

import pytest
from checking import ROOT, check, pins, wheel

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.build(ROOT, tmp_path_factory.mktemp("wheel"))


def test_it_holds_what_is_in_git_and_nothing_else(built: Path) -> None:
    tracked = frozenset(path.relative_to(ROOT).as_posix() for path in pins.tracked(ROOT))

    assert list(wheel.contents(wheel.names_in(built), check.packages(), tracked)) == []


@pytest.mark.parametrize(
    "path",
    [
        "api/static/shop/index.html",
        "api/static/graphiql/index.html",
        "attune/migrations/versions/0001_system_of_record.py",
        "cli/embedded/kafka.jars.sha256",
        "cli/seed/demo.json",
        "feature_repo/.feastignore",
        "feature_repo/feature_store.yaml",
    ],
)
def test_files_that_are_no_code_are_in_it(built: Path, path: str) -> None:
    assert path in wheel.names_in(built)


def test_its_command_runs_without_the_sources(built: Path, tmp_path: Path) -> None:
    assert list(wheel.helps(built, ROOT, tmp_path)) == []


def test_a_wheel_without_a_package_does_not_run(tmp_path: Path) -> None:
    """So the test above could fail: our sources do not step in for what is missing."""
    (root := tmp_path / "project").mkdir()
    for name in ("README.md", "LICENSE"):
        (root / name).touch()
    (root / "cli").mkdir()
    for name in ("__init__.py", "main.py"):
        (root / "cli" / name).write_bytes((ROOT / "cli" / name).read_bytes())
    said = (ROOT / "pyproject.toml").read_text()
    listed = 'module-name = ["attune", "api", "cli", "consumers", "training", "feature_repo"]'
    (root / "pyproject.toml").write_text(said.replace(listed, 'module-name = ["cli"]'))

    (problem,) = wheel.helps(wheel.build(root, tmp_path), ROOT, tmp_path)

    assert "No module named" in problem
