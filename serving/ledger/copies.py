"""Backup and restore: a SQLite file that holds the same chain, whichever database keeps it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, update
from sqlalchemy.exc import SQLAlchemyError

from features.errors import LedgerError
from serving.ledger import place
from serving.ledger.opening import copy_file, on_driver, opened, version_of
from serving.ledger.reading import CHUNK, ROWS, Row, head, reading, rows_of
from serving.ledger.tables import ENTRY, HEAD, PAYLOAD, VERSION
from serving.ledger.verifying import Verdict, verify
from serving.ledger.writing import holding_the_pen


def backup(engine: Engine, path: Path) -> Verdict:
    """Write what the ledger holds now into a file, while it is in use; return what verifies there.

    Raises
    ------
    LedgerError
        When there is such a file already, or it cannot be written.
    """
    if path.exists():
        raise LedgerError("There is a file of that name already. Name a new one for the backup.")
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        copy_file(engine, unfinished) if place.is_file(engine) else _write_down(engine, unfinished)
        with _as_it_lies(unfinished) as copy:
            found = verify(copy)
        unfinished.rename(path)
    except OSError as reason:
        raise LedgerError(
            f"The backup cannot be written ({os.strerror(reason.errno or errno.EIO)}). Name a file "
            "on a disk with room."
        ) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return found


def restore(engine: Engine, path: Path) -> Verdict:
    """Fill an empty ledger with a backup; return what was found in the backup.

    Raises
    ------
    LedgerError
        When the ledger is not empty, the backup is none, is of another version or does not
        verify, or the ledger cannot be written. Then the ledger is as it was.
    """
    if not path.is_file():
        raise LedgerError("There is no such backup. Name a file that `ledger backup` wrote.")
    with _as_it_lies(path) as source:
        version = version_of(source)
        if version != VERSION:
            raise LedgerError(
                f"The backup has version {version}, this service {VERSION}. Run `python -m serving "
                "ledger upgrade --ledger FILE` on a copy of it, then restore the copy."
            )
        found = verify(source)
        if not found.holds:
            raise LedgerError(
                f"The backup is broken at entry {found.broken_at}: {found.reason}. Restore another."
            )
        with holding_the_pen(engine) as (connection, position):
            if position:
                raise LedgerError(
                    f"The ledger holds {position} entries already, and only an empty one can be "
                    "restored into. Name a new one with --ledger."
                )
            _copy(source, connection)
    return found


@contextmanager
def _as_it_lies(path: Path) -> Iterator[Engine]:
    """Yield a SQLite ledger without making, migrating or locking anything."""
    engine = place.engine_for(path)
    try:
        yield engine
    except SQLAlchemyError as reason:
        raise LedgerError(
            f"The backup cannot be read ({place.code_of(reason)}). Name a file that "
            "`ledger backup` wrote."
        ) from None
    finally:
        engine.dispose()


def _write_down(engine: Engine, path: Path) -> None:
    copy = opened(path)
    try:
        with holding_the_pen(copy) as (connection, _):
            _copy(engine, connection)
        with reading(copy) as connection:
            on_driver(connection, "PRAGMA journal_mode = DELETE")  # no log beside the file
    finally:
        copy.dispose()


def _copy(source: Engine, target: Connection) -> None:
    """Copy every row; the head of the copy is the later of both heads that were seen."""
    with reading(source) as connection:
        last = dict(head(connection))
    after, query = 0, ROWS.order_by(ENTRY.c.position).limit(CHUNK)
    while True:
        with reading(source) as connection:
            rows = rows_of(connection, query.where(ENTRY.c.position > after))
        if rows:
            _insert(target, rows)
            after = rows[-1]["position"]
        if len(rows) < CHUNK:
            break
    if rows and rows[-1]["position"] >= last["position"]:
        last = {name: rows[-1][name] for name in last}
    target.execute(update(HEAD).values(last))


def _insert(target: Connection, rows: list[dict[str, Any]]) -> None:
    target.execute(insert(ENTRY), [_of(ENTRY, row) for row in rows])
    held = [_of(PAYLOAD, row) for row in rows if row["held"] is not None]
    if held:
        target.execute(insert(PAYLOAD), held)


def _of(table: Table, row: Row) -> dict[str, Any]:
    return {column.name: row[column.name] for column in table.columns}
