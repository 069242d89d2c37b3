"""Which signed tokens were used already, shared by all workers on this machine.

Not synced to the disk: only a crash of the machine itself could forget one, and then for at most
the rest of its lifetime.
"""

import sqlite3
from hashlib import sha256
from pathlib import Path
from threading import Lock

from serving.access.refusals import CannotTell

_BUSY_SECONDS = 2.0
_PURGE_EVERY = 200  # tokens


class SeenTokens:
    """Remembers tokens until they have expired.

    Parameters
    ----------
    path : Path
        A SQLite file, made when absent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._since_purge = 0

    def is_new(self, issuer: str, token_id: str, expires: float, now: float) -> bool:
        """Remember a token; return whether it had not been seen.

        Raises
        ------
        CannotTell
            When it cannot be remembered: an unchecked token is not let in.
        """
        seen = sha256(f"{issuer}\0{token_id}".encode()).digest()
        with self._lock:
            try:
                return self._remember(seen, expires, now)
            except (sqlite3.Error, OSError):
                self._connection = None
                raise CannotTell(
                    "seen tokens", "The record of used tokens cannot be written"
                ) from None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _remember(self, seen: bytes, expires: float, now: float) -> bool:
        connection = self._connection or self._open()
        self._since_purge += 1
        if self._since_purge >= _PURGE_EVERY:
            self._since_purge = 0
            connection.execute("DELETE FROM seen WHERE expires < ?", (now,))
        made = connection.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (seen, expires))
        return made.rowcount == 1

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.touch(mode=0o600)
        made = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("PRAGMA synchronous = OFF")
        made.execute(
            "CREATE TABLE IF NOT EXISTS seen (id BLOB PRIMARY KEY, expires REAL NOT NULL)"
            " WITHOUT ROWID"
        )
        self._connection = made
        return made
