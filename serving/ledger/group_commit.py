"""Group commit: what arrives while the disk is busy shares the next wait for the disk."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from features.errors import LedgerError
from serving.ledger.entry import Entry
from serving.ledger.writing import EntryRefused

Write = Callable[[Sequence[Entry]], list[int]]


@dataclass(slots=True)
class _Asked:
    """The entries of one caller, and how it went."""

    entries: Sequence[Entry]
    positions: list[int] | None = None
    failure: LedgerError | None = None

    @property
    def done(self) -> bool:
        return self.positions is not None or self.failure is not None


class GroupCommit:
    """Lets one of the threads that wait write for all of them.

    Parameters
    ----------
    write : callable
        Writes entries in one transaction; called by one thread at a time.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._turn = threading.Condition()
        self._waiting: list[_Asked] = []
        self._writing = False

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Return the positions of the entries once they are on the disk.

        Raises
        ------
        LedgerError
            When they could not be written.
        """
        mine = _Asked(entries)
        with self._turn:
            self._waiting.append(mine)
            while self._writing and not mine.done:
                self._turn.wait()
            group = [] if mine.done else self._take()
        if group:
            try:
                self._write_group(group)
            finally:
                self._hand_over(group)
        if mine.failure is not None:
            raise type(mine.failure)(str(mine.failure))  # one's own: a group shares its words
        return mine.positions or []

    def _take(self) -> list[_Asked]:
        self._writing = True
        group, self._waiting = self._waiting, []
        return group

    def _hand_over(self, group: Sequence[_Asked]) -> None:
        # Where the thread that writes was stopped, who waits for it must learn it.
        _tell([one for one in group if not one.done], LedgerError("Interrupted. Ask again."))
        with self._turn:
            self._writing = False
            self._turn.notify_all()

    def _write_group(self, group: Sequence[_Asked]) -> None:
        try:
            positions = iter(self._write([one for asked in group for one in asked.entries]))
        except EntryRefused as refused:
            self._write_singly(group, refused)
        except LedgerError as failure:
            _tell(group, failure)
        else:
            for asked in group:
                asked.positions = [next(positions) for _ in asked.entries]

    def _write_singly(self, group: Sequence[_Asked], refused: EntryRefused) -> None:
        """One caller's entry is not another's failure."""
        if len(group) == 1:
            _tell(group, refused)
            return
        for asked in group:
            self._write_group([asked])


def _tell(group: Sequence[_Asked], failure: LedgerError) -> None:
    for asked in group:
        asked.failure = failure
