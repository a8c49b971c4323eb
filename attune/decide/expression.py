"""One line of CEL that says when something applies, as every stop but its adapter sees it."""

import re
from functools import lru_cache
from typing import Protocol

import msgspec

from attune.decide.facts import Facts, Path
from attune.errors import AttuneError, BadRequest

_STEP = re.compile(r'\.?(?P<key>[A-Za-z_][A-Za-z0-9_]*)|\[(?P<quoted>"(?:\\.|[^"\\])*")\]')


class InvalidExpression(BadRequest):
    """An expression that cannot be saved: it would never decide anything."""

    code = "invalid_expression"


class Undecided(AttuneError):
    """An expression that gives no answer for these facts; its rule does not match."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Missing(Undecided):
    """It needs facts that are not known."""


class Mistyped(Undecided):
    """It asks of facts what their types do not have."""


class Expression(Protocol):
    """Compiled once, evaluated on every request."""

    @property
    def source(self) -> str:
        """The text as it was written."""

    @property
    def operands(self) -> tuple[Path, ...]:
        """Every fact it reads, in the order of the text, each once."""

    def holds(self, facts: Facts) -> bool:
        """Tell whether it is true of these facts.

        Raises:
            Undecided: it is neither true nor false of them.
        """


class Language(Protocol):
    """Makes expressions of text; `attune.adapters.cel.compiled` is the one we use."""

    def __call__(self, source: str) -> Expression:
        """Return the expression.

        Raises:
            InvalidExpression: not CEL, not true or false, or reading what no visitor has.
        """


class Broken:
    """Stands for an expression that was saved once and is refused now; it never holds."""

    operands: tuple[Path, ...] = ()

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason

    def holds(self, facts: Facts) -> bool:
        """Raise what made it broken."""
        del facts
        raise Undecided(self.reason)


@lru_cache(maxsize=4096)  # asked for every rule of every request; content has far fewer
def name_of(path: Path) -> str:
    """Return the path as a content team writes it: `user.traits.plan`, `user.traits["a b"]`."""
    first, *rest = path
    return first + "".join(_step(key) for key in rest)


def path_of(name: str) -> Path:
    """Return the path that `name_of` made this name of."""
    steps = _STEP.finditer(name)
    return tuple(step["key"] or msgspec.json.decode(step["quoted"], type=str) for step in steps)


def _step(key: str) -> str:
    if key.isascii() and key.isidentifier():
        return "." + key
    return f"[{msgspec.json.encode(key).decode()}]"
