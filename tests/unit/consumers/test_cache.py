"""Rows that are kept between batches."""

from attune.ports import Row
from consumers.features.cache import Cache

ROW = Row(3, {"session": b"s"}, {"ledger": b"l"})


def test_the_longest_unused_rows_go_first() -> None:
    cache = Cache(2)
    for name in ("ada", "bob", "eve"):
        cache.put(name, ROW)
    cache.put("bob", cache.take("bob") or Row())
    cache.trim()

    assert [cache.take(name) for name in ("ada", "eve", "bob")] == [None, ROW, ROW]


def test_a_row_is_taken_once() -> None:
    cache = Cache(1)
    cache.put("ada", ROW)

    assert [cache.take("ada"), cache.take("ada")] == [ROW, None]


def test_values_of_plain_views_are_let_go() -> None:
    cache = Cache(1)
    cache.put("ada", Row(3, ROW.states, ROW.records, {"loyalty:points": bytes(6_000)}))

    assert cache.take("ada") == ROW


def test_a_profile_that_leads_elsewhere_is_not_kept() -> None:
    cache = Cache(1)
    cache.put("ada", Row(3, {}, {"redirect": b"r"}))

    assert cache.take("ada") is None
