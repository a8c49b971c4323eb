"""Features, costs and plans as a person or a program reads them."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from attune.features.check.cost import MAX_BYTES, MAX_READ, MAX_UPDATE, Cost
from attune.features.feature_set import FeatureSet
from attune.features.plain import PlainView
from attune.features.view import FeatureView


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
    for view in (view for features in every for view in features.all_views):
        title = f"{view.full_name}, {_kind(view)}: {view.description}"
        table = Table("field", "type", "unit", "meaning", box=SIMPLE_HEAD, title=escape(title))
        table.title_justify = "left"
        for field in view.fields:
            table.add_row(*map(escape, (field.name, field.type, field.unit, field.description)))
        console.print(table)


def as_json(every: Sequence[FeatureSet]) -> list[dict[str, Any]]:
    """Return an object a view; `version` is null for one that Attune does not stream."""
    return [
        {
            "entity": features.entity.name,
            "view": view.name,
            "version": view.version if isinstance(view, FeatureView) else None,
            "description": view.description,
            "fields": [
                {"name": f.name, "type": f.type, "unit": f.unit, "description": f.description}
                for f in view.fields
            ],
        }
        for features in every
        for view in features.all_views
    ]


def _kind(view: FeatureView | PlainView) -> str:
    if isinstance(view, FeatureView):
        return f"version {view.version}"
    return f"of each {view.entity.name}, by `feast materialize`"
