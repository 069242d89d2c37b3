"""What is reported of a fit: every block of the evaluation, as plain data without a patient row."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.risk_model import RiskModel
from training.crossfit import CrossFit
from training.judging import headline as heads
from training.judging.best_of import selection_bias
from training.judging.blocks import blocks
from training.judging.headline import Judged
from training.judging.instability import instability
from training.judging.learning_curve import learning_curve
from training.judging.rows import MODEL
from training.judging.subgroups import subgroups
from training.plan import Plan
from training.progress import Progress, unwatched
from training.task import Task


def judge(task: Task, cross: CrossFit, replicates: int, seed: int) -> Judged:
    """Hold the out-of-fold risks of a cross-fit against what came of its rows."""
    daily = not task.question.before_infusion
    return heads.judge(task.judged, cross.risks, replicates, seed, daily=daily)


def evaluation_table(
    task: Task,
    plan: Plan,
    cross: CrossFit,
    judged: Judged,
    model: RiskModel,
    progress: Progress = unwatched,
) -> dict[str, Any]:
    """Return the aggregate figures of a cross-fitted plan as plain data; never a row.

    Parameters
    ----------
    model : the plan fitted on all patients, whose tiers and refits are looked at.
    """
    return {
        **blocks(
            judged,
            task.judged,
            cross.risks,
            plan.seed,
            daily=not task.question.before_infusion,
            tiers=model.tiers.bounds,
            n_predictors=len(model.predictors.names()),
            era_from_year=plan.evaluation.era_from_year,
        ),
        "question": task.question.to_dict(),
        "cohort": {**task.facts.__dict__, "products": list(task.facts.products)},
        "method": (
            "nested cross-fitting by patient; 95 % percentile intervals over "
            f"{plan.evaluation.bootstrap} draws of patients"
        ),
        "repeats": len(cross.risks[MODEL]),
        "models_tried": cross.models_tried,
        "left_out": cross.left_out,
        "instability": instability(judged.rows, task.rows.take(task.judged.first_time).X, model),
        "learning_curve": learning_curve(task, plan, cross, progress),
        "selection_bias": selection_bias(judged, task.judged, cross),
        "chosen": [_chosen(fold) for fold in cross.folds],
        "notes": list(cross.notes),
    }


def subgroups_of(task: Task, cross: CrossFit, plan: Plan, comparator: str) -> dict[str, Any]:
    """Return the subgroups of a comparator that is served in the model's place."""
    risks = {MODEL: cross.risks[comparator]}
    judged = heads.judge(task.judged, risks, plan.evaluation.bootstrap, plan.seed, daily=False)
    return subgroups(judged, plan.evaluation.era_from_year)


def _chosen(fold: Any) -> dict[str, Any]:
    tuned = fold.tuned
    return {
        "fold": fold.name,
        "origin": tuned.chosen.origin,
        "rounds": tuned.chosen.settings.rounds,
        "params": dict(tuned.chosen.settings.params),
        "inner_log_loss": _finite(tuned.chosen.loss),
        "inner_log_loss_untuned": _finite(tuned.default.loss) if tuned.default else None,
    }


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None
