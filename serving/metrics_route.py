"""``/metrics``: our own counters and no others.

BentoML's would keep one series for every path that anybody ever asked for, whatever stands in it.
"""

import os

from anyio import to_thread
from fastapi import FastAPI, Response


def add_metrics_route(api: FastAPI) -> None:
    """Add the route; it is for whoever runs the service and not part of the contract."""

    @api.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST

        return Response(await to_thread.run_sync(_exposed), media_type=CONTENT_TYPE_LATEST)


def _exposed() -> bytes:
    """Return the counters of all workers."""
    # Imported late: it looks at its import for where the workers share their counters.
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # theirs is not typed
    return generate_latest(shared)
