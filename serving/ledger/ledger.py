"""The ledger as the rest of the service sees it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from features.errors import LedgerError
from serving.ledger import copies, erasing, reading, verifying
from serving.ledger.entry import Entry, Kind, Recorded
from serving.ledger.group_commit import GroupCommit
from serving.ledger.opening import opened
from serving.ledger.verifying import Verdict
from serving.ledger.writing import Pen, holding_the_pen


class Ledger:
    """An append-only record, safe to share between threads, processes and services.

    Parameters
    ----------
    where : Path or str
        A SQLite file, made when absent and readable by its owner only; or
        ``postgresql://USER@HOST/DATABASE``. An older ledger is migrated, after a copy of the file
        was made beside it.

    Raises
    ------
    LedgerError
        When it cannot be opened, is no ledger, or is of a newer version. So does every method when
        the ledger cannot be read or written.
    """

    def __init__(self, where: Path | str) -> None:
        self._engine = opened(where)
        self._pen = Pen(self._engine)
        self._group = GroupCommit(self._pen.append)
        self._closed = False

    def append(self, *entries: Entry) -> list[int]:
        """Write entries, all or none; return their positions once they are on the disk.

        Entries of one call follow each other. Calls of several threads share a wait for the disk.

        Raises
        ------
        EntryRefused
            When an id exists already; of two services that write one id, one is told so.
        """
        return self._group.append(entries) if entries else []

    def head(self) -> int:
        """Return the position of the last entry, 0 in an empty ledger."""
        with reading.reading(self._engine) as connection:
            return int(reading.head(connection)["position"])

    def read(self, entry_id: str) -> Recorded | None:
        """Return the entry under an id, ``None`` for an unknown one."""
        with reading.reading(self._engine) as connection:
            return reading.by_id(connection, entry_id)

    def answer(self, entry_id: str) -> bytes | None:
        """Return the answer recorded under an id, ``None`` for an unknown or erased one."""
        found = self.read(entry_id)
        return None if found is None or found.erased else found.answer

    def of_subject(self, subject: str, *kinds: Kind) -> list[Recorded]:
        """Return the entries about a course or an answer, in order; of some kinds, or of all."""
        with reading.reading(self._engine) as connection:
            return reading.of_subject(connection, subject, kinds)

    def latest(self, *kinds: Kind, subject: str | None = None) -> Recorded | None:
        """Return the last entry of some kinds, about one subject or about any."""
        with reading.reading(self._engine) as connection:
            return reading.latest(connection, kinds, subject)

    def after(self, position: int = 0, *kinds: Kind) -> Iterator[Recorded]:
        """Yield the entries behind a position, in order; of some kinds, or of all."""
        return reading.in_order(self._engine, position, kinds)

    def writable(self) -> bool:
        """Whether an entry could be written now; nothing is left behind by the trial."""
        if self._closed:
            return False
        try:
            with holding_the_pen(self._engine):
                return True
        except LedgerError:
            return False

    def verify(self, last: int | None = None) -> Verdict:
        """Walk the chain, or the last entries of it, and recompute every digest."""
        return verifying.verify(self._engine, last)

    def erase(self, before: datetime, reason: str, who: str) -> int:
        """Erase the payloads written before an instant; return how many.

        What is erased is gone from this ledger, not from its backups.
        """
        return erasing.erase(self._engine, self._group.append, before, reason, who)

    def backup(self, path: Path) -> Verdict:
        """Write a copy into a new SQLite file, while the ledger is in use; return its verdict."""
        return copies.backup(self._engine, path)

    def restore(self, path: Path) -> Verdict:
        """Fill this ledger, which must be empty, with a backup that verifies."""
        return copies.restore(self._engine, path)

    def close(self) -> None:
        """Close it; what was appended is on the disk already."""
        self._closed = True
        self._pen.close()
        self._engine.dispose()
