"""Ordinary Feast views: values that a batch job computes and `feast materialize` puts online.

Nothing is folded for them; they are served, typed and trained on beside the streamed ones.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from attune.features.feature import Field, FieldType
from attune.features.view import Entity

STORED_TYPES: tuple[FieldType, ...] = tuple(
    f"{one}{many}"  # type: ignore[misc] # mypy does not join literals
    for many in ("", "_list")
    for one in ("int32", "int64", "float32", "float64", "bool", "string", "bytes", "timestamp")
)
"""The types of Feast that are answered; it has maps, sets and JSON besides."""


class Status(Enum):
    """What became of a value, in Feast's words; its SDK never says the last of them online."""

    PRESENT = "PRESENT"
    NULL = "NULL"
    NOT_FOUND = "NOT_FOUND"
    OUTSIDE_MAX_AGE = "OUTSIDE_MAX_AGE"


@dataclass(frozen=True)
class PlainView:
    """A view that a job outside of Attune fills: a Parquet file, a table.

    `name` is its name in Feast and, in camel case, in GraphQL. `source` is a Parquet file, relative
    to `ATTUNE_DATA`, or an address that Feast's offline store can read. It has columns of the
    join key, of each field, and of `time`, when a row came to hold; of rows of one time the one
    `created` last wins.

    Values older than `ttl` are not answered, as they are not in a training join; 0 is never.
    """

    name: str
    description: str
    entity: Entity
    fields: tuple[Field, ...]
    source: str
    ttl: timedelta = timedelta(0)
    time: str = "event_timestamp"
    created: str = ""

    @property
    def full_name(self) -> str:
        """Its name in Feast."""
        return self.name

    def status(self, as_of: int | None, now: int) -> Status:
        """Return what a view that was written as of a time is at `now`; both ms since 1970."""
        if as_of is None:
            return Status.NOT_FOUND
        if self.ttl and now - as_of > self.ttl / timedelta(milliseconds=1):
            return Status.OUTSIDE_MAX_AGE
        return Status.PRESENT
