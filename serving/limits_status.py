"""How far the limits written beforehand are: reports of `training evaluate --answers --json`.

They are shown as they were written. Whoever turns a model on reads them; nothing here decides.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.replies import LimitsStatus

MOST_BYTES = 4 * 1024 * 1024


def limits_of(place: Path | None, model: str) -> LimitsStatus | None:
    """Return the newest report about a model, by its digest, ``None`` without one.

    Parameters
    ----------
    place : Path or None
        One report, or a folder of them.
    """
    found = [
        (path.stat().st_mtime, path, report)
        for path in _files(place)
        if (report := _report(path)) is not None and report.get("model") == model
    ]
    if not found:
        return None
    written, path, report = max(found, key=lambda one: one[0])
    when = datetime.fromtimestamp(written, UTC).isoformat(timespec="seconds")
    return LimitsStatus(file=path.name, written=when, report=report)


def _files(place: Path | None) -> list[Path]:
    if place is None:
        return []
    return sorted(place.glob("*.json")) if place.is_dir() else [place]


def _report(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None  # being written, or something else
    return content if isinstance(content, dict) and "verdict" in content else None
