"""Python source that builds an answer: a function for each object and each list of objects.

For `{ user(id: "ada") { id segments { name } } }` it reads

    def User_3(run, it, at):
        try:  # user.id
            v0 = id_4(it)
            if not (v0.__class__ is str):
                v0 = run.complete(site_5, type_6, v0, at)
        except Exception as error:
            v0 = run.failed(site_5, type_6, error, at)
        try:  # user.segments
            v1 = segments_7(it)
            v1 = segments_8(run, v1, at) if v1.__class__ is list else run.items(...)
        ...
        return {"id": v0, "segments": v1}

A `try` costs nothing until something is raised. `at` holds the indices of the lists around.
"""

from collections.abc import Iterable, Iterator

from graphql import (
    GraphQLList,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from strawberry import Schema

from api.plans.calling import Attribute, Call, Constant, Method, called, calling
from api.plans.leaves import itself, written
from api.plans.names import Names
from api.plans.run import PLAIN, Root
from api.plans.sites import Selection, Site


class Source:
    """Writes the functions of a plan, and makes them."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._names = Names()
        self._functions: list[str] = []

    def __str__(self) -> str:
        return "\n\n".join(self._functions)

    def roots(self, selection: Selection) -> tuple[Root, ...]:
        """Return the root fields of an operation, ready to run."""
        builds = [self._root(site) for site in selection.sites]
        made = self._names.globals
        exec(compile(str(self), "<plan>", "exec"), made)  # noqa: S102 - nothing in it is a client's
        return tuple(
            Root(site, called(calling(self._schema, site)), made[build])
            for site, build in zip(selection.sites, builds, strict=True)
        )

    def _root(self, site: Site) -> str:
        """Write the function that makes the answer of a root field of its value."""
        name = self._names.new(site.key)
        body = self._completed(site, site.type, "it", "at")
        return self._function(f"{name}(run, it, at)", [*body, "return it"])

    def _object(self, selection: Selection) -> str:
        """Write the function that builds an object, and return its name."""
        name = self._names.new(selection.type.name)
        body, items = [], []
        for number, site in enumerate(selection.sites):
            found = calling(self._schema, site)
            if isinstance(found, Constant):
                items.append(f"{site.key!r}: {found.value!r}")
                continue
            items.append(f"{site.key!r}: v{number}")
            body += self._field(site, self._value(site, found), f"v{number}")
        return self._function(f"{name}(run, it, at)", [*body, f"return {{{', '.join(items)}}}"])

    def _items(self, site: Site, type_: GraphQLOutputType) -> str:
        """Write the function that builds a list of items of a type, and return its name."""
        name = self._names.new(site.key)
        item = self._guarded(site, type_, self._completed(site, type_, "v", "(at, i)"), "(at, i)")
        body = [
            "made = []",
            "for i, v in enumerate(values):",
            *_indented(item),
            "    made.append(v)",
            "return made",
        ]
        return self._function(f"{name}(run, values, at)", body)

    def _field(self, site: Site, value: str, var: str) -> list[str]:
        lines = [f"{var} = {value}", *self._completed(site, site.type, var, "at")]
        return self._guarded(site, site.type, lines, "at", var)

    def _guarded(
        self, site: Site, type_: GraphQLOutputType, lines: Iterable[str], at: str, var: str = "v"
    ) -> list[str]:
        """Have what a piece raises noted as the error of the field or of the item."""
        return [
            f"try:  # {'.'.join(step[0] if step else '[]' for step in site.steps)}",
            *_indented(lines),
            "except Exception as error:",
            f"    {var} = run.failed({self._place(site, type_)}, error, {at})",
        ]

    def _value(self, site: Site, found: Attribute | Method | Call) -> str:
        """Return the expression of a field's value, before anything is made of it."""
        if isinstance(found, Attribute):
            return f"it.{found.name}"
        function = self._names.of(found.function, site.key)
        return f"{function}(it)" if isinstance(found, Method) else f"{function}(run, it, at)"

    def _completed(self, site: Site, type_: GraphQLOutputType, var: str, at: str) -> list[str]:
        """Write how the value in `var` becomes what is answered of it.

        Null of a type that has none goes the slow way, which says what is wrong.
        """
        if is_non_null_type(type_):
            return self._not_null(site, type_, type_.of_type, var, at)
        lines = self._not_null(site, type_, type_, var, at)
        return [f"if {var} is not None:", *_indented(lines)]

    def _not_null(
        self, site: Site, type_: GraphQLOutputType, inner: GraphQLOutputType, var: str, at: str
    ) -> list[str]:
        place = self._place(site, type_)
        slow = f"run.complete({place}, {var}, {at})"
        if is_leaf_type(inner):
            return written(self._names, inner, var, slow)
        if is_list_type(inner):
            return self._list(site, type_, inner, var, at)
        builds = {name: self._object(selection) for name, selection in site.inner.items()}
        if is_object_type(inner) and not inner.is_type_of:
            (build,) = builds.values()
            fast = f"{build}(run, {var}, {at}) if {var}.__class__ in {self._plain}"
            return [f"{var} = {fast} else run.build({place}, {build}, {var}, {at})"]
        table = ", ".join(f"{name!r}: {build}" for name, build in builds.items())
        return [f"{var} = run.one_of({place}, {{{table}}}, {var}, {at})"]

    def _list(
        self,
        site: Site,
        type_: GraphQLOutputType,
        inner: GraphQLList[GraphQLOutputType],
        var: str,
        at: str,
    ) -> list[str]:
        place, item = self._place(site, type_), inner.of_type
        if are := self._are_themselves(item):
            return [  # a copy, because a resolver may go on with its own list
                f"if {var}.__class__ is list and {are}({var}):",
                f"    {var} = {var}.copy()",
                "else:",
                f"    {var} = run.complete({place}, {var}, {at})",
            ]
        build = self._items(site, item)
        fast = f"{build}(run, {var}, {at}) if {var}.__class__ is list"
        return [f"{var} = {fast} else run.items({place}, {build}, {var}, {at})"]

    def _are_themselves(self, item: GraphQLOutputType) -> str | None:
        """Write the function that says whether all items stay as they are, if any ever do."""
        if is_list_type(item) or (is_non_null_type(item) and is_list_type(item.of_type)):
            return None
        named = get_named_type(item)
        condition = itself(named, "v")
        if condition is None:
            return None
        if not is_non_null_type(item):
            condition = f"v is None or {condition}"
        name = self._names.new(f"are_{named.name}")
        body = ["for v in values:", f"    if not ({condition}):", "        return False"]
        return self._function(f"{name}(values)", [*body, "return True"])

    def _function(self, head: str, body: Iterable[str]) -> str:
        self._functions.append("\n".join([f"def {head}:", *_indented(body)]))
        return head.partition("(")[0]

    def _place(self, site: Site, type_: GraphQLOutputType) -> str:
        """Return the arguments that say where something is, and of which type it should be."""
        return f"{self._names.of(site, f'at_{site.key}')}, {self._names.of(type_, 'type')}"

    @property
    def _plain(self) -> str:
        return self._names.of(PLAIN, "PLAIN")


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)
