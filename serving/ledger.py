"""The record of every answer given: append-only, chained, written before the answer is returned.

Each entry's digest covers the digest of the entry before it, so that an edit, a removal or an
insertion breaks the chain from there on. The chain holds digests of the payloads (request,
predictor vectors, answer), not the payloads themselves: these lie in a second table.
"""

import hashlib
import os
import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from features.errors import LedgerError

_FIRST = "0" * 64  # what the first entry follows
_BUSY_SECONDS = 5.0
_APPLICATION_ID = 0x56434C31  # "VCL1": tells a ledger from any other SQLite file
_VERSION = 1

_TABLES = f"""
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
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer as it is recorded: what was asked, what the models read, what was said.

    Attributes
    ----------
    entry_id : str
        Random; under it the answer can be found again.
    release : str
        Digest of the release that answered, empty where there was none.
    request, predictors, answer : bytes
        The body as it came, the predictor vectors, the body as it was returned.
    """

    entry_id: str
    release: str
    request: bytes
    predictors: bytes
    answer: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds.

    Attributes
    ----------
    entries : int
        How many entries were found in order.
    broken_at : int or None
        Position of the first entry that does not fit, ``None`` when all do.
    reason : str
        What does not fit, empty when all does.
    """

    entries: int
    broken_at: int | None = None
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether no edit and no gap was found."""
        return self.broken_at is None


class Ledger:
    """An append-only SQLite file, safe to share between threads and processes.

    Parameters
    ----------
    path : Path
        Made when absent, readable by its owner only.

    Raises
    ------
    LedgerError
        When the file cannot be opened, is no ledger, or is of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._connection = _open(path)
        except (OSError, sqlite3.Error) as reason:
            raise LedgerError(
                f"The ledger cannot be opened ({type(reason).__name__}). Set VIGICELL_LEDGER to a "
                "file in a directory that this user may write, on a disk with room."
            ) from reason

    def append(self, entry: Entry) -> None:
        """Write one entry; after return it is on the disk.

        Raises
        ------
        LedgerError
            When it cannot be written; then nothing of it is.
        """
        with self._lock:
            try:
                # Takes the write lock before the last digest is read: a chain has one writer.
                self._connection.execute("BEGIN IMMEDIATE")
                _insert(self._connection, entry)
                self._connection.execute("COMMIT")
            except sqlite3.Error as reason:
                raise LedgerError(
                    "The answer could not be recorded and is therefore not given "
                    f"({type(reason).__name__}). Check the disk of the ledger, then ask again."
                ) from reason
            finally:
                _undo(self._connection)

    def answer(self, entry_id: str) -> bytes | None:
        """Return the answer recorded under an id, or ``None`` for an unknown one."""
        with self._lock:
            row = self._connection.execute(
                "SELECT answer FROM payload JOIN entry USING (position) WHERE entry_id = ?",
                (entry_id,),
            ).fetchone()
        return None if row is None else bytes(row[0])

    def writable(self) -> bool:
        """Whether an entry could be written now; nothing is left behind by the trial."""
        try:
            with self._lock:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            return False
        return True

    def verify(self) -> Verdict:
        """Walk the chain from its start and recompute every digest."""
        with self._lock:
            return _walk(self._connection)

    def close(self) -> None:
        """Close the file; what was appended is on the disk already."""
        with self._lock:
            self._connection.close()


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # patient data: for its owner only
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _refuse_what_is_no_ledger(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            connection.executescript(_TABLES)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_what_is_no_ledger(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")  # one view of all three: another process may be making the tables
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("COMMIT")
    if tables and application != _APPLICATION_ID:
        raise LedgerError(
            "The file that VIGICELL_LEDGER names is a database, but no ledger. Name another file."
        )
    if version > _VERSION:
        raise LedgerError(
            f"The ledger has version {version}; this service reads up to {_VERSION}. "
            "Start the newer service, or name another file."
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _chained(fields: tuple[str, ...]) -> str:
    # No field holds a line break, so no two lists of fields give the same text.
    return _sha256("\n".join(fields).encode())


def _insert(connection: sqlite3.Connection, entry: Entry) -> None:
    last = connection.execute("SELECT digest FROM entry ORDER BY position DESC LIMIT 1").fetchone()
    fields = (
        entry.entry_id,
        datetime.now(UTC).isoformat(timespec="microseconds"),
        entry.release,
        _sha256(entry.request),
        _sha256(entry.predictors),
        _sha256(entry.answer),
        last[0] if last else _FIRST,
    )
    written = connection.execute(
        "INSERT INTO entry (entry_id, written_at, release, request_digest, predictors_digest,"
        " answer_digest, previous, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*fields, _chained(fields)),
    )
    connection.execute(
        "INSERT INTO payload (position, request, predictors, answer) VALUES (?, ?, ?, ?)",
        (written.lastrowid, entry.request, entry.predictors, entry.answer),
    )


def _undo(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.ProgrammingError):  # a closed connection has nothing to undo
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _walk(connection: sqlite3.Connection) -> Verdict:
    previous, count = _FIRST, 0
    rows = connection.execute(
        "SELECT position, entry_id, written_at, release, request_digest, predictors_digest,"
        " answer_digest, previous, digest, request, predictors, answer"
        " FROM entry LEFT JOIN payload USING (position) ORDER BY position"
    )
    for position, *fields, digest, request, predictors, answer in rows:
        reason = _misfit(position, count, fields, previous, digest)
        reason = reason or _payload_misfit(fields, (request, predictors, answer))
        if reason:
            return Verdict(count, position, reason)
        previous, count = digest, count + 1
    return _end(connection, count)


def _misfit(position: int, count: int, fields: list[str], previous: str, digest: str) -> str:
    if position != count + 1:
        return "entries before it are missing"
    if fields[-1] != previous:
        return "it does not follow the entry before it"
    if _chained(tuple(fields)) != digest:
        return "it was changed"
    return ""


def _payload_misfit(fields: list[str], payload: tuple[bytes | None, ...]) -> str:
    recorded = fields[3:6]
    for content, digest in zip(payload, recorded, strict=True):
        if content is None:
            return "its payload is missing"
        if _sha256(content) != digest:
            return "its payload was changed"
    return ""


def _end(connection: sqlite3.Connection, count: int) -> Verdict:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()
    last = row[0] if row else 0
    if last > count:  # removed from the end: no later entry could tell
        return Verdict(count, count + 1, "entries after it were removed")
    return Verdict(count)
