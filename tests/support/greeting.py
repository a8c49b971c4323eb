"""GraphQL over HTTP of a small schema, with mutations, with what breaks and what never ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import strawberry
from answering import serving_graphql

from api.caching import lacking
from api.documents import Documents
from api.manifest import Known
from attune.settings import Api

RESPONSE = "application/graphql-response+json"
JSON = {"content-type": "application/json"}
GR = {"content-type": "application/json", "accept": RESPONSE}


@strawberry.type
class Item:
    id: str


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you") -> str:
        return f"hello {name}"

    @strawberry.field
    def item(self, id: str) -> Item:
        if id == "degraded":
            lacking()
        return Item(id=id)

    @strawberry.field
    def broken(self) -> str:
        raise RuntimeError("secret")

    @strawberry.field
    def maybe(self) -> str | None:
        raise RuntimeError("secret")

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.Event().wait()
        return "never"

    @strawberry.field
    def many(self, names: list[str]) -> list[str]:
        return names


CHANGES: list[str] = []
"""One for each mutation that was carried out."""


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self) -> str:
        CHANGES.append("changed")
        return "changed"


SCHEMA = strawberry.Schema(Query, Mutation)


@asynccontextmanager
async def serving(
    known: Known | None = None, **settings: object
) -> AsyncIterator[httpx.AsyncClient]:
    application = serving_graphql(
        SCHEMA, None, Api.model_validate(settings), lambda: known or Known()
    )
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://attune") as client:
        yield client


def known_of(*texts: str) -> Known:
    """A manifest with these documents, by their SHA-256."""
    documents = Documents(SCHEMA, Api())
    made = {text: documents.trusted(text) for text in texts}
    return Known({each.key: each for each in made.values()}, made)


def code_of(reply: httpx.Response) -> str:
    (error,) = reply.json()["errors"]
    code: str = error["extensions"]["code"]
    return code
