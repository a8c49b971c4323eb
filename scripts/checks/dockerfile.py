"""The Dockerfile without Docker: stages, arguments and paths are there and used."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple


class Instruction(NamedTuple):
    """One instruction, continued lines joined: `COPY`, `attune attune`."""

    name: str
    rest: str


def parse(text: str) -> list[Instruction]:
    """Return the instructions in order, without comments."""
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", bare)
    lines = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [Instruction(name.upper(), rest.strip()) for name, rest in lines]


def stages(instructions: list[Instruction]) -> Iterator[str]:
    """Each stage starts from a pinned image or an earlier stage, and each but the last is used."""
    named: list[str] = []
    used: set[str] = set()
    defaults = dict(arg.rest.partition("=")[::2] for arg in instructions if arg.name == "ARG")
    for name, rest in instructions:
        if name == "FROM":
            base, _, alias = rest.partition(" AS ")
            base = re.sub(r"\$\{(\w+)\}", lambda m: defaults.get(m[1], ""), base)
            if base in named:
                used.add(base)
            elif not re.search(r":\d+\.\d+\.\d+", base):
                yield f"FROM {rest}: {base} is neither a stage nor pinned to a version"
            named.append(alias)
        for stage in re.findall(r"--from=(\S+)", rest) if name == "COPY" else ():
            used.add(stage)
            if stage not in named:
                yield f"COPY --from={stage}: there is no such stage above it"
    for alias in named[:-1]:
        if alias not in used:
            yield f"stage {alias} is used nowhere"


def arguments(instructions: list[Instruction], passed: frozenset[str]) -> Iterator[str]:
    """Each argument is declared and used. `passed` are those that the compose file passes."""
    declared = {rest.partition("=")[0] for name, rest in instructions if name == "ARG"}
    used = {
        variable
        for name, rest in instructions
        if name != "ARG"
        for variable in re.findall(r"\$\{(\w+)\}", rest)
    }
    for argument in used - declared:
        yield f"${{{argument}}} is not declared by ARG"
    for argument in declared - used:
        yield f"ARG {argument} is used nowhere"
    for argument in passed - declared:
        yield f"docker-compose.yml passes {argument}, which is no ARG"


def paths(
    instructions: list[Instruction],
    root: Path,
    ignore: str,
    values: Mapping[str, frozenset[str]],
) -> Iterator[str]:
    """What is copied from the project exists, and .dockerignore lets it in.

    `values` are those that each argument is given.
    """
    let_in = {line[1:] for line in ignore.splitlines() if line.startswith("!")}
    copied = set()
    for name, rest in instructions:
        if name != "COPY" or "--from=" in rest:
            continue
        for source in rest.split()[:-1]:
            copied.add(source.split("/")[0])
            for path in _filled(source, values):
                if not (root / path).exists():
                    yield f"COPY {source}: there is no {path}"
    for source in copied - let_in:
        yield f"COPY {source}: .dockerignore keeps it out"
    for source in let_in - copied:
        yield f".dockerignore lets {source} in, and nothing copies it"


def _filled(source: str, values: Mapping[str, frozenset[str]]) -> list[str]:
    argument = re.search(r"\$\{(\w+)\}", source)
    if argument is None:
        return [source]
    return [source.replace(argument[0], value) for value in sorted(values.get(argument[1], ()))]


def user(instructions: list[Instruction]) -> Iterator[str]:
    """The program in the image does not run as root."""
    last = [rest for name, rest in instructions if name in ("FROM", "USER")][-1]
    if last in ("root", "0") or last.startswith("python:"):
        yield "the last stage runs as root: end it with USER"
