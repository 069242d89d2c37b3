"""Erasing payloads under retention: the chain keeps that they were there, and who erased them."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, null, select, update

from features.errors import LedgerError
from serving.ledger import place
from serving.ledger.chain import payload_misfit
from serving.ledger.entry import NEVER_ERASED, Entry, Kind
from serving.ledger.opening import on_driver
from serving.ledger.reading import ROWS, Row, head, reading, rows_of
from serving.ledger.tables import ENTRY, PAYLOAD
from serving.ledger.writing import holding_the_pen

_CHUNK = 1000  # positions visited in one transaction: who writes meanwhile waits for it


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an entry of kind ``erasure`` covers: payloads written before an instant.

    Attributes
    ----------
    at : int
        Its own position; it covers what stands before it.
    before : str
        The instant, written as entries write theirs.
    """

    at: int
    before: str

    def covers(self, row: Row) -> bool:
        """Whether the payload of an entry may be gone by this erasure."""
        return bool(
            row["position"] < self.at
            and row["written_at"] < self.before
            and row["kind"] not in NEVER_ERASED
        )


def erasure_at(connection: Connection, position: int) -> Erasure | None:
    """Return the erasure at a position, ``None`` when something else stands there."""
    for row in rows_of(connection, ROWS.where(ENTRY.c.position == position)):
        if row["kind"] == Kind.ERASURE and not payload_misfit(row):
            return Erasure(position, json.loads(row["request"])["before"])
    return None


def erase(
    engine: Engine,
    append: Callable[[Sequence[Entry]], list[int]],
    before: datetime,
    reason: str,
    who: str,
) -> int:
    """Erase the payloads written before an instant; return how many.

    The erasure is appended to the chain first, then payloads go, a thousand positions at a time, so
    that who answers meanwhile waits for a moment only. One that was interrupted is finished by the
    next.

    Raises
    ------
    LedgerError
        When nobody or no reason is named, the instant has no time zone or lies in the future, or
        the ledger cannot be written.
    """
    _require_sense(before, reason, who)
    instant = before.astimezone(UTC).isoformat(timespec="microseconds")
    with reading(engine) as connection:
        last = int(head(connection)["position"])
        due = connection.execute(select(func.count()).select_from(_due(instant).subquery()))
        nothing = due.scalar_one() == 0
    erased = 0
    if not nothing:
        body = json.dumps({"before": instant, "reason": reason}, ensure_ascii=False).encode()
        one = Entry(secrets.token_urlsafe(16), request=body, kind=Kind.ERASURE, who=who)
        (at,) = append([one])
        for low in range(0, last, _CHUNK):
            erased += _erase_between(engine, low, min(low + _CHUNK, last), instant, at)
    _overwrite_the_log(engine)
    return erased


def _require_sense(before: datetime, reason: str, who: str) -> None:
    if not reason.strip() or not who.strip():
        raise LedgerError("An erasure needs a person and a reason. Name both.")
    if before.tzinfo is None or before > datetime.now(UTC):
        raise LedgerError(
            "An erasure needs an instant with its time zone, not in the future. Name one, for "
            "instance 2026-03-01T00:00:00+08:00."
        )


def _due(before: str) -> Select[Any]:
    return (
        select(ENTRY.c.position)
        .join(PAYLOAD, PAYLOAD.c.position == ENTRY.c.position)
        .where(
            ENTRY.c.written_at < before,
            ENTRY.c.kind.not_in(NEVER_ERASED),
            PAYLOAD.c.erasure.is_(None),
        )
    )


def _erase_between(engine: Engine, low: int, high: int, before: str, at: int) -> int:
    due = _due(before).where(ENTRY.c.position > low, ENTRY.c.position <= high)
    gone = {"request": null(), "predictors": null(), "answer": null(), "erasure": at}
    with holding_the_pen(engine) as (connection, _):
        statement = update(PAYLOAD).where(PAYLOAD.c.position.in_(due)).values(gone)
        return int(connection.execute(statement).rowcount)


def _overwrite_the_log(engine: Engine) -> None:
    """Empty SQLite's write-ahead log: what was erased may still stand in it.

    A long reader delays this to the next checkpoint. PostgreSQL frees the space at its next vacuum.
    """
    if place.is_file(engine):
        with reading(engine) as connection:
            on_driver(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
