"""What answers in one worker, wired together: settings, release, ledger, routes and guard."""

import gc
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from serving.answer import Desk
from serving.api import build_api
from serving.feed import AlertBudget, Feed, Shifts
from serving.ledger import Ledger
from serving.logs import log_event, log_to_stderr
from serving.opening import guard_of, loaded, stored_release
from serving.release_watch import ReleaseWatch
from serving.settings import Settings, site_mapping_of


class Opened:
    """Everything that a worker opens, and closes again.

    Parameters
    ----------
    stored : Path or None
        Where the release lies that BentoML found in its store.

    Raises
    ------
    SettingsError, ReleaseError, ModelFormatError, LedgerError
        Where something of it cannot be opened; then the worker does not start.
    """

    def __init__(self, stored: Path | None) -> None:
        log_to_stderr()
        settings = Settings.from_environment(os.environ)
        place = settings.release or stored
        self.guard = guard_of(settings)
        self._desk = Desk(
            loaded(place, settings) if place else None,
            Ledger(settings.ledger),
            demo=settings.demo,
            site=site_mapping_of(settings),
            plan=settings.plan,
            limits=settings.limits_status,
        )
        where = _place_to_watch(settings.release, stored)
        self._watch = ReleaseWatch(self._desk, where, partial(loaded, settings=settings))
        self._watch.start()
        self.api = build_api()
        self.api.body_limit_bytes = settings.body_limit_bytes
        self.api.line_limit_bytes = settings.line_limit_bytes
        self.api.language = settings.language
        self.api.desk = self._desk
        self.api.feed = Feed(
            self._desk,
            Shifts(settings.shift_starts, settings.time_zone),
            AlertBudget(settings.alerts_per_100_patient_days, settings.alerts_per_week),
        )
        gc.collect()
        gc.freeze()  # what is loaded stays; no later collection walks through it again
        log_event("started", release=self._desk.panel.version[:16], demonstration=settings.demo)

    def ready(self) -> bool:
        """Whether a request could be answered and recorded now."""
        return self._desk.ready()

    def close(self) -> None:
        """Take no more requests and close the ledger."""
        self._watch.stop()
        self.api.desk = self.api.feed = None
        self._desk.close()
        self.guard.close()
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
