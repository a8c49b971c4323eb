"""CEL, the Common Expression Language, by the `common-expression-language` library.

What the library leaves open and content teams ask about is settled here:

- An integer compares with a double: `user.behaviorScore > 80` holds for 80.5. Arithmetic does not
  mix them; write `user.views * 2.0` or `double(user.views) / 7.0`.
- What is not known is absent. Reading it gives no answer (`Missing`), unless the other side of an
  `&&` or `||` settles it; `has(user.x)` asks. There is no `null`.
- An expression that is no CEL, can never be true or false, calls what does not exist, or would be
  slow is refused when it is compiled, which is when it is saved.
"""

from typing import Any, Final

import cel

from attune.adapters.cel_plain import Part, plain
from attune.adapters.cel_source import (
    can_be_boolean,
    has_loop,
    operands_of,
    refuse_costly,
    refuse_null,
    refuse_unknown_functions,
    tokens_of,
)
from attune.decide.expression import InvalidExpression, Missing, Mistyped, Undecided, name_of
from attune.decide.facts import Facts, Path

MAX_CHARACTERS = 1000

_CONTEXT: Final = object()
"""The key of these facts' CEL form in `Facts.memo`."""


class CelExpression:
    """An expression compiled by the library."""

    __slots__ = ("_loops", "_plain", "_program", "operands", "source")

    def __init__(
        self,
        source: str,
        operands: tuple[Path, ...],
        program: Any,  # noqa: ANN401 - the library is untyped for mypy
        *,
        quick: Part | None,
        loops: bool,
    ) -> None:
        self.source = source
        self.operands = operands
        self._program = program
        self._plain = quick
        self._loops = loops

    def holds(self, facts: Facts) -> bool:
        """Tell whether it is true of these facts.

        0.2 us; where the library has to be asked 1 us, and the first time on these facts 20.

        Raises:
            Undecided: it is neither true nor false of them.
        """
        if self._plain is not None:
            found = self._plain.holds(facts.values)
            if found is not None:
                return found
        return self._evaluated(facts)

    def _evaluated(self, facts: Facts) -> bool:
        try:
            answer = self._program.execute(_context(facts))
        except Exception as error:
            # Whatever a visitor's data makes the library raise, the answer must go out.
            raise self._undecided(facts, error) from error
        if isinstance(answer, bool):
            return answer
        raise Undecided(f"it gives a {type(answer).__name__}, which is neither true nor false")

    def _undecided(self, facts: Facts, error: Exception) -> Undecided:
        """Return what to say of the error: the same words for the same facts.

        The library walks a map in a new order each time, so a loop may fail at another element.
        """
        key = str(error.args[0]) if isinstance(error, KeyError) else None
        for path in self.operands if key is not None else ():
            if facts.at(path) is None and (path[-1] == key or self._loops):
                return Missing(f"{name_of(path)} is not known")
        kind = Mistyped if isinstance(error, TypeError) else Undecided
        if self._loops:
            return kind("it cannot be evaluated for each element of its list")
        if key is not None:
            return Missing(f"{key!r} is not known")
        return kind(f"it cannot be evaluated: {_first_sentence(error)}")


def compiled(source: str) -> CelExpression:
    """Return the expression in this line of CEL.

    Raises:
        InvalidExpression: see the module.
    """
    try:
        return _compiled(source)
    except InvalidExpression as error:
        error.value = error.value or source[:100]
        raise


def _compiled(source: str) -> CelExpression:
    if len(source) > MAX_CHARACTERS:
        raise InvalidExpression(
            f"{len(source)} characters", remedy=f"Use at most {MAX_CHARACTERS}, or several rules."
        )
    program = _parsed(source)
    tokens = tokens_of(source)
    refuse_unknown_functions(tokens)
    refuse_costly(tokens)
    operands = operands_of(tokens)
    refuse_null(tokens, operands)
    if not can_be_boolean(tokens):
        raise InvalidExpression(
            "it is neither true nor false", remedy="Compare it with something, as in user.x > 3."
        )
    loops = has_loop(tokens)
    return CelExpression(source, operands, program, quick=plain(tokens), loops=loops)


def _parsed(source: str) -> Any:  # noqa: ANN401 - the library is untyped for mypy
    try:
        program = cel.compile(source)
    except ValueError as error:
        raise InvalidExpression(
            _syntax(str(error)), remedy='Write CEL, as in user.segment == "high_value".'
        ) from error
    if any(name.startswith(".") for name in program.variables()):
        raise InvalidExpression("a name starts with a dot", remedy="Leave the first dot out.")
    return program


def _context(facts: Facts) -> Any:  # noqa: ANN401 - the library is untyped for mypy
    context = facts.memo.get(_CONTEXT)
    if context is None:
        context = facts.memo[_CONTEXT] = cel.Context(variables=facts.values)
    return context


def _syntax(message: str) -> str:
    """Return the parser's complaint without its drawing and its list of every other character."""
    complaint = message.partition("ERROR: <input>:")[2].partition("\n")[0] or message
    return "not CEL, at " + complaint.partition(" expecting ")[0][:150]


def _first_sentence(error: Exception) -> str:
    return (str(error).partition(". ")[0].splitlines() or ["unknown"])[0][:150]
