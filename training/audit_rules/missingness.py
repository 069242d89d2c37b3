"""Whether the outcome shows in *what was measured*, whatever the results were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.audit_rules.concordance import beyond_grade_and_day, judged
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
    blanks = blank_patterns(evidence.X)
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
