"""Makes documents for any schema: mostly valid ones, with everything that a query may have."""

from collections.abc import Collection, Mapping
from random import Random
from types import MappingProxyType
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)
from graphql.utilities.type_comparators import do_types_overlap

SWITCHES = ("on", "off", "maybe")
LIKELY = ("id", "sessionId", "itemIds")
"""Arguments without which an answer is short."""
_ANY: Mapping[str, Collection[str]] = MappingProxyType({})
WORDS = {
    "Int": ("0", "3", "13", "-1"),
    "Float": ("0.5", "2"),
    "String": ('"a"', '"hero"', '"$"', '""'),
    "ID": ('"ada"', '"x"', "4"),
    "Boolean": ("true", "false"),
    "DateTime": ('"2026-11-02T12:00:00Z"', '"2026-11-02T12:00:00"', '"x"'),
}
VALUES = {
    "Int": (0, 3, 13, 2**31, "3", 1.5, True),
    "Float": (0.5, 2, "x"),
    "String": ("a", "hero", "", 5),
    "ID": ("ada", "x", 4, 1.5),
    "DateTime": ("2026-11-02T12:00:00Z", "x", 5),
}


class Writer:
    """Writes one document; `among` says by type which of its fields it may ask for."""

    def __init__(
        self, schema: GraphQLSchema, chance: Random, among: Mapping[str, Collection[str]] = _ANY
    ) -> None:
        self.schema = schema
        self.among = among
        self.chance = chance
        self.seed = chance.random()
        self.left = chance.choice([4, 12, 40])
        self.few = chance.random() < 0.5
        """Whether it asks for the same few fields of a type again and again."""
        self.fragments: dict[str, tuple[str, str]] = {}
        self.declared: dict[str, tuple[Any, str]] = {}
        """The type of each variable, and its default as it is written."""

    def document(self) -> str:
        body = self.selection(self.schema.query_type, 0)
        head = ", ".join(f"${name}: {one}{other}" for name, (one, other) in self.declared.items())
        texts = [f"query{f' ({head})' if head else ''} {body}"]
        texts += [f"fragment {name} on {on} {text}" for name, (on, text) in self.fragments.items()]
        return "\n".join(texts)

    def variables(self) -> dict[str, Any]:
        """Values for the variables, other ones each time; now and then one is missing or wrong."""
        return {
            name: self.value(type_)
            for name, (type_, _) in self.declared.items()
            if self.chance.random() < (0.98 if is_non_null_type(type_) else 0.85)
        }

    def selection(self, type_: Any, depth: int) -> str:
        parts = [self.part(type_, depth) for _ in range(self.chance.choice([1, 2, 3, 5]))]
        return "{ " + " ".join(parts) + " }"

    def part(self, type_: Any, depth: int) -> str:
        kind = self.chance.random()
        if kind < 0.08:
            return f"__typename{self.directives()}"
        if kind < 0.25 and depth < 6:
            return self.inline(type_, depth)
        if kind < 0.35 and depth < 6:
            return self.spread(type_, depth)
        return self.field(type_, depth)

    def inline(self, type_: Any, depth: int) -> str:
        on = self.overlapping(type_)
        condition = "" if on is type_ and self.chance.random() < 0.5 else f" on {on.name}"
        return f"...{condition}{self.directives()} {self.selection(on, depth + 1)}"

    def spread(self, type_: Any, depth: int) -> str:
        fitting = [name for name, (on, _) in self.fragments.items() if on == type_.name]
        if not fitting or self.chance.random() < 0.5:
            on = self.overlapping(type_)
            text = self.selection(on, depth + 1)
            name = f"F{len(self.fragments)}"
            self.fragments[name] = on.name, text
        else:
            name = self.chance.choice(fitting)
        return f"...{name}{self.directives()}"

    def overlapping(self, type_: Any) -> Any:
        every = [
            each
            for each in self.schema.type_map.values()
            if is_composite_type(each)
            and not each.name.startswith("__")
            and do_types_overlap(self.schema, each, type_)
        ]
        return self.chance.choice([type_, *every])

    def field(self, type_: GraphQLNamedType, depth: int) -> str:
        self.left -= 1
        fields = getattr(type_, "fields", {})
        ending = self.left < 0 or depth > 8
        names = [
            name
            for name, each in fields.items()
            if (not ending or is_leaf_type(get_named_type(each.type)))
            and name in self.among.get(type_.name, fields)
        ]
        if not names:
            return "__typename"
        if self.few:
            names = Random(f"{self.seed}{type_.name}").sample(names, min(3, len(names)))
        name = self.chance.choice(names)
        given = self.arguments(fields[name].args)
        alias = ""
        if given:
            alias = f"{name}_{crc32(given.encode()) % 1000}: "
        elif self.chance.random() < 0.2:
            alias = f"{name}_{self.chance.choice('ab')}: "
        inner = get_named_type(fields[name].type)
        below = f" {self.selection(inner, depth + 1)}" if is_composite_type(inner) else ""
        return f"{alias}{name}{given}{self.directives()}{below}"

    def arguments(self, args: Any) -> str:
        given = []
        for name, each in args.items():
            often = 0.9 if name in LIKELY else 0.5
            if not is_required_argument(each) and self.chance.random() > often:
                continue
            given.append(f"{name}: {self.argument(each)}")
        return f"({', '.join(given)})" if given else ""

    def argument(self, argument: Any) -> str:
        if self.chance.random() < 0.5:
            return self.literal(argument.type)
        type_ = argument.type
        if self.chance.random() < 0.2 and is_non_null_type(type_):
            type_ = type_.of_type  # allowed where the argument or the variable has a default
        return self.variable(type_)

    def variable(self, type_: Any) -> str:
        fitting = [name for name, (declared, _) in self.declared.items() if declared == type_]
        if fitting and self.chance.random() < 0.5:
            return f"${self.chance.choice(fitting)}"
        name = f"v{len(self.declared)}"
        has_default = self.chance.random() < 0.3
        default = f" = {self.literal(type_, constant=True)}" if has_default else ""
        self.declared[name] = type_, default
        return f"${name}"

    def literal(self, type_: Any, *, constant: bool = False) -> str:
        if not is_non_null_type(type_) and self.chance.random() < 0.05:
            return "null"
        if is_non_null_type(type_):
            type_ = type_.of_type
        if is_list_type(type_):
            items = [
                self.item(type_.of_type, constant=constant) for _ in range(self.chance.randrange(3))
            ]
            return f"[{', '.join(items)}]"
        if isinstance(type_, GraphQLEnumType):
            return self.chance.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            chosen = [name for name in type_.fields if self.chance.random() < 0.4]
            fields = (
                f"{name}: {self.item(type_.fields[name].type, constant=constant)}"
                for name in chosen
            )
            return f"{{{', '.join(fields)}}}"
        likely, *rest = WORDS.get(type_.name, ("1",))
        return self.chance.choice([likely] * 10 + rest)

    def item(self, type_: Any, *, constant: bool) -> str:
        if constant or self.chance.random() < 0.8:
            return self.literal(type_, constant=constant)
        return self.variable(type_)

    def value(self, type_: Any) -> Any:
        if self.chance.random() < (0.01 if is_non_null_type(type_) else 0.1):
            return None
        if is_non_null_type(type_):
            type_ = type_.of_type
        if is_list_type(type_):
            items = [self.value(type_.of_type) for _ in range(self.chance.randrange(3))]
            return items if self.chance.random() < 0.95 else items and items[0]
        if isinstance(type_, GraphQLEnumType):
            return self.chance.choice([*type_.values] * 10 + ["NONE_SUCH"])
        if isinstance(type_, GraphQLInputObjectType):
            chosen = [name for name in type_.fields if self.chance.random() < 0.4]
            return {name: self.value(type_.fields[name].type) for name in chosen}
        if type_.name == "Boolean":
            return self.chance.choice([True, False])
        likely, *rest = VALUES.get(type_.name, (1,))
        return self.chance.choice([likely] * 15 + rest)

    def directives(self) -> str:
        if self.chance.random() < 0.85:
            return ""
        name = self.chance.choice(["skip", "include"])
        if self.chance.random() < 0.4:
            return f" @{name}(if: {self.chance.choice(['true', 'false'])})"
        switch = self.chance.choice(SWITCHES)
        declared = self.chance.choice(
            [(GraphQLNonNull(GraphQLBoolean), ""), (GraphQLBoolean, " = true")]
        )
        self.declared.setdefault(switch, declared)
        return f" @{name}(if: ${switch})"
