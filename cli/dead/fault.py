"""Where in a message the fault lies."""

import re
from typing import Any

import msgspec

from attune.dead import DeadLetter

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]|\[(\.\.\.)\]")


class Absent:
    """What is found where nothing is."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


def document(letter: DeadLetter) -> Any:  # noqa: ANN401 - whatever somebody sent
    """Return the message as JSON, ABSENT if it is none."""
    try:
        return msgspec.json.decode(letter.value)
    except msgspec.DecodeError:
        return ABSENT


def field_at_fault(letter: DeadLetter) -> tuple[str, Any] | None:
    """Return the path of the field that is to blame and what is found there; None if none is.

    A letter names it where the message could not be read. A consumer that refuses an event begins
    its reason with it.
    """
    content = document(letter)
    if letter.field:
        return letter.field, _at(content, letter.field)
    path, colon, _ = letter.reason.partition(": ")
    found = _at(content, path) if colon else ABSENT
    return None if found is ABSENT else (path, found)


def _at(content: Any, path: str) -> Any:  # noqa: ANN401 - a part of what somebody sent
    for name, number, some in _STEP.findall(path):
        if some:  # of a list: which element it is, nobody told
            return content
        try:
            content = content[int(number) if number else name]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return content
