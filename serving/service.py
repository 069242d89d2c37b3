"""The BentoML service: which release answers, where answers are recorded, whether it is ready.

BentoML keeps ``/healthz``, ``/livez`` and ``/readyz``; every other route belongs to the mounted app
of :mod:`serving.api`. :mod:`serving.doorway` keeps everything else shut, and
:mod:`serving.access.gate` lets in who may.
"""

import os
from pathlib import Path
from typing import Any

from features.telemetry import switch_off_telemetry

switch_off_telemetry()  # BentoML reads the switch when it is imported

import bentoml  # noqa: E402 - only after the switch
from bentoml.images import Image  # noqa: E402 - only after the switch
from bentoml.models import BentoModel  # noqa: E402 - only after the switch

from features.errors import ReleaseError  # noqa: E402 - only after the switch
from models.release import load_release  # noqa: E402 - only after the switch
from serving.access.gate import Gate, GatePost  # noqa: E402 - only after the switch
from serving.answer import Desk  # noqa: E402 - only after the switch
from serving.api import build_api  # noqa: E402 - only after the switch
from serving.doorway import Doorway  # noqa: E402 - only after the switch
from serving.feed import Feed, Shifts  # noqa: E402 - only after the switch
from serving.ledger import Ledger  # noqa: E402 - only after the switch
from serving.metrics_route import add_metrics_route  # noqa: E402 - only after the switch
from serving.opening import RELEASE_TAG, guard_of  # noqa: E402 - only after the switch
from serving.settings import DEFAULT_HOST, DEFAULT_PORT, Settings, site_mapping_of  # noqa: E402 - as above
from serving.site_tiers import with_site_tiers  # noqa: E402 - only after the switch

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


api = build_api()
add_metrics_route(api)
post = GatePost()


@bentoml.service(
    name="vigicell",
    workers=1,
    http={"host": DEFAULT_HOST, "port": DEFAULT_PORT},
    traffic={"timeout": 60},
    metrics={"enabled": False},  # our own: see serving/metrics_route.py
    logging={"access": {"enabled": False}},  # our own measures count; no path reaches a log
    image=Image(lock_python_packages=False).python_packages(*_RUNTIME),
)
@bentoml.asgi_app(api, path="/")
class VigiCell:
    """Wires settings, release and ledger to the routes, once a worker."""

    release = StoredRelease(RELEASE_TAG)

    def __init__(self) -> None:
        settings = Settings.from_environment(os.environ)
        place = settings.release or (self.release and Path(self.release.path))
        release = with_site_tiers(load_release(place), settings.cut_offs) if place else None
        self._guard = guard_of(settings)
        self._desk = Desk(
            release,
            Ledger(settings.ledger),
            demo=settings.demo,
            site=site_mapping_of(settings),
            plan=settings.plan,
        )
        api.body_limit_bytes = settings.body_limit_bytes
        api.language = settings.language
        api.desk = self._desk
        api.feed = Feed(self._desk, Shifts(settings.shift_starts, settings.time_zone))
        post.guard = self._guard

    def __is_ready__(self) -> bool:
        """Whether an answer could be given and recorded now."""
        return self._desk.ready()

    @bentoml.on_shutdown
    def close(self) -> None:
        """Take no more requests and close the ledger."""
        post.guard = api.desk = api.feed = None
        self._desk.close()
        self._guard.close()


VigiCell.add_asgi_middleware(Doorway)  # type: ignore[attr-defined]  # made a Service above
VigiCell.add_asgi_middleware(Gate, post=post)  # type: ignore[attr-defined]  # as above
