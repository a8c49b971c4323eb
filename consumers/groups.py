"""Every consumer group by its name, and what it reads."""

from collections.abc import Mapping

from consumers.archive import Archiving
from consumers.features.consumer import Features
from consumers.measure import Measure
from consumers.profiles import Profiles

GROUPS: Mapping[str, tuple[str, ...]] = {
    Features.name: Features.topics,
    Profiles.name: Profiles.topics,
    Measure.name: Measure.topics,
    Archiving.name: Archiving.topics,
}
