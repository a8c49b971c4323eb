"""Products that several consumers write to, each with its own cache."""

from making import NOON, shopped

from attune.adapters.memory import MemoryStore
from attune.collect.event import millis
from attune.features.folded import Folded
from attune.ports import Taken
from attune.stream import BEHAVIORAL, Position
from consumers.features.consumer import Features
from feature_repo.views import ITEM_FEATURES, USER_FEATURES


async def test_who_saw_nothing_new_does_not_overwrite_what_another_wrote_since() -> None:
    users, items = MemoryStore(), MemoryStore()

    def member() -> Features:
        return Features((users, USER_FEATURES), (items, ITEM_FEATURES))

    def view(partition: int, offset: int, user: str) -> list[Taken]:
        return [Taken(Position(BEHAVIORAL, partition, offset), shopped("viewed", user))]

    again, other = member(), member()
    first = view(0, 0, "ada")
    await member().take(first)
    await again.take(first)  # after a crash: all of it is known already
    await other.take(view(1, 0, "bob"))
    await again.take(view(0, 1, "ada"))

    folded = Folded(ITEM_FEATURES, items.rows["p1"].states)
    values = folded.read(ITEM_FEATURES.by_name["demand"], millis(NOON))
    assert values["views_1h"] == 3
