"""The pages that come with Attune, served from memory: the demo shop and GraphiQL."""

import mimetypes
from hashlib import sha256
from pathlib import Path

from api.application import NotFound
from api.http import Handler, Request, Response, Routes

STATIC = Path(__file__).parent / "static"


def routes(*, demo_shop: bool, graphiql: bool) -> tuple[Routes, Routes]:
    """Return the routes and the prefix routes of the pages that are switched on.

    GraphiQL lies where GraphQL is asked by GET: `api.graphql` tells a browser from a question.
    """
    exact: dict[tuple[str, str], Handler] = {}
    prefixes: dict[tuple[str, str], Handler] = {}
    for name, path, wanted in (("shop", "/", demo_shop), ("graphiql", "/graphql", graphiql)):
        if wanted:
            exact["GET", path] = _page(STATIC / name / "index.html")
            prefixes["GET", f"/static/{name}/"] = _folder(name)
    return exact, prefixes


def _folder(name: str) -> Handler:
    """Return the handler of a folder of `static`.

    Files are read once, when the server starts; only those can be served, so no path leads out.
    """
    files = {
        f"/static/{path.relative_to(STATIC).as_posix()}": _response(path)
        for path in (STATIC / name).rglob("*")
        if path.is_file()
    }

    async def handler(request: Request) -> Response:
        found = files.get(request.path)
        if found is None:
            remedy = "check the path; files of a page are found when the server starts"
            raise NotFound("there is no such file", field="path", value=request.path, remedy=remedy)
        return _unless_known(request, found)

    return handler


def _page(path: Path) -> Handler:
    response = _response(path)

    async def handler(request: Request) -> Response:
        return _unless_known(request, response)

    return handler


def _unless_known(request: Request, response: Response) -> Response:
    """Return the response, or just that the caller has it already."""
    known = request.header(b"if-none-match")
    return Response(304, headers=response.headers) if known == _etag(response) else response


def _etag(response: Response) -> bytes:
    return dict(response.headers)[b"etag"]


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
