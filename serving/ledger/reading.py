"""Reading: entries by id, by subject, by kind, and in order."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import SQLAlchemyError

from features.errors import LedgerError
from serving.ledger import place
from serving.ledger.chain import PAYLOAD as PARTS
from serving.ledger.entry import Kind, Recorded, Tombstone
from serving.ledger.tables import ENTRY, HEAD, PAYLOAD

CHUNK = 50
"""Rows in memory at a time: a payload may hold megabytes."""

ROWS: Select[Any] = select(
    ENTRY, PAYLOAD.c.position.label("held"), *[PAYLOAD.c[part] for part in PARTS], PAYLOAD.c.erasure
).outerjoin_from(ENTRY, PAYLOAD, PAYLOAD.c.position == ENTRY.c.position)
"""Every entry with its payload, if it has one; ``held`` is empty where it has none."""


Row = Mapping[str, Any]


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection; what goes wrong on it becomes a :class:`LedgerError`."""
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as reason:
        raise LedgerError(
            f"The ledger cannot be read ({place.code_of(reason)}). Check the disk or the database "
            "of the ledger, then ask again."
        ) from None


def head(connection: Connection) -> Row:
    """Return position, digest and rule of the last entry."""
    found = rows_of(connection, select(HEAD.c.position, HEAD.c.digest, HEAD.c.rule))
    return found[0] if found else {"position": 0, "digest": "", "rule": 0}


def rows_of(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    """Return the rows of a query by the names of their columns."""
    result = connection.execute(query)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def by_id(connection: Connection, entry_id: str) -> Recorded | None:
    """Return the entry under an id."""
    return _first(connection, ROWS.where(ENTRY.c.entry_id == entry_id))


def of_subject(connection: Connection, subject: str, kinds: Collection[Kind]) -> list[Recorded]:
    """Return the entries about a subject, in order."""
    return list(_recorded(connection, _about(subject, kinds).order_by(ENTRY.c.position)))


def latest(connection: Connection, kinds: Collection[Kind], subject: str | None) -> Recorded | None:
    """Return the last entry of some kinds, about a subject or about any."""
    if subject is not None:
        last = _about(subject, kinds).order_by(ENTRY.c.position.desc()).limit(1)
        return _first(connection, last)
    # Kind by kind: each is one step into the index, which no planner makes of a list of kinds.
    found = [
        _first(
            connection,
            ROWS.where(ENTRY.c.kind == kind).order_by(ENTRY.c.position.desc()).limit(1),
        )
        for kind in kinds
    ]
    return max((one for one in found if one), key=lambda one: one.position, default=None)


def in_order(engine: Engine, after: int, kinds: Collection[Kind]) -> Iterator[Recorded]:
    """Yield the entries behind a position, in order; no transaction stays open between them."""
    query = ROWS.order_by(ENTRY.c.position).limit(CHUNK)
    if len(kinds) == 1:
        query = query.where(ENTRY.c.kind == next(iter(kinds)))
    elif kinds:
        # Joined to a text, so that no planner takes the index of kinds: it would sort all of them
        # for every chunk, where the positions are in order already.
        query = query.where(ENTRY.c.kind.concat("").in_(sorted(kinds)))
    chunk: list[Recorded] = []
    while True:
        with reading(engine) as connection:
            chunk = list(_recorded(connection, query.where(ENTRY.c.position > after)))
        yield from chunk
        if len(chunk) < CHUNK:
            return
        after = chunk[-1].position


def _about(subject: str, kinds: Collection[Kind]) -> Select[Any]:
    query = ROWS.where(ENTRY.c.subject == subject)
    if not kinds:
        return query
    # Joined to a text, so that no planner takes the index of kinds: a subject has few entries.
    return query.where(ENTRY.c.kind.concat("").in_(sorted(kinds)))


def _first(connection: Connection, query: Select[Any]) -> Recorded | None:
    return next(_recorded(connection, query), None)


def _recorded(connection: Connection, query: Select[Any]) -> Iterator[Recorded]:
    @cache
    def tombstone(erasure: int) -> Tombstone:
        (row,) = rows_of(connection, ROWS.where(ENTRY.c.position == erasure))
        when = datetime.fromisoformat(row["written_at"])
        return Tombstone(when, json.loads(row["request"])["reason"], row["who"])

    for row in rows_of(connection, query):
        erasure = row["erasure"]
        yield _entry(row, None if erasure is None else tombstone(erasure))


def _entry(row: Row, erased: Tombstone | None) -> Recorded:
    try:
        kind = Kind(row["kind"])
    except ValueError:
        raise LedgerError(
            f"Entry {row['position']} is of a kind that this service does not know. Start the "
            "service that wrote it, or a newer one."
        ) from None
    if row["held"] is None:
        raise LedgerError(
            f"The payload of entry {row['position']} is missing and was not erased. Run "
            "`python -m serving ledger verify`, and restore a backup."
        )
    return Recorded(
        entry_id=row["entry_id"],
        release=row["release"],
        request=bytes(row["request"] or b""),
        predictors=bytes(row["predictors"] or b""),
        answer=bytes(row["answer"] or b""),
        kind=kind,
        subject=row["subject"],
        who=row["who"],
        position=row["position"],
        written_at=datetime.fromisoformat(row["written_at"]),
        digest=row["digest"],
        erased=erased,
    )
