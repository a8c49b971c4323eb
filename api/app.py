"""Wires the API once, for as long as the server runs."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import uuid4

from api import collect, graphql, health, pages
from api.answer import Answerer
from api.application import Application, serve_within
from api.context import Context
from api.current import Following
from api.documents import Documents
from api.execute import Executor
from api.manifest import Manifests
from api.measure import Measured
from api.persisted import Library
from api.population import Population
from api.reading import Reader
from api.schema import build_schema
from api.visitor import Reception
from api.warm import settle, warm_up
from attune.adapters.cel import compiled
from attune.adapters.kafka.log import KafkaLog, open_log
from attune.adapters.onnx import load_scorer
from attune.adapters.postgres.content import PostgresContent
from attune.adapters.postgres.database import open_database
from attune.adapters.postgres.measure import PostgresMeasures
from attune.adapters.postgres.models import PostgresModels
from attune.adapters.redis import RedisStore, open_wire
from attune.errors import Unavailable
from attune.features.entities import POPULATION
from attune.features.view import USER
from attune.ports import OnlineStore
from attune.predict.score import Scorer
from attune.predict.store import StoredModel
from attune.settings import Api, Settings
from feature_repo.views import FEATURES, USER_FEATURES


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Yield the application with everything it needs; no server need be there yet."""
    async with AsyncExitStack() as stack:
        wire = stack.enter_context(open_wire(str(settings.redis)))
        readers = {
            features.entity.name: Reader(RedisStore(wire, settings.project, features), features)
            for features in FEATURES
        }
        store = readers[USER.name].store
        log = await stack.enter_async_context(open_log(settings.kafka))
        database = await stack.enter_async_context(open_database(settings))
        following = Following(
            PostgresContent(database, settings), PostgresModels(database), compiled, _scorer
        )
        await following.refresh()
        await stack.enter_async_context(_running(following.follow()))
        context = Context(
            Reception(
                store,
                USER_FEATURES,
                lambda: following.current,
                _new_id,
                Population(readers[POPULATION.name]),
            ),
            Measured(PostgresMeasures(database).counts),
            _clock,
            readers,
        )
        answerer = await stack.enter_async_context(_answering(settings.api, context))
        exact, prefixes = pages.routes(
            demo_shop=settings.api.demo_shop, graphiql=settings.api.graphiql
        )
        yield Application(
            {
                **collect.routes(log=log, settings=settings.collect, clock=_clock, new_id=_new_id),
                **health.routes(_parts(store, log, following)),
                **exact,
                **graphql.routes(answerer, page=exact.get(("GET", "/graphql"))),
            },
            prefixes,
        )


@asynccontextmanager
async def _answering(settings: Api, context: Context) -> AsyncIterator[Answerer]:
    """Yield what answers GraphQL, warm, with the manifests as they are at any time."""
    schema = build_schema(FEATURES)
    documents = Documents(schema, settings)
    manifests = Manifests(settings.manifests, documents)
    manifests.load(needed=settings.documents == "known")
    library = Library(documents, lambda: manifests.known, settings)
    executor = Executor(schema, hide_suggestions=not settings.introspection)
    answerer = Answerer(library, executor, context, settings)
    async with _running(manifests.follow()):
        await warm_up(answerer, documents)
        yield answerer


@asynccontextmanager
async def _served() -> AsyncIterator[Application]:
    async with open_application(Settings()) as opened:
        settle()
        yield opened


application = serve_within(_served)
"""What the server imports: `uvicorn api.app:application`."""


def _parts(store: OnlineStore, log: KafkaLog, following: Following) -> Mapping[str, health.Part]:
    async def redis() -> str:
        try:
            await store.load(["health"])
        except Unavailable as error:
            return str(error)
        return ""

    async def kafka() -> str:
        return "" if log.connected else "not connected yet"

    async def content() -> str:
        return "; ".join(f"{part}: {why}" for part, why in following.current.missing.items())

    return {
        "redis": health.Part(redis),
        "kafka": health.Part(kafka, needed=lambda: not log.connected),
        "content": health.Part(content, needed=lambda: not following.loaded),
    }


@asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _scorer(stored: StoredModel) -> Scorer:
    return load_scorer(stored, {field.name for field in USER_FEATURES.fields})


def _clock() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return uuid4().hex
