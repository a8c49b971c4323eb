"""A schema that has all the real one lacks, and data in which anything can be wrong.

What an object answers depends on its seed alone, so two executors that ask it the same get the
same: mostly a value of the declared type, now and then null, another type, an exception.
"""

import asyncio
import enum
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Annotated, Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.scalars import JSON, Base64

from api.features import SCALARS, Int64


@strawberry.enum
class Color(enum.Enum):
    RED = "red"
    GREEN = 2
    BLUE = strawberry.enum_value("b", description="Not green.")


class Broken(Exception):
    pass


class Odd:
    """Answers any attribute, by its seed."""

    _seed: strawberry.Private[str]
    _oddness: strawberry.Private[float]

    @classmethod
    def of(cls, seed: str, oddness: float) -> "Odd":
        made = cls.__new__(cls)  # strawberry's own __init__ wants every field
        made.__dict__.update(_seed=seed, _oddness=oddness)
        return made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in VALUES:
            raise AttributeError(name)
        return value_of(f"{self._seed}.{name}", self._oddness, VALUES[name])


Make = Callable[[str, float, Random], Any]


def value_of(seed: str, oddness: float, make: Make) -> Any:
    chance = Random(seed)
    if chance.random() < oddness:
        return odd(chance)
    return make(seed, oddness, chance)


def odd(chance: Random) -> Any:
    kind = chance.randrange(14)
    if kind == 0:
        raise Broken("raised")
    if kind == 1:
        raise AttributeError("no such thing")
    return [
        None,
        None,
        None,
        Broken("returned"),
        2**40,
        float("nan"),
        float("inf"),
        "text",
        7,
        object,
        {"a": 1},
        True,
    ][kind - 2]


def later(seed: str, oddness: float, make: Make) -> Any:
    async def wait() -> Any:
        for _ in range(Random(seed + "turns").randrange(3)):
            await asyncio.sleep(0)
        return value_of(seed, oddness, make)

    return wait()


def listed(make: Make) -> Make:
    def made(seed: str, oddness: float, chance: Random) -> Any:
        items = [Lazily(f"{seed}.{i}", oddness, make) for i in range(chance.randrange(4))]
        if any(item.raises for item in items):
            return Items(items)
        values = [item.value for item in items]
        return chance.choice([values, values, values, tuple(values), iter(values)])

    return made


class Lazily:
    def __init__(self, seed: str, oddness: float, make: Make) -> None:
        self.raises: Exception | None = None
        self.value: Any = None
        try:
            self.value = value_of(seed, oddness, make)
        except (Broken, AttributeError) as error:
            self.raises = error


class Items:
    """A collection that breaks while it is gone through."""

    def __init__(self, items: list[Lazily]) -> None:
        self.items = items

    def __iter__(self) -> Any:
        for item in self.items:
            if item.raises:
                raise item.raises
            yield item.value


def some(*values: Any) -> Make:
    return lambda _, __, chance: chance.choice(values)


def pet(seed: str, oddness: float, chance: Random) -> Any:
    return chance.choice([Cat, Dog]).of(seed, oddness)


@strawberry.interface
class Named:
    name: str
    nick: str | None
    friend: "Node | None"


@strawberry.type
class Cat(Odd, Named):
    lives: int
    owner: "Node"


@strawberry.type
class Dog(Odd, Named):
    tricks: list[str]
    chases: Annotated["Cat | Dog", strawberry.union("Pet")] | None


Pet = Annotated[Cat | Dog, strawberry.union("Pet")]


@strawberry.input
class Shape:
    sides: int = 3
    label: str | None = None
    color: Color | None = Color.RED
    inner: "Shape | None" = None


class Louder(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: strawberry.Info, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs)


@strawberry.type
class Node(Odd):
    id: strawberry.ID
    text: str
    maybe: str | None
    count: int | None
    must_count: int
    big: Int64 | None
    ratio: float | None
    flag: bool | None
    when: datetime | None
    raw: Base64 | None
    json: JSON | None
    color: Color | None
    must_color: Color
    tags: list[str]
    maybe_tags: list[str | None] | None
    grid: list[list[int]] | None
    whens: list[datetime | None] | None
    colors: list[Color] | None
    child: "Node"
    maybe_child: "Node | None"
    children: list["Node"]
    maybe_children: list["Node | None"] | None
    table: list[list["Node | None"] | None] | None
    named: Named
    maybe_named: Named | None
    pet: Pet | None
    pets: list[Pet | None]
    cat: Cat | None
    cats: list[Cat | None]

    @strawberry.field
    def taken(self, ids: list[strawberry.ID]) -> str | None:
        ids.append(strawberry.ID("z"))
        return " ".join(map(str, ids))

    @strawberry.field
    def told(
        self,
        n: int = 2,
        ids: list[strawberry.ID] | None = None,
        words: list[str | None] | None = None,
        any: JSON | None = None,
    ) -> str:
        return f"{n!r} {ids!r} {words!r} {any!r}"

    @strawberry.field
    def needs(self, n: int, at: datetime | None = None, ok: float | None = 2.5) -> str | None:
        return f"{n!r} {at!r} {ok!r}" if n != 13 else None

    @strawberry.field
    def shaped(self, shape: Shape | None = None, color: Color = Color.BLUE) -> str:
        return f"{shape!r} {color!r}"

    @strawberry.field
    def placed(self, info: strawberry.Info, n: int | None = None) -> str:
        path = info.path.as_list()
        return f"{info.field_name} {path} {info.context['seed']} {sorted(info.variable_values)} {n}"

    @strawberry.field(extensions=[Louder()])
    def loud(self, x: float | None = 1.5) -> float | None:
        return x

    @strawberry.field
    def broken(self, info: strawberry.Info) -> str:
        raise Broken(f"at {info.path.as_list()}")

    @strawberry.field
    def log(self) -> list[str]:
        """Its own list, with which it goes on."""
        log: list[str] = self.__dict__.setdefault("_log", [])
        log.append("asked")
        return log

    @strawberry.field
    def self_again(self) -> "Node":
        return self


@strawberry.type
class Sleeper(Odd):
    """Has what no plan covers: something to await below the root."""

    text: str
    child: Node

    @strawberry.field
    async def slowly(self) -> str:
        await asyncio.sleep(0)
        return value_of(self._seed + "slowly", self._oddness, some("z"))

    @strawberry.field(graphql_type=str | None)
    def perhaps(self) -> Any:  # not declared async, and yet
        if Random(self._seed).random() < 0.5:
            return later(self._seed + "perhaps", self._oddness, some("now", "then"))
        return "now"

    @strawberry.field(graphql_type=list[Node | None])
    def several(self) -> Any:
        chance = Random(self._seed)
        found = [value_of(f"{self._seed}{i}", 0, node) for i in range(3)]
        if chance.random() < 0.5:
            found[1] = later(self._seed, 0, node)
        return chance.choice([found, iter(found)])


def node(seed: str, oddness: float, chance: Random) -> Any:
    del chance
    return Node.of(seed, oddness)


VALUES: dict[str, Make] = {
    "id": some("x", "y", 5),
    "text": some("a", "b"),
    "maybe": some("a", None),
    "count": some(0, 5, None, -1, 3.0, "12"),
    "must_count": some(0, 5, 2**31 - 1),
    "big": some(2**40, 0, None),
    "ratio": some(0.5, 1, None, "2.5"),
    "flag": some(True, False, None, 1, 0.0),
    "when": some(datetime(2026, 1, 1, tzinfo=UTC), None),
    "raw": some(b"ab", None),
    "json": some({"a": [1]}, [1], "x", 0, None),
    "color": some(*Color, None, "red", 2),
    "must_color": some(*Color),
    "tags": listed(some("t", "u")),
    "maybe_tags": listed(some("t", None)),
    "grid": listed(listed(some(1, 2))),
    "whens": listed(some(datetime(2026, 1, 1, tzinfo=UTC), None)),
    "colors": listed(some(*Color)),
    "child": node,
    "maybe_child": node,
    "children": listed(node),
    "maybe_children": listed(node),
    "table": listed(listed(node)),
    "named": pet,
    "maybe_named": pet,
    "pet": pet,
    "pets": listed(pet),
    "cat": pet,
    "cats": listed(pet),
    "name": some("n"),
    "nick": some("k", None),
    "friend": node,
    "lives": some(9),
    "owner": node,
    "tricks": listed(some("sit")),
    "chases": pet,
}


@strawberry.type
class Query:
    @strawberry.field(graphql_type=Node)
    async def node(self, info: strawberry.Info, salt: str = "") -> Any:
        return await later(_seed(info, "node" + salt), info.context["oddness"], node)

    @strawberry.field(graphql_type=Node | None)
    async def other(self, info: strawberry.Info, salt: str | None = None) -> Any:
        return await later(_seed(info, f"other{salt}"), info.context["oddness"], node)

    @strawberry.field(graphql_type=Node | None)
    def now(self, info: strawberry.Info) -> Any:
        return value_of(_seed(info, "now"), info.context["oddness"], node)

    @strawberry.field(graphql_type=Node)
    def surely(self, info: strawberry.Info) -> Any:
        return value_of(_seed(info, "surely"), info.context["oddness"], node)

    @strawberry.field(graphql_type=list[Pet] | None)
    async def pets(self, info: strawberry.Info, first: int) -> Any:
        del first
        return await later(_seed(info, "pets"), info.context["oddness"], listed(pet))

    @strawberry.field(graphql_type=Sleeper | None)
    def sleeper(self, info: strawberry.Info) -> Any:
        return Sleeper.of(_seed(info, "sleeper"), info.context["oddness"])

    @strawberry.field
    def version(self) -> str:
        return "1"


def _seed(info: strawberry.Info, name: str) -> str:
    return f"{info.context['seed']}.{name}"


ODD_SCHEMA = strawberry.Schema(
    query=Query,
    types=[Cat, Dog],
    config=strawberry.schema.config.StrawberryConfig(scalar_map=SCALARS),
)
