"""Wires the API once, for as long as the server runs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from api import collect, graphql, health, pages
from api.answer import Answerer
from api.application import Application, serve_within
from api.current import Following
from api.installed import Installed, Services, clock, installed, new_id
from api.manifest import LOOK_EVERY
from api.measure import Measured
from api.rollout import Rollout
from api.warm import settle, warm_up
from attune.adapters.cel import compiled
from attune.adapters.changes import RedisChanges
from attune.adapters.feast import Layout
from attune.adapters.kafka.log import KafkaLog, open_log
from attune.adapters.onnx import load_scorer
from attune.adapters.postgres.content import PostgresContent
from attune.adapters.postgres.database import Database, open_database
from attune.adapters.postgres.declarations import PostgresDeclarations
from attune.adapters.postgres.measure import PostgresMeasures
from attune.adapters.postgres.models import PostgresModels
from attune.adapters.redis import open_wire
from attune.ending import running
from attune.errors import Unavailable
from attune.features.feature_set import FeatureSet
from attune.settings import Settings
from feature_repo.views import FEATURES, USER_FEATURES


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Yield the application with everything it needs; no server need be there yet."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        log = await stack.enter_async_context(open_log(settings.kafka))
        services = await stack.enter_async_context(open_services(settings, database))
        following = services.following

        async def taken_over(new: Installed) -> None:
            services.fields.clear()
            services.fields.update(_names(new.every[0]))
            await following.refresh()  # models may be given other fields

        declarations = PostgresDeclarations(database, settings)
        rollout = Rollout(declarations, partial(installed, services), FEATURES, taken_over)
        await stack.enter_async_context(running(rollout.follow()))
        await stack.enter_async_context(running(_manifests(rollout)))
        await warm_up(rollout.current.answerer, rollout.current.documents)
        exact, prefixes = pages.routes(
            demo_shop=settings.api.demo_shop, graphiql=settings.api.graphiql
        )
        ask = exact.get(("GET", "/graphql"))

        def answerer() -> Answerer:
            return rollout.current.answerer

        yield Application(
            {
                **collect.routes(log=log, settings=settings.collect, clock=clock, new_id=new_id),
                **health.routes(_parts(log, rollout, following)),
                **exact,
                **graphql.routes(answerer, settings.api, page=ask),
            },
            prefixes,
            graphql.sockets(answerer, settings.api),
        )


@asynccontextmanager
async def open_services(settings: Settings, database: Database) -> AsyncIterator[Services]:
    """Yield what answers are made with."""
    async with AsyncExitStack() as stack:
        wire = stack.enter_context(
            open_wire(
                str(settings.redis),
                timeout=settings.api.read_timeout.total_seconds(),
                cluster=settings.redis_cluster,
            )
        )
        fields = _names(USER_FEATURES)
        following = Following(
            PostgresContent(database, settings),
            PostgresModels(database),
            compiled,
            lambda stored: load_scorer(stored, fields),
        )
        await following.refresh()
        await stack.enter_async_context(running(following.follow()))
        key = Layout(settings.project, USER_FEATURES).bare_key
        changes = RedisChanges(str(settings.redis), key)
        stack.push_async_callback(changes.close)
        await stack.enter_async_context(running(changes.follow()))
        measured = Measured(PostgresMeasures(database).counts)
        yield Services(settings, wire, changes, following, measured, fields)


@asynccontextmanager
async def _served() -> AsyncIterator[Application]:
    async with open_application(Settings()) as opened:
        settle()
        yield opened


application = serve_within(_served)
"""What the server imports: `uvicorn api.app:application`."""


def _parts(log: KafkaLog, rollout: Rollout, following: Following) -> Mapping[str, health.Part]:
    async def redis() -> str:
        try:
            await rollout.current.answerer.context.reception.store.load(["health"])
        except Unavailable as error:
            return str(error)
        return ""

    async def kafka() -> str:
        return "" if log.connected else "not connected yet"

    async def content() -> str:
        return "; ".join(f"{part}: {why}" for part, why in following.current.missing.items())

    async def features() -> str:
        return rollout.problem

    return {
        "redis": health.Part(redis),
        "kafka": health.Part(kafka, needed=lambda: not log.connected),
        "content": health.Part(content, needed=lambda: not following.loaded),
        "features": health.Part(features),
    }


async def _manifests(rollout: Rollout) -> None:
    """Read the manifests again when they change, those of whatever is served."""
    while True:
        await asyncio.sleep(LOOK_EVERY)
        await rollout.current.manifests.refresh()


def _names(users: FeatureSet) -> set[str]:
    return {field.name for field in users.fields}
