"""A fingerprint of what a view means: it changes when the same events give another state or value.

It is made of names, parameters and version; of classes and functions that are not the library's
also of their code, without comments and docstrings, and of what they call in their own module.
"""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from hashlib import sha256
from types import BuiltinFunctionType, FunctionType
from typing import Any

from attune.features.feature_set import FeatureSet
from attune.features.view import FeatureView

_LIBRARY = "attune."
_WORDS = frozenset({"description", "unit", "deprecated"})
"""Parameters that only tell people something."""


def fingerprint(view: FeatureView) -> str:
    """Return twelve hexadecimal digits."""
    parts = [view.full_name, str(view.version), *map(_told, view.features)]
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def digest(every: Iterable[FeatureSet]) -> str:
    """Return twelve hexadecimal digits of all declarations, with what they say to people."""
    parts = [line for features in every for line in _declared(features)]
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


def _declared(features: FeatureSet) -> Iterator[str]:
    yield repr((features.entity.name, features.entity.description, features.entity.ttl))
    for view in features.views:
        yield f"{fingerprint(view)} {view.description!r} {view.fields!r}"
    for stored in features.plain:
        yield f"{_told(stored)} {stored.description!r} {stored.fields!r}"
    for rank in features.ranks:
        yield f"{_told(rank)} {rank.description!r} {rank.fields!r}"


def _told(value: Any) -> str:  # noqa: ANN401 - parameters of any type
    """Return a text that is equal for equal values, in every process."""
    if isinstance(value, type | FunctionType | BuiltinFunctionType):  # the last where compiled
        return _code(value)
    if isinstance(value, Mapping):
        pairs = sorted((_told(key), _told(each)) for key, each in value.items())
        return "{" + ", ".join(f"{key}: {each}" for key, each in pairs) + "}"
    if isinstance(value, AbstractSet):
        return "{" + ", ".join(sorted(map(_told, value))) + "}"
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return f"[{', '.join(map(_told, value))}]"
    if named := dict(_parameters(value)):
        return f"{_code(type(value))}({_told(named)})"
    plain = "__repr__" in vars(type(value)) or not hasattr(value, "__dict__")
    return repr(value) if plain else _code(type(value))


def _parameters(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    if hasattr(value, "_fields"):
        names = list(value._fields)
    elif is_dataclass(value):
        names = [field.name for field in fields(value) if field.init and field.compare]
    else:
        names = sorted(getattr(value, "__dict__", {}))
    return ((name, getattr(value, name)) for name in names if name not in _WORDS)


def _code(thing: type | FunctionType | BuiltinFunctionType) -> str:
    name = f"{thing.__module__}.{thing.__qualname__}"
    if thing.__module__ in sys.stdlib_module_names or name.startswith((_LIBRARY, "builtins.")):
        return name
    module = sys.modules.get(thing.__module__)
    try:
        tree = ast.parse(inspect.getsource(module)) if module else ast.Module([], [])
    except (OSError, TypeError):  # made at run time: its name is all there is
        return name
    return f"{name} {_reached(tree, thing.__qualname__.partition('.')[0])}"


def _reached(tree: ast.Module, start: str) -> str:
    """Return the code of a name of a module, and of all that it uses of the module."""
    held = {name: node for node in tree.body for name in _defines(node)}
    found: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in held or name in found:
            continue
        found[name] = ast.unparse(_bare(held[name]))
        waiting += [n.id for n in ast.walk(held[name]) if isinstance(n, ast.Name)]
    return "\n".join(found[name] for name in sorted(found))


def _defines(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _bare(node: ast.AST) -> ast.AST:
    """Return a node without its docstrings."""
    for each in ast.walk(node):
        body = getattr(each, "body", None)
        if isinstance(body, list) and body:
            kept = [part for part in body if not _is_text(part)]
            each.body = kept or [ast.Pass()]  # type: ignore[attr-defined] # it has one
    return node


def _is_text(node: ast.AST) -> bool:
    value = getattr(node, "value", None)
    return (
        isinstance(node, ast.Expr)
        and isinstance(value, ast.Constant)
        and (isinstance(value.value, str))
    )
