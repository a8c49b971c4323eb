"""What `attune features apply` refuses: each with its place, its value and a remedy."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import mmh3
import pytest
from credit import CREDIT, WITH_CREDIT

from attune.collect.event import Event
from attune.errors import ConfigurationError
from attune.features.check.cost import Cost, check_cost, cost_of
from attune.features.check.declared import check_names
from attune.features.check.samples import extremes, heavy, ordinary
from attune.features.check.tried import check_feature
from attune.features.entities import ITEM, SESSION
from attune.features.feature import VISIT_ACTS, Feature, Field, Untakable, Value, act_of
from attune.features.feature_set import FeatureSet
from attune.features.view import USER, Entity, FeatureView
from feature_repo.check import declared, refuse, tried
from feature_repo.views import FEATURES

NUMBER = (Field("hits", "int64", "How many"),)


@dataclass(frozen=True)
class Own(Feature[Any]):
    """Counts events; each test spoils one part of it."""

    told: tuple[Field, ...] = NUMBER
    do: Callable[[Any, Event, int], Any] = lambda state, _, __: [state[0] + 1]
    join: Callable[[Any, Any], Any] = lambda ours, theirs: [ours[0] + theirs[0]]
    look: Callable[[Any, int], tuple[Value, ...]] = lambda state, _: (state[0],)
    nothing: Callable[[], Any] = lambda: [0]
    packing: Callable[[Any], bytes] | None = None
    acts: frozenset[str] = field(default=VISIT_ACTS)

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.told

    def empty(self) -> Any:
        return self.nothing()

    def update(self, state: Any, event: Event, at: int) -> Any:
        return self.do(state, event, at)

    def merge(self, ours: Any, theirs: Any) -> Any:
        return self.join(ours, theirs)

    def read(self, state: Any, now: int) -> tuple[Value, ...]:
        return self.look(state, now)

    def pack(self, state: Any) -> bytes:
        return self.packing(state) if self.packing else super().pack(state)


def view(*fields: Field, name: str = "own", entity: Entity = USER, **more: Any) -> FeatureView:
    return FeatureView(name, "What it is about", (Own(fields or NUMBER),), entity, **more)


def one(name: str, type: str = "int64", description: str = "What it is") -> Field:
    return Field(name, type, description)


@pytest.mark.parametrize(
    ("views", "says"),
    [
        ([view(one("Hits"))], "user_own.Hits: is no name for a field (Hits); write it in snake"),
        ([view(one("hits__x"))], "is no name for a field"),
        ([view(one("class"))], "is no name for a field (class)"),
        (
            [view(one("n", "int32"))],
            "user_own.n: is of an unknown type (int32); use int64, float64",
        ),
        ([view(one("n", description=""))], "user_own.n: has no description; say what it means"),
        ([view(one("as_of"))], "is a name that is taken by the time of the latest event (asOf)"),
        ([view(one("traits"))], "is a name that is taken by what identify calls said (traits)"),
        ([view(one("a_1h"), one("a1h"))], "is one name with user_own.a_1h in GraphQL"),
        ([view(name="a_b"), view(one("n"), name="aB")], "is no name for a view"),
        ([view(name="state")], "user_state: is a name that Feast's views of states have"),
        ([view(name="own_v2")], "a version is not part of the name"),
        ([FeatureView("own", "", (Own(),))], "user_own: has no description"),
        ([FeatureView("own", "x", (Own(acts=frozenset({"veiwed"})),))], "there are not (veiwed)"),
        ([view(entity=Entity("shop", "shop_id", "A shop"))], "entity shop: is an unknown entity"),
        ([view(entity=Entity("user", "id", "Another"))], "entity user: is an unknown entity type"),
        ([view(entity=replace(ITEM, name="profile"))], "cannot be the name of an entity"),
    ],
)
def test_a_declaration_that_will_not_do_is_refused(views: list[FeatureView], says: str) -> None:
    complaints = list(check_names([FeatureSet(views)]))

    assert says in "\n".join(map(str, complaints))
    assert all(each.remedy for each in complaints)


def test_names_of_items_may_be_those_that_only_users_have() -> None:
    assert list(check_names([FeatureSet([view(one("traits"), entity=ITEM)])])) == []


def test_an_entity_in_two_sets_is_refused() -> None:
    sets = [FeatureSet([view()]), FeatureSet([view(one("n"), name="other")])]

    assert "is in two feature sets" in str(next(check_names(sets)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "user_activity"}, "user_activity: is the name of another view in Feast"),
        ({"name": "user_state"}, "user_state: is the name of another view in Feast"),
        ({"name": "Credit"}, "is no name for a view"),
        ({"fields": (one("x", "map"),)}, "user_credit.x: is of an unknown type (map); use int32"),
        ({"fields": (one("views1h"),)}, "is one name with user_activity.views_1h in GraphQL"),
        ({"fields": (one("status"),)}, "is a name that is taken by whether a stored value is"),
    ],
)
def test_an_ordinary_view_is_checked_beside_the_others(changes: dict[str, Any], says: str) -> None:
    users = FeatureSet(FEATURES[0].views, plain=(replace(CREDIT, **changes),))

    assert says in "\n".join(map(str, declared([users, *FEATURES[1:]])))


def test_an_ordinary_view_as_it_should_be_passes() -> None:
    assert declared(WITH_CREDIT) == []


def test_a_field_that_a_streamed_view_has_is_refused() -> None:
    spoiled = replace(CREDIT, fields=(one("views_1h"),))

    with pytest.raises(ConfigurationError, match="field 'views_1h' is declared twice"):
        FeatureSet(FEATURES[0].views, plain=(spoiled,))


def test_two_views_in_one_place_of_the_store_are_refused() -> None:
    seen: dict[int, str] = {}
    for number in count():  # after some 80,000 names two share four bytes
        name = f"n{number}"
        other = seen.setdefault(mmh3.hash(f"user_state:user_{name}_state", signed=False), name)
        if other != name:
            break
    sets = [FeatureSet([view(name=other), view(one("n"), name=name)])]

    assert "would have the same place in the store as" in "\n".join(map(str, declared(sets)))


@pytest.mark.parametrize(
    ("spoiled", "says"),
    [
        ({"do": lambda s, e, _: [s[0] + e.commerce.products[0].quantity]}, "raises"),
        ({"do": lambda _, __, at: [at]}, "its state depends on the order of events"),
        ({"do": lambda s, _, __: [s[0] + 0.1]}, "read returns another type than declared"),
        ({"join": lambda a, _: a}, "merge of two halves is not the whole"),
        ({"look": lambda s, _: (s[0], 1)}, "another number of values (2 for 1 fields)"),
        ({"look": lambda s, _: (str(s[0]),)}, "another type than declared ('0' for hits: int64)"),
        ({"look": lambda s, _: (s[0] << 40,)}, "more than GraphQL's Int holds"),
        ({"look": lambda s, _: (1 // s[0],)}, "read raises ZeroDivisionError"),
        ({"look": lambda s, _: (s[0] > 0,)}, "another type than declared (False for hits: int64)"),
        ({"packing": lambda _: b"x"}, "its empty state takes place in every stored state"),
        ({"packing": lambda _: b""}, "a stored state is not what it was"),
        ({"packing": lambda _: {}["x"]}, "pack raises KeyError"),
        ({"nothing": lambda: None + 1}, "empty raises TypeError"),
        (
            {"do": lambda s, e, _: sorted({*s, e.id}), "join": lambda a, b: sorted({*a, *b}),
             "nothing": list, "look": lambda s, _: (len(s),)},
            "its state is larger than the 4096 bytes it may have",
        ),
    ],
)  # fmt: skip
def test_a_feature_that_breaks_a_promise_is_told_which(spoiled: dict[str, Any], says: str) -> None:
    own = Own(**spoiled)

    complaints = list(check_feature(FeatureView("own", "x", (own,)), own))

    assert says in "\n".join(map(str, complaints))


def test_a_feature_that_raises_is_told_on_which_event() -> None:
    def first(state: Any, event: Event, _: int) -> Any:
        if event.commerce:
            _ = event.commerce.products[0]
        return [state[0] + 1]

    own = Own(do=first)

    (complaint,) = check_feature(FeatureView("own", "x", (own,)), own)

    assert str(complaint).startswith(
        "user_own, Own: update on a 'viewed' event with no product raises IndexError"
    )


def test_what_a_feature_refuses_as_untakable_is_no_fault_of_it() -> None:
    class Strict(Own):
        def check(self, event: Event) -> None:
            if event.commerce and not event.commerce.products:
                raise Untakable("properties.products", "empty")

    strict = Strict(do=lambda s, e, _: [s[0] + (not e.commerce or bool(e.commerce.products[0]))])

    assert list(check_feature(FeatureView("own", "x", (strict,)), strict)) == []


@pytest.mark.parametrize("entity", [USER, ITEM, SESSION], ids=lambda entity: entity.name)
def test_sample_histories_have_every_act_that_an_entity_meets(entity: Entity) -> None:
    acts = {act_of(event) for event in ordinary(entity)}

    assert acts >= {"viewed", "added", "removed", "purchased", "refunded"}
    assert len(heavy(entity)) > 300
    assert {"the largest amounts", "the year 9999"} <= {odd for odd, _ in extremes(entity)}
    assert ordinary(entity) == ordinary(entity)


def test_what_stands_in_the_repository_passes_and_is_measured() -> None:
    trial = tried(FEATURES)

    assert declared(FEATURES) == []
    assert [str(each) for each in trial.complaints if not each.forcible] == []
    assert [cost.view for cost in trial.costs] == [v.full_name for f in FEATURES for v in f.views]
    assert all(0 < cost.light <= cost.heavy for cost in trial.costs)


def test_a_cost_is_the_best_of_several_rounds() -> None:
    ticks = iter([0.0, 9.0, *(n / 1000 for n in range(10, 38))])

    cost = cost_of(view(), lambda: next(ticks))

    events = sum(act_of(event) in VISIT_ACTS for event in heavy(USER))
    assert cost.update == pytest.approx(1000 / events)
    assert cost.read == pytest.approx(1000)
    assert cost.pace == pytest.approx(1000 / 150)


def test_what_costs_too_much_is_refused_unless_forced() -> None:
    complaints = list(check_cost(Cost("user_own", 1_000.0, 1_000.0, 10, 10_000)))

    assert str(complaints[0]) == (
        "user_own: takes too long to update (1000 us an event, the limit is 150); do less in "
        "`update`, or --force"
    )
    assert len(complaints) == 3
    slow = Cost("user_own", 1_000.0, 1_000.0, 10, 10, pace=7.0)
    assert list(check_cost(slow)) == []  # it is the machine that is slow
    refuse(complaints, force=True)
    with pytest.raises(ConfigurationError, match="3 things in feature_repo/ are to be mended:\n  "):
        refuse(complaints)
