"""What the doctor says of kinds of entities whose past only the archive knows."""

from collections.abc import Mapping

from attune.adapters.kafka.admin import reached
from attune.adapters.redis import RedisStore, open_wire
from attune.errors import ConfigurationError, Unavailable
from attune.ports import Begun, Places
from attune.settings import Settings
from attune.stream import EVENTS
from cli.finding import Finding
from consumers.features.consumer import Features
from feature_repo.views import FEATURES


async def unfilled(settings: Settings) -> list[Finding]:
    """Say which kinds wait for a backfill; nothing where a server is away, as others tell."""
    try:
        consumed = await reached(settings.kafka, Features.name, EVENTS)
        with open_wire(str(settings.redis)) as wire:
            begun = {
                features.entity.name: await RedisStore(wire, settings.project, features).begun()
                for features in FEATURES
            }
    except (ConfigurationError, Unavailable):
        return []
    return [lacking(begun, consumed)]


def lacking(begun: Mapping[str, Begun | None], consumed: Places) -> Finding:
    """Say which kinds were not read from the first event on, nor filled since.

    One that nobody has noted the beginning of has nothing of what was consumed: Redis was lost.
    """
    late = any(consumed.values())
    kinds = [kind for kind, each in begun.items() if (late if each is None else not each.complete)]
    if not kinds:
        return Finding("features", "nothing waits for a backfill")
    found = f"{', '.join(kinds)}: what was before they were read is in the archive only"
    return Finding("features", found, "run `attune backfill`")
