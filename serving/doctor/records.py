"""Where answers are recorded: the ledger, its disk, and the clock that dates its entries."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from serving.doctor.finding import Finding
from serving.ledger import Ledger
from serving.ledger.opening import version_of
from serving.ledger.place import engine_for
from serving.ledger.tables import VERSION
from serving.settings import Settings

LAST_ENTRIES = 10_000
_LEAST_BYTES, _SCARCE_BYTES = 200 * 2**20, 5 * 2**30
_SKEW = timedelta(minutes=1)


def ledger_holds(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Check that the ledger can be written and that its end is unbroken."""
    if not _exists(settings):
        yield _not_yet(settings.ledger)
        return
    if not _answers(settings):
        yield Finding.fail(
            "ledger",
            "it does not answer, so nothing will be answered. Is its database running, and are "
            "address, user and password right?",
        )
        return
    if not _is_present(settings):
        yield Finding.warn(
            "ledger",
            "it is older than this service. The next start carries it forward and leaves a copy of "
            "a file beside it; `python -m serving ledger upgrade` does so now.",
        )
        return
    with closing(Ledger(settings.ledger)) as ledger:
        if not ledger.writable():
            yield Finding.fail(
                "ledger", "it cannot be written, so nothing is answered. Check rights and disk."
            )
        verdict = ledger.verify(last=LAST_ENTRIES)
    if verdict.holds:
        yield Finding.ok("ledger", f"writable, {verdict.entries} entries, the end of it holds")
    else:
        yield Finding.fail(
            "ledger",
            f"the chain is broken at entry {verdict.broken_at}: {verdict.reason}. Keep it as it "
            "is, and compare it with a backup.",
        )


def disk_has_room(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Check the disks of the ledger and of our folder."""
    places = [settings.home]
    if isinstance(settings.ledger, Path):
        places.append(settings.ledger.parent)
    free = min(shutil.disk_usage(_nearest(place)).free for place in places)
    room = f"{free / 2**30:.1f} GB are free"
    if free < _LEAST_BYTES:
        yield Finding.fail("disk", f"{room}. A full disk means no answers: make room.")
    elif free < _SCARCE_BYTES:
        yield Finding.warn("disk", f"{room}. One answer takes about 40 kB: make room in time.")
    else:
        yield Finding.ok("disk", room)


def clock_is_right(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Hold the clock of this machine against the last entry, and show the time of the ward."""
    now = datetime.now(UTC)
    ward = now.astimezone(ZoneInfo(settings.time_zone)).strftime("%Y-%m-%d %H:%M")
    last = _last_written(settings)
    if last is not None and last > now + _SKEW:
        yield Finding.fail(
            "clock",
            f"the last entry is dated {last - now} later than now: this clock is behind, or that "
            "of another service is ahead. Set them by a time server.",
        )
    else:
        yield Finding.ok("clock", f"on the ward it is {ward} ({settings.time_zone}): is it?")


def _last_written(settings: Settings) -> datetime | None:
    if not _exists(settings) or not _answers(settings) or not _is_present(settings):
        return None
    with closing(Ledger(settings.ledger)) as ledger:
        last = next(ledger.after(ledger.head() - 1), None)
    return None if last is None else last.written_at


def _exists(settings: Settings) -> bool:
    return not isinstance(settings.ledger, Path) or settings.ledger.is_file()


def _answers(settings: Settings) -> bool:
    engine = engine_for(settings.ledger)
    try:
        with engine.connect():
            return True
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()


def _is_present(settings: Settings) -> bool:
    engine = engine_for(settings.ledger)
    try:
        return version_of(engine) in (0, VERSION)
    finally:
        engine.dispose()


def _not_yet(ledger: Path | str) -> Finding:
    folder = _nearest(Path(ledger).parent)
    if os.access(folder, os.W_OK | os.X_OK):
        return Finding.ok("ledger", f"none yet; the first start makes {ledger}")
    return Finding.fail(
        "ledger", f"none yet, and {folder} cannot be written. Name another one: VIGICELL_LEDGER."
    )


def _nearest(place: Path) -> Path:
    """Return a folder, or the nearest above it that is there already."""
    return next(one for one in (place, *place.parents) if one.is_dir())
