"""An append-only file of JSON lines in which every line carries the hash of the one before it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.errors import ReleaseError

FIRST = "0" * 64


def append_entry(path: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Append an entry and return it with its `previous` and `hash`.

    The file is locked while it is read and written, so that two writers make one chain.

    Raises
    ------
    ReleaseError
        Where the chain so far does not verify: nothing is added to a broken chain.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as lines:
        fcntl.flock(lines, fcntl.LOCK_EX)
        lines.seek(0)
        entries = _verified(path, lines.read())
        chained = dict(entry) | {"previous": entries[-1]["hash"] if entries else FIRST}
        chained["hash"] = _hash(chained)
        lines.write(json.dumps(chained, ensure_ascii=False, sort_keys=True) + "\n")
        lines.flush()
        os.fsync(lines.fileno())
    return chained


def read_entries(path: Path) -> list[dict[str, Any]]:
    """Return the entries, oldest first; none where there is no file.

    Raises
    ------
    ReleaseError
        Where a line was edited, removed or added by hand.
    """
    return _verified(path, path.read_text(encoding="utf-8")) if path.exists() else []


def _verified(path: Path, text: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    previous = FIRST
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            entry = json.loads(line)
            sound = entry["previous"] == previous and entry["hash"] == _hash(entry)
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            raise ReleaseError(
                f"{path.name}, line {number}, does not follow from the line before it: the record "
                "was edited. Restore it from a backup; do not mend it by hand."
            )
        entries.append(entry)
        previous = entry["hash"]
    return entries


def _hash(entry: Mapping[str, Any]) -> str:
    signed = {key: value for key, value in entry.items() if key != "hash"}
    text = json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
