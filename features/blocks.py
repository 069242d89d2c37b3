"""A cohort's tables as blocks of sorted arrays, so that memory does not grow with the cohort."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import (
    GRADED,
    INPUT_CODES,
    NUMBERS_READ,
    WORDS_READ,
    CourseArrays,
    Floats,
    Integers,
    gradings_of,
    readings_of,
    treatments_of,
)
from features.follow_up import grades_of_one_system
from features.inputs import INPUTS
from features.predictors import PredictorSet
from features.tables import Cohort

READINGS_PER_BLOCK = 200_000
"""Large enough that calls do not count, small enough to stay in the processor's cache."""


def arrays_by_block(
    cohort: Cohort, asked: npt.NDArray[np.intp], predictors: PredictorSet
) -> Iterator[tuple[npt.NDArray[np.intp], CourseArrays]]:
    """Yield blocks of the courses `asked` (rising row numbers of ``cohort.courses``) as arrays.

    Yields
    ------
    courses : ndarray of int
        The row numbers of the block's courses.
    arrays : CourseArrays
    """
    tables = _CodedTables(cohort, asked, predictors)
    for low, high in tables.bounds():
        yield asked[low:high], tables.block(low, high)


class _CodedTables:
    """The tables of a cohort with ids as numbers, ordered by course."""

    def __init__(
        self, cohort: Cohort, asked: npt.NDArray[np.intp], predictors: PredictorSet
    ) -> None:
        self.resolution = cohort.manifest.resolution
        self.courses = cohort.courses.iloc[asked]
        self.ids = pd.Index(self.courses["course_id"])
        self._read_measurements(cohort.measurements, predictors.inputs_read())
        self._read_grades(grades_of_one_system(cohort))
        self._read_treatments(cohort.treatments)

    def _codes(self, column: "pd.Series[str]") -> Integers:
        """Return the position of each id among the asked courses, -1 for any other."""
        codes, uniques = pd.factorize(column)
        places = np.append(self.ids.get_indexer(pd.Index(uniques)), -1)
        return places[codes].astype(np.int64)

    def _read_measurements(self, rows: pd.DataFrame, needed: frozenset[str]) -> None:
        course = self._codes(rows["course_id"])
        codes, names = pd.factorize(rows["input"])
        known = [INPUT_CODES[name] if name in needed else -1 for name in names]
        code = np.array([*known, -1], dtype=np.int64)[codes]
        order = _by_course(course, (course >= 0) & (code >= 0))
        self.m_course, self.m_code = course[order], code[order]
        self.m_day = _numbers(rows["day"])[order]
        self.m_known = _numbers(rows["known_day"])[order]
        self.m_value = _values(rows, code)[order]

    def _read_grades(self, rows: pd.DataFrame) -> None:
        course = self._codes(rows["course_id"])
        order = _by_course(course, course >= 0)
        toxicity = pd.Index(GRADED).get_indexer(pd.Index(rows["toxicity"]))
        self.g_course, self.g_toxicity = course[order], toxicity[order].astype(np.int64)
        self.g_day = _numbers(rows["day"])[order]
        self.g_known = _numbers(rows["known_day"])[order]
        self.g_grade = _numbers(rows["grade"])[order]

    def _read_treatments(self, rows: pd.DataFrame) -> None:
        course = self._codes(rows["course_id"])
        order = _by_course(course, course >= 0)
        self.t_course = course[order]
        self.t_agent = rows["agent"].to_numpy(dtype=object)[order]
        self.t_start = _numbers(rows["start_day"])[order]
        self.t_stop = _numbers(rows["stop_day"])[order]
        self.t_known = _numbers(rows["known_day"])[order]

    def bounds(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of courses that hold about :data:`READINGS_PER_BLOCK` readings each."""
        n = len(self.ids)
        if not n:
            return
        counts = np.bincount(self.m_course, minlength=n)
        # A course weighs something without readings too: its rows of grades and columns.
        block = np.cumsum(counts + 100) // READINGS_PER_BLOCK
        starts = np.flatnonzero(np.diff(block, prepend=-1))
        yield from zip(starts.tolist(), [*starts[1:].tolist(), n], strict=True)

    def block(self, low: int, high: int) -> CourseArrays:
        """Return the courses from `low` up to `high`, sorted."""
        m = _rows_of(self.m_course, low, high)
        g = _rows_of(self.g_course, low, high)
        t = _rows_of(self.t_course, low, high)
        courses = self.courses.iloc[low:high]
        return CourseArrays(
            high - low,
            {name: _numbers(courses[name]) for name in NUMBERS_READ},
            {name: courses[name].tolist() for name in WORDS_READ},
            readings_of(
                self.m_course[m] - low,
                self.m_code[m],
                self.m_day[m],
                self.m_known[m],
                self.m_value[m],
            ),
            gradings_of(
                self.g_course[g] - low,
                self.g_toxicity[g],
                self.g_day[g],
                self.g_known[g],
                self.g_grade[g],
            ),
            *treatments_of(
                self.t_course[t] - low,
                self.t_agent[t].tolist(),
                self.t_start[t],
                self.t_stop[t],
                self.t_known[t],
                self.resolution,
            ),
        )


def _by_course(course: Integers, kept: npt.NDArray[np.bool_]) -> Integers:
    rows = np.flatnonzero(kept)
    chosen = course[rows]
    if (chosen[1:] >= chosen[:-1]).all():
        return rows
    return rows[np.argsort(chosen, kind="stable")]


def _rows_of(course: Integers, low: int, high: int) -> slice:
    first, end = np.searchsorted(course, (low, high))
    return slice(int(first), int(end))


def _values(rows: pd.DataFrame, code: Integers) -> Floats:
    """Return the numbers, and the rank of the level where an input holds text."""
    value = _numbers(rows["value"])
    for name, one in INPUTS.items():
        if not one.is_text:
            continue
        mine = np.flatnonzero((code == INPUT_CODES[name]) & np.isnan(value))
        if len(mine):
            ranks = rows["text"].iloc[mine].astype(object).map(one.levels)
            value[mine] = ranks.to_numpy(dtype=np.float64, na_value=np.nan)
    return value


def _numbers(column: "pd.Series[float]") -> Floats:
    return np.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
