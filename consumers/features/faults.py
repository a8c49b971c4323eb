"""Features that raise: each loses the event that it could not take, and nothing else is lost."""

from collections.abc import Mapping

import structlog

from attune.features.folded import Raised
from attune.profiles.arrived import Arrived
from attune.profiles.kept import NOTHING
from attune.stream import Position
from attune.telemetry import FEATURE_ERRORS

_log = structlog.get_logger()

_REMEMBERED = 100_000


class Faults:
    """Which features are not to be asked about an event again, by where the event lies."""

    def __init__(self) -> None:
        self._skipped: dict[tuple[str, Position], frozenset[int]] = {}
        self._told: set[tuple[str, str]] = set()

    def tell_lost(self, entity: str, lost: Mapping[str, str]) -> None:
        """Log what could not be read, merged or stored of an entity, once each."""
        for reason in lost.values():
            if (entity, reason) not in self._told:
                if len(self._told) > _REMEMBERED:
                    self._told.clear()
                self._told.add((entity, reason))
                _log.error("features.state_lost", entity=entity, reason=reason)

    @property
    def known(self) -> bool:
        """Whether there are any."""
        return bool(self._skipped)

    def skipped(self, entity: str, one: Arrived) -> frozenset[int]:
        """Return the numbers of the features that have raised on it."""
        return self._skipped.get((entity, one.position), NOTHING)

    def note(self, entity: str, one: Arrived, raised: Raised) -> None:
        """Count and log that a feature raised; from now on it is skipped on this event."""
        if len(self._skipped) > _REMEMBERED:
            self._skipped.clear()
        place = (entity, one.position)
        self._skipped[place] = self._skipped.get(place, NOTHING) | {raised.number}
        feature = f"{entity}.{raised}"
        FEATURE_ERRORS.labels(feature).inc()
        _log.error(
            "features.raised",
            feature=feature,
            event=one.event.id,
            topic=one.position.topic,
            partition=one.position.partition,
            offset=one.position.offset,
            exc_info=raised.__cause__,
        )
