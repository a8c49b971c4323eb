"""What is downloaded is pinned by hash and not by place; no paths of one machine."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

_INDEX = re.compile(r"https?://|--(?:extra-)?index-url|--find-links| @ |^-[if]\b", re.MULTILINE)
_PRIVATE = re.compile(r"/(?:root|work)/|/home/[a-z]")
"""Paths that exist on one machine only."""


def requirements(text: str) -> Iterator[str]:
    """Every requirement is an exact version with a hash, and no index is named."""
    for found in _INDEX.finditer(text):
        yield f"line {text.count(chr(10), 0, found.start()) + 1} names a place to download from"
    for entry in re.sub(r"\\\n\s*", " ", text).splitlines():
        name = entry.split(" ")[0]
        if not entry.strip() or entry.startswith("#"):
            continue
        if "==" not in name:
            yield f"{name} is not pinned to one version"
        elif "--hash=sha256:" not in entry:
            yield f"{name} has no hash"


def package_lock(text: str) -> Iterator[str]:
    """No package is bound to the registry that the lock was made with."""
    for found in re.findall(r'"resolved":\s*"(https?://[^"]*)"', text):
        yield f"bound to {found}: set omit-lockfile-registry-resolved in .npmrc and lock anew"


def private_paths(text: str) -> Iterator[str]:
    """No path of the machine that a file was made on."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _PRIVATE.search(line):
            yield f"line {number} has {found[0]}, a path of one machine"


def tracked(root: Path) -> list[Path]:
    """Return every file that is in git, or would be with `git add .`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - from PATH
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if (path := root / name).is_file()]


def text_of(path: Path) -> str:
    """Return a file's text, nothing for one that is not text."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""
