"""Names in events, found; apart from `names`, so that it is compiled."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from mypy_extensions import mypyc_attr

from attune.collect.event import Event
from attune.features.codec import Codec
from attune.features.steps import Step
from attune.ids import profile_of

Naming: TypeAlias = Callable[[Event], Sequence[str]]


class Noted(Codec):
    """States that names are noted in."""

    def note(self, state: Any, names: Sequence[str], at: int) -> Any:  # noqa: ANN401 - as `Step`
        """Return the state with names noted that were met at a moment (ms since 1970)."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Noting(Step):
    """Notes the names of an event."""

    def __init__(self, noted: Noted, names_of: Naming) -> None:
        self._noted = noted
        self._names_of = names_of

    def update(self, state: Any, event: Event, at: int) -> Any:  # noqa: ANN401 - as `Step`
        """Note them."""
        names = self._names_of(event)
        return self._noted.note(state, names, at) if names else state


class _Named:
    """The names in an event, found once: half a dozen features ask for the same."""

    __slots__ = ("brands", "categories", "event", "items")

    def __init__(self, event: Event | None) -> None:
        self.event = event
        self.items: Sequence[str] = ()
        self.categories: Sequence[str] = ()
        self.brands: Sequence[str] = ()
        commerce = event.commerce if event is not None else None
        if commerce is None:
            return
        products = commerce.products
        if len(products) == 1:  # as in most events: no list is made
            product = products[0]
            self.items = (product.id,)
            category, brand = product.category, product.brand
            self.categories = (category,) if category else ()
            self.brands = (brand,) if brand else ()
        else:
            self.items = [product.id for product in products]
            self.categories = [product.category for product in products if product.category]
            self.brands = [product.brand for product in products if product.brand]


class _Memo:
    """Holds what was found last."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = _Named(None)


_MEMO: Final = _Memo()


def _named(event: Event) -> _Named:
    last = _MEMO.last
    if last.event is not event:
        last = _MEMO.last = _Named(event)
    return last


def categories(event: Event) -> Sequence[str]:
    """Return the category of each product that has one."""
    return _named(event).categories


def brands(event: Event) -> Sequence[str]:
    """Return the brand of each product that has one."""
    return _named(event).brands


def items(event: Event) -> Sequence[str]:
    """Return the id of each product."""
    return _named(event).items


def visitor(event: Event) -> Sequence[str]:
    """Return whose event it is."""
    return (profile_of(event.user_id, event.anonymous_id),)
