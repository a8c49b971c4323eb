"""Contenders of `answer`, as servers: `answer_serve.py floor|stock|feast PORT`.

Each is one process under uvicorn (uvloop, httptools), as our API is. `floor` is our own front,
the same read, models and decisions, and the JSON written by hand. `stock` is Strawberry's own ASGI
view as its documentation sets it up, on our schema and our resolvers: what we would serve if we
had left it at that. `feast` is Feast's feature server, which answers thirty stored values and
nothing else.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from answer_question import by_hand
from strawberry.asgi import GraphQL

from api.app import open_services
from api.application import Application, serve_within
from api.context import Context
from api.http import Request, Response, reply
from api.installed import context_of
from api.schema import build_schema
from api.warm import settle
from attune.adapters.postgres.database import open_database
from attune.collect.event import millis
from attune.ids import ProfileId
from attune.settings import Settings
from feature_repo.views import FEATURES


@asynccontextmanager
async def opened_context() -> AsyncIterator[Context]:
    """Yield what our resolvers are given, as our API makes it."""
    settings = Settings(_env_file=None)
    async with (
        open_database(settings) as database,
        open_services(settings, database) as services,
    ):
        yield context_of(services, FEATURES)


def floor() -> Any:  # noqa: ANN401 - an ASGI application
    """Return the application that writes its JSON by hand."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Application]:
        async with opened_context() as context:

            async def answer(request: Request) -> Response:
                asked = orjson.loads(await request.body(100_000))
                now = millis(context.clock())
                visitor = await context.reception.visitor(ProfileId(asked["variables"]["id"]), now)
                return reply(200, by_hand(visitor))

            settle()
            yield Application({("POST", "/graphql"): answer})

    return serve_within(opened)


def stock() -> Any:  # noqa: ANN401 - as above
    """Return Strawberry's own application."""
    made: list[Context] = []

    class Stock(GraphQL[Context, None]):
        async def get_context(self, request: Any, response: Any) -> Context:  # noqa: ANN401, ARG002
            return made[0]

    view = Stock(build_schema(FEATURES))

    async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "lifespan":
            await view(scope, receive, send)
            return
        await receive()
        async with opened_context() as context:
            made.append(context)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return application


def feast(repository: str) -> Any:  # noqa: ANN401 - as above
    """Return Feast's feature server on the store whose registry lies in a directory."""
    from feast import FeatureStore  # noqa: PLC0415 - takes seconds, and only this one needs it
    from feast.feature_server import get_app  # noqa: PLC0415 - as above
    from read_feast import config  # noqa: PLC0415 - as above

    return get_app(FeatureStore(config=config(Settings(_env_file=None), Path(repository))))


def main(name: str, port: int, *more: str) -> None:
    """Serve until told to stop."""
    made = {"floor": floor, "stock": stock, "feast": feast}[name](*more)
    settings = uvicorn.Config(
        made, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="on"
    )
    uvicorn.Server(settings).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
