"""The state history: one Parquet file an entity, which Feast joins to moments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from attune.adapters.feast import state_feature
from attune.features.feature_set import FeatureSet
from feature_repo.objects import CREATED_TIME, EVENT_TIME, offline_path

_ROWS = 20_000
"""Rows of a row group: what is held in memory of each entity."""

_MOMENT = pa.timestamp("us", tz="UTC")  # DuckDB cannot read nanoseconds with a time zone


class StateFiles:
    """Writes all files, and puts them in place of the old ones when all are whole."""

    def __init__(self, every: Sequence[FeatureSet], data: Path) -> None:
        self._files = {features.entity.name: _File(features, data) for features in every}

    def __enter__(self) -> Self:
        """Nothing to do: drafts are begun when they are made."""
        return self

    def add(
        self,
        entity: str,
        known: str,
        at: datetime,
        received: datetime,
        states: Mapping[str, bytes],
    ) -> None:
        """Add the states by view that an entity had from `at` on; its last event was `received`."""
        self._files[entity].add(known, at, received, states)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the files; after an error the old ones stay."""
        for file in self._files.values():
            file.close(keep=error is None)


class _File:
    def __init__(self, features: FeatureSet, data: Path) -> None:
        self._views = [view.state_name for view in features.views]
        self._path = offline_path(data, features.entity)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._draft = self._path.with_suffix(".draft")
        self._schema = pa.schema(
            [
                (features.entity.join_key, pa.string()),
                (EVENT_TIME, _MOMENT),
                (CREATED_TIME, _MOMENT),
                *((state_feature(view), pa.binary()) for view in features.views),
            ]
        )
        self._writer = pq.ParquetWriter(self._draft, self._schema, compression="zstd")
        self._rows: list[tuple[Any, ...]] = []

    def add(
        self, known: str, at: datetime, received: datetime, states: Mapping[str, bytes]
    ) -> None:
        self._rows.append((known, at, received, *(states.get(name) for name in self._views)))
        if len(self._rows) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        columns = list(zip(*self._rows, strict=True)) or [()] * len(self._schema)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()

    def close(self, *, keep: bool) -> None:
        if keep:
            self._flush()
        self._writer.close()
        if keep:
            self._draft.replace(self._path)
        else:
            self._draft.unlink()
