"""One fit at given settings: linear margin, trees on its residual, calibrator.

Everything that is fitted anywhere (inside a fold, on a bootstrap sample, the model that is served)
is fitted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from models.calibration import CalibrationKind, Calibrator, fit_calibrator
from models.growing import TreeRows, bin_rows, grow
from models.linear import LinearMargin
from models.linear_fit import MarginSpec, fit_linear_margin
from models.logistic import sigmoid
from models.refits import Refit
from training.bootstrap import FloatArray
from training.plan import Plan
from training.splits import Fold, IntArray, patient_folds, thinned
from training.task import Rows, Task


@dataclass(frozen=True)
class Recipe:
    """What the plan fixes about every fit of a task."""

    margin: MarginSpec
    tree_predictors: tuple[str, ...]
    monotone: Mapping[str, int]
    calibration: CalibrationKind
    seed: int


@dataclass(frozen=True)
class Settings:
    """Tree parameters and number of trees; 0 trees is the linear margin alone."""

    params: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 0


def recipe_of(plan: Plan, task: Task) -> Recipe:
    """Resolve a plan for a task: columns, and the kind of calibrator by the number of events."""
    names = task.predictors.names()
    return Recipe(
        margin=plan.margin,
        tree_predictors=plan.trees.predictors or names,
        monotone={name: 1 for name in plan.trees.increasing if name in names},
        calibration=plan.calibration.resolved(task.event_patients),
        seed=plan.seed,
    )


@dataclass(frozen=True, eq=False)
class InnerFold:
    """One inner split with what does not depend on tree parameters, made once."""

    train: Rows
    held_out: Rows
    held_out_at: IntArray
    linear: LinearMargin
    train_margin: FloatArray
    held_out_margin: FloatArray
    train_bins: TreeRows
    held_out_bins: TreeRows


def inner_folds(
    rows: Rows, plan: Plan, recipe: Recipe, seed: int
) -> tuple[tuple[InnerFold, ...], tuple[str, ...]]:
    """Make the inner folds of a training part, and their notes.

    Raises
    ------
    NotAssessable
        With fewer than two patients of a class.
    """
    folds = patient_folds(rows.patients, rows.y, plan.folds.inner, plan.folds.inner_repeats, seed)
    return tuple(inner_fold(rows, fold, recipe) for fold in folds.folds), folds.notes


def for_search(rows: Rows, plan: Plan, seed: int) -> Rows:
    """Return the rows that settings are searched on: all, or a weighted share of a large part.

    A model of the share is not calibrated for the whole: only the choice of settings is made on it.
    """
    at, factor = thinned(rows.patients, rows.y, plan.tuning.most_rows, seed)
    if len(at) == len(rows):
        return rows
    part = rows.take(at)
    return replace(part, weight=part.weight * factor)


def inner_fold(rows: Rows, fold: Fold, recipe: Recipe) -> InnerFold:
    """Fit the linear margin on the training part of a split and bin both parts."""
    train, held_out = rows.take(fold.train), rows.take(fold.test)
    linear = fit_linear_margin(train.X, train.y, train.weight, recipe.margin)
    bins = bin_rows(train.X, recipe.tree_predictors)
    return InnerFold(
        train=train,
        held_out=held_out,
        held_out_at=fold.test,
        linear=linear,
        train_margin=linear.margin(train.X),
        held_out_margin=linear.margin(held_out.X),
        train_bins=bins,
        held_out_bins=bin_rows(held_out.X, recipe.tree_predictors, like=bins),
    )


def out_of_fold_margin(
    inner: tuple[InnerFold, ...], n_rows: int, recipe: Recipe, settings: Settings
) -> FloatArray:
    """Uncalibrated log-odds of every row by inner models that had not seen its patient, (n,).

    Where the inner folds were drawn more than once, the mean over the draws.
    """
    margin, times = np.zeros(n_rows), np.zeros(n_rows)
    for fold in inner:
        trees = grow(
            fold.train_bins,
            fold.train.y,
            fold.train.weight,
            fold.train_margin,
            settings.params,
            settings.rounds,
            recipe.monotone,
            recipe.seed,
        )
        added = 0.0 if trees is None else trees.tree_sums(fold.held_out.X)
        margin[fold.held_out_at] += fold.held_out_margin + added
        times[fold.held_out_at] += 1.0
    return margin / times


def fit_at(
    rows: Rows,
    recipe: Recipe,
    settings: Settings,
    calibrator: Calibrator,
    bins: TreeRows | None = None,
) -> Refit:
    """Fit margin and trees on rows and put a fitted calibrator behind them.

    Parameters
    ----------
    rows : Rows
    recipe, settings : what to fit.
    calibrator : from out-of-fold log-odds; see :func:`calibrated_on`.
    bins : the binned predictors of the same rows, where they were made before.
    """
    linear = fit_linear_margin(rows.X, rows.y, rows.weight, recipe.margin)
    if settings.rounds == 0:
        return Refit(linear, None, calibrator)
    trees = grow(
        bins or bin_rows(rows.X, recipe.tree_predictors),
        rows.y,
        rows.weight,
        linear.margin(rows.X),
        settings.params,
        settings.rounds,
        recipe.monotone,
        recipe.seed,
    )
    return Refit(linear, trees, calibrator)


def calibrated_on(
    margin: FloatArray, rows: Rows, recipe: Recipe, weight: FloatArray | None = None
) -> Calibrator:
    """Fit the calibrator on out-of-fold log-odds, with other weights where they are given."""
    used = rows.weight if weight is None else weight
    return fit_calibrator(margin, rows.y, used, recipe.calibration)


def probability(fitted: Refit, rows: Rows) -> FloatArray:
    """Risk of each row, (n,)."""
    margin = fitted.linear.margin(rows.X)
    if fitted.trees is not None:
        margin = fitted.trees.margin(rows.X, margin)
    return sigmoid(fitted.calibrator.margin(margin))
