"""The BentoML service: which release answers, where answers are recorded, whether it is ready.

BentoML keeps ``/healthz``, ``/livez`` and ``/readyz``; ``/metrics`` and every ``/v1`` route belong
to the mounted app of :mod:`serving.api`; :mod:`serving.doorway` keeps everything else shut.
"""

import gc
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from features.telemetry import switch_off_telemetry

switch_off_telemetry()  # BentoML reads the switch when it is imported

import bentoml  # noqa: E402 - only after the switch
from bentoml.images import Image  # noqa: E402 - only after the switch
from bentoml.models import BentoModel  # noqa: E402 - only after the switch

from features.errors import ReleaseError  # noqa: E402 - only after the switch
from models.release import load_release  # noqa: E402 - only after the switch
from serving.answer import Desk  # noqa: E402 - only after the switch
from serving.api import build_api  # noqa: E402 - only after the switch
from serving.doorway import Doorway  # noqa: E402 - only after the switch
from serving.ledger import Ledger  # noqa: E402 - only after the switch
from serving.logs import log_event, log_to_stderr  # noqa: E402 - only after the switch
from serving.opening import RELEASE_TAG, stored_release  # noqa: E402 - only after the switch
from serving.release_watch import ReleaseWatch  # noqa: E402 - only after the switch
from serving.settings import DEFAULT_HOST, DEFAULT_PORT, Settings, site_mapping_of  # noqa: E402 - as above

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


@bentoml.service(
    name="vigicell",
    workers=1,
    http={"host": DEFAULT_HOST, "port": DEFAULT_PORT},
    traffic={"timeout": 60},
    logging={"access": {"enabled": False}},  # no path reaches a log
    metrics={"enabled": False},  # nor a measure: the server's own count by path
    image=Image(lock_python_packages=False).python_packages(*_RUNTIME),
)
@bentoml.asgi_app(api, path="/")
class VigiCell:
    """Wires settings, release and ledger to the routes, once a worker."""

    release = StoredRelease(RELEASE_TAG)

    def __init__(self) -> None:
        log_to_stderr()
        settings = Settings.from_environment(os.environ)
        stored = Path(self.release.path) if self.release else None
        place = settings.release or stored
        release = load_release(place) if place else None
        site = site_mapping_of(settings)
        self._desk = Desk(
            release, Ledger(settings.ledger), demo=settings.demo, site=site,
            limits=settings.limits_status,
        )  # fmt: skip
        self._watch = ReleaseWatch(self._desk, _place_to_watch(settings.release, stored))
        self._watch.start()
        api.body_limit_bytes = settings.body_limit_bytes
        api.desk = self._desk
        gc.collect()
        gc.freeze()  # what is loaded stays; no later collection walks through it again
        log_event("started", release=self._desk.panel.version[:16], demonstration=settings.demo)

    def __is_ready__(self) -> bool:
        """Whether a request could be answered and recorded now."""
        return self._desk.ready()

    @bentoml.on_shutdown
    def close(self) -> None:
        """Take no more requests and close the ledger; the server has let the last ones end."""
        self._watch.stop()
        api.desk = None
        self._desk.close()
        log_event("stopped")


def _place_to_watch(named: Path | None, stored: Path | None) -> Callable[[], Path | None]:
    """Return where the release that should answer lies, to be asked again and again.

    A bento that holds its release answers with that one until it is replaced itself.
    """
    newest = None if named else stored_release()
    if named is not None or stored != newest:
        return partial(_fixed, named or stored)
    return stored_release


def _fixed(place: Path | None) -> Path | None:
    return place


VigiCell.add_asgi_middleware(Doorway)  # type: ignore[attr-defined]  # made a Service above
