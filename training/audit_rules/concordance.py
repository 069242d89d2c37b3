"""How well a score tells events apart beyond what is known anyway, with an interval by patient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from training.audit_rules.finding import Evidence
from training.bootstrap import PatientBootstrap, summarise
from training.metrics import stratified_auroc

REPLICATES = 300


@dataclass(frozen=True)
class Concordance:
    """AUROC among pairs of the same current grade and landmark day, with its 95 % interval."""

    estimate: float
    low: float
    high: float


def beyond_grade_and_day(
    evidence: Evidence, score: np.ndarray, keep: np.ndarray | None = None
) -> Concordance | None:
    """Return how `score` (n,) orders events and event-free rows within each stratum.

    None where no stratum holds both, or the resampled patients never do. `keep` (n,) leaves
    other rows out.
    """
    rows = np.ones(len(score), dtype=bool) if keep is None else keep
    draws = PatientBootstrap(
        evidence.patients[rows], np.ones(int(rows.sum())), REPLICATES, evidence.seed
    )
    measure = partial(_within, evidence, score, rows)
    estimate = summarise(draws.replicate({"auroc": measure})["auroc"])
    if estimate.estimate is None or estimate.low is None or estimate.high is None:
        return None
    return Concordance(estimate.estimate, estimate.low, estimate.high)


def area_beyond_grade_and_day(evidence: Evidence, score: np.ndarray, keep: np.ndarray) -> float:
    """Return the estimate alone: enough to pass most predictors over."""
    return float(_within(evidence, score, keep, np.ones((1, int(keep.sum()))))[0])


def _within(
    evidence: Evidence, score: np.ndarray, rows: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    outcome = evidence.y[rows].astype(float)
    return stratified_auroc(outcome, score[rows], weights, evidence.strata[rows].astype(float))
