"""What a model must beat, fitted inside the same folds on the same rows.

Every comparator is a logistic regression on named columns, kept as a linear margin: it can be held
against other patients later, and served where it wins. A comparator that cannot be computed on a
cohort says why and is left out; it never stops a fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from features.errors import NotAssessable
from models.columns import NamedMatrix, named_matrix
from models.linear import LinearMargin, Term, TermEncoder
from models.linear_fit import MarginSpec, MarginTerm, unfitted_terms
from models.logistic import sigmoid
from training.bootstrap import FloatArray
from training.metrics import row_log_loss
from training.splits import patient_folds
from training.task import DAY, GRADE, PUBLISHED, SCORE_NAMES, Rows

LEAST_SHARE_KNOWN = 0.5  # a score known for fewer rows is left out
WEAK_PENALTY_C = 100.0  # keeps a grade without events at a finite risk
CHOICES_OF_C = (0.001, 0.01, 0.1, 1.0)
FOLDS_FOR_C = 3
ROWS_FOR_C = 4000  # C is chosen on as many rows at most: whole patients, at random
FEW_COLUMNS, MANY_COLUMNS = (1000, 1e-4), (200, 1e-3)  # most iterations, tolerance


class CannotBeComputed(Exception):
    """Why a comparator is left out."""


@dataclass(frozen=True)
class Compared:
    """Risks by a comparator of the rows held out, or the reason why there are none."""

    risks: FloatArray | None
    reason: str = ""


@dataclass(frozen=True)
class Comparator:
    """One comparator: what it reads and how strongly it is penalised.

    Parameters
    ----------
    columns : given rows, the columns it reads and their terms; raises `CannotBeComputed`.
    of_context : whether it reads the context, not the predictors of the plan.
    searched : whether the strength of the penalty is chosen by inner folds.
    """

    terms: Callable[[NamedMatrix], tuple[MarginTerm, ...]]
    of_context: bool = True
    searched: bool = False

    def matrix(self, rows: Rows) -> NamedMatrix:
        """Return what it reads of rows."""
        return named_matrix(rows.context) if self.of_context else rows.X


def compare(name: str, train: Rows, held_out: Rows, seed: int = 0) -> Compared:
    """Fit one comparator and predict the rows held out.

    Parameters
    ----------
    name : one of :data:`training.plan_sections.COMPARATORS`.
    train, held_out : rows of different patients.
    seed : of the inner folds of the penalised logistic regression.
    """
    try:
        return Compared(risks_by(name, fitted(name, train, seed), held_out))
    except CannotBeComputed as reason:
        return Compared(None, str(reason))


def fitted(name: str, train: Rows, seed: int = 0) -> LinearMargin:
    """Fit one comparator; its terms read the context's columns, or the plan's predictors.

    Raises
    ------
    CannotBeComputed
        Where a column it needs is not known, or only one class is seen.
    """
    asked = COMPARATORS[name]
    X = asked.matrix(train)
    terms = asked.terms(X)
    if len(np.unique(train.y)) < 2:
        raise CannotBeComputed("one class only in a training fold")
    c = _best_c(asked, train, seed) if asked.searched else WEAK_PENALTY_C
    return at_strength(terms, X, train.y, train.weight, c)


def risks_by(name: str, linear: LinearMargin, rows: Rows) -> FloatArray:
    """Risk of each row by a fitted comparator, (n,)."""
    return sigmoid(linear.margin(COMPARATORS[name].matrix(rows)))


def at_strength(
    terms: tuple[MarginTerm, ...], X: NamedMatrix, y: FloatArray, weight: FloatArray, c: float
) -> LinearMargin:
    """Fit ridge logistic regression of strength 1 / c with a free intercept.

    A missing number counts as the median. Every column is standardised for the penalty, the flags
    of what is missing among them, so that a rare flag is held back no more than a common one.
    """
    unfitted = tuple(
        _missing_as_median(term, X) for term in unfitted_terms(X, weight, MarginSpec(terms))
    )
    Z = TermEncoder(unfitted).encode(X)
    middle, spread = Z[weight > 0].mean(axis=0), Z[weight > 0].std(axis=0)
    spread[spread == 0] = 1.0
    most, tolerance = FEW_COLUMNS if len(unfitted) < 20 else MANY_COLUMNS
    model = LogisticRegression(C=c, max_iter=most, tol=tolerance)
    model.fit((Z - middle) / spread, y, sample_weight=weight)
    slopes = model.coef_[0] / spread
    return LinearMargin(
        float(model.intercept_[0] - slopes @ middle),
        tuple(replace(t, coefficient=float(b)) for t, b in zip(unfitted, slopes, strict=True)),
        {"ridge_c": c},
    )


def _missing_as_median(term: Term, X: NamedMatrix) -> Term:
    known = X.take_each((term.predictor,))[:, 0]
    known = known[np.isfinite(known)]
    if term.kind != "number" or not len(known):
        return term
    return replace(term, missing_value=float(np.median(known)))


def _known(X: NamedMatrix, name: str) -> FloatArray:
    return np.isfinite(X.take_each((name,))[:, 0])


def _grade(X: NamedMatrix) -> tuple[MarginTerm, ...]:
    known = _known(X, GRADE)
    if not known.any():
        raise CannotBeComputed("no current grade is known at any landmark")
    return (MarginTerm(GRADE, "factor", missing_flag=not known.all()),)


def _grade_and_day(X: NamedMatrix) -> tuple[MarginTerm, ...]:
    return (*_grade(X), MarginTerm(DAY))


def _one_column(name: str) -> Callable[[NamedMatrix], tuple[MarginTerm, ...]]:
    """Make a comparator of one column of the context; a row without it counts as the average."""

    def terms(X: NamedMatrix) -> tuple[MarginTerm, ...]:
        if name not in X.names:
            raise CannotBeComputed("nothing was published for this toxicity and grade")
        share = float(_known(X, name).mean())
        if share < LEAST_SHARE_KNOWN:
            raise CannotBeComputed(f"known for {share:.0%} of the rows of a training fold")
        return (MarginTerm(name),)

    return terms


def _every_predictor(X: NamedMatrix) -> tuple[MarginTerm, ...]:
    shares = dict(zip(X.names, np.isfinite(X.numbers).mean(axis=0).tolist(), strict=True))
    if not any(shares.values()):
        raise CannotBeComputed("no predictor is known for any row of a training fold")
    return tuple(
        MarginTerm(name, missing_flag=share < 1.0) for name, share in shares.items() if share > 0.0
    )


def _best_c(asked: Comparator, train: Rows, seed: int) -> float:
    at = _some_patients(train, seed)
    try:
        folds = patient_folds(train.patients[at], train.y[at], FOLDS_FOR_C, seed=seed).folds
    except NotAssessable:
        return CHOICES_OF_C[0]
    losses = dict.fromkeys(CHOICES_OF_C, 0.0)
    for fold in folds:
        learn, judge = train.take(at[fold.train]), train.take(at[fold.test])
        X, asked_of = asked.matrix(learn), asked.matrix(judge)
        terms = asked.terms(X)
        for c in CHOICES_OF_C:
            linear = at_strength(terms, X, learn.y, learn.weight, c)
            p = sigmoid(linear.margin(asked_of))
            losses[c] += float(judge.weight @ row_log_loss(judge.y, p))
    return min(losses, key=lambda c: losses[c])


def _some_patients(train: Rows, seed: int) -> np.ndarray:
    """Return positions of whole patients, at random, about ROWS_FOR_C rows at most."""
    if len(train) <= ROWS_FOR_C:
        return np.arange(len(train))
    codes, names = pd.factorize(train.patients, sort=True)
    share = ROWS_FOR_C / len(train)
    drawn = np.random.default_rng(seed).permutation(len(names))[: int(share * len(names)) + 1]
    return np.flatnonzero(np.isin(codes, drawn))


COMPARATORS: dict[str, Comparator] = {
    "current_grade": Comparator(_grade),
    "grade_and_day": Comparator(_grade_and_day),
    "penalised_logistic": Comparator(_every_predictor, of_context=False, searched=True),
    "product_base_rate": Comparator(_one_column(PUBLISHED)),
    **{name: Comparator(_one_column(name)) for name in SCORE_NAMES},
}
