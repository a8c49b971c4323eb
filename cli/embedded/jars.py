"""Kafka's jars: exactly those of `kafka.jars.sha256`, from Maven Central, checked and cached.

A line of that file is SHA-256, size in bytes and Maven coordinate of one jar. For another Kafka,
change `KAFKA_VERSION` and run `python -m cli.embedded.jars`, which writes the file anew.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from attune.errors import ConfigurationError
from cli.embedded.claim import claimed
from cli.embedded.report import Step

if TYPE_CHECKING:
    from jgo.maven import MavenContext

KAFKA_VERSION = "4.4.0"
_LOG4J = "2.24.3"
_ROOTS = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    # jgo's rule for managed versions differs from Maven's: left alone it takes an old one.
    f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}",
    f"org.apache.logging.log4j:log4j-slf4j-impl:{_LOG4J}",  # without it Kafka is mute
)

_LOCK = Path(__file__).with_name("kafka.jars.sha256")
_OTHERS_FETCH = 600.0  # seconds to wait for another program that is fetching into the same cache


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar as it must be."""

    sha256: str
    size: int
    group: str
    artifact: str
    version: str

    def within(self, cache: Path) -> Path:
        """Return where it lies in a cache, which is laid out as a Maven repository."""
        folder = cache.joinpath(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}.jar"

    def is_sound(self, cache: Path) -> bool:
        """Tell whether it is there to the last byte."""
        path = self.within(cache)
        return path.is_file() and path.stat().st_size == self.size and _sum(path) == self.sha256

    def line(self) -> str:
        """Return its line of the lock file."""
        return f"{self.sha256} {self.size:>8} {self.group}:{self.artifact}:{self.version}"


def locked(text: str | None = None) -> list[Jar]:
    """Return the jars of the lock file, in the order of the class path."""
    jars = []
    for line in (text if text is not None else _LOCK.read_text()).splitlines():
        sha256, size, coordinate = line.split()
        jars.append(Jar(sha256, int(size), *coordinate.split(":")))
    return jars


def cache_directory() -> Path:
    """Return the user's cache for jars, shared by all checkouts."""
    return user_cache_path("attune") / "jars"


def ensure(
    step: Step, cache: Path | None = None, wanted: Iterable[Jar] | None = None
) -> list[Path]:
    """Fetch what is missing or damaged; return the paths of all, checked.

    Raises:
        ConfigurationError: they cannot be fetched, or what came is not what was locked.
    """
    cache = cache or cache_directory()
    jars = list(wanted if wanted is not None else locked())
    cache.mkdir(parents=True, exist_ok=True)
    with claimed(cache / ".lock", wait=_OTHERS_FETCH):
        missing = [jar for jar in jars if not jar.is_sound(cache)]
        if missing:
            _fetch(missing, cache, step)
    return [jar.within(cache) for jar in jars]


def _fetch(jars: list[Jar], cache: Path, step: Step) -> None:
    import requests  # noqa: PLC0415  (with jgo 0.5 s to import, needed once per machine)

    step.note(f"fetching {len(jars)} jars from Maven Central into {cache}")
    total = sum(jar.size for jar in jars)
    done = 0

    def received(count: int) -> None:
        nonlocal done
        done += count
        step.progress(done, total, "bytes")

    context = _maven(cache, received)
    for jar in jars:
        path = jar.within(cache)
        path.unlink(missing_ok=True)
        try:
            artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
            artifact.resolve()
        except (requests.RequestException, RuntimeError) as error:
            raise ConfigurationError(
                f"Kafka's jars cannot be fetched ({_brief(error)}): check the network, set "
                "HTTPS_PROXY, or start with `--broker light`, which needs none"
            ) from error
        if not jar.is_sound(cache):
            path.unlink()
            raise ConfigurationError(
                f"{path.name} as fetched is not the file that {_LOCK.name} names: fetch again, "
                "or start with `--broker light`, which needs none"
            )


def _brief(error: Exception) -> str:
    """Return the innermost cause: requests wraps it in a paragraph."""
    while error.__context__ is not None and isinstance(error.__context__, Exception):
        error = error.__context__
    return str(error)[:200] or type(error).__name__


def _maven(cache: Path, received: Callable[[int], None]) -> "MavenContext":
    """Return jgo's access to Maven Central, after the mirrors of the user's jgo settings."""
    from jgo.config import GlobalSettings  # noqa: PLC0415  (see `_fetch`)
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415

    @contextmanager
    def progress(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield received

    return MavenContext(
        resolver=PythonResolver(progress_callback=progress),
        repo_cache=cache,
        local_repos=[],
        remote_repos={**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL},
    )


def _sum(path: Path) -> str:
    with path.open("rb") as jar:
        return hashlib.file_digest(jar, "sha256").hexdigest()


def relock() -> None:
    """Resolve Kafka's dependencies anew and write the lock file, trusting what comes."""
    import jgo  # noqa: PLC0415  (see `_fetch`)

    with TemporaryDirectory() as folder:
        context = _maven(Path(folder), lambda _count: None)
        lines = []
        for found in jgo.resolve("+".join(_ROOTS)):
            project = context.project(found.groupId, found.artifactId)
            path = project.at_version(found.version).artifact().resolve()
            jar = Jar(
                _sum(path), path.stat().st_size, found.groupId, found.artifactId, found.version
            )
            lines.append(jar.line())
    _LOCK.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    relock()
