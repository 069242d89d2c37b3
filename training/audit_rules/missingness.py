"""Whether the outcome shows in *what was measured*, whatever the results were."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from training.audit_rules.concordance import beyond_grade_and_day
from training.audit_rules.finding import Evidence, Finding, Severity, not_assessable

WARN_ABOVE = 0.60
REFUSE_ABOVE = 0.75
FOLDS = 5
STALE_AFTER_HOURS = 24.0
MAX_PATTERNS = 150  # distinct columns of blanks, the most variable first
SHOWN_COLUMNS = 8
PENALTY = 1.0


def missingness_alone_predicts_the_outcome(evidence: Evidence) -> Finding:
    """Compare what the blanks of the matrix tell with what grade and day tell.

    The score is the part of a penalised logistic regression that reads blanks (no value at all,
    or none from the last 24 h), next to grade and day, learnt on other patients. It is judged
    within strata of current grade and landmark day, so that a sick patient who is rightly measured
    more often does not count by itself.
    """
    rule = missingness_alone_predicts_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    blanks = blank_patterns(evidence.X)
    if blanks.empty:
        return Finding(rule, "note", "No column of the matrix is ever blank.")
    score, strength = _score_of_blanks(evidence, blanks)
    area = beyond_grade_and_day(evidence, score)
    if area is None:
        return not_assessable(rule, "no grade and day holds both events and event-free rows")
    severity, threshold = severity_of(area.low)
    telling = tuple(strength.sort_values(ascending=False).index[:SHOWN_COLUMNS])
    return Finding(
        rule,
        severity,
        f"What was measured, without its results, orders patients of the same grade and day with "
        f"an AUROC of {area.estimate:.2f} ({area.low:.2f} to {area.high:.2f}).",
        way_out="" if severity == "note" else _WAY_OUT,
        statistic=area.estimate,
        low=area.low,
        high=area.high,
        threshold=threshold,
        columns=telling if severity != "note" else (),
        row_counts={column: int(blanks[column].sum()) for column in telling},
    )


_WAY_OUT = (
    "Find out why these are blank more often for one outcome (another source, a later export, "
    "blanks filled or removed by class). Leave the columns out of the plan's predictors, or "
    "bring all patients from one source."
)


def severity_of(low: float) -> tuple[Severity, float]:
    """Return the severity of a lower bound and the threshold it was held against."""
    if low > REFUSE_ABOVE:
        return "refuse", REFUSE_ABOVE
    return ("warn" if low > WARN_ABOVE else "note"), WARN_ABOVE


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


def _score_of_blanks(evidence: Evidence, blanks: pd.DataFrame) -> tuple[np.ndarray, pd.Series]:
    """Return the out-of-fold score (n,) and the mean size of each column's coefficient."""
    known = pd.get_dummies(evidence.rows["current_grade"].fillna(-1), dtype=float)
    known.insert(0, "day", evidence.rows["landmark_day"].to_numpy(dtype=float) / 7)
    design = np.hstack([known.to_numpy(dtype=float), blanks.to_numpy(dtype=float)])
    first = known.shape[1]
    score = np.zeros(len(design))
    strength = np.zeros(blanks.shape[1])
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=evidence.seed)
    for train, test in folds.split(design, evidence.y, evidence.patients):
        if not evidence.y[train].any():
            continue
        model = LogisticRegression(C=PENALTY, max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a rough score is enough here
            model.fit(design[train], evidence.y[train])
        coefficients = model.coef_[0, first:]
        # Scores of different folds are compared with each other, so each is centred.
        parts = design[:, first:] @ coefficients
        score[test] = parts[test] - parts[train].mean()
        strength += np.abs(coefficients) * design[:, first:].std(axis=0) / FOLDS
    return score, pd.Series(strength, index=blanks.columns)
