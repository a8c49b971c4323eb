"""Whether the hot modules run compiled, and that what was compiled is what stands here.

`make compile` turns the modules of `MODULES` into C beside their sources, and Python prefers those.
An image of production has them; `make run` and `make test` need no compiler. Nothing else differs:
the same tests run on both. See docs/decisions/0011.
"""

from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = Path(__file__).with_name("compiled.txt")
"""A line for each compiled module: the hash of its source, and its path."""

MODULES = (
    "attune/adapters/cel.py",
    "attune/adapters/cel_plain.py",
    "attune/adapters/feast.py",
    "attune/adapters/guarded.py",
    "attune/adapters/link.py",
    "attune/adapters/protobuf.py",
    "attune/adapters/reader.py",
    "attune/adapters/resp.py",
    "attune/adapters/rows.py",
    "attune/decide/facts.py",
    "attune/decide/rules.py",
    "attune/features/columns.py",
    "attune/features/buckets.py",
    "attune/features/codec.py",
    "attune/features/course.py",
    "attune/features/entities.py",
    "attune/features/feature_set.py",
    "attune/features/folded.py",
    "attune/features/habits.py",
    "attune/features/lately.py",
    "attune/features/naming.py",
    "attune/features/parts.py",
    "attune/features/seen.py",
    "attune/features/sight.py",
    "attune/features/sketch.py",
    "attune/features/spelled.py",
    "attune/features/steps.py",
    "attune/features/tastes.py",
    "attune/features/ticks.py",
    "attune/features/visits.py",
    "attune/features/windowed.py",
    "attune/ids.py",
    "attune/profiles/arrived.py",
    "attune/profiles/following.py",
    "attune/profiles/found.py",
    "attune/profiles/kept.py",
    "attune/profiles/ledger.py",
    "attune/profiles/profile.py",
    "attune/profiles/reached.py",
    "attune/profiles/recent.py",
    "attune/profiles/segments.py",
    "attune/profiles/traits.py",
    "attune/unsigned.py",
    "consumers/batch.py",
    "consumers/features/cache.py",
    "consumers/features/consumer.py",
    "consumers/features/entities.py",
    "consumers/features/faults.py",
    "consumers/features/followed.py",
    "consumers/features/saves.py",
    "consumers/features/users.py",
)


def digest(path: str) -> str:
    """Return the hash of a source."""
    return sha256((ROOT / path).read_bytes()).hexdigest()


def check() -> None:
    """See that no compiled module is older than its source.

    Raises:
        ImportError: one is; Python would run what is not there any more.
    """
    if not MANIFEST.exists():
        return
    for line in MANIFEST.read_text().splitlines():
        told, _, path = line.partition(" ")
        if digest(path) != told:
            raise ImportError(
                f"{path} was changed after it was compiled: make compile, or make interpreted"
            )


def build() -> str:
    """Return `compiled` or `interpreted`: what runs here."""
    folded = find_spec("attune.features.folded")
    source = folded is None or folded.origin is None or folded.origin.endswith(".py")
    return "interpreted" if source else "compiled"
