"""Every course of a cohort, graded whenever a finding changes."""

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from features.grading import crs_reading, icans_reading
from features.grading.crs_reading import CrsReader
from features.grading.graded import Graded
from features.grading.icans_reading import IcansReader
from features.grading.instants import Gradings
from features.grading.recorded import Bools, Floats, Integers, Recorded, recorded_cohort
from features.grading.timed import together
from features.tables import Cohort

SYSTEM = "ASTCT"
READERS: dict[str, Callable[[Recorded], CrsReader | IcansReader]] = {
    "CRS": CrsReader,
    "ICANS": IcansReader,
}
_READ = MappingProxyType(
    {
        "CRS": (crs_reading.INPUTS_READ, crs_reading.SUPPORT),
        "ICANS": (icans_reading.INPUTS_READ, ()),
    }
)
READ_BY_RULE = tuple(name for inputs, _ in _READ.values() for name in inputs)
"""The inputs that a grade of CRS or ICANS rests on."""
_COLUMNS: dict[str, Callable[[Graded], Any]] = {
    "grade": lambda one: np.nan if one.grade is None else float(one.grade),
    "lowest": lambda one: one.lowest,
    "highest": lambda one: one.highest,
    "rule": lambda one: one.rule,
    "decided_by": lambda one: ", ".join(one.decided_by),
    "missing": lambda one: ", ".join(one.missing),
    "tag": lambda one: one.tag,
    "notes": lambda one: " ".join(one.notes),
}
_NUMBERS = {"grade": "float64", "lowest": "int64", "highest": "int64"}


def grade_cohort(cohort: Cohort) -> pd.DataFrame:
    """Grade CRS and ICANS of every course, at each instant at which a finding changes.

    That is when a result of an input that is read becomes known, when support starts or stops, and
    at a death. A grade holds until the next row; that a finding grew older than its look-back shows
    at the next row. Nothing is graded before the infusion or after a death.

    Returns
    -------
    DataFrame
        Ordered by course (as in ``cohort.courses``), toxicity and instant: course_id, day,
        known_day, toxicity, system, grade (NaN: not gradable, which is not 0), lowest, highest,
        rule, decided_by, missing, tag, notes. Texts are categories.
    """
    recorded = recorded_cohort(cohort)
    parts = []
    for toxicity, make in READERS.items():
        course, at = _while_alive(recorded, *_changes(recorded, toxicity))
        parts.append(gradings_frame(cohort, toxicity, course, at, make(recorded).at(course, at)))
    rows = pd.concat(parts, ignore_index=True)
    order = np.lexsort((rows["known_day"], rows["toxicity"] == "ICANS", rows.pop("course")))
    rows = rows.iloc[order].reset_index(drop=True)
    return rows.astype({name: "category" for name in _COLUMNS if name not in _NUMBERS})


def _changes(recorded: Recorded, toxicity: str) -> tuple[Integers, Floats]:
    return together(list(_instants(recorded, toxicity)))


def _instants(recorded: Recorded, toxicity: str) -> Iterator[tuple[Integers, Floats]]:
    inputs, agents = _READ[toxicity]
    for name in inputs:
        rows = recorded.findings(name)
        yield rows.course, rows.visible
    given = recorded.given.of(*agents)
    stopped = np.isfinite(given.end) & (given.end >= given.begin)
    yield given.course, given.begin
    yield given.course[stopped], given.end[stopped]
    died = np.flatnonzero(recorded.facts.died_of(toxicity))
    yield died.astype(np.int64), recorded.facts.death[died]


def _while_alive(recorded: Recorded, course: Integers, at: Floats) -> tuple[Integers, Floats]:
    death = recorded.facts.death[course]
    alive: Bools = (at >= 0) & ~(at > death)
    return course[alive], at[alive]


def gradings_frame(
    cohort: Cohort, toxicity: str, course: Integers, at: Floats, gradings: Gradings
) -> pd.DataFrame:
    """Return gradings as rows; `course` holds row numbers of ``cohort.courses``."""
    ids = cohort.courses["course_id"].to_numpy(dtype=object)
    by_day = cohort.manifest.resolution == "day"
    made = {
        name: pd.Series(gradings.each(what), dtype=_NUMBERS.get(name, "object"))
        for name, what in _COLUMNS.items()
    }
    return pd.DataFrame(
        {
            "course_id": pd.Series(ids[course], dtype="str"),
            "day": at - 1.0 if by_day else at,
            "known_day": at,
            "toxicity": toxicity,
            "system": SYSTEM,
            **made,
            "course": course,
        }
    )
