"""Analysts' questions to the archive, in SQL on its views; nothing is changed by asking."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from attune.adapters.archive.files import PATTERN
from attune.adapters.archive.reader import Archive
from attune.adapters.archive.views import views_over
from attune.errors import BadRequest, ConfigurationError

_ASKING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_BATCH = 1_000
_OLDEST_DUCKDB = "v1.2.0"
"""That opens the file we write."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Names of columns, and rows as they are fetched."""

    columns: Sequence[str]
    rows: Iterator[Sequence[Any]]


@contextmanager
def ask(root: Path, query: str) -> Iterator[Answer]:
    """Yield the answer to one query on the views over the archive; it sees no other file.

    Raises:
        BadRequest: it is not one query, or DuckDB refuses it; with DuckDB's reason.
    """
    with Archive(root).connection() as database:
        try:
            _close(database, root)
            statements = database.extract_statements(query)
            if [statement.type for statement in statements if statement.type not in _ASKING] or (
                len(statements) != 1
            ):
                raise BadRequest("one query is answered, such as: select * from daily order by day")
            found = database.execute(statements[0])
            yield Answer([column[0] for column in found.description], _rows(found))
        except duckdb.Error as error:
            raise BadRequest(str(error)) from error


def _close(database: duckdb.DuckDBPyConnection, root: Path) -> None:
    folder = str(root.resolve()).replace("'", "''")
    database.execute(f"SET allowed_directories = ['{folder}']")
    database.execute("SET enable_external_access = false; SET lock_configuration = true")


def _rows(found: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Any]]:
    while rows := found.fetchmany(_BATCH):
        yield from rows


def write_views(root: Path, file: Path, at: str) -> None:
    """Write the views for an analyst's own DuckDB, for whom the archive lies `at`.

    As SQL, or as a database with the views in it where the file's name ends in `.duckdb`.

    Raises:
        ConfigurationError: nothing is archived yet, so nothing could be looked at.
    """
    if next(root.glob(PATTERN), None) is None:
        raise ConfigurationError(
            f"nothing is archived in {root} yet: views need a file to look at; once "
            "`attune consume archive` has written one, run this again"
        )
    views = list(views_over([f"{at}/{PATTERN}"]))
    if file.suffix != ".duckdb":
        file.write_text("\n".join(views), encoding="utf-8")
        return
    with duckdb.connect() as database:
        name = str(file).replace("'", "''")
        database.execute(
            f"ATTACH '{name}' AS views (STORAGE_VERSION '{_OLDEST_DUCKDB}'); USE views"
        )
        for view in views:
            database.execute(view)
