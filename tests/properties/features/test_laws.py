"""What holds for every feature of the library: order, repetition, merging and storing."""

from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library import CASES, EVERY_CASE, Case, fold
from naive import Sessions as Runs
from past import END, arriving, histories, moments, split

from attune.collect.event import Event
from attune.features.feature import NOT_A_STATE, Feature, act_of
from attune.features.sessions import Sessions

SEEDS = st.integers(0, 2**32)
some = settings(max_examples=25)


@EVERY_CASE
@some
@given(data=st.data(), seed=SEEDS)
def test_any_order_within_the_lateness_bound_gives_the_same_bytes(
    case: Case, data: st.DataObject, seed: int
) -> None:
    events = data.draw(histories(case.products))

    late = fold(case.feature, arriving(events, Random(seed), case.lateness))

    assert case.feature.pack(late) == packed(case, events)


@EVERY_CASE
@some
@given(data=st.data(), seed=SEEDS)
def test_two_halves_merge_to_the_whole_whichever_comes_first(
    case: Case, data: st.DataObject, seed: int
) -> None:
    chance = Random(seed)
    events = data.draw(histories(case.products))
    halves = between_visits if isinstance(case.feature, Sessions) else split
    ours, theirs = (arriving(half, chance, case.lateness) for half in halves(events, chance))

    for first, second in ((ours, theirs), (theirs, ours)):
        merged = case.feature.merge(fold(case.feature, first), fold(case.feature, second))
        assert case.feature.pack(merged) == packed(case, events)


def between_visits(events: list[Event], chance: Random) -> tuple[list[Event], list[Event]]:
    """Halves that share no visit: what closed in either half cannot be joined any more."""
    runs = Runs().runs(events)
    ours = {at for run in runs if chance.random() < 0.5 for at in run}
    return [e for e in events if e.at in ours], [e for e in events if e.at not in ours]


@EVERY_CASE
@some
@given(data=st.data(), seed=SEEDS)
def test_a_stored_state_reads_as_it_did_and_goes_on_as_it_would_have(
    case: Case, data: st.DataObject, seed: int
) -> None:
    chance = Random(seed)
    events = data.draw(histories(case.products))
    arrived = arriving(events, chance, case.lateness)
    cut = chance.randint(0, len(arrived))
    state = stored(case, fold(case.feature, arrived[:cut]))
    for event in arrived[cut:]:
        if act_of(event) in case.feature.acts:
            state = stored(case, case.feature.update(state, event, event.at))

    kept = fold(case.feature, arrived)

    raw = case.feature.pack(kept)
    assert case.feature.pack(state) == raw
    assert len(raw) <= case.feature.largest
    for now in moments(events, chance):
        values = case.feature.read(kept, now)
        assert case.feature.read(state, now) == values
        assert case.feature.read_packed(raw, now) == values
        assert case.feature.reader()(raw, now) == values


@EVERY_CASE
@some
@given(data=st.data(), raw=st.binary(max_size=120), seed=SEEDS)
def test_bytes_that_are_no_state_are_refused_or_read_as_a_whole_one(
    case: Case, data: st.DataObject, raw: bytes, seed: int
) -> None:
    chance = Random(seed)
    events = data.draw(histories(case.products, most=3))
    whole = packed(case, events)

    for damaged in (raw, *(harmed(whole, chance) for _ in range(6))):
        if damaged:
            with suppress(*NOT_A_STATE):
                check_whole(case, case.feature.unpack(damaged), events)
            with suppress(*NOT_A_STATE):
                assert len(case.feature.read_packed(damaged, END)) == len(case.feature.fields)


def check_whole(case: Case, state: Any, events: list[Event]) -> None:
    """Whatever was accepted packs to bytes of its own, and can be read, updated and merged."""
    feature = case.feature
    raw = feature.pack(state)
    if not raw:
        return
    try:
        again = feature.unpack(raw)
        assert feature.pack(again) == raw
        for now in (END, END + 10**10, 2**47):
            assert len(feature.read(again, now)) == len(feature.fields)
        feature.pack(feature.merge(feature.unpack(raw), fold(feature, events)))
        for event in events:
            if act_of(event) in feature.acts:
                again = feature.update(again, event, event.at)
        feature.pack(again)
    except NOT_A_STATE as error:
        pytest.fail(f"{raw.hex()} was accepted, then: {error!r}")


def harmed(raw: bytes, chance: Random) -> bytes:
    """The bytes cut off, stretched, or changed in a few places."""
    changed = bytearray(raw)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.choice(
                (0, 1, 127, 128, 255, chance.randrange(256))
            )
    return chance.choice(
        (
            bytes(changed),
            bytes(changed),
            bytes(changed[: chance.randint(0, len(changed))]),
            bytes(changed) + chance.randbytes(chance.randint(1, 9)),
        )
    )


def packed(case: Case, events: list[Event]) -> bytes:
    return case.feature.pack(fold(case.feature, events))


def stored(case: Case, state: Any) -> Any:
    raw = case.feature.pack(state)
    return case.feature.unpack(raw) if raw else case.feature.empty()


@EVERY_CASE
def test_an_empty_state_takes_no_bytes_and_reads_as_no_bytes_do(case: Case) -> None:
    empty = case.feature.empty()

    assert case.feature.pack(empty) == b""
    assert case.feature.read_packed(b"", END) == case.feature.read(empty, END)
    assert case.feature.reader()(b"", END) == case.feature.read(empty, END)


def test_every_class_of_the_library_is_among_the_cases() -> None:
    ours = {type(case.feature) for case in CASES}

    assert {c for c in every_class(Feature) if c.__module__.startswith("attune.")} == ours


def every_class(base: type) -> set[type]:
    found = set(base.__subclasses__())
    return found.union(*map(every_class, found))
