"""Verifying: every digest recomputed from the first entry to the head, a few rows at a time."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from serving.ledger import chain
from serving.ledger.erasing import Erasure, erasure_at
from serving.ledger.reading import CHUNK, ROWS, Row, head, reading, rows_of
from serving.ledger.tables import ENTRY

_BEFORE_THE_FIRST = {"position": 0, "digest": chain.FIRST, "rule": chain.FIRST_RULE}


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
    erased : int
        Of how many of them the payload was erased.
    """

    entries: int
    broken_at: int | None = None
    reason: str = ""
    erased: int = 0

    @property
    def holds(self) -> bool:
        """Whether no edit and no gap was found."""
        return self.broken_at is None


class _Walk:
    """Goes along the chain and remembers where it is."""

    def __init__(self) -> None:
        self.before: Row = _BEFORE_THE_FIRST
        self.erased = 0
        self._erasures: dict[int, Erasure | None] = {}

    def step(self, connection: Connection, row: Row) -> str:
        """Return what does not fit in the next entry; go on to it when all does."""
        reason = chain.misfit(row, self.before) or self._payload_misfit(connection, row)
        if not reason:
            self.before = {name: row[name] for name in _BEFORE_THE_FIRST}
            self.erased += row["erasure"] is not None
        return reason

    def start_behind(self, engine: Engine, last: int) -> None:
        """Stand before the last so many entries."""
        with reading(engine) as connection:
            before = head(connection)["position"] - last
            found = rows_of(connection, ROWS.where(ENTRY.c.position == before))
        if found:
            self.before = {name: found[0][name] for name in _BEFORE_THE_FIRST}

    def verdict(self, broken_at: int | None = None, reason: str = "") -> Verdict:
        return Verdict(self.before["position"], broken_at, reason, self.erased)

    def _payload_misfit(self, connection: Connection, row: Row) -> str:
        at = row["erasure"]
        if at is None:
            return chain.payload_misfit(row)
        if at not in self._erasures:
            self._erasures[at] = erasure_at(connection, at)
        erasure = self._erasures[at]
        if erasure is None or not erasure.covers(row):
            return "its payload was taken away, and no erasure says so"
        return ""


def verify(engine: Engine, last: int | None = None) -> Verdict:
    """Walk the chain; what is appended meanwhile is walked too.

    Parameters
    ----------
    last : int, optional
        Only so many entries at its end; the one before them is taken as it stands.

    Raises
    ------
    LedgerError
        When the ledger cannot be read.
    """
    walk = _Walk()
    if last is not None:
        walk.start_behind(engine, last)
    query = ROWS.order_by(ENTRY.c.position).limit(CHUNK)
    while True:
        with reading(engine) as connection:
            first_head = head(connection)
            found = rows_of(connection, query.where(ENTRY.c.position > walk.before["position"]))
            last_head = head(connection)
            for row in found:
                reason = walk.step(connection, row)
                if reason:
                    return walk.verdict(row["position"], reason)
        here = walk.before["position"]
        appended_meanwhile = first_head["position"] < here <= last_head["position"]
        if len(found) < CHUNK and not appended_meanwhile:
            return _end(walk, first_head)


def _end(walk: _Walk, last: Row) -> Verdict:
    here = walk.before
    if last["position"] > here["position"]:  # removed from the end: no later entry could tell
        return walk.verdict(here["position"] + 1, "entries after it were removed")
    if (last["position"], last["digest"]) != (here["position"], here["digest"]):
        return walk.verdict(here["position"], "it is not the entry that was written last")
    return walk.verdict()
