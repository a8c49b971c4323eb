"""Whether this process lives, whether it can work, and its metrics."""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from api.http import Request, Response, Routes, reply


@dataclass(frozen=True, slots=True)
class Part:
    """Something that the API works with.

    `state` returns nothing if it is well, or else what is wrong. `needed` parts keep a new process
    from being given traffic until they have been reached once; a part that goes away later never
    does, because collector and GraphQL go on without it as far as they can.
    """

    state: Callable[[], Awaitable[str]]
    needed: Callable[[], bool] = lambda: False


def routes(parts: Mapping[str, Part]) -> Routes:
    """Return the routes of health and metrics."""

    async def live(_: Request) -> Response:
        return reply(200, {"status": "live"})

    async def ready(_: Request) -> Response:
        found = {name: await part.state() or "ok" for name, part in parts.items()}
        if any(part.needed() for part in parts.values()):
            return reply(503, {"status": "waiting", **found})
        well = all(state == "ok" for state in found.values())
        return reply(200, {"status": "ready" if well else "degraded", **found})

    async def metrics(_: Request) -> Response:
        headers = ((b"content-type", CONTENT_TYPE_LATEST.encode()),)
        return Response(200, generate_latest(_registry()), headers)

    return {
        ("GET", "/health/live"): live,
        ("GET", "/health/ready"): ready,
        ("GET", "/metrics"): metrics,
    }


def _registry() -> CollectorRegistry:
    """Return the metrics of this process, or of all workers together where there are several."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    added_up = CollectorRegistry()
    MultiProcessCollector(added_up)  # type: ignore[no-untyped-call]
    return added_up
