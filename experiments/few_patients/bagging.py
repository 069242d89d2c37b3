"""Bagging inside the outer folds: the mean risk of refits on draws of the training patients."""

from __future__ import annotations

import numpy as np

from models.calibration import Calibrator
from training.bootstrap import FloatArray, PatientBootstrap
from training.crossfit import CrossFit, fold_seed
from training.fitting import fit_at, probability, recipe_of
from training.plan import Plan
from training.splits import patient_folds
from training.task import Rows, Task

BAGS = 25


def bagged_risks(task: Task, plan: Plan, reference: CrossFit) -> FloatArray:
    """Return out-of-fold risks, (repeats, n), at the settings that the reference chose by fold."""
    recipe = recipe_of(plan, task)
    folds = patient_folds(
        task.rows.patients, task.rows.y, plan.folds.outer, plan.folds.repeats, plan.seed
    )
    risks = np.full((folds.repeats, len(task.rows)), np.nan)
    for fold, done in zip(folds.folds, reference.folds, strict=True):
        train, held_out = task.learning(fold.train), task.rows.take(fold.test)
        draws = PatientBootstrap(train.patients, train.weight, BAGS, fold_seed(plan, fold))
        settings = done.tuned.chosen.settings
        bags = [
            probability(
                fit_at(
                    Rows(train.X, train.y, weight, train.patients, train.context),
                    recipe, settings, Calibrator(),
                ),
                held_out,
            )
            for weight in draws.row_weights()
        ]  # fmt: skip
        risks[fold.repeat, fold.test] = np.mean(bags, axis=0)
    return risks
