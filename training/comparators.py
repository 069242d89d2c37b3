"""What a model must beat, fitted inside the same folds on the same rows.

A comparator that cannot be computed on a cohort says why and is left out; it never stops a fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from features.errors import NotAssessable
from training.bootstrap import FloatArray
from training.metrics import row_log_loss
from training.splits import patient_folds
from training.task import SCORE_NAMES, Rows

LEAST_SHARE_KNOWN = 0.5  # a score known for fewer rows is left out
WEAK_PENALTY_C = 100.0  # keeps a grade without events at a finite risk
CHOICES_OF_C = (0.001, 0.01, 0.1, 1.0)
FOLDS_FOR_C = 3
ROWS_FOR_C = 4000  # C is chosen on as many rows at most: whole patients, at random
MOST_ITERATIONS = 200


class CannotBeComputed(Exception):
    """Why a comparator is left out."""


@dataclass(frozen=True)
class Compared:
    """Risks by a comparator of the rows held out, or the reason why there are none."""

    risks: FloatArray | None
    reason: str = ""


Comparator = Callable[[Rows, Rows, int], FloatArray]


def compare(name: str, train: Rows, held_out: Rows, seed: int = 0) -> Compared:
    """Fit one comparator and predict the rows held out.

    Parameters
    ----------
    name : one of :data:`training.plan_sections.COMPARATORS`.
    train, held_out : rows of different patients.
    seed : of the inner folds of the penalised logistic regression.
    """
    try:
        return Compared(_COMPARATORS[name](train, held_out, seed))
    except CannotBeComputed as reason:
        return Compared(None, str(reason))


def _logistic(
    train: FloatArray, y: FloatArray, weight: FloatArray, held_out: FloatArray
) -> FloatArray:
    """Fit a nearly unpenalised logistic regression on few columns."""
    if len(np.unique(y)) < 2:
        raise CannotBeComputed("one class only in a training fold")
    model = LogisticRegression(C=WEAK_PENALTY_C, max_iter=1000)
    model.fit(train, y, sample_weight=weight)
    return np.asarray(model.predict_proba(held_out)[:, 1], dtype=np.float64)


def _graded(train: pd.DataFrame, held_out: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Code the current grade as a factor: one column per grade seen, never graded apart."""
    if train["current_grade"].isna().all():
        raise CannotBeComputed("no current grade is known at any landmark")
    levels = np.unique(train["current_grade"].dropna())
    coded = []
    for part in (train, held_out):
        grade = part["current_grade"].to_numpy(dtype=np.float64)
        nearest = levels[np.abs(np.nan_to_num(grade)[:, None] - levels).argmin(axis=1)]
        columns = (nearest[:, None] == levels) & ~np.isnan(grade)[:, None]
        coded.append(np.column_stack([columns, np.isnan(grade)]).astype(np.float64))
    return coded[0], coded[1]


def current_grade(train: Rows, held_out: Rows, seed: int) -> FloatArray:
    """Risk by the current grade alone."""
    fitted, asked = _graded(train.context, held_out.context)
    return _logistic(fitted, train.y, train.weight, asked)


def grade_and_day(train: Rows, held_out: Rows, seed: int) -> FloatArray:
    """Risk by the current grade (as a factor) and the day."""
    fitted, asked = _graded(train.context, held_out.context)
    day = train.context["landmark_day"].to_numpy(dtype=np.float64)
    asked_day = held_out.context["landmark_day"].to_numpy(dtype=np.float64)
    spread = day.std() or 1.0
    return _logistic(
        np.column_stack([fitted, (day - day.mean()) / spread]),
        train.y,
        train.weight,
        np.column_stack([asked, (asked_day - day.mean()) / spread]),
    )


def _one_column(name: str) -> Comparator:
    """Make a comparator of one column of the context: a logistic regression on it alone."""

    def fitted(train: Rows, held_out: Rows, seed: int) -> FloatArray:
        if name not in train.context:
            raise CannotBeComputed("nothing was published for this toxicity and grade")
        known = train.context[name].to_numpy(dtype=np.float64)
        share = float(np.isfinite(known).mean())
        if share < LEAST_SHARE_KNOWN:
            raise CannotBeComputed(f"known for {share:.0%} of the rows of a training fold")
        center = float(np.nanmedian(known))
        spread = float(np.nanstd(known)) or 1.0
        coded = [
            (np.nan_to_num(part.context[name].to_numpy(dtype=np.float64), nan=center) - center)
            / spread
            for part in (train, held_out)
        ]
        return _logistic(coded[0][:, None], train.y, train.weight, coded[1][:, None])

    return fitted


def product_base_rate(train: Rows, held_out: Rows, seed: int) -> FloatArray:
    """Risk by the published rate of the product, brought to this cohort's level and spread."""
    return _one_column("published_logit")(train, held_out, seed)


def penalised_pipeline(c: float) -> Pipeline:
    """Median for what is missing, a flag that it was, standardised, ridge of strength 1 / c."""
    return Pipeline(
        [
            ("impute", SimpleImputer(strategy="median", add_indicator=True)),
            ("scale", StandardScaler()),
            ("fit", LogisticRegression(C=c, solver="lbfgs", max_iter=MOST_ITERATIONS, tol=1e-3)),
        ]
    )


def penalised_logistic(train: Rows, held_out: Rows, seed: int) -> FloatArray:
    """Risk by a ridge regression over every predictor, its strength chosen by inner folds."""
    known = np.isfinite(train.X.numbers).any(axis=0)
    if not known.any():
        raise CannotBeComputed("no predictor is known for any row of a training fold")
    X, asked = train.X.numbers[:, known], held_out.X.numbers[:, known]
    c = _best_c(X, train, seed)
    return _fitted(penalised_pipeline(c), X, train.y, train.weight, asked)


def _fitted(
    model: Pipeline, X: FloatArray, y: FloatArray, weight: FloatArray, asked: FloatArray
) -> FloatArray:
    if len(np.unique(y)) < 2:
        raise CannotBeComputed("one class only in a training fold")
    model.fit(X, y, fit__sample_weight=weight)
    return np.asarray(model.predict_proba(asked)[:, 1], dtype=np.float64)


def _best_c(X: FloatArray, train: Rows, seed: int) -> float:
    at = _some_patients(train, seed)
    try:
        folds = patient_folds(train.patients[at], train.y[at], FOLDS_FOR_C, seed=seed).folds
    except NotAssessable:
        return CHOICES_OF_C[0]
    losses = dict.fromkeys(CHOICES_OF_C, 0.0)
    for fold in folds:
        learn, judge = at[fold.train], at[fold.test]
        for c in CHOICES_OF_C:
            p = _fitted(penalised_pipeline(c), *_part(X, train, learn), X[judge])
            losses[c] += float(train.weight[judge] @ row_log_loss(train.y[judge], p))
    return min(losses, key=lambda c: losses[c])


def _part(X: FloatArray, train: Rows, at: np.ndarray) -> tuple[FloatArray, FloatArray, FloatArray]:
    # a column that is empty in this part alone has no median: it counts as 0 there
    part = X[at]
    empty = ~np.isfinite(part).any(axis=0)
    part[:, empty] = 0.0
    return part, train.y[at], train.weight[at]


def _some_patients(train: Rows, seed: int) -> np.ndarray:
    """Return positions of whole patients, at random, about ROWS_FOR_C rows at most."""
    if len(train) <= ROWS_FOR_C:
        return np.arange(len(train))
    codes, names = pd.factorize(train.patients, sort=True)
    share = ROWS_FOR_C / len(train)
    drawn = np.random.default_rng(seed).permutation(len(names))[: int(share * len(names)) + 1]
    return np.flatnonzero(np.isin(codes, drawn))


_COMPARATORS: dict[str, Comparator] = {
    "current_grade": current_grade,
    "grade_and_day": grade_and_day,
    "penalised_logistic": penalised_logistic,
    "product_base_rate": product_base_rate,
    **{name: _one_column(name) for name in SCORE_NAMES},
}
