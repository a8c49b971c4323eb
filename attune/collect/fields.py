"""The checks that every id, short text, amount and count of a sender passes, with its remedy."""

import re
from decimal import Decimal
from typing import Never

from attune.errors import InvalidEvent

MAX_TEXT = 255
"""Characters of an id or a short name; a key of Kafka and Redis is made of it."""
MAX_AMOUNT = 10**12
"""Currency units. Times 1e6, and summed over an order, it still fits in 64 bits."""
MAX_QUANTITY = 1_000_000

_AMOUNT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}(\.0*)?", re.ASCII)
_MICRO = Decimal("0.000001")
_AMOUNT_REMEDY = f'send a number or a decimal text such as "19.90", from 0 to {MAX_AMOUNT:,}'


def text(value: object, field: str, limit: int = MAX_TEXT) -> str | None:
    """Return an id or a short name; None and "" both mean that there is none.

    An integer becomes its decimal text, because real senders pass numeric keys of databases. A
    float does not: beyond 2**53 it is no longer the id that was meant.

    Raises:
        InvalidEvent: another type, too long, or with a NUL character, which PostgreSQL refuses.
    """
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        refuse(value, field, "is not text", f"send text of 1 to {limit} characters")
    if len(value) > limit:
        remedy = f"send text of 1 to {limit} characters"
        refuse(value, field, f"has {len(value):,} characters", remedy)
    if "\0" in value:
        refuse(value, field, "holds a NUL character", "send text without U+0000")
    return value


def required(value: object, field: str, limit: int = MAX_TEXT) -> str:
    """Return it as `text` does, and refuse it where there is none."""
    found = text(value, field, limit)
    if found is None:
        raise InvalidEvent(
            f"{field} is missing",
            field=field,
            remedy=f"send text of 1 to {limit} characters",
        )
    return found


def micros(value: object, field: str) -> int | None:
    """Return an amount of money in 1e-6 currency units, None where there is none.

    A decimal text is taken exactly and a JSON number by its shortest decimal form, as it was
    written. What is finer than 1e-6 (19.99 * 0.9 is 17.991000000000003 to a browser) is rounded
    half to even.

    Raises:
        InvalidEvent: not a number, negative, or above `MAX_AMOUNT`.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        refuse(value, field, "is not a number", _AMOUNT_REMEDY)
    written = str(value).strip()
    if not _AMOUNT.fullmatch(written):
        refuse(value, field, "is not a number", _AMOUNT_REMEDY)
    amount = Decimal(written)
    if amount < 0:
        refuse(value, field, "is negative", _AMOUNT_REMEDY)
    if amount > MAX_AMOUNT:
        refuse(value, field, f"is above {MAX_AMOUNT:,}", _AMOUNT_REMEDY)
    return int(amount.quantize(_MICRO).scaleb(6))


def quantity(value: object, field: str) -> int:
    """Return how many, 1 where it is not said.

    Raises:
        InvalidEvent: not a whole number from 1 to `MAX_QUANTITY`.
    """
    if value is None or value == "":
        return 1
    written = str(value)
    if not (_WHOLE.fullmatch(written) and 1 <= float(written) <= MAX_QUANTITY):
        remedy = f"send a whole number from 1 to {MAX_QUANTITY:,}"
        refuse(value, field, "is not a quantity", remedy)
    return int(float(written))


def refuse(value: object, field: str, problem: str, remedy: str) -> Never:
    """Raise InvalidEvent about the value found in a field."""
    raise InvalidEvent(f"{field} {problem}", field=field, value=str(value), remedy=remedy)
