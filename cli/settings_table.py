"""`attune settings`: each setting with its variable, value and meaning."""

import re
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic_core import MultiHostUrl, Url
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from attune.settings import Settings

_PASSWORD = re.compile(r"(?<=password=)[^&]*")  # also among the parameters of an address


def show(settings: Settings) -> None:
    """Print them as a table."""
    table = Table("variable", "value", "meaning", title="Settings, from the environment first")
    for variable, value, meaning in rows(settings, "ATTUNE_"):
        table.add_row(*map(escape, (variable, value, meaning)))
    Console().print(table)


def rows(model: BaseModel, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield variable, value and meaning of each setting."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from rows(value, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", masked(name, value), field.description or ""


def masked(name: str, value: object) -> str:
    """Return a value as it may be shown: keys shortened, addresses without their passwords."""
    if name == "write_keys" and isinstance(value, dict):
        return ", ".join(f"{key[:5]}... -> {source}" for key, source in value.items()) or "none"
    # Addresses may hold a password; both kinds have `hosts()` or a host, and str() shows it.
    if isinstance(value, Url | MultiHostUrl) or "://" in str(value):
        head, _, tail = _PASSWORD.sub("...", str(value)).rpartition("@")
        return f"{head.split('://')[0]}://...@{tail}" if head else tail
    return str(value)
