from collections.abc import AsyncIterator

import httpx
import pytest

from api import pages
from api.application import Application


def client_of(*, demo_shop: bool, graphiql: bool) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(
        Application(*pages.routes(demo_shop=demo_shop, graphiql=graphiql))
    )
    return httpx.AsyncClient(transport=transport, base_url="http://attune")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(demo_shop=True, graphiql=True) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/graphql", "text/html; charset=utf-8"),
        ("/static/shop/catalogue.json", "application/json"),
    ],
)
async def test_a_page_is_served_once_and_then_asked_for_by_its_tag(
    client: httpx.AsyncClient, path: str, kind: str
) -> None:
    page = await client.get(path)
    again = await client.get(path, headers={"if-none-match": page.headers["etag"]})
    head = await client.head(path)

    assert (page.status_code, page.headers["content-type"]) == (200, kind)
    assert (again.status_code, again.content) == (304, b"")
    assert head.headers["content-length"] == str(len(page.content))


@pytest.mark.parametrize(
    "path",
    [
        "/static/shop/../../app.py",
        "/static/shop/%2e%2e/%2e%2e/app.py",
        "/static/shop//etc/passwd",
        "/static/shop/",
        "/static/shop/nothing.js",
    ],
)
async def test_no_path_leads_out_of_the_folder(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path)

    assert reply.status_code == 404
    assert reply.json()["error"]["remedy"]


async def test_a_page_that_is_switched_off_is_not_there() -> None:
    async with client_of(demo_shop=False, graphiql=True) as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/static/shop/catalogue.json")).status_code == 404
        assert (await client.get("/graphql")).status_code == 200
