from making import NOON, event, taken

from attune.adapters.memory_content import MemoryMeasures, MemoryRecords
from attune.collect.event import Event, Exposure, Kind
from attune.ids import ProfileId
from attune.measure import BlockCount, Shown, shown_in
from consumers.measure import Measure
from consumers.profiles import Profiles


def exposure(decision: str, block: str = "offer") -> Event:
    return event(id=f"m-{decision}", exposure=Exposure(decision, "hero", block))


def test_an_exposure_says_what_was_shown_to_whom() -> None:
    assert shown_in(exposure("d1")) == Shown("d1", "hero", "offer", ProfileId("ada"), NOON, "m-d1")


def test_another_event_is_no_exposure() -> None:
    assert shown_in(event()) is None


async def test_every_message_twice_counts_once() -> None:
    store = MemoryMeasures()
    batch = taken(exposure("d1"), exposure("d2"), event(), exposure("d3", "plain"))

    for _ in range(2):
        await Measure(store).take(batch + batch)

    assert await store.counts() == [BlockCount("hero", "offer", 2), BlockCount("hero", "plain", 1)]


async def test_profiles_learn_from_events() -> None:
    records = MemoryRecords()
    identify = event(
        type="identify", kind=Kind.CONTEXTUAL, anonymous_id="a1", traits={"plan": "pro"}
    )

    await Profiles(records).take(taken(event(None, anonymous_id="a1"), identify))

    ada = await records.known(ProfileId("ada"))
    assert ada is not None
    assert ada.traits == {"plan": "pro"}
    assert ada.former == ("anon:a1",)
