"""Whether a column holds another field on certain days."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binom

from training.audit_rules.evidence import Evidence, FloatArray
from training.audit_rules.finding import Finding

MIN_COURSES = 10
SAME_ABOVE = 0.40  # of the courses with both: a column may hold the field for one source only
SURPRISE = 1e-6  # chance of that many equal values, times the pairs looked at
SHOWN_COLUMNS = 8


def a_column_holds_another_field(evidence: Evidence) -> Finding:
    """Compare results of one day with what only hindsight knows, and with other inputs.

    Hindsight: each course's highest grade of either toxicity, its day, and the day of onset. A
    column that equals one of them on a day is that field under another name.
    """
    rule = a_column_holds_another_field.__name__
    future = hindsight(evidence.cohort.grades, evidence.question.min_grade)
    results = _results_by_day(evidence, future.index)
    fields = future.to_numpy(dtype=float)
    pairs = len(results) * fields.shape[1]
    found: dict[str, int] = {}
    what: set[str] = set()
    for name, (course, values) in results.items():
        for at, same in _equal(values, fields[course], pairs).items():
            found[name] = max(found.get(name, 0), same)
            what.add(str(future.columns[at]).removesuffix(", completed"))
    if not found:
        return Finding(rule, "note", "No column repeats another field on any day.")
    shown = sorted(found, key=lambda name: -found[name])[:SHOWN_COLUMNS]
    return Finding(
        rule,
        "refuse",
        f"{len(found)} column(s) repeat on one day what is only known at the end: "
        f"{', '.join(sorted(what))}.",
        way_out="Blank these columns on these days, for all patients of the source.",
        statistic=float(max(found.values())),
        threshold=float(MIN_COURSES),
        columns=tuple(shown),
        row_counts={name: found[name] for name in shown},
    )


def hindsight(grades: pd.DataFrame, min_grade: int = 1) -> pd.DataFrame:
    """Return what only the end of a record knows, by course; NaN where there is none.

    Days with hours may have been written down as the day begun or the day completed: both stand
    here. `min_grade` is the grade whose first day is among them, beside the first grade at all.
    """
    fields: dict[str, pd.Series] = {}
    for toxicity in ("CRS", "ICANS"):
        mine = grades[(grades["toxicity"] == toxicity) & grades["grade"].notna()]
        mine = mine[["course_id", "day", "grade"]].astype({"day": float, "grade": float})
        peak = mine.groupby("course_id")["grade"].max()
        at_peak = mine[mine["grade"] == mine["course_id"].map(peak)]
        fields[f"highest {toxicity} grade"] = peak
        days = {f"day of the highest {toxicity} grade": at_peak}
        days |= {
            f"day of {toxicity} grade {grade}": mine[mine["grade"] >= grade]
            for grade in sorted({1, min_grade})
        }
        for name, rows in days.items():
            first = rows.groupby("course_id")["day"].min()
            fields[name] = np.floor(first)
            fields[f"{name}, completed"] = np.ceil(first)
    return pd.DataFrame(fields)


def _results_by_day(
    evidence: Evidence, courses: pd.Index
) -> dict[str, tuple[np.ndarray, FloatArray]]:
    """Return the results of each input on each day: "input on day d" -> places, values."""
    measured = evidence.cohort.measurements
    rows = measured.loc[measured["value"].notna(), ["course_id", "day", "input", "value"]]
    rows = rows.assign(
        day=np.floor(rows["day"].astype(float)),
        course=courses.get_indexer(pd.Index(rows["course_id"])),
    )
    first = rows[rows["course"] >= 0].drop_duplicates(["course", "day", "input"])
    return {
        f"{name} on day {day:.0f}": (
            group["course"].to_numpy(),
            group["value"].to_numpy(dtype=float),
        )
        for (name, day), group in first.groupby(["input", "day"], observed=True)
        if len(group) >= MIN_COURSES
    }


def _equal(values: FloatArray, fields: FloatArray, pairs: int) -> dict[int, int]:
    """Return the fields that `values` (n,) equal on most courses beyond chance: column -> number.

    `fields` is (n, k); a field that hardly varies proves nothing.
    """
    both = np.isfinite(fields)
    same = (values[:, None] == fields).sum(axis=0)
    near = np.flatnonzero(
        (both.sum(axis=0) >= MIN_COURSES) & (same >= SAME_ABOVE * both.sum(axis=0))
    )
    return {int(at): int(same[at]) for at in near if _surprises(values, fields[:, at], pairs)}


def _surprises(values: FloatArray, field: FloatArray, pairs: int) -> bool:
    both = np.isfinite(field)
    values, field = values[both], field[both]
    if len(np.unique(field)) < 2:
        return False
    distinct, counts = np.unique(values, return_counts=True)
    share = dict(zip(distinct, counts / len(values), strict=True))
    expected = float(np.mean([share.get(one, 0.0) for one in field]))
    same = int((values == field).sum())
    return float(binom.sf(same - 1, len(values), min(expected, 1.0))) * pairs < SURPRISE
