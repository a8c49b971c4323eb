"""Where trained models rest: numbered per name, one of each name active."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A version of a model. `metadata` is its `model.json`, `onnx` its `model.onnx`."""

    name: str
    version: int
    active: bool
    created_at: datetime
    metadata: dict[str, Any] = field(hash=False)
    onnx: bytes = field(repr=False, default=b"")


class ModelStore(Protocol):
    """The model store: PostgreSQL."""

    async def publish(self, name: str, onnx: bytes, metadata: dict[str, Any], *, actor: str) -> int:
        """Store it as the next version of its name and make it the active one, at once.

        Returns:
            The version, from 1.

        Raises:
            Unavailable: the store does not answer; it may or may not have been published.
        """

    async def activate(self, name: str, version: int, *, actor: str) -> bool:
        """Make an earlier version the active one; False if there is none of that number.

        Raises:
            Unavailable: the store does not answer.
        """

    async def active(self) -> list[StoredModel]:
        """Return the active model of every name, with its bytes.

        Raises:
            Unavailable: the store does not answer.
        """

    async def versions(self) -> list[StoredModel]:
        """Return every version, by name and newest first, without the bytes.

        Raises:
            Unavailable: the store does not answer.
        """
