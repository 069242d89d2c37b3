"""Courses, as requests tell them, in the arrays that a whole cohort takes too."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import nan
from typing import Any, NamedTuple

import numpy as np

from features.arrays import (
    GRADED,
    INPUT_CODES,
    NUMBERS_READ,
    WORDS_READ,
    CourseArrays,
    Floats,
    GradeRows,
    Integers,
    Readings,
    TreatedDays,
    TreatmentRows,
    gradings_of,
    readings_of,
    treatments_of,
)
from features.clock import happened_at
from features.errors import CohortError
from features.inputs import INPUTS


def course_arrays(
    course: Mapping[str, Any],
    measurements: Iterable[tuple[str, float, float | None, float | str]] = (),
    treatments: Iterable[tuple[str, float, float | None, float | None]] = (),
    grades: Iterable[tuple[str, float, float | None, float]] = (),
    *,
    resolution: str = "instant",
) -> CourseArrays:
    """Turn what a request says of one course into arrays.

    Parameters
    ----------
    course : mapping
        Field of :data:`features.inputs.COURSE_FIELDS` -> value; absent and None are missing.
        Facts that are learnt after infusion are not read.
    measurements : iterable of (input, day, known_day, value)
        Canonical input name and unit; for inputs with levels `value` is the level's text or rank.
    treatments : iterable of (agent, start_day, stop_day, known_day)
        `stop_day` None: support that goes on, or a single dose of a drug. A drug given over days,
        still running, is sent with `stop_day` at the landmark.
    grades : iterable of (toxicity, day, known_day, grade)
        Toxicities other than CRS and ICANS are not read.
    resolution : {"instant", "day"}
        As in a manifest. A `known_day` of None is the day itself, or its end for ``"day"``.

    Returns
    -------
    CourseArrays
        Of one course.

    Raises
    ------
    CohortError
        An input or a level that does not exist.
    """
    told: list[Any] = [
        (*row[:3], nan, row[3]) if isinstance(row[3], str) else (*row, None) for row in measurements
    ]
    return courses_arrays([Said(course, told, treatments, grades)], resolution=resolution)


class Said(NamedTuple):
    """What a request says of one course, as :func:`course_arrays` takes it.

    A measurement has five parts here: its value is not read where the last part, the text, is one.
    """

    course: Mapping[str, Any]
    measurements: Iterable[tuple[str, float, float | None, float, str | None]] = ()
    treatments: Iterable[tuple[str, float, float | None, float | None]] = ()
    grades: Iterable[tuple[str, float, float | None, float]] = ()


def courses_arrays(said: Sequence[Said], *, resolution: str = "instant") -> CourseArrays:
    """Turn what requests say of several courses into arrays, in their order.

    Raises
    ------
    CohortError
        As :func:`course_arrays`.
    """
    return CourseArrays(
        len(said),
        dict(zip(NUMBERS_READ, _numbers(said), strict=True)),
        {name: [one.course.get(name) for one in said] for name in WORDS_READ},
        _readings_said([one.measurements for one in said], resolution),
        _gradings_said([one.grades for one in said], resolution),
        *_treatments_said([one.treatments for one in said], resolution),
    )


def _numbers(said: Sequence[Said]) -> Floats:
    """Return the numbers of the courses themselves, shape (fields, courses)."""
    return _floats([[one.course.get(name) for one in said] for name in NUMBERS_READ])


def _readings_said(rows: Sequence[Iterable[tuple[Any, ...]]], resolution: str) -> Readings:
    course, (names, days, knowns, numbers, texts) = _columns(rows, 5)
    codes = _input_codes(names)
    values = numbers
    if texts.count(None) < len(texts):
        values = [
            number if text is None else _rank(name, text)
            for name, number, text in zip(names, numbers, texts, strict=True)
        ]
    day = _floats(days)
    known_day = _known(day, knowns, resolution)
    return readings_of(course, _codes(codes), day, known_day, _floats(values))


def _gradings_said(rows: Sequence[Iterable[tuple[Any, ...]]], resolution: str) -> GradeRows:
    course, (toxicities, days, knowns, grades) = _columns(rows, 4)
    codes = [_toxicity_code(name) for name in toxicities]
    day = _floats(days)
    known_day = _known(day, knowns, resolution)
    return gradings_of(course, _codes(codes), day, known_day, _floats(grades))


def _treatments_said(
    rows: Sequence[Iterable[tuple[Any, ...]]], resolution: str
) -> tuple[TreatmentRows, TreatedDays]:
    course, (agents, starts, stops, knowns) = _columns(rows, 4)
    start = _floats(starts)
    known_day = _known(start, knowns, resolution)
    return treatments_of(course, agents, start, _floats(stops), known_day, resolution)


def _columns(
    rows: Sequence[Iterable[tuple[Any, ...]]], width: int
) -> tuple[Integers, list[Sequence[Any]]]:
    """Return the number of the course of each row, and the columns of all rows."""
    listed = [list(own) for own in rows]
    course = np.repeat(np.arange(len(listed)), [len(own) for own in listed])
    together = list(chain.from_iterable(listed))
    return course, list(zip(*together, strict=True)) if together else [()] * width


def _codes(codes: Sequence[int]) -> Integers:
    return np.array(codes, dtype=np.int64)


def _floats(values: Sequence[Any]) -> Floats:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _known(day: Floats, known_days: Sequence[float | None], resolution: str) -> Floats:
    known = _floats(known_days)
    return np.where(np.isnan(known), happened_at(day, resolution), known)


def _input_codes(names: Sequence[str]) -> list[int]:
    try:
        return [INPUT_CODES[name] for name in names]
    except KeyError as unknown:
        raise CohortError(
            f"input {unknown} is not known; see features/inputs.py for the names."
        ) from None


def _toxicity_code(name: str) -> int:
    return GRADED.index(name) if name in GRADED else -1


def _rank(name: str, text: str) -> float:
    levels = INPUTS[name].levels
    if text not in levels:
        legal = ", ".join(levels) or "a number"
        raise CohortError(f"{name} holds a text that is no level of it; legal: {legal}.")
    return float(levels[text])
