"""The API in memory, for tests: a store, content, and GraphQL on them."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count
from types import MappingProxyType
from typing import Any

import httpx
import strawberry
from making import NOON

from api import graphql
from api.answer import Answerer
from api.application import Application
from api.context import Context
from api.current import Current
from api.documents import Documents
from api.execute import Executor
from api.live.answers import Answering
from api.manifest import Known
from api.measure import Measured
from api.persisted import Library
from api.reading import Reader
from api.schema import build_schema
from api.visitor import Reception
from attune.adapters.cel import compiled
from attune.adapters.memory import MemoryChanges, MemoryStore
from attune.adapters.memory_content import MemoryMeasures
from attune.decide.content import Content
from attune.decide.playbook import Playbook
from attune.features.feature_set import FeatureSet
from attune.ports import OnlineStore
from attune.predict.score import PriorScorer
from attune.settings import Api
from feature_repo.views import FEATURES, USER_FEATURES

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def current(content: Content | None = None, missing: Mapping[str, str] = _NOTHING) -> Current:
    """What requests decide with, with a prior for purchases."""
    playbook = Playbook.of(content or Content(), compiled)
    return Current(playbook, (PriorScorer("purchase", 0.03),), missing)


def reception(
    store: OnlineStore,
    using: Current | None = None,
    users: FeatureSet = USER_FEATURES,
    others: Mapping[str, Reader] = _NOTHING,
) -> Reception:
    """Finds visitors in the store."""
    ids = (f"id-{number}" for number in count())
    now = using or current()
    return Reception(store, users, lambda: now, ids.__next__, others=others)


@asynccontextmanager
async def answering(
    store: OnlineStore,
    using: Current | None = None,
    at: datetime = NOON,
    others: Mapping[str, OnlineStore] = _NOTHING,
    every: Sequence[FeatureSet] = FEATURES,
    *,
    settings: Api | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of GraphQL on the store of users and, by name, of other entities; now is `at`."""
    application = application_of(store, using, at, others, every, settings=settings)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:
        yield client


def application_of(
    store: OnlineStore,
    using: Current | None = None,
    at: datetime = NOON,
    others: Mapping[str, OnlineStore] = _NOTHING,
    every: Sequence[FeatureSet] = FEATURES,
    *,
    settings: Api | None = None,
) -> Application:
    """GraphQL on these stores."""
    answerer, _ = answerer_of(store, using, at, others, every, settings=settings)
    return _application(answerer)


def answerer_of(
    store: OnlineStore,
    using: Current | None = None,
    at: datetime = NOON,
    others: Mapping[str, OnlineStore] = _NOTHING,
    every: Sequence[FeatureSet] = FEATURES,
    *,
    settings: Api | None = None,
) -> tuple[Answerer, Documents]:
    """What answers, on these stores."""
    readers = {
        features.entity.name: Reader(others.get(features.entity.name, MemoryStore()), features)
        for features in every
    }
    measured = Measured(MemoryMeasures().counts)
    found = reception(store, using, every[0], readers)
    live = Answering(found, getattr(store, "changes", MemoryChanges()), set())
    context = Context(found, measured, lambda: at, live, readers)
    return _answerer(build_schema(every), context, settings or Api(), Known)


def serving_graphql(
    schema: strawberry.Schema,
    context: Any,
    settings: Api,
    known: Callable[[], Known] = Known,
) -> Application:
    """GraphQL over HTTP of any schema."""
    answerer, _ = _answerer(schema, context, settings, known)
    return _application(answerer)


def _application(answerer: Answerer) -> Application:
    return Application(
        graphql.routes(lambda: answerer, answerer.settings),
        sockets=graphql.sockets(lambda: answerer, answerer.settings),
    )


def _answerer(
    schema: strawberry.Schema, context: Any, settings: Api, known: Callable[[], Known]
) -> tuple[Answerer, Documents]:
    documents = Documents(schema, settings)
    executor = Executor(schema, hide_suggestions=not settings.introspection)
    return Answerer(Library(documents, known, settings), executor, context, settings), documents
