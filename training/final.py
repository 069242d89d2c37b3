"""The model that is served: the plan fitted on every patient, with refits, tiers and manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.calibration import Calibrator
from models.growing import bin_rows
from models.refits import Refit, Refits
from models.risk_model import RiskModel
from models.training_range import training_ranges
from training.audit import AuditReport
from training.bootstrap import FloatArray, PatientBootstrap
from training.crossfit import FINAL, CrossFit, Learnt, learn, one_thread
from training.description import coverage_of, manifest, reference_risks, tiers_of
from training.fitting import (
    Recipe,
    Settings,
    calibrated_on,
    fit_at,
    out_of_fold_margin,
    probability,
    recipe_of,
)
from training.judging.rows import MODEL
from training.plan import Plan
from training.progress import Progress, unwatched
from training.task import Rows, Task
from training.tune import Tuned


@dataclass(frozen=True, eq=False)
class Final:
    """The fitted model and the search behind it."""

    model: RiskModel
    tuned: Tuned
    notes: tuple[str, ...]


def fit_final(
    task: Task,
    plan: Plan,
    cross: CrossFit,
    progress: Progress = unwatched,
    study_dir: Path | None = None,
    audit: AuditReport | None = None,
    true_risk: FloatArray | None = None,
) -> Final:
    """Tune on all patients, fit, refit on bootstrap samples of patients, and describe.

    Parameters
    ----------
    task, plan : what is asked and how.
    cross : out-of-fold risks of the same plan; the tiers show what was observed in them.
    progress : told after every trial and refit.
    study_dir : folder in which a killed search goes on.
    audit : what it found and what the plan overrode stands in the model for ever.
    true_risk : (n,) where the cohort is synthetic; measures what the interval covers.
    """
    recipe, rows = recipe_of(plan, task), task.rows
    with one_thread():
        journal = study_dir / f"{FINAL}.journal" if study_dir else None
        learnt = learn(rows, recipe, plan, task.event_patients, plan.seed, journal, progress)
        settings = learnt.tuned.chosen.settings
        found = _out_of_fold(learnt, rows, recipe, settings)
        whole = fit_at(rows, recipe, settings, _calibrator(found, rows, recipe))
        refits = _refits(rows, recipe, settings, found, plan, progress)
    coverage = coverage_of(refits, rows.X, true_risk)
    model = RiskModel(
        name=plan.name,
        question=task.question,
        predictors=task.predictors,
        linear=whole.linear,
        trees=whole.trees,
        calibrator=whole.calibrator,
        refits=refits,
        tiers=tiers_of(plan, rows, cross.risks[MODEL]),
        quantiles=training_ranges(rows.X),
        reference_risks=reference_risks(task, probability(whole, rows)),
        manifest=manifest(task, plan, audit, coverage, _how(recipe, settings)),
    )
    return Final(model, learnt.tuned, learnt.notes)


def _out_of_fold(
    learnt: Learnt, rows: Rows, recipe: Recipe, settings: Settings
) -> FloatArray | None:
    if recipe.calibration == "none" or not learnt.inner:
        return None
    return out_of_fold_margin(learnt.inner, len(rows), recipe, settings)


def _calibrator(
    found: FloatArray | None, rows: Rows, recipe: Recipe, weight: FloatArray | None = None
) -> Calibrator:
    return Calibrator() if found is None else calibrated_on(found, rows, recipe, weight)


def _refits(
    rows: Rows,
    recipe: Recipe,
    settings: Settings,
    found: FloatArray | None,
    plan: Plan,
    progress: Progress,
) -> Refits | None:
    """Refit margin, trees and calibrator on draws of patients, at the chosen settings.

    A patient who is drawn twice weighs twice. The calibrator is refitted on the out-of-fold
    log-odds of the drawn patients, in the inner folds of the patients as they are.
    """
    count = plan.interval.refits
    if count == 0:
        return None
    draws = PatientBootstrap(rows.patients, rows.weight, count, plan.seed + 1)
    bins = bin_rows(rows.X, recipe.tree_predictors) if settings.rounds else None
    made: list[Refit] = []
    for weight in draws.row_weights():
        drawn = Rows(rows.X, rows.y, weight, rows.patients, rows.context)
        calibrator = _calibrator(found, rows, recipe, weight)
        made.append(fit_at(drawn, recipe, settings, calibrator, bins))
        progress("refits", len(made), count)
    return Refits.join(made)


def _how(recipe: Recipe, settings: Settings) -> dict[str, Any]:
    return {
        "calibration": recipe.calibration,
        "trees": settings.rounds,
        "tree_parameters": dict(settings.params),
    }
