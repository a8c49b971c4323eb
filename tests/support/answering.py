"""The API in memory, for tests: a store, content, and GraphQL on them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count
from types import MappingProxyType
from typing import Any

import httpx
from making import NOON

from api import graphql
from api.application import Application
from api.context import Context
from api.current import Current
from api.live.answers import Answering
from api.measure import Measured
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
from feature_repo.views import FEATURES, USER_FEATURES

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def current(content: Content | None = None, missing: Mapping[str, str] = _NOTHING) -> Current:
    """What requests decide with, with a prior for purchases."""
    playbook = Playbook.of(content or Content(), compiled)
    return Current(playbook, (PriorScorer("purchase", 0.03),), missing)


def reception(
    store: OnlineStore, using: Current | None = None, users: FeatureSet = USER_FEATURES
) -> Reception:
    """Finds visitors in the store."""
    ids = (f"id-{number}" for number in count())
    now = using or current()
    return Reception(store, users, lambda: now, ids.__next__)


def application(
    store: OnlineStore,
    using: Current | None = None,
    at: datetime = NOON,
    others: Mapping[str, OnlineStore] = _NOTHING,
    every: Sequence[FeatureSet] = FEATURES,
) -> Application:
    """GraphQL on the store of users and, by name, of other entities; now is `at`."""
    readers = {
        features.entity.name: Reader(others.get(features.entity.name, MemoryStore()), features)
        for features in every
    }
    measured = Measured(MemoryMeasures().counts)
    found = reception(store, using, every[0])
    changes = getattr(store, "changes", MemoryChanges())
    context = Context(found, measured, lambda: at, Answering(found, changes, set()), readers)
    schema = build_schema(every)
    return Application(graphql.routes(schema, context), sockets=graphql.sockets(schema, context))


@asynccontextmanager
async def answering(
    store: OnlineStore,
    using: Current | None = None,
    at: datetime = NOON,
    others: Mapping[str, OnlineStore] = _NOTHING,
    every: Sequence[FeatureSet] = FEATURES,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of such an application."""
    transport = httpx.ASGITransport(application(store, using, at, others, every))
    async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:
        yield client
