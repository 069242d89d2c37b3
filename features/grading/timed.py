"""Two questions to many courses at many instants: what was noted last, and how much runs now.

Rows become visible at an instant of their own, which may be later than the day they are about.
Instants are compared by their rank among all instants, so no sum of days can blur them.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class _Keys:
    """Rows ordered by course and instant, to be searched by both."""

    def __init__(self, course: Integers, instant: Floats) -> None:
        self._instants = np.unique(instant)
        self._n = len(self._instants) + 1
        self.order = np.lexsort((instant, course))
        key = course * self._n + np.searchsorted(self._instants, instant) + 1
        self._keys = key[self.order]

    def up_to(self, course: Integers, at: Floats) -> Integers:
        """Return how many rows come before or at `at` in the courses up to `course`."""
        code = np.searchsorted(self._instants, at, side="right")
        return np.searchsorted(self._keys, course * self._n + code, side="right")

    def before(self, course: Integers) -> Integers:
        """Return how many rows stand in earlier courses."""
        return np.searchsorted(self._keys, course * self._n, side="left")


class LastNoted:
    """The row with the latest day among those visible; at a tie the most severe.

    Parameters
    ----------
    course : ndarray of int, shape (n,)
    day : ndarray of float, shape (n,)
        When the finding was made.
    visible : ndarray of float, shape (n,)
        From when on it may be read, not before `day`.
    severity : ndarray of float, shape (n,), optional
        Decides between rows of one day.
    """

    def __init__(
        self, course: Integers, day: Floats, visible: Floats, severity: Floats | None = None
    ) -> None:
        self._day = day
        if not len(day):
            return
        tie = np.zeros(len(day)) if severity is None else severity
        self._row_of_rank = np.lexsort((tie, day, course))
        rank = np.empty(len(day), dtype=np.int64)
        rank[self._row_of_rank] = np.arange(len(day))
        self._keys = _Keys(course, visible)
        # Ranks of a later course are all higher, so the running maximum never looks back into one.
        self._best = np.maximum.accumulate(rank[self._keys.order])

    def at(self, course: Integers, at: Floats, within_days: float = np.inf) -> Integers:
        """Return row numbers, -1 where nothing visible is `within_days` or less old."""
        if not len(self._day):
            return np.full(len(course), -1, dtype=np.int64)
        place = self._keys.up_to(course, at)
        found = place > self._keys.before(course)
        rows = np.full(len(course), -1, dtype=np.int64)
        rows[found] = self._row_of_rank[self._best[place[found] - 1]]
        rows[found] = np.where(self._day[rows[found]] >= at[found] - within_days, rows[found], -1)
        return rows


def visible_after(
    course: Integers, day: Floats, visible: Floats, of_course: Integers, start: Floats
) -> Floats:
    """Return when the first row made later than `start` became visible, infinite without one."""
    if not len(day) or not len(start):
        return np.full(len(start), np.inf)
    keys = _Keys(course, day)
    rank = np.empty(len(day), dtype=np.int64)
    by_visible = np.lexsort((visible, course))
    rank[by_visible] = np.arange(len(day))
    # Ranks of an earlier course are all lower, so the minimum from the end never looks on into one.
    first = np.minimum.accumulate(rank[keys.order][::-1])[::-1]
    place = keys.up_to(of_course, start)
    found = place < keys.before(of_course + 1)
    made = np.full(len(start), np.inf)
    made[found] = visible[by_visible[first[place[found]]]]
    return made


class RunningNow:
    """The sum of the weights of the intervals [begin, end) that hold an instant.

    Parameters
    ----------
    course : ndarray of int, shape (n,)
    begin, end : ndarray of float, shape (n,)
        ``end`` may be infinite; an interval that ends before it begins never runs.
    weight : ndarray of float, shape (n,), optional
        One each, unless given.
    """

    def __init__(
        self, course: Integers, begin: Floats, end: Floats, weight: Floats | None = None
    ) -> None:
        each = np.ones(len(begin)) if weight is None else weight
        self._any = len(begin) > 0
        if not self._any:
            return
        runs = end > begin
        stops = runs & np.isfinite(end)
        instant = np.concatenate([begin[runs], end[stops]])
        change = np.concatenate([each[runs], -each[stops]])
        self._keys = _Keys(np.concatenate([course[runs], course[stops]]), instant)
        self._sums = np.concatenate([[0.0], np.cumsum(change[self._keys.order])])

    def at(self, course: Integers, at: Floats) -> Floats:
        """Return the sums."""
        if not self._any:
            return np.zeros(len(course))
        here = self._sums[self._keys.up_to(course, at)] - self._sums[self._keys.before(course)]
        return np.asarray(here, dtype=np.float64)


class RunningSince:
    """When the stretch began that holds an instant: intervals [begin, end) that follow on another.

    Parameters
    ----------
    course : ndarray of int, shape (n,)
    begin, end : ndarray of float, shape (n,)
        ``end`` may be infinite; an interval that ends before it begins never runs.
    lasting : float
        So long, in days, an interval holds on after its end: the next may follow within it.
    """

    def __init__(self, course: Integers, begin: Floats, end: Floats, lasting: float) -> None:
        runs = end > begin
        course, begin, end = course[runs], begin[runs], end[runs] + lasting
        order = np.lexsort((begin, course))
        course, begin, end = course[order], begin[order], end[order]
        rank = np.empty(len(end), dtype=np.int64)
        by_end = np.lexsort((end, course))
        rank[by_end] = np.arange(len(end))
        # Ranks of a later course are all higher, so the running maximum never looks back into one.
        latest = end[by_end[np.maximum.accumulate(rank)]] if len(end) else end
        new = np.ones(len(end), dtype=bool)
        new[1:] = (course[1:] != course[:-1]) | (begin[1:] > latest[:-1])
        last = np.append(np.flatnonzero(new)[1:], len(end)) - 1
        self._begin, self._end = begin[new], latest[last] if len(end) else end
        self._keys = _Keys(course[new], self._begin)

    def at(self, course: Integers, at: Floats) -> Floats:
        """Return the beginnings, NaN where nothing runs."""
        found = np.full(len(course), np.nan)
        if not len(self._begin):
            return found
        place = self._keys.up_to(course, at)
        begun = np.flatnonzero(place > self._keys.before(course))
        stretch = place[begun] - 1  # stretches are in order of course and begin already
        runs = at[begun] < self._end[stretch]
        found[begun[runs]] = self._begin[stretch[runs]]
        return found


def together(parts: Sequence[tuple[Integers, Floats]]) -> tuple[Integers, Floats]:
    """Return the distinct pairs of course and instant of several lists, in order."""
    course = np.concatenate([one for one, _ in parts])
    instant = np.concatenate([one for _, one in parts])
    order = np.lexsort((instant, course))
    course, instant = course[order], instant[order]
    new = np.ones(len(course), dtype=bool)
    new[1:] = (course[1:] != course[:-1]) | (instant[1:] != instant[:-1])
    return course[new], instant[new]
