"""A profile takes in whatever a sender may say, and what was stored by somebody else."""

from datetime import timedelta

import pytest
from making import NOON, Tape, event, shopped, taken

from attune.adapters.memory import MemoryStore
from attune.collect.event import Kind, decode, encode, millis
from attune.features.feature import CorruptState
from attune.ids import ProfileId
from attune.ports import Row
from attune.profiles.profile import Profile
from consumers.features.consumer import Features
from feature_repo.views import USER_FEATURES

ADA = ProfileId("ada")


def views_of(store: MemoryStore) -> object:
    view = USER_FEATURES.by_name["activity"]
    return view.read(view.decode(store.rows[ADA].states["activity"]), millis(NOON))["views_24h"]


@pytest.mark.parametrize("number", [10**400, -(2**64), 2**63])
async def test_an_integer_beyond_64_bits_is_kept_digit_by_digit(number: int) -> None:
    store = MemoryStore()
    said = event(type="identify", kind=Kind.CONTEXTUAL, traits={"n": number, "in": [{"n": number}]})

    await Features((store, USER_FEATURES)).take(taken(decode(encode(said))))

    kept = Profile(ADA, store.rows[ADA], USER_FEATURES).traits.plain()
    assert kept == {"n": str(number), "in": [{"n": str(number)}]}


async def test_a_record_of_another_format_is_refused_not_misread() -> None:
    store = MemoryStore()
    await Features((store, USER_FEATURES)).take(taken(shopped("viewed")))
    row = store.rows[ADA]
    newer = Row(row.version, row.states, {n: b"\x09" + raw[1:] for n, raw in row.records.items()})

    with pytest.raises(CorruptState, match=r"format b'\\t' is not known here"):
        Profile(ADA, newer, USER_FEATURES)


async def test_a_log_that_begins_anew_is_counted_on() -> None:
    """Topics made again, another cluster after a disaster, the light broker after a restart."""
    store = MemoryStore()
    consumer = Features((store, USER_FEATURES))
    old = Tape()(*(shopped("viewed", received_at=NOON) for _ in range(5)))
    await consumer.take(old)

    later = NOON + timedelta(minutes=1)
    new = Tape()(*(shopped("viewed", received_at=later) for _ in range(2)))
    await consumer.take(new)
    await consumer.take(new)

    assert views_of(store) == 7


async def test_an_event_of_the_same_log_is_counted_once_though_its_id_is_forgotten() -> None:
    store = MemoryStore()
    consumer = Features((store, USER_FEATURES))
    batch = Tape()(*(shopped("viewed", received_at=NOON) for _ in range(400)))

    await consumer.take(batch)  # more than the message ids that are kept
    await consumer.take(batch[:10])
    await consumer.take(batch)

    assert views_of(store) == 400


async def test_a_state_that_cannot_be_read_begins_anew_and_stops_nobody() -> None:
    store = MemoryStore()
    store.rows[ADA] = Row(1, {"activity": b"\xa7\x09 of a later version"})

    await Features((store, USER_FEATURES)).take(taken(shopped("viewed")))

    assert views_of(store) == 1


async def test_a_state_that_cannot_be_read_is_left_out_when_it_is_handed_over() -> None:
    store = MemoryStore()
    anonymous = ProfileId("anon:x")
    store.rows[anonymous] = Row(1, {"activity": b"\xa7\x09 of a later version"})
    said = event(type="identify", kind=Kind.CONTEXTUAL, anonymous_id="x", traits={"plan": "pro"})

    await Features((store, USER_FEATURES)).take(taken(shopped("viewed"), said))

    assert views_of(store) == 1
    assert not store.rows[anonymous].states
