"""What some columns tell of the outcome beyond what is known anyway, learnt on other patients.

A logistic regression takes in what is known (grade, day, site); shallow boosted trees then learn
what the columns add to it. Only that addition is the score, so that a column which merely repeats
the grade scores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.boosted import BoostedTrees
from models.columns import NamedMatrix
from models.growing import bin_rows, grow
from models.logistic import fit_logistic
from training.audit_rules.evidence import Evidence, FloatArray
from training.splits import patient_folds

FOLDS = 5
ROUNDS = 40
PARAMS: dict[str, Any] = {
    "learning_rate": 0.2,
    "max_depth": 2,
    "min_child_weight": 1.0,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
    "reg_lambda": 3.0,
}
PENALTY = 0.1
SHOWN_COLUMNS = 8


@dataclass(frozen=True, eq=False)
class Learnt:
    """Out-of-fold score (n,), and the columns it rests on, the strongest first."""

    score: FloatArray
    columns: tuple[str, ...]


def learnt_by_row(evidence: Evidence, columns: pd.DataFrame) -> Learnt:
    """Return what `columns` (n, k) add to grade, day and site; 0 outside the contrast."""
    at = np.flatnonzero(evidence.contrast)
    found = _learnt(
        columns.iloc[at], evidence.y[at], evidence.patients[at], evidence.known[at], evidence.seed
    )
    score = np.zeros(len(columns))
    score[at] = found.score
    return Learnt(score, found.columns)


def learnt_by_patient(evidence: Evidence, columns: pd.DataFrame) -> Learnt:
    """Return what `columns` (patients, k) tell of who has the event, beyond the site."""
    table = evidence.patient_table
    known = np.empty((len(table), 0))
    if evidence.sites_are_mixed:
        known = pd.get_dummies(table["site"], dtype=float).to_numpy(dtype=float)
    event = table["event"].to_numpy(dtype=bool)
    return _learnt(columns, event, np.arange(len(table)), known, evidence.seed)


def _learnt(
    columns: pd.DataFrame, y: np.ndarray, patients: np.ndarray, known: FloatArray, seed: int
) -> Learnt:
    X = NamedMatrix(tuple(columns.columns), columns.to_numpy(dtype=np.float64))
    score = np.zeros(len(y))
    gain = np.zeros(columns.shape[1])
    outcome = y.astype(np.float64)
    for fold in patient_folds(patients, outcome, FOLDS, seed=seed).folds:
        train, test = fold.train, fold.test
        margin = _margin(known, outcome, train)
        rows = bin_rows(_taken(X, train), X.names)
        trees = grow(rows, outcome[train], np.ones(len(train)), margin[train], PARAMS, ROUNDS)
        if trees is None:
            continue
        said = trees.tree_sums(X)
        # Scores of different folds are compared with each other, so each is centred.
        score[test] = said[test] - said[train].mean()
        gain += _gain(trees, columns.shape[1])
    order = [at for at in np.argsort(-gain, kind="stable") if gain[at] > 0]
    return Learnt(score, tuple(columns.columns[order[:SHOWN_COLUMNS]]))


def _taken(X: NamedMatrix, at: np.ndarray) -> NamedMatrix:
    return NamedMatrix(X.names, X.numbers[at])


def _margin(known: FloatArray, outcome: FloatArray, train: np.ndarray) -> FloatArray:
    """Return the log-odds of what is known, (n,), learnt on `train`."""
    design = np.hstack([np.ones((len(outcome), 1)), known])
    penalty = np.r_[0.0, np.full(known.shape[1], PENALTY)]
    flat = np.zeros(len(penalty))
    n = len(train)
    fitted = fit_logistic(design[train], outcome[train], np.ones(n), np.zeros(n), penalty, flat)
    margin: FloatArray = design @ fitted
    return margin


def _gain(trees: BoostedTrees, n_columns: int) -> FloatArray:
    """Return how much each column lowered the loss, (n_columns,)."""
    gain = np.zeros(n_columns)
    for name, total in trees.booster.get_score(importance_type="total_gain").items():
        gain[int(name[1:])] = total  # columns without names are called f0, f1, ...
    return gain
