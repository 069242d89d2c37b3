"""Whether values were filled in by somebody who knew the grade, or the outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import binom

from features.clock import MOMENT
from training.audit_rules.concordance import Concordance, beyond_grade_and_day, judged
from training.audit_rules.evidence import Evidence, FloatArray
from training.audit_rules.finding import Finding

MIN_REPEATS = 8  # a value seen less often is not called a fill
TIMES_ITS_NEIGHBOURS = 6.0
NEIGHBOURS = 10  # distinct values on either side
ONE_CLASS_ABOVE = 0.90  # share of a value's rows that hold one class
SURPRISE = 1e-4  # chance of that many rows of one class, times the values looked at
SHOWN_COLUMNS = 8


def repeated_values_follow_the_grade(evidence: Evidence) -> Finding:
    """Look for values that repeat improbably often, a different one for each grade of the day.

    A value is *repeated* where it is several times as frequent as the values around it; the lowest
    and the highest value of an input are left alone, since detection limits repeat too. Such fills
    are a warning where they encode a grade that is known at the landmark anyway, and refused where
    they tell more: of a grade not known yet, or of the outcome.
    """
    rule = repeated_values_follow_the_grade.__name__
    daily = grade_by_day(evidence.cohort.grades, evidence.question.toxicity)
    rows = _numeric(evidence)
    graded = rows.merge(daily, on=["course_id", "day_label"], how="inner")
    fills = _fills(graded.rename(columns={"grade": "class"}))
    if len({grade for fill in fills for grade in fill.values.values()}) < 2:
        return Finding(rule, "note", "No input holds repeated values that follow the grade.")
    score = _last_fill(evidence, rows, fills)
    told = evidence.rows["current_grade"].fillna(-1.0).to_numpy(dtype=float)
    ahead = np.where(np.isnan(score), 0.0, score - told)
    area = None if evidence.too_few else beyond_grade_and_day(evidence, ahead)
    return _finding(
        rule, fills, area,
        f"{len(fills)} input(s) hold values repeated improbably often, each almost only on days "
        f"of one {evidence.question.toxicity} grade.",
        at_least="warn",
    )  # fmt: skip


def repeated_values_follow_the_outcome(evidence: Evidence) -> Finding:
    """Look for values that repeat improbably often, almost only in patients of one outcome."""
    rule = repeated_values_follow_the_outcome.__name__
    if evidence.too_few:
        return Finding(rule, "note", f"Not assessable: {evidence.too_few}.", assessable=False)
    event = evidence.course_table["event"].astype(float)
    rows = _numeric(evidence)
    rows = rows.assign(**{"class": rows["course_id"].map(event)}).dropna(subset=["class"])
    fills = _fills(rows)
    if not fills:
        return Finding(rule, "note", "No input holds repeated values that follow the outcome.")
    score = np.nan_to_num(_last_fill(evidence, rows, fills), nan=event.mean())
    area = beyond_grade_and_day(evidence, score)
    return _finding(
        rule, fills, area,
        f"{len(fills)} input(s) hold values repeated improbably often, almost only in patients of "
        "one outcome.",
        at_least="warn",
    )  # fmt: skip


def _finding(
    rule: str, fills: list[_Fill], area: Concordance | None, text: str, at_least: str
) -> Finding:
    counts = {fill.input: fill.rows for fill in fills}
    shown = dict(sorted(counts.items(), key=lambda one: -one[1])[:SHOWN_COLUMNS])
    found = Finding(rule, "note", text)
    if area is not None:
        found = judged(
            rule, area, text + " Within grade and day they alone reach {area}.", "", shown
        )
    return replace(
        found,
        severity="refuse" if found.severity == "refuse" else "warn",
        way_out="Blank these values at import: somebody wrote them who knew the answer.",
        columns=tuple(shown),
        row_counts=shown,
    )


@dataclass(frozen=True)
class _Fill:
    """Repeated values of one input that sit on one class each."""

    input: str
    values: dict[float, float]  # repeated value -> its class
    rows: int


def _numeric(evidence: Evidence) -> pd.DataFrame:
    measured = evidence.cohort.measurements
    keep = measured["value"].notna() & measured["comparator"].isna()
    rows = measured.loc[keep, ["course_id", "day", "known_day", "input", "value"]]
    return rows.assign(day_label=np.floor(rows["day"].astype(float)))


def grade_by_day(grades: pd.DataFrame, toxicity: str) -> pd.DataFrame:
    """Return the highest grade of each course and day: course_id, day_label, grade."""
    own = grades.loc[(grades["toxicity"] == toxicity) & grades["grade"].notna()]
    own = own.assign(day_label=np.floor(own["day"].astype(float)), grade=own["grade"].astype(float))
    highest = own.groupby(["course_id", "day_label"])["grade"].max()
    return highest.reset_index()


def repeated_values(values: FloatArray) -> FloatArray:
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


def _fills(rows: pd.DataFrame) -> list[_Fill]:
    """Return the inputs with repeated values of one class; `rows` has input, value and class."""
    if rows.empty:
        return []
    groups = rows.groupby("input", observed=True, sort=True)
    return [fill for name, group in groups if (fill := _fill_of(str(name), group))]


def _fill_of(name: str, rows: pd.DataFrame) -> _Fill | None:
    usual = rows["class"].value_counts(normalize=True)
    repeats = repeated_values(rows["value"].to_numpy(dtype=float))
    classes: dict[float, float] = {}
    n = 0
    for value in repeats:
        holders = rows[rows["value"] == value].drop_duplicates(["course_id", "class"])
        counts = holders["class"].value_counts()
        top, hits = float(counts.index[0]), int(counts.iloc[0])
        chance = float(binom.sf(hits - 1, len(holders), usual[top])) * len(repeats)
        if hits >= ONE_CLASS_ABOVE * len(holders) and chance < SURPRISE:
            classes[float(value)] = top
            n += int((rows["value"] == value).sum())
    return _Fill(name, classes, n) if classes else None


def _last_fill(evidence: Evidence, rows: pd.DataFrame, fills: list[_Fill]) -> FloatArray:
    """Return the mean class of the fills known in the day before each landmark; NaN without."""
    table = pd.DataFrame(
        [(f.input, value, one) for f in fills for value, one in f.values.items()],
        columns=["input", "value", "class_of_fill"],
    )
    filled = rows.merge(table, on=["input", "value"])[["course_id", "known_day", "class_of_fill"]]
    asked = evidence.rows[["course_id", "instant"]].reset_index(names="row")
    near = asked.merge(filled, on="course_id")
    lag = near["instant"] - near["known_day"]
    near = near[(lag >= -MOMENT) & (lag < 1.0 - MOMENT)]
    score: FloatArray = (
        near.groupby("row")["class_of_fill"]
        .mean()
        .reindex(np.arange(len(asked)))
        .to_numpy(dtype=float)
    )
    return score
