"""Whether blanks were filled, before we saw them, with a value that depends on the grade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.audit_rules.concordance import Concordance, beyond_grade_and_day
from training.audit_rules.finding import Evidence, Finding
from training.audit_rules.missingness import REFUSE_ABOVE, severity_of

MIN_REPEATS = 15  # a value seen less often is not called a fill
TIMES_ITS_NEIGHBOURS = 10.0
NEIGHBOURS = 10  # distinct values on either side
ONE_CLASS_ABOVE = 0.95  # share of a value's rows that hold one grade
SHOWN_COLUMNS = 8


def repeated_values_follow_the_grade(evidence: Evidence) -> Finding:
    """Look for values that repeat improbably often, a different one for each grade.

    A value is *repeated* where it is at least ten times as frequent as the values around it; the
    lowest and the highest value of an input are left alone, since detection limits repeat too.
    An input is *filled by class* where two or more of its repeated values each sit almost
    only on one grade of that day, and not all on the same one. Such a fill is refused where it
    tells more than the grade and the day, which are known anyway; else it is a warning.
    """
    rule = repeated_values_follow_the_grade.__name__
    fills = _fills(evidence)
    if not fills:
        return Finding(rule, "note", "No input holds repeated values that follow the grade.")
    inputs = tuple(fill.input for fill in fills)
    counts = {fill.input: fill.rows for fill in fills}
    text = (
        f"{len(fills)} input(s) hold values repeated improbably often, each almost only on days "
        f"of one {evidence.question.toxicity} grade."
    )
    area = _beyond_the_grade(evidence, fills)
    beyond = severity_of(area.low)[0] if area else "warn"
    return Finding(
        rule,
        "refuse" if beyond == "refuse" else "warn",
        text,
        way_out="Blank these values at import: they were written by somebody who knew the grade.",
        statistic=area.estimate if area else None,
        low=area.low if area else None,
        high=area.high if area else None,
        threshold=REFUSE_ABOVE,
        columns=inputs[:SHOWN_COLUMNS],
        row_counts=counts,
    )


@dataclass(frozen=True)
class _Fill:
    """Repeated values of one input that sit on one grade each."""

    input: str
    values: dict[float, float]  # repeated value -> its grade
    rows: int


def _fills(evidence: Evidence) -> list[_Fill]:
    measured = evidence.cohort.measurements
    numeric = measured.loc[
        measured["value"].notna() & measured["comparator"].isna(),
        ["course_id", "day", "input", "value"],
    ]
    daily = grade_by_day(evidence.cohort.grades, evidence.question.toxicity)
    if numeric.empty or daily.empty:
        return []
    numeric = numeric.assign(day_label=np.floor(numeric["day"].astype(float)))
    graded = numeric.merge(daily, on=["course_id", "day_label"], how="inner")
    groups = graded.groupby("input", observed=True, sort=True)
    return [fill for name, rows in groups if (fill := _fill_of(str(name), rows))]


def grade_by_day(grades: pd.DataFrame, toxicity: str) -> pd.DataFrame:
    """Return the highest grade of each course and day: course_id, day_label, grade."""
    own = grades.loc[(grades["toxicity"] == toxicity) & grades["grade"].notna()]
    own = own.assign(day_label=np.floor(own["day"].astype(float)), grade=own["grade"].astype(float))
    highest = own.groupby(["course_id", "day_label"])["grade"].max()
    return highest.reset_index()


def repeated_values(values: np.ndarray) -> np.ndarray:
    """Return the values that are far more frequent than their neighbours, ends left out."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 2 * NEIGHBOURS:
        return np.empty(0)  # a score or a coarse scale: repeats are its nature
    padded = np.pad(counts.astype(float), NEIGHBOURS, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1)
    usual = np.nanmedian(windows, axis=1)
    often = (counts >= MIN_REPEATS) & (counts > TIMES_ITS_NEIGHBOURS * usual)
    often[[0, -1]] = False
    return distinct[often]


def _fill_of(name: str, rows: pd.DataFrame) -> _Fill | None:
    repeats = repeated_values(rows["value"].to_numpy(dtype=float))
    classes: dict[float, float] = {}
    n = 0
    for value in repeats:
        grades = rows.loc[rows["value"] == value, "grade"].value_counts(normalize=True)
        if grades.iloc[0] >= ONE_CLASS_ABOVE:
            classes[float(value)] = float(grades.index[0])
            n += int((rows["value"] == value).sum())
    if len(set(classes.values())) < 2:
        return None
    return _Fill(name, classes, n)


def _beyond_the_grade(evidence: Evidence, fills: list[_Fill]) -> Concordance | None:
    """Return what the grades that the fills stand for tell within grade and day."""
    if evidence.too_few:
        return None
    score = np.full(len(evidence.X), -1.0)
    for fill in fills:
        column = f"{fill.input}__last"
        if column in evidence.X:
            score = np.fmax(score, evidence.X[column].map(fill.values).to_numpy(dtype=float))
    return beyond_grade_and_day(evidence, score)
