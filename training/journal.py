"""The journal of a search, as a process that was stopped in the middle of writing leaves it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

LONGEST_WRITE_SECONDS = 2.0  # an entry takes milliseconds; Optuna itself waits half a minute


def mend_after_a_stop(journal: Path) -> None:
    """Make a journal writable again, so that a killed search goes on; nothing where there is none.

    A killed process leaves its lock, and perhaps half a line, behind which the next entry would be
    written. Every beginning of an append-only journal is a journal: what is lost is searched again.
    """
    _drop_a_dead_lock(journal.with_name(f"{journal.name}.lock"))
    if journal.is_file():
        _cut_after_the_last_whole_line(journal)


def _drop_a_dead_lock(lock: Path) -> None:
    try:
        if time.time() - lock.lstat().st_mtime > LONGEST_WRITE_SECONDS:
            lock.unlink()
    except FileNotFoundError:
        return


def _cut_after_the_last_whole_line(journal: Path) -> None:
    content = journal.read_bytes()
    whole = 0
    for line in content.splitlines(keepends=True):
        if not _is_entry(line):
            break
        whole += len(line)
    if whole < len(content):
        os.truncate(journal, whole)


def _is_entry(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except ValueError:
        return False
