"""The ledger as version 1 wrote it: what migrations start from, what speed is compared with."""

import hashlib
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

_TABLES = """
BEGIN EXCLUSIVE;
CREATE TABLE IF NOT EXISTS entry (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id TEXT NOT NULL UNIQUE,
    written_at TEXT NOT NULL,
    release TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    predictors_digest TEXT NOT NULL,
    answer_digest TEXT NOT NULL,
    previous TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS payload (
    position INTEGER PRIMARY KEY REFERENCES entry (position),
    request BLOB NOT NULL,
    predictors BLOB NOT NULL,
    answer BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS entry_is_never_changed BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_never_removed BEFORE DELETE ON entry
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS payload_is_never_changed BEFORE UPDATE ON payload
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS payload_is_never_removed BEFORE DELETE ON payload
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
PRAGMA application_id = 1447250993;
PRAGMA user_version = 1;
COMMIT;
"""


class FirstLedger:
    """Appends answers, one commit an answer."""

    def __init__(self, path: Path) -> None:
        path.touch(0o600)
        self._lock = threading.Lock()
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.executescript(_TABLES)

    def append(
        self, entry_id: str, release: str, request: bytes, predictors: bytes, answer: bytes
    ) -> None:
        payload = (request, predictors, answer)
        with self._lock:
            self.connection.execute("BEGIN IMMEDIATE")
            last = self.connection.execute(
                "SELECT digest FROM entry ORDER BY position DESC LIMIT 1"
            ).fetchone()
            fields = (
                entry_id,
                datetime.now(UTC).isoformat(timespec="microseconds"),
                release,
                *[hashlib.sha256(part).hexdigest() for part in payload],
                last[0] if last else "0" * 64,
            )
            written = self.connection.execute(
                "INSERT INTO entry (entry_id, written_at, release, request_digest,"
                " predictors_digest, answer_digest, previous, digest)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*fields, hashlib.sha256("\n".join(fields).encode()).hexdigest()),
            )
            self.connection.execute(
                "INSERT INTO payload (position, request, predictors, answer) VALUES (?, ?, ?, ?)",
                (written.lastrowid, *payload),
            )
            self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


def a_first_ledger(path: Path, answers: int) -> Path:
    """Write so many answers as version 1 did."""
    ledger = FirstLedger(path)
    for number in range(answers):
        ledger.append(f"id-{number}", "r" * 64, b"request %d" % number, b"{}", b"a %d" % number)
    ledger.close()
    return path
