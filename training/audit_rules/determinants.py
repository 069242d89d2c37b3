"""Whether the predictors say the answer: one alone, or all together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.audit_rules.concordance import (
    STRICT_REPLICATES,
    Concordance,
    Limits,
    between_patients,
    beyond_grade_and_day,
    judged,
)
from training.audit_rules.evidence import Evidence, FloatArray
from training.audit_rules.finding import Finding, not_assessable
from training.audit_rules.learning import SHOWN_COLUMNS, learnt_by_row
from training.metrics import stratified_auroc

ONE = Limits(
    warn=0.75, refuse=0.80
)  # honest single predictors stay below 0.75 within grade and day
TOGETHER = Limits(warn=0.85, refuse=0.90)  # no published model reaches this within grade and day
LOOK_ABOVE = 0.80  # columns below it are not bootstrapped
LOOKED_AT = 40  # at most this many are
MIN_COMPARED = 10  # patients of either outcome who are compared with the other


def one_predictor_nearly_determines_the_outcome(evidence: Evidence) -> Finding:
    """Refuse a column that orders patients of one grade and day as no honest predictor does.

    Each column is read alone, in both directions, on the rows where it has a value; a fact of the
    patient that never changes is read once a patient. Hundreds of columns are looked at, so the
    lower bound that counts is that of 99.9 %.
    """
    rule = one_predictor_nearly_determines_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    strong = _strong_columns(evidence)
    if not strong:
        return Finding(
            rule,
            "note",
            f"None of {evidence.columns.shape[1]} columns orders patients of one grade and day "
            f"with an AUROC of {LOOK_ABOVE:.2f} or more.",
            threshold=ONE.refuse,
        )
    best = max(strong.values(), key=lambda area: area.strict_low)
    named = [name for name, area in strong.items() if area.strict_low > ONE.warn]
    named.sort(key=lambda name: -strong[name].strict_low)
    return judged(
        rule,
        best,
        "The strongest column alone orders patients of the same grade and day with an AUROC of "
        f"{{area}}; its lower 99.9 % bound is {best.strict_low:.2f}, and {len(named)} column(s) "
        f"have one above {ONE.warn:.2f}.",
        "See where these columns come from: is this recorded after the event, coded from it, or in "
        "another unit for one outcome? Leave them out of the plan's predictors or mend the source.",
        tuple(named[:SHOWN_COLUMNS]),
        ONE,
        best.strict_low,
    )


def _strong_columns(evidence: Evidence) -> dict[str, Concordance]:
    numbers = {str(name): column.to_numpy(dtype=float) for name, column in evidence.columns.items()}
    areas = {name: _area(evidence, column) for name, column in numbers.items()}
    looked = sorted(areas, key=lambda name: -abs(areas[name] - 0.5))[:LOOKED_AT]
    strong = {}
    for name in looked:
        if abs(areas[name] - 0.5) < LOOK_ABOVE - 0.5:
            break
        signed = numbers[name] if areas[name] > 0.5 else -numbers[name]
        area = _concordance_of(evidence, signed)
        if area is not None:
            strong[name] = area
    return strong


def _concordance_of(evidence: Evidence, column: FloatArray) -> Concordance | None:
    fact = _fact_of_patients(evidence, column)
    if fact is not None:
        return between_patients(evidence, fact, replicates=STRICT_REPLICATES)
    return beyond_grade_and_day(evidence, column, np.isfinite(column), STRICT_REPLICATES)


def _fact_of_patients(evidence: Evidence, column: FloatArray) -> FloatArray | None:
    """Return the value of each patient, NaN without; None where it changes within a course."""
    of_course = pd.Series(column).groupby(evidence.rows["course_id"].to_numpy())
    if (of_course.nunique() > 1).any():
        return None
    return np.asarray(pd.Series(column).groupby(evidence.patients).mean(), dtype=np.float64)


def _area(evidence: Evidence, column: FloatArray) -> float:
    """Return the AUROC of a column, 0.5 where few patients are compared."""
    fact = _fact_of_patients(evidence, column)
    if fact is not None:
        event = evidence.patient_table["event"].to_numpy(dtype=bool)
        known, strata = np.isfinite(fact), np.zeros(len(fact))
        return _area_of(event[known], fact[known], strata[known], np.flatnonzero(known))
    known = np.isfinite(column) & evidence.contrast
    strata, y, patients = evidence.strata[known], evidence.y[known], evidence.patients[known]
    return _area_of(y, column[known], strata, patients)


def _area_of(y: np.ndarray, score: FloatArray, strata: FloatArray, patients: np.ndarray) -> float:
    compared = np.isin(strata, np.intersect1d(strata[y], strata[~y]))
    fewest = min(len(np.unique(patients[compared & side])) for side in (y, ~y))
    if fewest < MIN_COMPARED:
        return 0.5
    area = float(stratified_auroc(y.astype(float), score, np.ones(len(y)), strata)[0])
    return area if np.isfinite(area) else 0.5


def all_predictors_together_nearly_determine_the_outcome(evidence: Evidence) -> Finding:
    """Refuse what is too good to be true: held-out patients of one grade and day told apart.

    Catches what no single column shows, such as many fields each filled in for a few patients.
    """
    rule = all_predictors_together_nearly_determine_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    varying = evidence.columns.loc[:, evidence.columns.nunique(dropna=False) > 1]
    if varying.empty:
        return Finding(rule, "note", "No predictor varies.")
    learnt = learnt_by_row(evidence, varying)
    return judged(
        rule,
        beyond_grade_and_day(evidence, learnt.score),
        "All predictors together order held-out patients of the same grade and day with an AUROC "
        "of {area}.",
        "Results this good are not known of any honest model. See which of these columns could "
        "not have been known at the landmark, and where they come from.",
        learnt.columns,
        TOGETHER,
    )
