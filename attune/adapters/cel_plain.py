"""Answers the plain expressions, which nearly all are, without asking the library.

The library first wants all facts in its own form: 20 us a visitor, and again once the segments are
known, which is more than all rules of a page. Comparing a fact with a literal needs none of it.

What is answered here is what CEL leaves no doubt about. Anything else, a fact that is not known or
of another type than the literal, is for the library, which also says what is wrong; an expression
with any part that is not of these kinds is its own altogether:

    user.views > 80    user.segment == "vip"    size(user.segments) > 1    user.traits.member
    user.lastCategories[0].startsWith("home")   "vip" in user.segments     && || ! ( )
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from attune.adapters.cel_source import Token, Tokens, key_of
from attune.decide.facts import ROOTS, Path

_EXACT: Final = 1 << 53  # integers up to it are doubles as well, so that nothing is rounded
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ASK: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
}

_DEEPEST: Final = 50  # parentheses: how they are read is recursive
_LONG_QUOTES: Final = ('"""', "'''")


class Part:
    """A part of an expression that is true or false, or for the library to say: None."""

    def holds(self, facts: dict[str, Any]) -> bool | None:
        """Tell which."""
        raise NotImplementedError


class _Always(Part):
    def __init__(self, answer: bool) -> None:  # noqa: FBT001 - the literal
        self._answer = answer

    def holds(self, facts: dict[str, Any]) -> bool | None:  # noqa: ARG002 - of whatever facts
        return self._answer


class _Until(Part):
    """Parts from left to right, until one of them is the answer that settles it."""

    def __init__(self, settling: bool, parts: list[Part]) -> None:  # noqa: FBT001 - || or &&
        self._settling = settling
        self._parts = parts

    def holds(self, facts: dict[str, Any]) -> bool | None:
        for part in self._parts:
            answer = part.holds(facts)
            if answer is None or answer is self._settling:
                return answer
        return not self._settling


class _Not(Part):
    def __init__(self, part: Part) -> None:
        self._part = part

    def holds(self, facts: dict[str, Any]) -> bool | None:
        answer = self._part.holds(facts)
        return None if answer is None else not answer


class _Fact(Part):
    """A fact, or the element of a list at a place."""

    def __init__(self, path: Path, place: int = -1) -> None:
        self._path = path
        self._place = place

    def value(self, facts: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON; None where not known
        found: Any = facts
        for key in self._path:
            if type(found) is not dict:
                return None
            found = found.get(key)
        if self._place < 0:
            return found
        return found[self._place] if type(found) is list and self._place < len(found) else None

    def holds(self, facts: dict[str, Any]) -> bool | None:
        found = self.value(facts)
        return found if type(found) is bool else None


class _Number(Part):
    """A number, or the length of a list, compared."""

    def __init__(self, fact: _Fact, mark: str, number: float, sized: bool) -> None:  # noqa: FBT001
        self._fact = fact
        self._compare = _COMPARE[mark]
        self._number = number
        self._sized = sized

    def holds(self, facts: dict[str, Any]) -> bool | None:
        found = self._fact.value(facts)
        kind = type(found)
        if self._sized:
            return self._compare(len(found), self._number) if kind is list else None
        if kind is float or (kind is int and -_EXACT <= found <= _EXACT):
            return self._compare(found, self._number)
        return None


class _Text(Part):
    """A text, asked about another one."""

    def __init__(self, fact: _Fact, ask: Callable[[str, str], bool], text: str) -> None:
        self._fact = fact
        self._ask = ask
        self._text = text

    def holds(self, facts: dict[str, Any]) -> bool | None:
        found = self._fact.value(facts)
        return self._ask(found, self._text) if type(found) is str else None


class _Among(Part):
    """Whether a list of texts has one."""

    def __init__(self, text: str, fact: _Fact) -> None:
        self._text = text
        self._fact = fact

    def holds(self, facts: dict[str, Any]) -> bool | None:
        found = self._fact.value(facts)
        return self._text in found if type(found) is list else None


class _Other(Exception):
    """A part of another kind."""


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Part:
        """Return all of it."""
        found = self._either()
        if self._at < len(self._tokens):
            raise _Other
        return found

    def _either(self) -> Part:
        parts = [self._both()]
        while self._takes("||"):
            parts.append(self._both())
        return _Until(True, parts) if len(parts) > 1 else parts[0]

    def _both(self) -> Part:
        parts = [self._one()]
        while self._takes("&&"):
            parts.append(self._one())
        return _Until(False, parts) if len(parts) > 1 else parts[0]

    def _one(self) -> Part:
        if self._takes("!"):
            return _Not(self._inner() if self._takes("(") else self._fact())
        if self._takes("("):
            return self._inner()
        token = self._next()
        if token.kind == "text":
            self._needs("in")
            return _Among(_text(token), self._fact())
        if token.text in ("true", "false"):
            return _Always(token.text == "true")
        if token.text == "size":
            self._needs("(")
            fact = self._fact()
            self._needs(")")
            return _Number(fact, self._mark(), self._number(), True)
        self._at -= 1
        return self._asked(self._fact())

    def _inner(self) -> Part:
        found = self._either()
        self._needs(")")
        return found

    def _fact(self) -> _Fact:
        path = [self._next().text]
        if path[0] not in ROOTS:
            raise _Other
        while True:
            key, after = key_of(self._tokens, self._at)
            if key is None:
                break
            path.append(key)
            self._at = after
        place = -1
        if len(path) > 1 and self._takes("["):
            place = _whole(self._next())
            self._needs("]")
        return _Fact(tuple(path), place)

    def _asked(self, fact: _Fact) -> Part:
        """Return what is asked of a fact; nothing, where it is true or false itself."""
        if self._takes("."):
            ask = _ASK.get(self._next().text)
            if ask is None:
                raise _Other
            self._needs("(")
            text = _text(self._next())
            self._needs(")")
            return _Text(fact, ask, text)
        if self._peek() not in _COMPARE:
            return fact
        mark = self._mark()
        if self._tokens[self._at :] and self._tokens[self._at].kind == "text":
            if mark not in ("==", "!="):
                raise _Other
            return _Text(fact, _COMPARE[mark], _text(self._next()))
        return _Number(fact, mark, self._number(), False)

    def _number(self) -> float:
        minus = self._takes("-")
        text = self._next().text
        if not text.replace(".", "0", 1).isdecimal() or not text[-1:].isdecimal():
            raise _Other
        number = float(text) if "." in text else int(text)
        if number > _EXACT:
            raise _Other
        return -number if minus else number

    def _mark(self) -> str:
        mark = self._next().text
        if mark not in _COMPARE:
            raise _Other
        return mark

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise _Other
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _takes(self, text: str) -> bool:
        found = self._peek() == text
        self._at += found
        return found

    def _needs(self, text: str) -> None:
        if not self._takes(text):
            raise _Other


def plain(tokens: Tokens) -> Part | None:
    """Return the expression in these tokens, which are CEL, or None if it is not plain."""
    if sum(token.text == "(" for token in tokens) > _DEEPEST:
        return None
    try:
        return _Reader(tokens).whole()
    except _Other:
        return None


def _text(token: Token) -> str:
    text = token.text
    if token.kind != "text" or "\\" in text or text[0] not in "\"'" or text[:3] in _LONG_QUOTES:
        raise _Other
    return text[1:-1]


def _whole(token: Token) -> int:
    if not token.text.isdecimal():
        raise _Other
    return int(token.text)
