"""Severe CRS in the B-ALL cohort: from today's grade by filled values to the next 72 hours.

Same-day steps: one row per patient and day, the 41 laboratory columns of that day and nothing else;
the outcome is grade 3 or more on that day. Their comparator knows the grade of the row before.
"""

from pathlib import Path

import pandas as pd
from judging import (
    Asked,
    Line,
    asked_question,
    asked_rows,
    boosted,
    columns_of,
    grade_and_day,
    held_out_risks,
    judged,
    line,
)

from features.questions import QUESTIONS
from features.sources import load
from features.sources.fills import fill_values
from features.sources.spreadsheet import numbers
from features.sources.unicar import LABS
from features.tables import Cohort
from training.plan import PredictorPlan

INPUTS_READ = tuple(name for name, _ in LABS.values())
SEVERE = 3
AHEAD = PredictorPlan(
    inputs=INPUTS_READ, summaries=("last",), statics=(), groups=("course", "grades")
)
_KEY = ["course_id", "day"]
_CELL = ["source_row", "input"]


def steps(path: Path) -> dict[str, Line]:
    """Return one line a step, in order."""
    published = load("unicar", path, as_published=True)
    cleaned = load("unicar", path)
    as_published = same_day(published, published.measurements)
    possible = same_day(published, cells_of(cleaned, published))
    found = {
        "rows_split": judged(as_published, split_by="row"),
        "patients_split": judged(as_published),
        "fills_blanked": judged(same_day(published, without_fills(published))),
        "impossible_blanked": judged(possible),
        "missingness_alone": judged(missingness(possible)),
    }
    return found | ahead(cleaned)


def ahead(cleaned: Cohort) -> dict[str, Line]:
    """Ask for the next 72 hours, pooled and among patients of the same day."""
    asked = asked_question(cleaned, QUESTIONS["severe-crs-72h"], AHEAD)
    labs, simple = held_out_risks(asked, boosted), held_out_risks(asked, grade_and_day)
    return {
        "next_72h": line(asked, labs, simple),
        "no_laboratory": line(asked, simple, simple),
        "same_day": line(asked, labs, simple, same_day=True),
        "same_day_no_laboratory": line(asked, simple, simple, same_day=True),
    }


def same_day(published: Cohort, measurements: pd.DataFrame) -> Asked:
    """Return one row per patient and day: today's results, and whether today's grade is severe."""
    grades = published.grades.sort_values(_KEY, kind="stable")
    results = measurements.pivot(index=_KEY, columns="input", values="value")
    today = results.reindex(index=pd.MultiIndex.from_frame(grades[_KEY]), columns=INPUTS_READ)
    return asked_rows(
        today,
        outcome=grades["grade"] >= SEVERE,
        patients=grades["course_id"],
        day=grades["day"],
        grade=grades.groupby("course_id")["grade"].shift(),
    )


def missingness(asked: Asked) -> Asked:
    """Return the same rows, knowing only what was not measured."""
    X = pd.DataFrame(asked.rows.X.numbers, columns=list(asked.rows.X.names))
    return columns_of(asked, X.isna())


def without_fills(published: Cohort) -> pd.DataFrame:
    """Leave out the results that are the fill of their day's grade, and nothing else."""
    results = published.measurements.merge(published.grades[[*_KEY, "grade"]], on=_KEY)
    kept = []
    for _, column in results.groupby("input"):
        as_it_came = numbers(column["source_value"])
        fills = fill_values(as_it_came.to_numpy(), column["grade"].to_numpy(dtype=float))
        kept.append(column[as_it_came != column["grade"].map(fills)])
    return pd.concat(kept)


def cells_of(cleaned: Cohort, published: Cohort) -> pd.DataFrame:
    """Return the published results that the cleaned cohort keeps too."""
    return published.measurements.merge(cleaned.measurements[_CELL], on=_CELL)
