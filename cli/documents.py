"""`attune documents`: the GraphQL documents that front ends will ask."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from attune.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="GraphQL documents that front ends will ask: manifests."
)


@app.callback()
def group() -> None:
    """Keep `check` a command of its own, though it is the only one."""


@app.command()
def check(
    manifest: Annotated[
        Path, typer.Argument(help="A manifest, or a folder of them, as ATTUNE_API__MANIFESTS.")
    ],
) -> None:
    """See that every document of a manifest fits the schema: before it is published, in CI.

    Reads `persisted-documents.json` of GraphQL Code Generator and Apollo's
    `persisted-query-manifest.json`. Exit code 1 if any document cannot be answered.
    """
    # The API's image has what this needs, others need not.
    from api.documents import Documents  # noqa: PLC0415
    from api.manifest import InvalidManifest, load  # noqa: PLC0415
    from api.schema import build_schema  # noqa: PLC0415
    from feature_repo.views import FEATURES  # noqa: PLC0415

    console = Console()
    try:
        known = load(manifest, Documents(build_schema(FEATURES), Settings().api))
    except InvalidManifest as error:
        for problem in error.problems:
            console.print(problem, style="red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(f"every document fits the schema: {len(known.by_id)}", highlight=False)
