"""Grades at any number of instants: findings are assembled by course and instant, then graded.

Distinct findings are few, so each is graded once, by the same rules as a single one. Only what is
known at an instant is read, and nothing that was found before the infusion.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.clock import MOMENT
from features.grading.assumptions import LOOK_BACK_DAYS
from features.grading.graded import Graded
from features.grading.recorded import Findings, Floats, Integers, Recorded
from features.grading.timed import LastNoted

_FEW = 4


@dataclass(frozen=True, slots=True)
class Gradings:
    """Gradings by row: row i is ``distinct[code[i]]``."""

    code: Integers
    distinct: tuple[Graded, ...]

    def of(self, row: int) -> Graded:
        """Return the grading of one row."""
        return self.distinct[self.code[row]]

    def each(self, what: Callable[[Graded], Any]) -> npt.NDArray[Any]:
        """Return something of every row."""
        found = np.array([what(one) for one in self.distinct], dtype=object)
        return found[self.code] if len(found) else found


@dataclass(frozen=True, slots=True)
class Noted:
    """The last finding of an input at each instant: its value and day, NaN without one."""

    value: Floats
    day: Floats


class LastOf:
    """The last of some findings, by course and instant."""

    def __init__(self, rows: Findings, within_days: float) -> None:
        self._rows = rows.where(rows.day >= -MOMENT) if len(rows.day) else rows
        self._within = within_days
        self._last = LastNoted(
            self._rows.course, self._rows.day, self._rows.visible, self._rows.severity
        )

    def at(self, course: Integers, at: Floats) -> Noted:
        """Return what was last noted."""
        if not len(self._rows.day):
            nothing = np.full(len(at), np.nan)
            return Noted(nothing, nothing)
        row = self._last.at(course, at, self._within)
        found = row >= 0
        value, day = np.full(len(row), np.nan), np.full(len(row), np.nan)
        value[found], day[found] = self._rows.value[row[found]], self._rows.day[row[found]]
        return Noted(value, day)


def last_of(recorded: Recorded, name: str, *, lowest_counts: bool = False) -> LastOf:
    """Return the last findings of an input, within its look-back.

    At a tie the higher counts, or with `lowest_counts` the lower.
    """
    rows = recorded.findings(name)
    if lowest_counts:
        rows = Findings(rows.course, rows.day, rows.visible, rows.value, -rows.severity)
    return LastOf(rows, LOOK_BACK_DAYS[name])


def graded_once(
    keys: Mapping[str, npt.NDArray[Any]], grade: Callable[[dict[str, Any]], Graded]
) -> Gradings:
    """Grade every distinct row of `keys`, columns of numbers, once; NaN becomes None."""
    columns = [np.asarray(column, dtype=np.float64) for column in keys.values()]
    code, first = _distinct(columns)
    found = [
        [None if np.isnan(column[row]) else column[row] for column in columns] for row in first
    ]
    return Gradings(code, tuple(grade(dict(zip(keys, row, strict=True))) for row in found))


def _distinct(columns: Sequence[Floats]) -> tuple[Integers, Sequence[int] | Integers]:
    """Return the number of each row among the distinct ones, and where each is found first."""
    if len(columns[0]) <= _FEW:  # sorting so few costs more than grading each
        return np.arange(len(columns[0])), range(len(columns[0]))
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        level, place = np.unique(column, return_inverse=True)
        code = np.unique(code * (len(level) + 1) + place, return_inverse=True)[1]
    return code, np.unique(code, return_index=True)[1]
