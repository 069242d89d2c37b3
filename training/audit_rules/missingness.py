"""Whether the outcome shows in *what was measured*, whatever the results were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.audit_rules.concordance import (
    WARN_ABOVE,
    between_patients,
    beyond_grade_and_day,
    judged,
)
from training.audit_rules.evidence import Evidence
from training.audit_rules.finding import Finding, not_assessable
from training.audit_rules.learning import learnt_by_row

STALE_AFTER_HOURS = 24.0
MAX_PATTERNS = 300  # distinct columns of blanks, the most variable first


def missingness_alone_predicts_the_outcome(evidence: Evidence) -> Finding:
    """Compare what the blanks of the matrix tell with what grade, day and site tell.

    A blank is no value at all, or none from the last 24 h. Patients are compared within the same
    current grade and landmark day, so that a sick patient who is rightly measured more often does
    not count by itself.
    """
    rule = missingness_alone_predicts_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    blanks = blank_patterns(evidence.columns)
    if blanks.empty:
        return Finding(rule, "note", "No column of the matrix is ever blank.")
    learnt = learnt_by_row(evidence, blanks)
    return judged(
        rule,
        beyond_grade_and_day(evidence, learnt.score),
        "What was measured, without its results, orders patients of the same grade and day with "
        "an AUROC of {area}.",
        "Find out why these are blank more often for one outcome (another source, a later export, "
        "blanks filled or removed by class). Leave the columns out of the plan's predictors, or "
        "bring all patients from one source.",
        {column: int(blanks[column].sum()) for column in learnt.columns},
    )


def only_event_patients_have_a_kind_of_record(evidence: Evidence) -> Finding:
    """Look for records that event patients have before any toxicity and others never have.

    Counted are each input and, as one kind, treatments that CRS and ICANS do not call for; of event
    patients only what precedes their first grade above 0, since a beginning toxicity honestly calls
    for tests. They have less time to come by them, so honest records lean the other way.
    """
    rule = only_event_patients_have_a_kind_of_record.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    kinds = kinds_of_record(evidence)
    areas = {
        str(kind): area
        for kind in kinds.columns
        if (area := between_patients(evidence, kinds[kind].to_numpy(dtype=float))) is not None
    }
    if not areas:
        return Finding(rule, "note", "Every kind of record is there for all patients, or for none.")
    strongest = max(areas, key=lambda kind: areas[kind].low)
    return judged(
        rule,
        areas[strongest],
        f"Whether a patient has any {strongest} at all, counted before any toxicity, orders "
        "patients with an AUROC of {area}.",
        "These were looked up, or exported, for the patients with the event only. Bring them for "
        "all patients, or leave them out.",
        {kind: int(kinds[kind].sum()) for kind, area in areas.items() if area.low > WARN_ABOVE},
    )


SUPPORTIVE = "supportive treatment"
_FOR_TOXICITY = (
    "tocilizumab", "siltuximab", "anakinra", "corticosteroid", "vasopressor", "vasopressin",
    "oxygen", "positive_pressure_ventilation", "intubation", "ruxolitinib", "emapalumab",
    "etoposide", "dialysis",
)  # fmt: skip


def kinds_of_record(evidence: Evidence) -> pd.DataFrame:
    """Return who has each kind of record before any toxicity, (patients, kinds), 0 or 1."""
    measured = evidence.cohort.measurements[["course_id", "day", "input"]]
    given = evidence.cohort.treatments
    given = given[~given["agent"].isin(_FOR_TOXICITY)][["course_id", "start_day"]]
    given = given.rename(columns={"start_day": "day"}).assign(input=SUPPORTIVE)
    courses = evidence.course_table
    before = pd.concat(
        [
            _until(measured.astype({"input": str}), _first_sign(evidence)),
            _until(given, courses["event_instant"]),  # mild toxicity calls for these as well
        ],
        ignore_index=True,
    )
    patient = before["course_id"].map(courses["patient"])
    has = pd.crosstab(patient, before["input"]).reindex(np.arange(len(evidence.patient_table)))
    made = (has.fillna(0) > 0).astype(float)
    return made.loc[:, made.nunique() > 1]


def _until(rows: pd.DataFrame, instant: pd.Series) -> pd.DataFrame:
    """Return the rows dated before the day of their course's `instant`; all where it has none."""
    end = np.floor(rows["course_id"].map(instant).to_numpy(dtype=float))
    return rows[~(rows["day"].to_numpy(dtype=float) >= end)]


def _first_sign(evidence: Evidence) -> pd.Series:
    """Return when a toxicity began in the courses with an event, by course."""
    grades = evidence.cohort.grades
    begun = grades[grades["grade"].astype(float) >= 1].groupby("course_id")["day"].min()
    event = evidence.course_table["event_instant"].dropna()
    return pd.concat([event, begun.astype(float).reindex(event.index)], axis=1).min(axis=1)


def blank_patterns(X: pd.DataFrame) -> pd.DataFrame:
    """Return the distinct, varying columns of blanks and stale readings of a matrix, as 0/1."""
    patterns: dict[str, np.ndarray] = {}
    seen: set[bytes] = set()
    for column in X.columns:
        numbers = X[column].to_numpy(dtype=float)
        candidates = {column: np.isnan(numbers)}
        if column.endswith("__hours_since"):
            candidates[f"{column} > 24"] = ~(numbers <= STALE_AFTER_HOURS)
        for name, pattern in candidates.items():
            key = np.packbits(pattern).tobytes()
            if pattern.any() and not pattern.all() and key not in seen:
                seen.add(key)
                patterns[name] = pattern
    frame = pd.DataFrame(patterns, index=X.index, dtype=float)
    spread = frame.var().sort_values(ascending=False, kind="stable")
    return frame[list(spread.index[:MAX_PATTERNS])]
