"""Where a ledger lies: a SQLite file, or a PostgreSQL database by its URL.

A URL may hold a password, so no message of the ledger repeats a place.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from features.errors import LedgerError

_BUSY_SECONDS = 5.0
_SILENCE_MS = 10_000  # after which a server that no longer acknowledges counts as lost
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
_SQLITE_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 4000",  # pages: one answer in 400 waits for it, not one in 100
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is erased is overwritten in the file
)
# A server may be told to confirm before anything is on its disk; an answer may not.
_POSTGRES_SETTINGS = (
    f"SET lock_timeout = '{_BUSY_SECONDS:g}s'",
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'",
)


def is_url(place: str | Path) -> bool:
    """Whether a place is a database by URL, not a file."""
    return isinstance(place, str) and "://" in place


def engine_for(place: str | Path) -> Engine:
    """Return an engine whose every connection waits for the disk; nothing is opened yet.

    Raises
    ------
    LedgerError
        For a URL that is none of PostgreSQL.
    """
    return _postgres(_url(str(place))) if is_url(place) else _sqlite(Path(place))


def is_file(engine: Engine) -> bool:
    """Whether the ledger is a file of ours, not a server's database."""
    return engine.dialect.name == "sqlite"


def file_of(engine: Engine) -> Path:
    """Return the file of a SQLite ledger."""
    return Path(str(engine.url.database))


def make_file(path: Path) -> None:
    """Make a SQLite file that only its owner may read: it holds patient data."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def code_of(error: BaseException) -> str:
    """Return the database's own code of an error; its text may hold what was to be written."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__}{f' {code}' if code else ''}"


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _POSTGRES or not url.database:
        # Raised outside of the handler: the reason holds the URL.
        raise LedgerError(
            "VIGICELL_LEDGER is no address of a PostgreSQL database. Legal is a path of a file, or "
            "postgresql://USER@HOST/DATABASE (the password may stand in ~/.pgpass). Mend it."
        )
    return url.set(drivername="postgresql+psycopg")


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        paramstyle="named",
        hide_parameters=True,  # an error's text would hold patients' data
        connect_args={
            "timeout": _BUSY_SECONDS, "isolation_level": None, "check_same_thread": False,
        },
    )  # fmt: skip

    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        for setting in _SQLITE_SETTINGS:
            connection.execute(setting)

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # The driver begins nothing by itself, so that a writer can ask for the pen at once.
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _postgres(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was started again is found again
        isolation_level="READ COMMITTED",  # a waiting writer reads the head that the other wrote
        connect_args={"connect_timeout": int(_BUSY_SECONDS), "tcp_user_timeout": _SILENCE_MS},
    )

    def prepare(connection: Any, _: Any) -> None:
        for setting in _POSTGRES_SETTINGS:
            connection.execute(setting)
        connection.commit()

    event.listen(engine, "connect", prepare)
    return engine
