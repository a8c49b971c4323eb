"""Whether this process lives, whether it can work, and its metrics."""

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.http import Request, Response, Routes, reply

Check = Callable[[], Awaitable[str]]
"""Returns nothing if the part is well, or else what is wrong with it."""


def routes(checks: Mapping[str, Check]) -> Routes:
    """Return the routes of health and metrics."""

    async def live(_: Request) -> Response:
        return reply(200, {"status": "live"})

    async def ready(_: Request) -> Response:
        found = {part: await check() or "ok" for part, check in checks.items()}
        well = all(state == "ok" for state in found.values())
        return reply(200 if well else 503, {"status": "ready" if well else "waiting", **found})

    async def metrics(_: Request) -> Response:
        headers = ((b"content-type", CONTENT_TYPE_LATEST.encode()),)
        return Response(200, generate_latest(), headers)

    return {
        ("GET", "/health/live"): live,
        ("GET", "/health/ready"): ready,
        ("GET", "/metrics"): metrics,
    }
