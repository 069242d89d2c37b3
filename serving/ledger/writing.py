"""Writing: one transaction takes the pen, reads the head, and appends to the chain.

The statements are SQLAlchemy's, compiled once and run on the driver's own connection: an answer
waits for every one of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from features.errors import LedgerError
from serving.ledger import chain, place
from serving.ledger.entry import Entry
from serving.ledger.tables import ENTRY, HEAD, PAYLOAD

Row = dict[str, Any]
_LOCKED_HEAD = select(HEAD.c.position, HEAD.c.digest).with_for_update()
# SQLite has no FOR UPDATE, and BEGIN IMMEDIATE takes the pen before the head is read.


class EntryRefused(LedgerError):
    """The database refuses the entry itself, as a rule because its id exists already."""


class Pen:
    """Appends entries to the chain; safe between processes, for one thread at a time.

    Parameters
    ----------
    engine : Engine
        Of the ledger. One connection of it is kept.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: Any = None
        self._closed = False
        driver: Any = engine.dialect.loaded_dbapi
        self._refusals = (driver.IntegrityError, driver.DataError)
        self._errors = (driver.Error, SQLAlchemyError)
        dialect = engine.dialect
        moved = ["position", "digest", "rule"]
        self._read_head = str(_LOCKED_HEAD.compile(dialect=dialect))
        self._insert_entry = str(insert(ENTRY).compile(dialect=dialect))
        self._insert_payload = str(insert(PAYLOAD).compile(dialect=dialect))
        self._move_head = str(update(HEAD).compile(dialect=dialect, column_keys=moved))

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Append entries in one transaction; return their positions, in order.

        Raises
        ------
        LedgerError
            When they cannot be written. Then none of them is; only where a server was lost while
            it was confirming may they stand in the ledger all the same.
        """
        try:
            cursor, position, digest = self._begun()
            rows = _chained(entries, position, digest)
            payloads = [_payload(one, row) for one, row in zip(entries, rows, strict=True)]
            _each(cursor, self._insert_entry, rows)
            _each(cursor, self._insert_payload, payloads)
            cursor.execute(self._move_head, head_at(rows[-1]))
            self._kept.commit()
        except self._refusals as reason:
            self._undo()
            _fail(EntryRefused, reason)
        except self._errors as reason:
            self._undo()
            _fail(LedgerError, reason)
        except BaseException:
            self._undo()
            raise
        return [row["position"] for row in rows]

    def close(self) -> None:
        """Give the connection back, for good."""
        self._closed = True
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _begun(self) -> tuple[Any, int, str]:
        try:
            return self._begin()
        except self._errors:
            if not self._lost():
                raise
        self._undo()  # the server was started again; nothing was asked of it yet
        return self._begin()

    def _begin(self) -> tuple[Any, int, str]:
        if self._closed:
            raise LedgerError("The ledger is closed: the service is stopping. Ask again.")
        if self._kept is None:
            self._kept = self._engine.raw_connection()
        cursor = self._kept.driver_connection.cursor()
        if place.is_file(self._engine):
            cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(self._read_head)
        return cursor, *cursor.fetchone()

    def _lost(self) -> bool:
        return bool(getattr(getattr(self._kept, "driver_connection", None), "closed", False))

    def _undo(self) -> None:
        if self._kept is None:
            return
        with suppress(*self._errors):
            if not self._lost():
                self._kept.rollback()
                return
        with suppress(*self._errors):
            self._kept.invalidate()
            self._kept.close()
        self._kept = None


@contextmanager
def holding_the_pen(engine: Engine) -> Iterator[tuple[Connection, int]]:
    """Yield a transaction in which nobody else appends, and the position of the last entry.

    Raises
    ------
    LedgerError
        When the ledger cannot be written.
    """
    try:
        with (
            engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection,
            connection.begin(),
        ):
            yield connection, connection.execute(_LOCKED_HEAD).one().position
    except SQLAlchemyError as reason:
        _fail(LedgerError, reason)


def _fail(kind: type[LedgerError], reason: BaseException) -> NoReturn:
    # Without its cause, whose text may hold what was to be written.
    raise kind(
        "The answer could not be recorded and is therefore not given "
        f"({place.code_of(reason)}). Check the disk or the database of the ledger, then ask again."
    ) from None


def _each(cursor: Any, statement: str, rows: list[Row]) -> None:
    if len(rows) == 1:
        cursor.execute(statement, rows[0])  # without what the driver prepares for many
    else:
        cursor.executemany(statement, rows)


def _chained(entries: Sequence[Entry], position: int, digest: str) -> list[Row]:
    rows: list[Row] = []
    for one in entries:
        position += 1
        rows.append(_row(one, position, digest))
        digest = rows[-1]["digest"]
    return rows


def _row(one: Entry, position: int, previous: str) -> Row:
    row: Row = {
        "position": position,
        "entry_id": one.entry_id,
        "kind": one.kind.value,
        "subject": one.subject,
        "who": one.who,
        "written_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "release": one.release,
        "request_digest": chain.sha256(one.request),
        "predictors_digest": chain.sha256(one.predictors),
        "answer_digest": chain.sha256(one.answer),
        "rule": chain.RULE,
        "previous": previous,
    }
    row["digest"] = chain.digest_of(row)
    return row


def _payload(one: Entry, row: Row) -> Row:
    return {
        "position": row["position"],
        "request": one.request,
        "predictors": one.predictors,
        "answer": one.answer,
        "erasure": None,
    }


def head_at(last: Row) -> Row:
    """Return the head where this entry is the last."""
    return {name: last[name] for name in ("position", "digest", "rule")}
