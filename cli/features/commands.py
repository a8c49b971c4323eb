"""The commands of `attune features`."""

import json as json_
import sys
from typing import Annotated, Literal

import typer
from rich.console import Console

from attune.settings import Settings
from cli.features.shown import as_json, show_costs, show_fields, show_plan

# Feast takes 4 s to import, and is not in every image: only `apply` and `env` need it.
# ruff: noqa: PLC0415

Kind = Literal["count", "latest", "own"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Declare features, check them, and tell Feast.

    `attune features new` writes one to begin with, and its test; `attune features apply` checks
    every one, shows what changes, and registers them.""",
)


@app.command("apply")
def apply_features(
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Apply in spite of what is a matter of judgement.")
    ] = False,
    same_meaning: Annotated[
        bool,
        typer.Option(
            "--same-meaning",
            help="What was rewritten gives every event's state and value as before: keep versions.",
        ),
    ] = False,
) -> None:
    """Check `feature_repo/`, show what changes in Feast's registry, and change it.

    On a terminal it asks first; elsewhere it goes on.
    """
    from feature_repo.apply import Plan, apply
    from feature_repo.check import declared, refuse, tried
    from feature_repo.views import FEATURES

    console = Console()
    refuse(declared(FEATURES), force=force)
    with console.status("trying every feature on made-up histories"):
        trial = tried(FEATURES)
    show_costs(console, trial.costs)
    refuse(trial.complaints, force=force)

    def agree(what: Plan) -> bool:
        show_plan(console, what.changes, what.unfilled)
        asked = not plan and not yes and sys.stdin.isatty()
        agreed = not plan and (not asked or typer.confirm("Apply this?"))
        console.print("applied" if agreed else "nothing was changed")
        return agreed

    changes = apply(Settings(), agree=agree, same_meaning=same_meaning, force=force)
    if not changes:
        console.print("nothing to change")


@app.command("list")
def list_features(
    *, json: Annotated[bool, typer.Option("--json", help="for programs")] = False
) -> None:
    """List every view and field: entity, version, types, units, meaning."""
    from feature_repo.views import FEATURES

    if json:
        sys.stdout.write(json_.dumps(as_json(FEATURES), indent=2, ensure_ascii=False) + "\n")
    else:
        show_fields(Console(), FEATURES)


@app.command("new")
def new_feature(
    name: Annotated[str, typer.Argument(help="Of the view, in snake_case: `searches`.")],
    *,
    entity: Annotated[
        str, typer.Option(help="What it is about: `user`, `item` or `session`.")
    ] = "user",
    kind: Annotated[
        Kind,
        typer.Option(
            help="`count`: events in windows. `latest`: the last names. `own`: a class of your own."
        ),
    ] = "own",
    add: Annotated[
        bool, typer.Option(help="Add it to `feature_repo/views.py`, or only tell which lines.")
    ] = True,
) -> None:
    """Write `feature_repo/NAME.py` with a feature to begin with, and a test that passes."""
    from cli.features.new import write

    written = write(name, entity, kind, add=add)
    for line in written.told:
        typer.echo(line)


@app.command("env")
def environment() -> None:
    """Print the variables that Feast's own command line needs: `eval "$(attune features env)"`."""
    from feature_repo.apply import exports

    typer.echo(exports(Settings()))
