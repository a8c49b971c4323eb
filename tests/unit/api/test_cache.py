from collections import OrderedDict

from hypothesis import example, given
from hypothesis import strategies as st

from api.cache import Cache


def test_what_is_asked_for_again_outlives_a_flood() -> None:
    cache: Cache[str, str] = Cache(count=8, size=1_000)
    for name in ("page", "cart"):
        cache.put(name, name.upper(), 10)
        assert cache.get(name) == name.upper()

    for number in range(10_000):
        cache.put(f"new {number}", "", 10)

    assert (cache.get("page"), cache.get("cart")) == ("PAGE", "CART")
    assert len(cache) <= 8


def test_what_was_asked_for_least_recently_leaves_first() -> None:
    cache: Cache[str, int] = Cache(count=4, size=1_000)  # one on trial, three kept
    for number, name in enumerate("abcd"):
        if name == "d":
            cache.get("a")
        cache.put(name, number, 1)
        cache.get(name)

    assert [cache.get(name) for name in "abcd"] == [0, None, 2, 3]


def test_a_value_larger_than_its_part_is_not_kept() -> None:
    cache: Cache[str, int] = Cache(count=8, size=100)
    cache.put("small", 1, 20)
    cache.put("large", 2, 26)

    assert (cache.get("small"), cache.get("large")) == (1, None)


@given(
    st.integers(1, 12),
    st.integers(1, 60),
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 20), st.booleans())),
)
@example(count=1, size=1, steps=[("a", 1, True), ("a", 1, False), ("b", 1, True)])
def test_it_never_has_more_than_it_may_and_never_mixes_anything_up(
    count: int, size: int, steps: list[tuple[str, int, bool]]
) -> None:
    cache: Cache[str, tuple[str, int]] = Cache(count, size)
    newest: OrderedDict[str, tuple[str, int]] = OrderedDict()
    for number, (key, bytes_, putting) in enumerate(steps):
        found = cache.get(key)
        assert found in (None, newest.get(key))
        if putting and found is None:
            newest[key] = (key, number)
            cache.put(key, newest[key], bytes_)
        assert len(cache) <= count + 1  # either part has one at least
        assert cache.size <= size
