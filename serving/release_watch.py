"""A newer release is loaded beside the old one and takes its place between two requests.

Every worker looks for itself once a second: at the directory that VIGICELL_RELEASE names (which may
be a link that is set anew), else at the newest version in the model store. What cannot be trusted,
because it is half-written, changed or of a newer format, is refused with its reason, and the old
one goes on answering; it is tried again, since a copy may still be coming. What other services
decided about models, silent or live, is read in the same turn.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from features.errors import LedgerError, VigiCellError
from models.release import RECORD, load_release
from serving.answer import Desk
from serving.errors import log_unexpected
from serving.logs import log_event

EVERY_SECONDS = 1.0
TRIES_APART = 5
"""A refused release is tried again after so many looks."""

_SHORT = 16
Where = Callable[[], Path | None]
_Seen = tuple[str, int, int, int] | None


class ReleaseWatch:
    """Keeps a desk with the release that lies at a place.

    Parameters
    ----------
    desk : Desk
    where : callable
        Returns the directory of the release that should answer, ``None`` where there is none.
    """

    def __init__(self, desk: Desk, where: Where) -> None:
        self._desk = desk
        self._where = where
        self._seen = _seen(where())
        self._pause = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="release-watch", daemon=True)

    def start(self) -> None:
        """Look once a second until stopped."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; waits for a look that has begun."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> bool:
        """Look once; return whether another release answers now."""
        self._read_decisions()
        place = self._where()
        seen = _seen(place)
        if seen is None or place is None or (seen == self._seen and not self._again()):
            return False
        self._seen = seen
        try:
            release = load_release(place)
        except VigiCellError as reason:
            self._refuse(str(reason))
            return False
        self._pause = 0
        changed = release.digest != self._desk.panel.version
        if changed or self._desk.refused:
            self._desk.swap(release)
            log_event("release", release=release.digest[:_SHORT])
        return changed

    def _again(self) -> bool:
        """Whether a release that was refused is due for another try."""
        if self._pause:
            self._pause -= 1
            return self._pause == 0
        return False

    def _refuse(self, why: str) -> None:
        self._pause = TRIES_APART
        if self._desk.refused != why:
            self._desk.refuse(why)
            log_event("release_refused", logging.ERROR, why=why)

    def _read_decisions(self) -> None:
        try:
            self._desk.standing.refresh()
        except LedgerError:  # no answer can be recorded either; what was decided last holds
            return

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            try:
                self.look()
            except Exception as error:  # a look that failed is followed by the next
                log_unexpected(error)


def _seen(place: Path | None) -> _Seen:
    """Return what tells one release at a place from the next, without reading it."""
    if place is None:
        return None
    try:
        resolved = place.resolve()
        record = (resolved / RECORD).stat()
    except OSError:
        return None
    return str(resolved), record.st_ino, record.st_mtime_ns, record.st_size
