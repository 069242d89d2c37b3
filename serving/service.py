"""The BentoML service, as light to import as BentoML itself.

BentoML imports it in the process that starts the workers and again in each worker; what answers is
opened in the worker alone (:mod:`serving.opened`). BentoML keeps ``/healthz``, ``/livez`` and
``/readyz``; every other route belongs to the mounted app of :mod:`serving.api`.
:mod:`serving.doorway` keeps everything else shut, and :mod:`serving.access.gate` lets in who may.
"""

from pathlib import Path
from typing import Any

from features.telemetry import switch_off_telemetry

switch_off_telemetry()  # BentoML reads the switch when it is imported

import bentoml  # noqa: E402 - only after the switch
from bentoml.images import Image  # noqa: E402 - only after the switch
from bentoml.models import BentoModel  # noqa: E402 - only after the switch

from features.errors import ReleaseError  # noqa: E402 - only after the switch
from serving.access.gate import Gate, GatePost  # noqa: E402 - only after the switch
from serving.defaults import DEFAULT_HOST, DEFAULT_PORT, RELEASE_TAG  # noqa: E402 - as above
from serving.doorway import App, Doorway, Receive, Scope, Send  # noqa: E402 - as above

# What answering needs and nothing else; training's libraries cost seconds at every start.
_RUNTIME = (
    "numpy>=2.2",
    "pandas>=3.0",
    "xgboost-cpu>=3.2",
    "pydantic>=2.11",
    "fastapi>=0.120",
    "prometheus-client>=0.22",
    # the ledger; the driver of PostgreSQL is loaded only where the ledger is one
    "sqlalchemy>=2.1",
    "alembic>=1.17",
    "psycopg[binary]>=3.2",
    "pyjwt[crypto]>=2.10",  # loaded only where signed tokens are taken
    "tzdata>=2025.2",
)


class StoredRelease(BentoModel):
    """The release in the model store; it may be absent at a start, not when a bento is built."""

    def resolve(self, base_path: Any = None, *_: Any, **__: Any) -> Any:
        """Return the stored release or ``None``; a cloud is never asked."""
        return None if self.stored is None else super().resolve(base_path)

    def to_info(self, alias: str | None = None) -> Any:
        """Return what a bento records of the release it holds.

        Raises
        ------
        ReleaseError
            When there is none: a bento without it could not answer.
        """
        if self.stored is None:
            raise ReleaseError(
                f"There is no {self.tag.name} in the model store, and a bento without one cannot "
                "answer. Run `python -m training export` first."
            )
        return super().to_info(alias)


class Routes:
    """Where BentoML mounts the routes, which are made in the worker when it starts."""

    app: App | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on to the routes; the gate is shut until they are there."""
        if self.app is None:
            raise ReleaseError("The service is starting. Ask again in a moment.")
        await self.app(scope, receive, send)


routes = Routes()
post = GatePost()


@bentoml.service(
    name="vigicell",
    workers=1,
    http={"host": DEFAULT_HOST, "port": DEFAULT_PORT},
    traffic={"timeout": 60},
    logging={"access": {"enabled": False}},  # no path reaches a log
    metrics={"enabled": False},  # nor a measure: the server's own count by path
    image=Image(lock_python_packages=False).python_packages(*_RUNTIME),
)
@bentoml.asgi_app(routes, path="/")
class VigiCell:
    """Opens what answers, once a worker: the process that starts workers needs none of it."""

    release = StoredRelease(RELEASE_TAG)

    def __init__(self) -> None:
        from serving.opened import Opened  # pandas, the ledger, the routes: a second to load

        self._opened = Opened(Path(self.release.path) if self.release else None)
        routes.app = self._opened.api
        post.guard = self._opened.guard

    def __is_ready__(self) -> bool:
        """Whether a request could be answered and recorded now."""
        return self._opened.ready()

    @bentoml.on_shutdown
    def close(self) -> None:
        """Take no more requests and close the ledger; the server has let the last ones end."""
        post.guard = None
        self._opened.close()


VigiCell.add_asgi_middleware(Doorway)  # type: ignore[attr-defined]  # made a Service above
VigiCell.add_asgi_middleware(Gate, post=post)  # type: ignore[attr-defined]  # as above
