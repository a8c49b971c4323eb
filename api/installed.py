"""What is served of one set of feature declarations: types, documents, and who answers them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os import urandom

from api.answer import Answerer
from api.context import Context
from api.current import Following
from api.documents import Documents
from api.execute import Executor
from api.live.answers import Answering
from api.manifest import Manifests
from api.measure import Measured
from api.persisted import Library
from api.population import Population
from api.reading import Reader
from api.schema import build_schema
from api.visitor import Reception
from attune.adapters.redis import RedisStore, Servers
from attune.features.entities import POPULATION
from attune.features.feature_set import FeatureSet
from attune.features.meaning import digest
from attune.features.view import USER
from attune.ports import Changes
from attune.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What stays for as long as the process runs, whatever is declared."""

    settings: Settings
    wire: Servers
    changes: Changes
    following: Following
    measured: Measured
    fields: set[str]
    """What models may be given: the fields of users, which change with the declarations."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One set of declarations as it is served."""

    every: Sequence[FeatureSet]
    digest: str
    answerer: Answerer
    documents: Documents
    manifests: Manifests


def installed(services: Services, every: Sequence[FeatureSet]) -> Installed:
    """Make everything that depends on declarations. It takes a quarter of a second.

    Raises:
        InvalidManifest: a persisted document does not fit these types.
    """
    settings = services.settings.api
    context = context_of(services, every)
    schema = build_schema(every)
    documents = Documents(schema, settings)
    manifests = Manifests(settings.manifests, documents)
    manifests.load(needed=settings.documents == "known")
    answerer = Answerer(
        Library(documents, lambda: manifests.known, settings),
        Executor(schema, hide_suggestions=not settings.introspection),
        context,
        settings,
    )
    return Installed(every, digest(every), answerer, documents, manifests)


def context_of(services: Services, every: Sequence[FeatureSet]) -> Context:
    """Return what resolvers are given."""
    settings, following = services.settings, services.following
    readers = {
        features.entity.name: Reader(
            RedisStore(services.wire, settings.project, features), features
        )
        for features in every
    }
    people = readers.get(POPULATION.name)
    reception = Reception(
        readers[USER.name].store,
        every[0],
        lambda: following.current,
        new_id,
        Population(people) if people else None,
        readers,
    )
    live = Answering(reception, services.changes, following.listeners, settings.api.live)
    return Context(reception, services.measured, clock, live, readers)


def clock() -> datetime:
    """Return the time by which answers are made, and events received."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return an id of a decision, or of an event that came without one: 128 bits of chance."""
    return urandom(16).hex()  # not `uuid4`, which takes four times as long
