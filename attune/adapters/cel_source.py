"""Reads the text of a CEL expression: the facts it names, and whether it says yes or no.

The library compiles and evaluates; it does not give its syntax tree. What is read here has passed
its parser, so this need only tell the parts apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from attune.decide.expression import InvalidExpression, name_of
from attune.decide.facts import ROOTS, Path

Kind = Literal["text", "number", "name", "mark"]
_KINDS: tuple[Kind, ...] = ("text", "number", "name", "mark")

LOOPS = frozenset({"all", "exists", "exists_one", "existsOne"})
_YES_OR_NO = LOOPS | {"has", "contains", "startsWith", "endsWith", "matches"}
FUNCTIONS = (
    _YES_OR_NO
    | {"size", "int", "uint", "double", "string", "bytes", "type", "timestamp", "duration"}
    | {"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"}
    | {"getHours", "getMinutes", "getSeconds", "getMilliseconds"}
)
"""What the library implements; it finds out about others only when it evaluates.

Not `map` and `filter`: over a map they give a list in an order that changes from call to call, and
a decision must come out the same when it is replayed.
"""

_WORDS = frozenset({"true", "false", "null", "in"})
_CALLABLE = FUNCTIONS | {"in"}  # as in `x in (y)`
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_COMPARES = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})
_COMPUTES = frozenset({"+", "-", "*", "/", "%"})

_TOKEN = re.compile(
    r"""
    (?: \s+ | //[^\n]* )+
    | (?P<text>
        (?: [rR][bB]? | [bB][rR] ) (?: \"{3}.*?\"{3} | '{3}.*?'{3} | "[^"\n]*" | '[^'\n]*' )
        | [bB]? (?: \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3}
                  | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
      )
    | (?P<number> 0[xX][0-9a-fA-F]+[uU]? | (?: \d+\.?\d* | \.\d+ ) (?: [eE][+-]?\d+ )? [uU]? )
    | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<mark> \|\| | && | [=!<>]= | [-+*/%!?:.,()\[\]{}<>] )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A part of the text, spaces and comments left out.

    A text literal keeps its quotes, so it is never taken for a name or a mark.
    """

    kind: Kind
    text: str


Tokens = Sequence[Token]


def tokens_of(source: str) -> list[Token]:
    """Return the parts of the text.

    Raises:
        InvalidExpression: there is a character that no expression of ours has.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise InvalidExpression(f"unexpected {source[at]!r} at character {at + 1}")
        at = found.end()
        tokens += [Token(kind, found[kind]) for kind in _KINDS if found[kind] is not None]
    return tokens


def operands_of(tokens: Tokens) -> tuple[Path, ...]:
    """Return the path of every fact named, each once, in the order of the text.

    Raises:
        InvalidExpression: it names something that is no fact, or all facts of a root at once.
    """
    bound = set(_bound(tokens))
    paths: dict[Path, None] = {}
    for at, token in enumerate(tokens):
        if _starts_operand(tokens, at) and token.text not in bound:
            paths[_path(tokens, at)] = None
    return tuple(paths)


def _bound(tokens: Tokens) -> Iterator[str]:
    """Yield the variables of loops: `s` in `user.segments.exists(s, s == "x")`."""
    for at, token in enumerate(tokens[:-2]):
        if token.text in LOOPS and tokens[at + 1].text == "(" and tokens[at + 2].kind == "name":
            name = tokens[at + 2].text
            if name in ROOTS:
                raise InvalidExpression(
                    f"a loop cannot call its variable {name}",
                    remedy="Give it another name, such as x.",
                )
            yield name


def _starts_operand(tokens: Tokens, at: int) -> bool:
    token = tokens[at]
    if token.kind != "name" or token.text in _WORDS or _text(tokens, at + 1) == "(":
        return False
    return at == 0 or tokens[at - 1].text != "."


def _path(tokens: Tokens, at: int) -> Path:
    root = tokens[at].text
    if root not in ROOTS:
        raise InvalidExpression(
            f"{root} is not known",
            remedy="Start each operand with " + " or ".join(f"{root}." for root in ROOTS),
        )
    keys = [root, *_keys(tokens, at + 1)]
    if len(keys) == 1:
        raise InvalidExpression(
            f"{root} is used as a whole", remedy=f"Name what you need of it, as in {root}.x"
        )
    return tuple(keys)


def _keys(tokens: Tokens, at: int) -> Iterator[str]:
    key, at = key_of(tokens, at)
    while key is not None:
        yield key
        key, at = key_of(tokens, at)


def key_of(tokens: Tokens, at: int) -> tuple[str | None, int]:
    """Return the key that stands here, `.plan` or `["plan"]`, and where it ends.

    Neither `.size()` nor `[0]` is one: None.

    Raises:
        InvalidExpression: it is no plain text.
    """
    mark, key, after = (_text(tokens, at + step) for step in range(3))
    if mark == "." and after != "(":
        return key, at + 2
    if mark == "[" and after == "]" and tokens[at + 1].kind == "text":
        return _unquoted(key), at + 3
    return None, at


def _unquoted(text: str) -> str:
    if "\\" in text or text[0] not in "\"'" or text[:3] in {'"""', "'''"}:
        raise InvalidExpression(
            f"the key {text} is not plain text", remedy="Write it in quotes, without a backslash."
        )
    return text[1:-1]


def refuse_unknown_functions(tokens: Tokens) -> None:
    """Refuse a call of what the language does not have.

    Raises:
        InvalidExpression: there is one.
    """
    for at, token in enumerate(tokens[:-1]):
        if token.kind == "name" and tokens[at + 1].text == "(" and token.text not in _CALLABLE:
            raise InvalidExpression(
                f"there is no function {token.text}",
                remedy=f"Use one of: {', '.join(sorted(FUNCTIONS))}.",
            )


def has_loop(tokens: Tokens) -> bool:
    """Tell whether it asks each element of something."""
    return any(token.kind == "name" and token.text in LOOPS for token in tokens)


def refuse_costly(tokens: Tokens) -> None:
    """Refuse a loop within a loop: its time would grow with the square of a visitor's list.

    Raises:
        InvalidExpression: there is one.
    """
    loops: list[bool] = []
    for at, token in enumerate(tokens):
        if token.text in _OPEN:
            loop = token.text == "(" and at > 0 and tokens[at - 1].text in LOOPS
            if loop and any(loops):
                raise InvalidExpression(
                    f"{tokens[at - 1].text} inside another loop would be too slow",
                    remedy="Compare with a list that is written out, as in x in ['a', 'b'].",
                )
            loops.append(loop)
        elif token.text in _CLOSE:
            loops.pop()


def refuse_null(tokens: Tokens, paths: Sequence[Path]) -> None:
    """Refuse `null`: what is not known is absent from facts, so nothing is ever equal to it.

    Raises:
        InvalidExpression: it is there.
    """
    if any(token.kind == "name" and token.text == "null" for token in tokens):
        name = name_of(paths[0]) if paths else "user.x"
        raise InvalidExpression(
            "null is not a value here", remedy=f"Ask has({name}) or !has({name})."
        )


def can_be_boolean(tokens: Tokens) -> bool:
    """Tell whether the value can be true or false; of a bare fact only evaluation can tell."""
    outer = list(_outer(tokens))
    marks = {tokens[at].text for at in outer}
    if "?" in marks:
        return _branches_can_be_boolean(tokens, outer)
    if marks & {"||", "&&"} or marks & _COMPARES:
        return True
    if marks & _COMPUTES:
        return False
    if tokens[0].text == "!":
        return True
    return _term_can_be_boolean(tokens)


def _branches_can_be_boolean(tokens: Tokens, outer: Sequence[int]) -> bool:
    """Tell it of `a ? b : c`; the grammar wants parentheses around a second one in `b`."""
    ask, otherwise = (next(at for at in outer if tokens[at].text == mark) for mark in ("?", ":"))
    return can_be_boolean(tokens[ask + 1 : otherwise]) and can_be_boolean(tokens[otherwise + 1 :])


def _term_can_be_boolean(tokens: Tokens) -> bool:
    """Tell it of a term: a literal, a fact, a call, or an expression in parentheses."""
    last = tokens[-1]
    if last.text in _CLOSE:
        opened = max(at for at in _outer(tokens) if tokens[at].text in _OPEN)
        if last.text == "]":
            return opened > 0  # an element of something; at 0 it is a list
        if opened == 0:
            return last.text == ")" and can_be_boolean(tokens[1:-1])
        return tokens[opened - 1].text in _YES_OR_NO
    return last.kind == "name"


def _outer(tokens: Tokens) -> Iterator[int]:
    """Yield where the tokens stand that are inside no brackets, the brackets among them."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.text in _CLOSE:
            depth -= 1
        if depth == 0:
            yield at
        if token.text in _OPEN:
            depth += 1


def _text(tokens: Tokens, at: int) -> str:
    return tokens[at].text if at < len(tokens) else ""
