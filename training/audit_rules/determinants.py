"""Whether one predictor says the answer."""

from __future__ import annotations

import numpy as np

from training.audit_rules.concordance import (
    Concordance,
    area_beyond_grade_and_day,
    beyond_grade_and_day,
)
from training.audit_rules.finding import (
    MIN_EVENT_PATIENTS,
    Evidence,
    Finding,
    not_assessable,
)

REFUSE_ABOVE = 0.98
LOOK_ABOVE = 0.95  # columns below it are not bootstrapped


def one_predictor_nearly_determines_the_outcome(evidence: Evidence) -> Finding:
    """Refuse a column that orders patients of one grade and day almost without error.

    Each column is read alone, in both directions, on the rows where it has a value.
    """
    rule = one_predictor_nearly_determines_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    found = {column: area for column in evidence.X.columns if (area := _area(evidence, column))}
    if not found:
        return Finding(
            rule, "note", f"No predictor alone reaches {LOOK_ABOVE:.2f}.", threshold=REFUSE_ABOVE
        )
    guilty = {column: area for column, area in found.items() if area.low > REFUSE_ABOVE}
    worst = max(found.values(), key=lambda area: area.low)
    if not guilty:
        return Finding(
            rule,
            "note",
            f"The strongest single predictor reaches {worst.estimate:.2f} within grade and day.",
            threshold=REFUSE_ABOVE,
            columns=tuple(found),
            statistic=worst.estimate,
            low=worst.low,
            high=worst.high,
        )
    return Finding(
        rule,
        "refuse",
        f"{len(guilty)} predictor(s) order patients of the same grade and day with an AUROC whose "
        f"lower bound exceeds {REFUSE_ABOVE}. No clinical finding does that.",
        way_out="Look where these columns come from: a unit that differs by class, a field "
        "written after the outcome, or a column that holds the outcome itself.",
        threshold=REFUSE_ABOVE,
        columns=tuple(guilty),
        row_counts={name: int(evidence.X[name].notna().sum()) for name in guilty},
        statistic=worst.estimate,
        low=worst.low,
        high=worst.high,
    )


def _area(evidence: Evidence, column: str) -> Concordance | None:
    values = evidence.X[column].to_numpy(dtype=float)
    there = ~np.isnan(values)
    y = evidence.y[there]
    if len(np.unique(evidence.patients[there & evidence.y])) < MIN_EVENT_PATIENTS or y.all():
        return None
    area = area_beyond_grade_and_day(evidence, values, there)
    if not max(area, 1 - area) > LOOK_ABOVE:
        return None
    return beyond_grade_and_day(evidence, values if area > 0.5 else -values, there)
