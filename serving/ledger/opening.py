"""Opening a ledger: made when absent, migrated when older, refused when it is none or newer."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from features.errors import LedgerError
from serving.ledger import chain, place, tables

_FIRST_VERSION = 1  # the only one that was written without a table of its version
_LOCK = 0x56434C31  # of this project among the advisory locks of a database
_ATTEMPTS, _PAUSE_SECONDS = 100, 0.05
_VERSION_TABLE = "alembic_version"


def opened(where: str | Path) -> Engine:
    """Open a ledger at its present version.

    Of two processes that open an absent or older ledger together, one makes or migrates it.

    Raises
    ------
    LedgerError
        When it cannot be opened, is no ledger, or is of a newer version.
    """
    engine = place.engine_for(where)
    try:
        if place.is_file(engine):
            place.make_file(place.file_of(engine))
        if version_of(engine) != tables.VERSION:
            _bring_up_to_date(engine)
        _keep_a_log_beside(engine)
    except (OSError, SQLAlchemyError, sqlite3.Error) as reason:
        engine.dispose()
        raise LedgerError(
            f"The ledger cannot be opened ({place.code_of(reason)}). Set VIGICELL_LEDGER to a "
            "file in a directory that this user may write, on a disk with room, or to a "
            "PostgreSQL database that answers."
        ) from None
    except BaseException:
        engine.dispose()
        raise
    return engine


def _keep_a_log_beside(engine: Engine) -> None:
    """Switch to write-ahead logging; SQLite does not wait for another that opens, so this does."""
    with engine.connect() as connection:
        for patience in range(_ATTEMPTS, -1, -1):
            try:
                on_driver(connection, "PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if not patience:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return


def version_of(engine: Engine) -> int:
    """Return the version of a ledger, 0 where there is nothing yet.

    Raises
    ------
    LedgerError
        When there is something else, or a newer ledger.
    """
    with engine.begin() as connection:  # one view: another process may be making the tables
        return _version(connection)


def _version(connection: Connection) -> int:
    names = inspect(connection).get_table_names()
    if not names:
        return 0
    found = _recorded_version(connection, names)
    if found is None or "entry" not in names:
        raise LedgerError(
            "This is a database that holds something else, no ledger. Name another ledger."
        )
    if found > tables.VERSION:
        raise LedgerError(
            f"The ledger has version {found}; this service reads up to {tables.VERSION}. "
            "Start the newer service, or name another ledger."
        )
    return found


def _recorded_version(connection: Connection, names: list[str]) -> int | None:
    if connection.dialect.name == "sqlite":
        application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        if application != tables.APPLICATION_ID:
            return None
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if _VERSION_TABLE not in names:
        return None
    found = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608 - our own name
    return int(found) if found is not None and str(found).isdecimal() else None


def _bring_up_to_date(engine: Engine) -> None:
    with _alone(engine) as connection:
        version = _version(connection)  # again: another process may have done it meanwhile
        if version == 0:
            _make(connection)
        elif version < tables.VERSION:
            _keep_a_copy(engine, version)
            _migrate(connection, version)
        if connection.dialect.name == "sqlite":
            # Tells an older service, which knows no other mark, to keep its hands off.
            connection.exec_driver_sql(f"PRAGMA application_id = {tables.APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {tables.VERSION}")


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that no other one that opens can share."""
    with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection:
        if connection.dialect.name == "sqlite":
            on_driver(connection, "PRAGMA foreign_keys = OFF")  # tables are rebuilt
        with connection.begin():
            if connection.dialect.name != "sqlite":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield connection
        connection.invalidate()  # its settings are not those of the others


def on_driver(connection: Connection, statement: str) -> None:
    """Run what SQLite accepts outside of a transaction only."""
    raw = connection.connection.driver_connection
    if isinstance(raw, sqlite3.Connection):
        raw.execute(statement).fetchall()


def _make(connection: Connection) -> None:
    tables.create_all(connection)
    first = {"only": 1, "position": 0, "digest": chain.FIRST, "rule": chain.FIRST_RULE}
    connection.execute(insert(tables.HEAD), first)
    connection.execute(
        text(f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(
        text(f"INSERT INTO {_VERSION_TABLE} (version_num) VALUES (:version)"),  # noqa: S608 - our own name
        {"version": str(tables.VERSION)},
    )


def _migrate(connection: Connection, version: int) -> None:
    from alembic import command  # only where a migration is due: it slows every other start
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "serving.ledger:migrations")
    config.attributes["connection"] = connection
    if version == _FIRST_VERSION:
        command.stamp(config, str(_FIRST_VERSION))
    command.upgrade(config, str(tables.VERSION))


def _keep_a_copy(engine: Engine, version: int) -> None:
    """Copy an older SQLite ledger beside it before anything in it is changed."""
    if not place.is_file(engine):
        return
    path = place.file_of(engine)
    copy_file(engine, path.with_name(f"{path.name}.version-{version}"))


def copy_file(engine: Engine, copy: Path) -> None:
    """Copy a SQLite ledger that is in use, whole or not at all; readable by its owner only."""
    unfinished = copy.with_name(f".{copy.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    place.make_file(unfinished)
    try:
        source, target = sqlite3.connect(place.file_of(engine)), sqlite3.connect(unfinished)
        try:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        finally:
            source.close()
            target.close()
        unfinished.replace(copy)
    finally:
        with suppress(OSError):
            unfinished.unlink()
