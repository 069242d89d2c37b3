"""The only place where predictors are made, for training and serving alike.

:func:`feature_matrix` reads a cohort, :func:`features_of_course` one course of a request and
:func:`features_of_courses` those of several. All hand blocks of courses to the same summaries, and
a course gives the same bits alone and among others.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features import summaries
from features.arrays import (
    CATEGORY_FACTS,
    NUMERIC_FACTS,
    CourseArrays,
    Floats,
)
from features.blocks import arrays_by_block
from features.columns import (
    COLUMNS,
    LOG10_FACTS,
    Description,
    describe,
)
from features.errors import CohortError
from features.inputs import COURSE_FIELDS
from features.one_course import Said, course_arrays, courses_arrays
from features.predictors import PredictorSet, default_predictors
from features.product_facts import one_hot
from features.tables import Cohort

__all__ = [
    "CourseArrays",
    "Description",
    "PredictorSet",
    "Said",
    "course_arrays",
    "courses_arrays",
    "default_predictors",
    "describe",
    "feature_matrix",
    "features_of_course",
    "features_of_courses",
]

_READING_SUMMARIES = {
    "last": summaries.last,
    "max": summaries.highest,
    "min": summaries.lowest,
    "change": summaries.change,
    "slope": summaries.slope,
    "hours_since": summaries.hours_since,
}
_LOGGED = [NUMERIC_FACTS.index(name) for name in LOG10_FACTS]
_LEVELS = {name: tuple(map(str, COURSE_FIELDS[name].legal)) for name in CATEGORY_FACTS}
_WIDTHS = Counter(column.family for column in COLUMNS.values())


def feature_matrix(
    cohort: Cohort, landmarks: pd.DataFrame, predictors: PredictorSet
) -> pd.DataFrame:
    """Return the predictors of each landmark, from what was known at its instant.

    Parameters
    ----------
    cohort : Cohort
    landmarks : DataFrame
        Columns `course_id` and `instant` (days); rows of :func:`features.questions.labels` do.
    predictors : PredictorSet
        Which columns.

    Returns
    -------
    DataFrame of float64, shape (len(landmarks), len(predictors.names()))
        In the order and with the index of `landmarks`; missing is NaN.

    Raises
    ------
    CohortError
        A landmark of a course that the cohort does not have.
    """
    names = predictors.names()
    filled = np.full((len(landmarks), len(names)), np.nan)
    course = pd.Index(cohort.courses["course_id"]).get_indexer(pd.Index(landmarks["course_id"]))
    if (course < 0).any():
        raise CohortError(
            f"{int((course < 0).sum())} landmarks are of courses that the cohort does not have. "
            "Make landmarks from this cohort's course_id."
        )
    instants = landmarks["instant"].to_numpy(dtype=np.float64)
    asked = np.unique(course)
    for codes, arrays in arrays_by_block(cohort, asked, predictors):
        rows = np.flatnonzero((course >= codes[0]) & (course <= codes[-1]))
        local = np.searchsorted(codes, course[rows])
        facts = _facts(arrays, predictors)
        for turn in _turns(local):
            at = np.full(arrays.n_courses, np.nan)
            at[local[turn]] = instants[rows[turn]]
            filled[rows[turn]] = _block(arrays, at, predictors, facts)[local[turn]]
    return pd.DataFrame(filled, columns=list(names), index=landmarks.index)


def features_of_course(
    arrays: CourseArrays, instants: Sequence[float] | Floats, predictors: PredictorSet
) -> Floats:
    """Return the predictors of one course at each of `instants`: the path without pandas.

    Parameters
    ----------
    arrays : CourseArrays
        Of one course, from :func:`features.one_course.course_arrays`.
    instants : sequence of float
        Days from infusion, see :func:`features.questions.landmark_instant`.

    Returns
    -------
    ndarray of shape (len(instants), len(predictors.names()))
        To the bit what :func:`feature_matrix` gives for this course.
    """
    facts = _facts(arrays, predictors)
    rows = [_block(arrays, np.array([float(at)]), predictors, facts) for at in instants]
    return np.concatenate(rows) if rows else np.zeros((0, len(predictors.names())))


def features_of_courses(
    arrays: CourseArrays, instants: Sequence[float] | Floats, predictors: PredictorSet
) -> Floats:
    """Return the predictors of several courses, each at an instant of its own.

    Parameters
    ----------
    arrays : CourseArrays
        From :func:`features.one_course.courses_arrays`.
    instants : sequence of float, one a course

    Returns
    -------
    ndarray of shape (arrays.n_courses, len(predictors.names()))
        To the bit what :func:`features_of_course` gives for each.
    """
    at = np.array(instants, dtype=np.float64)
    return _block(arrays, at, predictors, _facts(arrays, predictors))


def _turns(local: npt.NDArray[np.intp]) -> Iterator[npt.NDArray[np.intp]]:
    """Split landmarks so that every turn holds at most one of each course."""
    order = np.argsort(local, kind="stable")
    ordered = local[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    lengths = np.diff(np.concatenate((starts, [len(ordered)])))
    nth = np.arange(len(ordered)) - np.repeat(starts, lengths)
    for turn in range(int(nth.max()) + 1):
        yield order[nth == turn]


@lru_cache(maxsize=64)
def _places(names: tuple[str, ...]) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """Return the families of columns, and where each column stands in their blocks side by side."""
    families = tuple(dict.fromkeys(COLUMNS[name].family for name in names))
    begins, begin = {}, 0
    for family in families:
        begins[family] = begin
        begin += _WIDTHS[family]
    places = [begins[COLUMNS[name].family] + COLUMNS[name].position for name in names]
    return families, np.array(places, dtype=np.intp)


def _block(
    arrays: CourseArrays, at: Floats, predictors: PredictorSet, facts: Mapping[str, Floats]
) -> Floats:
    """Compute every family that is asked for, at one instant a course."""
    families, places = _places(predictors.names())
    if not families:
        return np.zeros((arrays.n_courses, 0))
    shown = summaries.seen(arrays, at)
    blocks = [
        facts[family] if family in facts else _family(family, arrays, at, shown)
        for family in families
    ]
    return np.take(np.concatenate(blocks, axis=1), places, axis=1)


def _family(family: str, arrays: CourseArrays, at: Floats, shown: summaries.Seen) -> Floats:
    if family.startswith("readings:"):
        return _READING_SUMMARIES[family.removeprefix("readings:")](shown)
    made: Floats
    match family:
        case "grades":
            made = summaries.grade_course(arrays, at)
        case "fever":
            made = summaries.fever(shown)
        case "treatments":
            made = summaries.treatments(arrays, at)
        case "marks":
            made = summaries.marks(arrays, shown)
        case "scores":
            made = summaries.scores(shown)
        case _:
            made = _days(arrays, at)
    return made


def _days(arrays: CourseArrays, at: Floats) -> Floats:
    """Return days since infusion and since the last dose; a dose to come is not known."""
    second = arrays.numbers["second_dose_day"]
    return np.stack([at, np.where(second <= at, at - second, at)], axis=1)


def _facts(arrays: CourseArrays, predictors: PredictorSet) -> dict[str, Floats]:
    """Return the families that do not depend on the landmark."""
    wanted, _ = _places(predictors.names())
    made = {}
    if "statics" in wanted:
        made["statics"] = _statics(arrays)
    if "product" in wanted:
        made["product"] = _product_facts(arrays, predictors)
    return made


def _statics(arrays: CourseArrays) -> Floats:
    numbers = np.array([arrays.numbers[name] for name in NUMERIC_FACTS]).T
    numbers[:, _LOGGED] = np.log10(np.maximum(numbers[:, _LOGGED], 1.0))
    categories = [
        np.array([one_hot(_text(word), levels) for word in arrays.words[name]])
        for name, levels in _LEVELS.items()
    ]
    return np.concatenate([numbers, *categories], axis=1)


def _product_facts(arrays: CourseArrays, predictors: PredictorSet) -> Floats:
    pairs = zip(arrays.words["product"], arrays.words["diagnosis"], strict=True)
    return np.array([predictors.product_row(_text(name), _text(what)) for name, what in pairs])


def _text(word: Any) -> str | None:
    return word if isinstance(word, str) else None
