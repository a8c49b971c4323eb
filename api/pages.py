"""The pages that come with Attune, served from memory: the demo shop and GraphiQL."""

import mimetypes
from hashlib import sha256
from pathlib import Path

from api.application import NotFound
from api.http import Handler, Request, Response, Routes

STATIC = Path(__file__).parent / "static"


def folder(name: str, at: str) -> tuple[str, Handler]:
    """Return the path prefix and the handler that serve a folder of `static`.

    Files are read once, when the server starts; only those can be served, so no path leads out.
    """
    root = STATIC / name
    files = {
        f"{at}{path.relative_to(root).as_posix()}": _response(path)
        for path in root.rglob("*")
        if path.is_file()
    }

    async def handler(request: Request) -> Response:
        found = files.get(request.path)
        if found is None:
            raise NotFound("there is no such file", field="path", value=request.path)
        if request.header(b"if-none-match") == found.headers[1][1]:
            return Response(304, headers=found.headers)
        return found

    return at, handler


def page(name: str) -> Handler:
    """Return the handler of one page of `static`."""
    response = _response(STATIC / name)

    async def handler(_: Request) -> Response:
        return response

    return handler


def routes(*, demo_shop: bool, graphiql: bool) -> tuple[Routes, Routes]:
    """Return the routes and the prefix routes of the pages that are switched on."""
    exact: dict[tuple[str, str], Handler] = {}
    prefixes: dict[tuple[str, str], Handler] = {}
    if demo_shop:
        at, handler = folder("shop", "/shop/")
        exact["GET", "/"] = page("shop/index.html")
        prefixes["GET", at] = handler
    if graphiql:
        at, handler = folder("graphiql", "/graphiql/")
        exact["GET", "/graphql"] = page("graphiql/index.html")
        prefixes["GET", at] = handler
    return exact, prefixes


def _response(path: Path) -> Response:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") or kind.endswith("javascript") else ""
    return Response(
        200,
        body,
        (
            (b"content-type", f"{kind}{charset}".encode()),
            (b"etag", f'"{sha256(body).hexdigest()[:16]}"'.encode()),
            (b"cache-control", b"no-cache"),  # always ask; an unchanged file is not sent again
        ),
    )
