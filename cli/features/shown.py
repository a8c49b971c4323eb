"""Features, costs and plans as a person or a program reads them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from attune.features.check.cost import MAX_BYTES, MAX_READ, MAX_UPDATE, Cost
from attune.features.feature import Field
from attune.features.feature_set import FeatureSet


def show_costs(console: Console, costs: Sequence[Cost]) -> None:
    """Print what each view costs, measured on this machine."""
    table = Table("view", box=SIMPLE_HEAD, title="What each view costs", title_justify="left")
    for title, limit in (
        ("us an event", f"{MAX_UPDATE:.0f}"),
        ("us a read", f"{MAX_READ:.0f}"),
        ("bytes, light", ""),
        ("bytes, heavy", f"{MAX_BYTES:,}"),
    ):
        table.add_column(f"{title}\n[dim]limit {limit}[/]" if limit else title, justify="right")
    for cost in costs:
        table.add_row(
            cost.view,
            f"{cost.update:.1f}",
            f"{cost.read:.0f}",
            f"{cost.light:,}",
            f"{cost.heavy:,}",
        )
    console.print(table)


def show_plan(console: Console, changes: Sequence[str], unfilled: Sequence[str]) -> None:
    """Print what changes in the registry, and what is to be done afterwards."""
    console.print("In Feast's registry:")
    for change in changes:
        console.print(f"  {change}", markup=False, highlight=False)
    if unfilled:
        console.print("Needs `attune backfill`, to know what happened before:")
    for view in unfilled:
        console.print(f"  {view}", markup=False, highlight=False)


def show_fields(console: Console, every: Sequence[FeatureSet]) -> None:
    """Print a table a view."""
    for each in _told(every):
        title = f"{each.full_name}, {each.kind}: {each.description}"
        table = Table("field", "type", "unit", "meaning", box=SIMPLE_HEAD, title=escape(title))
        table.title_justify = "left"
        for field in each.fields:
            table.add_row(*map(escape, (field.name, field.type, field.unit, field.meaning)))
        console.print(table)


def as_json(every: Sequence[FeatureSet]) -> list[dict[str, Any]]:
    """Return an object a view; `version` is null for one that has no state of Attune's."""
    return [
        {
            "entity": each.entity,
            "view": each.name,
            "version": each.version,
            "description": each.description,
            "fields": [
                {
                    "name": f.name,
                    "type": f.type,
                    "unit": f.unit,
                    "description": f.description,
                    "deprecated": f.deprecated,
                }
                for f in each.fields
            ],
        }
        for each in _told(every)
    ]


class _Told(NamedTuple):
    entity: str
    name: str
    full_name: str
    kind: str
    version: int | None
    description: str
    fields: Sequence[Field]


def _told(every: Sequence[FeatureSet]) -> Iterator[_Told]:
    """Yield what there is of each kind: streamed, stored by others, read from both."""
    for features in every:
        of = features.entity.name
        for view in features.views:
            kind = f"version {view.version}"
            yield _Told(
                of, view.name, view.full_name, kind, view.version, view.description, view.fields
            )
        for plain in features.plain:
            kind = "by `feast materialize`"
            yield _Told(
                of, plain.name, plain.full_name, kind, None, plain.description, plain.fields
            )
        for rank in features.ranks:
            kind = f"of {rank.own} among {rank.among}"
            yield _Told(
                of, rank.name, f"{of}_{rank.name}", kind, None, rank.description, rank.fields
            )
