from api.bounded import Bounded


def test_what_was_not_used_for_longest_goes_first() -> None:
    cache: Bounded[str, int] = Bounded(2, 100)
    cache.put("a", 1, 1)
    cache.put("b", 2, 1)
    cache.get("a")

    cache.put("c", 3, 1)

    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_together_they_weigh_no_more_than_allowed() -> None:
    cache: Bounded[str, int] = Bounded(100, 10)
    for number, key in enumerate("abcd"):
        cache.put(key, number, 4)

    assert (len(cache), cache.weight) == (2, 8)

    cache.put("d", 5, 9)

    assert (cache.get("c"), cache.get("d"), cache.weight) == (None, 5, 9)


def test_one_that_is_too_heavy_pushes_out_no_other() -> None:
    cache: Bounded[str, int] = Bounded(100, 10)
    cache.put("a", 1, 5)

    cache.put("b", 2, 11)

    assert (cache.get("a"), cache.get("b"), cache.weight) == (1, None, 5)
