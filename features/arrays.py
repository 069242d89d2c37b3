"""Courses as plain arrays, sorted once, so that any number of landmarks can be read from them.

One course from a request and ten thousand from a cohort take the same form, :class:`CourseArrays`,
and go through the same summaries. Rows are put into an order that depends on their contents alone,
so the order in which they came can never reach a predictor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.clock import happened_at
from features.inputs import COURSE_FIELDS, INPUTS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

INPUT_NAMES = tuple(INPUTS)
INPUT_CODES = {name: code for code, name in enumerate(INPUT_NAMES)}
GRADED = ("CRS", "ICANS")

TREATMENTS: Mapping[str, tuple[str, ...]] = {
    "tocilizumab": ("tocilizumab",),
    "siltuximab": ("siltuximab",),
    "anakinra": ("anakinra",),
    "corticosteroid": ("corticosteroid",),
    "vasopressor": ("vasopressor", "vasopressin"),
    "oxygen": ("oxygen", "positive_pressure_ventilation", "intubation"),
    "ventilation": ("positive_pressure_ventilation", "intubation"),
    "platelet_transfusion": ("transfusion_platelets",),
    "red_cell_transfusion": ("transfusion_red_cells",),
    "antipyretic": ("antipyretic",),
}
"""Treatment as predictors know it -> agents of the table; an agent may count for several."""

TREATMENT_CODES = {name: code for code, name in enumerate(TREATMENTS)}
GOES_ON_UNTIL_STOPPED = ("vasopressor", "oxygen", "ventilation")
"""Support without a stop is still running; a drug without a stop was one dose."""

LONGEST_COURSE_OF_TREATMENT_DAYS = 60
_CODES_OF_AGENT = {
    agent: [TREATMENT_CODES[name] for name, agents in TREATMENTS.items() if agent in agents]
    for agent in {agent for agents in TREATMENTS.values() for agent in agents}
}
_IS_LOG = np.array([one.scale == "log" for one in INPUTS.values()])
_SUPPORT = np.array([name in GOES_ON_UNTIL_STOPPED for name in TREATMENTS])

NUMERIC_FACTS = tuple(
    name
    for name, one in COURSE_FIELDS.items()
    if one.role == "predictor" and one.kind in ("number", "flag")
)
CATEGORY_FACTS = tuple(
    name
    for name, one in COURSE_FIELDS.items()
    if one.role == "predictor" and one.kind == "category"
)
NUMBERS_READ = (*NUMERIC_FACTS, "second_dose_day")
WORDS_READ = (*CATEGORY_FACTS, "product")


@dataclass(frozen=True, slots=True)
class Readings:
    """Measurements ordered by (course, input), then day, known day and value.

    `slot` is ``course * len(INPUT_NAMES) + input``. `scaled` is log2(1 + value) for inputs that are
    read as ratios, else the value.
    """

    course: Integers
    slot: Integers
    day: Floats
    known_day: Floats
    value: Floats
    scaled: Floats


@dataclass(frozen=True, slots=True)
class GradeRows:
    """Gradings ordered by (course, toxicity), then day, known day and grade."""

    course: Integers
    slot: Integers
    day: Floats
    known_day: Floats
    grade: Floats


@dataclass(frozen=True, slots=True)
class TreatmentRows:
    """Administrations ordered by (course, treatment), then start and stop.

    `stop` is an instant: infinite while support goes on, a day after a single dose.
    """

    course: Integers
    slot: Integers
    start: Floats
    stop: Floats
    known_day: Floats


@dataclass(frozen=True, slots=True)
class TreatedDays:
    """Days touched by a treatment, ordered by (course, treatment), then day.

    `begins` is the first instant of the treatment on that day, `first` whether it is its first day.
    """

    course: Integers
    slot: Integers
    number: Integers
    begins: Floats
    first: npt.NDArray[np.bool_]
    known_day: Floats


@dataclass(frozen=True, slots=True)
class CourseArrays:
    """What was recorded of `n_courses` courses, ready for :mod:`features.matrix`.

    Attributes
    ----------
    numbers : mapping
        Course field -> float array of shape (n_courses,); flags are 0, 1 or NaN.
    words : mapping
        Course field -> list of n_courses texts or None.
    readings, gradings, treatments, treated_days
        Sorted rows.
    """

    n_courses: int
    numbers: Mapping[str, Floats]
    words: Mapping[str, Sequence[str | None]]
    readings: Readings
    gradings: GradeRows
    treatments: TreatmentRows
    treated_days: TreatedDays


_NO_CODES, _NO_DAYS = np.zeros(0, dtype=np.int64), np.zeros(0)
NO_TREATMENTS = (
    TreatmentRows(_NO_CODES, _NO_CODES, _NO_DAYS, _NO_DAYS, _NO_DAYS),
    TreatedDays(_NO_CODES, _NO_CODES, _NO_CODES, _NO_DAYS, _NO_CODES == 0, _NO_DAYS),
)


def readings_of(
    course: Integers, code: Integers, day: Floats, known_day: Floats, value: Floats
) -> Readings:
    """Sort measurements; rows without a value are left out."""
    kept = np.flatnonzero(~np.isnan(value))
    course, code, day, known_day = course[kept], code[kept], day[kept], known_day[kept]
    value = value[kept] + 0.0  # -0.0 becomes 0.0: the two compare equal
    slot = course * len(INPUT_NAMES) + code
    order = _order(slot, day, known_day, value)
    scaled = value.copy()
    ratio = _IS_LOG[code]
    scaled[ratio] = np.log2(1.0 + np.maximum(value[ratio], 0.0))
    return Readings(
        course[order], slot[order], day[order], known_day[order], value[order], scaled[order]
    )


def _order(slot: Integers, day: Floats, known_day: Floats, value: Floats) -> Integers:
    """Order rows by slot, day, known day and value; the last two are sorted where the first tie."""
    order = np.lexsort((day, slot))
    slot, day = slot[order], day[order]
    tied = np.zeros(len(order) + 1, dtype=bool)
    tied[1:-1] = (slot[1:] == slot[:-1]) & (day[1:] == day[:-1])
    places = np.flatnonzero(tied[1:] | tied[:-1])
    if len(places):
        rows = order[places]
        within = np.lexsort((value[rows], known_day[rows], day[places], slot[places]))
        order[places] = rows[within]
    return order


def gradings_of(
    course: Integers, toxicity: Integers, day: Floats, known_day: Floats, grade: Floats
) -> GradeRows:
    """Sort gradings; `toxicity` indexes :data:`GRADED`, negative for any other."""
    order = np.lexsort((grade, known_day, day, toxicity, course))
    kept = order[(toxicity[order] >= 0) & ~np.isnan(grade[order])]
    course = course[kept]
    slot = course * len(GRADED) + toxicity[kept]
    return GradeRows(course, slot, day[kept], known_day[kept], grade[kept] + 0.0)


def treatments_of(
    course: Integers,
    agents: Sequence[str],
    start: Floats,
    stop: Floats,
    known_day: Floats,
    resolution: str,
) -> tuple[TreatmentRows, TreatedDays]:
    """Sort administrations and spread them over the days they touch."""
    source, code = _by_treatment(agents)
    if not len(source):
        return NO_TREATMENTS
    course, start, stop, known_day = course[source], start[source], stop[source], known_day[source]
    single = np.isnan(stop)
    dose_ends = np.where(_SUPPORT[code], np.inf, start + 1.0)
    end = np.maximum(np.where(single, dose_ends, happened_at(stop, resolution)), start)
    slot = course * len(TREATMENTS) + code
    order = np.lexsort((known_day, end, start, slot))
    rows = TreatmentRows(course[order], slot[order], start[order], end[order], known_day[order])
    last_day = np.where(single & ~_SUPPORT[code], start, np.where(single, np.inf, stop))
    return rows, _treated_days(course, slot, start, last_day, known_day)


def _by_treatment(agents: Sequence[str]) -> tuple[Integers, Integers]:
    """Return row numbers and treatment codes: a row once for each treatment it counts for."""
    pairs = [
        (row, code) for row, agent in enumerate(agents) for code in _CODES_OF_AGENT.get(agent, ())
    ]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _treated_days(
    course: Integers, slot: Integers, start: Floats, last_day: Floats, known_day: Floats
) -> TreatedDays:
    begin = np.floor(start)
    more = np.minimum(np.floor(last_day) - begin, LONGEST_COURSE_OF_TREATMENT_DAYS)
    n_days = np.maximum(more, 0.0).astype(np.int64) + 1
    row = np.repeat(np.arange(len(course)), n_days)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(n_days) - n_days, n_days)
    number = begin[row].astype(np.int64) + nth
    order = np.lexsort((known_day[row], nth > 0, number, slot[row]))
    row, nth, number = row[order], nth[order], number[order]
    return TreatedDays(
        course[row],
        slot[row],
        number,
        np.maximum(start[row], number),
        nth == 0,
        known_day[row],
    )
