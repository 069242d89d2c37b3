"""Small cohorts that read like sentences: `a_cohort(an_infusion("A"), a_grading("A", 2, 3))`."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from features.tables import Cohort, Manifest, cohort_of


@dataclass(frozen=True)
class Row:
    """One row of one table of a cohort."""

    table: str
    cells: dict[str, Any] = field(default_factory=dict)


def an_infusion(course_id: str = "A", **facts: Any) -> Row:
    """Return a planned course; a patient of the same name, axi-cel, unless said otherwise."""
    cells = {
        "course_id": course_id,
        "patient_id": f"patient {course_id}",
        "product": "axi-cel",
        "diagnosis": "LBCL",
    }
    return Row("courses", {**cells, **facts})


def a_measurement(
    course_id: str, day: float, name: str, value: float | str, known_day: float | None = None
) -> Row:
    """Return one result; a text goes to the column `text`."""
    cells = {"course_id": course_id, "day": day, "known_day": known_day, "input": name}
    where = "text" if isinstance(value, str) else "value"
    return Row("measurements", {**cells, where: value})


def a_grading(
    course_id: str,
    day: float,
    grade: float,
    toxicity: str = "CRS",
    known_day: float | None = None,
    **cells: Any,
) -> Row:
    """Return one grading, of CRS unless said otherwise."""
    made = {"course_id": course_id, "day": day, "known_day": known_day}
    return Row("grades", {**made, "toxicity": toxicity, "grade": grade, **cells})


def gradings(course_id: str, grades: dict[float, float], toxicity: str = "CRS") -> list[Row]:
    """Return gradings by day: ``{0: 0, 1: 1, 2: 3}``."""
    return [a_grading(course_id, day, grade, toxicity) for day, grade in grades.items()]


def a_treatment(
    course_id: str,
    start_day: float,
    agent: str = "tocilizumab",
    stop_day: float | None = None,
    known_day: float | None = None,
    **cells: Any,
) -> Row:
    """Return one administration or interval."""
    made = {"course_id": course_id, "start_day": start_day, "stop_day": stop_day}
    return Row("treatments", {**made, "known_day": known_day, "agent": agent, **cells})


def a_cohort(*rows: Row | list[Row], **manifest: Any) -> Cohort:
    """Return a cohort of these rows; manifest fields by keyword."""
    flat = [one for row in rows for one in (row if isinstance(row, list) else [row])]
    tables = {
        name: pd.DataFrame([row.cells for row in flat if row.table == name])
        for name in ("courses", "measurements", "treatments", "grades")
        if any(row.table == name for row in flat)
    }
    return cohort_of(Manifest(**{"name": "a cohort", "origin": "test", **manifest}), **tables)
