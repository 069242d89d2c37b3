"""What is reported of a fit: every block of the evaluation, as plain data without a patient row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from training.crossfit import CrossFit
from training.final import Final
from training.judging import headline as heads
from training.judging.best_of import selection_bias
from training.judging.brier_parts import brier_parts
from training.judging.calibration_curve import calibration
from training.judging.headline import Judged
from training.judging.instability import instability
from training.judging.learning_curve import learning_curve
from training.judging.net_benefit import decision_curve
from training.judging.rows import MODEL
from training.judging.sample_size import sample_size
from training.judging.subgroups import subgroups
from training.judging.thresholds import thresholds
from training.plan import Plan
from training.progress import Progress, unwatched
from training.task import Task


def judge(task: Task, cross: CrossFit, replicates: int, seed: int) -> Judged:
    """Hold the out-of-fold risks of a cross-fit against what came of its rows."""
    daily = not task.question.before_infusion
    return heads.judge(task.judged, cross.risks, replicates, seed, daily=daily)


def evaluation_table(
    task: Task,
    cross: CrossFit,
    judged: Judged,
    replicates: int,
    seed: int,
    tiers: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Return the aggregate figures of a cross-fitted plan as plain data; never a row.

    Parameters
    ----------
    tiers : name -> lower bound of the tiers of the plan, which the table of thresholds holds.
    """
    daily = not task.question.before_infusion
    return {
        **heads.headline(judged),
        "question": task.question.to_dict(),
        "cohort": {**task.facts.__dict__, "products": list(task.facts.products)},
        "method": (
            "nested cross-fitting by patient; 95 % percentile intervals over "
            f"{replicates} draws of patients"
        ),
        "repeats": len(cross.risks[MODEL]),
        "models_tried": cross.models_tried,
        "left_out": cross.left_out,
        "patient_weighted": heads.patient_weighted(judged),
        "by_landmark_day": heads.by_landmark_day(judged),
        "subsets": heads.grade_subsets(task.judged, cross.risks, replicates, seed) if daily else {},
        "calibration": calibration(judged),
        "brier_parts": brier_parts(judged),
        "thresholds": thresholds(judged, tiers, daily=daily),
        "decision_curve": decision_curve(judged),
        "chosen": [_chosen(fold) for fold in cross.folds],
        "notes": list(cross.notes),
    }


def steadiness(
    task: Task,
    plan: Plan,
    cross: CrossFit,
    final: Final,
    judged: Judged,
    progress: Progress = unwatched,
) -> dict[str, Any]:
    """Return how far the figures of a fit could be otherwise: for whom, by chance, with more."""
    at, model = task.judged.first_time, final.model
    cut_offs = [tier.lower for tier in model.tiers.tiers[1:]]
    return {
        "instability": instability(judged.rows, task.rows.take(at).X, model),
        "subgroups": subgroups(judged, plan.evaluation.era_from_year),
        "sample_size": sample_size(
            judged, len(model.predictors.names()), cut_offs[-1] if cut_offs else None
        ),
        "learning_curve": learning_curve(task, plan, cross, progress),
        "selection_bias": selection_bias(judged, task.judged, cross),
    }


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
