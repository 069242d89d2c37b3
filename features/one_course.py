"""One course, as a request tells it, in the arrays that a whole cohort takes too."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from features.arrays import (
    GRADED,
    INPUT_CODES,
    INPUT_NAMES,
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
    return CourseArrays(
        1,
        {name: _floats([course.get(name)]) for name in NUMBERS_READ},
        {name: [course.get(name)] for name in WORDS_READ},
        _readings_said(measurements, resolution),
        _gradings_said(grades, resolution),
        *_treatments_said(treatments, resolution),
    )


def _readings_said(
    rows: Iterable[tuple[str, float, float | None, float | str]], resolution: str
) -> Readings:
    names, days, knowns, found = _columns(rows, 4)
    codes = [_input_code(name) for name in names]
    values = [
        _rank(INPUT_NAMES[code], one) if isinstance(one, str) else one
        for code, one in zip(codes, found, strict=True)
    ]
    day = _floats(days)
    known_day = _known(day, knowns, resolution)
    return readings_of(_of_one(day), _codes(codes), day, known_day, _floats(values))


def _gradings_said(
    rows: Iterable[tuple[str, float, float | None, float]], resolution: str
) -> GradeRows:
    toxicities, days, knowns, grades = _columns(rows, 4)
    codes = [_toxicity_code(name) for name in toxicities]
    day = _floats(days)
    known_day = _known(day, knowns, resolution)
    return gradings_of(_of_one(day), _codes(codes), day, known_day, _floats(grades))


def _treatments_said(
    rows: Iterable[tuple[str, float, float | None, float | None]], resolution: str
) -> tuple[TreatmentRows, TreatedDays]:
    agents, starts, stops, knowns = _columns(rows, 4)
    start = _floats(starts)
    known_day = _known(start, knowns, resolution)
    return treatments_of(_of_one(start), agents, start, _floats(stops), known_day, resolution)


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    listed = list(rows)
    return list(zip(*listed, strict=True)) if listed else [()] * width


def _of_one(rows: Floats) -> Integers:
    return np.zeros(len(rows), dtype=np.int64)


def _codes(codes: Sequence[int]) -> Integers:
    return np.array(codes, dtype=np.int64)


def _floats(values: Iterable[Any]) -> Floats:
    return np.array([np.nan if one is None else one for one in values], dtype=np.float64)


def _known(day: Floats, known_days: Sequence[float | None], resolution: str) -> Floats:
    known = _floats(known_days)
    return np.where(np.isnan(known), happened_at(day, resolution), known)


def _input_code(name: str) -> int:
    if name not in INPUT_CODES:
        raise CohortError(f"input {name!r} is not known; see features/inputs.py for the names.")
    return INPUT_CODES[name]


def _toxicity_code(name: str) -> int:
    return GRADED.index(name) if name in GRADED else -1


def _rank(name: str, text: str) -> float:
    levels = INPUTS[name].levels
    if text not in levels:
        legal = ", ".join(levels) or "a number"
        raise CohortError(f"{name} holds a text that is no level of it; legal: {legal}.")
    return float(levels[text])
