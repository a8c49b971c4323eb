"""Fields and views that should no longer be asked for say so, and are answered all the same."""

from dataclasses import replace

from answering import answering
from making import shopped, taken

from api.schema import build_schema
from attune.adapters.memory import MemoryStore
from attune.features.check.declared import check_names
from attune.features.feature_set import FeatureSet
from attune.features.meaning import digest, fingerprint
from attune.features.view import FeatureView
from consumers.features.consumer import Features
from feature_repo.views import FEATURES, USER_FEATURES

_ACTIVITY = USER_FEATURES.by_name["activity"]
WHY = "use views7d; it goes in 2027"


def deprecating(**why: str) -> tuple[FeatureSet, ...]:
    return declaring(replace(_ACTIVITY, deprecated=why))


def declaring(view: FeatureView) -> tuple[FeatureSet, ...]:
    views = [view if each is _ACTIVITY else each for each in USER_FEATURES.views]
    return (FeatureSet(views), *FEATURES[1:])


def test_a_deprecated_field_says_why_in_the_schema() -> None:
    told = str(build_schema(deprecating(views_24h=WHY)))

    assert f'views24h: Int @deprecated(reason: "{WHY}")' in told
    assert told.count("@deprecated") == 1


def test_a_deprecated_view_says_so_where_it_is_asked_for_and_in_each_field() -> None:
    told = str(build_schema(declaring(replace(_ACTIVITY, deprecated={"*": WHY}))))

    assert f'activity: UserActivityFeatures! @deprecated(reason: "{WHY}")' in told
    assert told.count("@deprecated") == 1 + len(_ACTIVITY.fields)


async def test_it_is_answered_as_before() -> None:
    store = MemoryStore()
    every = deprecating(views_24h=WHY)
    await Features((store, every[0])).take(taken(shopped("viewed")))
    query = '{ user(id: "ada") { features { activity { views24h } } } }'

    async with answering(store, every=every) as client:
        body = (await client.post("/graphql", json={"query": query})).json()

    assert body["data"]["user"]["features"]["activity"]["views24h"] == 1


def test_it_means_what_it_meant_and_is_told_to_running_servers() -> None:
    every = deprecating(views_24h=WHY)

    assert fingerprint(every[0].by_name["activity"]) == fingerprint(_ACTIVITY)
    assert digest(every) != digest(FEATURES)


def test_what_is_not_there_cannot_be_deprecated() -> None:
    (complaint,) = check_names(deprecating(views_2h=WHY))

    assert "views_2h" in str(complaint)
    assert "deprecates a field that it does not have" in str(complaint)
